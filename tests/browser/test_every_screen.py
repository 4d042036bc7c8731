"""Every screen, dialog and menu with real records: accessible on a desk in the light and on a phone in the dark, and it
fits there and enlarged to 200 %; nothing jumps while a page is drawn. The parts that they are made of are looked at in
every scheme by test_parts. That no page complains on its console is watched by `open_page`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import AXE_SCRIPT, DESK, OF_LOOKS, PHONE, violations
from tests.browser.journeys.steps import TOO_WIDE
from tests.clients import client_for
from tests.screens import addresses, other_states
from webapp.db import db
from webapp.models import User

OpenPage = Callable[..., Page]

LARGE_SHIFT = 0.1
DRAWN = 4
"""So often a page that moved is drawn in all."""
PARTS = 3
"""So many tests walk the screens, to share them between workers."""
ENLARGED: ViewportSize = {"width": 640, "height": 400}
"""What a desk has left at 200 %."""
TALL: ViewportSize = {"width": 390, "height": 1600}
"""A phone on which no field of a dialog is half beneath the bar of its buttons: otherwise it can be scrolled to."""
FOLLOW = """markup => { document.querySelector("#followed")?.remove()
    const holder = document.createElement("p"); holder.id = "followed"; holder.hidden = true; holder.innerHTML = markup
    document.querySelector("main").append(holder); htmx.process(holder); holder.firstChild.click() }"""
"""The link stays until the next one: htmx answers to none that has left the page."""
WATCH_SHIFTS = """window.shifts = []; new PerformanceObserver(list => { for (const entry of list.getEntries())
    if (!entry.hadRecentInput) shifts.push([entry.value, ...entry.sources.map(source =>
        [source.node?.outerHTML?.slice(0, 80), source.previousRect.toJSON(), source.currentRect.toJSON()])])
}).observe({type: "layout-shift", buffered: true})"""


@pytest.fixture
def screens(app: Flask, cast: dict[str, User]) -> dict[str, str]:
    today = datetime.now(UTC).date()  # the company of the tests keeps UTC
    found = addresses(app, cast["owner"], today) | other_states()
    db.close()
    return found


def faults(page: Page, shown: str, inside: str = "html", phone: ViewportSize = PHONE) -> list[str]:
    """What is wrong with the page, or with a part of it, that a desk shows in the light. Then with the same on a phone
    in the dark: the markup is that of the desk, so only how it looks is looked at."""
    found = violations(page, inside) + page.evaluate(TOO_WIDE)
    page.set_viewport_size(ENLARGED)
    found += [f"at 200 %: {element}" for element in page.evaluate(TOO_WIDE)]
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(phone)
    found += [f"on a phone: {one}" for one in violations(page, inside, OF_LOOKS) + page.evaluate(TOO_WIDE)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    return [f"{shown}: {one}" for one in found]


def jumps(page: Page) -> list[object]:
    """What moved while the page was drawn, each time that it was: a busy machine may draw the first half of a page, and
    then all of it; what is made to jump always does so. A large jump counts at once."""
    for _ in range(DRAWN):
        found = list(page.evaluate("shifts"))
        if not found or any(shift[0] > LARGE_SHIFT for shift in found):
            break
        page.reload()
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_screens(open_page: OpenPage, screens: dict[str, str], part: int) -> None:
    page, wrong = open_page("owner", alone=True), []
    page.add_init_script(WATCH_SHIFTS)
    page.add_init_script(AXE_SCRIPT)  # each of them is looked at: so it need not be sent anew
    for address in list(screens.values())[part::PARTS]:
        page.goto(address)
        wrong += [f"{address}: jumps {shift}" for shift in jumps(page)]
        wrong += faults(page, address)
    assert not wrong, "\n".join(wrong)


def test_no_screen_jumps_on_a_phone(open_page: OpenPage, screens: dict[str, str]) -> None:
    """And what is drawn there at once is as narrow as what a desk shows is when its window is made so."""
    page, wrong = open_page("owner", phone=True, alone=True), []
    page.add_init_script(WATCH_SHIFTS)
    for address in screens.values():
        page.goto(address)
        wrong += [f"{address}: jumps {shift}" for shift in jumps(page)]
        wrong += [f"{address}: {element}" for element in page.evaluate(TOO_WIDE)]
    assert not wrong, "\n".join(wrong)


def test_dialogs(app: Flask, open_page: OpenPage, screens: dict[str, str]) -> None:
    """Whatever any screen or menu opens over itself, each once."""
    client = client_for(app, "owner")
    opened: dict[str, str] = {}
    for address in screens.values():
        markup = client.get(address, follow_redirects=True).text
        for link in re.findall(r'<a [^>]*hx-target="#modal"[^>]*>', markup):
            href = re.findall(r'hx-get="([^"]*)"', link)[0]
            opened.setdefault(re.sub(r"\d+", "0", href), link)
    assert len(opened) > 25
    db.close()
    page, wrong = open_page("owner"), []
    page.goto("/profile")
    for link in opened.values():
        page.evaluate(FOLLOW, link)
        page.wait_for_function("() => document.querySelector('#modal').open || document.querySelector('#toasts > *')")
        if not page.locator("#modal > article.dialog").is_visible():
            wrong.append(f"{link} opens no dialog")
            page.goto("/profile")
            continue
        wrong += faults(page, f"what {link} opens", "#modal", TALL)
        page.evaluate("document.querySelector('#modal').close()")
        expect(page.locator("#modal > *")).to_have_count(0)  # closed, and what that empties cannot be the next one
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("phone", [False, True], ids=["desk-light", "phone-dark"])
def test_menus(open_page: OpenPage, screens: dict[str, str], phone: bool) -> None:
    """On a phone they open at its foot: so there, too, each is opened. What they open over is among the screens."""
    page, wrong = open_page("owner", phone=phone, dark=phone), []
    for endpoint in ("memberships.index", "invoices.index", "customers.show", "settings.users", "invoices.edit"):
        page.goto(screens[endpoint])
        page.locator("[data-menu]").first.click()
        expect(page.get_by_role("menuitem").first).to_be_focused()
        found = violations(page, "#menu", OF_LOOKS if phone else ()) + page.evaluate(TOO_WIDE)
        wrong += [f"the menu of {endpoint}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)
