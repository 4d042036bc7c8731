"""An issued invoice as a bookkeeper reads it: what paid which line, the payments, the postings, and what came of it."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from webapp.db import as_day, rows
from webapp.domain.entries import Entry, entries_of_invoice
from webapp.domain.payment_list import FATE
from webapp.models import CreditNote, Invoice, InvoiceLine, MembershipItem


class Source(NamedTuple):
    """So much of a line, and where it came from."""

    label: str
    amount_minor: int


class Received(NamedTuple):
    """A payment of the invoice; `fate` is as in the list of payments, `payer` is empty for its own customer."""

    received_on: date | None
    method: str
    kind: str
    amount_minor: int
    fate: str
    payment: int
    payer: str


class Units(NamedTuple):
    """Units of an item that the invoice takes from a membership."""

    membership: int
    package: str
    item: str
    unit: str
    quantity_milli: int


class Completed(NamedTuple):
    """A membership that ended with the payment of this invoice, and what was left over."""

    membership: int
    package: str
    left_over_minor: int


class Entered(NamedTuple):
    """A payment as somebody typed it; an amount of 0 is one that never was."""

    method: str
    amount_minor: int
    received_on: date | None


class Act(NamedTuple):
    """Who did what with the invoice. Of a payment that was put right, `entered` is how it was and how it is."""

    at: datetime
    who: str
    what: str
    reason: str
    entered: tuple[Entered, ...] = ()


class Note(NamedTuple):
    """A credit note for some of the invoice."""

    id: int
    code: str
    issued_on: date
    amount_minor: int
    reason: str


class Issued(NamedTuple):
    """All of it. `percents` are the discounts that were typed as a percentage, by the position of the line; `contents`
    is what the packages hold that it sells, by membership."""

    lines: list[InvoiceLine]
    contents: dict[int, list[MembershipItem]]
    percents: dict[int, int]
    notes: list[Note]
    sources: dict[int, list[Source]]
    payments: list[Received]
    books: list[Entry]
    units: list[Units]
    completed: list[Completed]
    history: list[Act]


_SOURCES = """
SELECT a.line_id, CASE WHEN j.kind = 'credit' THEN 'credit' ELSE a.source END, method.name, m.package_name,
  SUM(a.amount_minor)
FROM allocation a JOIN journal j ON j.id = a.journal_id JOIN invoice_line l ON l.id = a.line_id
LEFT JOIN payment p ON p.journal_id = j.id LEFT JOIN payment_method method ON method.id = p.method_id
LEFT JOIN membership m ON m.id = COALESCE(l.membership_id, j.membership_id)
WHERE l.invoice_id = ? AND NOT EXISTS (SELECT 1 FROM journal undone WHERE undone.mirrors_id = j.id)
GROUP BY 1, 2, 3, 4 HAVING SUM(a.amount_minor) <> 0
ORDER BY a.line_id, MIN(a.id)"""

_PAYMENTS = f"""
SELECT payment.received_on, method.name, method.kind, payment.amount_minor, {FATE}, payment.id,
  CASE WHEN invoice.customer_id IN (payer.id, payer.merged_into_id) THEN '' ELSE payer.name END
FROM payment JOIN payment_method method ON method.id = payment.method_id
JOIN invoice ON invoice.id = payment.invoice_id JOIN customer payer ON payer.id = payment.customer_id
LEFT JOIN journal undone ON undone.mirrors_id = payment.journal_id
LEFT JOIN journal back ON back.kind = 'return' AND back.source = 'journal' AND back.source_id = payment.journal_id
  AND back.part = 0
WHERE payment.invoice_id = ? ORDER BY payment.id"""  # noqa: S608  # own text

_COMPLETED = """
SELECT m.id, m.package_name, a.detail, COALESCE((SELECT SUM(t.amount_minor) FROM journal j
  JOIN transfer t ON t.journal_id = j.id WHERE j.membership_id = m.id AND j.invoice_id = ? AND j.kind = 'completed'
  AND NOT EXISTS (SELECT 1 FROM journal undone WHERE undone.mirrors_id = j.id)), 0)
FROM membership m JOIN audit a ON a.subject = 'membership' AND a.subject_id = m.id AND a.act = 'Completed'
WHERE m.reason = 'completed' AND m.id IN (
  SELECT membership_id FROM invoice_line WHERE invoice_id = ? AND source = 'draw')
ORDER BY m.id, a.id"""

_HISTORY = """
SELECT a.at, COALESCE(staff.name, a.actor), a.act, a.reason, a.detail
FROM audit a LEFT JOIN staff ON staff.id = a.user_id
WHERE (a.subject = 'invoice' AND a.subject_id = ?) OR a.id IN (SELECT audit_id FROM journal WHERE invoice_id = ?)
ORDER BY a.id"""


def issued(invoice: Invoice) -> Issued:
    """What there is to say about an invoice, in a constant number of queries."""
    chosen = InvoiceLine.select().where(InvoiceLine.invoice == invoice)
    lines = list(chosen.order_by(InvoiceLine.position, InvoiceLine.part))
    return Issued(
        lines=lines,
        contents=_contents(lines),
        percents=_percents(invoice.id),
        notes=_notes(invoice.id),
        sources=_sources(invoice.id),
        payments=[_received(row) for row in rows(_PAYMENTS, (invoice.id,))],
        books=entries_of_invoice(invoice.id),
        units=_units(lines),
        completed=_completed(invoice.id),
        history=_history(invoice.id),
    )


def _contents(lines: Iterable[InvoiceLine]) -> dict[int, list[MembershipItem]]:
    sold = {line.membership_id for line in lines if line.source == "sale"}
    items = MembershipItem.select().where(MembershipItem.membership << list(sold)) if sold else ()
    found: dict[int, list[MembershipItem]] = {}
    for item in sorted(items, key=lambda it: (it.position, it.id)):
        found.setdefault(item.membership_id, []).append(item)
    return found


def _sources(invoice_id: int) -> dict[int, list[Source]]:
    found: dict[int, list[Source]] = {}
    for line, source, method, package, amount in rows(_SOURCES, (invoice_id,)):
        label = {"package": f"{package} funds", "general": "general funds", "credit": "credited"}.get(source)
        found.setdefault(line, []).append(Source(label or method or "", int(amount)))
    return found


def _percents(invoice_id: int) -> dict[int, int]:
    return dict(
        rows(
            "SELECT position, discount_percent_e4 FROM draft_line"
            " WHERE invoice_id = ? AND discount_percent_e4 IS NOT NULL",
            (invoice_id,),
        )
    )


def _notes(invoice_id: int) -> list[Note]:
    found = CreditNote.fetch("invoice_id = ? ORDER BY id", (invoice_id,))
    return [Note(note.id, note.code, note.issued_on, note.amount_minor, note.reason) for note in found]


def _received(row: tuple[Any, ...]) -> Received:
    return Received(as_day(row[0]), row[1], row[2], int(row[3]), *row[4:])


def _history(invoice_id: int) -> list[Act]:
    methods = dict(rows("SELECT id, name FROM payment_method"))
    return [_act(row, methods) for row in rows(_HISTORY, (invoice_id, invoice_id))]


def _act(row: tuple[Any, ...], methods: dict[int, str]) -> Act:
    at, who, what, reason, detail = row
    entered = _entered(json.loads(detail), methods) if what == "Corrected" else ()
    return Act(datetime.fromisoformat(at) if isinstance(at, str) else at, who, what, reason, entered)


def _entered(detail: dict[str, list[Any]], methods: dict[int, str]) -> tuple[Entered, ...]:
    each = zip(detail["method"], detail["amount_minor"], detail["received_on"], strict=True)
    return tuple(Entered(methods.get(method, ""), amount, as_day(day)) for method, amount, day in each)


def _units(lines: Iterable[InvoiceLine]) -> list[Units]:
    taken: dict[tuple[int, str, str, str], int] = {}
    for line in lines:
        if line.source == "draw":
            key = (line.membership_id or 0, line.reason, line.description, line.unit)
            taken[key] = taken.get(key, 0) + line.quantity_milli - line.credited_milli
    return [Units(*key, quantity) for key, quantity in taken.items()]


def _completed(invoice_id: int) -> list[Completed]:
    """The latest completion of each membership, where it came with this invoice."""
    latest = {row[0]: row for row in rows(_COMPLETED, (invoice_id, invoice_id))}
    return [
        Completed(membership, package, int(left_over))
        for membership, package, detail, left_over in latest.values()
        if json.loads(detail).get("invoice") == invoice_id
    ]
