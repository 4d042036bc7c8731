import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests import factories as make
from tests.browser.journeys.records import findable, keep
from tests.browser.journeys.steps import Look
from webapp.domain import checks
from webapp.models import Customer, Package, User

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] .body")]
    .filter(element => element.scrollWidth > element.clientWidth + 1).map(element => element.outerHTML.slice(0, 80))"""
NO_SCRIPT = "matchMedia('(scripting: none)').matches"


@pytest.fixture(autouse=True)
def the_books_are_right(live_server: str) -> Iterator[None]:
    """At the end of every journey, wherever it went."""
    yield
    assert checks.faults() == []


@pytest.fixture(scope="session")
def look(assert_accessible: Look, chromium: Browser) -> Look:
    """Fail when the page as it is shown now cannot be used by everybody, or scrolls sideways."""

    def check(page: Page) -> None:
        assert page.evaluate(TOO_WIDE) == [], page.url
        if page.evaluate(NO_SCRIPT):
            check_copy(page)
        else:
            assert_accessible(page)

    def check_copy(page: Page) -> None:
        """Where no script may run, neither may the one that checks: it is given a copy of the page."""
        context = chromium.new_context(viewport=page.viewport_size, reduced_motion="reduce")
        copy, markup = context.new_page(), re.sub("<script.*?</script>", "", page.content(), flags=re.DOTALL)
        copy.route(page.url, lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8"))
        copy.goto(page.url)
        assert_accessible(copy)
        context.close()

    return check


@pytest.fixture
def emma(cast: dict[str, User]) -> Customer:
    return keep("Emma Jones")


@pytest.fixture
def ppl(cast: dict[str, User]) -> Package:
    """40.0 h C172 @ 120.00 and 20.0 h instruction @ 55.00; 150.00 and 65.00 without it."""
    return findable(make.ppl())


@pytest.fixture
def piano(cast: dict[str, User]) -> Package:
    """Ten lessons @ 45.00; 50.00 without it."""
    return findable(make.piano())


@pytest.fixture
def trio(cast: dict[str, User]) -> Package:
    """Three lessons for 100.00; 40.00 each without it."""
    return findable(make.trio())
