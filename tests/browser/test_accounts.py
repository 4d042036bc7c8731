"""A customer's account in a real browser: what is stated while it is typed, what works without a script, and that every
screen is accessible and fits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.web.billing import customer
from webapp.domain import checks, funds
from webapp.models import Customer, Group, User

OpenPage = Callable[..., Page]
Check = Callable[[Page], None]

TODAY = datetime.now(UTC).date()  # the company of the tests keeps UTC


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    """60.00 by check, two open invoices and a member of a group of hers who owes too."""
    made, child, book = customer(), customer("Child"), make.item("Book", "50")
    funds.deposit(made, make.method("check"), 6000, by=by, on=TODAY)
    for who, days in ((made, 20), (made, 3), (child, 1)):
        make.save(who, (book, "1"), by=by, on=TODAY - timedelta(days=days), today=TODAY)
    Group.update(owner=made).where(Group.id == make.group("Family", child).id).execute()
    return made


def settled(page: Page) -> None:
    """Nothing is under way any more."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def act(page: Page, who: Customer, name: str) -> None:
    page.goto(f"/customers/{who.id}")
    page.get_by_role("button", name=f"Actions for {who.name}").click()
    page.get_by_role("menuitem", name=name).click()
    expect(page.locator("#modal")).to_be_visible()


def test_a_deposit_by_keyboard_alone(open_page: OpenPage, emma: Customer) -> None:
    page = open_page("frontdesk")
    page.goto(f"/customers/{emma.id}")
    page.get_by_role("button", name="Actions for Emma Jones").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Deposit").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_be_focused()
    page.keyboard.type("12.50")
    expect(page.locator("#funds-effect")).to_contain_text("72.50")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("General funds are 72.50 now.")
    expect(page.locator("#customer-account")).to_contain_text("72.50")
    assert make.general(emma) == 7250


def test_several_invoices_while_they_are_ticked(open_page: OpenPage, emma: Customer, assert_accessible: Check) -> None:
    page = open_page("frontdesk")
    act(page, emma, "Pay invoices")
    page.get_by_label("Cash", exact=True).fill("80")
    cells = page.locator('#owed [data-label="This payment"]')
    expect(cells).to_have_text(["50.00", "30.00", "—"])
    everything = page.get_by_role("checkbox", name="All invoices")
    expect(everything).not_to_be_checked()
    last = page.get_by_role("checkbox", name=re.compile("of Child"))
    last.focus()
    page.keyboard.press("Space")
    expect(page.locator("#pay-due")).to_have_text("$150.00")
    expect(last).to_be_focused()
    expect(last).to_be_checked()
    expect(everything).to_be_checked()
    settled(page)
    assert_accessible(page)
    page.get_by_role("button", name="Pay", exact=True).last.click()
    expect(page.locator(".toast")).to_contain_text("1 of 3 invoices are paid, 70.00 is still due.")
    assert checks.faults() == []


def test_merging_states_what_moves_when_the_other_is_chosen(open_page: OpenPage, emma: Customer) -> None:
    double = customer("Emma Jnoes")
    page = open_page("frontdesk")
    act(page, double, "Merge into another")
    box = page.get_by_role("combobox", name="Merge into")
    box.press_sequentially("emma jon")
    page.get_by_role("option", name="Emma Jones").click()
    expect(page.locator("#merging")).to_contain_text("There are no general funds to move.")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.wait_for_url(f"**/customers/{emma.id}")
    page.goto(f"/customers/{double.id}")
    page.get_by_role("link", name="Emma Jones").first.click()
    page.wait_for_url(f"**/customers/{emma.id}")


def test_from_the_statement_to_the_entry_and_back_to_another_period(open_page: OpenPage, emma: Customer) -> None:
    page = open_page("bookkeeper")
    page.goto(f"/customers/{emma.id}")
    page.get_by_role("link", name="Statement").click()
    expect(page.locator("tfoot")).to_contain_text("$60.00")
    page.get_by_role("link", name=re.compile(r"^Entry \d+$")).click()
    expect(page.locator("#modal")).to_contain_text("General funds of Emma Jones")
    page.keyboard.press("Escape")
    page.get_by_label("From").fill("2020-01-01")
    page.get_by_label("To", exact=True).fill("2020-01-31")
    expect(page.locator("#customer-statement")).to_contain_text("Nothing happened in this period.")
    assert "from=2020-01-01" in page.url
    page.get_by_role("link", name="This month").click()
    expect(page.get_by_label("From")).to_have_value(TODAY.replace(day=1).isoformat())


def test_without_javascript(open_page: OpenPage, emma: Customer) -> None:
    page = open_page("owner", javascript=False)
    page.goto(f"/customers/{emma.id}")
    page.get_by_role("button", name="Actions for Emma Jones").click()
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_label("Amount").fill("10")
    page.get_by_label("Reason").fill("Moves away")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".toast")).to_contain_text("General funds are 50.00 now.")
    page.goto(f"/customers/{emma.id}/payments/new")
    page.get_by_label("Cash", exact=True).fill("100")
    page.get_by_role("button", name="Pay", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("Look at what this does to the account")
    page.get_by_role("button", name="Pay", exact=True).last.click()
    expect(page.locator(".toast")).to_contain_text("2 invoices are paid.")
    page.goto("/billing/payments")
    page.get_by_role("link", name="Mark the check of Emma Jones as bounced").click()
    page.get_by_label("Reason").fill("No funds")
    page.get_by_role("button", name="Mark as bounced").click()
    expect(page.locator(".toast")).to_contain_text("was taken from general funds")
    assert make.general(emma) == -1000
    assert checks.faults() == []
