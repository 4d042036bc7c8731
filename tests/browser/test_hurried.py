"""Who is quicker than the network: what is done before the answer to the last act is here is not lost, and not undone
by that answer."""

from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests import factories as make
from tests.browser.journeys.records import keep
from webapp.db import db
from webapp.domain import search
from webapp.models import Invoice, Membership, User

OpenPage = Callable[..., Page]
Held = list[Route]


@pytest.fixture
def two(app: Flask) -> None:
    """Ann and Zoë in PIANO."""
    desk, piano = User.get(), make.piano()
    for name in ("Ann Able", "Zoë Zwei"):
        make.add(keep(name), piano, by=desk)
    db.close()


@pytest.fixture
def invoice(app: Flask, cast: dict[str, User]) -> Invoice:
    made = make.save(make.somebody("Ann Able"), "20", by=cast["owner"], on=date(2026, 6, 1))
    db.close()
    return made


def hold(page: Page, path: str) -> Held:
    """From now on no request to this path is answered before it is let go."""
    held: Held = []
    page.route(lambda url: urlsplit(url).path == path, lambda route: held.append(route))  # noqa: PLW0108  # Playwright marks it
    return held


def wait_for(page: Page, held: Held, count: int) -> None:
    for _ in range(100):
        if len(held) == count:
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{len(held)} requests instead of {count}")


@pytest.mark.parametrize("first", ["the list anew", "the search"])
def test_a_search_is_answered_though_the_list_was_being_fetched_anew(
    open_page: OpenPage, two: None, first: str
) -> None:
    page = open_page("manager")
    page.goto("/billing/packages")
    held = hold(page, "/billing/packages")
    page.get_by_role("button", name="Actions for Zoë Zwei in PIANO").click()
    page.get_by_role("menuitem", name="Remove from Package").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    wait_for(page, held, 1)
    page.get_by_label("Search").fill("ann")
    wait_for(page, held, 2)
    for route in held if first == "the list anew" else reversed(held):
        with page.expect_response(lambda response: urlsplit(response.url).path == "/billing/packages"):
            route.continue_()
        page.wait_for_timeout(100)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Ann Able")


@pytest.mark.parametrize("first", ["Ann's", "Zoë's"])
def test_a_menu_is_of_the_row_that_was_pressed_last(open_page: OpenPage, two: None, first: str) -> None:
    """Not of one that was pressed before and took longer: nobody is removed in the place of another."""
    page = open_page("manager")
    page.goto("/billing/packages")
    ann, zoe = (
        hold(page, f"/billing/memberships/{it.id}/actions") for it in Membership.select().order_by(Membership.id)
    )
    page.get_by_role("button", name="Actions for Ann Able in PIANO").click()
    wait_for(page, ann, 1)
    page.get_by_role("button", name="Actions for Zoë Zwei in PIANO").click()
    wait_for(page, zoe, 1)
    for held in (ann, zoe) if first == "Ann's" else (zoe, ann):
        held[0].continue_()
        page.wait_for_timeout(300)
        links = page.get_by_role("menuitem", name="Remove from Package")
        assert all("/1/" not in (link.get_attribute("href") or "") for link in links.all())
    page.get_by_role("menuitem", name="Remove from Package").click()
    expect(page.get_by_role("dialog")).to_contain_text("Zoë Zwei leaves PIANO.")


def test_a_dialog_opens_over_nothing_that_was_asked_for_later(open_page: OpenPage, two: None) -> None:
    page = open_page("manager")
    page.goto("/billing/packages")
    held = hold(page, "/billing/packages/new")
    page.get_by_role("link", name="Add to Package").click()
    wait_for(page, held, 1)
    page.get_by_role("button", name="Actions for Ann Able in PIANO").click()
    expect(page.get_by_role("menuitem").first).to_be_focused()
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("menuitem").first).to_be_focused()


def test_what_remains_cannot_be_pressed_twice_at_once(open_page: OpenPage, invoice: Invoice) -> None:
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{invoice.id}")
    page.get_by_role("link", name="Pay").click()
    dialog = page.get_by_role("dialog")
    held = hold(page, f"/billing/invoices/{invoice.id}/payments/new")
    dialog.get_by_role("button", name="Pay what remains by Card").click()
    expect(dialog.get_by_role("button", name="Pay what remains by Cash")).to_be_disabled()
    held[0].continue_()
    expect(dialog.get_by_label("Card", exact=True)).to_have_value("20.00")
    expect(dialog.get_by_role("button", name="Pay what remains by Cash")).to_be_enabled()


@pytest.fixture
def draft(app: Flask, cast: dict[str, User]) -> Invoice:
    """One hour of C172 for Ann; instruction can be found."""
    c172, instruction = make.item("C172", "150.00", unit="hour"), make.item("Instruction", "65.00", unit="hour")
    search.index("item", instruction.id, instruction.name)
    made = make.draft(keep("Ann Able"), (c172, "1"), by=cast["owner"], on=date(2026, 6, 1))
    db.close()
    return made


def test_what_is_typed_while_an_item_is_being_added_is_its_quantity(open_page: OpenPage, draft: Invoice) -> None:
    """A key that comes before the field does is not lost: twelve hours are not two. Nor does it look for a "1"."""
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/lines")
    page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
    expect(page.get_by_role("option", name="Instruction")).to_be_visible()
    page.keyboard.press("Enter")
    wait_for(page, held, 1)
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    held[0].continue_()
    expect(page.get_by_label("Quantity of Instruction")).to_be_focused()
    page.keyboard.type("2")
    expect(page.get_by_label("Quantity of Instruction")).to_have_value("12")
    expect(page.locator("#draft-total")).to_have_text("$930.00")
    expect(page.get_by_role("combobox", name="Add Items")).to_have_value("")


def test_what_is_typed_before_the_next_page_is_there_goes_into_it(open_page: OpenPage, draft: Invoice) -> None:
    """From the customer to the first item, and from that to its quantity."""
    page = open_page("frontdesk")
    page.goto("/billing/invoices/new")
    held = hold(page, "/billing/invoices/new")
    page.get_by_role("combobox", name="Customer").press_sequentially("ann")
    expect(page.get_by_role("option", name="Ann Able")).to_be_visible()
    page.keyboard.press("Enter")
    wait_for(page, held, 1)
    page.keyboard.type("in")
    held[0].continue_()
    items = page.get_by_role("combobox", name="Add Items")
    expect(items).to_have_value("in")
    page.keyboard.type("s")
    expect(items).to_have_value("ins")
    expect(page.get_by_role("option", name="Instruction")).to_be_visible()
    held = hold(page, "/billing/invoices")
    page.keyboard.press("Enter")
    wait_for(page, held, 1)
    page.keyboard.type("1")
    held[0].continue_()
    quantity = page.get_by_label("Quantity of Instruction")
    expect(quantity).to_have_value("1")
    page.keyboard.type("2")
    expect(quantity).to_have_value("12")
    expect(page.locator("#draft-total")).to_have_text("$780.00")


@pytest.mark.parametrize("first", ["the prices", "the item"])
def test_an_item_is_shown_though_prices_were_being_worked_out(open_page: OpenPage, draft: Invoice, first: str) -> None:
    """Whichever answer is here first: what was typed is kept, and nothing is saved that was not shown."""
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    prices, item = (hold(page, f"/billing/invoices/{draft.id}/{it}") for it in ("edit", "lines"))
    page.get_by_label("Quantity of C172").fill("2")
    wait_for(page, prices, 1)
    page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
    wait_for(page, prices, 2)  # the field was left; nobody waits for the first any more
    page.get_by_role("option", name="Instruction").click()
    wait_for(page, item, 1)
    for held in (prices, item) if first == "the prices" else (item, prices):
        with page.expect_response(lambda response: response.request.method == "POST"):
            held[-1].continue_()
        page.wait_for_timeout(100)
    expect(page.get_by_label("Quantity of Instruction")).to_be_visible()
    if first == "the item":
        page.unroute_all()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Nothing was saved")).to_be_visible()
    expect(page.get_by_label("Quantity of C172")).to_have_value("2.0")
    expect(page.locator("#draft-total")).to_have_text("$365.00")
