"""A real Chromium on the running app.

`open_page` gives pages, signed in as one of the cast or as nobody, on a desk or a phone, light or dark, with or without
JavaScript. Whatever a page says on its console, an error in a script or a breach of the content policy fails the test.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE_CORE
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from tests.browser import launch
from tests.browser.patience import HOLD_CLICKS, PATIENCE_MS, let_locators_wait, wait_for_scripts, wait_for_styles
from tests.clients import session_cookie

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}

REMARKS = (
    "the server responded with a status of 422",
    "Clear-Site-Data header on",
    "Autofocus processing was blocked because a document already has a focused element.",
)
"""Chromium says so by itself whenever a form comes back with its errors, somebody signs out, or who is quicker than the
page has chosen a field before it does: as it should be."""

REPORT_POLICY = """addEventListener("securitypolicyviolation",
    breach => console.error("content policy:", breach.violatedDirective, breach.blockedURI, breach.sourceFile))"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = launch.find()
    if path is None:
        pytest.fail("no Chromium: python3 run.py test brings one")
    let_locators_wait()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(built_app: Flask) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = make_server("127.0.0.1", 0, built_app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def live_server(server: str, app: Flask) -> str:
    """The address of the app, on a database as it is before every test."""
    return server


@pytest.fixture
def said() -> list[str]:
    """What the pages of this test said that they should not have; a test that provokes something takes it out."""
    return []


OpenPage = Callable[..., Page]
Kind = tuple[bool, bool, bool]


@pytest.fixture(scope="session")
def rested(chromium: Browser, server: str) -> Iterator[dict[Kind, list[BrowserContext]]]:
    """Contexts that the next test may go on with, by their kind: what they have fetched once of the app's files they
    need not fetch and read anew. Of the test before they keep no cookie and no page, and with it nothing that a page
    keeps. They know the server by its address, and go when it goes."""
    kept: dict[Kind, list[BrowserContext]] = defaultdict(list)
    yield kept
    for context in chain.from_iterable(kept.values()):
        context.close()


@pytest.fixture
def open_page(
    chromium: Browser, live_server: str, app: Flask, said: list[str], rested: dict[Kind, list[BrowserContext]]
) -> Iterator[OpenPage]:
    used: list[tuple[BrowserContext, list[BrowserContext] | None]] = []

    def open_context(phone: bool, dark: bool, javascript: bool) -> BrowserContext:
        options: dict[str, Any] = {"viewport": PHONE, "has_touch": True} if phone else {"viewport": DESK}
        context = chromium.new_context(
            base_url=live_server,
            locale="en-US",
            timezone_id="UTC",
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(REPORT_POLICY)
        if javascript:
            context.add_init_script(HOLD_CLICKS)
        return context

    def open_one(
        name: str | None = None,
        *,
        phone: bool = False,
        dark: bool = False,
        javascript: bool = True,
        alone: bool = False,
        hasty: bool = False,
    ) -> Page:
        """`alone` is for tests of a first visit, and for those that change more than the page: its clock. `hasty` is
        for what people type before the scripts are there."""
        kind = phone, dark, javascript
        resting = None if alone else rested[kind]
        context = resting.pop() if resting else open_context(*kind)
        used.append((context, resting))
        if name:
            cookie = {"name": app.config["SESSION_COOKIE_NAME"], "value": session_cookie(app, name)}
            context.add_cookies([{**cookie, "url": live_server}])  # type: ignore[typeddict-item]  # the optional keys
        page = context.new_page()
        if javascript and not hasty:
            wait_for_scripts(page)
        page.on("console", lambda message: listen(message, said))
        page.on("pageerror", lambda error: said.append(f"a script failed: {error}"))
        return page

    yield open_one
    for context, resting in used:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # a page may ask for something to the last
            page.close()
        if resting is None:
            context.close()
            continue
        context.clear_cookies()
        resting.append(context)
    assert said == []


def listen(message: ConsoleMessage, said: list[str]) -> None:
    if not any(remark in message.text for remark in REMARKS):
        said.append(f"{message.type}: {message.text} ({message.location.get('url')})")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page on a desk, with nobody signed in."""
    return open_page()


WHAT_IS_WRONG = """async ([inside, beside, rules]) => (await axe.run({ include: [inside], exclude: beside }, {
    resultTypes: ["violations"], ...(rules.length && {runOnly: rules})
})).violations.map(one => `${one.id}: ${one.nodes[0].html} ${one.nodes[0].any.map(it => it.message)}`)"""

FRAME = ("body > .side", "body > .foot-nav")
"""What stands around each page: the navigation and who is signed in."""

SHOWN = """frame => [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches, ...Array.from(
    document.querySelectorAll(frame), one => one.outerHTML.replace(/ aria-current="\\w+"| value="[^"]*"/g, ""))]"""
"""How the frame is shown, whichever of its links is where one is."""

OF_LOOKS = ("color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block")
"""The rules of axe-core whose answer depends on the colour scheme or the width, not only on the markup. That of the
size of targets is off by itself: what a bar covers until one scrolls counts as small."""


AXE_SCRIPT = (
    AXE_CORE
    + """
{
    const { Color } = axe.commons.color, { parseString } = Color.prototype, known = new Map()
    Color.prototype.parseString = function (text) {
        if (known.has(text)) return Object.assign(this, known.get(text))
        parseString.call(this, text)
        known.set(text, { r: this.r, g: this.g, b: this.b, alpha: this.alpha })
        return this
    }
    null
}
"""
)
"""axe-core, made to read each colour once: it reads the same dozen anew for every text and all that is behind it, which
is a good third of its time. It ends with null: a function Playwright would call."""


framed: set[tuple[object, ...]] = set()


def violations(page: Page, inside: str = "html", rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds wrong in the page, or in a part of it, as it is shown now; by all rules or by some.

    A frame in which nothing was wrong is not looked at again: it is the same on each page that somebody sees.
    """
    wait_for_styles(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    frame = (*rules, *page.evaluate(SHOWN, ", ".join(FRAME))) if inside == "html" else None
    found: list[str] = page.evaluate(WHAT_IS_WRONG, [inside, FRAME if frame in framed else [], list(rules)])
    if frame and not found:
        framed.add(frame)
    return found


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Page], None]:
    """Fail with what is wrong in the page, or in the dialog that covers it: nothing behind it can be reached then."""

    def check(page: Page) -> None:
        inside = "dialog[open]" if page.locator("dialog[open]").count() else "html"
        assert violations(page, inside) == [], page.url

    return check
