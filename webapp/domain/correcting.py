"""A payment that was entered wrongly: taken back, and taken again as it was, in one act (postings in docs/books.md).

Nothing in the books is changed: the wrong payment is mirrored, and the right one is a payment of its own.
"""

from datetime import date
from typing import Final

from webapp.db import rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.bounces import has_bounced
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import end_past, hold
from webapp.domain.merging import forward, owner_of
from webapp.domain.paying import concerned
from webapp.domain.payments import take_again
from webapp.domain.tendering import Tender
from webapp.domain.unpaying import is_live, unpay, was_credited
from webapp.models import Audit, Company, Customer, Invoice, Payment, PaymentMethod, User

HAS_ENDED: Final = "It was paid from a package that has ended. Void the invoice instead."


@transactional
def correct(
    payment_id: int,
    method: PaymentMethod,
    amount_minor: int,
    *,
    by: User,
    on: date,
    received_on: date | None = None,
    reason: str = "",
) -> Payment | None:
    """Put a payment right: the method, the amount (0 when nothing was received) or the day it came. Answers the payment
    that stands now, if there is one.

    What of its package funds was spent meanwhile stays spent: what the right amount does not reach is owed on account,
    below the credit limit too, as it is for a check that bounced: the money is not there. Raises `DomainError` beside
    what cannot be so.
    """
    payment = Payment.get_by_id(payment_id)
    hold(on, *whom(payment))
    why_not = why_not_correct(payment)
    if why_not:
        raise (DomainError if is_live(payment) else Changed)(why_not)
    received = received_on or payment.received_on
    _refuse(payment, method, amount_minor, received, on)
    entry = audit.record(
        "Corrected",
        "payment",
        payment.id,
        by=by,
        customer=owner_of(payment.customer_id),
        reason=reason.strip(),
        method=[payment.method_id, method.id],
        amount_minor=[payment.amount_minor, amount_minor],
        received_on=[payment.received_on, received],
    )
    tender = Tender(method, amount_minor)
    take = _pay_again if payment.invoice_id else _deposit_again
    taken = take(payment, tender, entry, on, received)
    forward(entry, on)
    end_past(on, whom(payment))
    return taken


def whom(payment: Payment) -> list[int]:
    """Whose money putting it right may touch."""
    return concerned(payment.invoice) if payment.invoice else [owner_of(payment.customer_id)]


def why_not_correct(payment: Payment) -> str | None:
    """Why a payment cannot be put right any more, in a sentence; None when it can."""
    if has_bounced(payment):
        return "This check was marked as bounced."
    if not is_live(payment):
        voided = payment.invoice is not None and payment.invoice.status == "void"
        return "Its invoice was voided since." if voided else "This payment was put right already."
    if was_credited(payment):
        return (
            "Some of what it paid for was credited since. Deposit or withdraw the difference on the customer's account."
        )
    if _spent_what_had_ended(payment):
        return HAS_ENDED
    return None


def _spent_what_had_ended(payment: Payment) -> bool:
    """Whether forfeited money paid it, or it is the settlement of a refund, which the package itself paid."""
    restored = rows(
        "SELECT 1 FROM journal WHERE audit_id = ? AND kind = 'restore' AND invoice_id = ?",
        (payment.audit_id, payment.invoice_id),
    )
    settled = rows(
        "SELECT 1 FROM allocation a JOIN invoice_line l ON l.id = a.line_id"
        " WHERE a.journal_id = ? AND a.source = 'package' AND l.membership_id IS NULL",
        (payment.journal_id,),
    )
    return payment.method.is_account and bool(restored or settled)


def _refuse(payment: Payment, method: PaymentMethod, amount_minor: int, received: date, on: date) -> None:
    if amount_minor < 0:
        raise DomainError("This cannot be below 0.", "amount")
    if received > on:
        raise DomainError("Money cannot be received after today.", "received_on")
    is_other = method.id != payment.method_id
    if is_other and method.is_account:
        raise DomainError("Type 0 as the amount, then pay the invoice by Account.", "method")
    if is_other and not method.active:
        raise DomainError(f"{method.name} is switched off.", "method")
    if not is_other and (amount_minor, received) == (payment.amount_minor, payment.received_on):
        raise DomainError("This is how it was entered. Change the method, the amount or the day.")


def _pay_again(payment: Payment, tender: Tender, entry: Audit, on: date, received: date) -> Payment | None:
    unpay(payment, entry, on)
    taken = None
    invoice = Invoice.get_by_id(payment.invoice_id)
    if tender.amount_minor > invoice.due_minor:
        most = Company.get_by_id(1).amount(invoice.due_minor)
        raise DomainError(f"At most {most} can be paid here. What is beyond that is a deposit.", "amount")
    if tender.amount_minor:
        if tender.method.is_account and _came_from_ended(payment):
            raise DomainError(HAS_ENDED)
        payer = Customer.get_by_id(owner_of(payment.customer_id))
        taken = take_again(invoice.id, payer, tender, entry=entry, on=on, received_on=received)
    return taken


def _came_from_ended(payment: Payment) -> bool:
    """Whether it spent package funds that are not there any more: its money went on to general funds, and what is
    forfeited, or whoever pays for others, would pay the same once more."""
    found = rows(
        "SELECT 1 FROM allocation a JOIN invoice_line l ON l.id = a.line_id JOIN membership m ON m.id = l.membership_id"
        " WHERE a.journal_id = ? AND a.source = 'package' AND m.state = 'inactive' LIMIT 1",
        (payment.journal_id,),
    )
    return bool(found)


def _deposit_again(payment: Payment, tender: Tender, entry: Audit, on: date, received: date) -> Payment | None:
    customer = owner_of(payment.customer_id)
    ledger.mirror(payment.journal, audit=entry, on=on)
    move = Move(ledger.method(tender.method.id), ledger.general(customer), tender.amount_minor)
    journal = ledger.post("deposit", "act", entry.id, [move], audit=entry, on=on)
    if journal is None:
        return None
    return Payment.create(
        audit=entry,
        journal=journal,
        customer=customer,
        method=tender.method,
        amount_minor=tender.amount_minor,
        received_on=received,
    )
