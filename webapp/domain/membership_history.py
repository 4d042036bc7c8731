"""One membership explained: every draw, what went through its package funds, and who did what to it."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from peewee import JOIN

from webapp.db import as_day, rows
from webapp.domain import ledger, memberships
from webapp.models import Audit, Item, Membership, MembershipItem, User
from webapp.models.invoice import invoice_code

LATEST = 50
EVERYTHING = 1_000_000


class Draw(NamedTuple):
    """Units taken at the package rate. `state` is ``reserved``, ``used``, ``credited`` or ``void``."""

    service_on: date
    invoice_id: int
    invoice: str
    item: str
    unit: str
    quantity_milli: int
    rate_e4: int | None
    standard_rate_e4: int | None
    total_minor: int
    leaves_milli: int | None
    state: str
    credited_milli: int
    kept_minor: int


class DrawTotals(NamedTuple):
    """All draws together, those on void invoices left out."""

    number: int
    paid_minor: int
    open_minor: int

    @property
    def total_minor(self) -> int:
        return self.paid_minor + self.open_minor


class Billed(NamedTuple):
    """An open invoice of the package with what is unpaid of it."""

    invoice_id: int
    invoice: str
    unpaid_minor: int


class FundsSummary(NamedTuple):
    """Where the package funds came from and went to, and what may still be billed."""

    balance_minor: int
    paid_in_minor: int
    spent_minor: int
    moved_minor: int
    refunded_minor: int
    charged_minor: int
    """On the settlement invoice of a refund."""
    forfeited_minor: int
    handed_over_minor: int
    due_minor: int
    billed: list[Billed]
    unbilled_minor: int


class Posting(NamedTuple):
    """One movement of the package funds, with the balance after it."""

    posted_on: date
    kind: str
    invoice_id: int | None
    invoice: str | None
    amount_minor: int
    balance_minor: int


class Happening(NamedTuple):
    """One line of the audit log."""

    at: datetime
    actor: str
    act: str
    reason: str
    detail: dict[str, Any]


_LIVE = "(line.total_minor - line.credited_net_minor - line.credited_tax_minor)"
_DRAWS = """SELECT invoice.service_on, invoice.id, invoice.series, invoice.number, line.description, line.unit,
 line.quantity_milli, line.rate_e4, line.standard_rate_e4, line.total_minor, line.leaves_milli, invoice.status,
 line.credited_milli, line.total_minor - line.credited_net_minor - line.credited_tax_minor
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id = ? AND line.source = 'draw' ORDER BY line.id DESC LIMIT ?"""
_DRAW_TOTALS = f"""SELECT COUNT(*),
 COALESCE(SUM(CASE WHEN invoice.status <> 'void' THEN line.paid_minor ELSE 0 END), 0),
 COALESCE(SUM(CASE WHEN invoice.status <> 'void' THEN {_LIVE} - line.paid_minor - line.cancelled_minor ELSE 0 END), 0)
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id = ? AND line.source = 'draw'"""  # noqa: S608  # own text
_BILLED = f"""SELECT invoice.id, invoice.series, invoice.number, SUM({_LIVE} - line.paid_minor - line.cancelled_minor)
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id = ? AND line.source = 'sale' AND invoice.status = 'open'
 AND {_LIVE} > line.paid_minor + line.cancelled_minor
 GROUP BY invoice.id, invoice.series, invoice.number ORDER BY invoice.series, invoice.number"""  # noqa: S608  # own text
_MOVES = """SELECT transfer.journal_id, transfer.line, transfer.credit_id AS other_id, -transfer.amount_minor AS amount
 FROM account JOIN transfer ON transfer.debit_id = account.id
 WHERE account.kind = 'P' AND account.ref = ? AND account.label = ''
 UNION ALL SELECT transfer.journal_id, transfer.line, transfer.debit_id, transfer.amount_minor
 FROM account JOIN transfer ON transfer.credit_id = account.id
 WHERE account.kind = 'P' AND account.ref = ? AND account.label = ''"""
_BY_OTHER_SIDE = f"""SELECT side, SUM(amount) FROM (
 SELECT CASE WHEN invoice.kind = 'settlement' THEN 'settlement' ELSE account.kind END AS side, moves.amount
 FROM ({_MOVES}) AS moves JOIN account ON account.id = moves.other_id
 LEFT JOIN invoice ON account.kind = 'R' AND invoice.id = account.ref
) AS sides GROUP BY side"""  # noqa: S608  # own text
_POSTINGS = f"""SELECT journal.posted_on, journal.kind, mirrored.kind, invoice.id, invoice.series, invoice.number,
 moves.amount, SUM(moves.amount) OVER (ORDER BY moves.journal_id, moves.line)
 FROM ({_MOVES}) AS moves JOIN journal ON journal.id = moves.journal_id
 LEFT JOIN journal mirrored ON mirrored.id = journal.mirrors_id
 LEFT JOIN invoice ON invoice.id = journal.invoice_id
 ORDER BY moves.journal_id DESC, moves.line DESC LIMIT ?"""  # noqa: S608  # own text


def items_of(membership: Membership) -> list[MembershipItem]:
    """The items with their frozen terms, in the order of the package."""
    found = MembershipItem.select(MembershipItem, Item).join(Item).where(MembershipItem.membership == membership)
    return list(found.order_by(MembershipItem.position, MembershipItem.id))


def draws(membership: Membership, limit: int = LATEST) -> list[Draw]:
    """The latest draws, newest invoice first; the lines of one invoice from top to bottom."""
    found = [_draw(row) for row in rows(_DRAWS, (membership.id, limit))]
    by_invoice: dict[int, list[Draw]] = {}
    for draw in found:
        by_invoice.setdefault(draw.invoice_id, []).insert(0, draw)
    return [draw for lines in by_invoice.values() for draw in lines]


def _draw(row: Sequence[Any]) -> Draw:
    service_on, invoice_id, series, number, item, unit, quantity, rate, standard, total, leaves, status, *later = row
    credited, kept = later
    day = as_day(service_on)
    assert day is not None  # noqa: S101  # the column is NOT NULL
    state = {"open": "reserved", "paid": "used"}.get(status, "void")
    if state != "void" and credited == quantity:
        state = "credited"
    code = invoice_code(series, number)
    return Draw(day, invoice_id, code, item, unit, quantity, rate, standard, total, leaves, state, credited, int(kept))


def draw_totals(membership: Membership) -> DrawTotals:
    """How many draws there ever were, and what the live ones come to."""
    return DrawTotals(*(int(figure) for figure in rows(_DRAW_TOTALS, (membership.id,))[0]))


def funds_summary(membership: Membership, due_minor: int) -> FundsSummary:
    """The package funds as a sum of where they came from; `due_minor` is what is due on open draws."""
    by_side = {kind: int(amount) for kind, amount in rows(_BY_OTHER_SIDE, (membership.id, membership.id))}
    return FundsSummary(
        balance_minor=ledger.balance(ledger.package_funds(membership.id)),
        paid_in_minor=by_side.get("A", 0),
        spent_minor=-by_side.get("R", 0),
        moved_minor=by_side.get("G", 0),
        refunded_minor=by_side.get("M", 0),
        charged_minor=by_side.get("settlement", 0),
        forfeited_minor=by_side.get("forfeited", 0),
        handed_over_minor=by_side.get("P", 0),
        due_minor=due_minor,
        billed=[
            Billed(invoice_id, invoice_code(series, number), int(unpaid))
            for invoice_id, series, number, unpaid in rows(_BILLED, (membership.id,))
        ],
        unbilled_minor=memberships.unbilled(membership) if membership.is_active else 0,
    )


def postings(membership: Membership, limit: int = LATEST) -> list[Posting]:
    """The latest movements of the package funds, newest first; what took another back is ``mirror-`` and its kind."""
    found = []
    for posted_on, kind, mirrored, invoice_id, series, number, amount, balance in rows(
        _POSTINGS, (membership.id, membership.id, limit)
    ):
        day = as_day(posted_on)
        assert day is not None  # noqa: S101  # the column is NOT NULL
        code = invoice_code(series, number) if number is not None else None
        name = f"mirror-{mirrored}" if mirrored else kind
        found.append(Posting(day, name, invoice_id, code, int(amount), int(balance)))
    return found


def happenings(membership: Membership, limit: int = LATEST) -> list[Happening]:
    """Who did what to the membership, newest first."""
    found = (
        Audit.select(Audit, User)
        .join(User, JOIN.LEFT_OUTER)
        .where((Audit.subject == "membership") & (Audit.subject_id == membership.id))
        .order_by(Audit.id.desc())
        .limit(limit)
    )
    return [
        Happening(
            entry.at, entry.user.name if entry.user else entry.actor, entry.act, entry.reason, json.loads(entry.detail)
        )
        for entry in found
    ]
