"""Home in a real browser: the next step of a row without leaving the page, and the figures behind the chart."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.browser.conftest import OF_LOOKS, violations
from webapp.db import db
from webapp.models import PackageItem, User

OpenPage = Callable[..., Page]
Check = Callable[[Page], None]


@pytest.fixture
def busy(app: Flask, cast: dict[str, User]) -> None:
    """Something of each kind, on the real day: the pages are not told another."""
    desk, today = cast["owner"], datetime.now(UTC).date()  # the company of the tests keeps UTC
    long_ago = today - timedelta(days=40)
    package = make.piano(validity="date", last_day=today + timedelta(days=3))
    lesson = PackageItem.get(PackageItem.package == package).item
    for name in ("Ann Able", "عمر حداد"):
        customer = make.somebody(name)
        make.pay(make.save(customer, (package, None), by=desk, on=long_ago), by=desk, on=long_ago)
        make.settle(make.save(customer, (lesson, "8"), by=desk, on=today), by=desk, on=today)
    make.save(make.somebody("Tom Late"), (lesson, "1"), by=desk, on=long_ago)
    make.draft(make.somebody("Bea Begun"), "25.00", by=desk, on=today)
    db.close()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_home_is_accessible_and_fits(open_page: OpenPage, assert_accessible: Check, busy: None, phone: bool) -> None:
    """The markup is the same on a phone and in the dark, so only how it looks is looked at there."""
    page = open_page("owner", phone=phone)
    page.goto("/")
    expect(page.get_by_role("img", name="Money held at the end of each month")).to_be_visible()
    page.get_by_text("Every month", exact=True).click()
    expect(page.get_by_role("table", name="Money held at the end of each month")).to_be_visible()
    if phone:
        assert violations(page, rules=OF_LOOKS) == []
    else:
        assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert violations(page, rules=OF_LOOKS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_invoice_is_paid_from_home_and_the_page_follows(open_page: OpenPage, busy: None) -> None:
    page = open_page("frontdesk")
    page.goto("/")
    overdue = page.get_by_role("region", name="Overdue")
    overdue.get_by_role("link", name="Pay invoice").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Cash").fill("50")
    dialog.get_by_role("button", name="Pay", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(overdue).to_have_count(0)
    expect(page.get_by_role("region", name="Today’s takings")).to_contain_text("50.00")
    expect(page).to_have_url("/")


def test_the_focus_stays_near_a_row_that_is_done(open_page: OpenPage, busy: None) -> None:
    page = open_page("manager")
    page.goto("/")
    soon = page.get_by_role("region", name="Expires soon")
    expect(soon.get_by_role("listitem")).to_have_count(2)
    soon.get_by_role("link", name="Extend PIANO of Ann Able").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Extend")
    dialog.get_by_label("Never ends").check()
    dialog.get_by_label("Reason").fill("was ill")
    dialog.get_by_role("button", name="Extend").click()
    expect(dialog).to_be_hidden()
    expect(soon.get_by_role("listitem")).to_have_count(1)
    assert page.evaluate("document.activeElement.closest('#attention-soon') !== null")


def test_without_javascript_every_step_is_a_page(open_page: OpenPage, busy: None) -> None:
    page = open_page("manager", javascript=False)
    page.goto("/")
    page.get_by_role("link", name="Use one of PIANO of Ann Able").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Use")
    page.goto("/")
    page.get_by_role("link", name="Show all: Overdue").click()
    expect(page).to_have_url("/billing/invoices?status=overdue")
    expect(page.get_by_role("row", name="Tom Late")).to_be_visible()
