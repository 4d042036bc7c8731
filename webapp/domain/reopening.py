"""How a completed membership becomes active again when something drawn from it is taken back (spec section 5)."""

from collections.abc import Sequence
from datetime import date

from webapp.db import execute, rows
from webapp.domain import audit, ledger
from webapp.domain.settling import COMPLETED, unsettle
from webapp.models import Audit, Invoice, InvoiceLine, Journal, Membership


def reopen_completed(lines: Sequence[InvoiceLine], entry: Audit, on: date) -> None:
    """A completed membership whose draw is voided is active again, unless another of that package is active by now."""
    drawn = sorted({line.membership_id for line in lines if line.source == "draw" and line.membership_id})
    for membership in Membership.select().where(Membership.id.in_(drawn or [0])).order_by(Membership.id):
        if membership.reason != COMPLETED or _another_is_active(membership):
            continue
        closing = Journal.select().where(
            (Journal.membership == membership)
            & Journal.kind.in_([COMPLETED, "cancel"])
            & (Journal.audit_id > last_reinstatement(membership.id))
        )
        for journal in ledger.live(list(closing)):
            ledger.mirror(journal, audit=entry, on=on)
            if journal.kind == "cancel":
                _uncancel(journal)
        execute(
            "UPDATE membership SET state = 'active', reason = NULL, inactive_on = NULL, version = version + 1"
            " WHERE id = ?",
            (membership.id,),
        )
        audit.record(
            "Active again",
            "membership",
            membership.id,
            by=entry.user,
            customer=membership.customer_id,
            state=["inactive", "active"],
        )


def last_reinstatement(membership_id: int) -> int:
    """The audit row of the last reinstatement: what an ending before it moved was brought back by it. 0 if none."""
    found = rows(
        "SELECT COALESCE(MAX(id), 0) FROM audit WHERE subject = 'membership' AND subject_id = ? AND act = 'Reinstated'",
        (membership_id,),
    )
    return int(found[0][0])


def _another_is_active(membership: Membership) -> bool:
    return (
        Membership.select()
        .where(
            (Membership.customer == membership.customer_id)
            & (Membership.package == membership.package_id)
            & (Membership.state == "active")
            & (Membership.id != membership.id)
        )
        .exists()
    )


def _uncancel(journal: Journal) -> None:
    """The unpaid rest of a package line is owed again."""
    found = rows(
        "SELECT id, cancelled_minor FROM invoice_line"
        " WHERE invoice_id = ? AND membership_id = ? AND source = 'sale' AND cancelled_minor > 0",
        (journal.invoice_id, journal.membership_id),
    )
    invoice = Invoice.get_by_id(journal.invoice_id)
    total = sum(cancelled for _, cancelled in found)
    execute(
        "UPDATE invoice_line SET cancelled_minor = 0"
        " WHERE invoice_id = ? AND membership_id = ? AND source = 'sale' AND cancelled_minor > 0",
        (journal.invoice_id, journal.membership_id),
    )
    if invoice.status == "paid":
        unsettle(invoice.id)
    execute(
        "UPDATE invoice SET due_minor = due_minor + ?, status = 'open', version = version + 1 WHERE id = ?",
        (total, invoice.id),
    )
