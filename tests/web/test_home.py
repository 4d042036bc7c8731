"""Home: what needs attention today, for those who may see it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from tests import factories as make
from tests.clients import Client
from webapp.models import Item, Package, PackageItem, Role, User
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
    assert "Nothing needs attention" in page
    assert "$0.00" in page
    assert "Nothing yet." in page


def test_what_can_be_begun(owner: Client, bookkeeper: Client) -> None:
    page = owner.get("/").text
    assert 'href="/billing/packages/new"' in page
    assert 'href="/billing/invoices/new"' in page
    page = bookkeeper.get("/").text
    assert "/billing/packages/new" not in page
    assert "/billing/invoices/new" not in page


def test_about_to_run_out(owner: Client, boss: User) -> None:
    package = make.piano()
    for name, lessons in (("Ann Few", "9"), ("Bea Half", "5"), ("Cal None", "10")):
        customer = make.somebody(name)
        make.add(customer, package, by=boss, on=TODAY)
        make.save(customer, (lesson_of(package), lessons), by=boss, on=TODAY)
    page = owner.get("/").text
    assert "About to run out" in page
    assert "Ann Few" in page
    assert "1 lesson left" in page
    assert "Bea Half" not in page
    assert "Cal None" not in page


@pytest.mark.parametrize("days, words", [(0, "today"), (1, "tomorrow"), (14, "in 14 days"), (15, None)])
def test_about_to_expire(owner: Client, boss: User, days: int, words: str | None) -> None:
    package = make.piano(validity="date", last_day=TODAY + timedelta(days=days))
    make.add(make.somebody("Ann Soon"), package, by=boss, on=TODAY)
    page = owner.get("/").text
    assert ("About to expire" in page) == ("Ann Soon" in page) == (words is not None)
    assert words is None or f">{words}<" in page


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
    page = bookkeeper.get("/").text
    assert "/payments/new" not in page
    assert f'href="/billing/invoices/{long_ago.id}"' in page


def test_drafts(owner: Client, boss: User) -> None:
    draft = make.draft(make.somebody("Ann Begun"), "25.00", by=boss, on=TODAY)
    page = owner.get("/").text
    assert "Ann Begun" in page
    assert "1 line<" in page
    assert f'href="/billing/invoices/{draft.id}"' in page


def test_five_of_each_and_how_many(owner: Client, boss: User) -> None:
    for number in range(7):
        make.draft(make.somebody(f"Customer {number}"), "25.00", by=boss, on=TODAY)
    page = owner.get("/").text
    assert page.count("Open the draft of") == 5
    assert ">7<" in page
    assert "7 things" in page


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
    for number in range(3):
        make.draft(make.somebody(f"Customer {number}"), "25.00", by=boss, on=TODAY)
    with queries() as after:
        owner.get("/")
    assert len(after) == len(before) < 14
