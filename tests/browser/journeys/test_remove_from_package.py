"""The article's second step by step: remove a customer via the Remove from Package workflow, without invoicing for all
included items. With nothing but a keyboard, and without the script."""

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
    main_navigation,
    open_actions,
    open_billing,
    row,
    save_invoice,
    sign_in,
)
from tests.business import PASSWORD, address
from webapp.domain import accounts, drafts
from webapp.domain.quoting import quote
from webapp.models import Customer, Invoice, Item, Membership, Package, User

FAR = 60
"""So many times nobody presses Tab."""


@pytest.fixture
def membership(emma: Customer, ppl: Package, cast: dict[str, User]) -> Membership:
    """Emma's PPL: 525.00 in its funds, an open invoice of one hour, and a draft of two."""
    c172, instruction = Item.get(Item.name == "C172"), Item.get(Item.name == "Instruction")
    desk, on = cast["frontdesk"], day_of_the_business()
    make.pay(make.save(emma, (ppl, "2000.00"), by=desk, on=on), ("card", "2000.00"), by=desk, on=on)
    make.settle(make.save(emma, (c172, "10"), (instruction, "5"), by=desk, on=on), by=desk, on=on)
    make.save(emma, (c172, "1"), by=desk, on=on)
    draft = make.draft(emma, (c172, "2"), by=desk, on=on)
    drafts.keep_shown(draft.id, quote(draft))
    return make.bought(emma)


def test_with_the_keyboard_alone(open_page: OpenPage, look: Look, membership: Membership) -> None:
    page = open_page()
    page.goto("/")
    expect(page.get_by_label("Email")).to_be_focused()
    page.keyboard.type(address("manager"))
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(heading(page)).to_have_text("Home")
    press(page, main_navigation(page).get_by_role("link", name="Billing"))
    press(page, page.get_by_role("navigation", name="Billing").get_by_role("link", name="Packages"))
    press(page, page.get_by_role("button", name="Actions for Emma Jones in PPL"))
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Remove from Package")).to_be_focused()
    assert_fits(page)
    page.keyboard.press("Enter")
    window = dialog(page)
    expect_consequences(window)
    look(page)
    press(page, window.get_by_role("button", name="Remove", exact=True))
    expect(window).to_be_hidden()
    expect(row(page, "Emma Jones")).to_contain_text("Removed")
    assert_fits(page)
    expect_removed(membership)
    press(page, page.get_by_role("navigation", name="Billing").get_by_role("link", name="Invoices"))
    press(page, row(page, "Draft").get_by_role("link", name="Draft"))
    expect(page.locator("#draft-lines")).to_contain_text("It was 240.00 and is 300.00 now.")
    expect(page.locator("#draft-lines")).to_contain_text("Standard rate")
    look(page)
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(heading(page)).to_contain_text("Open")
    expect_standard_rate()


def test_without_javascript(open_page: OpenPage, look: Look, membership: Membership) -> None:
    page = open_page(javascript=False)
    page.goto("/billing/packages")
    sign_in(page, "manager")
    open_billing(page, "Packages")
    open_actions(page, "Emma Jones in PPL")
    expect(heading(page)).to_have_text("Actions for Emma Jones in PPL")
    assert_fits(page)
    page.get_by_role("link", name="Remove from Package").click()
    expect_consequences(page.locator("main"))
    look(page)
    page.get_by_label("Reason").fill("Moved away")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Emma Jones was removed from PPL.")
    expect(row(page, "Emma Jones")).to_contain_text("Removed")
    assert_fits(page)
    expect_removed(membership)
    open_billing(page, "Invoices")
    row(page, "Draft").get_by_role("link", name="Draft").click()
    expect(page.locator("#draft-lines")).to_contain_text("It was 240.00 and is 300.00 now.")
    expect(page.locator("#draft-lines")).to_contain_text("Standard rate")
    save_invoice(page)
    expect_standard_rate()


def press(page: Page, target: Locator) -> None:
    """Get there with Tab as somebody does who cannot point, and press Enter."""
    wanted = target.element_handle()
    for _ in range(FAR):
        if wanted.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{target} is not reached with Tab")


def expect_consequences(where: Locator) -> None:
    """What is left, where the money goes, what keeps its rates and what does not."""
    for words in (
        "29.0 of 40.0 h C172, 15.0 of 20.0 h Instruction",
        "Package funds of $525.00 go to general funds, which are then $525.00",
        "This open invoice keeps its package rates",
        "120.00 due",
        "A draft is priced anew at the standard rates",
    ):
        expect(where).to_contain_text(words)


def expect_removed(membership: Membership) -> None:
    now = make.fresh(membership)
    assert (now.state, now.reason) == ("inactive", "removed")
    assert make.funds(membership) == 0
    assert accounts.balance_of(membership.customer_id).general_minor == 525_00


def expect_standard_rate() -> None:
    """The draft was saved at the standard rate; the invoice that was open keeps 120.00."""
    opened = list(Invoice.select().where(Invoice.status == "open").order_by(Invoice.id))
    assert [(line[0], line[2]) for invoice in opened for line in make.lines(invoice)] == [
        ("draw", 120_00),
        ("standard", 300_00),
    ]
