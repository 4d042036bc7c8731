"""How invoices become paid and memberships end, each of which can bring about the other.

The last payment of an invoice uses its reserved units; that may complete a membership; that credits the unpaid rest of
its package lines; and that may make another invoice paid.
"""

from collections.abc import Sequence
from datetime import date

from webapp.db import execute, marks, rows
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed
from webapp.models import Audit, Company, Membership

COMPLETED, REMOVED, EXPIRED, VOIDED = "completed", "removed", "expired", "voided"
FORFEITED = ledger.Key("forfeited")


def reduce_due(invoice_id: int, amount_minor: int, *, entry: Audit, on: date) -> None:
    """Take an amount off what is due; the last of it makes the invoice paid and its reserved units used."""
    changed = rows(
        "UPDATE invoice SET due_minor = due_minor - ?, version = version + 1,"
        " status = CASE WHEN due_minor = ? THEN 'paid' ELSE status END"
        " WHERE id = ? AND status = 'open' AND due_minor >= ? RETURNING status",
        (amount_minor, amount_minor, invoice_id, amount_minor),
    )
    if not changed:
        raise Changed("This invoice was changed by somebody else meanwhile.")
    if changed[0][0] == "paid":
        settle(invoice_id, entry=entry, on=on)


def settle(invoice_id: int, *, entry: Audit, on: date) -> None:
    """The invoice is paid: its reserved units are used, and memberships used up by that are completed."""
    draws = _draws(invoice_id)
    for membership_item_id, quantity in draws:
        _units(
            "UPDATE membership_item SET reserved_milli = reserved_milli - ?, used_milli = used_milli + ?"
            " WHERE id = ? AND reserved_milli >= ?",
            (quantity, quantity, membership_item_id, quantity),
        )
    if draws:
        _complete_used_up(invoice_id, entry=entry, on=on)


def unsettle(invoice_id: int) -> None:
    """A paid invoice is due again: its units are reserved, no longer used."""
    for membership_item_id, quantity in _draws(invoice_id):
        _units(
            "UPDATE membership_item SET used_milli = used_milli - ?, reserved_milli = reserved_milli + ?"
            " WHERE id = ? AND used_milli >= ?",
            (quantity, quantity, membership_item_id, quantity),
        )


def _draws(invoice_id: int) -> list[tuple[int, int]]:
    """By membership item, the units of all lines of an invoice that draw from it."""
    found = rows(
        "SELECT membership_item_id, SUM(quantity_milli - credited_milli) FROM invoice_line"
        " WHERE invoice_id = ? AND source = 'draw' GROUP BY membership_item_id ORDER BY membership_item_id",
        (invoice_id,),
    )
    return [(membership_item_id, int(quantity)) for membership_item_id, quantity in found]


def _units(sql: str, params: tuple[int, ...]) -> None:
    if execute(sql, params) != 1:
        raise Changed("The units of this invoice were changed by somebody else meanwhile.")


def _complete_used_up(invoice_id: int, *, entry: Audit, on: date) -> None:
    used_up = rows(
        "SELECT DISTINCT l.membership_id FROM invoice_line l JOIN membership m ON m.id = l.membership_id"
        " WHERE l.invoice_id = ? AND l.source = 'draw' AND m.state = 'active' AND NOT EXISTS (SELECT 1"
        " FROM membership_item mi WHERE mi.membership_id = m.id AND mi.used_milli < mi.included_milli)"
        " ORDER BY l.membership_id",
        (invoice_id,),
    )
    for (membership_id,) in used_up:
        membership = Membership.get_by_id(membership_id)
        if membership.is_active:
            audit.record(
                "Completed",
                "membership",
                membership_id,
                by=entry.user,
                customer=membership.customer_id,
                state=["active", "inactive"],
                invoice=invoice_id,
            )
            end(membership, COMPLETED, entry=entry, on=on, invoice_id=invoice_id)


def is_used_up(membership_id: int) -> bool:
    """Whether every included unit was invoiced and paid."""
    unused = rows(
        "SELECT 1 FROM membership_item WHERE membership_id = ? AND used_milli < included_milli LIMIT 1",
        (membership_id,),
    )
    return not unused


def end(membership: Membership, reason: str, *, entry: Audit, on: date, invoice_id: int | None = None) -> None:
    """Make an active membership inactive: funds to general funds, then the unpaid rest of its package lines credited.

    Part of a larger act. `invoice_id` names the invoice whose payment completed it.
    """
    changed = execute(
        "UPDATE membership SET state = 'inactive', reason = ?, inactive_on = ?, version = version + 1"
        " WHERE id = ? AND state = 'active'",
        (reason, on.isoformat(), membership.id),
    )
    if changed != 1:
        raise Changed("This membership was changed by somebody else meanwhile.")
    membership.state, membership.reason, membership.inactive_on = "inactive", reason, on
    membership.version += 1
    if reason == EXPIRED and Company.of_act().expiry_policy == "forfeit":
        forfeit(membership, _held(membership), entry=entry, on=on)
    else:
        sweep(membership, reason, entry=entry, on=on, invoice_id=invoice_id)
    cancel_unpaid(membership, entry=entry, on=on)


def forfeit(
    membership: Membership, amount_minor: int, *, entry: Audit, on: date, invoice_id: int | None = None
) -> None:
    """Keep so much of the package funds of an ended membership; `invoice_id` names the invoice it came back from."""
    ledger.post(
        "forfeit",
        "membership",
        membership.id,
        [ledger.Move(ledger.package_funds(membership.id), FORFEITED, amount_minor)],
        audit=entry,
        on=on,
        part=ledger.next_part("forfeit", "membership", membership.id),
        invoice_id=invoice_id,
        membership_id=membership.id,
    )


def forfeited_left(membership_id: int) -> int:
    """What a membership forfeited and did not get back since, in minor units."""
    gone, back = rows(
        "SELECT COALESCE(SUM(CASE WHEN credit.kind = 'forfeited' THEN t.amount_minor ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN debit.kind = 'forfeited' THEN t.amount_minor ELSE 0 END), 0)"
        " FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " JOIN account debit ON debit.id = t.debit_id JOIN account credit ON credit.id = t.credit_id"
        " WHERE j.membership_id = ?",
        (membership_id,),
    )[0]
    return int(gone) - int(back)


def _held(membership: Membership) -> int:
    return ledger.balance(ledger.package_funds(membership.id))


def sweep(membership: Membership, kind: str, *, entry: Audit, on: date, invoice_id: int | None = None) -> int:
    """Move what is in the package funds of an inactive membership to general funds; answers how much."""
    held = _held(membership)
    ledger.post(
        kind,
        "membership",
        membership.id,
        [ledger.Move(ledger.package_funds(membership.id), ledger.general(membership.customer_id), held)],
        audit=entry,
        on=on,
        part=ledger.next_part(kind, "membership", membership.id),
        invoice_id=invoice_id if kind == COMPLETED else None,
        membership_id=membership.id,
    )
    return held


def covered(memberships: Sequence[int]) -> dict[int, int]:
    """By membership, what general funds gave to its package funds because what had paid for it was taken back when it
    was spent already, and did not get back since; from its last reinstatement on, which brought back what there was."""
    if not memberships:
        return {}
    found = rows(
        "SELECT j.membership_id, SUM(CASE j.kind WHEN 'cover' THEN t.amount_minor ELSE -t.amount_minor END)"  # noqa: S608  # marks only
        " FROM journal j JOIN transfer t ON t.journal_id = j.id"
        f" WHERE j.membership_id IN ({marks(memberships)}) AND j.kind IN ('cover', 'uncover')"
        " AND j.audit_id > COALESCE((SELECT MAX(a.id) FROM audit a WHERE a.subject = 'membership'"
        " AND a.subject_id = j.membership_id AND a.act = 'Reinstated'), 0) GROUP BY j.membership_id",
        memberships,
    )
    return {membership: int(amount) for membership, amount in found if amount}


def uncover(memberships: Sequence[int], *, entry: Audit, on: date) -> None:
    """What general funds covered goes back to them, as far as package funds reach now that the package is paid."""
    for part, (membership_id, amount) in enumerate(sorted(covered(memberships).items())):
        membership = Membership.get_by_id(membership_id)
        package, general = ledger.package_funds(membership_id), ledger.general(membership.customer_id)
        ledger.post(
            "uncover",
            "act",
            entry.id,
            [ledger.Move(package, general, min(amount, ledger.balance(package)))],
            audit=entry,
            on=on,
            part=part,
            membership_id=membership_id,
        )


def cancel_unpaid(membership: Membership, *, entry: Audit, on: date) -> int:
    """Credit the unpaid rest of the membership's package lines, one journal for each invoice; answers how much.

    An invoice that thereby asks for nothing more is paid, with all that follows.
    """
    unpaid = rows(
        "SELECT l.invoice_id, l.id, l.total_minor - l.paid_minor - l.cancelled_minor"
        " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND l.source = 'sale' AND i.status = 'open'"
        " AND l.total_minor > l.paid_minor + l.cancelled_minor ORDER BY l.invoice_id, l.id",
        (membership.id,),
    )
    by_invoice: dict[int, list[tuple[int, int]]] = {}
    for invoice_id, line_id, rest in unpaid:
        by_invoice.setdefault(invoice_id, []).append((line_id, rest))
    for invoice_id, lines in by_invoice.items():
        rest = sum(amount for _, amount in lines)
        ledger.post(
            "cancel",
            "membership",
            membership.id,
            [ledger.Move(ledger.awaiting(invoice_id), ledger.receivable(invoice_id), rest)],
            audit=entry,
            on=on,
            part=ledger.next_part("cancel", "membership", membership.id),
            invoice_id=invoice_id,
            membership_id=membership.id,
        )
        for line_id, amount in lines:
            execute("UPDATE invoice_line SET cancelled_minor = cancelled_minor + ? WHERE id = ?", (amount, line_id))
        reduce_due(invoice_id, rest, entry=entry, on=on)
    return sum(rest for _, _, rest in unpaid)
