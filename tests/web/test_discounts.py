"""Discounts on the lines of a draft: given, shown in words, refused beside the line, and taken away."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import (
    LINES,
    MODAL,
    amount_of,
    customer,
    editing,
    filled,
    said,
    typed_lines,
    url,
    words,
)
from webapp.domain import drafts, invoicing
from webapp.models import Customer, DraftLine, Invoice, InvoiceLine, Item, Membership, User

pytestmark = pytest.mark.usefixtures("day")


MENU = "div#menu"


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def draft(emma: Customer, by: User, once: Once) -> Invoice:
    return once(make_draft, emma, by)


def make_draft(emma: Customer, by: User) -> Invoice:
    """Four hours of Room with 8 % tax, and PIANO."""
    return make.draft(emma, (make.item("Room", "50", tax="8"), "4"), (make.piano(), None), by=by)


def line(draft: Invoice, n: int = 0) -> DraftLine:
    return typed_lines(draft)[n]


def address(draft: Invoice, n: int = 0) -> str:
    return url(draft, "lines", str(line(draft, n).id), "discount")


def payload(client: Client, draft: Invoice, n: int = 0, /, **changes: str) -> dict[str, str]:
    return filled(client.get(address(draft, n)), address(draft, n)) | changes


def shown(client: Client, draft: Invoice) -> str:
    return words(client.get(url(draft), htmx=LINES))


# Given


def test_a_percentage_off_a_line_is_said_in_words(manager: Client, draft: Invoice):
    response = manager.post(address(draft), data=payload(manager, draft, percent="10"), htmx=MODAL)
    assert (response.status_code, response.headers["HX-Trigger"]) == (200, "draft-changed")
    assert "Room has another price now." in response.text
    assert "−10 % · 20.00 off" in shown(manager, draft)
    assert "180.00" in shown(manager, draft)
    assert (line(draft).discount_percent_e4, line(draft).discount_minor) == (100_000, None)


def test_without_htmx_it_leads_back_to_the_draft(manager: Client, draft: Invoice):
    response = manager.post(address(draft), data=payload(manager, draft, amount="5"))
    assert (response.status_code, response.location) == (303, url(draft))
    assert "5.00 off" in shown(manager, draft)


def test_a_package_is_discounted_when_it_is_first_sold(manager: Client, draft: Invoice, by: User, emma: Customer):
    manager.post(address(draft, 1), data=payload(manager, draft, 1, percent="10"))
    assert "−10 % · 45.00 off · price 405.00" in shown(manager, draft)
    saved = invoicing.issue(draft.id, by=by, on=make.DAY)
    assert Membership.get(Membership.customer == emma).price_minor == 40500
    assert InvoiceLine.get((InvoiceLine.invoice == saved) & (InvoiceLine.kind == "package")).discount_minor == 4500


def test_on_a_split_line_it_is_off_the_standard_part(manager: Client, emma: Customer, by: User):
    piano = make.piano()
    make.pay(make.save(emma, (piano, None), by=by), by=by)
    draft = make.draft(emma, (Item.get(Item.name == "Lesson"), "12"), by=by)
    manager.post(address(draft), data=payload(manager, draft, percent="10"))
    assert "−10 % · 10.00 off" in shown(manager, draft)
    assert "540.00" in shown(manager, draft)


def test_a_percentage_off_a_line_that_is_all_covered_says_that_nothing_is_off(
    manager: Client, emma: Customer, by: User
):
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    draft = make.draft(emma, (Item.get(Item.name == "Lesson"), "2"), by=by)
    manager.post(address(draft), data=payload(manager, draft, percent="10"))
    assert "−10 % · nothing off at the package rate" in shown(manager, draft)


# Changed and taken away


def test_what_is_given_is_in_the_form_and_can_be_changed(manager: Client, draft: Invoice):
    drafts.discount(line(draft).id, percent_e4=125_000)
    assert filled(manager.get(address(draft), htmx=MODAL), address(draft))["percent"] == "12.5"
    manager.post(address(draft), data=payload(manager, draft, percent="", amount="7.50"))
    assert (line(draft).discount_percent_e4, line(draft).discount_minor) == (None, 750)


def test_it_is_taken_away(manager: Client, draft: Invoice):
    assert "Remove discount" not in words(manager.get(address(draft)))
    drafts.discount(line(draft).id, percent_e4=125_000)
    response = manager.post(address(draft), data=payload(manager, draft, do="remove"), htmx=MODAL)
    assert "Room has no discount any more." in response.text
    assert (line(draft).discount_percent_e4, line(draft).discount_minor) == (None, None)


def test_it_is_taken_away_whatever_stands_in_the_boxes(manager: Client, draft: Invoice):
    drafts.discount(line(draft).id, percent_e4=125_000)
    manager.post(address(draft), data=payload(manager, draft, do="remove", percent="x"))
    assert line(draft).discount_percent_e4 is None


def test_the_menu_of_a_line_offers_it(manager: Client, frontdesk: Client, draft: Invoice):
    drafts.add_deposit(draft.id, 100)
    menus = [url(draft, "lines", str(each.id), "actions") for each in typed_lines(draft)]
    offered = ["Discount" in words(manager.get(menu, htmx=MENU)) for menu in menus]
    assert offered == [True, True, False]
    assert "Discount" not in words(frontdesk.get(menus[0], htmx=MENU))
    drafts.discount(line(draft).id, amount_minor=1)
    assert "Change discount" in words(manager.get(menus[0], htmx=MENU))


def test_what_somebody_else_gave_meanwhile_is_shown_before_it_is_replaced(manager: Client, draft: Invoice):
    data = payload(manager, draft, percent="10")
    drafts.discount(line(draft).id, amount_minor=500)
    response = manager.post(address(draft), data=data)
    assert response.status_code == 422
    assert "Somebody changed this meanwhile: the discount is 5.00." in words(response)
    assert line(draft).discount_minor == 500
    again = filled(response, address(draft))
    assert again["percent"] == "10"
    assert manager.post(address(draft), data=again).status_code == 303
    assert (line(draft).discount_minor, line(draft).discount_percent_e4) == (None, 100_000)


def test_what_somebody_else_gave_meanwhile_is_not_taken_away_unseen(manager: Client, draft: Invoice):
    drafts.discount(line(draft).id, amount_minor=500)
    data = payload(manager, draft, do="remove")
    drafts.discount(line(draft).id, percent_e4=100_000)
    response = manager.post(address(draft), data=data)
    assert (response.status_code, line(draft).discount_percent_e4) == (422, 100_000)
    assert "Somebody changed this meanwhile: the discount is 10 %." in words(response)


# Refused


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({}, "Type a percentage or an amount."),
        ({"percent": "0"}, "The discount must be above 0 % and at most 100 %."),
        ({"percent": "101"}, "The percentage can be at most 100 %."),
        ({"percent": "x"}, "Type the percentage as a number."),
        ({"amount": "0"}, "The discount must be above 0."),
        ({"amount": "-1"}, "This cannot be below 0."),
        ({"amount": "1.234"}, "The amount can have at most 2 decimals."),
        ({"amount": "1", "percent": "1"}, "Give either an amount or a percentage."),
    ],
)
def test_refusals_stand_beside_the_box_and_what_was_typed_stays(
    manager: Client, draft: Invoice, changes: dict[str, str], sentence: str
):
    data = payload(manager, draft, **changes)
    response = manager.post(address(draft), data=data, htmx=MODAL)
    assert response.status_code == 422
    assert sentence in said(response, "error")
    kept = filled(response, address(draft))
    assert (kept["percent"], kept["amount"]) == (data["percent"], data["amount"])
    assert line(draft).discount_minor is None


def test_more_than_the_line_charges_is_said_beside_the_line_and_not_saved(manager: Client, draft: Invoice):
    manager.post(address(draft), data=payload(manager, draft, amount="200.01"))
    response = manager.get(url(draft))
    assert "The discount can be at most 200.00." in said(response, "error")
    saved = manager.post(url(draft), data=editing(manager, draft, do="save"))
    assert saved.status_code == 422
    assert Invoice.get_by_id(draft.id).is_draft


def test_a_package_that_is_sold_already_is_not_discounted(manager: Client, emma: Customer, by: User):
    piano = make.piano()
    make.add(emma, piano, by=by)
    draft = make.draft(emma, (piano, None), by=by)
    manager.post(address(draft), data=payload(manager, draft, percent="5"))
    problems = said(manager.get(url(draft)), "error")
    assert "A discount is given with the first line of PIANO; its price stands already." in problems
    assert filled(manager.get(url(draft)), "draft-form")[amount_of(line(draft))] == ""


def test_a_deposit_has_no_discount(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, "20", by=by)
    assert manager.get(address(draft)).status_code == 404
    assert manager.post(address(draft), data={"percent": "5"}).status_code == 404


def test_a_saved_invoice_is_not_discounted_any_more(manager: Client, draft: Invoice, by: User):
    where, data = address(draft), payload(manager, draft, percent="5")
    invoicing.issue(draft.id, by=by, on=make.DAY)
    response = manager.post(where, data=data)
    assert (response.status_code, "This invoice was saved already as 2026-0001." in words(response)) == (409, True)


# Who may, and what there is


def test_who_may_not_manage_invoices_is_turned_away(frontdesk: Client, bookkeeper: Client, draft: Invoice):
    for client in (frontdesk, bookkeeper):
        assert client.get(address(draft)).status_code == 403
        assert client.post(address(draft), data={"percent": "5"}).status_code == 403
    assert line(draft).discount_percent_e4 is None


def test_what_does_not_exist_is_not_found(manager: Client, draft: Invoice):
    assert manager.get(url(draft, "lines", "999999", "discount")).status_code == 404
    assert manager.get(address(draft).replace(f"/{draft.id}/", f"/{draft.id + 1}/")).status_code == 404


def test_other_verbs_are_not_allowed(manager: Client, draft: Invoice):
    assert manager.put(address(draft)).status_code == 405
