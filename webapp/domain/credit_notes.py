"""What a credit note says: what was given back, how it came to that, and where the money went."""

import json
from datetime import date
from typing import Any, NamedTuple

from webapp.db import marks, rows
from webapp.domain.pay_outs import Payer, payers
from webapp.models import CreditNote, InvoiceLine
from webapp.models.invoice import invoice_code


class CreditedLine(NamedTuple):
    """So much of an item that is not charged any more."""

    name: str
    unit: str
    quantity_milli: int
    net_minor: int
    tax_minor: int


class Settlement(NamedTuple):
    """The invoice for the difference to the standard rates and the fee, paid from the package funds."""

    id: int
    code: str
    lines: list[InvoiceLine]

    @property
    def total_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)


class Said(NamedTuple):
    """All of it. Of a refund: the sum that it is the rest of; of a credit: the lines."""

    policy: str
    funds_minor: int
    open_draws_minor: int
    settlement: Settlement | None
    lines: list[CreditedLine]
    paid_out: list[tuple[str, int]]
    """By payment method."""
    funds: list[tuple[str, int]]
    """What went to general funds, and back into package funds by the name of the package."""
    cancelled: list[tuple[int, str, int]]
    """Unpaid package lines that nobody owes any more: id and number of the invoice, amount."""
    payers: list[Payer]
    """Of a refund, who had paid for the package."""
    by: str


def said(note: CreditNote) -> Said:
    """Read a credit note from the postings of the act that made it."""
    detail: Any = json.loads(note.detail)
    is_refund = note.kind == "refund"
    return Said(
        policy=detail["policy"] if is_refund else "",
        funds_minor=detail["funds_minor"] if is_refund else 0,
        open_draws_minor=detail["open_draws_minor"] if is_refund else 0,
        settlement=_settlement(note) if is_refund else None,
        lines=[] if is_refund else _lines(detail),
        paid_out=_paid_out(note),
        funds=_funds(note),
        cancelled=_cancelled(note),
        payers=payers([note.membership_id]) if note.membership_id else [],
        by=note.audit.user.name if note.audit.user else note.audit.actor,
    )


def notes_of(membership_id: int) -> list[tuple[int, str, date, int]]:
    """The credit notes of a membership: id, number, day, amount."""
    found = CreditNote.fetch("membership_id = ? ORDER BY id", (membership_id,))
    return [(note.id, note.code, note.issued_on, note.amount_minor) for note in found]


def _settlement(note: CreditNote) -> Settlement | None:
    found = rows(
        "SELECT i.id, i.series, i.number FROM journal j JOIN invoice i ON i.id = j.invoice_id"
        " WHERE j.audit_id = ? AND j.kind = 'issue'",
        (note.audit_id,),
    )
    if not found:
        return None
    invoice_id, series, number = found[0]
    lines = InvoiceLine.fetch("invoice_id = ? ORDER BY position", (invoice_id,))
    return Settlement(invoice_id, invoice_code(series, number), lines)


def _lines(detail: list[dict[str, int]]) -> list[CreditedLine]:
    ids = [part["line"] for part in detail]
    known = {line.id: line for line in InvoiceLine.fetch(f"id IN ({marks(ids)})", ids)}
    return [
        CreditedLine(
            known[part["line"]].description,
            known[part["line"]].unit,
            part["quantity_milli"],
            part["net_minor"],
            part["tax_minor"],
        )
        for part in detail
    ]


def _paid_out(note: CreditNote) -> list[tuple[str, int]]:
    found = rows(
        "SELECT method.name, SUM(t.amount_minor) FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " JOIN account credit ON credit.id = t.credit_id JOIN payment_method method ON method.id = credit.ref"
        " WHERE j.source = 'credit_note' AND j.source_id = ? AND credit.kind = 'M'"
        " GROUP BY method.name, method.position ORDER BY method.position",
        (note.id,),
    )
    return [(name, int(amount)) for name, amount in found]


def _funds(note: CreditNote) -> list[tuple[str, int]]:
    """What its own journals, and the end of a membership in the same act, put into which funds."""
    found = rows(
        "SELECT a.kind, a.ref, COALESCE(m.package_name, c.name),"
        " SUM(CASE WHEN t.credit_id = a.id THEN t.amount_minor ELSE -t.amount_minor END)"
        " FROM journal j JOIN transfer t ON t.journal_id = j.id JOIN account a ON a.id IN (t.debit_id, t.credit_id)"
        " LEFT JOIN membership m ON a.kind = 'P' AND m.id = a.ref"
        " LEFT JOIN customer c ON a.kind = 'G' AND c.id = a.ref"
        " WHERE ((j.source = 'credit_note' AND j.source_id = ?) OR (j.audit_id = ? AND j.source = 'membership'))"
        " AND a.kind IN ('G', 'P') GROUP BY a.id, a.kind, a.ref, m.package_name, c.name ORDER BY a.kind, a.id",
        (note.id, note.audit_id),
    )
    return [(_fund(note, kind, ref, name), int(amount)) for kind, ref, name, amount in found if amount > 0]


def _fund(note: CreditNote, kind: str, ref: int, name: str) -> str:
    if kind == "P":
        return f"Package funds · {name}"
    return "General funds" if ref == note.customer_id else f"General funds of {name}"


def _cancelled(note: CreditNote) -> list[tuple[int, str, int]]:
    found = rows(
        "SELECT i.id, i.series, i.number, SUM(t.amount_minor) FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " JOIN invoice i ON i.id = j.invoice_id WHERE j.audit_id = ? AND j.kind = 'cancel'"
        " GROUP BY i.id, i.series, i.number ORDER BY i.series, i.number",
        (note.audit_id,),
    )
    return [(invoice_id, invoice_code(series, number), int(amount)) for invoice_id, series, number, amount in found]
