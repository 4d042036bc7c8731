"""What the script adds to the pages: the dialog, messages, action menus, pickers, lists that follow their filters. And
looks of every part, on a desk and on a phone, light and dark. On the pages of patterns, so no screen is needed."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import DESK, OF_LOOKS, PHONE, violations

PAGES = ["index", "table", "invoice", "membership", "home", "add", "pay", "menu"]
OPENED = {"dialog": ("table", "link", "Add to Package"), "menu": ("table", "button", "Actions for Дмитрий Соколов")}
FOUND = "Actions for Дмитрий Соколов"


@pytest.fixture
def owner(open_page):
    return open_page("owner")


def actions(page: Page):
    return page.get_by_role("button", name=FOUND)


def entry(page: Page, name: str):
    return page.get_by_role("menuitem", name=name)


def open_add(page: Page):
    page.goto("/patterns/table")
    page.get_by_role("link", name="Add to Package").click()
    return page.get_by_role("dialog")


def test_every_part_is_accessible_and_fits(open_page, assert_accessible):
    """By all rules on a desk in the light. In the dark and on a phone the markup is the same, so only how it looks is
    looked at, and what is shown on a phone alone, at its foot, by all rules once."""
    page = open_page("owner")
    for name in PAGES:
        page.goto(f"/patterns/{name}")
        assert_accessible(page)
        check_looks(page, "dark")
        page.set_viewport_size(PHONE)
        check_looks(page, "dark")
        check_looks(page, "light")
        if name == "table":
            assert_accessible(page)
        page.set_viewport_size(DESK)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_what_opens_is_accessible_and_fits(open_page, assert_accessible, phone):
    page = open_page("owner", phone=phone)
    for role, (name, kind, label) in OPENED.items():
        page.goto(f"/patterns/{name}")
        page.get_by_role(kind, name=label).click()
        expect(page.get_by_role(role)).to_be_visible()
        assert_accessible(page)
        check_looks(page, "dark")


def check_looks(page: Page, scheme: Literal["light", "dark"]):
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert violations(page, rules=OF_LOOKS) == [], page.url
    page.emulate_media(color_scheme="light")


def test_a_menu_is_worked_with_the_keyboard(owner):
    owner.goto("/patterns/table")
    actions(owner).focus()
    owner.keyboard.press("Space")
    expect(entry(owner, "Open")).to_be_focused()
    expect(actions(owner)).to_have_attribute("aria-expanded", "true")
    owner.keyboard.press("ArrowUp")
    expect(entry(owner, "Remove from Package")).to_be_focused()
    owner.keyboard.press("Home")
    owner.keyboard.press("ArrowDown")
    expect(entry(owner, "Invoice for package")).to_be_focused()
    owner.keyboard.press("Escape")
    expect(owner.get_by_role("menu")).to_be_hidden()
    expect(actions(owner)).to_be_focused()
    expect(actions(owner)).to_have_attribute("aria-expanded", "false")


def test_a_second_click_closes_the_menu(owner):
    owner.goto("/patterns/table")
    actions(owner).click()
    expect(owner.get_by_role("menu")).to_be_visible()
    actions(owner).click()
    expect(owner.get_by_role("menu")).to_be_hidden()
    expect(actions(owner)).to_have_attribute("aria-expanded", "false")


def test_a_dialog_opens_from_the_menu_and_gives_the_focus_back(owner):
    owner.goto("/patterns/table")
    actions(owner).click()
    entry(owner, "Remove from Package").click()
    expect(owner.get_by_role("dialog")).to_be_visible()
    expect(owner.get_by_role("menu")).to_be_hidden()
    owner.keyboard.press("Escape")
    expect(owner.get_by_role("dialog")).to_be_hidden()
    expect(owner.locator("#modal > *")).to_have_count(0)
    expect(actions(owner)).to_be_focused()


def test_success_closes_the_dialog_says_so_and_refreshes_what_changed(owner):
    owner.goto("/patterns/table")
    actions(owner).click()
    entry(owner, "Remove from Package").click()
    with owner.expect_response(lambda response: response.url.endswith("/patterns/table")) as refreshed:
        owner.get_by_role("button", name="Remove", exact=True).click()
    assert refreshed.value.request.headers["hx-target"] == "div#rows-table"
    expect(owner.get_by_role("dialog")).to_be_hidden()
    expect(owner.locator(".toast")).to_contain_text("Bea de Vries")
    expect(owner.locator("#say")).to_contain_text("Bea de Vries")
    expect(actions(owner)).to_be_focused()
    owner.get_by_role("button", name="Dismiss").click()
    expect(owner.locator(".toast")).to_have_count(0)


def test_several_clicks_send_one_request(owner):
    owner.goto("/patterns/table")
    actions(owner).click()
    entry(owner, "Remove from Package").click()
    form = owner.locator("#modal form")
    form.evaluate("form => { form.requestSubmit(); form.requestSubmit(); form.requestSubmit() }")
    expect(owner.get_by_role("dialog")).to_be_hidden()
    expect(owner.locator(".toast")).to_have_count(1)


def test_the_backdrop_closes_a_dialog_unless_something_was_typed(owner):
    dialog = open_add(owner)
    expect(dialog).to_be_visible()
    owner.mouse.click(20, 400)
    expect(dialog).to_be_hidden()
    owner.get_by_role("link", name="Add to Package").click()
    dialog.get_by_label("Note").fill("by hand")
    owner.mouse.click(20, 400)
    expect(dialog.get_by_label("Note")).to_have_value("by hand")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_what_the_server_cannot_do_is_said_in_the_dialog_and_nothing_typed_is_lost(owner, said):
    dialog = open_add(owner)
    dialog.get_by_label("Note").fill("by hand")
    owner.route("**/patterns/add", lambda route: route.fulfill(status=500, body="no"))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("[data-problems]")).to_contain_text("error 500")
    owner.route("**/patterns/add", lambda route: route.abort())
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("[data-problems]")).to_contain_text("could not be reached")
    expect(dialog.get_by_label("Note")).to_have_value("by hand")
    assert any("500" in text for text in said)
    said.clear()


def test_one_record_is_picked_by_typing(owner):
    owner.goto("/patterns/index")
    box, value = owner.get_by_label("Customer", exact=True), owner.locator("input[type=hidden][name=x_customer]")
    options = owner.locator("#x_customer-list").get_by_role("option")
    box.click()
    expect(options).to_have_count(5)
    box.press_sequentially("дми")
    expect(options).to_have_count(1)
    owner.keyboard.press("Enter")
    expect(box).to_have_value("Дмитрий Соколов")
    expect(value).to_have_value("customer:3")
    box.press_sequentially("x")
    expect(value).to_have_value("")
    expect(options).to_have_text("Nobody like that")
    owner.keyboard.press("Escape")
    expect(options.first).to_be_hidden()


def test_who_types_faster_than_the_server_answers_gets_the_first_found(owner):
    owner.goto("/patterns/index")
    box = owner.get_by_label("Customer", exact=True)
    box.fill("ama")
    owner.keyboard.press("Enter")
    expect(box).to_have_value("Amara Okafor-Whitfield")


def test_an_option_that_is_pressed_while_the_next_list_arrives_is_taken(owner):
    owner.goto("/patterns/index")
    box, options = owner.get_by_label("Customer", exact=True), owner.locator("#x_customer-list").get_by_role("option")
    box.click()
    expect(options).to_have_count(5)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    owner.route("**/patterns/options?*", hold)
    with owner.expect_request("**/patterns/options?*"):
        box.press_sequentially("дми")
    options.nth(1).hover()
    name = options.nth(1).get_attribute("data-text")
    owner.mouse.down()
    with owner.expect_response("**/patterns/options?*"):
        held[-1].continue_()
    owner.wait_for_timeout(200)
    owner.mouse.up()
    expect(box).to_have_value(name)


def test_several_records_are_picked_and_taken_away_and_the_preview_follows(owner):
    dialog = open_add(owner)
    box, tokens = dialog.get_by_label("Customers and groups"), dialog.locator(".tokens .token")
    expect(box).to_be_focused()
    box.press_sequentially("дми")
    expect(dialog.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    with owner.expect_response("**/patterns/preview") as preview:
        owner.keyboard.press("Enter")
    assert "who=customer%3A3" in (preview.value.request.post_data or "")
    expect(tokens).to_have_count(3)
    expect(owner.locator("#say")).to_have_text("4 will be added, 2 skipped")
    owner.keyboard.press("Backspace")
    expect(tokens).to_have_count(2)
    dialog.get_by_label("Monday ground school").click()  # not uncheck(), which looks at it afterwards: it is gone
    expect(tokens).to_have_text(["Ελένη Παπαδοπούλου"])
    expect(box).to_be_focused()


def test_escape_closes_the_list_before_the_dialog(owner):
    dialog = open_add(owner)
    dialog.get_by_label("Customers and groups").press_sequentially("o")
    expect(dialog.get_by_role("listbox")).to_be_visible()
    owner.keyboard.press("Escape")
    expect(dialog.get_by_role("listbox")).to_be_hidden()
    expect(dialog).to_be_visible()


def test_a_list_follows_its_filters_and_the_address_too(owner):
    owner.goto("/patterns/table")
    owner.keyboard.press("f")
    box = owner.get_by_placeholder("Customer or package")
    expect(box).to_be_focused()
    box.press_sequentially("соко")
    expect(owner.locator("tbody tr")).to_have_count(1)
    expect(box).to_be_focused()
    owner.get_by_label("Status").select_option("active")
    expect(owner).to_have_url(re.compile(r"\?q=[^&]+&status=active$"))  # and no empty package=


def test_pages_keep_the_focus_and_the_way_back(owner):
    owner.goto("/patterns/table")
    owner.get_by_role("link", name="Next").click()
    expect(owner).to_have_url(re.compile("after=x"))
    expect(owner.get_by_role("link", name="Next")).to_be_focused()
    owner.go_back()
    expect(owner).to_have_url(re.compile("/patterns/table$"))
    expect(owner.get_by_role("heading", name="Billing")).to_be_visible()


def test_a_message_goes_by_itself_but_not_while_the_pointer_is_on_it(open_page):
    owner = open_page("owner", alone=True)
    owner.clock.install()
    owner.goto("/patterns/dialog")
    owner.get_by_role("button", name="Remove", exact=True).click()
    toast = owner.locator(".toast")
    expect(toast).to_be_visible()
    toast.hover()
    owner.clock.run_for(20_000)
    expect(toast).to_be_visible()
    owner.mouse.move(0, 0)
    owner.clock.run_for(20_000)
    expect(toast).to_have_count(0)


def test_the_phone_has_its_destinations_at_the_foot(open_page):
    page = open_page("owner", phone=True)
    page.goto("/patterns/table")
    foot = page.get_by_role("navigation", name="Main, at the foot")
    expect(foot.get_by_role("link")).to_have_text(["Home", "Customers", "Billing", "Catalogue"])
    foot.get_by_role("button", name="More").click()
    expect(page.get_by_role("navigation", name="More").get_by_role("link")).to_have_text(
        ["Groups", "Reports", "Settings"]
    )
    page.keyboard.press("Escape")
    expect(page.get_by_placeholder("Customer or package")).to_be_hidden()
    page.get_by_text("Filter and sort").click()
    expect(page.get_by_placeholder("Customer or package")).to_be_visible()


def test_all_of_it_works_without_javascript(open_page):
    page = open_page("owner", javascript=False)
    page.goto("/patterns/table")
    page.get_by_placeholder("Customer or package").fill("соко")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    actions_link = page.get_by_role("button", name="Actions for")
    actions_link.click()
    expect(page.get_by_role("heading", name="Actions for")).to_be_visible()
    page.get_by_role("link", name="Remove from Package").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Bea de Vries")


def test_what_takes_longer_than_a_moment_is_seen_and_said_to_be_under_way(owner):
    owner.goto("/patterns/table")
    held: list[Route] = []
    may_go: list[bool] = []
    busy = owner.locator("html[data-busy]")

    def hold(route: Route) -> None:
        if may_go:
            route.continue_()
        else:
            held.append(route)

    owner.route("**/patterns/table?*", hold)
    owner.get_by_label("Status").select_option("active")
    expect(busy).to_have_count(1)
    expect(owner.locator("#say")).to_have_text("One moment")
    may_go.append(True)
    for route in held:
        route.continue_()
    expect(busy).to_have_count(0)
    expect(owner.locator("tbody tr").first).to_be_visible()


def test_what_was_just_said_is_not_talked_over_while_the_list_follows(owner):
    owner.goto("/patterns/table")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    owner.route("**/patterns/table", hold)
    actions(owner).click()
    entry(owner, "Remove from Package").click()
    owner.get_by_role("button", name="Remove", exact=True).click()
    expect(owner.locator("#say")).to_contain_text("Bea de Vries")
    expect(owner.locator("html[data-busy]")).to_have_count(1)
    owner.wait_for_timeout(100)
    expect(owner.locator("#say")).to_contain_text("Bea de Vries")
    held[0].continue_()
    expect(owner.locator("html[data-busy]")).to_have_count(0)
