"""Void: everything that it would do is stated first; then it is done with a reason, once."""

import re
from collections.abc import Iterator

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import DAY, MODAL, c172, customer, filled, on_the_day, url, words
from webapp.domain import funds
from webapp.models import Customer, Invoice, Item, Journal, Membership, Package, User

PREVIEW = "div#void-consequences"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def ppl(emma: Customer, once: Once) -> Package:
    return once(make.ppl)


@pytest.fixture
def invoice(emma: Customer, ppl: Package, by: User, once: Once) -> Invoice:
    return once(make_invoice, emma, ppl, by)


def make_invoice(emma: Customer, ppl: Package, by: User) -> Invoice:
    """2.0 h of which 1.5 h were left; 75.00 paid by card and 180.00 by Account."""
    make.pay(make.save(emma, (ppl, "4800"), by=by), by=by)
    make.pay(make.save(emma, (c172(), "38.5"), by=by), ("account", "4620"), by=by)
    saved = make.save(emma, (c172(), "2.0"), by=by)
    return make.pay(saved, ("card", "75"), ("account", "180"), by=by)


def payload(client: Client, invoice: Invoice, **changes: str) -> dict[str, str]:
    """The form as a browser sends it, after the preview answered to what was chosen."""
    sent = filled(client.get(url(invoice, "void")), url(invoice, "void")) | {"reason": "Wrong aircraft"} | changes
    stated = client.post(url(invoice, "void", "preview"), data=sent, htmx=PREVIEW).text
    return sent | {"shown": stated.split('name="shown" value="', 1)[1].split('"', 1)[0]}


def status(invoice: Invoice) -> str:
    return str(Invoice.get_by_id(invoice.id).status)


def test_the_screen_states_what_would_happen(manager: Client, invoice: Invoice):
    shown = words(manager.get(url(invoice, "void"), htmx=MODAL))
    assert "1.5 h of C172 goes back to PPL; 1.5 h left then" in shown
    assert "75.00 received by Card goes to general funds" in shown
    assert "180.00 received by Account goes back to the funds it came from" in shown
    assert "General funds 0.00 +75.00 75.00" in shown
    assert "Package funds · PPL 0.00 +180.00 180.00" in shown
    assert status(invoice) == "paid"


def test_the_statement_follows_the_choice(manager: Client, invoice: Invoice):
    data = payload(manager, invoice, money="refunded")
    response = manager.post(url(invoice, "void", "preview"), data=data, htmx=PREVIEW)
    assert response.status_code == 200
    assert "75.00 received by Card is paid back by Card" in words(response)
    assert "General funds" not in words(response)
    odd = manager.post(url(invoice, "void", "preview"), data=payload(manager, invoice, money="x"), htmx=PREVIEW)
    assert "75.00 received by Card goes to general funds" in words(odd)


def test_it_is_done_as_it_was_stated(manager: Client, invoice: Invoice, emma: Customer):
    response = manager.post(url(invoice, "void"), data=payload(manager, invoice))
    assert (response.status_code, response.location) == (303, url(invoice))
    membership = make.bought(emma)
    assert status(invoice) == "void"
    assert (make.left(membership, "C172"), make.funds(membership), make.general(emma)) == (1500, 18000, 7500)
    assert "Invoice 2026-0003 is void." in words(manager.get(url(invoice)))


def test_in_the_dialog_it_closes_and_tells_who_shows_it(manager: Client, invoice: Invoice):
    response = manager.post(url(invoice, "void"), data=payload(manager, invoice, money="refunded"), htmx=MODAL)
    assert response.status_code == 200
    assert set(response.headers["HX-Trigger"].split(", ")) == {
        "invoices-changed",
        "memberships-changed",
        "account-changed",
    }
    assert "Invoice 2026-0003 is void." in response.text


def test_refunded_money_is_not_on_the_account(manager: Client, invoice: Invoice, emma: Customer):
    manager.post(url(invoice, "void"), data=payload(manager, invoice, money="refunded"))
    assert make.general(emma) == 0


def test_a_reason_is_compulsory_and_what_was_chosen_stays(manager: Client, invoice: Invoice):
    data = payload(manager, invoice, reason=" ", money="refunded")
    response = manager.post(url(invoice, "void"), data=data, htmx=MODAL)
    assert response.status_code == 422
    assert "Say why the invoice is voided." in words(response)
    assert re.search(r'<input[^>]* name="reason" required', response.text)
    assert filled(response, url(invoice, "void"))["money"] == "refunded"
    assert "is paid back by Card" in words(response)
    assert status(invoice) == "paid"


def test_the_same_form_sent_twice_voids_once(manager: Client, invoice: Invoice):
    data = payload(manager, invoice)
    first, second = (manager.post(url(invoice, "void"), data=data) for _ in range(2))
    assert first.location == second.location == url(invoice)
    assert Journal.select().where(Journal.kind == "return").count() == 1


def test_nobody_is_asked_where_money_goes_that_never_came(manager: Client, emma: Customer, ppl: Package, by: User):
    saved = make.save(emma, (c172(), "1"), by=by)
    page = manager.get(url(saved, "void"))
    assert "Money that was paid" not in words(page)
    assert "Nothing was paid and no units were taken" in words(page)
    assert manager.post(url(saved, "void"), data=payload(manager, saved)).status_code == 303


def test_a_completed_membership_becomes_active_again(manager: Client, emma: Customer, by: User):
    """Example 25."""
    trio = make.trio()
    lesson = Item.get(Item.name == "Trio lesson")
    make.pay(make.save(emma, (trio, None), by=by), by=by)
    saved = [
        make.pay(make.save(emma, (lesson, "1"), by=by), ("account", a), by=by) for a in ("33.33", "33.34", "33.33")
    ]
    shown = words(manager.get(url(saved[1], "void")))
    assert "1 × Trio lesson goes back to TRIO; 1 left then" in shown
    assert "TRIO becomes active again, it was completed" in shown
    assert "Package funds · TRIO 0.00 +33.34 33.34" in shown


def test_a_sale_that_is_drawn_from_says_why_not_and_has_no_button(
    manager: Client, emma: Customer, ppl: Package, by: User
):
    sale = make.pay(make.save(emma, (ppl, "2000"), by=by), by=by)
    make.save(emma, (c172(), "1"), by=by)
    page = manager.get(url(sale, "void"))
    assert "2026-0002 already used some of it" in words(page)
    assert ">Void</button>" not in page.text
    refused = manager.post(url(sale, "void"), data={"reason": "x", "money": "account", "form_key": "k" * 20})
    assert refused.status_code == 422
    assert status(sale) == "paid"


def test_money_that_was_spent_since_is_named(manager: Client, emma: Customer, ppl: Package, by: User):
    deposit = make.pay(make.save(emma, "300", by=by), ("card", "300"), by=by)
    membership = make.add(emma, ppl, by=by)
    funds.into_package(membership.id, make.money("200"), by=by, on=DAY)
    data = {"reason": "x", "money": "refunded", "form_key": "k" * 20}
    shown = manager.post(url(deposit, "void", "preview"), data=data, htmx=PREVIEW)
    assert "General funds would be 200.00 short" in words(shown)
    response = manager.post(url(deposit, "void"), data=data)
    assert response.status_code == 422
    assert "General funds would be 200.00 short" in words(response)
    assert status(deposit) == "paid"


def test_a_sale_alone_makes_its_membership_void(manager: Client, emma: Customer, ppl: Package, by: User):
    sale = make.pay(make.save(emma, (ppl, "2000"), by=by), by=by)
    assert "PPL becomes inactive (voided)" in words(manager.get(url(sale, "void")))
    manager.post(url(sale, "void"), data=payload(manager, sale))
    assert Membership.get().reason == "voided"


@pytest.mark.parametrize("which", ["draft", "void"])
def test_what_is_not_issued_or_void_already_is_not_voided(
    manager: Client, invoice: Invoice, emma: Customer, by: User, which: str
):
    if which == "void":
        manager.post(url(invoice, "void"), data=payload(manager, invoice))
    there = invoice if which == "void" else make.draft(emma, by=by)
    assert manager.get(url(there, "void")).status_code == 409
    assert manager.post(url(there, "void"), data={"reason": "x", "form_key": "k" * 20}).status_code == 409
    late = manager.post(url(there, "void", "preview"), data={}, htmx=PREVIEW)
    assert (late.status_code, "cannot be voided" in words(late)) == (200, True)


def test_what_changed_since_it_was_shown_is_shown_again(manager: Client, emma: Customer, ppl: Package, by: User):
    saved = make.save(emma, (c172(), "1"), by=by)
    data = payload(manager, saved)
    make.pay(saved, ("card", "20"), by=by)
    response = manager.post(url(saved, "void"), data=data, htmx=MODAL)
    assert (response.status_code, status(saved)) == (422, "open")
    assert "What this does changed since it was shown." in words(response)
    assert "20.00 received by Card goes to general funds" in words(response)
    again = filled(response, url(saved, "void"))
    assert manager.post(url(saved, "void"), data=again).status_code == 303


@pytest.mark.parametrize("who", ["frontdesk", "bookkeeper"])
def test_it_asks_for_manage_invoices(request: pytest.FixtureRequest, invoice: Invoice, who: str):
    client = request.getfixturevalue(who)
    assert client.get(url(invoice, "void")).status_code == 403
    assert client.post(url(invoice, "void")).status_code == 403
    assert client.post("/billing/invoices/999999/void").status_code == 403


def test_what_does_not_exist_and_other_verbs(manager: Client, invoice: Invoice):
    assert manager.get("/billing/invoices/999999/void").status_code == 404
    assert manager.delete(url(invoice, "void")).status_code == 405
    assert manager.get(url(invoice, "void", "preview")).status_code == 405
