"""What happens to a membership after the sale, in a real browser: one unit used and undone, and the acts with their
figures following what is typed."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import factories as make
from webapp.db import db
from webapp.domain import search
from webapp.models import Item, Membership, User


@pytest.fixture
def piano(app: Flask) -> Membership:
    """Ann Able in PIANO: 400.00 by card and 50.00 by check, four lessons used; Zoë Zwei is in nothing yet."""
    desk, ann, lessons = User.get(), make.somebody("Ann Able"), make.piano()
    zoe = make.somebody("Zoë Zwei")
    search.index("customer", zoe.id, zoe.name)
    make.pay(make.save(ann, (lessons, None), by=desk), ("card", "400"), ("check", "50"), by=desk)
    make.settle(make.save(ann, (Item.get(Item.name == "Lesson"), "4"), by=desk), by=desk)
    made = make.bought(ann)
    db.close()
    return made


def choose(page: Page, act: str) -> None:
    page.get_by_role("button", name="Actions for Ann Able in PIANO").click()
    page.get_by_role("menuitem", name=act).click()
    expect(page.get_by_role("dialog", name=act)).to_be_visible()


def test_one_is_used_and_undone_from_the_list(open_page, assert_accessible, piano: Membership) -> None:
    page: Page = open_page("manager")
    page.goto("/billing/packages")
    row = page.get_by_role("row", name="Ann Able")
    choose(page, "Use one")
    dialog = page.get_by_role("dialog", name="Use one")
    expect(dialog.get_by_label("Quantity of Lesson")).to_be_focused()
    page.keyboard.press("Enter")
    message = page.get_by_label("Messages")
    expect(message).to_contain_text("1 lesson used, 5 left. 45.00 from package funds.")
    expect(row).to_contain_text("5 of 10")
    assert_accessible(page)
    message.get_by_role("link", name="Undo").click()
    void = page.get_by_role("dialog", name="Void invoice")
    expect(void.get_by_label("Reason")).to_have_value("Undone at once")
    expect(message).to_have_text("")
    void.get_by_role("button", name="Void", exact=True).click()
    expect(row).to_contain_text("4 of 10")
    expect(row).to_contain_text("270.00")


def test_what_is_typed_is_stated_before_it_happens(open_page, piano: Membership) -> None:
    page: Page = open_page("frontdesk")
    page.goto(f"/billing/memberships/{piano.id}")
    page.get_by_role("link", name="Use one").click()
    dialog = page.get_by_role("dialog", name="Use one")
    dialog.get_by_label("Quantity").fill("2")
    expect(dialog.get_by_role("row", name="Package funds")).to_contain_text("180.00")
    dialog.get_by_label("Quantity").fill("7")
    expect(dialog.get_by_text("Only 6 left in PIANO.")).to_be_visible()
    dialog.get_by_label("Quantity").fill("6")
    expect(dialog.get_by_text("With this, PIANO is completed")).to_be_visible()
    dialog.get_by_role("button", name="Use").click()
    expect(page.get_by_label("Messages")).to_contain_text("PIANO is completed.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    expect(page.get_by_role("link", name="Use one")).to_have_count(0)


def test_a_refund_follows_the_policy_the_fee_and_the_amounts(open_page, piano: Membership) -> None:
    page: Page = open_page("manager")
    page.goto(f"/billing/memberships/{piano.id}")
    choose(page, "Refund")
    dialog = page.get_by_role("dialog", name="Refund")
    card, check = dialog.get_by_label("Card"), dialog.get_by_label("Check")
    expect(card).to_have_value("270.00")
    dialog.get_by_label("Fee").press_sequentially("15")
    expect(card).to_have_value("255.00")
    expect(dialog.get_by_label("Fee")).to_be_focused()
    dialog.get_by_label("Charge the standard rate").check()
    expect(card).to_have_value("235.00")
    card.fill("150")
    expect(dialog.get_by_text("85.00", exact=True)).to_be_visible()
    check.fill("50")
    expect(dialog.get_by_text("35.00", exact=True)).to_be_visible()
    expect(card).to_have_value("150")
    dialog.get_by_label("Reason").fill("moves away")
    dialog.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Credit note CN-2026-0001")
    expect(page.get_by_role("row", name="Paid out by Card")).to_contain_text("150.00")
    expect(page.get_by_role("row", name="To general funds")).to_contain_text("35.00")


def test_the_page_keeps_its_menu_and_hands_over(open_page, assert_accessible, piano: Membership) -> None:
    page: Page = open_page("manager")
    page.goto(f"/billing/memberships/{piano.id}")
    choose(page, "Extend")
    page.get_by_role("button", name="+1 month").click()
    expect(page.get_by_label("New last day")).not_to_have_value("")
    expect(page.get_by_role("row", name="Last day")).not_to_contain_text("not chosen yet")
    page.get_by_label("Never ends").check()
    page.get_by_role("button", name="Extend", exact=True).click()
    expect(page.get_by_text("Say why the last day is moved.")).to_be_visible()
    expect(page.get_by_label("Reason")).to_be_focused()
    page.get_by_role("button", name="Close").click()
    choose(page, "Move funds")
    page.get_by_label("Amount").fill("70")
    expect(page.get_by_role("row", name="General funds")).to_contain_text("70.00")
    page.get_by_role("button", name="Move funds").click()
    expect(page.get_by_label("Messages")).to_contain_text("70.00 went from PIANO back to general funds.")
    choose(page, "Transfer")
    page.get_by_role("combobox", name="To customer").press_sequentially("zo")
    page.get_by_role("option", name="Zoë Zwei").click()
    expect(page.get_by_text("Zoë Zwei gets a membership of 6 Lesson")).to_be_visible()
    page.get_by_label("Reason").fill("gift")
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Removed")
    expect(page.get_by_role("button", name="Actions for Ann Able in PIANO")).to_have_count(0)


def test_what_was_wrong_goes_when_it_is_typed_anew(open_page, piano: Membership) -> None:
    page: Page = open_page("manager")
    page.goto(f"/billing/memberships/{piano.id}/uses/new")
    quantity = page.get_by_label("Quantity of Lesson")
    quantity.fill("7")
    quantity.press("Enter")
    error = page.locator("[id^=quantity-][id$=-error]")
    expect(error).to_contain_text("Only 6 left in PIANO.")
    quantity.fill("2")
    expect(error).to_be_hidden()
    expect(page.get_by_role("row", name="Package funds")).to_contain_text("180.00")


def test_without_javascript(open_page, piano: Membership) -> None:
    page: Page = open_page("manager", javascript=False)
    page.goto(f"/billing/memberships/{piano.id}/uses/new")
    page.get_by_label("Quantity of Lesson").fill("2")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("row", name="Package funds")).to_contain_text("180.00")
    page.get_by_label("Quantity of Lesson").press("Enter")
    expect(page.get_by_text("2 × Lesson used, 4 left. 90.00 from package funds.")).to_be_visible()
    page.goto(f"/billing/memberships/{piano.id}/refund")
    page.get_by_label("Charge the standard rate").check()
    page.get_by_label("Reason").fill("moves away")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_text("The refund is 150.00 now.")).to_be_visible()
    expect(page.get_by_label("Card")).to_have_value("150.00")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Credit note CN-2026-0001")
