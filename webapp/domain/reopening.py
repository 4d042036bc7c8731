"""How a completed membership becomes active again when something drawn from it is taken back (spec section 5)."""

from collections.abc import Iterable, Iterator
from datetime import date

from webapp.db import execute, rows
from webapp.domain import audit, ledger
from webapp.domain.settling import COMPLETED, unsettle
from webapp.models import Audit, Invoice, InvoiceLine, Journal, Membership


def reopen_completed(lines: Iterable[InvoiceLine], entry: Audit, on: date) -> None:
    """A completed membership that these lines draw from is active again, with all that its completion moved.

    While another of that package is active it stays ended, and only its money comes back: for the caller to take from,
    and to sweep what is left.
    """
    for membership in _completed(lines):
        if _another_is_active(membership):
            for journal in _closing(membership, COMPLETED):
                ledger.mirror(journal, audit=entry, on=on)
        else:
            _reopen(membership, entry, on)


def _reopen(membership: Membership, entry: Audit, on: date) -> None:
    execute(
        "UPDATE membership SET state = 'active', reason = NULL, inactive_on = NULL, version = version + 1 WHERE id = ?",
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
    for journal in _closing(membership, COMPLETED, "cancel"):
        ledger.mirror(journal, audit=entry, on=on)
        if journal.kind == "cancel":
            uncancel(membership.id, journal.invoice_id or 0, entry, on)


def _completed(lines: Iterable[InvoiceLine]) -> Iterator[Membership]:
    """The completed ones that the lines draw from, each as it is when its turn comes."""
    for membership_id in sorted({line.membership_id for line in lines if line.source == "draw" and line.membership_id}):
        membership = Membership.get_by_id(membership_id)
        if membership.reason == COMPLETED:
            yield membership


def _closing(membership: Membership, *kinds: str) -> list[Journal]:
    """The live journals of those kinds that its last ending wrote, newest first."""
    since = last_reinstatement(membership.id)
    found = Journal.select().where(
        (Journal.membership == membership) & Journal.kind.in_(kinds) & (Journal.audit_id > since)
    )
    return ledger.live(list(found))


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


def uncancel(membership_id: int, invoice_id: int, entry: Audit, on: date) -> None:
    """The unpaid rest of a package line is owed again; what its invoice had completed as a paid one is active again.

    The caller has posted it.
    """
    credited = "invoice_id = ? AND membership_id = ? AND source = 'sale' AND cancelled_minor > 0"
    found = InvoiceLine.fetch(credited, (invoice_id, membership_id))
    invoice = Invoice.get_by_id(invoice_id)
    total = sum(line.cancelled_minor for line in found)
    execute(
        f"UPDATE invoice_line SET cancelled_minor = 0 WHERE {credited}",  # noqa: S608  # four lines above
        (invoice_id, membership_id),
    )
    execute(
        "UPDATE invoice SET due_minor = due_minor + ?, status = 'open', version = version + 1 WHERE id = ?",
        (total, invoice.id),
    )
    if invoice.status == "paid":
        unsettle(invoice.id)
        for membership in _completed(InvoiceLine.select().where(InvoiceLine.invoice == invoice)):
            if not _another_is_active(membership):
                _reopen(membership, entry, on)
