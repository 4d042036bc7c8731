"""The statement of a customer, and the entries that each of its rows leads to."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date

import peewee
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.conftest import Once
from tests.web.billing import MODAL, customer, on_the_day, words
from webapp.domain import checks, funds, memberships, voids
from webapp.domain.memberships import Removal
from webapp.models import Customer, Item, Journal, Role, User
from webapp.permissions import Permission

REGION = "div#customer-statement"
FEBRUARY, MARCH, TODAY = date(2026, 2, 20), date(2026, 3, 10), date(2026, 4, 15)


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day(TODAY):
        yield
    assert checks.faults() == []


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(make_emma, by)


def make_emma(by: User) -> Customer:
    """PIANO for 450.00 in February, one lesson in March, 20.00 deposited in April."""
    made, piano = customer(), make.piano()
    make.pay(make.save(made, (piano, None), by=by, on=FEBRUARY), by=by, on=FEBRUARY)
    lesson = make.save(made, (Item.get(Item.name == "Lesson"), "1"), by=by, on=MARCH)
    make.pay(lesson, ("account", "45"), by=by, on=MARCH)
    funds.deposit(made, make.method("card"), 2000, by=by, on=TODAY)
    return made


def url(who: Customer, **asked: str) -> str:
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in asked.items())
    return f"/customers/{who.id}/statement{'?' if query else ''}{query}"


def rows(page: TestResponse) -> list[list[str]]:
    """The cells of the table, without what is only read to machines."""
    assert page.status_code == 200
    found = re.findall(r"<tr.*?</tr>", page.text.split("<thead>")[1], re.DOTALL)[1:]
    texts = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)]
             for row in found]  # fmt: skip
    return [[cell for cell in row if cell] for row in texts]


def test_a_period_opens_runs_and_closes(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(url(emma, from_="2026-03-01", to="2026-04-30"))
    assert rows(page) == [
        ["1 Mar 2026", "Opening balance", "450.00"],
        ["10 Mar 2026", "Invoice 2026-0002 paid by Account 1 × Lesson", "PIANO", "−45.00", "405.00", "J4"],
        ["15 Apr 2026", "Deposit by Card", "General funds", "+20.00", "425.00", "J5"],
        ["15 Apr 2026", "Closing balance", "$425.00"],
    ]
    funds_then = "General funds 20.00 Package funds · PIANO 405.00 Account balance $425.00 Left of PIANO 9 × Lesson"
    assert f"Funds on 15 Apr 2026 {funds_then}" in words(page)


def test_what_was_used_what_is_left_and_what_is_due(bookkeeper: Client, emma: Customer, by: User) -> None:
    """What a customer asks at the desk, whoever paid it and how."""
    lesson = Item.get(Item.name == "Lesson")
    book = make.item("Book", "30")
    make.pay(make.save(emma, (lesson, "2"), by=by, on=TODAY), ("cash", "45"), by=by, on=TODAY)
    make.pay(make.save(emma, (book, "1"), by=by, on=TODAY), ("card", "30"), by=by, on=TODAY)
    page = words(bookkeeper.get(url(emma, from_="2026-03-01", to="2026-04-30")))
    assert "PIANO bought 2026-0001 450.00 paid 10 Mar 2026 1 × Lesson PIANO 2026-0002 45.00 paid" in words(
        bookkeeper.get(url(emma, from_="2026-01-01", to="2026-04-30"))
    )
    assert "15 Apr 2026 2 × Lesson PIANO 2026-0003 90.00 45.00" in page
    assert "15 Apr 2026 1 × Book no package 2026-0004 30.00 paid" in page
    assert "Due on open invoices $45.00 Left of PIANO 7 × Lesson" in page
    earlier = words(bookkeeper.get(url(emma, from_="2026-03-01", to="2026-03-31")))
    assert "10 Mar 2026 1 × Lesson" in earlier
    assert "Left of" not in earlier, "how it was then is not known"
    assert "Used and bought" not in words(bookkeeper.get(url(emma, from_="2026-01-01", to="2026-01-31")))


def test_the_funds_of_an_earlier_day(bookkeeper: Client, emma: Customer) -> None:
    page = words(bookkeeper.get(url(emma, from_="2026-03-01", to="2026-03-31")))
    assert "Funds on 31 Mar 2026 General funds 0.00 Package funds · PIANO 405.00" in page
    page = words(bookkeeper.get(url(emma, from_="2026-01-01", to="2026-01-31")))
    assert "Nothing happened in this period." in page
    assert "Package funds 0.00 Account balance $0.00" in page


def test_what_happens_later_leaves_it_as_it_was(bookkeeper: Client, emma: Customer, by: User) -> None:
    before = rows(bookkeeper.get(url(emma, from_="2026-02-01", to="2026-03-31")))
    membership = make.bought(emma)
    memberships.remove([Removal(membership.id, membership.version)], by=by, on=TODAY, reason="moves away")
    assert rows(bookkeeper.get(url(emma, from_="2026-02-01", to="2026-03-31"))) == before
    page = rows(bookkeeper.get(url(emma)))
    assert [row[1:3] for row in page[2:4]] == [
        ["Removed from PIANO moves away", "PIANO"],
        ["Removed from PIANO moves away", "General funds"],
    ]


@pytest.mark.parametrize("asked, shown", [
    ({}, "1 Apr 2026 to 30 Apr 2026"),
    ({"from_": "2026-03-01"}, "1 Mar 2026 to 30 Apr 2026"),
    ({"from_": "2026-05-01", "to": "2026-03-01"}, "1 Mar 2026 to 1 May 2026"),
    ({"from_": "soon", "to": "2026-13-45"}, "1 Apr 2026 to 30 Apr 2026"),
    ({"from_": "0001-01-01", "to": "9999-12-31"}, "1 Apr 2026 to 30 Apr 2026"),
    ({"from_": "", "to": "%00"}, "1 Apr 2026 to 30 Apr 2026"),
])  # fmt: skip
def test_which_period(bookkeeper: Client, emma: Customer, asked: dict[str, str], shown: str) -> None:
    assert shown in words(bookkeeper.get(url(emma, **asked)))


@pytest.mark.parametrize("link, shown", [
    ("This month", "1 Apr 2026 to 30 Apr 2026"),
    ("Last month", "1 Mar 2026 to 31 Mar 2026"),
    ("This year", "1 Jan 2026 to 31 Dec 2026"),
])  # fmt: skip
def test_quick_links(bookkeeper: Client, emma: Customer, link: str, shown: str) -> None:
    href = re.search(rf'href="([^"]*)" id="period-\d"[^>]*>{link}', bookkeeper.get(url(emma)).text)
    assert href
    page = bookkeeper.get(href[1].replace("&amp;", "&"))
    assert shown in words(page)
    assert re.search(rf'aria-current="true">{link}', page.text)


@pytest.mark.parametrize("on, last", [(date(2024, 3, 31), "1 Feb 2024 to 29 Feb 2024"),
                                      (date(2026, 1, 31), "1 Dec 2025 to 31 Dec 2025")])  # fmt: skip
def test_last_month_on_the_last_of_a_month(bookkeeper: Client, emma: Customer, on: date, last: str) -> None:
    with on_the_day(on):
        href = re.search(r'href="([^"]*)" id="period-2"', bookkeeper.get(url(emma)).text)
        assert href
        assert last in words(bookkeeper.get(href[1].replace("&amp;", "&")))


def test_each_row_leads_to_what_caused_it(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(url(emma, from_="2026-01-01")).text
    deposit = Journal.get(Journal.kind == "deposit").id
    assert re.findall(r'<th scope="row" class="lead"><a href="([^"]*)"', page) == [
        "/billing/invoices/1",
        "/billing/invoices/2",
        f"/billing/journals/{deposit}",
    ]
    assert page.count(f'href="/billing/journals/{deposit}" hx-get=') == 1


def test_htmx_gets_the_region_alone(bookkeeper: Client, emma: Customer) -> None:
    region = bookkeeper.get(url(emma, from_="2026-03-01", to="2026-03-31"), htmx=REGION).text
    assert region.lstrip().startswith('<div id="customer-statement"')
    assert "from=2026-03-01&amp;to=2026-03-31" in region
    assert "<html" not in region


def test_as_a_file(bookkeeper: Client, emma: Customer) -> None:
    answer = bookkeeper.get(f"/customers/{emma.id}/statement/export?from=2026-03-01&to=2026-04-30")
    assert answer.mimetype == "text/csv"
    assert f"statement-{emma.id}-2026-03-01-2026-04-30.csv" in answer.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")))) == [
        ["Day", "What", "Used", "Reason", "Funds", "Amount", "Balance", "Entry", "Paid for others"],
        ["2026-03-01", "Opening balance", "", "", "", "", "450.00", "", ""],
        ["2026-03-10", "Invoice 2026-0002 paid by Account", "1 lesson", "", "PIANO", "-45.00", "405.00", "J4", ""],
        ["2026-04-15", "Deposit by Card", "", "", "General funds", "20.00", "425.00", "J5", ""],
        ["2026-04-30", "Closing balance", "", "", "", "", "425.00", "", ""],
    ]


def test_the_customers_page_leads_there(bookkeeper: Client, emma: Customer) -> None:
    assert f'href="/customers/{emma.id}/statement"' in bookkeeper.get(f"/customers/{emma.id}").text


# The entries


def journal(kind: str) -> int:
    return int(Journal.select().where(Journal.kind == kind).order_by(Journal.id.desc()).get().id)


def test_an_entry_says_who_when_what_and_from_where_to_where(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(f"/billing/journals/{journal('deposit')}")
    text = words(page)
    assert "Deposit by Owner, 15 Apr 2026" in text
    assert "Booked on 15 Apr 2026 Customer Emma Jones" in text
    assert "Card General funds of Emma Jones 20.00" in text
    assert f'href="/customers/{emma.id}/statement"' in page.text


def test_a_mirror_leads_to_what_it_takes_back(bookkeeper: Client, emma: Customer, by: User) -> None:
    lesson = make.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=by, on=TODAY)
    make.pay(lesson, ("cash", "45"), by=by, on=TODAY)
    paid = journal("pay")
    voids.void(lesson.id, reason="never came", by=by, on=TODAY)
    taken = Journal.get(Journal.mirrors == paid).id
    assert f'by <a href="/billing/journals/{taken}">' in bookkeeper.get(f"/billing/journals/{paid}").text
    page = bookkeeper.get(f"/billing/journals/{taken}")
    assert f'Takes back <a href="/billing/journals/{paid}">' in page.text
    assert "never came" in words(page)
    assert "In the same act" in words(page)
    dialog = bookkeeper.get(f"/billing/journals/{taken}", htmx=MODAL).text
    assert f'hx-get="/billing/journals/{paid}" hx-target="#modal"' in dialog
    assert "<html" not in dialog


# Who may


@pytest.mark.parametrize("name", CAST)
def test_who_sees_the_billing_tab_sees_them(app: Flask, emma: Customer, name: str) -> None:
    client = client_for(app, name)
    for address in (url(emma), f"/customers/{emma.id}/statement/export", f"/billing/journals/{journal('deposit')}"):
        assert client.get(address).status_code == 200
    for address in ("/customers/999999/statement", "/customers/999999/statement/export", "/billing/journals/999999"):
        assert client.get(address).status_code == 404


def test_nobody_else_does(bookkeeper: Client, emma: Customer) -> None:
    held = frozenset(set(Permission) - {Permission.ACCESS_BILLING_TAB})
    Role.update(permissions=held).where(Role.name == "Bookkeeper").execute()
    for address in (url(emma), f"/customers/{emma.id}/statement/export", "/billing/journals/1"):
        assert bookkeeper.get(address).status_code == 403
        assert bookkeeper.post(address).status_code == 405
    assert "/statement" not in bookkeeper.get(f"/customers/{emma.id}").text
