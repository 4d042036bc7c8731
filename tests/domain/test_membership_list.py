"""The list of customers in packages: what it finds, its orders and pages, and that each walks an index."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from itertools import product
from typing import Any

import peewee
import pytest

from tests import factories as make
from tests.crowd import crowd
from webapp.domain import memberships, removing, search
from webapp.domain.membership_list import (
    ENDING,
    LOW,
    ORDERS,
    OWING,
    STATUSES,
    UNBILLED,
    Filter,
    every_membership,
    filter_choices,
    membership_page,
    membership_total,
)
from webapp.models import Customer, Item, Membership, Package, User

pytestmark = pytest.mark.usefixtures("business")

Queries = Callable[[], AbstractContextManager[list[str]]]


def listed(**wanted: Any) -> list[str]:
    """Customer and package of each row of the first page."""
    return [f"{row.customer} in {row.package}" for row in membership_page(Filter(**wanted), "").rows]


def findable(name: str) -> Customer:
    customer = make.somebody(name)
    search.index("customer", customer.id, name)
    return customer


def offered(package: Package) -> Package:
    search.index("package", package.id, package.name)
    return package


@pytest.fixture
def three(desk: User) -> dict[str, Membership]:
    """Zoë active in PPL, Anna active in PIANO since yesterday, Łukasz removed from PPL."""
    ppl, piano = offered(make.ppl()), offered(make.piano(validity="days", validity_count=10))
    found = {
        "zoe": make.add(findable("Zoë Müller"), ppl, by=desk),
        "anna": make.add(findable("Anna Zabłocka"), piano, by=desk, on=date(2026, 5, 31)),
        "lukasz": make.add(findable("Łukasz Woźniak"), ppl, by=desk, on=date(2026, 1, 2)),
    }
    [leaving] = removing.consequences([found["lukasz"].id])
    removing.remove([leaving.removal], shown=removing.mark([leaving]), by=desk, on=make.DAY)
    return found


def test_nobody() -> None:
    assert listed() == []
    assert str(membership_total(Filter())) == "0"
    assert filter_choices() == ([], [])


def test_a_row_tells_all(desk: User) -> None:
    emma, ppl = make.somebody(), make.ppl(tax="8")
    make.pay(make.save(emma, (ppl, "2000"), by=desk), by=desk)
    c172 = Item.get(Item.name == "C172")
    make.settle(make.save(emma, (c172, "1.5"), by=desk), by=desk)
    make.save(emma, (c172, "2"), by=desk)
    [row] = membership_page(Filter(), "").rows
    membership = make.bought(emma)
    assert (row.id, row.customer_id, row.customer, row.package) == (membership.id, emma.id, "Emma Jones", "PPL")
    assert (row.status, row.is_active, row.start_on, row.end_on) == ("active", True, make.DAY, None)
    assert (row.price_minor, row.funds_minor) == (628_400, make.funds(membership))
    assert row.unbilled_minor == memberships.unbilled(membership) == 428_400
    assert [tuple(item) for item in row.items] == [
        ("C172", 1_500, 2_000, 40_000, "hour"),
        ("Instruction", 0, 0, 20_000, "hour"),
    ]
    assert row.mark == f"{membership.id}.{membership.version}"


def test_active_first_then_by_customer(three: dict[str, Membership]) -> None:
    assert listed() == ["Anna Zabłocka in PIANO", "Zoë Müller in PPL", "Łukasz Woźniak in PPL"]


@pytest.mark.parametrize(
    "order, names",
    [
        ("customer", "Anna Łukasz Zoë"),
        ("-customer", "Zoë Łukasz Anna"),
        ("start", "Łukasz Anna Zoë"),
        ("-start", "Zoë Anna Łukasz"),
        ("end", "Anna Zoë Łukasz"),
        ("-end", "Łukasz Zoë Anna"),
        ("nonsense", "Anna Zoë Łukasz"),
    ],
)
def test_orders(three: dict[str, Membership], order: str, names: str) -> None:
    assert [name.split()[0] for name in listed(order=order)] == names.split()


def test_filters(three: dict[str, Membership]) -> None:
    ppl = three["zoe"].package_id
    assert listed(status="active") == ["Anna Zabłocka in PIANO", "Zoë Müller in PPL"]
    assert listed(status="removed") == ["Łukasz Woźniak in PPL"]
    assert listed(status="completed") == []
    assert listed(package=ppl) == ["Zoë Müller in PPL", "Łukasz Woźniak in PPL"]
    assert listed(package=ppl, status="removed") == ["Łukasz Woźniak in PPL"]
    assert listed(package=2**62) == []
    assert listed(group=1) == []


def test_nothing_is_unbilled_of_what_ended(three: dict[str, Membership]) -> None:
    unbilled = {row.customer.split()[0]: row.unbilled_minor for row in membership_page(Filter(), "").rows}
    assert unbilled == {"Anna": 450_00, "Zoë": 5_900_00, "Łukasz": 0}


def test_not_billed_yet(three: dict[str, Membership], desk: User) -> None:
    assert listed(status=UNBILLED) == ["Anna Zabłocka in PIANO", "Zoë Müller in PPL"]
    zoe, anna = three["zoe"].customer, three["anna"].customer
    make.save(zoe, (three["zoe"].package, None), by=desk)
    make.save(anna, (three["anna"].package, "449.99"), by=desk)
    assert listed(status=UNBILLED) == ["Anna Zabłocka in PIANO"]


def test_not_paid_yet(three: dict[str, Membership], desk: User) -> None:
    assert listed(status=OWING) == []
    zoe = three["zoe"]
    sale = make.save(zoe.customer, (zoe.package, "100"), by=desk)
    assert listed(status=OWING) == ["Zoë Müller in PPL"]
    make.pay(sale, ("cash", "60"), by=desk)
    assert [row.unpaid_minor for row in membership_page(Filter(status=OWING), "").rows] == [40_00]
    make.pay(sale, ("cash", "40"), by=desk)
    assert listed(status=OWING) == []


def test_about_to_run_out_and_about_to_expire(three: dict[str, Membership], desk: User) -> None:
    """As Home counts them: a fifth or less is left of an item; the last day is within two weeks."""
    lesson, zoe, anna = Item.get(Item.name == "Lesson"), three["zoe"].customer, three["anna"].customer
    assert listed(status=LOW) == []
    make.save(zoe, (Item.get(Item.name == "C172"), "31.9"), by=desk)
    make.save(anna, (lesson, "8"), by=desk)
    assert listed(status=LOW) == ["Anna Zabłocka in PIANO"]
    assert str(membership_total(Filter(status=LOW))) == "1"
    make.save(zoe, (Item.get(Item.name == "C172"), "0.1"), by=desk)
    assert listed(status=LOW, order="-customer") == ["Zoë Müller in PPL", "Anna Zabłocka in PIANO"]
    assert listed(status=LOW, typed="zoe") == ["Zoë Müller in PPL"]
    last_day = date(2026, 6, 10)
    assert listed(status=ENDING, today=date(2026, 5, 26)) == []
    assert listed(status=ENDING, today=date(2026, 5, 27)) == ["Anna Zabłocka in PIANO"]
    assert listed(status=ENDING, today=last_day, package=three["zoe"].package_id) == []
    assert three["anna"].end_on == last_day


def test_by_group(desk: User) -> None:
    ann, ben = make.somebody("Ann"), make.somebody("Ben")
    choir = make.group("Choir", ann, ben)
    piano, trio = make.piano(), make.trio()
    make.add(ann, trio, by=desk)
    memberships.start(ben, piano, start_on=make.DAY, by=desk, group=choir)
    assert listed(group=choir.id) == ["Ben in PIANO"]
    assert filter_choices() == ([(piano.id, "PIANO"), (trio.id, "TRIO")], [(choir.id, "Choir")])


@pytest.mark.parametrize(
    "typed, names",
    [
        ("zo", "Zoë"),
        ("  MÜL ", "Zoë"),
        ("lukasz woz", "Łukasz"),
        ("woz lukasz", "Łukasz"),
        ("ppl", "Zoë Łukasz"),
        ("z ppl", "Zoë"),
        ("pia zab", "Anna"),
        ("z", "Anna Zoë"),
        ("oë", ""),
        ("zoe piano", ""),
        ("zoe zoe", "Zoë"),
        ("!!!", ""),
        ("%", ""),
        (" ", "Anna Zoë Łukasz"),
    ],
)
def test_every_typed_word_begins_a_word_of_the_customer_or_the_package(
    three: dict[str, Membership], typed: str, names: str
) -> None:
    for order in ORDERS:
        assert sorted(name.split()[0] for name in listed(typed=typed, order=order)) == sorted(names.split())
    assert str(membership_total(Filter(typed))) == str(len(names.split()))


def test_text_and_filters_together(three: dict[str, Membership]) -> None:
    assert listed(typed="ppl", status="active", package=three["zoe"].package_id) == ["Zoë Müller in PPL"]


def test_pages_hold_everybody_once_in_every_order() -> None:
    crowd(130)
    for order in ORDERS:
        wanted = Filter(order=order)
        seen, cursor = [], ""
        while True:
            page = membership_page(wanted, cursor)
            seen += [row.id for row in page.rows]
            if not page.next:
                break
            cursor = page.next
        assert seen == [row.id for row in every_membership(wanted)]
        assert len(set(seen)) == len(seen) == 130
        back = membership_page(wanted, page.previous)
        assert [row.id for row in back.rows] == seen[50:100]


def test_a_common_word_is_counted_up_to_a_limit_and_found_page_by_page() -> None:
    crowd(1_100, packages=[make.package("Course", (make.item("Hour", "50", unit="hour"), "10", "@45"))])
    assert str(membership_total(Filter())) == "1100"
    assert str(membership_total(Filter(typed="course"))) == "1000+"
    assert str(membership_total(Filter(status="active"))) == str(
        sum(1 for _ in every_membership(Filter(status="active")))
    )
    page = membership_page(Filter(typed="cou ada"), "")
    assert len(page.rows) == 50
    assert all("Ada" in row.customer for row in page.rows)
    following = membership_page(Filter(typed="cou ada"), page.next)
    assert not {row.id for row in page.rows} & {row.id for row in following.rows}


def test_everything_is_read_in_parts(queries: Queries, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(120)
    monkeypatch.setattr("webapp.domain.membership_list.EXPORTED_AT_ONCE", 50)
    with queries() as asked:
        found = list(every_membership(Filter(order="start")))
    assert len(found) == 120
    assert all(row.items for row in found)
    assert len(asked) == 6


def test_a_page_asks_twice_and_its_text_never_changes(queries: Queries) -> None:
    crowd(60)
    with queries() as first:
        membership_page(Filter(), "")
    crowd_of_one = Filter(typed="10007")
    with queries() as found:
        membership_page(crowd_of_one, "")
    with queries() as again:
        membership_page(Filter(), "")
    assert len(first) == 2
    assert first == again
    assert len(found) == 3


# What SQLite does with it. The figures behind these plans: 0.5 ms a page at 100,000 memberships in every order.


def plans(business: peewee.Database, queries: Queries, wanted: Filter, cursor: str = "") -> list[str]:
    """How the first query of a page is run: each step."""
    asked: list[tuple[str, Any]] = []
    business.query_hooks.append(lambda event: asked.append((event.sql, event.params)))
    membership_page(wanted, cursor)
    business.query_hooks.clear()
    [(text, params)] = [(sql, params) for sql, params in asked if "CROSS JOIN customer" in sql]
    return [row[3] for row in business.execute_sql(f"EXPLAIN QUERY PLAN {text}", params)]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("analysed", [False, True])
def test_every_order_walks_an_index(business: peewee.Database, queries: Queries, analysed: bool) -> None:
    packages = crowd(400)
    if analysed:
        business.execute_sql("ANALYZE")
    for order, status, package in product(ORDERS, ("", STATUSES[0], STATUSES[1]), (None, packages[0].id)):
        wanted = Filter(status=status, package=package, order=order)
        for cursor in ("", membership_page(wanted, "").next):
            steps = plans(business, queries, wanted, cursor)
            assert not any("TEMP B-TREE" in step for step in steps), (wanted, steps)
            walks = [step for step in steps if "membership USING" in step]
            assert len(walks) == 1, (wanted, steps)
            assert "INDEX membership_" in walks[0], steps
            assert walks[0].startswith("SEARCH") or not (status or package), steps
            looked_up = [step for step in steps if "customer" in step or "account" in step]
            assert all(step.startswith("SEARCH") for step in looked_up if step not in walks), steps


@pytest.mark.sqlite_only
def test_a_rare_word_is_looked_up_and_a_common_one_checked_along_the_way(
    business: peewee.Database, queries: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(400)
    rare = plans(business, queries, Filter(typed="10007"))
    assert any("SEARCH membership USING INTEGER PRIMARY KEY" in step for step in rare), rare
    monkeypatch.setattr("webapp.domain.membership_list.FEW", 20)
    common = plans(business, queries, Filter(typed="course"))
    assert any("SCAN membership USING INDEX membership_default" in step for step in common), common
    assert not any("TEMP B-TREE" in step for step in common), common


@pytest.mark.sqlite_only
def test_a_past_last_day_is_one_look(business: peewee.Database) -> None:
    text = "SELECT 1 FROM membership WHERE state = 'active' AND end_on < '2026-06-01' LIMIT 1"
    [step] = [row[3] for row in business.execute_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert "membership_to_expire (state=? AND end_on<?)" in step
