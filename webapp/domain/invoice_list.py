"""The list of invoices: filtered by state and by the day served, found by customer or number, one page at a time."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.domain import paging, search
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.models.invoice import invoice_code

PART_PAID: Final = "part paid"
STATUSES: Final = ("draft", "open", PART_PAID, "overdue", "paid", "void")
NEWEST, BY_CUSTOMER, BY_CUSTOMER_DOWN = "", "customer", "-customer"
SORTS: Final = (NEWEST, BY_CUSTOMER, BY_CUSTOMER_DOWN)
ONLY_USES, NO_USES = "uses", "other"
KINDS: Final = (ONLY_USES, NO_USES)
"""A use of packages takes units from them and holds nothing else."""
_NUMBER = re.compile(r"#?(?:(?P<series>\d{4})-)?0*(?P<number>[1-9]\d{0,11})", re.ASCII)


class Asked(NamedTuple):
    """Which invoices, in which order; `status` is one of `STATUSES` or "" for all, `kind` one of `KINDS` or "",
    `today` decides what is overdue, and `customer` keeps those of one customer and those that they paid some of (0 for
    all). `first` and `last` are service dates."""

    today: date
    typed: str = ""
    status: str = ""
    sort: str = NEWEST
    customer: int = 0
    kind: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more than is shown, behind the filters."""
        return self != Asked(self.today, sort=self.sort)


class InvoiceRow(NamedTuple):
    """An invoice as the list shows one; a draft has the total it was last shown with. `status` may be
    ``overdue``, `PART_PAID`, or ``credited`` where all of it was."""

    id: int
    code: str
    customer: int
    name: str
    service_on: date | None
    due_on: date | None
    status: str
    total_minor: int
    due_minor: int


class Used(NamedTuple):
    """So much of an item that an invoice takes from packages."""

    item: str
    unit: str
    quantity_milli: int


_IS_PAID_OF = "EXISTS (SELECT 1 FROM invoice_line WHERE invoice_id = invoice.id AND paid_minor <> 0)"
STATE: Final = (
    f"CASE WHEN invoice.status = 'open' AND {_IS_PAID_OF} THEN '{PART_PAID}'"
    f" WHEN invoice.status = 'paid' AND invoice.total_minor > 0 AND NOT {_IS_PAID_OF} THEN 'credited'"
    " ELSE invoice.status END"
)
"""The SQL of an invoice's status as it is shown. One of which nothing is paid, or no more, is ``credited`` when nothing
is due; an open one of which something is paid is `PART_PAID`."""

_COLUMNS = (
    "invoice.id, invoice.series, invoice.number, invoice.customer_id, invoice.customer_name, invoice.service_on,"
    " invoice.due_on,"
    f" {STATE},"
    " CASE WHEN invoice.status = 'draft' THEN invoice.shown_minor ELSE invoice.total_minor END, invoice.due_minor"
)
_EXPORTED = (
    f"invoice.series, invoice.number, invoice.customer_name, {STATE}, invoice.service_on, invoice.due_on,"
    " invoice.issued_on, invoice.net_minor, invoice.tax_minor, invoice.total_minor, invoice.due_minor"
)
_DUE: Final = "SELECT COALESCE(SUM(invoice.due_minor), 0) FROM invoice WHERE invoice.status = 'open' AND {}"
_USED: Final = (
    "SELECT invoice_id, description, unit, SUM(quantity_milli - credited_milli) FROM invoice_line"
    " WHERE invoice_id IN ({}) AND source = 'draw' GROUP BY invoice_id, description, unit"
    " HAVING SUM(quantity_milli - credited_milli) > 0 ORDER BY invoice_id, MIN(position)"
)
_OF_CUSTOMER: Final = (
    "(invoice.customer_id = ? OR invoice.id IN (SELECT payment.invoice_id FROM payment WHERE payment.customer_id = ?))"
)
_IS_USE = (
    "(EXISTS (SELECT 1 FROM invoice_line WHERE invoice_id = invoice.id) AND NOT EXISTS"
    " (SELECT 1 FROM invoice_line WHERE invoice_id = invoice.id AND source <> 'draw'))"
)
_OF_KIND: Final = {ONLY_USES: _IS_USE, NO_USES: f"NOT {_IS_USE}"}
_ID = Key("invoice.id", int)
_KEYS: Final[dict[str, tuple[tuple[Key, ...], bool]]] = {
    NEWEST: ((_ID,), True),
    BY_CUSTOMER: ((Key("invoice.customer_sort", str), _ID), False),
    BY_CUSTOMER_DOWN: ((Key("invoice.customer_sort", str), _ID), True),
    "due": ((Key("invoice.due_on", date), _ID), False),
    "served": ((Key("invoice.service_on", date), _ID), True),
}


def invoice_page(asked: Asked, cursor: str) -> Page[InvoiceRow]:
    """One page: the newest first; those that wait for money in the order of their due dates, and otherwise those of
    some days by service date."""
    condition, params = _condition(asked)
    listing = _listing(_COLUMNS, asked)
    skipped = len(listing.keys)
    return paging.page(listing, condition, params, cursor, lambda row: _row(row[skipped:], asked.today))


def used_by(shown: Sequence[InvoiceRow]) -> dict[int, list[Used]]:
    """What each of those takes from packages; nothing for one that is void, which gave it back."""
    found: dict[int, list[Used]] = {}
    ids = [row.id for row in shown if row.status not in ("draft", "void")]
    for invoice, item, unit, quantity in rows(_USED.format(", ".join("?" for _ in ids) or "0"), ids):
        found.setdefault(invoice, []).append(Used(item, unit, int(quantity)))
    return found


def invoice_total(asked: Asked) -> Total:
    """How many there are on all pages."""
    condition, params = _condition(asked)
    return paging.total("invoice", condition, params)


def invoice_due(asked: Asked) -> int:
    """What is still due of those on all pages together; only open ones are read."""
    condition, params = _condition(asked)
    return int(rows(_DUE.format(condition), params)[0][0])


def exported_invoices(asked: Asked) -> list[tuple[Any, ...]]:
    """All of them: number, customer, status, days of service, due and issue, net, tax, total and due in minor units."""
    condition, params = _condition(asked)
    listing = _listing(_EXPORTED, asked)
    return [_exported(row[len(listing.keys) :], asked.today) for row in paging.every_row(listing, condition, params)]


def _listing(columns: str, asked: Asked) -> Listing:
    order = asked.sort
    if order == NEWEST and asked.status in ("open", PART_PAID, "overdue"):
        order = "due"
    elif order == NEWEST and (asked.first or asked.last):
        order = "served"
    keys, descending = _KEYS[order]
    return Listing(columns, "invoice", keys, descending)


def _condition(asked: Asked) -> tuple[str, list[Any]]:
    state, params = _state(asked)
    found, words = _found(asked.typed)
    whose = _OF_CUSTOMER if asked.customer else "1 = 1"
    kind = _OF_KIND.get(asked.kind, "1 = 1")
    served, days = _served(asked)
    condition = f"{state} AND {served} AND {found} AND {whose} AND {kind}"
    return condition, [*params, *days, *words, *([asked.customer] * whose.count("?"))]


def _served(asked: Asked) -> tuple[str, list[str]]:
    within = [(f"invoice.service_on {sign} ?", day) for sign, day in ((">=", asked.first), ("<=", asked.last)) if day]
    return " AND ".join(text for text, _ in within) or "1 = 1", [day.isoformat() for _, day in within]


def _state(asked: Asked) -> tuple[str, list[Any]]:
    if asked.status == "overdue":
        return "invoice.status = 'open' AND invoice.due_on < ?", [asked.today.isoformat()]
    if asked.status == PART_PAID:
        return f"invoice.status = 'open' AND {_IS_PAID_OF}", []
    if asked.status == "paid" and (asked.first or asked.last):
        # Said so, SQLite walks the few days and not all that is paid; to PostgreSQL it is the same.
        return "NOT invoice.status <> ?", ["paid"]
    if asked.status in STATUSES:
        return "invoice.status = ?", [asked.status]
    return "1 = 1", []


def _found(typed: str) -> tuple[str, list[Any]]:
    """By number, with or without its year; else by words of the customer."""
    number, params = by_number(typed)
    if number and "-" in typed:
        return number, params
    words, looked_for = search.condition("customer", typed, "invoice.customer_id")
    return (f"({number} OR {words})", [*params, *looked_for]) if number else (words, list(looked_for))


def by_number(typed: str) -> tuple[str, list[Any]]:
    """SQL text and values that keep the invoices of a number, with or without its year; "" when no number was typed."""
    number = _NUMBER.fullmatch(typed.strip())
    if number is None:
        return "", []
    if number["series"]:
        return "invoice.series = ? AND invoice.number = ?", [number["series"], int(number["number"])]
    return "invoice.series IN (SELECT series FROM number_series) AND invoice.number = ?", [int(number["number"])]


def _row(row: tuple[Any, ...], today: date) -> InvoiceRow:
    found, series, number, customer, name, service_on, due_on, status, total, due = row
    return InvoiceRow(
        found,
        _code(series, number),
        customer,
        name,
        as_day(service_on),
        as_day(due_on),
        status_on(status, as_day(due_on), today),
        int(total),
        int(due),
    )


def _exported(row: tuple[Any, ...], today: date) -> tuple[Any, ...]:
    series, number, name, status, service_on, due_on, issued_on, *amounts = row
    days = (as_day(service_on), as_day(due_on), as_day(issued_on))
    return (_code(series, number), name, status_on(status, days[1], today), *days, *(int(amount) for amount in amounts))


def _code(series: str | None, number: int | None) -> str:
    return "" if number is None else invoice_code(series or "", number)


def status_on(status: str, due_on: date | None, today: date) -> str:
    """The state as people say it: an open invoice past its due date is overdue."""
    return "overdue" if status in ("open", PART_PAID) and due_on is not None and due_on < today else status
