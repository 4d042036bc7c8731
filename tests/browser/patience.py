"""What a person does by themselves: wait until the page is there. Playwright is quicker, and what it does before the
styles and the scripts are in place is lost, or finds what no style hides yet."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Frame, Locator, Page

PATIENCE_MS = 10_000

HOLD_CLICKS = """document.adoptedStyleSheets = [new CSSStyleSheet()]
document.adoptedStyleSheets[0].replaceSync("html:not([data-ready]) { pointer-events: none }")"""
"""A page takes no click before its scripts are in place, and Playwright tries until it does: clicked earlier, a link
that opens a dialog opens a page. Also where a link or a form led to the page."""

UNTIL_READY = """patience => new Promise((done, fail) => {
    const page = document.documentElement
    const look = () => (!page.querySelector("script") || "ready" in page.dataset) && done()
    new MutationObserver(look).observe(page, {attributes: true})
    AbortSignal.timeout(patience).addEventListener("abort", () => fail(new Error("its scripts are not in place")))
    look()
})"""
"""Said by the page itself: to ask it through locators takes Playwright a tenth of a second on each new page. The
patience is no timer, which a test may have stopped."""

KEYS = ("fill", "press", "press_sequentially", "select_option")
"""What a locator does without the pointer, which HOLD_CLICKS does not hold."""

arrived: WeakKeyDictionary[Page, list[Frame]] = WeakKeyDictionary()
"""Where a link or a form led each page that waits for its scripts, until somebody has waited for them."""


def wait_for_scripts(page: Page) -> None:
    """Let `goto` and its kind return when the scripts of the page are in place, and keys wait for them."""

    def let_it_say() -> None:
        page.evaluate(UNTIL_READY, PATIENCE_MS)

    def ask() -> None:
        ask_it(page)

    def waiting(go: Callable[..., Any], wait: Callable[[], None]) -> Callable[..., Any]:
        def go_and_wait(*args: Any, **kwargs: Any) -> Any:
            response = go(*args, **kwargs)
            wait()
            return response

        return go_and_wait

    been = arrived[page] = []
    page.on("framenavigated", lambda frame: been.append(frame))  # noqa: PLW0108  # Playwright marks it
    for name, wait in (("goto", let_it_say), ("reload", let_it_say), ("go_back", ask), ("go_forward", ask)):
        setattr(page, name, waiting(getattr(page, name), wait))
    for name in ("press", "type"):
        setattr(page.keyboard, name, pressing(page, getattr(page.keyboard, name)))


def pressing(page: Page, act: Callable[..., None]) -> Callable[..., None]:
    def wait_and_act(*args: Any, **kwargs: Any) -> None:
        wait_if_new(page)
        act(*args, **kwargs)

    return wait_and_act


def let_locators_wait() -> None:
    """Every locator of a page that waits for its scripts presses and fills after them: not before it is there itself,
    since it may be what the next page has."""
    for name in KEYS:
        setattr(Locator, name, locating(getattr(Locator, name)))


def locating(act: Callable[..., Any]) -> Callable[..., Any]:
    def wait_and_act(target: Locator, *args: Any, **kwargs: Any) -> Any:
        if target.page in arrived:
            target.wait_for(state="attached")
            wait_if_new(target.page)
        return act(target, *args, **kwargs)

    return wait_and_act


def wait_if_new(page: Page) -> None:
    """Where a link or a form led to the page: a key pressed too early would be lost, as a click would."""
    if arrived[page]:
        arrived[page].clear()
        ask_it(page)


def ask_it(page: Page) -> None:
    """From outside, since the page may be left once more meanwhile: htmx fetches what it had put in place."""
    page.locator("html:is([data-ready], :not(:has(script)))").wait_for(state="attached")


def wait_for_styles(page: Page) -> None:
    """Before anything is measured, with scripts or without: a page that is only read yet has no width and no colour."""
    page.wait_for_load_state()
