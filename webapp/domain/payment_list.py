"""The list of payments: by method, days, customer and invoice, with what each day brought by each method."""

from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.domain import invoice_list, paging, search
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.models.invoice import invoice_code

KEPT, VOIDED, REFUNDED, BOUNCED, CORRECTED = "", "voided", "refunded", "bounced", "corrected"
"""What became of a payment: it stands, its invoice was voided and the money kept, it was paid back, the bank did not
honour the check, or it was entered wrongly and what is right stands elsewhere."""


class Asked(NamedTuple):
    """Which payments: by one method (0 for all), received between two days, of a customer or an invoice."""

    typed: str = ""
    method: int = 0
    first: date | None = None
    last: date | None = None


class PaymentRow(NamedTuple):
    """A payment as the list shows one. Without an invoice it was kept on account; `fate` is as above."""

    received_on: date | None
    id: int
    customer: int
    name: str
    method: str
    kind: str
    amount_minor: int
    invoice: int | None
    code: str
    fate: str


class Taken(NamedTuple):
    """What one day brought by one method, without what was voided or bounced; or what it gave out by it."""

    method: str
    kind: str
    amount_minor: int


# CROSS JOIN keeps SQLite on the index of the order: it would begin with the few methods and sort everything otherwise.
_SOURCE: Final = (
    "payment CROSS JOIN customer CROSS JOIN payment_method method"
    " LEFT JOIN invoice ON invoice.id = payment.invoice_id"
    " LEFT JOIN journal undone ON undone.mirrors_id = payment.journal_id"
    " LEFT JOIN journal back ON back.kind = 'return' AND back.source = 'journal'"
    " AND back.source_id = payment.journal_id AND back.part = 0"
)
_JOINED: Final = "customer.id = payment.customer_id AND method.id = payment.method_id"
FATE: Final = (
    "CASE WHEN method.kind = 'check' AND EXISTS (SELECT 1 FROM audit WHERE audit.subject = 'payment'"
    " AND audit.subject_id = payment.id AND audit.act = 'Bounced') THEN 'bounced'"
    " WHEN undone.id IS NULL THEN ''"
    " WHEN (SELECT audit.act FROM audit WHERE audit.id = undone.audit_id) = 'Corrected' THEN 'corrected'"
    " WHEN back.id IS NULL AND method.kind <> 'account' THEN 'refunded'"
    " ELSE 'voided' END"
)
_COLUMNS: Final = (
    "customer.id, customer.name, method.name, method.kind, payment.amount_minor, invoice.id, invoice.series,"
    f" invoice.number, {FATE}"
)
_PAID_OUT: Final = """
SELECT j.posted_on, method.name, method.kind, SUM(t.amount_minor)
FROM journal j CROSS JOIN transfer t CROSS JOIN account credit CROSS JOIN payment_method method
WHERE j.posted_on >= ? AND j.posted_on <= ? AND j.kind IN ('refund', 'withdrawal') AND t.journal_id = j.id
 AND credit.id = t.credit_id AND credit.kind = 'M' AND method.id = credit.ref AND ? IN (0, method.id)
GROUP BY j.posted_on, method.position, method.id, method.name, method.kind
ORDER BY j.posted_on DESC, method.position, method.id"""
_KEYS: Final = (Key("payment.received_on", date), Key("payment.id", int))
_LISTING: Final = Listing(_COLUMNS, _SOURCE, _KEYS, descending=True)


def payment_page(asked: Asked, cursor: str) -> Page[PaymentRow]:
    """One page, the latest first."""
    condition, params = _condition(asked)
    return paging.page(_LISTING, f"{_JOINED} AND {condition}", params, cursor, _row)


def payment_total(asked: Asked) -> Total:
    """How many there are on all pages."""
    condition, params = _condition(asked)
    return paging.total("payment", condition, params)


def exported_payments(asked: Asked) -> list[PaymentRow]:
    """All of them."""
    condition, params = _condition(asked)
    return [_row(row) for row in paging.every_row(_LISTING, f"{_JOINED} AND {condition}", params)]


def taken_by_day(asked: Asked, first: date, last: date) -> dict[date | None, list[Taken]]:
    """What was received by each method on each day from the first to the last, as far as it is asked for."""
    condition, params = _condition(asked)
    text = (
        "SELECT payment.received_on, method.name, method.kind, SUM(payment.amount_minor)"  # noqa: S608  # own text
        f" FROM {_SOURCE} WHERE {_JOINED} AND {condition} AND payment.received_on >= ? AND payment.received_on <= ?"
        f" AND {FATE} NOT IN ('refunded', 'bounced', 'corrected')"
        f" AND NOT ({FATE} = 'voided' AND method.kind = 'account')"
        " GROUP BY payment.received_on, method.position, method.id, method.name, method.kind"
        " ORDER BY payment.received_on DESC, method.position, method.id"
    )
    days: dict[date | None, list[Taken]] = {}
    for day, name, kind, amount in rows(text, (*params, first.isoformat(), last.isoformat())):
        days.setdefault(as_day(day), []).append(Taken(name, kind, int(amount)))
    return days


def paid_out_by_day(asked: Asked, first: date, last: date) -> dict[date | None, list[Taken]]:
    """What refunds and withdrawals gave out by each method on each day from the first to the last; nothing while the
    list is narrowed to a customer or an invoice."""
    days: dict[date | None, list[Taken]] = {}
    if asked.typed:
        return days
    for day, name, kind, amount in rows(_PAID_OUT, (first.isoformat(), last.isoformat(), asked.method)):
        days.setdefault(as_day(day), []).append(Taken(name, kind, int(amount)))
    return days


def _condition(asked: Asked) -> tuple[str, list[Any]]:
    clauses: list[str] = []
    params: list[Any] = []
    if asked.method:
        clauses.append("payment.method_id = ?")
        params.append(asked.method)
    if asked.first:
        clauses.append("payment.received_on >= ?")
        params.append(asked.first.isoformat())
    if asked.last:
        clauses.append("payment.received_on <= ?")
        params.append(asked.last.isoformat())
    found, words = _found(asked.typed)
    return " AND ".join([*clauses, found]), [*params, *words]


def _found(typed: str) -> tuple[str, list[Any]]:
    number, params = invoice_list.by_number(typed)
    of_invoice = f"payment.invoice_id IN (SELECT invoice.id FROM invoice WHERE {number})"  # noqa: S608  # own text
    if number and "-" in typed:
        return of_invoice, params
    words, looked_for = search.condition("customer", typed, "payment.customer_id")
    return (f"({of_invoice} OR {words})", [*params, *looked_for]) if number else (words, list(looked_for))


def _row(row: tuple[Any, ...]) -> PaymentRow:
    day, found, customer, name, method, kind, amount, invoice, series, number, fate = row
    code = invoice_code(series, number) if invoice is not None else ""
    return PaymentRow(as_day(day), found, customer, name, method, kind, int(amount), invoice, code, fate)
