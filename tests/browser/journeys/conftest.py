from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page

from tests import factories as make
from tests.browser.journeys.records import findable, keep
from tests.browser.journeys.steps import Look, assert_fits
from webapp.domain import checks
from webapp.models import Customer, Package, User

NO_SCRIPT = "matchMedia('(scripting: none)').matches"


@pytest.fixture(autouse=True)
def the_books_are_right(live_server: str) -> Iterator[None]:
    """At the end of every journey, wherever it went."""
    yield
    assert checks.faults() == []


@pytest.fixture(scope="session")
def look(assert_accessible: Look) -> Look:
    """Fail when the page as it is shown now cannot be used by everybody, or scrolls sideways."""

    def check(page: Page) -> None:
        assert_fits(page)
        if page.evaluate(NO_SCRIPT):
            with scripts_allowed(page):
                assert_accessible(page)
        else:
            assert_accessible(page)

    return check


@contextmanager
def scripts_allowed(page: Page) -> Iterator[None]:
    """For the one that checks. Those of the page were not loaded and stay away."""
    wire = page.context.new_cdp_session(page)
    for forbidden in (True, False):  # who has not forbidden them cannot allow them either
        wire.send("Emulation.setScriptExecutionDisabled", {"value": forbidden})
    yield
    wire.send("Emulation.setScriptExecutionDisabled", {"value": True})
    assert page.evaluate(NO_SCRIPT)


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
