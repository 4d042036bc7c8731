"""One payment for several invoices, and for those of members of a group."""

import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.tree import Tree
from tests.web.billing import DAY, MODAL, customer, filled, words
from webapp.domain import funds
from webapp.models import Customer, Group, Invoice, Item, Payment, Role, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


TENDERS = "div#pay-tenders"


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def book(by: User) -> Item:
    return make.item("Book", "50")


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


@pytest.fixture
def invoices(emma: Customer, book: Item, by: User) -> list[Invoice]:
    """The later one was saved first; the oldest due date comes first all the same."""
    days = [DAY - timedelta(days=back) for back in (2, 30, 10)]
    return [make.save(emma, (book, str(n)), by=by, on=day, today=DAY) for n, day in enumerate(days, start=1)]


@pytest.fixture
def child(emma: Customer) -> Customer:
    """A member of a group that Emma owns."""
    made = customer("Child", role="Cash Only")
    Group.update(owner=emma).where(Group.id == make.group("Family", made).id).execute()
    return made


def url(who: Customer, last: str = "new") -> str:
    return f"/customers/{who.id}/payments/{last}"


def named(**amounts: str) -> dict[str, str]:
    return {f"method-{make.method(kind).id}": amount for kind, amount in amounts.items()}


def ticked(page: TestResponse) -> list[str]:
    boxes = [e for e in Tree(page.text).root.walk() if e.tag == "input" and e["name"] == "invoice"]
    return [box["aria-label"] for box in boxes if "checked" in box]


def payload(
    client: Client, who: Customer, *which: Invoice, keep: bool = False, **amounts: str
) -> dict[str, str | list[str]]:
    """The form as it is shown, with invoices ticked and amounts typed, after what they do was looked at."""
    shown = filled(client.get(url(who)), "pay-form")
    form: dict[str, str | list[str]] = {**shown, **named(**amounts)}
    form["invoice"] = [str(invoice.id) for invoice in which]
    if keep:
        form["keep_rest"] = "y"
    found = re.search(r'name="shown" value="([\w.]*)"', preview(client, who, form).text)
    return form | {"shown": found[1] if found else ""}


def preview(client: Client, who: Customer, form: dict[str, str | list[str]]) -> TestResponse:
    response = client.post(url(who, "preview"), data=form, htmx=TENDERS)
    assert response.status_code == 200
    return response


def dues(*invoices: Invoice) -> list[int]:
    return [Invoice.get_by_id(invoice.id).due_minor for invoice in invoices]


# Several invoices


@pytest.mark.usefixtures("invoices")
def test_all_of_the_customers_own_are_ticked_and_the_oldest_due_comes_first(frontdesk: Client, emma: Customer) -> None:
    page = frontdesk.get(url(emma), htmx=MODAL)
    assert ticked(page) == ["2026-0002", "2026-0003", "2026-0001"]
    assert "$300.00" in words(page)
    assert "<html" not in page.text


def test_what_goes_to_which_is_shown_while_it_is_typed(
    frontdesk: Client, emma: Customer, invoices: list[Invoice]
) -> None:
    form = payload(frontdesk, emma, *invoices, cash="120")
    text = preview(frontdesk, emma, form).text
    cells = re.findall(r'data-label="(?:This payment|Left)">(.*?)<', text)
    assert cells == ["100.00", "0.00", "20.00", "130.00", "—", "50.00"]
    assert "100.00 for 2026-0002, 20.00 for 2026-0003" in text
    assert "180.00" in words(preview(frontdesk, emma, form))


def test_it_is_what_happens(frontdesk: Client, emma: Customer, invoices: list[Invoice]) -> None:
    form = payload(frontdesk, emma, *invoices, cash="120")
    response = frontdesk.post(url(emma), data=form)
    assert (response.status_code, response.location) == (303, f"/customers/{emma.id}")
    assert "Payment taken; 1 of 3 invoices are paid, 180.00 is still due." in words(frontdesk.get(response.location))
    assert dues(*invoices) == [5000, 0, 13000]


def test_all_of_them_and_the_rest_is_kept(frontdesk: Client, emma: Customer, invoices: list[Invoice]) -> None:
    response = frontdesk.post(
        url(emma), data=payload(frontdesk, emma, *invoices, keep=True, card="310", cash="10"), htmx=MODAL
    )
    assert response.status_code == 200
    assert set(response.headers["HX-Trigger"].split(", ")) == {
        "invoices-changed",
        "memberships-changed",
        "account-changed",
    }
    assert "3 invoices are paid." in response.text
    assert (dues(*invoices), make.general(emma)) == ([0, 0, 0], 2000)


def test_only_what_is_ticked(frontdesk: Client, emma: Customer, invoices: list[Invoice]) -> None:
    first, second, third = invoices
    response = frontdesk.post(url(emma), data=payload(frontdesk, emma, first, cash="50"))
    assert "Invoice 2026-0001 is paid." in words(frontdesk.get(response.location or ""))
    assert dues(first, second, third) == [0, 10000, 15000]


def test_account_pays_package_funds_first_and_shows_its_effect(frontdesk: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    lesson = Item.get(Item.name == "Lesson")
    both = [make.save(emma, (lesson, "1"), by=by), make.save(emma, (lesson, "2"), by=by)]
    form = payload(frontdesk, emma, *both, account="135")
    shown = words(preview(frontdesk, emma, form))
    assert "Package funds · PIANO 450.00 −135.00 315.00" in shown
    assert "Account balance 450.00 −135.00 315.00" in shown
    frontdesk.post(url(emma), data=form)
    assert (dues(*both), make.funds(make.bought(emma))) == ([0, 0], 31500)


def test_what_the_package_paid_for_here_will_cover_is_not_asked_for_again(
    frontdesk: Client, emma: Customer, by: User
) -> None:
    """Half of a package was paid, what that covered was used, and one lesson more: in all the other half is due."""
    sale = make.save(emma, (make.piano(), None), by=by)
    make.pay(sale, ("cash", "232.50"), by=by)
    lesson = Item.get(Item.name == "Lesson")
    make.settle(make.save(emma, (lesson, "5"), by=by), by=by)
    more = make.save(emma, (lesson, "1"), by=by)
    shown = filled(frontdesk.get(url(emma)), "pay-form")
    account, cash = (f"method-{make.method(kind).id}" for kind in ("account", "cash"))
    assert (shown[account], shown[cash]) == ("7.50", "")
    assert "217.50 by other methods is enough" in words(frontdesk.get(url(emma)))
    form: dict[str, Any] = {**shown, "invoice": [str(sale.id), str(more.id)], "fill": str(make.method("cash").id)}
    page = frontdesk.post(url(emma), data=form)
    shown = filled(page, "pay-form")
    assert (shown[account], shown[cash]) == ("45.00", "217.50")
    assert "Package funds · PIANO 7.50 +172.50 180.00" in words(page)
    assert frontdesk.post(url(emma), data={**shown, "invoice": form["invoice"]}).status_code == 303
    assert (dues(sale, more), make.funds(make.bought(emma)), make.general(emma)) == ([0, 0], 180_00, 0)


def test_the_button_beside_a_method_fills_in_the_rest(
    frontdesk: Client, emma: Customer, invoices: list[Invoice]
) -> None:
    form = payload(frontdesk, emma, *invoices, cash="20") | {"fill": str(make.method("card").id)}
    page = frontdesk.post(url(emma), data=form)
    assert page.status_code == 200
    assert filled(page, "pay-form")[f"method-{make.method('card').id}"] == "280.00"
    assert dues(*invoices) == [5000, 10000, 15000]


REFUSED = [
    ({}, "Type an amount beside at least one method."),
    ({"cash": "300.01"}, "This is 0.01 more than is due."),
    ({"cash": "-1"}, "This cannot be below 0."),
    ({"cash": "some"}, "Type the amount as a number."),
    ({"account": "1"}, "Account can pay at most 0.00 here."),
]


def test_refusals(frontdesk: Client, emma: Customer, invoices: list[Invoice], subtests: pytest.Subtests) -> None:
    shown = payload(frontdesk, emma, *invoices)
    for htmx, (amounts, sentence) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, amounts=amounts, sentence=sentence):
            response = frontdesk.post(url(emma), data=shown | named(**amounts), htmx=htmx)
            assert response.status_code == 422
            assert sentence in words(response)
            for amount in amounts.values():
                assert f'value="{amount}"' in response.text
            assert len(ticked(response)) == 3
            assert not Payment.select().exists()


def test_nothing_ticked(frontdesk: Client, emma: Customer, invoices: list[Invoice]) -> None:
    response = frontdesk.post(url(emma), data=payload(frontdesk, emma, cash="50"))
    assert response.status_code == 422
    assert ticked(response) == []
    assert dues(*invoices) == [5000, 10000, 15000]


@pytest.mark.parametrize("htmx", [None, MODAL])
@pytest.mark.usefixtures("invoices")
def test_several_fields_at_once(frontdesk: Client, emma: Customer, htmx: str | None) -> None:
    form = payload(frontdesk, emma, cash="50") | {"invoice": ["x"], "received_on": ""}
    form |= {"dialog": "1"} if htmx else {}
    response = frontdesk.post(url(emma), data=form, htmx=htmx)
    assert response.status_code == 422
    assert "2 fields need another look:" in words(response)


def test_nothing_is_taken_before_it_was_seen_what_it_pays(
    frontdesk: Client, emma: Customer, invoices: list[Invoice]
) -> None:
    """Without JavaScript the first answer shows it, the second does it."""
    form = payload(frontdesk, emma, *invoices, cash="120") | {"shown": ""}
    page = frontdesk.post(url(emma), data=form)
    assert page.status_code == 422
    assert "Look at what this does to the account, then press Pay again." in words(page)
    assert "100.00 for 2026-0002" in words(page)
    again = {**filled(page, "pay-form"), "invoice": [str(invoice.id) for invoice in invoices]}
    assert frontdesk.post(url(emma), data=again).status_code == 303


def test_one_that_was_paid_meanwhile(frontdesk: Client, emma: Customer, invoices: list[Invoice], by: User) -> None:
    form = payload(frontdesk, emma, *invoices, cash="300")
    make.pay(invoices[0], by=by)
    page = frontdesk.post(url(emma), data=form)
    assert page.status_code == 422
    assert "Some of these invoices are not open any more." in words(page)
    assert ticked(page) == ["2026-0002", "2026-0003"]
    assert dues(*invoices) == [0, 10000, 15000]


def test_sent_twice_it_is_paid_once(frontdesk: Client, emma: Customer, invoices: list[Invoice]) -> None:
    form = payload(frontdesk, emma, *invoices, cash="120")
    for _ in range(2):
        assert frontdesk.post(url(emma), data=form).status_code == 303
    assert dues(*invoices) == [5000, 0, 13000]


def test_nothing_is_open(frontdesk: Client, emma: Customer) -> None:
    page = frontdesk.get(url(emma))
    assert "No invoice is open" in words(page)
    assert f'href="/customers/{emma.id}/deposits/new"' in page.text


def test_it_says_which_package_had_better_be_paid_too(frontdesk: Client, emma: Customer, by: User) -> None:
    make.save(emma, (make.piano(), None), by=by)
    lesson = make.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=by)
    assert "Tick it too" not in words(frontdesk.get(url(emma)))
    form = payload(frontdesk, emma, lesson, cash="45") | {"shown": ""}
    assert "Invoice 2026-0001, which sells PIANO, is still open" in words(frontdesk.post(url(emma), data=form))


@pytest.mark.parametrize("count", [1, 2])
def test_the_customers_page_offers_it_when_there_are_several(
    frontdesk: Client, emma: Customer, book: Item, by: User, count: int
) -> None:
    for _ in range(count):
        make.save(emma, (book, "1"), by=by)
    assert ("Pay several" in frontdesk.get(f"/customers/{emma.id}").text) == (count > 1)


# For members of a group


def test_what_members_owe_is_marked_and_paid_when_it_is_chosen(
    frontdesk: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    funds.deposit(emma, make.method("cash"), 20000, by=by, on=DAY)
    own, theirs = make.save(emma, (book, "1"), by=by), make.save(child, (book, "2"), by=by)
    assert ticked(frontdesk.get(url(emma))) == ["2026-0001"]
    form = payload(frontdesk, emma, own, theirs, account="150")
    assert "General funds 200.00 −150.00 50.00" in words(preview(frontdesk, emma, form))
    assert frontdesk.post(url(emma), data=form).status_code == 303
    assert (dues(own, theirs), make.general(emma), make.general(child)) == ([0, 0], 5000, 0)


def test_what_is_paid_in_for_a_member_is_the_members(
    frontdesk: Client, emma: Customer, child: Customer, by: User
) -> None:
    deposit = make.save(child, "30", by=by)
    form = payload(frontdesk, emma, deposit, keep=True, cash="40")
    shown = words(preview(frontdesk, emma, form))
    assert "General funds 0.00 +10.00 10.00" in shown
    assert "General funds · Child 0.00 +30.00 30.00" in shown
    assert "Account balance" not in shown
    frontdesk.post(url(emma), data=form)
    assert (make.general(emma), make.general(child)) == (1000, 3000)


def test_what_others_owe_cannot_be_slipped_in(
    frontdesk: Client, emma: Customer, invoices: list[Invoice], book: Item, by: User
) -> None:
    stranger = make.save(customer("Stranger"), (book, "1"), by=by)
    page = frontdesk.post(url(emma), data=payload(frontdesk, emma, invoices[0], stranger, cash="100"))
    assert page.status_code == 422
    assert "not open any more" in words(page) or "more than is due" in words(page)
    assert dues(stranger) == [5000]


# Who may


@pytest.mark.parametrize("name", CAST)
def test_who_may(app: Flask, emma: Customer, name: str) -> None:
    client = client_for(app, name)
    may = Permission.ADD_INVOICE in Role.get(Role.name == CAST[name]).permissions
    assert client.get(url(emma)).status_code == (200 if may else 403)
    assert client.post(url(emma, "preview"), data={}).status_code == (200 if may else 403)
    assert client.post(url(emma), data={}).status_code == (422 if may else 403)
    assert client.get("/customers/999999/payments/new").status_code == (404 if may else 403)
    assert client.delete(url(emma)).status_code == 405


def test_who_was_merged_pays_nothing(frontdesk: Client, emma: Customer) -> None:
    Customer.update(merged_into=customer("Stays"), active=False).where(Customer.id == emma.id).execute()
    assert frontdesk.get(url(emma)).status_code == 409
    Customer.update(merged_into=None, active=True).execute()
