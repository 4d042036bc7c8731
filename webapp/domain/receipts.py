"""What was paid in one go, and by whom: what a receipt says."""

from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, rows
from webapp.domain.payment_list import BOUNCED, CORRECTED, FATE, KEPT, REFUNDED
from webapp.models import Customer
from webapp.models.invoice import invoice_code


class Line(NamedTuple):
    """So much by a method for an invoice, or kept on account where there is none; `customer` is whose invoice it is,
    `fate` as in the list of payments."""

    journal: int
    invoice: int | None
    code: str
    customer: int | None
    name: str
    method: str
    kind: str
    amount_minor: int
    fate: str

    @property
    def counts(self) -> bool:
        """Whether the money stayed with the business."""
        gone = self.fate in (REFUNDED, BOUNCED, CORRECTED) or (self.fate != KEPT and self.kind == "account")
        return not gone


class Receipt(NamedTuple):
    """Who paid, on which day, what it was for, and who took it."""

    payer: Customer
    received_on: date | None
    lines: list[Line]
    taken_by: str

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines if line.counts)

    @property
    def by_account_minor(self) -> int:
        """How much of it was the payer's own money, held already."""
        return sum(line.amount_minor for line in self.lines if line.counts and line.kind == "account")

    @property
    def others(self) -> list[str]:
        """For whom else it was."""
        return list(dict.fromkeys(it.name for it in self.lines if it.customer not in (None, self.payer.id)))


# What was put right since is on the receipt as it is now, whichever of its payments is asked for.
_FIRST = """
WITH RECURSIVE before AS (
    SELECT id, subject_id, act FROM audit WHERE id = ?
    UNION SELECT audit.id, audit.subject_id, audit.act FROM before
    JOIN payment ON before.act = 'Corrected' AND payment.id = before.subject_id
    JOIN audit ON audit.id = payment.audit_id
)
SELECT MIN(id) FROM before"""
_LINES = f"""
WITH RECURSIVE acts AS (
    SELECT id FROM audit WHERE id = ?
    UNION SELECT audit.id FROM acts JOIN payment ON payment.audit_id = acts.id
    JOIN audit ON audit.subject = 'payment' AND audit.subject_id = payment.id AND audit.act = 'Corrected'
)
SELECT payment.customer_id, payment.received_on, COALESCE(staff.name, act.actor), payment.journal_id, invoice.id,
    invoice.series, invoice.number, invoice.customer_id, invoice.customer_name, method.name, method.kind,
    payment.amount_minor, {FATE}
FROM payment JOIN payment_method method ON method.id = payment.method_id JOIN audit act ON act.id = payment.audit_id
LEFT JOIN staff ON staff.id = act.user_id LEFT JOIN invoice ON invoice.id = payment.invoice_id
LEFT JOIN journal undone ON undone.mirrors_id = payment.journal_id
LEFT JOIN journal back ON back.kind = 'return' AND back.source = 'journal' AND back.source_id = payment.journal_id
  AND back.part = 0
WHERE payment.audit_id IN (SELECT id FROM acts) ORDER BY payment.id"""  # noqa: S608  # own text


def receipt(audit_id: int) -> Receipt:
    """What was paid in the act of a payment. What was entered wrongly is left out, unless nothing is right instead."""
    found = rows(_LINES, rows(_FIRST, (audit_id,))[0])
    found = [row for row in found if row[-1] != CORRECTED] or found
    payer, received_on, taken_by, *_ = found[0]
    return Receipt(Customer.get_by_id(payer), as_day(received_on), [_line(row[3:]) for row in found], taken_by)


def _line(row: tuple[Any, ...]) -> Line:
    journal, invoice, series, number, customer, name, method, kind, amount, fate = row
    code = "" if invoice is None else invoice_code(series, number)
    return Line(journal, invoice, code, customer, name or "", method, kind, int(amount), fate)
