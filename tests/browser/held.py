"""Requests that are held back and let go in another order than a fast network would answer them."""

from fnmatch import fnmatch
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

Held = list[Route]


def hold(page: Page, path: str, method: str = "") -> Held:
    """From now on no request to this path, or none with this method, is answered before it is let go. A path may end
    in a star."""
    held: Held = []

    def decide(route: Route) -> None:
        if method in ("", route.request.method):
            held.append(route)
        else:
            route.continue_()

    page.route(lambda url: fnmatch(urlsplit(url).path, path), decide)
    return held


def wait_for(page: Page, held: Held, count: int) -> None:
    """Until so many requests are held."""
    for _ in range(100):
        if len(held) == count:
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{len(held)} requests instead of {count}")


def let_go(page: Page, held: Held) -> None:
    """Those that are held, and what they lead to."""
    for route in held:
        route.continue_()
    page.wait_for_timeout(300)
