"""Who may do what: what a person may not do is not offered, and its address leads to a page in plain words."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    assert_fits,
    day_of_the_business,
    dialog,
    heading,
    main_navigation,
    open_actions,
    open_billing,
    provoked,
    row,
    sign_in,
)
from webapp.models import Customer, Invoice, Item, Membership, Package, SignInSession, User

NOT_ALLOWED = "You may not do this"


@pytest.fixture
def invoice(emma: Customer, ppl: Package, cast: dict[str, User]) -> Invoice:
    """An open invoice of Emma, who is in PPL, for an hour of it."""
    desk, on = cast["frontdesk"], day_of_the_business()
    make.add(emma, ppl, by=desk, on=on)
    return make.save(emma, (Item.get(Item.name == "C172"), "1"), by=desk, on=on)


def expect_not_allowed(page: Page, address: str, *others: str) -> None:
    """The first is looked at, and the others say the same."""
    page.goto(address)
    expect(heading(page)).to_have_text(NOT_ALLOWED)
    expect(page.locator("main")).to_contain_text("Your role does not allow it.")
    for other in others:
        answer = page.request.get(other)
        assert answer.status == 403, other
        assert NOT_ALLOWED in answer.text(), other
        assert "Your role does not allow it." in answer.text(), other


def test_front_desk_may_not_remove_or_void(open_page: OpenPage, look: Look, invoice: Invoice, said: list[str]) -> None:
    page, membership = open_page("frontdesk"), Membership.get()
    page.goto("/billing/packages")
    page.get_by_role("checkbox", name="Emma Jones in PPL").check()
    expect(page.get_by_role("button", name="Use one")).to_be_visible()
    expect(page.get_by_role("button", name="Remove from Package")).to_have_count(0)
    open_actions(page, "Emma Jones in PPL")
    expect(page.get_by_role("menuitem", name="New invoice")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Remove from Package")).to_have_count(0)
    page.goto(f"/billing/memberships/{membership.id}")
    expect(page.get_by_role("link", name="New invoice")).to_be_visible()
    expect(page.get_by_role("link", name="Remove from Package")).to_have_count(0)
    page.goto(f"/billing/invoices/{invoice.id}")
    expect(page.get_by_role("link", name="Pay")).to_be_visible()
    expect(page.get_by_role("link", name="Void")).to_have_count(0)
    open_billing(page, "Invoices")
    open_actions(page, f"{invoice.code}, Emma Jones")
    expect(page.get_by_role("menuitem", name="Pay")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Void")).to_have_count(0)
    expect_not_allowed(
        page,
        f"/billing/memberships/{membership.id}/removal",
        "/billing/memberships/999999/removal",
        f"/billing/invoices/{invoice.id}/void",
        "/settings/roles",
    )
    look(page)
    provoked(said, "403")
    assert make.fresh(membership).is_active
    assert Invoice.get_by_id(invoice.id).status == "open"


def test_a_bookkeeper_only_reads(open_page: OpenPage, look: Look, invoice: Invoice, said: list[str]) -> None:
    page, membership = open_page("bookkeeper"), Membership.get()
    page.goto("/")
    expect(main_navigation(page).get_by_role("link")).to_have_text(
        ["Home", "Customers", "Groups", "Billing", "Catalogue", "Reports"]
    )
    assert_fits(page)
    open_billing(page, "Packages")
    expect(row(page, "Emma Jones")).to_contain_text("Active")
    expect(page.get_by_role("link", name="Add to Package")).to_have_count(0)
    open_actions(page, "Emma Jones in PPL")
    expect(page.get_by_role("menuitem")).to_have_text(["Open", "Card to print"])
    look(page)
    page.get_by_role("menuitem", name="Open").click()
    expect(page.locator("main")).to_contain_text("What is left")
    assert_fits(page)
    page.get_by_role("link", name=invoice.code).click()
    expect(heading(page)).to_contain_text("Open")
    for name in ("Pay", "Void", "Credit"):
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    assert_fits(page)
    page.goto(f"/customers/{invoice.customer_id}")
    expect(page.locator("#customer-account")).to_contain_text("Due")
    for name in ("Add to Package", "New invoice", "Edit", "Pay"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    assert_fits(page)
    expect_not_allowed(
        page,
        "/billing/packages/new",
        "/billing/invoices/new",
        f"/billing/invoices/{invoice.id}/payments/new",
        f"/billing/memberships/{membership.id}/removal",
        "/customers/new",
        "/catalogue/packages/new",
    )
    provoked(said, "403")


def test_who_is_not_signed_in_comes_back_after_signing_in(open_page: OpenPage, look: Look, invoice: Invoice) -> None:
    page, address = open_page(), f"/billing/memberships/{Membership.get().id}?view=audit"
    page.goto(address)
    expect(heading(page)).to_have_text("Sign in")
    look(page)
    sign_in(page, "manager")
    expect(page).to_have_url(re.compile(re.escape(address) + "$"))
    expect(page.get_by_role("link", name="Audit")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Sign out").filter(visible=True).click()
    expect(heading(page)).to_have_text("Sign in")
    page.go_back()
    expect(heading(page)).to_have_text("Sign in")


def test_who_was_signed_out_meanwhile_is_led_to_sign_in_and_back(
    open_page: OpenPage, look: Look, invoice: Invoice, said: list[str]
) -> None:
    """The dialog that was asked for is not lost in an error: one signs in again, and it is there."""
    page = open_page("manager")
    page.goto("/billing/packages")
    SignInSession.delete().execute()
    open_actions(page, "Emma Jones in PPL")
    expect(heading(page)).to_have_text("Sign in")
    look(page)
    provoked(said, "401")
    sign_in(page, "manager")
    expect(page).to_have_title("Packages · Carnet")
    open_actions(page, "Emma Jones in PPL")
    page.get_by_role("menuitem", name="Remove from Package").click()
    expect(dialog(page)).to_contain_text("Emma Jones leaves PPL.")
