"""A check that bounced, from the list of payments and from its invoice."""

import re

import pytest
from flask import Flask

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.web.billing import DAY, MODAL, customer, filled, said, words
from webapp.domain import crediting, funds, payments, voids
from webapp.domain.bounces import has_bounced
from webapp.domain.tendering import Tender
from webapp.models import Audit, Customer, Group, Invoice, Item, MembershipItem, Payment, Role, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def check() -> Payment:
    return Payment.select().where(Payment.method == make.method("check")).order_by(Payment.id.desc()).get()


@pytest.fixture
def used(emma: Customer, by: User) -> Invoice:
    """One lesson out of PIANO, which was paid by check; nothing of PIANO is paid in."""
    make.add(emma, make.piano(), by=by)
    return make.pay(make.save(emma, (lesson(), "1"), by=by), ("check", "45"), by=by)


def url(payment: Payment) -> str:
    return f"/billing/payments/{payment.id}/bounce"


def payload(client: Client, payment: Payment, **changes: str) -> dict[str, str]:
    return filled(client.get(url(payment)), url(payment)) | {"reason": "No funds"} | changes


# What is stated, and what happens


def test_the_invoice_is_due_again_and_its_unit_reserved(manager: Client, emma: Customer, used: Invoice) -> None:
    text = words(manager.get(url(check())))
    for sentence in (
        "45.00 of invoice 2026-0001 is due again.",
        "1 of Lesson in PIANO is reserved again, no longer used.",
        "Due on 2026-0001 0.00 +45.00 45.00",
    ):
        assert sentence in text
    response = manager.post(url(check()), data=payload(manager, check()))
    assert (response.status_code, response.location) == (303, f"/billing/invoices/{used.id}")
    page = words(manager.get(response.location))
    assert "The check of 45.00 bounced. Invoice 2026-0001 is due again: 45.00." in page
    assert "Bounced by Manager · No funds" in page
    item = MembershipItem.get()
    assert (item.reserved_milli, item.used_milli) == (1000, 0)


def test_spent_package_funds_are_covered_from_general_funds(manager: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.piano(), None), by=by), ("check", "450"), by=by)
    make.pay(make.save(emma, (lesson(), "4"), by=by), ("account", "180"), by=by)
    text = words(manager.get(url(check())))
    for sentence in (
        "450.00 of invoice 2026-0001 is due again.",
        "What was already spent of it is covered from general funds: 180.00.",
        "General funds are below zero then: 180.00 is owed on account.",
        "General funds 0.00 −180.00 −180.00",
        "Package funds · PIANO 270.00 −270.00 0.00",
    ):
        assert sentence in text
    manager.post(url(check()), data=payload(manager, check()))
    assert (make.general(emma), make.funds(make.bought(emma))) == (-18000, 0)


def test_a_completed_package_is_active_again(manager: Client, emma: Customer, by: User) -> None:
    make.add(emma, make.trio(), by=by)
    make.pay(make.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=by), ("check", "100"), by=by)
    assert "TRIO becomes active again, it was completed" in words(manager.get(url(check())))
    manager.post(url(check()), data=payload(manager, check()))
    assert make.fresh(make.bought(emma)).is_active


@pytest.mark.parametrize("why", ["voided", "credited", "a deposit"])
def test_it_is_taken_from_general_funds(manager: Client, emma: Customer, by: User, why: str) -> None:
    if why == "a deposit":
        funds.deposit(emma, make.method("check"), 5000, by=by, on=DAY)
    else:
        invoice = make.pay(make.save(emma, (make.item("Book", "50"), "1"), by=by), ("check", "50"), by=by)
    if why == "voided":
        voids.void(invoice.id, reason="x", by=by, on=DAY)
    if why == "credited":
        crediting.credit(invoice.id, 1, 500, version=invoice.version, by=by, on=DAY, reason="half")
    before = make.general(emma)
    text = words(manager.get(url(check())))
    assert "50.00 is taken from general funds" in text
    assert (f"because invoice 2026-0001 was {why} since" in text) == (why != "a deposit")
    response = manager.post(url(check()), data=payload(manager, check()), htmx=MODAL)
    assert "The check of 50.00 bounced and was taken from general funds." in response.text
    assert set(response.headers["HX-Trigger"].split(", ")) == {
        "invoices-changed",
        "memberships-changed",
        "account-changed",
    }
    assert make.general(emma) == before - 5000


def test_of_somebody_who_paid_for_a_member(manager: Client, emma: Customer, by: User) -> None:
    child = customer("Child")
    Group.update(owner=emma).where(Group.id == make.group("Family", child).id).execute()
    invoice = make.save(child, (make.item("Book", "50"), "1"), by=by)
    payments.pay(invoice.id, [Tender(make.method("check"), 5000)], by=by, on=DAY, payer=emma)
    assert "50.00 of invoice 2026-0001 is due again." in words(manager.get(url(check())))
    manager.post(url(check()), data=payload(manager, check()))
    assert (make.due(invoice), make.general(emma), make.general(child)) == (5000, 0, 0)


# What is refused


@pytest.mark.usefixtures("emma")
def test_only_checks_that_were_not_given_back(manager: Client, emma: Customer, by: User) -> None:
    book = make.item("Book", "50")
    make.pay(make.save(emma, (book, "1"), by=by), by=by)
    cash = Payment.get()
    page = manager.get(url(cash))
    assert "Only a check can bounce." in words(page)
    assert "Mark as bounced" not in words(page)
    invoice = make.pay(make.save(emma, (book, "1"), by=by), ("check", "50"), by=by)
    voids.void(invoice.id, reason="x", by=by, on=DAY, money="refunded")
    assert "This check was given back when its invoice was voided" in words(manager.get(url(check())))
    for payment in (cash, check()):
        assert manager.post(url(payment), data={"reason": "x"}).status_code == 422
        assert not has_bounced(payment)


@pytest.mark.usefixtures("used")
def test_once_only(manager: Client) -> None:
    form, late = payload(manager, check()), payload(manager, check())
    manager.post(url(check()), data=form)
    again = manager.post(url(check()), data=form, htmx=MODAL)
    assert "Nothing was done twice." in again.text
    page = manager.post(url(check()), data=late)
    assert page.status_code == 422
    assert "This check was marked as bounced already." in words(page)
    assert Audit.select().where(Audit.act == "Bounced").count() == 1


@pytest.mark.parametrize("htmx", [None, MODAL])
@pytest.mark.parametrize("reason, sentence", [("", "Say why, for example what the bank wrote."),
                                              ("x" * 501, "At most 500 characters.")])  # fmt: skip
@pytest.mark.usefixtures("used")
def test_a_reason_is_asked_for(manager: Client, reason: str, sentence: str, htmx: str | None) -> None:
    response = manager.post(url(check()), data=payload(manager, check(), reason=reason), htmx=htmx)
    assert response.status_code == 422
    assert sentence in " ".join(said(response, "error"))
    assert f'value="{reason}"' in response.text
    assert re.search(r'<input[^>]* name="reason" required', response.text), "said before it is sent, too"
    assert not has_bounced(check())


def test_what_changed_meanwhile_is_stated_anew(manager: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.piano(), None), by=by), ("check", "450"), by=by)
    form = payload(manager, check())
    make.pay(make.save(emma, (lesson(), "1"), by=by), ("account", "45"), by=by)
    page = manager.post(url(check()), data=form)
    assert page.status_code == 422
    assert "What this does changed since it was shown." in words(page)
    assert "covered from general funds: 45.00." in words(page)
    assert 'value="No funds"' in page.text
    assert manager.post(url(check()), data=filled(page, url(check()))).status_code == 303
    assert make.general(emma) == -4500


# Where it is offered, and how it is listed then


@pytest.mark.usefixtures("used")
def test_the_list_and_the_invoice_offer_it_to_who_may(manager: Client, frontdesk: Client, used: Invoice) -> None:
    make.pay(make.save(used.customer, (make.item("Book", "50"), "1"), by=User.get()), by=User.get())
    link = f'href="{url(check())}"'
    for address in ("/billing/payments", f"/billing/invoices/{used.id}"):
        assert manager.get(address).text.count("/bounce") == 2 == manager.get(address).text.count(url(check()))
        assert link in manager.get(address).text
        assert "/bounce" not in frontdesk.get(address).text


@pytest.mark.usefixtures("used")
def test_afterwards_it_is_called_bounced(manager: Client, used: Invoice) -> None:
    manager.post(url(check()), data=payload(manager, check()))
    page = manager.get("/billing/payments")
    assert "Check bounced 2026-0001 45.00" in words(page)
    assert "refunded" not in words(page)
    assert "/bounce" not in page.text
    assert re.search(r"<s>45.00</s>", page.text)
    assert "Check bounced" in words(manager.get(f"/billing/invoices/{used.id}"))
    assert "2026-0001,Bounced" in manager.get("/billing/payments/export").get_data().decode("utf-8-sig")


# Who may


@pytest.mark.parametrize("name", CAST)
@pytest.mark.usefixtures("used")
def test_who_may(app: Flask, name: str) -> None:
    client = client_for(app, name)
    may = Permission.MANAGE_INVOICES in Role.get(Role.name == CAST[name]).permissions
    assert client.get(url(check())).status_code == (200 if may else 403)
    assert client.post(url(check()), data={}).status_code == (422 if may else 403)
    assert client.get("/billing/payments/999999/bounce").status_code == (404 if may else 403)
    assert client.delete(url(check())).status_code == 405
