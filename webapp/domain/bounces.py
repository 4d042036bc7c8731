"""A cheque that the bank did not honour: what it paid is due again (postings in docs/books.md)."""

from datetime import date

from webapp.db import execute, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import hold
from webapp.domain.merging import forward, owner_of
from webapp.domain.paying import concerned
from webapp.domain.reopening import reopen_completed
from webapp.domain.settling import sweep, unsettle
from webapp.models import Allocation, Audit, Invoice, InvoiceLine, Journal, Membership, Payment, User


@transactional
def bounce(payment_id: int, *, by: User, on: date, reason: str = "") -> None:
    """Take a cheque back. Its invoice is due again and its units are reserved.

    Package funds that were already spent are covered from general funds, which may go below zero for this. A cheque
    whose invoice was voided to the account, or was credited since, is taken from general funds instead; one that was
    refunded in a void cannot bounce.
    """
    payment = Payment.get_by_id(payment_id)
    hold(on, *(concerned(payment.invoice) if payment.invoice else [owner_of(payment.customer_id)]))
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
        _take_back(payment, Invoice.get_by_id(payment.invoice_id), entry, on)
        forward(entry, on)


def why_not_bounce(payment: Payment) -> str | None:
    """Why a payment cannot bounce any more, or never could, in a sentence; None when it can."""
    if payment.method.kind != "check":
        return "Only a check can bounce."
    if has_bounced(payment):
        return "This check was marked as bounced already."
    if not _is_live(payment.journal) and not _was_returned(payment.journal):
        return "This check was given back when its invoice was voided; it cannot bounce."
    return None


def comes_from_general(payment: Payment) -> bool:
    """Whether the amount is taken from general funds: the cheque was for no invoice, or for one that was voided or
    credited since. Else its invoice is due again."""
    return payment.invoice_id is None or not _is_live(payment.journal) or _was_credited(payment)


def has_bounced(payment: Payment) -> bool:
    """Whether the cheque was marked as bounced."""
    return bool(
        rows("SELECT 1 FROM audit WHERE subject = 'payment' AND subject_id = ? AND act = 'Bounced'", (payment.id,))
    )


def _is_live(journal: Journal) -> bool:
    return not Journal.select().where(Journal.mirrors == journal).exists()


def _was_returned(journal: Journal) -> bool:
    """Whether a void put what this journal took on the customer's account."""
    found = Journal.select().where(
        (Journal.kind == "return") & (Journal.source == "journal") & (Journal.source_id == journal.id)
    )
    return found.exists()


def _was_credited(payment: Payment) -> bool:
    lines = [row[0] for row in rows("SELECT line_id FROM allocation WHERE journal_id = ?", (payment.journal_id,))]
    taken_off = Allocation.select().where(Allocation.line.in_(lines or [0]) & (Allocation.amount_minor < 0))
    return bool(ledger.live([allocation.journal for allocation in taken_off]))


def _take_from_general(payment: Payment, entry: Audit, on: date) -> None:
    ledger.post(
        "bounce",
        "payment",
        payment.id,
        [Move(ledger.general(owner_of(payment.customer_id)), ledger.method(payment.method_id), payment.amount_minor)],
        audit=entry,
        on=on,
    )


def _take_back(payment: Payment, invoice: Invoice, entry: Audit, on: date) -> None:
    lines = list(InvoiceLine.select().where(InvoiceLine.invoice == invoice))
    if invoice.status == "paid":
        reopen_completed(lines, entry, on)
    _cover(payment, lines, entry, on)
    ledger.mirror(payment.journal, audit=entry, on=on)
    for allocation in Allocation.select().where(Allocation.journal == payment.journal):
        execute(
            "UPDATE invoice_line SET paid_minor = paid_minor - ? WHERE id = ?",
            (allocation.amount_minor, allocation.line_id),
        )
    if Invoice.get_by_id(invoice.id).status == "paid":
        unsettle(invoice.id)
    execute(
        "UPDATE invoice SET due_minor = due_minor + ?, status = 'open', version = version + 1 WHERE id = ?",
        (payment.amount_minor, invoice.id),
    )
    for membership_id in sorted({line.membership_id for line in lines if line.membership_id}):
        membership = Membership.get_by_id(membership_id)
        if not membership.is_active:
            sweep(membership, "sweep", entry=entry, on=on)


def _cover(payment: Payment, lines: list[InvoiceLine], entry: Audit, on: date) -> None:
    """Put back into package funds what the cheque paid in and draws have spent since, from general funds."""
    paid_in: dict[int, int] = {}
    memberships = {line.id: line.membership_id for line in lines if line.source == "sale"}
    for allocation in Allocation.select().where(Allocation.journal == payment.journal):
        membership_id = memberships.get(allocation.line_id)
        if membership_id is not None:
            paid_in[membership_id] = paid_in.get(membership_id, 0) + allocation.amount_minor
    for part, (membership_id, amount) in enumerate(sorted(paid_in.items())):
        package = ledger.package_funds(membership_id)
        short = max(0, amount - ledger.balance(package))
        owner = Membership.get_by_id(membership_id).customer_id
        ledger.post(
            "cover",
            "payment",
            payment.id,
            [Move(ledger.general(owner), package, short)],
            audit=entry,
            on=on,
            part=part,
            membership_id=membership_id,
        )
