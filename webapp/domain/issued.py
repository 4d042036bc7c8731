"""An issued invoice as a bookkeeper reads it: what paid which line, the payments, the postings, and what came of it."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from webapp import money
from webapp.db import as_day, marks, rows
from webapp.domain.payment_list import FATE
from webapp.models import Customer, Invoice, InvoiceLine, Membership, PaymentMethod
from webapp.models.invoice import invoice_code


class Source(NamedTuple):
    """So much of a line, and where it came from."""

    label: str
    amount_minor: int


class Received(NamedTuple):
    """A payment of the invoice; `fate` is as in the list of payments."""

    received_on: date | None
    method: str
    kind: str
    amount_minor: int
    fate: str


class Posting(NamedTuple):
    """One transfer of the books."""

    debit: str
    credit: str
    amount_minor: int


class Entry(NamedTuple):
    """One journal of the books: the day, what happened in words, and its transfers."""

    journal: int
    day: date | None
    what: str
    postings: list[Posting]


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


class Act(NamedTuple):
    """Who did what with the invoice."""

    at: datetime
    who: str
    what: str
    reason: str


class Issued(NamedTuple):
    """All of it."""

    lines: list[InvoiceLine]
    sources: dict[int, list[Source]]
    payments: list[Received]
    books: list[Entry]
    units: list[Units]
    completed: list[Completed]
    history: list[Act]


WHAT: Final = {
    "issue": "Saved",
    "pay": "Payment",
    "keep": "Rest kept on account",
    "return": "Back to the account",
    "completed": "Package completed",
    "removed": "Removed from package",
    "expired": "Package expired",
    "sweep": "On to general funds",
    "cancel": "Unpaid rest of the package credited",
    "mirror": "Taken back",
}

_SOURCES = """
SELECT a.line_id, a.source, method.name, m.package_name, SUM(a.amount_minor)
FROM allocation a JOIN journal j ON j.id = a.journal_id JOIN invoice_line l ON l.id = a.line_id
LEFT JOIN payment p ON p.journal_id = j.id LEFT JOIN payment_method method ON method.id = p.method_id
LEFT JOIN membership m ON m.id = l.membership_id
WHERE l.invoice_id = ? AND NOT EXISTS (SELECT 1 FROM journal undone WHERE undone.mirrors_id = j.id)
GROUP BY a.line_id, a.source, method.name, m.package_name HAVING SUM(a.amount_minor) <> 0
ORDER BY a.line_id, MIN(a.id)"""

_PAYMENTS = f"""
SELECT payment.received_on, method.name, method.kind, payment.amount_minor, {FATE}
FROM payment JOIN payment_method method ON method.id = payment.method_id
LEFT JOIN journal undone ON undone.mirrors_id = payment.journal_id
LEFT JOIN journal back ON back.kind = 'return' AND back.source = 'journal' AND back.source_id = payment.journal_id
  AND back.part = 0
WHERE payment.invoice_id = ? ORDER BY payment.id"""  # noqa: S608  # own text

_BOOKS = """
SELECT j.id, j.posted_on, j.kind, origin.kind, debit.kind, debit.ref, debit.label, credit.kind, credit.ref,
  credit.label, t.amount_minor
FROM journal j JOIN transfer t ON t.journal_id = j.id
JOIN account debit ON debit.id = t.debit_id JOIN account credit ON credit.id = t.credit_id
LEFT JOIN journal origin ON origin.id = j.mirrors_id
WHERE j.id IN (SELECT id FROM journal WHERE invoice_id = ?
  UNION SELECT journal.id FROM audit JOIN journal ON journal.audit_id = audit.id
  WHERE audit.subject = 'invoice' AND audit.subject_id = ?)
ORDER BY j.id, t.line"""

_COMPLETED = """
SELECT m.id, m.package_name, a.detail, COALESCE((SELECT SUM(t.amount_minor) FROM journal j
  JOIN transfer t ON t.journal_id = j.id WHERE j.membership_id = m.id AND j.invoice_id = ? AND j.kind = 'completed'
  AND NOT EXISTS (SELECT 1 FROM journal undone WHERE undone.mirrors_id = j.id)), 0)
FROM membership m JOIN audit a ON a.subject = 'membership' AND a.subject_id = m.id AND a.act = 'Completed'
WHERE m.reason = 'completed' AND m.id IN (
  SELECT membership_id FROM invoice_line WHERE invoice_id = ? AND source = 'draw')
ORDER BY m.id, a.id"""

_HISTORY = """
SELECT a.at, COALESCE(staff.name, a.actor), a.act, a.reason FROM audit a LEFT JOIN staff ON staff.id = a.user_id
WHERE a.subject = 'invoice' AND a.subject_id = ? ORDER BY a.id"""


def issued(invoice: Invoice) -> Issued:
    """What there is to say about an invoice, in a constant number of queries."""
    chosen = InvoiceLine.select().where(InvoiceLine.invoice == invoice)
    lines = list(chosen.order_by(InvoiceLine.position, InvoiceLine.part))
    return Issued(
        lines=lines,
        sources=_sources(invoice.id),
        payments=[_received(row) for row in rows(_PAYMENTS, (invoice.id,))],
        books=_books(invoice),
        units=_units(lines),
        completed=_completed(invoice.id),
        history=[_act(row) for row in rows(_HISTORY, (invoice.id,))],
    )


def _sources(invoice_id: int) -> dict[int, list[Source]]:
    found: dict[int, list[Source]] = {}
    for line, source, method, package, amount in rows(_SOURCES, (invoice_id,)):
        label = {"package": f"{package} funds", "general": "general funds"}.get(source, method or "")
        found.setdefault(line, []).append(Source(label, int(amount)))
    return found


def _received(row: tuple[Any, ...]) -> Received:
    return Received(as_day(row[0]), row[1], row[2], int(row[3]), row[4])


def _act(row: tuple[Any, ...]) -> Act:
    at, who, what, reason = row
    return Act(datetime.fromisoformat(at) if isinstance(at, str) else at, who, what, reason)


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


def _books(invoice: Invoice) -> list[Entry]:
    found = rows(_BOOKS, (invoice.id, invoice.id))
    names = _account_names({(row[n], row[n + 1]) for row in found for n in (4, 7)})
    entries: dict[int, Entry] = {}
    for journal, day, kind, origin, *accounts, amount in found:
        what = WHAT.get(kind, kind.capitalize()) + (f": {WHAT.get(origin, origin).lower()}" if origin else "")
        entry = entries.setdefault(journal, Entry(journal, as_day(day), what, []))
        debit, credit = (_account(names, *accounts[n : n + 3]) for n in (0, 3))
        entry.postings.append(Posting(debit, credit, int(amount)))
    return list(entries.values())


def _account_names(keys: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The names of the records that accounts belong to, by kind of account and id."""
    names = {("M", method.id): method.name for method in PaymentMethod.select()}
    of_kind = {kind: [ref for k, ref in keys if k == kind] for kind in "RAGP"}
    codes = of_kind["R"] + of_kind["A"]
    for found, series, number in rows(
        f"SELECT id, series, number FROM invoice WHERE id IN ({marks(codes)})",  # noqa: S608  # marks only
        codes,
    ):
        names["R", found] = names["A", found] = invoice_code(series, number)
    names |= {("G", c.id): c.name for c in Customer.select().where(Customer.id.in_(of_kind["G"] or [0]))}
    memberships = Membership.select().where(Membership.id.in_(of_kind["P"] or [0]))
    return names | {("P", m.id): m.package_name for m in memberships}


def _account(names: dict[tuple[str, int], str], kind: str, ref: int, label: str) -> str:
    """An account of the chart in words."""
    name = names.get((kind, ref), "")
    if kind == "T":
        return f"Tax payable {money.plain(ref, 4)} %"
    said = {
        "M": name,
        "R": f"Receivable {name}",
        "A": f"Awaiting payment {name}",
        "G": f"General funds of {name}",
        "P": f"Package funds {name}",
        "I": f"Income {label}",
    }
    return said.get(kind, kind.capitalize())
