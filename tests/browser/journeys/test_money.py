"""Money in and back again: what Pay and Void will do is stated before they do it, and the same form pays once."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    assert_fits,
    day_of_the_business,
    dialog,
    heading,
    open_billing,
    row,
)
from webapp.models import Customer, Invoice, Item, Membership, Package, Payment, User


def test_void_says_what_it_does_and_does_that(
    open_page: OpenPage, look: Look, emma: Customer, trio: Package, cast: dict[str, User]
) -> None:
    """TRIO sold, paid, and all of it used; the invoice of the second lesson is voided."""
    desk, on, lesson = cast["frontdesk"], day_of_the_business(), Item.get()
    make.pay(make.save(emma, (trio, None), by=desk, on=on), by=desk, on=on)
    lessons = [make.settle(make.save(emma, (lesson, "1"), by=desk, on=on), by=desk, on=on) for _ in range(3)]
    membership = make.bought(emma)
    assert make.fresh(membership).reason == "completed"
    page = open_page("manager")
    page.goto(f"/billing/invoices/{lessons[1].id}")
    page.get_by_role("link", name="Void").click()
    window = dialog(page)
    for words in (
        "1 × Trio lesson goes back to TRIO; 1 left then",
        "TRIO becomes active again, it was completed",
        "33.34 received by Account goes back to the funds it came from",
    ):
        expect(window.locator(".consequences")).to_contain_text(words)
    assert_fits(page)
    window.get_by_role("button", name="Void", exact=True).click()
    expect(window.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    look(page)
    assert make.fresh(membership).reason == "completed"
    window.get_by_label("Reason").fill("She was ill")
    window.get_by_role("button", name="Void", exact=True).click()
    expect(window).to_be_hidden()
    expect(heading(page)).to_contain_text("Void")
    expect(page.locator("#invoice")).to_contain_text("This invoice is void: She was ill")
    assert_fits(page)
    open_billing(page, "Packages")
    expect(row(page, "Emma Jones")).to_contain_text("2 of 3")
    expect(row(page, "Emma Jones")).to_contain_text("33.34")
    now = make.fresh(membership)
    assert (now.state, make.left(now), make.funds(now)) == ("active", 1_000, 33_34)
    assert Invoice.get_by_id(lessons[1].id).number == lessons[1].number


@pytest.fixture
def hour(emma: Customer, ppl: Package, cast: dict[str, User]) -> Invoice:
    """Two hours at package rate and one lesson for which there is no package: 240.00 and 30.00 are due. In PPL's funds
    are 200.00, in Emma's general funds 100.00."""
    desk, on = cast["frontdesk"], day_of_the_business()
    make.pay(make.save(emma, (ppl, "200.00"), "100.00", by=desk, on=on), by=desk, on=on)
    theory = make.item("Theory", "30.00", unit="lesson")
    return make.save(emma, (Item.get(Item.name == "C172"), "2"), (theory, "1"), by=desk, on=on)


def test_pay_shows_every_fund_before_and_after(open_page: OpenPage, look: Look, hour: Invoice) -> None:
    page, membership = open_page("frontdesk"), Membership.get()
    page.goto(f"/billing/invoices/{hour.id}")
    page.get_by_role("link", name="Pay").click()
    window = dialog(page)
    window.get_by_role("button", name="Pay what remains by Account").click()
    effect = window.locator(".effect tr")
    for fund, figures in (
        ("Package funds · PPL", ["200.00", "−200.00", "0.00"]),
        ("General funds", ["100.00", "−70.00", "30.00"]),
        ("Account balance", ["300.00", "−270.00", "30.00"]),
    ):
        expect(effect.filter(has_text=fund).locator("td")).to_have_text(figures)
    look(page)
    window.get_by_role("button", name="Pay", exact=True).dblclick()
    expect(heading(page)).to_contain_text("Paid")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert_fits(page)
    assert Payment.select().where(Payment.invoice == hour).count() == 1
    assert (make.funds(membership), make.general(hour.customer)) == (0, 30_00)
    assert Invoice.get_by_id(hour.id).status == "paid"


def test_the_same_form_pays_once_without_javascript(open_page: OpenPage, look: Look, hour: Invoice) -> None:
    """An impatient double click, then the way back and once more."""
    page = open_page("frontdesk", javascript=False)
    page.goto(f"/billing/invoices/{hour.id}")
    page.get_by_role("link", name="Pay").click()
    expect(heading(page)).to_contain_text("Pay invoice")
    assert_fits(page)
    expect(page.get_by_label("Account", exact=True)).to_have_value("200.00")
    page.get_by_label("Account", exact=True).fill("")
    page.get_by_label("Cash", exact=True).fill("100")
    pay(page).dblclick()
    expect(heading(page)).to_contain_text("Part paid")
    expect(page.locator("#invoice")).to_contain_text("$170.00")
    assert_fits(page)
    assert paid_in_cash(hour) == [100_00]
    page.go_back()
    page.get_by_label("Account", exact=True).fill("")
    pay(page).click()
    expect(page.locator("main")).to_contain_text("Type an amount beside at least one method.")
    look(page)
    assert paid_in_cash(hour) == [100_00]


def pay(page: Page) -> Locator:
    return page.get_by_role("button", name="Pay", exact=True)


def paid_in_cash(invoice: Invoice) -> list[int]:
    return [payment.amount_minor for payment in Payment.select().where(Payment.invoice == invoice)]
