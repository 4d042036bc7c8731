"""Credits, discounts and void and copy in a real browser, with and without JavaScript, and accessible."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.web.billing import c172, customer, findable
from webapp.domain import checks
from webapp.models import CreditNote, Customer, Invoice, User

OpenPage = Callable[..., Page]
Check = Callable[[Page], None]

TODAY = datetime.now(UTC).date()  # the company of the tests keeps UTC


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


@pytest.fixture
def invoice(emma: Customer, by: User) -> Invoice:
    """2.0 h of C172 with tax, of which 1.5 h were left in PPL, and fuel; 100.00 is paid by card."""
    ppl = make.ppl(tax="8")
    make.pay(make.save(emma, (ppl, None), by=by, on=TODAY), by=by, on=TODAY)
    make.settle(make.save(emma, (c172(), "38.5"), by=by, on=TODAY), by=by, on=TODAY)
    saved = make.save(emma, (c172(), "2.0"), (make.item("Fuel", "12.35", tax="19"), "2"), by=by, on=TODAY)
    return make.pay(saved, ("card", "100"), by=by, on=TODAY)


def test_a_line_is_credited_over_the_invoice(open_page: OpenPage, invoice: Invoice) -> None:
    page = open_page("manager")
    page.goto(f"/billing/invoices/{invoice.id}")
    page.get_by_role("link", name="Credit", exact=True).click()
    page.get_by_role("dialog").get_by_role("link", name="C172").click()
    stated = page.locator("#credit-consequences")
    expect(stated).to_contain_text("1.5 h of C172 goes back to PPL; 1.5 h left then")
    page.get_by_label("Quantity").fill("0.75")
    expect(stated).to_contain_text("0.25 h of C172 goes back to PPL; 0.25 h left then")
    expect(stated.get_by_role("row", name="General funds 0.00 +81.00 81.00")).to_be_visible()
    page.get_by_label("Reason").fill("Engine trouble")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#toasts").get_by_text("113.40 credited. Credit note CN-")).to_be_visible()
    expect(page.locator("#invoice")).to_contain_text("0.25 h credited · 32.40")
    page.get_by_role("link", name="CN-").click()
    expect(page.get_by_role("heading", name="Credit note CN-")).to_be_visible()
    assert not checks.faults()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_credit_without_javascript(open_page: OpenPage, invoice: Invoice, phone: bool) -> None:
    page = open_page("manager", phone=phone, javascript=False)
    page.goto(f"/billing/invoices/{invoice.id}")
    page.get_by_role("link", name="Credit", exact=True).click()
    page.get_by_role("link", name="C172").click()
    page.get_by_label("Quantity").fill("0.5")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("row", name="General funds 0.00 +81.00 81.00")).to_be_visible()
    page.get_by_label("Reason").fill("Engine trouble")
    page.get_by_role("button", name="Credit", exact=True).click()
    expect(page.locator("#toasts").get_by_text("81.00 credited. Credit note CN-")).to_be_visible()
    assert CreditNote.select().count() == 1


def test_a_discount_from_the_menu_of_a_line(open_page: OpenPage, emma: Customer, by: User) -> None:
    draft = make.draft(emma, (make.item("Room", "50", tax="8"), "4"), by=by, on=TODAY)
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}")
    page.get_by_role("button", name="Actions for Room").click()
    page.get_by_role("menuitem", name="Discount").click()
    page.get_by_label("Percent off").fill("10")
    page.keyboard.press("Enter")
    expect(page.get_by_text("−10 % · 20.00 off")).to_be_visible()
    expect(page.locator("#draft-total")).to_have_text("$194.40")
    expect(page.locator("#draft-taxes")).to_contain_text("14.40")
    page.get_by_role("button", name="Actions for Room").click()
    page.get_by_role("menuitem", name="Change discount").click()
    page.get_by_role("button", name="Remove discount").click()
    expect(page.locator("#draft-total")).to_have_text("$216.00")
    expect(page.locator("#draft-taxes")).to_contain_text("16.00")


def test_void_and_copy_opens_the_copy(open_page: OpenPage, invoice: Invoice) -> None:
    findable()
    page = open_page("manager")
    page.goto(f"/billing/invoices/{invoice.id}")
    page.get_by_role("link", name="Void").click()
    page.get_by_label("Reason").fill("Wrong aircraft")
    page.get_by_role("button", name="Void and copy").click()
    expect(page.get_by_label("Quantity of C172")).to_have_value("2.0")
    expect(page.locator("#toasts").get_by_text("is void. This is its copy.")).to_be_visible()
    page.get_by_label("Quantity of C172").fill("1.0")
    expect(page.locator("#draft-total")).to_have_text("$158.99")
    assert not checks.faults()


def test_a_payment_by_the_wrong_method_is_put_right_from_its_message(
    open_page: OpenPage, emma: Customer, by: User, assert_accessible: Check
) -> None:
    """By keyboard alone, from the moment that it was taken."""
    invoice = make.save(emma, "20", by=by, on=TODAY)
    page = open_page("manager")
    page.goto(f"/billing/invoices/{invoice.id}/payments/new")
    page.get_by_label("Cash", exact=True).fill("20")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Correct …").press("Enter")
    page.get_by_role("radio", name="Cash").press("ArrowDown")
    expect(page.locator("#correct-consequences")).to_contain_text("20.00 counts as received by Card, nothing by Cash.")
    assert_accessible(page)
    page.get_by_label("Amount").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#toasts").get_by_text("The payment is put right: 20.00 by Card.")).to_be_visible()
    expect(page.get_by_role("row", name="Card Correct 20.00")).to_be_visible()
    assert not checks.faults()
