"""Home: what needs attention today, for those who may see it."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from tests import factories as make
from tests.clients import Client
from webapp.domain import drafts as drafts_of
from webapp.domain import funds
from webapp.domain.quoting import quote
from webapp.models import Invoice, Item, Membership, Package, PackageItem, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def that_sunday() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        yield


def lesson_of(package: Package) -> Item:
    return PackageItem.get(PackageItem.package == package).item


@pytest.fixture
def boss(cast: dict[str, User]) -> User:
    return cast["owner"]


def test_on_the_first_day(owner: Client) -> None:
    page = owner.get("/").text
    assert "Sunday, 22 November 2026" in page
    assert "$0.00" in page
    assert "Nothing yet." in page


def test_a_new_business_is_led_to_its_first_sale(owner: Client, bookkeeper: Client, boss: User) -> None:
    """Step by step, the next one first; then never again."""

    def buttons(client: Client) -> list[tuple[str, str]]:
        page = client.get("/").text.partition('<ol class="steps">')[2].partition("</ol>")[0]
        return re.findall(r'class="btn (primary)?" href="([^"]+)"', page)

    item, package, somebody = "/catalogue/items/new", "/catalogue/packages/new", "/customers/new"
    invoice = "/billing/invoices/new"
    assert buttons(owner) == [("primary", item), ("", package), ("", somebody), ("", invoice)]
    assert buttons(bookkeeper) == []
    ann, piano = make.somebody("Ann"), make.piano()
    assert buttons(owner) == [("primary", invoice)]
    assert owner.get("/").text.count('aria-label="done"') == 3
    make.pay(make.save(ann, (piano, None), by=boss, on=TODAY), by=boss, on=TODAY)
    page = owner.get("/").text
    assert "First steps" not in page
    assert "Nothing needs attention" in page


def test_what_can_be_begun(owner: Client, bookkeeper: Client) -> None:
    page = owner.get("/").text
    assert 'href="/billing/packages/new"' in page
    assert 'href="/billing/invoices/new"' in page
    page = bookkeeper.get("/").text
    assert "/billing/packages/new" not in page
    assert "/billing/invoices/new" not in page


def section(page: str, name: str) -> str:
    """The part of the page about one reason, or nothing."""
    return page.partition(f'<section id="attention-{name}"')[2].partition("</section>")[0]


def test_about_to_run_out(owner: Client, bookkeeper: Client, boss: User) -> None:
    package = make.piano()
    for name, lessons in (("Ann Few", "9"), ("Bea Half", "5"), ("Cal None", "10")):
        customer = make.somebody(name)
        make.add(customer, package, by=boss, on=TODAY)
        make.save(customer, (lesson_of(package), lessons), by=boss, on=TODAY)
    low = section(owner.get("/").text, "low")
    assert "Runs out soon" in low
    assert "Ann Few" in low
    assert "1 left" in low
    assert "Bea Half" not in low
    assert "Cal None" not in low
    assert 'href="/billing/packages?status=low"' in low
    shown = owner.get("/billing/packages?status=low").text
    assert "Ann Few" in shown
    assert "Bea Half" not in shown
    ann = Membership.get()
    assert f'hx-get="/billing/memberships/{ann.id}/uses/new"' in low
    low = section(bookkeeper.get("/").text, "low")
    assert "/uses/new" not in low
    assert f'href="/billing/memberships/{ann.id}"' in low


@pytest.mark.parametrize("days, words", [(0, "today"), (1, "tomorrow"), (14, "in 14 days"), (15, None)])
def test_about_to_expire(owner: Client, boss: User, days: int, words: str | None) -> None:
    package = make.piano(validity="date", last_day=TODAY + timedelta(days=days))
    make.add(make.somebody("Ann Soon"), package, by=boss, on=TODAY)
    soon = section(owner.get("/").text, "soon")
    assert bool(soon) == ("Ann Soon" in soon) == (words is not None)
    assert words is None or f">{words}<" in soon


def test_added_and_never_billed(owner: Client, bookkeeper: Client, boss: User) -> None:
    package, month_ago = make.piano(), TODAY - timedelta(days=30)
    ann = make.add(make.somebody("Ann New"), package, by=boss, on=month_ago)
    make.add(make.somebody("Bea Long Ago"), package, by=boss, on=month_ago - timedelta(days=1))
    make.save(make.somebody("Cal Billed"), (package, "1.00"), by=boss, on=TODAY)
    paid_one = make.add(make.somebody("Dan Pays Each"), package, by=boss, on=TODAY)
    make.save(paid_one.customer, (lesson_of(package), "1"), by=boss, on=TODAY)
    waiting = section(owner.get("/").text, "unbilled")
    assert re.findall(r'class="name"><bdi>(.*?)<', waiting) == ["Ann New"]
    assert ">450.00<" in waiting
    assert f'hx-get="/billing/packages/bills?membership={ann.id}.0" hx-target="#modal"' in waiting
    assert 'href="/billing/packages?status=unbilled&amp;sort=-start"' in waiting
    assert "/billing/invoices/new" not in section(bookkeeper.get("/").text, "unbilled")


def test_what_is_about_to_expire_is_extended_by_whoever_may(owner: Client, frontdesk: Client, boss: User) -> None:
    ann = make.add(make.somebody("Ann Soon"), make.piano(validity="date", last_day=TODAY), by=boss, on=TODAY)
    soon = section(owner.get("/").text, "soon")
    assert f'hx-get="/billing/memberships/{ann.id}/extension"' in soon
    assert 'href="/billing/packages?status=ending"' in soon
    soon = section(frontdesk.get("/").text, "soon")
    assert "/extension" not in soon
    assert 'aria-label="Open PIANO of Ann Soon"' in soon


@pytest.mark.parametrize(
    "ago, lessons, unused", [(1, "0", "450.00"), (30, "4", "270.00"), (31, "4", ""), (1, "10", "")]
)
def test_expired_with_something_left(owner: Client, boss: User, ago: int, lessons: str, unused: str) -> None:
    last_day = TODAY - timedelta(days=ago)
    ann, package = make.somebody("Ann Late"), make.piano(validity="date", last_day=last_day)
    began = last_day - timedelta(days=20)
    make.pay(make.save(ann, (package, None), by=boss, on=began), by=boss, on=began)
    if lessons != "0":
        make.save(ann, (lesson_of(package), lessons), by=boss, on=last_day)
    expired = section(owner.get("/").text, "expired")
    assert bool(expired) == ("Ann Late" in expired) == bool(unused)
    assert unused in expired
    if unused:
        assert 'aria-label="Open PIANO of Ann Late"' in expired
        assert 'href="/billing/packages?status=expired&amp;sort=-end"' in expired


def test_what_was_never_paid_has_no_value_unused(owner: Client, boss: User) -> None:
    package = make.piano(validity="date", last_day=TODAY - timedelta(days=1))
    make.add(make.somebody("Ann Late"), package, by=boss, on=TODAY - timedelta(days=20))
    expired = section(owner.get("/").text, "expired")
    assert "never paid" in expired
    assert "unused" not in expired


def test_overdue(owner: Client, bookkeeper: Client, boss: User) -> None:
    lesson = make.item("Lesson", "50.00")
    long_ago = make.save(make.somebody("Ann Late"), (lesson, "2"), by=boss, on=TODAY - timedelta(days=20))
    make.save(make.somebody("Bea Prompt"), (lesson, "1"), by=boss, on=TODAY - timedelta(days=14))
    page = owner.get("/").text
    assert f"Invoice {long_ago.code}" in page
    assert "· 6 days" in page
    assert "100.00" in page
    assert "Bea Prompt" not in page
    assert f'href="/billing/invoices/{long_ago.id}/payments/new"' in page
    assert 'href="/billing/invoices?status=overdue"' in section(page, "overdue")
    page = bookkeeper.get("/").text
    assert "/payments/new" not in page
    assert f'href="/billing/invoices/{long_ago.id}"' in page


def test_drafts(owner: Client, bookkeeper: Client, boss: User) -> None:
    draft = make.draft(make.somebody("Ann Begun"), "25.00", by=boss, on=TODAY)
    drafts = section(owner.get("/").text, "drafts")
    assert "Ann Begun" in drafts
    assert re.search(r"1 line · kept 12:00\sPM", drafts)
    assert '<span class="n"></span>' in drafts
    assert f'href="/billing/invoices/{draft.id}/edit"' in drafts
    assert 'href="/billing/invoices?status=draft"' in drafts
    drafts_of.keep_shown(draft.id, quote(draft))
    assert '<span class="n">25.00</span>' in section(owner.get("/").text, "drafts")
    drafts = section(bookkeeper.get("/").text, "drafts")
    assert f'href="/billing/invoices/{draft.id}"' in drafts


@pytest.mark.parametrize(
    "moment, words",
    [
        (datetime(2026, 11, 22, 9, 5, tzinfo=UTC), r"9:05\sAM"),
        (datetime(2026, 11, 21, 17, 20, tzinfo=UTC), r"yesterday 5:20\sPM"),
        (datetime(2026, 11, 20, 17, 20, tzinfo=UTC), "20 Nov 2026"),
    ],
)
def test_when_a_draft_was_kept(owner: Client, boss: User, moment: datetime, words: str) -> None:
    draft = make.draft(make.somebody("Ann Begun"), "25.00", by=boss, on=TODAY)
    Invoice.update(changed_at=moment).where(Invoice.id == draft.id).execute()
    assert re.search(f"kept {words}<", owner.get("/").text)


def test_five_of_each_and_how_many(owner: Client, boss: User) -> None:
    for number in range(7):
        make.draft(make.somebody(f"Customer {number}"), "25.00", by=boss, on=TODAY)
    page = owner.get("/").text
    assert page.count("Open the draft of") == 5
    assert ">7<" in page
    assert "7 things" in page


def test_beyond_a_thousand_nobody_counts(owner: Client, boss: User) -> None:
    first = make.draft(make.somebody(), "25.00", by=boss, on=TODAY)
    kept = {name: value for name, value in first.__data__.items() if name != "id"}
    Invoice.create_many([kept] * 1000)
    page = owner.get("/").text
    assert ">1000+<" in section(page, "drafts")
    assert "1000+ things" in page


def test_money_held_and_todays_takings(owner: Client, boss: User) -> None:
    lesson, package = make.item("Theory", "50.00"), make.piano()
    ann, bea = make.somebody("Ann"), make.somebody("Bea")
    make.pay(make.save(ann, (package, "450.00"), by=boss, on=TODAY), ("card", "450.00"), by=boss, on=TODAY)
    make.pay(make.save(ann, (lesson_of(package), "1"), by=boss, on=TODAY), ("account", "45.00"), by=boss, on=TODAY)
    make.pay(make.save(bea, "200.00", by=boss, on=TODAY), ("cash", "200.00"), by=boss, on=TODAY)
    yesterday = TODAY - timedelta(days=1)
    make.pay(make.save(bea, (lesson, "1"), by=boss, on=yesterday), ("cash", "50.00"), by=boss, on=yesterday)
    page = owner.get("/").text
    assert "$605.00" in page
    assert ">405.00<" in page
    assert ">200.00<" in page
    assert "2 payments" in page
    assert "$650.00" in page
    assert 'held already</span><span class="n">45.00' in page
    assert "refunded or withdrawn" not in page
    funds.withdraw(bea, make.method("cash"), 12000, by=boss, on=TODAY, reason="moves away")
    page = owner.get("/").text.partition('<h2 id="takings">')[2].partition("</section>")[0]
    drawers = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert "Cash 1 200.00 Cash, refunded or withdrawn −120.00 Card 1 450.00 Left in Cash 80.00" in drawers
    assert "Taken today, less what went out $530.00" in drawers


def test_a_payment_of_which_a_part_is_kept_is_one(owner: Client, boss: User) -> None:
    both = [make.save(make.somebody(), "50.00", by=boss, on=TODAY)]
    make.pay(both[0], ("cash", "70.00"), by=boss, on=TODAY, keep_rest=True)
    page = owner.get("/").text
    assert ">1 payment<" in page
    assert ">70.00<" in page


def test_what_changed_since_the_last_month_and_a_chart_of_the_year(owner: Client, boss: User) -> None:
    package, ann = make.piano(), make.somebody("Ann")
    for day, amount in ((date(2026, 9, 30), "200.00"), (date(2026, 10, 31), "100.00"), (date(2026, 11, 1), "50.00")):
        make.pay(make.save(ann, (package, amount), by=boss, on=day), by=boss, on=day)
    make.pay(make.save(ann, "30.00", by=boss, on=TODAY), by=boss, on=TODAY)
    page = owner.get("/").text
    assert "$380.00" in page
    assert "+ 80.00 since 31 Oct" in page
    table = page.partition("<details")[2].partition("</details>")[0]
    months = re.findall(
        r'<th scope="row"[^>]*>(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>', table
    )
    assert months[:4] == [
        ("Today", "350.00", "30.00", "380.00"),
        ("31 Oct 2026", "300.00", "0.00", "300.00"),
        ("30 Sep 2026", "200.00", "0.00", "200.00"),
        ("31 Aug 2026", "0.00", "0.00", "0.00"),
    ]
    assert (len(months), months[-1][0]) == (12, "31 Dec 2025")
    chart = page.partition('<svg class="chart"')[2].partition("</svg>")[0]
    assert "From 0.00 on 31 Dec 2025 to 380.00 today" in chart
    assert re.findall(r">(\w+)</text>", chart) == ["0", "200", "400", "Dec", "Mar", "Jun", "Sep", "Nov"]


def test_it_says_when_nothing_changed(owner: Client, boss: User) -> None:
    day = date(2026, 10, 31)
    make.pay(make.save(make.somebody(), "30.00", by=boss, on=day), by=boss, on=day)
    assert "The same as on 31 Oct" in owner.get("/").text


def test_without_any_money_there_is_no_chart(owner: Client) -> None:
    page = owner.get("/").text
    assert '<svg class="chart"' not in page
    assert "Every month" not in page


def test_it_looks_again_after_every_act(owner: Client, boss: User) -> None:
    make.draft(make.somebody("Ann Begun"), "25.00", by=boss, on=TODAY)
    answer = owner.get("/", htmx="div#home-today").text
    assert answer.lstrip().startswith('<div id="home-today"')
    assert "Ann Begun" in answer
    for event in ("memberships-changed", "invoices-changed", "account-changed"):
        assert f"{event} from:body" in answer


def test_nothing_of_it_without_the_billing_tab(owner: Client, frontdesk: Client, boss: User) -> None:
    make.draft(make.somebody("Ann Begun"), "25.00", by=boss, on=TODAY)
    Role.update(permissions=[Permission.MANAGE_CUSTOMERS]).where(Role.name == "Front Desk").execute()
    page = frontdesk.get("/").text
    assert "Welcome, Front Desk" in page
    assert "Ann Begun" not in page
    assert "Money held" not in page


def test_visitors_sign_in_first(visitor: Client) -> None:
    assert visitor.get("/").location == "/sign-in?next=/"


def test_only_looked_at(owner: Client) -> None:
    assert owner.post("/").status_code == 405


def test_it_asks_no_more_where_there_is_more(owner: Client, boss: User, queries: Queries) -> None:
    owner.get("/")
    with queries() as before:
        owner.get("/")
    package = make.piano(validity="date", last_day=TODAY)
    for number in range(3):
        ann = make.somebody(f"Customer {number}")
        make.draft(ann, "25.00", by=boss, on=TODAY)
        make.add(ann, package, by=boss, on=TODAY)
        make.save(ann, (lesson_of(package), "9"), by=boss, on=TODAY - timedelta(days=20))
    with queries() as after:
        owner.get("/")
    assert len(after) == len(before) <= 13, after
