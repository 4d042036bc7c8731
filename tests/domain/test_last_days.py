"""The last day of a package: a date, N days or N months, over every month end and every leap day."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories as f
from webapp.domain import checks, memberships
from webapp.models import Item, Package, User

STARTS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
MONTHS = st.integers(1, 1200)
EDGES = [
    date(year, month, day)
    for year in (2027, 2028, 2099, 2100, 2400)
    for month in range(1, 13)
    for day in sorted({1, 28, calendar.monthrange(year, month)[1] - 1, calendar.monthrange(year, month)[1]})
]


def last_day(start: date, validity: str, count: int) -> date:
    found = Package(validity=validity, validity_count=count).last_day_from(start)
    assert found is not None
    return found


def months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


# Months


@pytest.mark.parametrize(
    "start, months, last",
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-01-30", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2096-02-29", 48, "2100-02-28"),
        ("2027-02-28", 1, "2027-03-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-07-04", 6, "2027-01-04"),
    ],
)
def test_months_by_hand(start: str, months: int, last: str) -> None:
    assert last_day(date.fromisoformat(start), "months", months) == date.fromisoformat(last)


def ends_as_it_should(start: date, months: int) -> None:
    last = last_day(start, "months", months)
    assert months_between(start, last) == months
    assert last.day == min(start.day, days_in(last))


@pytest.mark.parametrize("start", EDGES, ids=str)
def test_every_month_end_and_leap_day(start: date) -> None:
    for months in range(1, 61):
        ends_as_it_should(start, months)


@given(STARTS, MONTHS)
def test_the_same_day_of_the_month_or_the_last_there_is(start: date, months: int) -> None:
    ends_as_it_should(start, months)


@given(STARTS, MONTHS)
def test_who_starts_later_never_ends_earlier(start: date, months: int) -> None:
    assert last_day(start, "months", months) <= last_day(start + timedelta(days=1), "months", months)


@given(STARTS, st.integers(1, 100))
def test_years_are_twelve_months(start: date, years: int) -> None:
    last = last_day(start, "months", 12 * years)
    is_leap_day = (start.month, start.day) == (2, 29)
    expected = start.replace(day=28) if is_leap_day and not calendar.isleap(last.year) else start
    assert last == expected.replace(year=start.year + years)


# Days and dates


@given(STARTS, st.integers(1, 36_500))
def test_days_are_counted_one_by_one(start: date, days: int) -> None:
    assert last_day(start, "days", days).toordinal() == start.toordinal() + days


@given(STARTS, STARTS)
def test_a_date_is_the_same_for_everybody(start: date, last: date) -> None:
    assert Package(validity="date", last_day=last).last_day_from(start) == last


@given(STARTS)
def test_without_a_validity_there_is_no_last_day(start: date) -> None:
    assert Package(validity="none").last_day_from(start) is None


# What the last day does


@pytest.mark.usefixtures("business")
@pytest.mark.parametrize("start", ["2027-01-31", "2028-01-31", "2027-11-30", "2028-02-29"])
@pytest.mark.parametrize(
    "validity", [{"validity": "months", "validity_count": 3}, {"validity": "days", "validity_count": 30}], ids=str
)
def test_the_last_day_counts_and_the_next_does_not(desk: User, start: str, validity: dict[str, object]) -> None:
    emma, piano = f.somebody(), f.piano(**validity)
    membership, lesson = f.add(emma, piano, by=desk, on=date.fromisoformat(start)), Item.get()
    last = membership.end_on
    assert last is not None
    assert memberships.expire_due(last) == 0
    on_it = f.save(emma, (lesson, "1"), by=desk, on=last)
    after = f.save(emma, (lesson, "1"), by=desk, on=last + timedelta(days=1), today=last)
    assert (on_it.total_minor, after.total_minor) == (f.money("45"), f.money("50"))
    assert memberships.expire_due(last + timedelta(days=1)) == 1
    assert f.fresh(membership).reason == "expired"
    late = f.save(emma, (lesson, "1"), by=desk, on=last, today=last + timedelta(days=2))
    assert late.total_minor == f.money("45")
    assert not checks.faults()
