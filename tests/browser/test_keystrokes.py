"""The ten things that a front desk does most, on Home, by the keyboard alone: how many keys and requests each takes.

Every key counts, each letter of a name too; what is typed is what tells the record from the others. Requests are those
to the app, without its files. `pytest -s tests/browser/test_keystrokes.py` prints the figures.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.web.billing import customer, findable
from webapp.db import db
from webapp.domain import checks
from webapp.models import User

OpenPage = Callable[..., Page]


class Desk:
    """Somebody at the keyboard; counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys, self.requests = page, 0, 0
        page.on("request", lambda request: self._count(request.url))

    def _count(self, url: str) -> None:
        self.requests += "/static/" not in url

    def type(self, text: str) -> None:
        for letter in text:
            self.press(letter)

    def press(self, *keys: str) -> None:
        """A key that is held meanwhile counts as well."""
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += len(key.split("+")) if len(key) > 1 else 1

    def begin(self) -> None:
        self.page.goto("/")
        self.keys = self.requests = 0

    def find(self, typed: str, name: str) -> None:
        """Open what is found first by these letters, from wherever one is."""
        self.type(f"/{typed}")
        self.press("Enter")
        self.sees(name)

    def sees(self, heading: str) -> None:
        """On a page that is ready for keys."""
        expect(self.page.locator("html[data-ready]")).to_be_attached()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)

    def reads(self, text: str) -> None:
        expect(self.page.locator("#toasts")).to_contain_text(text)

    def focused(self, label: str) -> None:
        expect(self.page.get_by_label(label, exact=True).last).to_be_focused()


def use_one(desk: Desk) -> None:
    """From the customer at the desk to paid: the row of the customer's page offers it, package funds pay it."""
    desk.find("ann", "Ann Able")
    desk.press("u")
    desk.focused("Quantity of Lesson")
    desk.press("Enter")
    desk.reads("45.00 from package funds")


def look_up(desk: Desk) -> None:
    desk.find("ann", "Ann Able")
    expect(desk.page.locator("#customer-account")).to_contain_text("PIANO")


def open_by_number(desk: Desk) -> None:
    desk.find("m1", "Ann Able in PIANO")


def take_cash(desk: Desk) -> None:
    desk.find("bea", "Bea Begun")
    desk.press("p")
    desk.focused("Cash")
    desk.press("Shift+Tab", "Enter")
    expect(desk.page.locator("#pay-sum")).to_contain_text("Paid in full")
    desk.press("Enter")
    desk.reads("is paid")


def invoice_a_lesson(desk: Desk) -> None:
    """At the package rate, through the editor, paid by Account."""
    desk.press("n")
    desk.focused("Customer")
    desk.type("ann")
    desk.press("Enter")
    desk.focused("Add Items")
    desk.type("le")
    desk.press("Enter")
    desk.focused("Quantity of Lesson")
    desk.press("Control+Enter")
    desk.focused("Account")
    expect(desk.page.locator("#pay-sum")).to_contain_text("Paid in full")
    desk.press("Enter")
    expect(desk.page.locator("#invoice-heading")).to_contain_text("Paid")


def sell_a_package(desk: Desk) -> None:
    """Piano lessons for somebody new to them, paid in cash."""
    desk.press("n")
    desk.focused("Customer")
    desk.type("cal")
    desk.press("Enter")
    desk.focused("Add Items")
    desk.type("pi")
    desk.press("Enter")
    desk.focused("Billed now of PIANO")
    desk.press("Control+Enter")
    desk.focused("Cash")
    desk.press("Shift+Tab", "Enter")
    expect(desk.page.locator("#pay-sum")).to_contain_text("Paid in full")
    desk.press("Enter")
    expect(desk.page.locator("#invoice-heading")).to_contain_text("Paid")


def add_to_a_package(desk: Desk) -> None:
    desk.press("a")
    desk.focused("Package")
    desk.type("p")
    desk.press("Tab")
    desk.type("bea")
    desk.press("Enter")
    expect(desk.page.locator(".preview")).to_contain_text("1 will be added")
    desk.press("Control+Enter")
    desk.reads("Bea Begun was added to PIANO.")


def keep_a_new_customer(desk: Desk) -> None:
    """Every letter of the name is typed."""
    desk.press("c")
    desk.focused("Name")
    desk.type("Zoe Zwei")
    desk.press("Enter")
    desk.sees("Zoe Zwei")


def take_a_deposit(desk: Desk) -> None:
    desk.find("dan", "Dan Deposit")
    desk.press(".")
    expect(desk.page.get_by_role("menuitem").first).to_be_focused()
    desk.press("ArrowDown", "Enter")
    desk.focused("Amount")
    desk.type("50")
    desk.press("Enter")
    desk.reads("50.00")


def filter_packages(desk: Desk) -> None:
    desk.press("g", "p")
    desk.sees("Billing")
    desk.press("f")
    desk.type("ann")
    expect(desk.page).to_have_url("/billing/packages?q=ann")
    expect(desk.page.locator("main tbody tr")).to_have_count(1)


class Limit(NamedTuple):
    """So many keys and requests, and no more; a list may be asked for again while one types."""

    keys: int
    requests: int


ACTS: dict[Callable[[Desk], None], Limit] = {
    use_one: Limit(7, 8),
    look_up: Limit(5, 4),
    open_by_number: Limit(4, 4),
    take_cash: Limit(10, 9),
    invoice_a_lesson: Limit(11, 14),
    sell_a_package: Limit(14, 15),
    add_to_a_package: Limit(9, 8),
    keep_a_new_customer: Limit(10, 5),
    take_a_deposit: Limit(11, 8),
    filter_packages: Limit(6, 4),
}


@pytest.fixture
def shop(cast: dict[str, User]) -> None:
    """Ann has paid for ten piano lessons; Bea owes 25.00."""
    today, by = datetime.now(UTC).date(), cast["owner"]
    ann, bea, *_ = (customer(name) for name in ("Ann Able", "Bea Begun", "Cal Cole", "Dan Deposit"))
    piano = make.piano()
    findable()
    make.pay(make.save(ann, (piano, None), by=by, on=today), by=by, on=today)
    make.save(bea, (make.item("Sheet music", "25"), "1"), by=by, on=today)
    db.close()


def test_what_a_desk_does_most_takes_few_keys(open_page: OpenPage, shop: None) -> None:
    desk, took = Desk(open_page("frontdesk")), {}
    for act in ACTS:
        desk.begin()
        act(desk)
        desk.page.wait_for_load_state("networkidle")
        took[act] = Limit(desk.keys, desk.requests)
        print(f"{act.__name__.replace('_', ' '):24} {desk.keys:3} keys {desk.requests:3} requests")  # noqa: T201
    assert took[use_one].keys < 10
    assert {a.__name__: it for a, it in took.items() if it.keys > ACTS[a].keys or it.requests > ACTS[a].requests} == {}
    assert checks.faults() == []
