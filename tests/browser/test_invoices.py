"""Invoices in a real browser: by the keyboard alone, on a phone, without JavaScript. What it looks like
is looked at by test_every_screen and by the journeys, but in the middle of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, Route, expect

from tests import factories as make
from tests.web.billing import c172, customer, findable, instruction
from webapp.models import Customer, Invoice, Membership, Package, User

OpenPage = Callable[..., Page]
Check = Callable[[Page], None]

TODAY = datetime.now(UTC).date()  # the company of the tests keeps UTC


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


@pytest.fixture
def ppl(emma: Customer) -> Package:
    made = make.ppl(tax="8")
    make.item("Landing fee", "12.00", tax="8")
    findable()
    return made


@pytest.fixture
def membership(emma: Customer, ppl: Package, by: User) -> Membership:
    """Emma in PPL with 1.5 h of C172 left and 194.40 of package funds."""
    make.pay(make.save(emma, (ppl, "5184"), by=by, on=TODAY), by=by, on=TODAY)
    make.pay(make.save(emma, (c172(), "38.5"), by=by, on=TODAY), ("account", "4989.60"), by=by, on=TODAY)
    return make.bought(emma)


def settled(page: Page) -> None:
    """Nothing is under way any more."""
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def test_what_was_typed_before_the_scripts_were_there_is_looked_for(
    open_page: OpenPage, membership: Membership
) -> None:
    page, held = open_page("frontdesk", hasty=True), list[Route]()
    page.goto("/billing/invoices")
    page.route("**/app.js*", lambda route: held.append(route))  # noqa: PLW0108  # Playwright marks it
    page.get_by_role("link", name="New invoice").first.click()
    customer = page.get_by_role("combobox", name="Customer")
    expect(customer).to_be_focused()
    customer.press_sequentially("emma")
    expect(customer).to_have_value("emma")
    held[0].continue_()
    page.get_by_role("option", name="Emma Jones").click()
    expect(page.get_by_role("combobox", name="Add Items")).to_be_focused()


def test_from_the_customer_to_the_payment_by_keyboard_alone(
    open_page: OpenPage, membership: Membership, assert_accessible: Check
) -> None:
    page = open_page("frontdesk")
    page.goto("/billing/invoices/new")
    box = page.get_by_role("combobox", name="Customer")
    expect(box).to_be_focused()
    page.keyboard.type("emma", delay=20)
    expect(page.get_by_role("option", name="Emma Jones")).to_be_visible()
    page.keyboard.press("Enter")
    add = page.get_by_role("combobox", name="Add Items")
    expect(add).to_be_focused()
    page.keyboard.type("c17", delay=20)
    expect(page.get_by_role("option")).to_contain_text("PPL · 1.5 h left")
    page.keyboard.press("Enter")
    quantity = page.get_by_label("Quantity of C172")
    expect(quantity).to_be_focused()
    page.keyboard.type("2.0", delay=20)
    expect(page.locator("#draft-total")).to_have_text("$275.40")
    expect(page.get_by_text("Split in two: PPL had 1.5 h left")).to_be_visible()
    expect(quantity).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(add).to_be_focused()
    page.keyboard.type("inst", delay=20)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Quantity of Instruction")).to_be_focused()
    page.keyboard.press("Enter")
    expect(add).to_be_focused()
    expect(page.locator("#draft-total")).to_have_text("$330.40")
    while page.evaluate("document.activeElement.id") != "draft-pay":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    cash = page.get_by_label("Cash", exact=True)
    expect(cash).to_be_focused()
    page.keyboard.type("136", delay=20)
    while page.evaluate("document.activeElement.getAttribute('aria-label')") != "Pay what remains by Account":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Account", exact=True)).to_have_value("194.40")
    expect(page.get_by_text("Paid in full")).to_be_visible()
    expect(page.get_by_role("row", name="Package funds · PPL 194.40 −194.40 0.00")).to_be_visible()
    settled(page)
    page.keyboard.press("Enter")
    expect(page.locator("#invoice-heading")).to_contain_text("Paid")
    expect(page.locator("#modal")).not_to_be_visible()
    assert Invoice.select().where(Invoice.status == "paid").count() == 3


def test_the_price_follows_while_typing_and_typing_goes_on(
    open_page: OpenPage, emma: Customer, membership: Membership, by: User
) -> None:
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=by, on=TODAY)
    page = open_page("frontdesk")
    page.goto(f"/billing/invoices/{draft.id}")
    quantity = page.get_by_label("Quantity of Instruction")
    quantity.fill("1")
    for typed, total in (("1.", "$184.60"), ("1.5", "$212.10"), ("1.50", "$212.10"), ("1.505", "$212.38")):
        quantity.press_sequentially(typed[-1])
        expect(page.locator("#draft-total")).to_have_text(total)
        settled(page)
        expect(quantity).to_have_value(typed)
        expect(quantity).to_be_focused()
    quantity.fill("x")
    expect(page.get_by_text("Type the quantity as a number.")).to_be_visible()
    expect(quantity).to_be_focused()
    page.get_by_label("Service date").fill(TODAY.replace(year=TODAY.year - 1).isoformat())
    expect(page.get_by_text("Standard rate").first).to_be_visible()


def test_who_or_what_is_missing_is_made_on_the_way(open_page: OpenPage, ppl: Package, assert_accessible: Check) -> None:
    page = open_page("manager")
    page.goto("/billing/invoices/new")
    page.keyboard.type("Zoe Zwei")
    expect(page.get_by_role("option", name="New customer “Zoe Zwei”")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Enter")
    name = page.get_by_role("dialog", name="New customer").get_by_label("Name")
    expect(name).to_have_value("Zoe Zwei")
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("New invoice")
    add = page.get_by_role("combobox", name="Add Items")
    expect(add).to_be_focused()
    page.keyboard.type("Landing")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Quantity of Landing fee")).to_be_focused()
    add.focus()
    page.keyboard.type("Headset")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New item")
    expect(dialog.get_by_label("Name")).to_have_value("Headset")
    dialog.get_by_label("Standard rate").fill("5")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Quantity of Headset")).to_be_focused()
    expect(page.locator("#draft-total")).to_have_text("$17.96")


def test_another_rate_and_off_with_a_line_through_the_menu(
    open_page: OpenPage, emma: Customer, membership: Membership, by: User
) -> None:
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=by, on=TODAY)
    page = open_page("manager")
    page.goto(f"/billing/invoices/{draft.id}")
    page.get_by_role("button", name="Actions for C172").click()
    page.get_by_role("menuitem", name="Change rate").click()
    page.get_by_label("A rate typed here").check()
    page.get_by_label("Typed rate").fill("100")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Say why this rate is charged.")).to_be_visible()
    page.get_by_label("Reason").fill("Club day")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Typed rate · Club day")).to_be_visible()
    page.get_by_role("button", name="Actions for Instruction").click()
    page.get_by_role("menuitem", name="Remove line").click()
    expect(page.get_by_label("Quantity of Instruction")).to_have_count(0)
    expect(page.locator("#draft-total")).to_have_text("$108.00")


def test_two_people_the_second_is_shown_the_new_price(
    open_page: OpenPage, emma: Customer, membership: Membership, by: User
) -> None:
    """Example 17 in two browsers."""
    drawn = [make.draft(emma, (c172(), "1.5"), by=by, on=TODAY) for _ in range(2)]
    pages = [open_page("frontdesk"), open_page("manager")]
    for page, draft in zip(pages, drawn, strict=True):
        page.goto(f"/billing/invoices/{draft.id}")
        page.get_by_role("button", name="Save", exact=True).wait_for()
    pages[0].get_by_role("button", name="Save", exact=True).click()
    expect(pages[0].locator("#invoice-heading")).to_contain_text("Open")
    pages[1].get_by_role("button", name="Save", exact=True).click()
    expect(pages[1].get_by_text("The price is not what was shown")).to_be_visible()
    expect(pages[1].get_by_text("was 194.40")).to_be_visible()
    pages[1].get_by_role("button", name="Save", exact=True).click()
    expect(pages[1].locator("#invoice-heading")).to_contain_text("Open")
    assert [Invoice.get_by_id(draft.id).total_minor for draft in drawn] == [19440, 24300]


def test_void_says_what_follows_from_the_choice(
    open_page: OpenPage, emma: Customer, membership: Membership, by: User
) -> None:
    saved = make.pay(make.save(emma, (c172(), "2"), by=by, on=TODAY), ("card", "81"), by=by, on=TODAY)
    page = open_page("manager")
    page.goto(f"/billing/invoices/{saved.id}")
    page.get_by_role("link", name="Void").click()
    stated = page.locator("#void-consequences")
    expect(stated.get_by_text("81.00 received by Card goes to general funds")).to_be_visible()
    page.get_by_label("Is paid back the way it came").check()
    expect(stated.get_by_text("81.00 received by Card is paid back by Card")).to_be_visible()
    page.get_by_label("Reason").fill("Wrong aircraft")
    page.get_by_role("button", name="Void", exact=True).click()
    expect(page.locator("#invoice-heading")).to_contain_text("Void")
    expect(page.get_by_text("This invoice is void: Wrong aircraft.")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_all_of_it_works_without_javascript(open_page: OpenPage, membership: Membership, phone: bool) -> None:
    page = open_page("owner", phone=phone, javascript=False)
    page.goto("/billing/invoices")
    page.get_by_role("link", name="New invoice").click()
    page.get_by_label("Customer", exact=True).fill("emma")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Emma Jones").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Add Items").fill("c172")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Quantity of C172").fill("2")
    page.get_by_role("button", name="Update prices").last.click()
    expect(page.locator("#draft-total")).to_have_text("$275.40")
    page.get_by_role("button", name="Save and pay").click()
    page.get_by_role("button", name="Pay what remains by Account").click()
    expect(page.get_by_role("row", name="Package funds · PPL 194.40 −194.40 0.00")).to_be_visible()
    page.get_by_role("button", name="Pay what remains by Card").click()
    page.get_by_role("button", name="Pay", exact=True).last.click()
    expect(page.locator("#invoice-heading")).to_contain_text("Paid")
    page.get_by_role("link", name="Void").click()
    page.get_by_label("Reason").fill("Wrong aircraft")
    page.get_by_role("button", name="Void", exact=True).click()
    expect(page.locator("#invoice-heading")).to_contain_text("Void")


def test_hostile_text_stays_text(open_page: OpenPage, by: User, said: list[str]) -> None:
    name = '<img src=x onerror=console.error("run")>'
    thing = make.item(name, "1.00")
    findable()
    draft = make.draft(customer(name), (thing, "1"), by=by, on=TODAY)
    page = open_page("owner")
    page.goto(f"/billing/invoices/{draft.id}")
    page.get_by_label("Add Items").press_sequentially("img")
    expect(page.get_by_role("option", name=re.compile("onerror"))).to_be_visible()
    assert said == []


def test_the_order_that_was_pressed_stays_while_somebody_searches(open_page: OpenPage, membership: Membership) -> None:
    page = open_page("frontdesk")
    page.goto("/billing/invoices")
    page.locator("thead").get_by_role("link", name="Customer").click()
    expect(page).to_have_url(re.compile("sort=customer"))
    page.get_by_label("Search").press_sequentially("em")
    expect(page).to_have_url(re.compile("q=em.*sort=customer|sort=customer.*q=em"))
    page.locator("thead").get_by_role("link", name="Customer").click()
    expect(page).to_have_url(re.compile("sort=-customer"))
    page.get_by_label("Search").fill("emma")
    expect(page).to_have_url(re.compile("q=emma.*sort=-customer|sort=-customer.*q=emma"))
