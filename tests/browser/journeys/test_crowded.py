"""Four hundred memberships of people with the longest and most hostile names: the Packages tab stays usable, nothing
sticks out of the page, and its first visit is light."""

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

import webapp
from tests import factories as make
from tests import naughty
from tests.browser.conftest import DESK, OF_LOOKS, PHONE, violations
from tests.browser.journeys.records import findable, keep
from tests.browser.journeys.steps import Look, OpenPage, assert_fits, day_of_the_business, dialog, open_actions, row
from webapp.db import db
from webapp.domain import adding, groups
from webapp.domain.adding import Chosen
from webapp.forms import tidy
from webapp.models import Customer, Membership, Package, User

CROWD, PAGE = 400, 50
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
ARABIC = "عبد الرحمن بن محمد الأنصاري"
HEBREW = "נעמי <b>בת־שבע</b> גולדשטיין"
MARKUP = "<img src=x onerror=alert(1)> حزمة"
LIGHT_BYTES = 60 * 1024

OUT_OF_PAGE = """() => {
    const mayScroll = box => getComputedStyle(box).overflowX !== "visible"
        && !(innerWidth < 832 && box.matches(":has(> table.cards)"))
    const isHeld = element => element && (mayScroll(element) || isHeld(element.parentElement))
    return [...document.querySelectorAll("body *")].filter(element => {
        const box = element.getBoundingClientRect()
        return box.width && (box.right > innerWidth + 1 || box.left < -1) && !isHeld(element.parentElement)
    }).map(element => element.outerHTML.slice(0, 120))
}"""
"""What sticks out of the window. Tables may: they scroll by themselves, but not on a phone, where rows are cards."""


@pytest.fixture
def crowd(cast: dict[str, User]) -> list[Customer]:
    """Everybody is in one package, whose name and whose items' names are no better."""
    lesson = make.item("Einzelunterricht" * 6, "50.00", unit="Unterrichtseinheit")
    package = findable(make.package(MARKUP, (lesson, "10", "@45"), (make.item(ARABIC, "9", unit="hour"), "1.5", "@8")))
    names = [LONG, ARABIC, HEBREW, *filter(None, map(tidy, naughty.strings()))]
    usable = [name.replace("\n", " ")[:120] for name in names if any(c.isprintable() and c != " " for c in name)]
    names = [*usable, *(f"{usable[n]} {n}"[-120:] for n in range(CROWD - len(usable)))]
    with db.atomic():
        people = [keep(name) for name in names]
    add_all(people, package, cast["owner"])
    return people


def add_all(people: list[Customer], package: Package, by: User) -> None:
    chosen, on = Chosen.of([f"customer:{it.id}" for it in people]), day_of_the_business()
    adding.add(package, chosen, start_on=on, shown=adding.preview(package, chosen, on).mark, by=by)


def listen_for_names_that_run(page: Page, said: list[str]) -> None:
    def hear(box: Dialog) -> None:
        said.append(f"a name was run: {box.message}")
        box.dismiss()

    page.on("dialog", hear)


def assert_looks(page: Page) -> None:
    """The name makes a difference to how a page looks that is looked at with another name, none to its markup."""
    assert_fits(page)
    assert violations(page, "dialog[open]" if page.locator("dialog[open]").count() else "html", OF_LOOKS) == []


def out_of_page(page: Page) -> list[str]:
    """What sticks out as the page is, on a desk or on a phone, and then on the other; it is left as that shows it."""
    found: list[str] = []
    for other in (PHONE if page.viewport_size == DESK else DESK, None):
        found += page.evaluate(OUT_OF_PAGE)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"the whole page at {page.viewport_size}")
        if other:
            page.set_viewport_size(other)
    return found


def test_every_page_of_them_fits(open_page: OpenPage, look: Look, crowd: list[Customer], said: list[str]) -> None:
    page, seen = open_page("manager"), 0
    listen_for_names_that_run(page, said)
    page.goto("/billing/packages")
    while True:
        expect(page.locator("#memberships-table")).to_contain_text(f"{CROWD} memberships")
        assert out_of_page(page) == []
        seen += row(page).count()
        next_page = page.get_by_role("link", name="Next")
        if not next_page.count():
            break
        page.goto(next_page.get_attribute("href") or "")
    page.set_viewport_size(DESK)
    look(page)
    page.set_viewport_size(PHONE)
    assert_looks(page)
    assert seen == len(crowd) == CROWD


def test_hostile_names_are_found_and_acted_on(
    open_page: OpenPage, look: Look, crowd: list[Customer], said: list[str]
) -> None:
    page = open_page("manager", phone=True, dark=True)
    listen_for_names_that_run(page, said)
    page.goto("/billing/packages")
    page.get_by_text("Filter and sort").click()
    removed: list[Membership] = []
    for name in (LONG, ARABIC, HEBREW, "<script>alert(0)</script>"):
        page.get_by_placeholder("Customer or package").fill(name)
        expect(row(page, name).first).to_be_visible()
        expect(row(page, name).first.get_by_text(ARABIC, exact=True).last).to_have_css("direction", "rtl")
        membership = Membership.select().join(Customer).where(Customer.name == name).get()
        open_actions(page, f"{name} in {MARKUP}")
        page.get_by_role("menuitem", name="Remove from Package").click()
        expect(dialog(page)).to_contain_text(f"{name} leaves {MARKUP}.")
        (assert_looks if removed else look)(page)
        assert page.evaluate(OUT_OF_PAGE) == []
        dialog(page).get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(page.locator(".toast")).to_contain_text([name])  # one: those before would lie on the next row's actions
        assert make.fresh(membership).reason == "removed"
        removed.append(membership)
    for membership in removed:
        page.goto(f"/billing/memberships/{membership.id}")
        (look if membership is removed[0] else assert_looks)(page)
        assert page.evaluate(OUT_OF_PAGE) == []
        page.goto(f"/customers/{membership.customer_id}")
        assert page.evaluate(OUT_OF_PAGE) == []


@pytest.fixture
def long(cast: dict[str, User]) -> list[str]:
    """The addresses of everything there is of a customer, a group, items and a package with the longest names."""
    on, desk, who = day_of_the_business(), cast["frontdesk"], keep(LONG)
    group = groups.create_group(name="Gruppe" * 15, members=[who], by=None)
    lesson = make.item("Einzelunterricht" * 6, "50.00", unit="Unterrichtseinheit")
    package = findable(make.package("Zehnerkarte" * 9, (lesson, "10", "@45"), (make.item(ARABIC, "9"), "1.5", "@8")))
    make.pay(make.save(who, (package, "200.00"), by=desk, on=on), by=desk, on=on)
    invoice = make.save(who, (lesson, "2"), (lesson, "9"), by=desk, on=on)
    make.pay(invoice, ("account", "50.00"), by=desk, on=on)
    draft, membership = make.draft(who, (lesson, "2"), by=desk, on=on), make.bought(who)
    chosen = f"customer={who.id}&group={group.id}&package={package.id}"
    billing = ["packages", f"packages/new?{chosen}", "invoices", f"invoices/{draft.id}", "payments"]
    return [
        "/",
        *(f"/billing/{it}" for it in billing),
        *(f"/billing/invoices/{invoice.id}{it}" for it in ("", "/payments/new", "/void", "/credits/new")),
        *(f"/billing/memberships/{membership.id}{it}" for it in ("", "?view=funds", "?view=audit", "/removal")),
        *(f"/customers/{who.id}{it}" for it in ("", "/edit", "/statement")),
        f"/groups/{group.id}",
        *(f"/catalogue/packages/{package.id}{it}" for it in ("", "/edit")),
        "/catalogue/items",
        "/reports",
    ]


def test_no_screen_is_pushed_sideways_by_a_name(open_page: OpenPage, long: list[str]) -> None:
    page = open_page("owner")
    for address in long:
        page.goto(address)
        assert out_of_page(page) == [], address


def test_the_first_visit_is_light(open_page: OpenPage, ppl: Package, cast: dict[str, User]) -> None:
    """All that a browser fetches for the Packages tab with a full page of rows, as it goes over the wire."""
    with db.atomic():
        people = [keep(name) for name in believable_names()]
    add_all(people, ppl, cast["owner"])
    page = open_page("manager", alone=True)
    fetched = weigh(page)
    page.goto("/billing/packages", wait_until="networkidle")
    assert row(page).count() == PAGE
    weight = sum(size for address, size in fetched.items() if not address.endswith(".woff2"))
    assert any(address.endswith(".woff2") for address in fetched)
    assert len(fetched) >= 6, fetched
    assert weight <= LIGHT_BYTES, fetched


def believable_names() -> list[str]:
    """Those of the sample business, from many scripts."""
    with (Path(webapp.__file__).parent / "sample" / "names.csv").open(encoding="utf-8") as file:
        return [line["name"] for line in csv.DictReader(file)]


def weigh(page: Page) -> dict[str, int]:
    """From now on, the bytes of every answer by its address, headers included, compressed as they were sent."""
    fetched: dict[str, int] = {}
    addresses: dict[str, str] = {}
    wire = page.context.new_cdp_session(page)

    def came(event: dict[str, Any]) -> None:
        fetched[addresses[event["requestId"]]] = event["encodedDataLength"]

    wire.on("Network.responseReceived", lambda it: addresses.update({it["requestId"]: it["response"]["url"]}))
    wire.on("Network.loadingFinished", came)
    wire.send("Network.enable")
    return fetched
