"""What needs attention today, and what the till took: the facts of the Home page, each by one fixed query."""

from datetime import date, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from webapp.db import as_day, rows
from webapp.domain.paging import MOST_COUNTED, Total
from webapp.models.invoice import invoice_code

SHOWN = 5
SOON = timedelta(days=14)
LATELY = timedelta(days=30)

T = TypeVar("T")


class Some(NamedTuple, Generic[T]):
    """The first few of them, and how many there are."""

    shown: list[T]
    total: Total


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


class Expired(NamedTuple):
    """A membership that expired lately with something left in it; `unused_minor` is what that cost, net, and
    `paid_in_minor` all that ever came into its package funds."""

    membership: int
    customer: str
    package: str
    last_day: date
    unused_minor: int
    paid_in_minor: int


class Unbilled(NamedTuple):
    """An active membership of which nothing was ever billed, paid or paid in."""

    membership: int
    customer: str
    package: str
    start_on: date
    price_minor: int


class Overdue(NamedTuple):
    """An open invoice whose due date is past."""

    invoice: int
    customer: str
    code: str
    due_on: date
    due_minor: int


class Draft(NamedTuple):
    """An invoice that was begun and not saved; `shown_minor` is the total it was last shown with, None if never."""

    invoice: int
    customer: str
    lines: int
    changed_at: datetime
    shown_minor: int | None


class Taking(NamedTuple):
    """What came in by one method, and what refunds and withdrawals gave out by it.

    A payment over several invoices, or of which a part was kept on account, is one.
    """

    method: str
    is_account: bool
    payments: int
    amount_minor: int
    paid_out_minor: int

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.paid_out_minor


class Held(NamedTuple):
    """Money held for customers now, by where it lies."""

    package_minor: int
    general_minor: int

    @property
    def total_minor(self) -> int:
        return self.package_minor + self.general_minor


def _counted(rest: str) -> str:
    """The SQL of how many rows there are; beyond a thousand nobody needs to know exactly."""
    return f"(SELECT COUNT(*) FROM (SELECT 1 FROM {rest} LIMIT {MOST_COUNTED + 1}) AS counted)"  # noqa: S608  # own text


_CUSTOMER = "(SELECT name FROM customer WHERE id = m.customer_id)"
LOW_ITEM = """i.included_milli > i.reserved_milli + i.used_milli
 AND i.included_milli >= 5 * (i.included_milli - i.reserved_milli - i.used_milli)"""
"""That an item, ``membership_item i``, is nearly used up: the two conditions of the index of such, word for word."""
_LOW = f"""membership_item i CROSS JOIN membership m WHERE {LOW_ITEM}
 AND m.id = i.membership_id AND m.state = 'active'"""
_LEFT = "(i.included_milli - i.reserved_milli - i.used_milli)"
_RUNNING_OUT = f"""
SELECT m.id, {_CUSTOMER}, m.package_name, i.name, i.unit, {_LEFT}, i.included_milli, {_counted(_LOW)}
FROM {_LOW}
ORDER BY {_LEFT} * 1000 / i.included_milli, m.customer_sort, i.id LIMIT ?"""  # noqa: S608  # own text

_SOON = "membership m WHERE m.state = 'active' AND m.end_on BETWEEN ? AND ?"
_EXPIRING = f"""
SELECT m.id, {_CUSTOMER}, m.package_name, m.end_on, {_counted(_SOON)}
FROM {_SOON}
ORDER BY m.end_on, m.customer_sort, m.id LIMIT ?"""  # noqa: S608  # own text

_LAPSED = """membership m WHERE m.state = 'inactive' AND m.end_on >= ? AND m.reason = 'expired' AND EXISTS (
 SELECT 1 FROM membership_item i WHERE i.membership_id = m.id AND i.included_milli > i.reserved_milli + i.used_milli)"""
_EXPIRED = f"""
SELECT m.id, {_CUSTOMER}, m.package_name, m.end_on,
 (SELECT SUM(i.amount_minor - i.drawn_minor) FROM membership_item i WHERE i.membership_id = m.id),
 COALESCE((SELECT a.credits FROM account a WHERE a.kind = 'P' AND a.ref = m.id AND a.label = ''), 0),
 {_counted(_LAPSED)}
FROM {_LAPSED}
ORDER BY m.end_on DESC, m.id DESC LIMIT ?"""  # noqa: S608  # own text

# The first condition is the beginning of the index by status and start.
_NEVER_BILLED = """membership m WHERE COALESCE(m.reason, 'active') = 'active' AND m.start_on >= ? AND m.price_minor > 0
 AND NOT EXISTS (SELECT 1 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
  WHERE l.membership_id = m.id AND i.status IN ('open', 'paid'))
 AND NOT EXISTS (SELECT 1 FROM account a
  WHERE a.kind = 'P' AND a.ref = m.id AND a.label = '' AND a.credits > a.debits)"""
_UNBILLED = f"""
SELECT m.id, {_CUSTOMER}, m.package_name, m.start_on, m.price_minor,
 {_counted(_NEVER_BILLED)}
FROM {_NEVER_BILLED}
ORDER BY m.start_on DESC, m.id DESC LIMIT ?"""  # noqa: S608  # own text

_PAST_DUE = "invoice i WHERE i.status = 'open' AND i.due_on < ?"
_OVERDUE = f"""
SELECT i.id, i.customer_name, i.series, i.number, i.due_on, i.due_minor, {_counted(_PAST_DUE)}
FROM {_PAST_DUE} ORDER BY i.due_on, i.id LIMIT ?"""  # noqa: S608  # own text

_DRAFTS = f"""
SELECT i.id, i.customer_name, (SELECT COUNT(*) FROM draft_line WHERE invoice_id = i.id), i.changed_at,
 CASE WHEN i.shown_digest = '' THEN NULL ELSE i.shown_minor END, {_counted("invoice i WHERE i.status = 'draft'")}
FROM invoice i WHERE i.status = 'draft' ORDER BY i.changed_at DESC, i.id DESC LIMIT ?"""  # noqa: S608  # own text

# A payment that was taken back (its journal has a mirror) brought nothing in. CROSS JOIN makes SQLite begin with the
# day.
_TAKINGS = """
SELECT method.name, method.kind = 'account',
 COALESCE(came.payments, 0), COALESCE(came.amount, 0), COALESCE(went.amount, 0)
FROM payment_method method LEFT JOIN (
 SELECT p.method_id AS method_id, COUNT(DISTINCT p.audit_id) AS payments, SUM(p.amount_minor) AS amount FROM payment p
 WHERE p.received_on = ? AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.mirrors_id = p.journal_id)
 GROUP BY p.method_id) AS came ON came.method_id = method.id
LEFT JOIN (
 SELECT credit.ref AS method_id, SUM(t.amount_minor) AS amount
 FROM journal j CROSS JOIN transfer t CROSS JOIN account credit
 WHERE j.posted_on = ? AND j.kind IN ('refund', 'withdrawal')
 AND t.journal_id = j.id AND credit.id = t.credit_id AND credit.kind = 'M' GROUP BY credit.ref
) AS went ON went.method_id = method.id
WHERE came.method_id IS NOT NULL OR went.method_id IS NOT NULL ORDER BY method.position, method.id"""

_HELD = """
SELECT COALESCE(SUM(CASE WHEN kind = 'P' THEN credits - debits ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' THEN credits - debits ELSE 0 END), 0)
FROM account WHERE kind IN ('G', 'P') AND credits > debits"""


def running_out() -> Some[RunningOut]:
    """The items that are nearest to their end, relative to what was included."""
    found = rows(_RUNNING_OUT, (SHOWN,))
    return Some([RunningOut(*row[:-1]) for row in found], _total(found))


def expiring(today: date) -> Some[Expiring]:
    """The memberships that end within two weeks, the soonest first."""
    days = (today.isoformat(), (today + SOON).isoformat())
    found = rows(_EXPIRING, (*days, *days, SHOWN))
    return Some([Expiring(row[0], row[1], row[2], _day(row[3])) for row in found], _total(found))


def expired(today: date) -> Some[Expired]:
    """The memberships that expired within the last month before everything in them was used, the latest first."""
    since = (today - LATELY).isoformat()
    found = rows(_EXPIRED, (since, since, SHOWN))
    return Some(
        [Expired(row[0], row[1], row[2], _day(row[3]), int(row[4]), int(row[5])) for row in found], _total(found)
    )


def unbilled(today: date) -> Some[Unbilled]:
    """The memberships begun within the last month of which nothing was billed yet, the latest first."""
    since = (today - LATELY).isoformat()
    found = rows(_UNBILLED, (since, since, SHOWN))
    shown = [Unbilled(row[0], row[1], row[2], _day(row[3]), row[4]) for row in found]
    return Some(shown, _total(found))


def overdue(today: date) -> Some[Overdue]:
    """The invoices that are due the longest."""
    found = rows(_OVERDUE, (today.isoformat(), today.isoformat(), SHOWN))
    return Some(
        [Overdue(row[0], row[1], invoice_code(row[2], row[3]), _day(row[4]), row[5]) for row in found], _total(found)
    )


def drafts() -> Some[Draft]:
    """The drafts, the one touched last first."""
    found = rows(_DRAFTS, (SHOWN,))
    return Some([Draft(row[0], row[1], row[2], _moment(row[3]), row[4]) for row in found], _total(found))


def takings(on: date) -> list[Taking]:
    """What came in and went out on a day by each method; Account is among them, though that money was held already."""
    found = rows(_TAKINGS, (on.isoformat(), on.isoformat()))
    return [Taking(name, bool(own), *map(int, figures)) for name, own, *figures in found]


def held() -> Held:
    """Money held for customers now; what others owe on account is not taken off it."""
    package, general = rows(_HELD)[0]
    return Held(int(package), int(general))


def _total(found: list[tuple[Any, ...]]) -> Total:
    counted = int(found[0][-1]) if found else 0
    return Total(min(counted, MOST_COUNTED), counted > MOST_COUNTED)


def _day(value: Any) -> date:
    day = as_day(value)
    assert day is not None  # noqa: S101  # the columns asked for are NOT NULL, or compared before
    return day


def _moment(value: Any) -> datetime:
    """Text on SQLite, a moment on PostgreSQL."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
