"""Billing → Invoices: the list, its filters, search, pages and export."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import peewee
import pytest
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import DAY, MODAL, customer, on_the_day, words
from webapp.db import is_sqlite, rows, utcnow
from webapp.domain import bounces, crediting, invoice_list, paging
from webapp.models import Customer, Invoice, Item, Payment, User

Queries = Callable[[], AbstractContextManager[list[str]]]
REGION = "div#invoices-table"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def invoices(cast: dict[str, User], once: Once) -> dict[str, Invoice]:
    return once(make_invoices, cast)


def make_invoices(cast: dict[str, User]) -> dict[str, Invoice]:
    """One in every state."""
    by, lesson = cast["owner"], make.item("Lesson", "50.00", unit="lesson")
    emma, lukasz = customer("Emma Jones"), customer("Łukasz Woźniak")
    early = date(2026, 5, 1)
    return {
        "overdue": make.save(lukasz, (lesson, "1"), by=by, on=early),
        "paid": make.pay(make.save(emma, (lesson, "2"), by=by), by=by),
        "void": _void(make.save(emma, (lesson, "3"), by=by), by),
        "open": make.save(emma, (lesson, "4"), by=by),
        "draft": make.draft(lukasz, (lesson, "5"), by=by),
    }


def _void(invoice: Invoice, by: User) -> Invoice:
    from webapp.domain import voids

    return voids.void(invoice.id, reason="Wrong customer", by=by, on=DAY)


def listed(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    return re.findall(r'class="lead nw"><a[^>]*>(.*?)</a>', response.text)


def test_uses_of_packages_are_left_out_or_listed_alone(
    bookkeeper: Client, cast: dict[str, User], invoices: dict[str, Invoice]
) -> None:
    """Whoever writes twenty lessons down a day looks for the bills between them."""
    by, emma = cast["owner"], customer("Ann")
    ten = make.package("TEN", (in_piano := Item.get(Item.name == "Lesson"), "10", "@45"))
    bill = make.pay(make.save(emma, (ten, None), by=by), by=by)
    use = make.settle(make.save(emma, (in_piano, "1"), by=by), by=by)
    mixed = make.save(emma, (in_piano, "1"), "20", by=by)
    assert listed(bookkeeper.get("/billing/invoices?kind=uses")) == [use.code]
    rest = listed(bookkeeper.get("/billing/invoices?kind=other"))
    assert {bill.code, mixed.code} < set(rest)
    assert (len(rest), use.code in rest) == (len(invoices) + 2, False)
    assert len(listed(bookkeeper.get("/billing/invoices?kind=whatever"))) == len(invoices) + 3
    page = bookkeeper.get("/billing/invoices?kind=other&status=paid")
    assert "kind=other" in page.text.partition('id="invoices-table"')[2], "paging and sorting keep it"
    exported = bookkeeper.get("/billing/invoices/export?kind=uses").text
    assert (exported.count("\n"), use.code in exported) == (2, True)


def test_who_had_a_lesson_on_a_day(bookkeeper: Client, cast: dict[str, User]) -> None:
    """By the day served, whenever it was written down; what each used is said."""
    by, lesson, strings = cast["owner"], make.item("Lesson", "50.00", unit="lesson"), make.item("Strings", "9.00")
    ten = make.package("TEN", (lesson, "10", "@45"), (strings, "10", "@8"))
    used = {}
    for name, on, parts in (
        ("Ann", DAY, [(lesson, "1")]),
        ("Bo", date(2026, 6, 2), [(lesson, "2"), (strings, "3")]),
        ("Cy", date(2026, 6, 3), [(lesson, "1")]),
    ):
        who = customer(name)
        make.pay(make.save(who, (ten, None), by=by), by=by)
        used[name] = make.settle(make.save(who, *parts, by=by, on=on), by=by)
    make.save(customer("Dee"), (lesson, "1"), by=by, on=date(2026, 6, 2))
    tuesday = "kind=uses&from=2026-06-02&to=2026-06-02"
    page = bookkeeper.get(f"/billing/invoices?{tuesday}")
    assert listed(page) == [used["Bo"].code]
    assert f"{used['Bo'].code} Bo 2 × Lesson , 3 × Strings 2 Jun 2026" in words(page)
    assert "1 invoice Export" in words(page)
    region = page.text.partition('id="invoices-table"')[2]
    assert region.count("from=2026-06-02&amp;to=2026-06-02") >= 3, "sorting, coming back and the export keep the days"
    exported = bookkeeper.get(f"/billing/invoices/export?{tuesday}").text
    assert (exported.count("\n"), used["Bo"].code in exported) == (2, True)
    codes = [used[name].code for name in ("Cy", "Bo", "Ann")]
    assert listed(bookkeeper.get("/billing/invoices?kind=uses&from=2026-06-01")) == codes
    assert listed(bookkeeper.get("/billing/invoices?kind=uses&to=2026-06-02")) == codes[1:]
    assert listed(bookkeeper.get("/billing/invoices?kind=uses&from=x&to=2026-99-99")) == codes
    assert 'aria-label="Served to"' in page.text
    _void(used["Bo"], by)
    assert "2 × Lesson" not in words(bookkeeper.get(f"/billing/invoices?{tuesday}")), "it was given back"


def many(owner: User, count: int) -> None:
    """Many open invoices at once, without what is written beside them: lists read only their rows."""
    emma, now = customer(), utcnow()
    facts = {"customer": emma, "customer_name": emma.name, "customer_sort": emma.sort_name, "status": "open"}
    money = {"net_minor": 100, "total_minor": 100, "due_minor": 100}
    when = {"service_on": DAY, "due_on": DAY, "issued_on": DAY, "created_by": owner, "created_at": now}
    Invoice.insert_many(
        {**facts, **money, **when, "changed_at": now, "series": "2026", "number": 1000 + n} for n in range(count)
    ).execute()


# The list


def test_it_shows_each_invoice_with_its_state_in_words(bookkeeper: Client, invoices: dict[str, Invoice]):
    response = bookkeeper.get("/billing/invoices")
    assert listed(response) == ["Draft", "2026-0004", "2026-0003", "2026-0002", "2026-0001"]
    shown = words(response)
    assert "2026-0004 Emma Jones 1 Jun 2026 15 Jun 2026 Open 200.00 200.00" in shown
    assert "2026-0003 Emma Jones 1 Jun 2026 15 Jun 2026 Void 150.00 —" in shown
    assert "2026-0002 Emma Jones 1 Jun 2026 15 Jun 2026 Paid 100.00 —" in shown
    assert "2026-0001 Łukasz Woźniak 1 May 2026 15 May 2026 Overdue 50.00 50.00" in shown


@pytest.mark.parametrize(
    "status, expected",
    [
        ("draft", ["Draft"]),
        ("open", ["2026-0001", "2026-0004"]),
        ("overdue", ["2026-0001"]),
        ("paid", ["2026-0002"]),
        ("void", ["2026-0003"]),
        ("nonsense", ["Draft", "2026-0004", "2026-0003", "2026-0002", "2026-0001"]),
    ],
)
def test_it_is_filtered_by_state(bookkeeper: Client, invoices: dict[str, Invoice], status: str, expected: list[str]):
    assert listed(bookkeeper.get("/billing/invoices", query_string={"status": status})) == expected


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("lukasz", ["Draft", "2026-0001"]),
        ("woz luk", ["Draft", "2026-0001"]),
        ("2026-0002", ["2026-0002"]),
        ("2026-2", ["2026-0002"]),
        ("3", ["2026-0003"]),
        ("#0004", ["2026-0004"]),
        ("2025-0001", []),
        ("nobody", []),
        ("%", []),
        ("9" * 30, []),
    ],
)
def test_it_is_searched_by_customer_and_number(
    bookkeeper: Client, invoices: dict[str, Invoice], typed: str, expected: list[str]
):
    assert listed(bookkeeper.get("/billing/invoices", query_string={"q": typed})) == expected


def test_it_is_narrowed_to_one_customer_by_who_they_are(
    bookkeeper: Client, invoices: dict[str, Invoice], cast: dict[str, User]
):
    """Two may have the same name."""
    other = customer("Emma Jones")
    theirs = make.save(other, "30", by=cast["owner"])
    page = bookkeeper.get(f"/billing/invoices?customer={other.id}")
    assert listed(page) == [line for line in listed(bookkeeper.get("/billing/invoices")) if theirs.code in line]
    assert f'<input type="hidden" name="customer" value="{other.id}">' in page.text
    assert "Of Emma Jones , with what they paid for others." in words(page)
    assert f'href="/billing/invoices?customer={other.id}"' in bookkeeper.get(f"/customers/{other.id}").text
    for nobody in ("x", "999999", "-1"):
        assert bookkeeper.get(f"/billing/invoices?customer={nobody}").status_code == 200


def test_it_is_sorted_by_customer_both_ways(bookkeeper: Client, invoices: dict[str, Invoice]):
    upwards = listed(bookkeeper.get("/billing/invoices?sort=customer"))
    assert upwards == ["2026-0002", "2026-0003", "2026-0004", "2026-0001", "Draft"]
    assert listed(bookkeeper.get("/billing/invoices?sort=-customer")) == upwards[::-1]


def test_htmx_gets_the_region_alone(bookkeeper: Client, invoices: dict[str, Invoice]):
    response = bookkeeper.get("/billing/invoices?status=paid", htmx=REGION)
    assert listed(response) == ["2026-0002"]
    assert "<html" not in response.text
    assert 'hx-get="/billing/invoices?status=paid"' in response.text


def test_an_empty_list_says_how_to_begin(frontdesk: Client, bookkeeper: Client):
    assert "New invoice" in words(frontdesk.get("/billing/invoices"))
    assert "Somebody with Add Invoice can write them." in words(bookkeeper.get("/billing/invoices"))
    assert "No invoice like that" in words(bookkeeper.get("/billing/invoices?q=nobody"))


# Pages


def test_fifty_a_page_there_and_back(bookkeeper: Client, cast: dict[str, User]):
    many(cast["owner"], 120)
    seen, address = [], "/billing/invoices"
    for _ in range(3):
        response = bookkeeper.get(address)
        seen.append(listed(response))
        following = re.findall(r'id="invoices-table-next" href="([^"]*)"', response.text)
        address = following[0].replace("&amp;", "&") if following else ""
    assert [len(page) for page in seen] == [50, 50, 20]
    assert address == ""
    assert [number for page in seen for number in page] == [f"2026-{n}" for n in range(1119, 999, -1)]
    back = re.findall(r'id="invoices-table-previous" href="([^"]*)"', response.text)[0].replace("&amp;", "&")
    assert listed(bookkeeper.get(back)) == seen[1]


def test_any_cursor_is_answered(bookkeeper: Client, invoices: dict[str, Invoice]):
    assert len(listed(bookkeeper.get("/billing/invoices?cursor=WzAsMV0x"))) == 5


@pytest.mark.parametrize("query", ["", "status=overdue", "q=emma", "sort=customer", "q=1001", "from=2026-06-01"])
def test_a_page_takes_as_many_queries_however_long_the_list(
    bookkeeper: Client, cast: dict[str, User], queries: Queries, query: str
):
    many(cast["owner"], 3)
    bookkeeper.get("/billing/invoices")  # the first look of a day is written down
    with queries() as few:
        bookkeeper.get(f"/billing/invoices?{query}")
    emma = Customer.get()
    for _ in range(60):
        make.draft(emma, by=cast["owner"])
    with queries() as many_more:
        bookkeeper.get(f"/billing/invoices?{query}")
    assert len(many_more) == len(few)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "asked",
    [
        invoice_list.Asked(DAY),
        invoice_list.Asked(DAY, status="open"),
        invoice_list.Asked(DAY, status="overdue"),
        invoice_list.Asked(DAY, status="paid"),
        invoice_list.Asked(DAY, sort="customer"),
        invoice_list.Asked(DAY, typed="2026-0001"),
        invoice_list.Asked(DAY, typed="1"),
        invoice_list.Asked(DAY, first=DAY),
        invoice_list.Asked(DAY, last=DAY),
        invoice_list.Asked(DAY, first=DAY, last=DAY, kind="uses"),
        invoice_list.Asked(DAY, first=DAY, last=DAY, status="paid"),
        invoice_list.Asked(DAY, first=DAY, last=DAY, status="overdue"),
    ],
)
def test_a_page_walks_an_index(business: peewee.Database, asked: invoice_list.Asked):
    assert is_sqlite()
    condition, params = invoice_list._condition(asked)
    text = paging.page_sql(invoice_list._listing("invoice.id", asked), condition, None)
    plan = [row[3] for row in rows(f"EXPLAIN QUERY PLAN {text}", (*params, 51))]
    assert not [step for step in plan if "TEMP B-TREE" in step and not asked.typed]
    assert not [
        step for step in plan if step == "SCAN invoice" and (asked.status or asked.typed or asked.first or asked.last)
    ]


@pytest.mark.parametrize(
    "asked, said",
    [
        ("", "5 invoices, $250.00 due in all"),
        ("?status=open", "2 invoices, $250.00 due in all"),
        ("?status=overdue", "1 invoice, $50.00 due in all"),
        ("?status=paid", "1 invoice Export"),
        ("?status=draft", "1 invoice Export"),
        ("?q=emma", "3 invoices, $200.00 due in all"),
        ("?q=4", "1 invoice, $200.00 due in all"),
        ("?kind=uses&status=void", "No invoice like that"),
        ("?kind=uses", "No invoice like that"),
        ("?from=2026-06-02", "No invoice like that"),
        ("?to=2026-05-31", "1 invoice, $50.00 due in all"),
    ],
)
def test_it_says_what_is_due_of_those_it_shows(
    bookkeeper: Client, invoices: dict[str, Invoice], asked: str, said: str
) -> None:
    assert said in words(bookkeeper.get(f"/billing/invoices{asked}"))


def test_what_is_due_is_that_of_all_pages(bookkeeper: Client, cast: dict[str, User]) -> None:
    many(cast["owner"], 70)
    assert "70 invoices, $70.00 due in all" in words(bookkeeper.get("/billing/invoices"))


def test_what_is_due_is_that_of_one_customer(bookkeeper: Client, invoices: dict[str, Invoice]) -> None:
    who = invoices["overdue"].customer_id
    assert "2 invoices, $50.00 due in all" in words(bookkeeper.get(f"/billing/invoices?customer={who}"))


@pytest.mark.sqlite_only
def test_what_is_due_is_read_from_open_invoices_alone(business: peewee.Database) -> None:
    condition, params = invoice_list._condition(invoice_list.Asked(DAY))
    plan = [row[3] for row in rows(f"EXPLAIN QUERY PLAN {invoice_list._DUE.format(condition)}", params)]
    assert plan in [[f"SEARCH invoice USING INDEX invoice_{index} (status=?)"] for index in ("status", "due")]


# Export


def test_the_export_holds_every_page_as_filtered(bookkeeper: Client, invoices: dict[str, Invoice]):
    response = bookkeeper.get("/billing/invoices/export?status=open")
    assert response.mimetype == "text/csv"
    table = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert table[0][:4] == ["Number", "Customer", "Status", "Service date"]
    days = ["2026-05-01", "2026-05-15", "2026-05-01"], ["2026-06-01", "2026-06-15", "2026-06-01"]
    assert table[1:] == [
        ["2026-0001", "Łukasz Woźniak", "Overdue", *days[0], "50.00", "0.00", "50.00", "50.00"],
        ["2026-0004", "Emma Jones", "Open", *days[1], "200.00", "0.00", "200.00", "200.00"],
    ]


def test_the_export_of_a_draft_and_of_a_hostile_name(bookkeeper: Client, cast: dict[str, User]):
    make.draft(customer("=1+1"), (make.item("Lesson", "50.00"), "1"), by=cast["owner"])
    table = list(csv.reader(io.StringIO(bookkeeper.get("/billing/invoices/export").text.removeprefix("\ufeff"))))
    assert table[1][:4] == ["", "'=1+1", "Draft", "2026-06-01"]


# A row's menu


@pytest.mark.parametrize(
    "which, who, expected",
    [
        ("open", "manager", ["Open", "Pay", "Credit", "Void undo"]),
        ("open", "frontdesk", ["Open", "Pay"]),
        ("open", "bookkeeper", ["Open"]),
        ("paid", "manager", ["Open", "Credit", "Void undo"]),
        ("void", "manager", ["Open"]),
        ("draft", "frontdesk", ["Open", "Discard draft"]),
        ("draft", "bookkeeper", ["Open"]),
    ],
)
def test_a_row_offers_what_may_be_done(
    request: pytest.FixtureRequest, invoices: dict[str, Invoice], which: str, who: str, expected: list[str]
):
    client = request.getfixturevalue(who)
    response = client.get(f"/billing/invoices/{invoices[which].id}/actions", htmx="div#menu")
    offered = re.findall(r'role="menuitem"[^>]*>.*?</svg>(.*?)</a>', response.text)
    assert [re.sub("<.*?>", "", label).strip() for label in offered] == expected


# Who may see it


def test_it_asks_for_access_billing_tab(app: object, cast: dict[str, User], frontdesk: Client):
    role = cast["frontdesk"].role
    role.permissions = frozenset()
    role.save()
    assert frontdesk.get("/billing/invoices").status_code == 403
    assert frontdesk.get("/billing/invoices/export").status_code == 403
    assert frontdesk.get(f"/billing/invoices/{10**9}/actions").status_code == 403


def test_new_invoice_is_offered_only_to_who_may(bookkeeper: Client, frontdesk: Client, invoices: dict[str, Invoice]):
    assert "New invoice" not in words(bookkeeper.get("/billing/invoices"))
    assert "New invoice" in words(frontdesk.get("/billing/invoices"))


def test_a_stranger_is_sent_to_sign_in(visitor: Client):
    response = visitor.get("/billing/invoices?status=open")
    assert response.status_code == 302
    assert "next=" in response.location


@pytest.mark.parametrize("address", ["/billing/invoices/999999/actions", "/billing/invoices/999999"])
def test_what_does_not_exist_is_not_found(owner: Client, address: str):
    assert owner.get(address).status_code == 404
    assert owner.get(address, htmx=MODAL).status_code == 404


def test_other_verbs_are_refused(owner: Client):
    assert owner.put("/billing/invoices").status_code == 405
    assert owner.post("/billing/invoices/export").status_code == 405


def test_what_was_credited_in_full_is_not_called_paid(bookkeeper: Client, cast: dict[str, User]) -> None:
    by, lesson = cast["owner"], make.item("Lesson", "50.00")
    unpaid, paid, half = (make.save(customer("Ann"), (lesson, "2"), by=by) for _ in range(3))
    make.pay(paid, ("cash", "100"), by=by)
    make.pay(half, ("cash", "50"), by=by)
    for invoice, milli in ((unpaid, 2000), (paid, 2000), (half, 1000)):
        version = Invoice.get_by_id(invoice.id).version
        crediting.credit(invoice.id, 1, milli, version=version, by=by, on=DAY, reason="Teacher ill")
    assert {it.status for it in Invoice.select()} == {"paid"}
    said = ["Credited", "Credited", "Paid"]
    exported = list(csv.reader(io.StringIO(bookkeeper.get("/billing/invoices/export").text)))
    assert [row[2] for row in exported[:0:-1]] == said
    assert [badge(row) for row in bookkeeper.get("/billing/invoices").text.split("<tr")[:1:-1]] == said
    assert [badge(bookkeeper.get(f"/billing/invoices/{it.id}").text) for it in (unpaid, paid, half)] == said
    assert [badge(bookkeeper.get(f"/search?q={it.code}").text) for it in (unpaid, paid, half)] == said


def test_what_is_paid_in_part_is_said_to_be(bookkeeper: Client, cast: dict[str, User]) -> None:
    """Until it is overdue, which matters more; a payment that was taken back is none."""
    by, ann, lesson = cast["owner"], customer("Ann"), make.item("Lesson", "50.00")
    open_, part, late, back = (
        make.save(ann, (lesson, "2"), by=by, on=on) for on in (DAY, DAY, date(2026, 5, 1), date(2026, 5, 31))
    )
    for invoice, method in ((part, "cash"), (late, "cash"), (back, "check")):
        make.pay(invoice, (method, "60"), by=by)
    bounces.bounce(Payment.get(Payment.invoice == back).id, by=by, on=DAY, reason="no funds")
    said = ["Open", "Part paid", "Overdue", "Open"]
    exported = list(csv.reader(io.StringIO(bookkeeper.get("/billing/invoices/export").text)))
    assert [row[2] for row in exported[:0:-1]] == said
    assert [badge(row) for row in bookkeeper.get("/billing/invoices").text.split("<tr")[:1:-1]] == said
    assert [badge(bookkeeper.get(f"/billing/invoices/{it.id}").text) for it in (open_, part, late, back)] == said
    assert [badge(bookkeeper.get(f"/search?q={it.code}").text) for it in (open_, part, late, back)] == said
    assert "Part paid" in bookkeeper.get(f"/customers/{ann.id}").text
    assert listed(bookkeeper.get("/billing/invoices?status=part+paid")) == [late.code, part.code]
    assert len(listed(bookkeeper.get("/billing/invoices?status=open"))) == 4


def badge(text: str) -> str:
    found = re.search(r'class="badge[^>]*>.*?</svg>([\w ]+)', text)
    return found[1] if found else ""
