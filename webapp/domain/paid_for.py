"""What a customer paid on the invoices of others, such as the owner of a group for its members."""

from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows
from webapp.domain.merging import stood_for_by
from webapp.models.invoice import invoice_code


class PaidFor(NamedTuple):
    """A payment on somebody else's invoice; or with an amount below zero, what came of it since: the invoice was
    voided, the check bounced, it was corrected, or something was credited and came back to the payer. `what` is the
    word for that, "" for a payment."""

    day: date | None
    received_on: date | None
    invoice: int
    code: str
    customer: int
    name: str
    method: str
    what: str
    payment: int | None
    journal: int
    amount_minor: int


_PAID = """
SELECT j.posted_on, p.received_on, i.id, i.series, i.number, i.customer_id, i.customer_name, method.name,
    CASE WHEN j.id = p.journal_id THEN '' WHEN act.act = 'Bounced' THEN 'bounced'
    WHEN act.act = 'Corrected' THEN 'corrected' ELSE 'voided' END, p.id,
    j.id AS journal, CASE WHEN j.id = p.journal_id THEN p.amount_minor ELSE -p.amount_minor END
FROM payment p JOIN invoice i ON i.id = p.invoice_id JOIN payment_method method ON method.id = p.method_id
JOIN journal j ON {on} JOIN audit act ON act.id = j.audit_id
WHERE p.customer_id IN ({whose}) AND i.customer_id NOT IN ({whose}) AND j.posted_on BETWEEN ? AND ?"""

# What is credited of a line goes back to whoever paid it. A void of its invoice takes the credit back.
_CREDITED = """
SELECT j.posted_on, NULL, i.id, i.series, i.number, i.customer_id, i.customer_name, '', 'credited', NULL, j.id,
    SUM({sign}t.amount_minor)
FROM account own JOIN transfer t ON t.{side}_id = own.id JOIN journal j ON j.id = t.journal_id
LEFT JOIN journal origin ON origin.id = j.mirrors_id JOIN invoice i ON i.id = j.invoice_id
WHERE own.kind = 'G' AND own.ref IN ({whose}) AND COALESCE(origin.kind, j.kind) = 'credit'
    AND i.customer_id NOT IN ({whose}) AND j.posted_on BETWEEN ? AND ?
GROUP BY j.posted_on, i.id, i.series, i.number, i.customer_id, i.customer_name, j.id"""


def paid_for_others(customer_id: int, first: date, last: date) -> list[PaidFor]:
    """What was paid from the first day to the last, and what was taken back of it, in the order of the books."""
    family = stood_for_by([customer_id])
    whose, days = marks(family), (first.isoformat(), last.isoformat())
    parts = [_PAID.format(on=on, whose=whose) for on in ("j.id = p.journal_id", "j.mirrors_id = p.journal_id")]
    parts += [_CREDITED.format(side=side, sign=sign, whose=whose) for side, sign in (("credit", "-"), ("debit", ""))]
    found = rows(" UNION ALL ".join(parts) + " ORDER BY journal", (*family, *family, *days) * len(parts))
    return [_paid_for(row) for row in found]


def _paid_for(row: tuple[Any, ...]) -> PaidFor:
    day, received_on, invoice, series, number, customer, name, method, what, payment, journal, amount = row
    code = invoice_code(series, number)
    of_payment = (method, what, payment, journal, int(amount))
    return PaidFor(as_day(day), as_day(received_on), invoice, code, customer, name, *of_payment)
