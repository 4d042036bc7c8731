"""Taking a payment off the invoice that it paid: a check that bounced, or what was entered wrongly."""

from datetime import date

from webapp.db import execute, rows
from webapp.domain import ledger
from webapp.domain.ledger import Move
from webapp.domain.reopening import reopen_completed
from webapp.domain.settling import sweep, unsettle
from webapp.models import Allocation, Audit, Invoice, InvoiceLine, Membership, Payment


def is_live(payment: Payment) -> bool:
    """Whether nothing took the payment back."""
    return not rows("SELECT 1 FROM journal WHERE mirrors_id = ? LIMIT 1", (payment.journal_id,))


def was_credited(payment: Payment) -> bool:
    """Whether a credit took something off a line that the payment filled."""
    lines = [row[0] for row in rows("SELECT line_id FROM allocation WHERE journal_id = ?", (payment.journal_id,))]
    taken_off = Allocation.select().where(Allocation.line.in_(lines or [0]) & (Allocation.amount_minor < 0))
    return bool(ledger.live([allocation.journal for allocation in taken_off]))


def unpay(payment: Payment, entry: Audit, on: date) -> None:
    """Take a live payment off its invoice, which is due again as it was. Part of a larger act.

    What was spent of it is taken from general funds, which may go below zero for that.
    """
    invoice = Invoice.get_by_id(payment.invoice_id)
    lines = InvoiceLine.fetch("invoice_id = ?", (invoice.id,))
    if invoice.status == "paid":
        reopen_completed(lines, entry, on)
    _cover(payment, lines, entry, on)
    ledger.mirror(payment.journal, audit=entry, on=on)
    for allocation in Allocation.fetch("journal_id = ?", (payment.journal_id,)):
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
    """Put back into package funds what the payment brought in and draws have spent since, from general funds.

    They get it back when the package is paid after all (`settling.uncover`).
    """
    paid_in: dict[int, int] = {}
    memberships = {line.id: line.membership_id for line in lines if line.source == "sale"}
    for allocation in Allocation.fetch("journal_id = ?", (payment.journal_id,)):
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
