"""Add a customer via invoicing, use the package over its boundary, and the membership that ends by itself when all that
it includes was invoiced and paid."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    assert_fits,
    choose,
    choose_customer,
    day_of_the_business,
    dialog,
    heading,
    new_invoice,
    open_billing,
    row,
    save_invoice,
)
from webapp.models import Customer, Invoice, Item, Membership, Package, User


def test_sold_paid_and_used_over_its_boundary(
    open_page: OpenPage, look: Look, emma: Customer, ppl: Package, cast: dict[str, User]
) -> None:
    page = open_page("frontdesk")
    page.goto("/")
    open_billing(page, "Invoices")
    page.get_by_role("link", name="New invoice").first.click()
    choose_customer(page, "Emma Jones")
    assert_fits(page)
    choose(page, "Add Items", "pp", "PPL")
    lines = page.locator("#draft-lines")
    expect(lines).to_contain_text("Sells the package")
    expect(page.locator("#draft-total")).to_have_text("$5,900.00")
    look(page)
    save_invoice(page)
    page.get_by_role("link", name="Pay").click()
    window = dialog(page)
    window.get_by_role("button", name="Pay what remains by Card").click()
    expect(window.get_by_label("Card", exact=True)).to_have_value("5900.00")
    expect(window).to_contain_text("Paid in full")
    assert_fits(page)
    window.get_by_role("button", name="Pay", exact=True).click()
    expect(window).to_be_hidden()
    expect(heading(page)).to_contain_text("Paid")
    assert_fits(page)
    membership = Membership.get(Membership.customer == emma)
    assert (membership.state, membership.package, make.funds(membership)) == ("active", ppl, 5_900_00)
    leave(membership, "1.5", by=cast["frontdesk"])
    new_invoice(page, "Emma Jones")
    choose(page, "Add Items", "c17", "C172")
    page.get_by_label("Quantity of C172").fill("2.0")
    expect(lines).to_contain_text("Split in two: PPL had 1.5 h left")
    expect(lines).to_contain_text("PPL · 120.00 · leaves 0.0 h")
    expect(lines.locator("tr.part .amount")).to_have_text(["180.00", "75.00"])
    expect(page.locator("#draft-total")).to_have_text("$255.00")
    expect(page.locator("#draft-totals")).to_contain_text("Account could pay 180.00 from package funds")
    assert_fits(page)
    page.get_by_role("button", name="Save and pay").click()
    window = dialog(page)
    window.get_by_role("button", name="Pay what remains by Account").click()
    expect(window.get_by_label("Account", exact=True)).to_have_value("180.00")
    effect = window.locator(".effect tr").filter(has_text="Package funds · PPL")
    expect(effect.locator("td")).to_have_text(["1,280.00", "−180.00", "1,100.00"])
    window.get_by_role("button", name="Pay what remains by Cash").click()
    expect(window.get_by_label("Cash", exact=True)).to_have_value("75.00")
    expect(window.locator("#pay-sum")).to_contain_text("Paid in full")
    assert_fits(page)
    window.get_by_role("button", name="Pay", exact=True).click()
    expect(heading(page)).to_contain_text("Paid")
    expect(page.locator("#invoice")).to_contain_text("PPL · 120.00 · leaves 0.0 h")
    look(page)
    used = Invoice.select().order_by(Invoice.id.desc()).get()
    assert make.lines(used) == [("draw", 1_500, 180_00), ("standard", 500, 75_00)]
    assert (make.left(membership, "C172"), make.funds(membership)) == (0, 1_100_00)
    assert make.fresh(membership).state == "active"


def leave(membership: Membership, quantity: str, *, by: User) -> None:
    """Fly most of the hours, paid by Account from the package funds."""
    on, c172 = day_of_the_business(), Item.get(Item.name == "C172")
    flown = 40 - float(quantity)
    make.settle(make.save(membership.customer, (c172, str(flown)), by=by, on=on), by=by, on=on)


@pytest.mark.usefixtures("emma", "trio")
def test_it_ends_by_itself(open_page: OpenPage, look: Look) -> None:
    page = open_page("frontdesk", phone=True)
    new_invoice(page, "Emma Jones")
    choose(page, "Add Items", "TRIO", "TRIO")
    expect(page.get_by_label("Billed now of TRIO")).to_be_focused()
    choose(page, "Add Items", "lesson", "Trio lesson")
    page.get_by_label("Quantity of Trio lesson").fill("3")
    expect(page.locator("#draft-total")).to_have_text("$200.00")
    assert_fits(page)
    save_invoice(page)
    first = Invoice.get()
    second_sale_is_refused(page, first)
    page.goto(f"/billing/invoices/{first.id}")
    page.get_by_role("link", name="Pay").click()
    window = dialog(page)
    window.get_by_label("Cash", exact=True).fill("100")
    expect(window.locator("#pay-sum")).to_contain_text("Remaining due100.00")
    window.get_by_role("button", name="Pay what remains by Account").click()
    expect(window.locator("#pay-sum")).to_contain_text("Paid in full")
    assert_fits(page)
    window.get_by_role("button", name="Pay", exact=True).click()
    expect(page.locator("#invoice")).to_contain_text("TRIO is completed with this invoice")
    expect(page.locator("#invoice")).to_contain_text("Standard rates apply from now on")
    look(page)
    membership = Membership.get()
    assert (membership.state, membership.reason, make.funds(membership)) == ("inactive", "completed", 0)
    open_billing(page, "Packages")
    expect(row(page, "Emma Jones")).to_contain_text("Completed")
    assert_fits(page)
    standard_rate_and_second_sale(page)


def second_sale_is_refused(page: Page, unpaid: Invoice) -> None:
    new_invoice(page, "Emma Jones")
    box = page.get_by_role("combobox", name="Add Items")
    box.press_sequentially("trio")
    offer = page.get_by_role("option").filter(has_text=re.compile("^TRIO"))
    expect(offer).to_have_attribute("aria-disabled", "true")
    expect(offer).to_contain_text(f"{unpaid.code} must be paid before it can be sold again")
    assert_fits(page)


def standard_rate_and_second_sale(page: Page) -> None:
    new_invoice(page, "Emma Jones")
    choose(page, "Add Items", "lesson", "Trio lesson")
    expect(page.locator("#draft-lines")).to_contain_text("Standard rate")
    expect(page.locator("#draft-total")).to_have_text("$40.00")
    save_invoice(page)
    new_invoice(page, "Emma Jones")
    choose(page, "Add Items", "TRIO", "TRIO")
    save_invoice(page)
    assert_fits(page)
    states = [membership.state for membership in Membership.select().order_by(Membership.id)]
    assert states == ["inactive", "active"]
    assert [make.lines(it) for it in Invoice.select().order_by(Invoice.id).offset(1)] == [
        [("standard", 1_000, 40_00)],
        [("sale", 1_000, 100_00)],
    ]
