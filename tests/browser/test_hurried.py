"""Who is quicker than the network: what is done before the answer to the last act is here is not lost, and not undone
by that answer."""

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import APIResponse, Page, Route, expect

from tests import factories as make
from tests.browser.held import hold, let_go, wait_for
from tests.browser.journeys.records import keep
from webapp.db import db
from webapp.models import Group, Invoice, Membership, User

OpenPage = Callable[..., Page]


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
def choir(app: Flask, cast: dict[str, User]) -> Group:
    """Ann and Zoë in it."""
    made = make.group("Choir", keep("Ann Able"), keep("Zoë Zwei"))
    db.close()
    return made


def test_enter_takes_what_was_typed_not_what_was_found_before(open_page: OpenPage, app: Flask) -> None:
    keep("Ann Able"), keep("Anna Zwei")
    db.close()
    page = open_page("frontdesk")
    page.goto("/")
    page.get_by_role("combobox", name="Find anything").press_sequentially("ann")
    expect(page.get_by_role("option", name="Ann Able")).to_be_visible()
    page.keyboard.type("a z")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Anna Zwei")


def test_a_second_change_is_shown_though_the_first_was_being_fetched(open_page: OpenPage, choir: Group) -> None:
    page = open_page("manager")
    page.goto(f"/groups/{choir.id}")
    answered: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if answered:
            route.continue_()
        else:
            answered.append((route, route.fetch()))

    page.route(f"**/groups/{choir.id}", hold_the_first)
    page.get_by_role("button", name="Take Ann Able out of the group").click()
    page.wait_for_timeout(300)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Take Zoë Zwei out of the group").click()
    page.wait_for_timeout(100)
    for route, answer in answered:
        route.fulfill(response=answer)
    expect(page.locator("#group-members")).not_to_contain_text("Zoë Zwei")
    expect(page.locator("#group-members")).not_to_contain_text("Ann Able")


def test_who_presses_twice_types_into_one_dialog(open_page: OpenPage, app: Flask, cast: dict[str, User]) -> None:
    page = open_page("manager")
    page.goto("/customers")
    held = hold(page, "/customers/new")
    for _ in range(2):
        page.get_by_role("link", name="New customer").first.click()
    page.wait_for_timeout(100)
    let_go(page, held[:1])
    page.get_by_role("dialog").get_by_label("Name").fill("Beatrix Potter")
    page.wait_for_timeout(200)
    let_go(page, held[1:])
    expect(page.get_by_role("dialog").get_by_label("Name")).to_have_value("Beatrix Potter")


def test_escape_calls_off_a_dialog_that_is_not_there_yet(open_page: OpenPage, app: Flask) -> None:
    page = open_page("manager")
    page.goto("/customers")
    held = hold(page, "/customers/new")
    page.get_by_role("link", name="New customer").first.click()
    wait_for(page, held, 1)
    page.keyboard.press("Escape")
    let_go(page, held)
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_answer_closes_no_dialog_that_was_opened_since(open_page: OpenPage, choir: Group) -> None:
    page = open_page("manager")
    page.goto(f"/groups/{choir.id}")
    held = hold(page, f"/groups/{choir.id}/*", "POST")
    page.get_by_role("button", name="Take Ann Able out of the group").click()
    wait_for(page, held, 1)
    page.get_by_role("link", name="Edit").first.click()
    note = page.get_by_role("dialog").get_by_label("Note")
    note.fill("half a sentence")
    let_go(page, held)
    expect(page.locator("#group-members")).not_to_contain_text("Ann Able")
    expect(note).to_have_value("half a sentence")


def test_what_is_typed_before_a_refusal_is_here_stays(open_page: OpenPage, app: Flask, cast: dict[str, User]) -> None:
    page = open_page("manager")
    page.goto("/customers")
    page.get_by_role("link", name="New customer").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Email").fill("nobody")
    held = hold(page, "/customers/new")
    dialog.get_by_role("button", name="Save").click()
    wait_for(page, held, 1)
    dialog.get_by_label("Name").fill("Beatrix")
    let_go(page, held)
    expect(dialog.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Name")).to_have_value("Beatrix")


def test_one_row_of_a_package_at_a_time(open_page: OpenPage, app: Flask, cast: dict[str, User]) -> None:
    """What is typed while another comes is kept, and nothing is saved before it is there."""
    page = open_page("manager")
    page.goto("/catalogue/packages/new")
    held = hold(page, "/catalogue/packages/new")
    page.get_by_role("button", name="Add another item").click()
    wait_for(page, held, 1)
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_label("Rate").first.fill("120")
    let_go(page, held)
    expect(page.get_by_role("group", name="Item 2")).to_be_visible()
    expect(page.get_by_label("Rate").first).to_have_value("120")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_enabled()


@pytest.mark.parametrize("key, path", [("c", "/customers/new"), ("n", "/billing/invoices/new")])
def test_what_is_typed_after_a_shortcut_is_no_shortcut(
    open_page: OpenPage, app: Flask, cast: dict[str, User], key: str, path: str
) -> None:
    """But goes where it leads: into a dialog, or a page."""
    page = open_page("manager")
    page.goto("/groups")
    held = hold(page, path)
    page.keyboard.press(key)
    wait_for(page, held, 1)
    page.keyboard.type("anm")
    page.keyboard.press("Backspace")
    page.keyboard.type("n")
    held[0].continue_()
    expect(page.get_by_label("Name" if key == "c" else "Customer", exact=True)).to_have_value("ann")
    page.wait_for_timeout(200)
    assert urlsplit(page.url).path == ("/groups" if key == "c" else path)


def test_two_names_are_chosen_by_enter_before_the_first_is_found(open_page: OpenPage, choir: Group) -> None:
    keep("Bea Best")
    db.close()
    page = open_page("manager")
    page.goto(f"/groups/{choir.id}/members/new")
    held = hold(page, "/*/options")
    box = page.locator("main").get_by_role("combobox")
    box.press_sequentially("be")
    page.keyboard.press("Enter")
    wait_for(page, held, 1)
    page.keyboard.type("zo")
    page.wait_for_timeout(300)
    let_go(page, held)
    expect(page.locator(".tokens .token")).to_have_text(["Bea Best"])
    expect(box).to_have_value("zo")


def test_a_list_that_is_sorted_while_somebody_filters_it_is_filtered(open_page: OpenPage, two: None) -> None:
    page = open_page("manager")
    page.goto("/billing/packages")
    held = hold(page, "/billing/packages")
    page.get_by_label("Search").fill("ann")
    wait_for(page, held, 1)
    page.locator("thead").get_by_role("link", name="Start").click()
    wait_for(page, held, 2)
    let_go(page, held[:2])
    wait_for(page, held, 3)
    let_go(page, held[2:])
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Sort")).to_have_value("start")


def test_a_list_keeps_its_page_and_a_report_its_view(open_page: OpenPage, app: Flask, cast: dict[str, User]) -> None:
    """What addresses leave out, a default or a space at the end, is no filter that the list did not follow."""
    with db.atomic():
        for number in range(60):
            keep(f"Ann Able{number:02}")
    db.close()
    page = open_page("owner")
    page.goto("/customers")
    page.get_by_label("Search").press_sequentially("ann ")
    expect(page).to_have_url(re.compile("q=ann"))
    page.wait_for_timeout(400)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#customers-table tbody tr")).to_have_count(10)
    page.wait_for_timeout(400)
    expect(page.locator("#customers-table tbody tr")).to_have_count(10)
    page.goto("/reports")
    page.get_by_role("link", name="Owed on account").click()
    page.wait_for_timeout(400)
    expect(page.locator(".views [aria-current]")).to_have_text("Owed on account")


def test_a_list_of_options_that_did_not_come_can_be_asked_for_again(
    open_page: OpenPage, app: Flask, said: list[str]
) -> None:
    keep("Bea Best")
    db.close()
    page = open_page("frontdesk")
    page.goto("/billing/invoices/new")
    page.route("**/options?*", lambda route: route.abort())
    page.get_by_role("combobox", name="Customer").press_sequentially("be")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The list could not be fetched.")).to_be_visible()
    page.unroute_all()
    page.keyboard.type("a")
    expect(page.get_by_role("option", name="Bea Best")).to_be_visible()
    said.clear()
