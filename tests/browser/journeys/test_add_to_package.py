"""The article's first step by step: add a customer via the Add to Package workflow, prior to invoicing for the package.
On a desk with the script, without it, and on a phone in the dark."""

import pytest
from playwright.sync_api import expect

from tests.browser.journeys.records import keep
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    assert_fits,
    choose,
    day_of_the_business,
    dialog,
    heading,
    open_actions,
    open_billing,
    row,
    save_invoice,
    sign_in,
)
from webapp.domain import groups
from webapp.models import Customer, Group, Invoice, InvoiceLine, Membership, Package


@pytest.fixture
def class_of_three(emma: Customer, ppl: Package) -> Group:
    """Emma, Ann, and Bob who pays cash only."""
    members = [emma, keep("Ann Few"), keep("Bob Cash", role="Cash Only")]
    return groups.create_group(name="Ground school", members=members, owner=None, note="", by=None)


def test_on_a_desk(open_page: OpenPage, look: Look, emma: Customer, ppl: Package) -> None:
    page = open_page()
    page.goto("/")
    sign_in(page, "frontdesk")
    open_billing(page, "Packages")
    expect(page.locator("main")).to_contain_text("Nobody is in a package yet")
    look(page)
    page.evaluate("document.body.dataset.same = 'page'")
    page.get_by_role("link", name="Add to Package").first.click()
    window = dialog(page)
    assert_fits(page)
    window.get_by_label("Package").select_option("PPL")
    expect(window.locator("#add-terms")).to_contain_text("$5,900.00")
    choose(window, "Customers and groups", "jon", "Emma Jones")
    window.get_by_label("Note").fill("Starts in June")
    expect(window.locator(".preview")).to_contain_text("1 will be added")
    look(page)
    window.get_by_role("button", name="Save").click()
    expect(window).to_be_hidden()
    expect(page.locator(".toast")).to_contain_text("Emma Jones was added to PPL.")
    added = row(page, "Emma Jones")
    expect(added).to_contain_text("Active")
    expect(added).to_contain_text("0.0 of 40.0 h")
    expect(page.locator("body[data-same=page]")).to_be_attached()
    assert_fits(page)
    assert_added(emma, ppl, note="Starts in June")
    open_actions(page, "Emma Jones in PPL")
    page.get_by_role("menuitem", name="New invoice").click()
    choose(page, "Add Items", "c17", "C172")
    expect(page.locator("#draft-lines")).to_contain_text("PPL · 120.00 · leaves 39.0 h")
    assert_fits(page)
    save_invoice(page)
    assert_fits(page)
    assert_rate_is_honoured(emma)


def test_without_javascript(open_page: OpenPage, look: Look, class_of_three: Group, ppl: Package) -> None:
    page = open_page(javascript=False)
    page.goto("/billing/packages")
    sign_in(page, "frontdesk")
    open_billing(page, "Packages")
    page.get_by_role("link", name="Add to Package").first.click()
    expect(heading(page)).to_have_text("Add to Package")
    assert_fits(page)
    page.get_by_label("Package", exact=True).select_option("PPL")
    page.get_by_label("Customers and groups").fill("ground")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("checkbox", name="Ground school").check()
    look(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".preview")).to_contain_text("2 will be added, 1 skipped")
    expect(page.locator(".preview")).to_contain_text("Make Purchases on Account")
    look(page)
    assert Membership.select().count() == 0
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("2 customers were added to PPL.")
    expect(row(page, "PPL")).to_have_count(2)
    look(page)
    emma = Customer.get(Customer.name == "Emma Jones")
    assert_added(emma, ppl, group=class_of_three)
    open_actions(page, "Emma Jones in PPL")
    expect(heading(page)).to_have_text("Actions for Emma Jones in PPL")
    assert_fits(page)
    page.get_by_role("link", name="New invoice").click()
    expect(heading(page)).to_contain_text("New invoice")
    assert_fits(page)
    page.get_by_label("Add Items").fill("c172")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#draft-lines")).to_contain_text("PPL · 120.00 · leaves 39.0 h")
    look(page)
    save_invoice(page)
    assert_rate_is_honoured(emma)


def test_on_a_phone_in_the_dark(open_page: OpenPage, look: Look, class_of_three: Group, ppl: Package) -> None:
    page = open_page("frontdesk", phone=True, dark=True)
    page.goto("/")
    open_billing(page, "Packages")
    assert_fits(page)
    page.get_by_role("link", name="Add to Package").first.tap()
    window = dialog(page)
    window.get_by_label("Package").select_option("PPL")
    choose(window, "Customers and groups", "grou", "Ground school")
    expect(window.locator(".preview")).to_contain_text("2 will be added, 1 skipped")
    look(page)
    window.get_by_role("button", name="Save").tap()
    expect(window).to_be_hidden()
    expect(row(page, "Ann Few")).to_contain_text("Active")
    assert_fits(page)
    emma = Customer.get(Customer.name == "Emma Jones")
    assert_added(emma, ppl, group=class_of_three)
    open_actions(page, "Emma Jones in PPL")
    expect(page.get_by_role("menu")).to_be_visible()
    assert_fits(page)
    page.get_by_role("menuitem", name="New invoice").tap()
    choose(page, "Add Items", "c17", "C172")
    expect(page.locator("#draft-lines")).to_contain_text("PPL · 120.00 · leaves 39.0 h")
    assert_fits(page)
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(heading(page)).to_contain_text("Open")
    assert_fits(page)
    assert_rate_is_honoured(emma)


def assert_added(customer: Customer, package: Package, *, note: str = "", group: Group | None = None) -> None:
    membership = Membership.get(Membership.customer == customer)
    assert (membership.package, membership.state, membership.group, membership.note) == (package, "active", group, note)
    assert membership.start_on == day_of_the_business()
    assert membership.created_by.name == "Front Desk"
    assert membership.price_minor == 5_900_00


def assert_rate_is_honoured(customer: Customer) -> None:
    line = InvoiceLine.select().join(Invoice).where(Invoice.customer == customer).get()
    assert (line.source, line.quantity_milli, line.total_minor) == ("draw", 1_000, 120_00)
    assert line.membership == Membership.get(Membership.customer == customer)
    assert line.invoice.status == "open"
