"""Two people at the same thing, or one who is quicker than the server: nothing is sold twice, and what is true now is
shown before it is saved."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.browser.journeys.steps import (
    Look,
    OpenPage,
    choose,
    day_of_the_business,
    dialog,
    heading,
    open_actions,
    row,
    save_invoice,
)
from webapp.models import Customer, Invoice, Item, Membership, Package, User


@pytest.fixture
def last_lesson(emma: Customer, piano: Package, cast: dict[str, User]) -> Membership:
    """Emma's PIANO with one lesson left."""
    desk, on = cast["frontdesk"], day_of_the_business()
    made = make.add(emma, piano, by=desk, on=on)
    make.pay(make.save(emma, (Item.get(), "9"), by=desk, on=on), by=desk, on=on)
    return made


@pytest.fixture
def drawn(emma: Customer, last_lesson: Membership, cast: dict[str, User]) -> list[Invoice]:
    """Two drafts, each with that lesson."""
    on = day_of_the_business()
    return [make.draft(emma, (Item.get(), "1"), by=cast["frontdesk"], on=on) for _ in range(2)]


def open_draft(page: Page, draft: Invoice) -> None:
    page.goto(f"/billing/invoices/{draft.id}")
    expect(page.locator("#draft-lines")).to_contain_text("PIANO · 45.00 · leaves 0")
    expect(page.locator("#draft-total")).to_have_text("$45.00")


def test_the_last_unit_is_sold_once(
    open_page: OpenPage, look: Look, drawn: list[Invoice], last_lesson: Membership
) -> None:
    first, second = open_page("frontdesk"), open_page("manager")
    for page, draft in zip((first, second), drawn, strict=True):
        open_draft(page, draft)
    save_invoice(first)
    draft = drawn[1]
    second.get_by_role("button", name="Save", exact=True).click()
    lines = second.locator("#draft-lines")
    expect(lines).to_contain_text("The price is not what was shown, so nothing was saved yet.")
    expect(lines).to_contain_text("was 45.00")
    expect(lines).to_contain_text("Standard rate · nothing left in PIANO")
    expect(second.locator("#draft-total")).to_have_text("$50.00")
    look(second)
    assert Invoice.get_by_id(draft.id).is_draft
    assert make.left(last_lesson) == 0
    save_invoice(second)
    saved = Invoice.select().where(Invoice.status == "open").order_by(Invoice.number)
    assert [make.lines(invoice) for invoice in saved] == [[("draw", 1_000, 45_00)], [("standard", 1_000, 50_00)]]


def test_two_tabs_remove_the_same_customer(open_page: OpenPage, look: Look, last_lesson: Membership) -> None:
    first, second = open_page("manager"), open_page("manager")
    for tab in (first, second):
        tab.goto("/billing/packages")
        open_actions(tab, "Emma Jones in PIANO")
        tab.get_by_role("menuitem", name="Remove from Package").click()
        expect(dialog(tab)).to_contain_text("Emma Jones leaves PIANO.")
    dialog(first).get_by_role("button", name="Remove", exact=True).click()
    expect(row(first, "Emma Jones")).to_contain_text("Removed")
    dialog(second).get_by_role("button", name="Remove", exact=True).click()
    expect(dialog(second).get_by_role("paragraph")).to_contain_text(
        ["Emma Jones is not active in PIANO any more: removed"]
    )
    expect(dialog(second).get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    look(second)


def test_two_people_add_the_same_customer(open_page: OpenPage, look: Look, emma: Customer, piano: Package) -> None:
    pages = [open_page("frontdesk"), open_page("manager")]
    for page in pages:
        page.goto("/billing/packages")
        page.get_by_role("link", name="Add to Package").first.click()
        dialog(page).get_by_label("Package").select_option("PIANO")
        choose(dialog(page), "Customers and groups", "emma", "Emma Jones")
        expect(dialog(page).locator(".preview")).to_contain_text("1 will be added")
    first, second = pages
    dialog(first).get_by_role("button", name="Save").click()
    expect(row(first, "Emma Jones")).to_contain_text("Active")
    dialog(second).get_by_role("button", name="Save").click()
    expect(dialog(second)).to_contain_text("Already active in PIANO.")
    look(second)
    assert Membership.select().count() == 1


def test_a_draft_that_somebody_saved_is_not_saved_again(
    open_page: OpenPage, emma: Customer, piano: Package, cast: dict[str, User]
) -> None:
    draft = make.draft(emma, (Item.get(), "1"), by=cast["frontdesk"], on=day_of_the_business())
    first, second = open_page("frontdesk"), open_page("manager")
    for page in (first, second):
        page.goto(f"/billing/invoices/{draft.id}")
    save_invoice(first)
    second.get_by_role("button", name="Save", exact=True).click()
    expect(heading(second)).to_contain_text("Open")
    expect(second.locator(".toast")).to_contain_text("This invoice was saved already")
    assert Invoice.select().where(Invoice.status == "open").count() == 1


TYPE_AND_SAVE = """() => {
    const quantity = document.querySelector("[name^=quantity-]")
    quantity.value = "3"
    quantity.dispatchEvent(new Event("input", {bubbles: true}))
    document.querySelector("#draft-save").click()
}"""


def test_who_is_quicker_than_the_price_is_shown_it_first(open_page: OpenPage, look: Look, drawn: list[Invoice]) -> None:
    page = open_page("frontdesk")
    open_draft(page, drawn[0])
    page.evaluate(TYPE_AND_SAVE)
    expect(page.locator("#draft-lines")).to_contain_text("With what you typed the price is this")
    expect(page.locator("#draft-total")).to_have_text("$145.00")
    look(page)
    save_invoice(page)
    assert make.lines(drawn[0]) == [("draw", 1_000, 45_00), ("standard", 2_000, 100_00)]
