"""The editor of an invoice for who is quicker than the network: what is typed is what is billed."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.browser.held import hold, let_go, wait_for
from tests.browser.journeys.records import keep
from webapp.db import db
from webapp.domain import search
from webapp.models import Invoice, User

OpenPage = Callable[..., Page]


@pytest.fixture
def draft(app: Flask, cast: dict[str, User]) -> Invoice:
    """One hour of C172 for Ann; instruction can be found."""
    c172, instruction = make.item("C172", "150.00", unit="hour"), make.item("Instruction", "65.00", unit="hour")
    search.index("item", instruction.id, instruction.name)
    made = make.draft(keep("Ann Able"), (c172, "1"), by=cast["owner"], on=date(2026, 6, 1))
    db.close()
    return made


def choose_instruction(page: Page) -> None:
    """By the keyboard, which stays in the field."""
    page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
    expect(page.get_by_role("option", name="Instruction")).to_be_visible()
    page.keyboard.press("Enter")


def test_what_is_typed_while_an_item_is_being_added_is_its_quantity(open_page: OpenPage, draft: Invoice) -> None:
    """A key that comes before the field does is not lost: twelve hours are not two. Nor does it look for a "1"."""
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/lines")
    choose_instruction(page)
    wait_for(page, held, 1)
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    held[0].continue_()
    expect(page.get_by_label("Quantity of Instruction")).to_be_focused()
    page.keyboard.type("2")
    expect(page.get_by_label("Quantity of Instruction")).to_have_value("12")
    expect(page.locator("#draft-total")).to_have_text("$930.00")
    expect(page.get_by_role("combobox", name="Add Items")).to_have_value("")
    page.goto("/billing/invoices/new")
    page.wait_for_timeout(200)
    expect(page.get_by_role("combobox", name="Customer")).to_have_value("")


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


def with_instruction(page: Page) -> None:
    """A second line, as it is there when all is answered."""
    page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
    page.get_by_role("option", name="Instruction").click()
    expect(page.get_by_label("Quantity of Instruction")).to_be_focused()
    page.wait_for_timeout(500)


def test_a_quantity_typed_while_a_line_goes_is_what_is_saved(open_page: OpenPage, draft: Invoice) -> None:
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    with_instruction(page)
    held = hold(page, f"/billing/invoices/{draft.id}/edit", "GET")
    page.get_by_role("button", name="Actions for Instruction").click()
    page.get_by_role("menuitem", name="Remove line").click()
    wait_for(page, held, 1)
    page.get_by_label("Quantity of C172").fill("7")
    held[0].continue_()
    expect(page.get_by_label("Quantity of Instruction")).to_be_hidden()
    expect(page.get_by_label("Quantity of C172")).to_have_value("7")
    expect(page.locator("#draft-total")).to_have_text("$1,050.00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(f"/billing/invoices/{draft.id}")
    assert Invoice.get_by_id(draft.id).total_minor == 1_050_00


def test_a_quantity_and_a_note_typed_while_an_item_is_added_are_kept(open_page: OpenPage, draft: Invoice) -> None:
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/lines")
    choose_instruction(page)
    wait_for(page, held, 1)
    page.locator("details.note summary").click()
    page.locator("#note").fill("thank you")
    page.get_by_label("Quantity of C172").fill("7")
    held[0].continue_()
    expect(page.get_by_label("Quantity of Instruction")).to_be_visible()
    expect(page.locator("#draft-total")).to_have_text("$1,115.00")
    page.reload()
    expect(page.get_by_label("Quantity of C172")).to_have_value("7.0")
    expect(page.locator("#note")).to_have_value("thank you")


@pytest.mark.parametrize("change", ["add", "remove"])
def test_nothing_is_saved_before_a_line_has_come_or_gone(open_page: OpenPage, draft: Invoice, change: str) -> None:
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    with_instruction(page)
    held = hold(page, f"/billing/invoices/{draft.id}/lines*", "POST")
    if change == "add":
        page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
        page.get_by_role("option", name="Instruction").click()
    else:
        page.get_by_role("button", name="Actions for Instruction").click()
        page.get_by_role("menuitem", name="Remove line").click()
    wait_for(page, held, 1)
    for name in ("Save", "Save and pay"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    let_go(page, held)
    expect(page.get_by_label("Quantity of Instruction")).to_have_count(2 if change == "add" else 0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(f"/billing/invoices/{draft.id}")
    assert Invoice.get_by_id(draft.id).total_minor == (280_00 if change == "add" else 150_00)


def test_a_quantity_typed_before_the_item_is_even_found_is_its_quantity(open_page: OpenPage, draft: Invoice) -> None:
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/offers")
    page.get_by_role("combobox", name="Add Items").press_sequentially("ins")
    page.keyboard.press("Enter")
    wait_for(page, held, 1)
    page.keyboard.type("12")
    page.wait_for_timeout(300)
    let_go(page, held)
    expect(page.get_by_label("Quantity of Instruction")).to_have_value("12")
    expect(page.locator("#draft-total")).to_have_text("$930.00")


def test_an_item_is_shown_though_later_prices_were_answered_first(open_page: OpenPage, draft: Invoice) -> None:
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/lines")
    choose_instruction(page)
    wait_for(page, held, 1)
    page.get_by_label("Quantity of C172").fill("7")
    expect(page.locator("#draft-total")).to_have_text("$1,050.00")
    let_go(page, held)
    expect(page.get_by_label("Quantity of Instruction")).to_be_visible()
    expect(page.locator("#draft-total")).to_have_text("$1,115.00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(f"/billing/invoices/{draft.id}")
    assert Invoice.get_by_id(draft.id).total_minor == 1_115_00


def test_a_quantity_is_not_lost_to_an_answer_that_takes_long(open_page: OpenPage, draft: Invoice) -> None:
    page = open_page("frontdesk", alone=True)
    page.clock.install()
    page.goto(f"/billing/invoices/{draft.id}/edit")
    held = hold(page, f"/billing/invoices/{draft.id}/lines")
    choose_instruction(page)
    wait_for(page, held, 1)
    page.keyboard.type("12")
    page.clock.fast_forward(20_000)
    held[0].continue_()
    expect(page.get_by_label("Quantity of Instruction")).to_have_value("12")
