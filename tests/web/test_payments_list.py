"""The Payments tab: what was received and paid out, day by day, filtered, page by page, and as a file."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import peewee
import pytest
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import DAY, customer, words
from webapp.db import rows
from webapp.domain import funds, paging, payment_list, voids
from webapp.models import Customer, Invoice, Package, User

pytestmark = pytest.mark.usefixtures("day")


Queries = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def ppl(emma: Customer, once: Once) -> Package:
    return once(make.ppl)


@pytest.fixture
def some(emma: Customer, ppl: Package, by: User, once: Once) -> dict[str, Invoice]:
    return once(make_some, emma, ppl, by)


def make_some(emma: Customer, ppl: Package, by: User) -> dict[str, Invoice]:
    """Payments of three days, one of them voided each way."""
    other, lesson = customer("Łukasz Woźniak"), make.item("Lesson", "50.00")
    made = {name: make.save(other, (lesson, "1"), by=by) for name in ("early", "kept", "refunded", "today")}
    for name, invoice in made.items():
        received = date(2026, 5, 30) if name == "early" else DAY
        make.pay(invoice, ("card" if name == "refunded" else "cash", "50"), by=by, on=received)
    voids.void(made["kept"].id, reason="x", by=by, on=DAY)
    voids.void(made["refunded"].id, reason="x", by=by, on=DAY, money="refunded")
    make.pay(make.save(other, (lesson, "1"), by=by), ("account", "20"), ("cash", "30"), by=by)
    make.pay(make.save(other, (lesson, "1"), by=by), ("cash", "55"), by=by, keep_rest=True)
    return made


def listed(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    found = re.findall(r"<tr(?: class=\"off\")?>\s*<th scope=\"row\".*?</tr>", response.text, re.DOTALL)
    said = [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).strip() for row in found]
    assert all(" Receipt" in row for row in said)
    return [row.replace(" Receipt", "") for row in said]


def test_it_lists_what_was_received_day_by_day(bookkeeper: Client, some: dict[str, Invoice]):
    response = bookkeeper.get("/billing/payments")
    assert listed(response) == [
        "Łukasz Woźniak Cash kept on account 5.00",
        "Łukasz Woźniak Cash 2026-0006 50.00",
        "Łukasz Woźniak Account 2026-0005 20.00",
        "Łukasz Woźniak Cash 2026-0005 30.00",
        "Łukasz Woźniak Cash 2026-0004 50.00",
        "Łukasz Woźniak Card voided, refunded 2026-0003 50.00",
        "Łukasz Woźniak Cash voided, kept 2026-0002 50.00",
        "Łukasz Woźniak Cash 2026-0001 50.00",
    ]
    assert "1 Jun 2026 Cash 185.00 · 20.00 from Account" in words(response)
    assert "30 May 2026 Cash 50.00" in words(response)


def test_what_was_paid_out_stands_beside_what_came_in(bookkeeper: Client, some: dict[str, Invoice], by: User):
    """So that a drawer can be counted on any day after."""
    who = some["today"].customer
    funds.deposit(who, make.method("card"), 40_00, by=by, on=DAY)
    for amount, method in ((15_00, "cash"), (30_00, "card")):
        funds.withdraw(who, make.method(method), amount, by=by, on=DAY, reason="asked for it")
    page = words(bookkeeper.get("/billing/payments"))
    assert "1 Jun 2026 Cash 185.00 · Card 40.00 · 20.00 from Account · paid out Cash 15.00 , Card 30.00" in page
    cash = make.method("cash").id
    assert "Cash 185.00 · paid out Cash 15.00 Łukasz" in words(bookkeeper.get(f"/billing/payments?method={cash}"))
    assert "paid out" not in words(bookkeeper.get("/billing/payments?q=lukasz"))


@pytest.mark.parametrize(
    "query, count",
    [
        ("q=lukasz", 8),
        ("q=emma", 0),
        ("q=2026-0005", 2),
        ("q=4", 1),
        ("from=2026-06-01", 7),
        ("to=2026-05-31", 1),
        ("from=2026-05-30&to=2026-05-30", 1),
        ("from=x&to=2026-99-99", 8),
        ("method=nonsense", 8),
    ],
)
def test_it_is_filtered(bookkeeper: Client, some: dict[str, Invoice], query: str, count: int):
    assert len(listed(bookkeeper.get(f"/billing/payments?{query}"))) == count


def test_it_is_filtered_by_method_with_its_totals(bookkeeper: Client, some: dict[str, Invoice]):
    response = bookkeeper.get(f"/billing/payments?method={make.method('account').id}")
    assert listed(response) == ["Łukasz Woźniak Account 2026-0005 20.00"]
    assert "1 Jun 2026 20.00 from Account" in words(response)
    assert len(listed(bookkeeper.get(f"/billing/payments?method={10**30}"))) == 8


def test_what_the_account_paid_for_a_void_invoice_does_not_count(
    bookkeeper: Client, some: dict[str, Invoice], cast: dict[str, User]
):
    paid = Invoice.get(Invoice.number == 5)
    voids.void(paid.id, reason="typed twice", by=cast["owner"], on=make.DAY)
    response = bookkeeper.get("/billing/payments")
    assert "from Account" not in words(response)
    assert "<s>20.00</s>" in response.text


def test_htmx_gets_the_region_alone(bookkeeper: Client, some: dict[str, Invoice]):
    response = bookkeeper.get("/billing/payments?q=2026-0005", htmx="div#payments-table")
    assert len(listed(response)) == 2
    assert "<html" not in response.text


def test_an_empty_list_says_so(bookkeeper: Client):
    assert "No payments yet" in words(bookkeeper.get("/billing/payments"))
    assert "No payment like that" in words(bookkeeper.get("/billing/payments?q=zzz"))


def test_pages_and_queries(bookkeeper: Client, emma: Customer, by: User, queries: Queries):
    lesson = make.item("Lesson", "50.00")
    make.pay(make.save(emma, (lesson, "1"), by=by), by=by)
    bookkeeper.get("/billing/payments")
    with queries() as few:
        bookkeeper.get("/billing/payments")
    for n in range(59):
        make.pay(make.save(emma, (lesson, "1"), by=by), ("cash", str(n + 1)), by=by, keep_rest=True) if n < 50 else (
            make.pay(make.save(emma, (lesson, "1"), by=by), by=by)
        )
    with queries() as many:
        first = bookkeeper.get("/billing/payments")
    assert len(many) == len(few)
    assert len(listed(first)) == 50
    onward = re.findall(r'id="payments-table-next" href="([^"]*)"', first.text)[0].replace("&amp;", "&")
    rest = bookkeeper.get(onward)
    assert len(listed(rest)) == 10
    assert not set(listed(rest)) & set(listed(first)[:5])


@pytest.mark.sqlite_only
@pytest.mark.parametrize("asked", [payment_list.Asked(), payment_list.Asked(first=DAY), payment_list.Asked(last=DAY)])
def test_a_page_walks_an_index(business: peewee.Database, asked: payment_list.Asked):
    condition, params = payment_list._condition(asked)
    text = paging.page_sql(payment_list._LISTING, f"{payment_list._JOINED} AND {condition}", None)
    plan = [row[3] for row in rows(f"EXPLAIN QUERY PLAN {text}", (*params, 51))]
    assert not [step for step in plan if "TEMP B-TREE" in step]
    assert "payment_received" in plan[0]


def test_the_export_holds_all_as_filtered(bookkeeper: Client, some: dict[str, Invoice]):
    response = bookkeeper.get("/billing/payments/export?from=2026-06-01")
    table = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert table[0] == ["Received on", "Customer", "Method", "Amount", "Invoice", "State"]
    assert len(table) == 8
    assert table[1] == ["2026-06-01", "Łukasz Woźniak", "Cash", "5.00", "kept on account", ""]
    assert table[6] == ["2026-06-01", "Łukasz Woźniak", "Card", "50.00", "2026-0003", "Voided, refunded"]


def test_the_list_asks_for_access_billing_tab(frontdesk: Client, cast: dict[str, User]):
    role = cast["frontdesk"].role
    role.permissions = frozenset()
    role.save()
    for address in ("/billing/payments", "/billing/payments/export", "/billing/accounts/999"):
        assert frontdesk.get(address).status_code == 403
