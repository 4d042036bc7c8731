"""What the article asks before anybody is added to a package or buys one: each refusal is a sentence beside the field,
and nothing is half done."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from tests.browser.journeys.records import keep
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    assert_fits,
    choose,
    day_of_the_business,
    dialog,
    new_invoice,
    open_actions,
    save_invoice,
)
from webapp.domain import groups
from webapp.models import Customer, DraftLine, Group, Invoice, Membership, Package, PaymentMethod, User

WHO = "Customers and groups"


@pytest.fixture
def desk(open_page: OpenPage) -> Page:
    page: Page = open_page("frontdesk")
    page.goto("/billing/packages")
    return page


@pytest.fixture
def quartet(emma: Customer) -> Group:
    return groups.create_group(name="Quartet", members=[emma], by=None)


def open_add(page: Page) -> Locator:
    page.get_by_role("link", name="Add to Package").first.click()
    return dialog(page)


def expect_refused(field: Locator, *sentences: str) -> None:
    """The field is marked, and what describes it says why."""
    expect(field).to_have_attribute("aria-invalid", "true")
    for sentence in sentences:
        expect(field).to_have_accessible_description(re.compile(re.escape(sentence)))


def test_nothing_filled_in(desk: Page, look: Look, piano: Package) -> None:
    window = open_add(desk)
    window.get_by_role("button", name="Save").click()
    expect_refused(window.get_by_label("Package"), "Choose a package.")
    expect_refused(window.get_by_label(WHO), "Choose at least one customer or group.")
    look(desk)
    assert Membership.select().count() == 0


def test_a_customer_without_make_purchases_on_account(desk: Page, look: Look, piano: Package) -> None:
    keep("Bob Cash", role="Cash Only")
    window = open_add(desk)
    window.get_by_label("Package").select_option("PIANO")
    choose(window, WHO, "bob", "Bob Cash")
    expect(window.locator(".preview")).to_contain_text("0 will be added, 1 skipped")
    window.get_by_role("button", name="Save").click()
    expect_refused(window.get_by_label(WHO), "Nobody of those chosen can be added; it says why below.")
    expect(window.locator(".preview")).to_contain_text("Role Cash Only: no Make Purchases on Account.")
    expect(window.locator(".preview")).to_contain_text("Manage Customers is needed to change that.")
    look(desk)
    assert Membership.select().count() == 0
    new_invoice(desk, "Bob Cash")
    expect(desk.locator("main")).to_contain_text("may not purchase on account")
    desk.get_by_role("combobox", name="Add Items").press_sequentially("pian")
    offer = desk.get_by_role("option").filter(has_text="PIANO")
    expect(offer).to_have_attribute("aria-disabled", "true")
    expect(offer).to_contain_text("Role Cash Only: no Make Purchases on Account.")
    look(desk)
    assert DraftLine.select().count() == Invoice.select().count() == 0


def test_what_became_inactive_meanwhile(desk: Page, look: Look, emma: Customer, quartet: Group, piano: Package) -> None:
    """A customer, a group, and the package, each after it was chosen."""
    window = open_add(desk)
    window.get_by_label("Package").select_option("PIANO")
    choose(window, WHO, "emma", "Emma Jones")
    expect(window.locator(".preview")).to_contain_text("1 will be added")
    Customer.update(active=False).execute()
    window.get_by_role("button", name="Save").click()
    expect_refused(window.get_by_label(WHO), "Nobody of those chosen can be added; it says why below.")
    expect(window.locator(".preview")).to_contain_text("This customer is inactive.")
    look(desk)
    assert Membership.select().count() == 0
    desk.keyboard.press("Escape")
    window = open_add(desk)
    window.get_by_label(WHO).press_sequentially("emma")
    offered = window.get_by_role("listbox").get_by_role("option")
    expect(offered).to_have_text(["Emma Jones inactive", "New customer “emma”"])
    Customer.update(active=True).execute()
    window.get_by_label(WHO).fill("")
    window.get_by_label("Package").select_option("PIANO")
    choose(window, WHO, "quart", "Quartet")
    expect(window.locator(".preview")).to_contain_text("1 will be added")
    Group.update(active=False).execute()
    window.get_by_role("button", name="Save").click()
    expect_refused(window.get_by_label(WHO), "Quartet is inactive. Manage Customers is needed to change that.")
    assert_fits(desk)
    assert Membership.select().count() == 0
    Group.update(active=True).execute()
    Package.update(active=False).execute()
    window.get_by_role("button", name="Save").click()
    refusal = "PIANO is inactive. Somebody with Manage Catalogue can make it active."
    expect_refused(window.get_by_label("Package"), refusal)
    assert_fits(desk)
    assert Membership.select().count() == 0
    desk.goto("/billing/packages/new")
    expect(desk.get_by_label("Package", exact=True)).not_to_contain_text("PIANO")


def test_account_switched_off(
    open_page: OpenPage, desk: Page, look: Look, emma: Customer, ppl: Package, cast: dict[str, User]
) -> None:
    """Nobody is added and nothing is sold; who is in a package keeps the rate, and Pay does not offer Account."""
    ann, on = keep("Ann Few"), day_of_the_business()
    make.add(ann, ppl, by=cast["frontdesk"], on=on)
    draft = make.draft(emma, (ppl, None), by=cast["frontdesk"], on=on)
    switch_account_off(open_page("owner"))
    window = open_add(desk)
    window.get_by_label("Package").select_option("PPL")
    choose(window, WHO, "emma", "Emma Jones")
    window.get_by_role("button", name="Save").click()
    sentence = "Packages cannot be sold while the Account payment method is switched off."
    expect_refused(window.get_by_label("Package"), sentence, "Somebody with Manage Settings can switch it on.")
    assert_fits(desk)
    desk.goto(f"/billing/invoices/{draft.id}")
    expect_refused(desk.get_by_label("Billed now of PPL"), sentence)
    assert_fits(desk)
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator("#draft-lines")).to_contain_text("Nothing was saved.")
    look(desk)
    assert Membership.select().count() == 1
    assert Invoice.get_by_id(draft.id).is_draft
    new_invoice(desk, "Ann Few")
    choose(desk, "Add Items", "c172", "C172")
    expect(desk.locator("#draft-lines")).to_contain_text("PPL · 120.00 · leaves 39.0 h")
    save_invoice(desk)
    desk.get_by_role("link", name="Pay").click()
    expect(dialog(desk).get_by_label("Cash", exact=True)).to_be_visible()
    expect(dialog(desk).get_by_label("Account", exact=True)).to_have_count(0)
    assert_fits(desk)


def switch_account_off(page: Page) -> None:
    page.goto("/settings/payment-methods")
    open_actions(page, "Account")
    page.get_by_role("menuitem", name="Switch off").click()
    expect(dialog(page)).to_contain_text("No package can be sold, and nobody can be added to one.")
    assert_fits(page)
    dialog(page).get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert not PaymentMethod.account_is_active()
