"""Pages of a list, from one to the next and back, whatever the cursor says."""

import base64
import json
from datetime import date
from typing import Any

import peewee
import pytest

from tests import factories as make
from webapp.domain import paging
from webapp.domain.paging import Key, Listing, Page, page

pytestmark = pytest.mark.usefixtures("business")

NAMES = ["Ann", "Bea", "Cal", "Cal", "Cal", "Cal", "Dan", "Eve", "Fay", "Gus", "Hal"]
BY_NAME = Listing("customer.name", "customer", (Key("customer.sort_name", str), Key("customer.id", int)))
NEWEST = Listing("customer.name", "customer", (Key("customer.id", int),), descending=True)
BY_LAST_DAY = Listing("package.name", "package", (Key("package.last_day", date), Key("package.id", int)))


@pytest.fixture
def customers(business: peewee.Database) -> list[int]:
    return [make.somebody(name).id for name in NAMES]


def names(listing: Listing, cursor: str = "", size: int = 4, condition: str = "1 = 1") -> Page[Any]:
    return page(listing, condition, (), cursor, lambda row: row[-1], size=size)


def cursor_of(*said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 10, 11, 12])
@pytest.mark.parametrize("listing, ordered", [(BY_NAME, NAMES), (NEWEST, NAMES[::-1])], ids=["up", "down"])
@pytest.mark.usefixtures("customers")
def test_forwards_and_back_again_shows_every_row_once(listing: Listing, ordered: list[str], size: int) -> None:
    here, seen = names(listing, size=size), []
    assert here.previous == ""
    while here.next:
        seen += here.rows
        here = names(listing, here.next, size)
    assert seen + here.rows == ordered
    back = here.rows
    while here.previous:
        here = names(listing, here.previous, size)
        back = here.rows + back
    assert back == ordered


@pytest.mark.usefixtures("customers")
def test_a_page_that_is_just_full_has_no_next() -> None:
    assert names(BY_NAME, size=len(NAMES)).next == ""
    assert names(BY_NAME, size=len(NAMES) - 1).next != ""


def test_nothing_at_all() -> None:
    assert names(BY_NAME) == Page([], "", "")


def test_what_comes_meanwhile_shifts_nothing(customers: list[int]) -> None:
    first = names(BY_NAME)
    make.somebody("Aaron")
    assert names(BY_NAME, first.next).rows == NAMES[4:8]
    assert names(BY_NAME, names(BY_NAME, first.next).previous).rows == NAMES[:4]


def test_going_back_to_a_short_first_page_fills_it(customers: list[int]) -> None:
    second = names(BY_NAME, names(BY_NAME).next)
    last_of_first = customers[:3]
    here = names(BY_NAME, second.previous, condition=f"customer.id NOT IN ({', '.join(map(str, last_of_first))})")
    assert here.rows == NAMES[3:7]
    assert here.previous == ""


@pytest.mark.usefixtures("customers")
def test_behind_the_last_row_is_the_first_page() -> None:
    assert names(BY_NAME, cursor_of(0, "zz", 1)).rows == NAMES[:4]
    assert names(BY_NAME, cursor_of(1, "aa", 1)).rows == NAMES[:4]


HOSTILE = [
    "x",
    "%00",
    "ä",
    "=" * 10,
    "A" * 5000,
    "WzAs",
    cursor_of(),
    cursor_of(0),
    cursor_of(0, "ann"),
    cursor_of(0, "ann", 1, 2),
    cursor_of(2, "ann", 1),
    cursor_of("0", "ann", 1),
    cursor_of(0, 1, "ann"),
    cursor_of(0, None, 1),
    cursor_of(0, ["ann"], 1),
    cursor_of(0, "ann", True),
    cursor_of(0, "ann", 1.5),
    cursor_of(0, "ann", 2**63),
    cursor_of(0, "ann", -(2**63)),
    cursor_of(0, "a\0", 1),
    cursor_of(0, "\ud800", 1),
    base64.urlsafe_b64encode(b'{"0": 1}').decode(),
    base64.urlsafe_b64encode(b"[" * 1000).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
]


@pytest.mark.parametrize("cursor", HOSTILE)
@pytest.mark.usefixtures("customers")
def test_a_cursor_that_means_nothing_is_the_first_page(cursor: str) -> None:
    assert names(BY_NAME, cursor).rows == NAMES[:4]


def test_days_are_keys_too() -> None:
    thing = make.item("Lesson", "50")
    for number in (1, 2, 3):
        make.package(f"P{number}", (thing, "1", "1.00"), validity="date", last_day=date(2026, 6, number))
    first = names(BY_LAST_DAY, size=2)
    assert first.rows == ["P1", "P2"]
    assert names(BY_LAST_DAY, first.next, 2).rows == ["P3"]
    for day in ("2026-13-01", "20260601", "soon", 5):
        assert names(BY_LAST_DAY, cursor_of(0, day, 1), 2).rows == ["P1", "P2"]


@pytest.mark.usefixtures("customers")
def test_counting_stops_at_some_point(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(paging.total("customer", "1 = 1", ())) == "11"
    monkeypatch.setattr(paging, "MOST_COUNTED", 11)
    assert str(paging.total("customer", "1 = 1", ())) == "11"
    monkeypatch.setattr(paging, "MOST_COUNTED", 10)
    assert str(paging.total("customer", "1 = 1", ())) == "10+"


@pytest.mark.usefixtures("customers")
def test_every_row_is_without_an_end() -> None:
    assert [row[-1] for row in paging.every_row(BY_NAME, "customer.name <> ?", ("Ann",))] == NAMES[1:]
