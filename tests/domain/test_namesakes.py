"""Customers of the very same name: what tells them apart wherever they are offered."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from tests import factories as make
from webapp.domain import choosing, customers, finding, search
from webapp.models import Customer

pytestmark = pytest.mark.usefixtures("business")
Queries = Callable[[], AbstractContextManager[list[str]]]


def ann(day: int = 1, **facts: str) -> Customer:
    """One more Ann Lee, kept since that day of March."""
    made = make.somebody("Ann Lee")
    Customer.update(created_at=datetime(2026, 3, day, 12, tzinfo=UTC), **facts).where(Customer.id == made.id).execute()
    search.index("customer", made.id, made.name)
    return made


def hints() -> list[str]:
    """What is said of each, the same by every type-ahead."""
    offered = [it.hint for it in customers.offered_customers("ann")]
    assert [it.hint for it in choosing.offered("ann")] == offered
    ((_, hits, _),) = finding.find("ann", {finding.CUSTOMERS}, on=make.DAY)
    assert [hit.hint for hit in hits] == offered
    return offered


def test_one_alone_or_with_an_address_of_their_own_is_shown_as_ever() -> None:
    ann()
    assert hints() == [""]
    ann(email="ann@example.com")
    assert hints() == ["", "ann@example.com"]


def test_their_groups_tell_them_apart_or_else_since_when_they_are_kept() -> None:
    one, _, three, four = ann(1), ann(2), ann(3), ann(4)
    make.group("Monday", one, three, four)
    make.group("Choir", one)
    assert hints() == ["Choir, Monday", "since 2 Mar 2026", "Monday · since 3 Mar 2026", "Monday · since 4 Mar 2026"]


def test_two_who_share_an_address_are_told_apart_too() -> None:
    make.group("Monday", ann(1, email="lee@example.com"))
    ann(2, email="lee@example.com")
    assert hints() == ["lee@example.com · Monday", "lee@example.com · since 2 Mar 2026"]


def test_two_of_one_day_have_a_number_each() -> None:
    one, two, _ = ann(1), ann(1), ann(2)
    assert hints() == [*(f"since 1 Mar 2026 · no. {it.id}" for it in (one, two)), "since 2 Mar 2026"]


def test_of_many_groups_a_few_are_said() -> None:
    one = ann(1)
    ann(2)
    for name in "ABCDE":
        make.group(name, one)
    assert hints()[0] == "A, B, C, …"


def test_it_takes_one_query_more_however_many_there_are(queries: Queries) -> None:
    ann()
    with queries() as alone:
        customers.offered_customers("ann")
    for day in range(2, 12):
        make.group(f"Group {day}", ann(day))
    with queries() as many:
        assert len(customers.offered_customers("ann")) == 11
    assert len(many) == len(alone) + 1
