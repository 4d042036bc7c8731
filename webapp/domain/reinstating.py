"""Bringing a removed or expired membership back, and moving the last day (spec section 4)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import execute, marks, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.limits import refuse_overdrawn
from webapp.domain.memberships import hold, owners
from webapp.domain.reopening import uncancel
from webapp.domain.settling import EXPIRED, FORFEITED, REMOVED, forfeited_left
from webapp.domain.transferring import was_transferred
from webapp.models import Audit, Company, Invoice, Membership, User
from webapp.models.membership import NEVER


@transactional
def reinstate(
    membership_id: int, *, version: int, by: User, on: date, reason: str, end_on: date | None = None
) -> Membership:
    """Make a removed or expired membership active again, with what its ending moved as far as it is still there.

    One that expired needs a new last day, today or later. The credited rest of its package lines is owed again.
    """
    membership = _up_to(on, membership_id)
    _refuse(membership, version, reason)
    last_day = new_last_day(membership, end_on, on)
    entry = audit.record(
        "Reinstated",
        "membership",
        membership.id,
        by=by,
        customer=membership.customer_id,
        reason=reason.strip(),
        state=["inactive", "active"],
        end_on=[membership.end_on, last_day],
    )
    changed = execute(
        "UPDATE membership SET state = 'active', reason = NULL, inactive_on = NULL, end_on = ?, end_sort = ?,"
        " version = version + 1 WHERE id = ? AND version = ? AND state = 'inactive'",
        (last_day, last_day.isoformat() if last_day else NEVER, membership.id, version),
    )
    if changed != 1:
        raise Changed("This membership was changed by somebody else meanwhile.")
    before = ledger.balance(ledger.general(membership.customer_id))
    _bring_back(membership, entry, on)
    refuse_overdrawn(membership.customer, before)
    return Membership.get_by_id(membership.id)


@transactional
def extend(membership_id: int, end_on: date | None, *, version: int, by: User, on: date, reason: str) -> Membership:
    """Move the last day of an active membership; None lets it never end."""
    membership = _up_to(on, membership_id)
    if not membership.is_active or membership.version != version:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    if not reason.strip():
        raise DomainError("Say why the last day is moved.", "reason")
    if end_on is not None and end_on < on:
        raise DomainError("The last day cannot be past. Remove the customer from the package instead.", "end_on")
    _refuse_before_start(membership, end_on)
    if end_on == membership.end_on:
        raise DomainError("This is the last day already.", "end_on")
    audit.record(
        "Last day moved",
        "membership",
        membership.id,
        by=by,
        customer=membership.customer_id,
        reason=reason.strip(),
        end_on=[membership.end_on, end_on],
    )
    changed = execute(
        "UPDATE membership SET end_on = ?, end_sort = ?, version = version + 1"
        " WHERE id = ? AND version = ? AND state = 'active'",
        (end_on, end_on.isoformat() if end_on else NEVER, membership.id, version),
    )
    if changed != 1:
        raise Changed("This membership was changed by somebody else meanwhile.")
    return Membership.get_by_id(membership.id)


@transactional
def move_start(membership_id: int, start_on: date, *, version: int, by: User, on: date, reason: str) -> Membership:
    """Correct the first day of a membership that nothing was drawn from. The last day follows it."""
    membership = _up_to(on, membership_id)
    if not membership.is_active or membership.version != version:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    if not reason.strip():
        raise DomainError("Say why the start date is corrected.", "reason")
    why_not = why_not_move_start(membership)
    if why_not:
        raise DomainError(why_not)
    if start_on == membership.start_on:
        raise DomainError("This is the start date already.", "start_on")
    end_on = last_day_from(membership, start_on)
    if end_on is not None and end_on < max(start_on, on):
        why = "before that" if end_on < start_on else "past"
        raise DomainError(f"Its last day would be {Company.get_by_id(1).day(end_on)}, which is {why}.", "start_on")
    audit.record(
        "Start date corrected",
        "membership",
        membership.id,
        by=by,
        customer=membership.customer_id,
        reason=reason.strip(),
        start_on=[membership.start_on, start_on],
        end_on=[membership.end_on, end_on],
    )
    changed = execute(
        "UPDATE membership SET start_on = ?, end_on = ?, end_sort = ?, version = version + 1"
        " WHERE id = ? AND version = ? AND state = 'active'",
        (start_on, end_on, end_on.isoformat() if end_on else NEVER, membership.id, version),
    )
    if changed != 1:
        raise Changed("This membership was changed by somebody else meanwhile.")
    return Membership.get_by_id(membership.id)


def last_day_from(membership: Membership, start_on: date) -> date | None:
    """The last day if it began on another day: counted anew where the package still counts as it did; else it stays."""
    package = membership.package
    if membership.end_on != package.last_day_from(membership.start_on):
        return membership.end_on
    return package.last_day_from(start_on)


def why_not_move_start(membership: Membership) -> str | None:
    """Why the start date cannot be corrected, in a sentence; None when it can."""
    if not membership.is_active:
        return f"{membership.package_name} is {membership.reason}."
    if drawn_from([membership.id]):
        return f"{membership.package_name} was used already; its start date stays as the invoices have it."
    return None


def drawn_from(ids: Sequence[int]) -> set[int]:
    """Those of these memberships of which something is reserved or used."""
    text = (
        "SELECT DISTINCT membership_id FROM membership_item"  # noqa: S608  # only question marks
        f" WHERE membership_id IN ({marks(ids)}) AND reserved_milli + used_milli > 0"
    )
    return {membership for (membership,) in rows(text, ids)} if ids else set()


def why_not_reinstate(membership: Membership) -> str | None:
    """Why a membership cannot be brought back, in a sentence; None when it can."""
    if membership.reason not in (REMOVED, EXPIRED):
        return f"{membership.package_name} is {membership.reason or 'active'}; only removed or expired ones return."
    if was_transferred(membership.id):
        return f"What was left of {membership.package_name} was handed over to somebody else."
    if not rows(
        "SELECT 1 FROM membership_item WHERE membership_id = ?"
        " AND reserved_milli + used_milli < included_milli LIMIT 1",
        (membership.id,),
    ):
        return f"Nothing is left in {membership.package_name}."
    if rows(
        "SELECT 1 FROM membership WHERE customer_id = ? AND package_id = ? AND state = 'active' LIMIT 1",
        (membership.customer_id, membership.package_id),
    ):
        return f"{membership.customer.name} is active in another {membership.package_name} by now."
    return None


class Return(NamedTuple):
    """What reinstating would bring back, in full."""

    moved_minor: int
    """What the ending moved to general funds."""
    general_minor: int
    """How much of that is still there and comes back."""
    forfeited_minor: int
    owed: list[tuple[int, str, int]]
    """The invoices that ask for the credited rest again: id, number, amount."""

    @property
    def funds_minor(self) -> int:
        return self.general_minor + self.forfeited_minor


def returning(membership: Membership) -> Return:
    """What reinstating would bring back. Reads only."""
    moved, forfeited, credited = _moved_by_closing(membership)
    codes = {invoice_id: Invoice.get_by_id(invoice_id).code for invoice_id, _ in credited}
    owed = [(invoice_id, codes[invoice_id], amount) for invoice_id, amount in credited]
    return Return(moved, would_return(membership)[0], forfeited, owed)


def would_return(membership: Membership) -> tuple[int, int, int]:
    """What reinstating would bring back: from general funds, from forfeited money, and what would be owed again."""
    general, forfeited, credited = _moved_by_closing(membership)
    held = max(0, ledger.balance(ledger.general(membership.customer_id)))
    return min(general, held), forfeited, sum(amount for _, amount in credited)


def _up_to(on: date, membership_id: int) -> Membership:
    """The membership as it is that day: what is over has ended, this one and another of its package too."""
    hold(on, *owners([membership_id]))
    return Membership.get_by_id(membership_id)


def _refuse(membership: Membership, version: int, reason: str) -> None:
    if membership.version != version:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    why_not = why_not_reinstate(membership)
    if why_not:
        raise DomainError(why_not)
    if not reason.strip():
        raise DomainError("Say why it is brought back.", "reason")


def new_last_day(membership: Membership, end_on: date | None, on: date) -> date | None:
    """The last day of one that comes back: the chosen one, else that it had. Raises `DomainError` when it is past."""
    last_day = end_on or membership.end_on
    if last_day is not None and last_day < on:
        raise DomainError("Choose a last day that is not past.", "end_on")
    _refuse_before_start(membership, last_day)
    return last_day


def _refuse_before_start(membership: Membership, last_day: date | None) -> None:
    if last_day is not None and last_day < membership.start_on:
        starts = Company.get_by_id(1).day(membership.start_on)
        raise DomainError(f"It starts on {starts}; the last day cannot be before that.", "end_on")


def _bring_back(membership: Membership, entry: Audit, on: date) -> None:
    """New entries, not mirrors: general funds may hold less by now, and closed statements stay as they were."""
    from_general, from_forfeited, _ = would_return(membership)
    package = ledger.package_funds(membership.id)
    part = ledger.next_part("reinstate", "membership", membership.id)
    moves = [
        Move(ledger.general(membership.customer_id), package, from_general),
        Move(FORFEITED, package, from_forfeited),
    ]
    ledger.post(
        "reinstate", "membership", membership.id, moves, audit=entry, on=on, part=part, membership_id=membership.id
    )
    for invoice_id, amount in _moved_by_closing(membership)[2]:
        _owe_again(membership, invoice_id, amount, entry, on)


def _owe_again(membership: Membership, invoice_id: int, amount: int, entry: Audit, on: date) -> None:
    ledger.post(
        "uncancel",
        "membership",
        membership.id,
        [Move(ledger.receivable(invoice_id), ledger.awaiting(invoice_id), amount)],
        audit=entry,
        on=on,
        part=ledger.next_part("uncancel", "membership", membership.id),
        invoice_id=invoice_id,
        membership_id=membership.id,
    )
    uncancel(membership.id, invoice_id, entry, on)


def _moved_by_closing(membership: Membership) -> tuple[int, int, list[tuple[int, int]]]:
    """What the last ending moved to general funds and to forfeited, and what is credited on which live invoice.

    What general funds have covered since, for a check that bounced, is back already.
    """
    moved = rows(
        "SELECT COALESCE(SUM(CASE WHEN debit.kind = 'P' AND credit.kind = 'G' AND j.kind <> 'cover'"
        " THEN t.amount_minor WHEN debit.kind = 'G' AND credit.kind = 'P' AND j.kind = 'cover'"
        " THEN -t.amount_minor ELSE 0 END), 0) FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " JOIN account debit ON debit.id = t.debit_id JOIN account credit ON credit.id = t.credit_id"
        " WHERE j.membership_id = ? AND j.kind IN (?, ?, 'sweep', 'cover') AND j.audit_id >= ?",
        (membership.id, REMOVED, EXPIRED, _last_ending(membership)),
    )[0][0]
    credited = rows(
        "SELECT l.invoice_id, SUM(l.cancelled_minor) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND l.source = 'sale' AND l.cancelled_minor > 0 AND i.status IN ('open', 'paid')"
        " GROUP BY l.invoice_id ORDER BY l.invoice_id",
        (membership.id,),
    )
    forfeited = forfeited_left(membership.id)
    return max(0, int(moved)), forfeited, [(invoice_id, int(amount)) for invoice_id, amount in credited]


def _last_ending(membership: Membership) -> int:
    """The audit row of the act that ended it last."""
    return int(
        rows(
            "SELECT COALESCE(MAX(id), 0) FROM audit WHERE subject = 'membership' AND subject_id = ?"
            " AND act IN ('Removed from package', 'Expired', 'Refunded')",
            (membership.id,),
        )[0][0]
    )
