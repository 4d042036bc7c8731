"""Billing → Packages in a real browser: by keyboard alone, and views that keep their address."""

from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from webapp.db import db
from webapp.models import Invoice, Membership, User


@pytest.fixture
def two(app: Flask) -> list[Membership]:
    """Ann and Zoë in PIANO; Ann since yesterday."""
    desk, piano = User.get(), make.piano()
    made = [
        make.add(make.somebody("Ann Able"), piano, by=desk, on=date(2026, 5, 31)),
        make.add(make.somebody("Zoë Zwei"), piano, by=desk),
    ]
    db.close()
    return made


def test_remove_from_package_by_keyboard_alone(open_page, two: list[Membership]) -> None:
    page: Page = open_page("manager")
    page.goto("/billing/packages")
    button = page.get_by_role("button", name="Actions for Ann Able in PIANO")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Remove from Package")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("moved away")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Remove", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ann Able was removed from PIANO.").first).to_be_visible()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name="Ann Able")
    expect(row.get_by_text("Removed")).to_be_visible()
    expect(page.get_by_role("row").last).to_contain_text("Ann Able")


def test_the_order_in_the_headings_and_in_the_filters_is_one(open_page, two: list[Membership]) -> None:
    page: Page = open_page("frontdesk")
    page.goto("/billing/packages")
    page.get_by_role("link", name="Start").click()
    expect(page).to_have_url("/billing/packages?sort=start")
    expect(page.get_by_label("Sort")).to_have_value("start")
    page.get_by_label("Filter by status").select_option("active")
    expect(page).to_have_url("/billing/packages?status=active&sort=start")
    page.get_by_label("Sort").select_option("-start")
    expect(page).to_have_url("/billing/packages?status=active&sort=-start")
    expect(page.get_by_role("columnheader", name="Start")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Zoë Zwei")
    page.reload()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Zoë Zwei")


def test_several_at_once_on_a_phone(open_page, assert_accessible, two: list[Membership]) -> None:
    """Billed, a lesson used by who has paid, and removed."""
    page: Page = open_page("manager", phone=True, dark=True)
    page.goto("/billing/packages")
    dialog = ticked(page, "Bill", "Bill packages")
    expect(dialog.get_by_role("row", name="Together")).to_contain_text("900.00")
    assert_accessible(page)
    dialog.get_by_role("button", name="Make invoices").click()
    expect(page.get_by_text("2 invoices are made, 900.00 in all.").first).to_be_visible()
    make.pay(Invoice.get(), ("cash", "450"), by=User.get(), on=Invoice.get().service_on)
    db.close()
    dialog = ticked(page, "Use one", "Use one each")
    expect(dialog).to_contain_text("1 is left out")
    assert_accessible(page)
    dialog.get_by_label("Quantity of Lesson for each").fill("2")
    expect(dialog.get_by_role("row", name="Ann Able")).to_contain_text("8")
    dialog.get_by_role("button", name="Use").click()
    expect(page.get_by_text("Ann Able: 2 × Lesson used.").first).to_be_visible()
    dialog = ticked(page, "Remove from Package", "Remove from Package")
    expect(dialog).to_contain_text("Zoë Zwei leaves PIANO.")
    assert_accessible(page)
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("2 customers were removed from PIANO.").first).to_be_visible()


def test_what_is_ticked_stays_so_until_something_is_done_with_it(open_page, two: list[Membership]) -> None:
    """The list is fetched anew when something changed; what somebody ticked meanwhile is not lost."""
    page: Page = open_page("manager")
    page.goto("/billing/packages")
    ann, zoe = (page.get_by_role("checkbox", name=f"{name} in PIANO") for name in ("Ann Able", "Zoë Zwei"))
    ann.check()
    expect(page.get_by_text("With the 1 ticked:")).to_be_visible()
    with page.expect_response("**/billing/packages"):
        page.evaluate("htmx.trigger(document.body, 'memberships-changed')")
    expect(page.locator("#memberships-table[data-htmx-powered]")).to_be_visible()
    expect(ann).to_be_checked()
    zoe.check()
    expect(page.get_by_text("With the 2 ticked:")).to_be_visible()
    zoe.uncheck()
    page.get_by_role("button", name="Bill", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Make invoice").click()
    expect(page.get_by_text("for Ann Able is made").first).to_be_visible()
    expect(ann).not_to_be_checked()
    expect(page.get_by_text("ticked:")).to_be_hidden()


def test_a_class_is_written_down_from_its_group(open_page, two: list[Membership]) -> None:
    """All who come are ticked; one stays at home."""
    by, ann = User.get(), two[0].customer
    for it in two:
        make.pay(make.save(it.customer, (it.package, None), by=by, on=it.start_on), by=by, on=it.start_on)
    group = make.group("Monday class", *(it.customer for it in two), make.somebody("Cal"))
    db.close()
    page: Page = open_page("frontdesk")
    page.goto(f"/groups/{group.id}")
    everybody = page.get_by_role("checkbox", name="All in the group")
    expect(everybody).to_be_checked()
    expect(page.get_by_text("With the 2 ticked:")).to_be_visible()
    page.get_by_role("checkbox", name="Zoë Zwei in PIANO").uncheck()
    expect(everybody).not_to_be_checked()
    assert everybody.evaluate("box => box.indeterminate")
    page.get_by_role("link", name="Add to Package").first.click()
    adding = page.get_by_role("dialog", name="Add to Package")
    adding.get_by_label("Package").select_option(label="PIANO")
    expect(adding.get_by_text("1 will be added, 2 skipped").first).to_be_visible()
    adding.get_by_role("button", name="Save").click()
    expect(page.get_by_role("checkbox", name="Cal in PIANO")).to_be_checked()  # just added
    expect(page.get_by_role("checkbox", name="Zoë Zwei in PIANO")).not_to_be_checked()
    page.get_by_role("checkbox", name="Cal in PIANO").uncheck()
    page.get_by_role("button", name="Use one").click()
    expect(page.get_by_role("dialog", name="Use one each")).to_contain_text("1 customer")
    page.get_by_role("dialog").get_by_role("button", name="Use").click()
    expect(page.get_by_text(f"{ann.name}: 1 lesson used.").first).to_be_visible()
    expect(page.get_by_role("row", name=ann.name)).to_contain_text("1 of 10")
    expect(page.get_by_role("checkbox", name=f"{ann.name} in PIANO")).not_to_be_checked()
    expect(page.get_by_text("ticked:")).to_be_hidden()
    page.get_by_role("button", name="Take Cal out of the group").click()
    expect(page.get_by_role("row", name="Cal")).to_have_count(0)


def ticked(page: Page, button: str, title: str) -> Locator:
    """Tick both, press the button beneath the table, and see the dialog."""
    for name in ("Ann Able", "Zoë Zwei"):
        page.get_by_role("checkbox", name=f"{name} in PIANO").check()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog", name=title)
    expect(dialog).to_be_visible()
    return dialog


def test_the_membership_page_follows_what_is_done_on_it(open_page, two: list[Membership]) -> None:
    page: Page = open_page("manager")
    page.goto(f"/billing/memberships/{two[0].id}")
    page.get_by_role("link", name="Funds history").click()
    expect(page).to_have_url(f"/billing/memberships/{two[0].id}?view=funds")
    page.get_by_role("link", name="Remove from Package").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Removed")
    expect(page.get_by_role("link", name="Remove from Package")).to_have_count(0)
