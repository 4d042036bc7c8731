"""Pages of long lists: the next page begins behind the last row of this one, so that the last page costs as little as
the first, and rows that come and go meanwhile shift nothing."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from webapp.db import rows

R = TypeVar("R")

PAGE = 50
MOST_COUNTED = 1000
LONGEST_CURSOR = 2000
_LARGEST = 2**63 - 1


class Key(NamedTuple):
    """A column that a list is ordered by; `kind` is ``str``, ``int`` or ``date``."""

    column: str
    kind: type


class Listing(NamedTuple):
    """A list in one order: its columns, its tables, and the keys of the order, which together are unique.

    All keys run in one direction. Every row begins with its keys, then come the columns.
    """

    columns: str
    source: str
    keys: tuple[Key, ...]
    descending: bool = False


class Page(NamedTuple, Generic[R]):
    """The rows of one page, and the cursors of the pages around it; "" where there is none."""

    rows: list[R]
    previous: str
    next: str


class Total(NamedTuple):
    """How many rows there are, counted up to a limit."""

    counted: int
    more: bool

    def __str__(self) -> str:
        return f"{self.counted}+" if self.more else str(self.counted)


class _Cursor(NamedTuple):
    backwards: bool
    values: tuple[str | int, ...]


def page(
    listing: Listing,
    condition: str,
    params: Sequence[Any],
    cursor: str,
    make: Callable[[tuple[Any, ...]], R],
    *,
    size: int = PAGE,
) -> Page[R]:
    """The page that the cursor stands for; the first one for "" and for a cursor that means nothing here."""
    place = _decode(cursor, listing.keys)
    found = rows(page_sql(listing, condition, place), _values(params, place, size + 1))
    if place is not None and (not found or (place.backwards and len(found) <= size)):
        return page(listing, condition, params, "", make, size=size)
    more, found = len(found) > size, found[:size]
    backwards = place is not None and place.backwards
    if backwards:
        found.reverse()
    before = more if backwards else place is not None
    after = True if backwards else more
    return Page(
        [make(row) for row in found],
        _encode(True, found[0], listing.keys) if before else "",
        _encode(False, found[-1], listing.keys) if after else "",
    )


def every_row(listing: Listing, condition: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows in order, for an export; `page` without its end."""
    return rows(page_sql(listing, condition, None).removesuffix(" LIMIT ?"), params)


def total(source: str, condition: str, params: Sequence[Any]) -> Total:
    """How many rows there are; beyond a thousand nobody needs to know exactly."""
    text = f"SELECT COUNT(*) FROM (SELECT 1 FROM {source} WHERE {condition} LIMIT ?) AS found"  # noqa: S608  # own text
    counted = rows(text, (*params, MOST_COUNTED + 1))[0][0]
    return Total(min(counted, MOST_COUNTED), counted > MOST_COUNTED)


def page_sql(listing: Listing, condition: str, place: "_Cursor | None") -> str:
    """The text of a page's query: the same for every page of a list in one direction."""
    keys = ", ".join(key.column for key in listing.keys)
    downwards = listing.descending != (place is not None and place.backwards)
    if place is not None:
        marks = ", ".join("?" for _ in listing.keys)
        condition = f"{condition} AND ({keys}) {'<' if downwards else '>'} ({marks})"
    order = ", ".join(f"{key.column} DESC" if downwards else key.column for key in listing.keys)
    # The limit is a parameter: SQLite sorts instead of walking the index when it sees a small literal.
    return f"SELECT {keys}, {listing.columns} FROM {listing.source} WHERE {condition} ORDER BY {order} LIMIT ?"  # noqa: S608  # own text; every value is bound


def _values(params: Sequence[Any], place: _Cursor | None, limit: int) -> tuple[Any, ...]:
    return (*params, *(place.values if place else ()), limit)


def _encode(backwards: bool, row: tuple[Any, ...], keys: tuple[Key, ...]) -> str:
    values = [value.isoformat() if isinstance(value, date) else value for value in row[: len(keys)]]
    text = json.dumps([int(backwards), *values], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, keys: tuple[Key, ...]) -> _Cursor | None:
    """What a cursor says, or None when it was not made for a list with these keys."""
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        said = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(said, list) or len(said) != len(keys) + 1 or said[0] not in (0, 1):
        return None
    if not all(_fits(value, key.kind) for value, key in zip(said[1:], keys, strict=True)):
        return None
    return _Cursor(bool(said[0]), tuple(said[1:]))


def _fits(value: object, kind: type) -> bool:
    """Whether the database can compare the value with a column of that kind."""
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        return False
    return kind is not date or _is_day(value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
