"""What needs attention today, and what the till took: the facts of the Home page, each by one fixed query."""

from datetime import date, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from webapp.db import as_day, rows
from webapp.models.invoice import invoice_code

SHOWN = 5
SOON = timedelta(days=14)

T = TypeVar("T")


class Some(NamedTuple, Generic[T]):
    """The first few of them, and how many there are."""

    shown: list[T]
    total: int


class RunningOut(NamedTuple):
    """An item of an active membership of which a fifth or less is left."""

    membership: int
    customer: str
    package: str
    item: str
    unit: str
    left_milli: int
    included_milli: int


class Expiring(NamedTuple):
    """An active membership whose last day is near."""

    membership: int
    customer: str
    package: str
    last_day: date


class Overdue(NamedTuple):
    """An open invoice whose due date is past."""

    invoice: int
    customer: str
    code: str
    due_on: date
    due_minor: int


class Draft(NamedTuple):
    """An invoice that was begun and not saved."""

    invoice: int
    customer: str
    lines: int
    changed_at: datetime


class Taking(NamedTuple):
    """What came in by one method."""

    method: str
    is_account: bool
    payments: int
    amount_minor: int


class Held(NamedTuple):
    """Money held for customers now, by where it lies."""

    package_minor: int
    general_minor: int

    @property
    def total_minor(self) -> int:
        return self.package_minor + self.general_minor


_RUNNING_OUT = """
SELECT m.id, c.name, m.package_name, i.name, i.unit, i.included_milli - i.reserved_milli - i.used_milli,
    i.included_milli, COUNT(*) OVER ()
FROM membership m JOIN membership_item i ON i.membership_id = m.id JOIN customer c ON c.id = m.customer_id
WHERE m.state = 'active' AND i.included_milli > i.reserved_milli + i.used_milli
    AND 5 * (i.included_milli - i.reserved_milli - i.used_milli) <= i.included_milli
ORDER BY (i.included_milli - i.reserved_milli - i.used_milli) * 1000 / i.included_milli, m.customer_sort, i.id
LIMIT ?"""

_EXPIRING = """
SELECT m.id, c.name, m.package_name, m.end_on, COUNT(*) OVER ()
FROM membership m JOIN customer c ON c.id = m.customer_id
WHERE m.state = 'active' AND m.end_on BETWEEN ? AND ?
ORDER BY m.end_on, m.customer_sort, m.id LIMIT ?"""

_OVERDUE = """
SELECT i.id, i.customer_name, i.series, i.number, i.due_on, i.due_minor, COUNT(*) OVER ()
FROM invoice i WHERE i.status = 'open' AND i.due_on < ? ORDER BY i.due_on, i.id LIMIT ?"""

_DRAFTS = """
SELECT i.id, i.customer_name, (SELECT COUNT(*) FROM draft_line WHERE invoice_id = i.id), i.changed_at, COUNT(*) OVER ()
FROM invoice i WHERE i.status = 'draft' ORDER BY i.changed_at DESC, i.id DESC LIMIT ?"""

# A payment that was taken back (its journal has a mirror) brought nothing in.
_TAKINGS = """
SELECT method.name, method.kind = 'account', COUNT(*), SUM(p.amount_minor)
FROM payment p JOIN payment_method method ON method.id = p.method_id
WHERE p.received_on = ? AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.mirrors_id = p.journal_id)
GROUP BY method.id, method.name, method.kind, method.position ORDER BY method.position, method.id"""

_HELD = """
SELECT COALESCE(SUM(CASE WHEN kind = 'P' THEN credits - debits ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' THEN credits - debits ELSE 0 END), 0)
FROM account WHERE kind IN ('G', 'P') AND credits > debits"""


def running_out() -> Some[RunningOut]:
    """The items that are nearest to their end, relative to what was included."""
    found = rows(_RUNNING_OUT, (SHOWN,))
    return Some([RunningOut(*row[:-1]) for row in found], _count(found))


def expiring(today: date) -> Some[Expiring]:
    """The memberships that end within two weeks, the soonest first."""
    found = rows(_EXPIRING, (today.isoformat(), (today + SOON).isoformat(), SHOWN))
    return Some([Expiring(row[0], row[1], row[2], _day(row[3])) for row in found], _count(found))


def overdue(today: date) -> Some[Overdue]:
    """The invoices that are due the longest."""
    found = rows(_OVERDUE, (today.isoformat(), SHOWN))
    return Some(
        [Overdue(row[0], row[1], invoice_code(row[2], row[3]), _day(row[4]), row[5]) for row in found], _count(found)
    )


def drafts() -> Some[Draft]:
    """The drafts, the one touched last first."""
    found = rows(_DRAFTS, (SHOWN,))
    return Some([Draft(row[0], row[1], row[2], _moment(row[3])) for row in found], _count(found))


def takings(on: date) -> list[Taking]:
    """What came in on a day by each method; Account is among them, though that money was held already."""
    return [
        Taking(name, bool(own), int(count), int(amount))
        for name, own, count, amount in rows(_TAKINGS, (on.isoformat(),))
    ]


def held() -> Held:
    """Money held for customers now; what others owe on account is not taken off it."""
    package, general = rows(_HELD)[0]
    return Held(int(package), int(general))


def _count(found: list[tuple[Any, ...]]) -> int:
    return int(found[0][-1]) if found else 0


def _day(value: Any) -> date:
    day = as_day(value)
    assert day is not None  # noqa: S101  # the columns asked for are NOT NULL, or compared before
    return day


def _moment(value: Any) -> datetime:
    """Text on SQLite, a moment on PostgreSQL."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
