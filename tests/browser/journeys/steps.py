"""What people do on the screens, by the words they read there."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.patience import wait_for_styles
from tests.business import PASSWORD, address

OpenPage = Callable[..., Page]
Look = Callable[[Page], None]

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] .body")]
    .filter(element => element.scrollWidth > element.clientWidth + 1).map(element => element.outerHTML.slice(0, 80))"""


def assert_fits(page: Page) -> None:
    """Fail when the page as it is shown now scrolls sideways. Enough where test_every_screen looks at the same in every
    other way; where it does not, a journey looks too."""
    wait_for_styles(page)
    assert page.evaluate(TOO_WIDE) == [], page.url


def day_of_the_business() -> date:
    """Today, where the business of the tests is."""
    return datetime.now(UTC).date()


def sign_in(page: Page, name: str) -> None:
    """Fill in the sign-in page that is shown."""
    page.get_by_label("Email").fill(address(name))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_hidden()


def main_navigation(page: Page) -> Locator:
    """That of a desk, or on a phone the one at the foot: whichever the styles show once they are in place."""
    name = "Main, at the foot" if page.viewport_size == PHONE else "Main"
    return page.get_by_role("navigation", name=name, exact=True)


def open_billing(page: Page, tab: str) -> None:
    """Billing in the sidebar (on a phone at the foot), then one of its tabs."""
    main_navigation(page).get_by_role("link", name="Billing").click()
    page.get_by_role("navigation", name="Billing").get_by_role("link", name=tab).click()
    expect(page).to_have_title(f"{tab} · Carnet")


def dialog(page: Page) -> Locator:
    """The dialog, open."""
    found = page.get_by_role("dialog")
    expect(found).to_be_visible()
    return found


def choose(where: Page | Locator, label: str, typed: str, name: str) -> None:
    """Type into a field that finds records, and take the one of this name."""
    where.get_by_role("combobox", name=label).fill(typed)
    where.get_by_role("option", name=re.compile(re.escape(name))).first.click()


def row(page: Page, *texts: str) -> Locator:
    """The row of a list that says all of this."""
    found = page.locator("main tbody tr")
    for text in texts:
        found = found.filter(has_text=text)
    return found


def new_invoice(page: Page, customer: str) -> None:
    """The empty editor, and whom it is for."""
    page.goto("/billing/invoices/new")
    choose_customer(page, customer)


def choose_customer(page: Page, customer: str) -> None:
    """In the empty editor."""
    choose(page, "Customer", customer.partition(" ")[0], customer)
    expect(heading(page)).to_contain_text("New invoice")


def save_invoice(page: Page) -> None:
    """Save the draft that is shown; it is an open invoice then."""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(heading(page)).to_contain_text("Open")


def open_actions(page: Page, of: str) -> None:
    """Open the Actions of a row: a menu, or a small page where no script may run."""
    page.get_by_role("button", name=f"Actions for {of}").click()


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def provoked(said: list[str], text: str) -> None:
    """Take out what a journey provoked on purpose; it must have happened."""
    kept = [sentence for sentence in said if text not in sentence]
    assert len(kept) < len(said), f"nobody said {text}"
    said[:] = kept
