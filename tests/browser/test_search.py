"""The box at the head of every page and the keyboard shortcuts, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from tests.browser.conftest import OF_LOOKS, violations
from tests.browser.journeys.steps import main_navigation
from webapp.db import db
from webapp.domain import customers
from webapp.models import Customer, Role, User

OpenPage = Callable[..., Page]
Check = Callable[[Page], None]


@pytest.fixture
def people(cast: dict[str, User]) -> list[Customer]:
    role = Role.get(Role.name == "Customer")
    made = [customers.create_customer(name=name, role=role, by=None) for name in ("Ann Able", "Anna Zwei", "عمر حداد")]
    make.save(made[1], "25.00", by=cast["owner"])
    db.close()
    return made


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Find anything")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Found").get_by_role("option")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_what_it_opens_is_accessible_and_fits(
    open_page: OpenPage, assert_accessible: Check, people: list[Customer], phone: bool
) -> None:
    """Its pages and the dialog are among those of test_every_screen. The markup is the same on a phone and in the dark,
    so only how it looks is looked at there."""
    page = open_page("owner", phone=phone)
    page.goto("/shortcuts")
    box(page).fill("an")
    expect(options(page)).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if phone:
        assert violations(page, rules=OF_LOOKS) == []
    else:
        assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert violations(page, rules=OF_LOOKS) == []
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_typed_is_found_and_enter_opens_it(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk")
    page.goto("/customers")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("an")
    expect(options(page)).to_have_text([re.compile("Ann Able"), re.compile("Anna Zwei")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/customers/{people[1].id}")
    page.keyboard.press("/")
    page.keyboard.type("2026-1")
    page.keyboard.press("Enter")  # before the list is there: what it finds first is opened when it comes
    expect(page.get_by_role("heading", level=1)).to_contain_text("2026-0001")
    page.go_back()
    expect(page).to_have_url(f"/customers/{people[1].id}")


def test_escape_gives_the_focus_back(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk")
    page.goto("/customers")
    link = page.get_by_role("link", name="Ann Able")
    link.focus()
    page.keyboard.press("/")
    page.keyboard.type("an")
    expect(options(page)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(options(page).first).to_be_hidden()
    expect(box(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_tab_leaves_the_box_and_opens_nothing(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk")
    page.goto("/groups")
    box(page).press_sequentially("an")
    expect(options(page)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(options(page).first).to_be_hidden()
    expect(main_navigation(page).get_by_role("link", name="Home")).to_be_focused()
    expect(page).to_have_url("/groups")


def test_on_a_phone_a_tap_opens_what_was_found(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk", phone=True)
    page.goto("/customers")
    box(page).tap()
    expect(options(page)).to_have_text(["Type a name, an invoice number or M-0058"])
    box(page).press_sequentially("عمر")
    options(page).first.tap()
    expect(page).to_have_url(f"/customers/{people[2].id}")


def test_without_javascript_it_is_a_page(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk", javascript=False)
    page.goto("/")
    page.get_by_label("Find anything").fill("zwei")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Anna Zwei").click()
    expect(page).to_have_url(f"/customers/{people[1].id}")
    page.get_by_role("link", name="Shortcuts").click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Off in this browser.", exact=True)).to_be_visible()


PLACES = {
    "g h": "/",
    "g c": "/customers",
    "g b": "/billing/invoices",
    "g p": "/billing/packages",
    "g i": "/catalogue/items",
    "n": "/billing/invoices/new",
}


def test_keys_go_to_places(open_page: OpenPage, people: list[Customer]) -> None:
    """Each from where the one before led to."""
    page = open_page("frontdesk")
    page.goto("/groups")
    for keys, address in PLACES.items():
        for key in keys.split():
            page.keyboard.press(key)
        expect(page, keys).to_have_url(address)
        page.locator("html[data-ready]").wait_for(state="attached")


def test_a_opens_add_to_package_over_the_page_and_keys_rest_meanwhile(
    open_page: OpenPage, people: list[Customer]
) -> None:
    page = open_page("frontdesk")
    page.goto("/customers")
    page.get_by_role("link", name="Ann Able").focus()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Add to Package")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").focus()
    page.keyboard.press("n")
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).to_have_url("/customers")
    expect(page.get_by_role("link", name="Ann Able")).to_be_focused()


def test_whoever_types_meets_no_shortcut(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk")
    page.goto("/customers")
    page.keyboard.press("f")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("ann?")
    expect(page.get_by_label("Search")).to_have_value("ann?")
    page.get_by_label("Find anything").fill("")
    page.keyboard.type("n/a")
    expect(page.get_by_label("Find anything")).to_have_value("n/a")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("heading", level=1).click()
    for chord in ("Control+n", "Alt+a", "Shift+N", "g", "x", "h"):
        page.keyboard.press(chord)
    expect(page).to_have_url(re.compile(r"/customers\?q=ann"))


def test_switched_off_they_do_nothing(open_page: OpenPage, people: list[Customer]) -> None:
    page = open_page("frontdesk")
    page.goto("/customers?q=ann")
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Shortcuts are off in this browser.").first).to_be_visible()
    expect(page).to_have_url("/customers?q=ann")
    for key in ("?", "/", "a", "n"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url("/customers?q=ann")
    expect(box(page)).not_to_be_focused()
    page.get_by_role("link", name="Shortcuts").click()
    page.get_by_role("dialog").get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("Shortcuts are on in this browser.").first).to_be_visible()
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
