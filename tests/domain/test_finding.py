"""One search over everything: what finds what, in which order, how many, and by which index."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from tests import factories as make
from webapp.db import rows
from webapp.domain import customers, finding, groups, items, memberships, packages
from webapp.domain.finding import Finding, Hit
from webapp.domain.items import ItemFacts
from webapp.domain.packages import PackageFacts, PackageLine
from webapp.models import Customer, Membership, Role, User

Queries = Callable[[], AbstractContextManager[list[str]]]
LATER = date(2026, 6, 20)


def find(typed: str, *kinds: str, at_most: int = finding.AT_MOST) -> dict[str, list[str]]:
    found = finding.find(typed, kinds or finding.KINDS, on=make.DAY, at_most=at_most)
    return {each.kind: [hit.text for hit in each.hits] for each in found}


def only(typed: str, on: date = make.DAY) -> Hit:
    ((_, (hit,), more),) = finding.find(typed, finding.KINDS, on=on)
    assert not more
    return hit


def somebody(name: str, **facts: Any) -> Customer:
    return customers.create_customer(name=name, role=Role.get(Role.name == "Customer"), by=None, **facts)


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def zoe(desk: User) -> Customer:
    """Zoë with all her things: an item, a package that she is in, a group and an invoice, 2026-0001."""
    zoe = somebody("Zoë Zwei", email="zoe@example.com")
    swim = items.create_item(ItemFacts("Swim", "each", 500_000, category="Zone"), by=desk)
    pack = packages.create_package(
        PackageFacts("Zen swims", [PackageLine(swim, 10_000, 450_000)]), decimals=2, by=desk, on=make.DAY
    )
    groups.create_group(name="Zebras", members=[zoe], by=None)
    memberships.start(zoe, pack, start_on=make.DAY, by=desk)
    make.save(zoe, (swim, "1"), by=desk)
    return zoe


def test_each_kind_is_found_by_the_beginnings_of_its_words(zoe: Customer) -> None:
    assert find("z") == {"customers": ["Zoë Zwei"], "packages": ["Zen swims"], "items": ["Swim"], "groups": ["Zebras"]}
    assert find("zwei zo") == {"customers": ["Zoë Zwei"]}
    assert find("ZOE@") == {"customers": ["Zoë Zwei"]}
    assert find("wei") == {}


@pytest.mark.parametrize("typed", ["2026-0001", "2026-1", "1", "0001", "#1", " 2026-0001 "])
def test_an_invoice_is_found_by_its_number(zoe: Customer, typed: str) -> None:
    hit = only(typed)
    assert (hit.text, hit.hint, hit.state) == ("2026-0001", "Zoë Zwei", "open")
    assert only(typed, LATER).state == "overdue"


@pytest.mark.parametrize("typed", ["2025-0001", "2", "0", "2026-", "1-1"])
def test_no_other_number_finds_it(zoe: Customer, typed: str) -> None:
    assert find(typed) == {}


@pytest.mark.parametrize("typed", ["M-{:04d}", "m-{}", "M{}", "m {:06d}", "M–{}"])
def test_a_membership_is_found_by_its_number(zoe: Customer, typed: str) -> None:
    membership = Membership.get()
    hit = only(typed.format(membership.id))
    assert hit == Hit(membership.id, f"M-{membership.id:04d}", "Zoë Zwei · Zen swims", "active")


@pytest.mark.parametrize("typed", ["M-9999", "M-0", "M-", "M-1x"])
def test_no_other_code_finds_it(zoe: Customer, typed: str) -> None:
    assert find(typed) == {}


def test_numbers_come_before_names(zoe: Customer) -> None:
    somebody("Tom", phone="1 555")
    assert list(find("1")) == ["invoices", "customers"]


@pytest.mark.parametrize("typed", ["", "  ", "-", "…", "'; DROP TABLE customer", "%", "\0"])
def test_what_says_nothing_finds_nothing(zoe: Customer, typed: str) -> None:
    assert find(typed) == {}


def test_only_the_kinds_that_are_asked_for(zoe: Customer) -> None:
    assert find("z", "items", "groups") == {"items": ["Swim"], "groups": ["Zebras"]}
    assert find("1", "customers") == {}
    assert find("z", "nothing of ours") == {}


def test_the_first_of_many_and_that_there_are_more(desk: User) -> None:
    for letter in "CBA":
        somebody(f"Ann {letter}")
    assert finding.find("ann", finding.KINDS, on=make.DAY, at_most=3)[0].more is False
    (found,) = finding.find("ann", finding.KINDS, on=make.DAY, at_most=2)
    assert found == Finding("customers", found.hits, more=True)
    assert [hit.text for hit in found.hits] == ["Ann A", "Ann B"]


def test_who_is_inactive_is_found_and_called_so(zoe: Customer) -> None:
    Customer.update(active=False).where(Customer.id == zoe.id).execute()
    assert only("zwei").state == "inactive"


def test_one_query_for_each_kind_however_much_there_is(zoe: Customer, queries: Queries) -> None:
    with queries() as few:
        find("z")
    for number in range(30):
        somebody(f"Zora {number}")
    with queries() as many:
        find("z")
    assert len(few) == len(many) == 4
    with queries() as asked:
        find("1")
    assert len(asked) == 5


@pytest.mark.sqlite_only
def test_numbers_are_looked_up_in_an_index(zoe: Customer, queries: Queries) -> None:
    with queries() as asked:
        find("2026-0001", "invoices")
        find("1", "invoices")
        find("M-1", "memberships")
    for text in asked:
        plan = " ".join(row[3] for row in rows(f"EXPLAIN QUERY PLAN {text}", ["2026"] * text.count("?")))
        assert "SCAN invoice" not in plan, plan
        assert "SCAN membership" not in plan, plan
        assert "SEARCH" in plan
