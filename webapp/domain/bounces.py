"""A cheque that the bank did not honour: what it paid is due again (postings in docs/books.md)."""

from datetime import date

from webapp.db import rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import end_past, hold
from webapp.domain.merging import forward, owner_of
from webapp.domain.paying import concerned
from webapp.domain.unpaying import is_live, unpay, was_credited
from webapp.models import Audit, Journal, Payment, User


@transactional
def bounce(payment_id: int, *, by: User, on: date, reason: str = "") -> None:
    """Take a cheque back. Its invoice is due again and its units are reserved.

    Package funds that were already spent are covered from general funds, which may go below zero for this. A cheque
    whose invoice was voided to the account, or was credited since, is taken from general funds instead; one that was
    refunded in a void cannot bounce.
    """
    payment = Payment.get_by_id(payment_id)
    whom = concerned(payment.invoice) if payment.invoice else [owner_of(payment.customer_id)]
    hold(on, *whom)
    if has_bounced(payment):
        raise Changed("This check was marked as bounced already.")
    why_not = why_not_bounce(payment)
    if why_not:
        raise DomainError(why_not)
    entry = audit.record(
        "Bounced",
        "payment",
        payment.id,
        by=by,
        customer=payment.customer_id,
        reason=reason.strip(),
        amount_minor=payment.amount_minor,
        invoice=payment.invoice_id,
    )
    if payment.invoice_id is None or comes_from_general(payment):
        _take_from_general(payment, entry, on)
    else:
        unpay(payment, entry, on)
        forward(entry, on)
        end_past(on, whom)


def why_not_bounce(payment: Payment) -> str | None:
    """Why a payment cannot bounce any more, or never could, in a sentence; None when it can."""
    if payment.method.kind != "check":
        return "Only a check can bounce."
    if has_bounced(payment):
        return "This check was marked as bounced already."
    if _was(payment, "Corrected"):
        return "This payment was put right. If a check stands instead, mark that one as bounced."
    if not is_live(payment) and not _was_returned(payment.journal):
        return "This check was given back when its invoice was voided; it cannot bounce."
    return None


def comes_from_general(payment: Payment) -> bool:
    """Whether the amount is taken from general funds: the cheque was for no invoice, or for one that was voided or
    credited since. Else its invoice is due again."""
    return payment.invoice_id is None or not is_live(payment) or was_credited(payment)


def has_bounced(payment: Payment) -> bool:
    """Whether the cheque was marked as bounced."""
    return _was(payment, "Bounced")


def _was(payment: Payment, act: str) -> bool:
    return bool(rows("SELECT 1 FROM audit WHERE subject = 'payment' AND subject_id = ? AND act = ?", (payment.id, act)))


def _was_returned(journal: Journal) -> bool:
    """Whether a void put what this journal took on the customer's account."""
    found = Journal.select().where(
        (Journal.kind == "return") & (Journal.source == "journal") & (Journal.source_id == journal.id)
    )
    return found.exists()


def _take_from_general(payment: Payment, entry: Audit, on: date) -> None:
    ledger.post(
        "bounce",
        "payment",
        payment.id,
        [Move(ledger.general(owner_of(payment.customer_id)), ledger.method(payment.method_id), payment.amount_minor)],
        audit=entry,
        on=on,
    )
