"""The pictures of docs/pictures, taken of the sample business: python -m tests.browser.pictures.

It lives in a database that is thrown away, on a day of its own, so that the pictures change only when the screens do.
Look at each picture before keeping it: a machine without fonts for every script shows boxes.
"""

import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.browser import launch
from tests.browser.conftest import PHONE
from tests.browser.png import small
from webapp import create_app
from webapp.models import Membership

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MOMENT = datetime(2026, 6, 24, 14, 5, tzinfo=UTC)
PASSWORD = "only for the pictures"
WIDE = {"width": 1360, "height": 850}


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    chromium = launch.bring()
    with (
        tempfile.TemporaryDirectory() as folder,
        time_machine.travel(MOMENT),
        served(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        take_all(playwright.chromium.launch(executable_path=chromium), address)


def take_all(browser: Browser, address: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    desk, blank = signed_in(browser, address, viewport=WIDE), browser.new_page()
    dark = signed_in(browser, address, viewport=WIDE, color_scheme="dark")
    hand: dict[str, Any] = {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True}
    phone, phone_dark = (signed_in(browser, address, color_scheme=scheme, **hand) for scheme in ("light", "dark"))
    scenes: list[tuple[str, Page, Callable[[Page], None]]] = [
        ("packages", desk, packages),
        ("packages-dark", dark, packages),
        ("packages-phone", phone_dark, packages),
        ("invoice", desk, invoice),
        ("pay", desk, pay),
        ("membership", desk, membership),
        ("membership-dark", dark, bundle),
        ("membership-phone", phone, bundle),
        ("card", desk, card),
        ("home", desk, home),
        ("home-dark", dark, home),
        ("home-phone", phone, home),
    ]
    for name, page, go in scenes:
        go(page)
        page.evaluate("document.fonts.ready")
        content = small(page.screenshot(caret="initial"), blank)
        (PICTURES / f"{name}.png").write_bytes(content)
        sys.stdout.write(f"{name}.png: {len(content) // 1024} KB\n")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    app = create_app(
        {
            "DATABASE_URL": f"sqlite:///{folder / 'pictures.db'}",
            "INSTANCE": folder,
            "SECRET_KEY": "only for the pictures",
            "SESSION_HOURS": 24 * 365 * 200,  # the browser lives in another year and would forget who is signed in
        }
    )
    fill(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fill(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["demo", "--password", PASSWORD])
    if done.exit_code:
        sys.exit(done.output)


def signed_in(browser: Browser, address: str, **options: Any) -> Page:
    page = browser.new_context(base_url=address, locale="en-US", reduced_motion="reduce", **options).new_page()
    page.goto("/sign-in")
    page.get_by_label("Email").fill("manager@demo.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    return page


def packages(page: Page) -> None:
    page.goto("/billing/packages")


def invoice(page: Page) -> None:
    """A flight that is longer than what the block of hours has left."""
    block = active("5-hour block, Cessna 172P")[-1]
    page.goto(f"/billing/invoices/new?customer={block.customer_id}")
    for item, quantity in (("Cessna 172P", "3.1"), ("Flight instructor", "1.5"), ("Ground briefing", "0.5")):
        add(page, item, quantity)


def active(package: str) -> list[Membership]:
    """The active memberships of a package, the oldest first."""
    found = Membership.select().where((Membership.package_name == package) & (Membership.state == "active"))
    return list(found.order_by(Membership.start_on, Membership.id))


def add(page: Page, item: str, quantity: str) -> None:
    box = page.get_by_role("combobox", name="Add Items")
    box.click()
    box.press_sequentially(item)
    page.get_by_role("option").filter(has_text=item).first.click()
    field, total = page.get_by_label(f"Quantity of {item}"), page.locator("#draft-total")
    expect(field).to_have_value("1.0")
    before = total.inner_text()
    field.fill(quantity)
    expect(total).not_to_have_text(before)


def pay(page: Page) -> None:
    page.get_by_role("button", name="Save and pay").click()
    page.get_by_role("button", name="Pay what remains by Account").click()
    expect(page.locator(".effect")).to_contain_text("Account balance")
    page.get_by_role("button", name="Pay what remains by Card").click()
    expect(page.locator("#pay-sum")).to_contain_text("Paid in full")


def membership(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Paid")
    bundle(page)


def bundle(page: Page) -> None:
    page.goto(f"/billing/memberships/{active('Private pilot bundle')[0].id}")


def card(page: Page) -> None:
    page.get_by_role("link", name="Card").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()


def home(page: Page) -> None:
    page.goto("/")


if __name__ == "__main__":
    main()
