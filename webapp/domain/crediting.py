"""Crediting a part of an invoice line: the last split part first, the money back the way it came, last in first out."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import execute, marks, rows, transactional
from webapp.domain import audit, ledger, numbers
from webapp.domain.allocation import PACKAGE
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Key, Move
from webapp.domain.limits import refuse_overdrawn
from webapp.domain.memberships import end_past, hold
from webapp.domain.merging import forward, owner_of
from webapp.domain.paying import concerned
from webapp.domain.reopening import reopen_completed
from webapp.domain.settling import forfeit, reduce_due, sweep
from webapp.models import Allocation as AllocationRow
from webapp.models import Audit, Company, CreditNote, Invoice, InvoiceLine, Journal, Membership, Payment, User
from webapp.money import share
from webapp.quantity import format_quantity

NOT_IN_PART = {
    "package": "A package is not credited in part. What is unused of it is refunded from its membership.",
    "deposit": "A deposit is not credited. Void the invoice instead: what was received of it stays on the account,"
    " or is paid back.",
}
NOTHING_CHARGED = "There is no amount to credit on this line. Void the invoice to give the units back."


class Credited(NamedTuple):
    """What is credited of one part of a line."""

    line: InvoiceLine
    quantity_milli: int
    net_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


class Creditable(NamedTuple):
    """A line as typed, with the parts it was split into and what can still be credited of it."""

    position: int
    name: str
    unit: str
    parts: list[InvoiceLine]
    why_not: str | None

    @property
    def quantity_milli(self) -> int:
        return sum(part.quantity_milli for part in self.parts)

    @property
    def left_milli(self) -> int:
        return sum(part.quantity_milli - part.credited_milli for part in self.parts)

    @property
    def kept_minor(self) -> int:
        return sum(part.kept_minor for part in self.parts)


def creditable(invoice: Invoice) -> list[Creditable]:
    """The lines of an issued invoice as they were typed, each with the reason why nothing of it can be credited."""
    found: dict[int, list[InvoiceLine]] = {}
    for line in InvoiceLine.fetch("invoice_id = ? ORDER BY position, part", (invoice.id,)):
        found.setdefault(line.position, []).append(line)
    return [
        Creditable(position, parts[0].description, parts[0].unit, parts, _why_not(parts))
        for position, parts in found.items()
    ]


def _why_not(parts: Sequence[InvoiceLine]) -> str | None:
    first = parts[0]
    if first.kind != "item":
        return NOT_IN_PART[first.kind]
    if not sum(part.quantity_milli - part.credited_milli for part in parts):
        return f"All of {first.description} is credited already."
    if not sum(part.kept_minor for part in parts):
        return NOTHING_CHARGED
    return None


def credited_parts(lines: Sequence[InvoiceLine], quantity_milli: int) -> list[Credited]:
    """Spread a quantity over the parts of a typed line, the last first.

    What stays of a part is the rounded share of its amount for the quantity that stays, as the business writes its
    prices: with the tax where they include it, which is then its rounded share of it. The rest is credited.
    """
    inclusive = Company.of_act().tax_inclusive
    remaining, parts = quantity_milli, []
    for line in sorted(lines, key=lambda x: -x.part):
        taken = min(remaining, line.quantity_milli - line.credited_milli)
        if taken:
            stays = line.quantity_milli - line.credited_milli - taken
            net_left, tax_left = line.net_minor - line.credited_net_minor, line.tax_minor - line.credited_tax_minor
            net = net_left - share(line.net_minor, stays, line.quantity_milli)
            tax = tax_left - share(line.tax_minor, stays, line.quantity_milli)
            if inclusive:
                total = net_left + tax_left - share(line.total_minor, stays, line.quantity_milli)
                tax = min(total, max(tax, total - net_left))
                net = total - tax
            parts.append(Credited(line, taken, net, tax))
            remaining -= taken
    return parts


@transactional
def credit(
    invoice_id: int, position: int, quantity_milli: int, *, version: int, by: User, on: date, reason: str
) -> CreditNote:
    """Credit so much of a line of an open or paid invoice, under a number of its own.

    Units return to the membership they were drawn from. What was paid of the credited part goes back to package funds
    where it came from there, else to the general funds of the customer.
    """
    hold(on, *concerned(Invoice.get_by_id(invoice_id)))
    invoice = Invoice.get_by_id(invoice_id)
    if invoice.status not in ("open", "paid") or invoice.version != version:
        raise Changed(f"Invoice {invoice.code} was changed by somebody else meanwhile. Look again.")
    if not reason.strip():
        raise DomainError("Say why this is credited.", "reason")
    parts = parts_for(invoice, position, quantity_milli)
    before = ledger.balance(ledger.general(invoice.customer_id))
    entry = audit.record(
        "Credited",
        "invoice",
        invoice.id,
        by=by,
        customer=invoice.customer_id,
        reason=reason.strip(),
        position=position,
        quantity_milli=quantity_milli,
        total_minor=sum(part.total_minor for part in parts),
    )
    reopen_completed([part.line for part in parts], entry, on)
    note = _note(invoice, parts, entry, on, reason.strip())
    _post(Invoice.get_by_id(invoice_id), note, parts, entry, on)
    forward(entry, on)
    end_past(on, concerned(invoice))
    refuse_overdrawn(invoice.customer, before)
    return note


def parts_for(invoice: Invoice, position: int, quantity_milli: int) -> list[Credited]:
    """What crediting so much of a line takes off each of its parts; raises why it cannot be."""
    lines = InvoiceLine.fetch("invoice_id = ? AND position = ?", (invoice.id, position))
    if not lines:
        raise DomainError("This invoice has no such line.")
    refusal = _why_not(lines)
    if refusal:
        raise DomainError(refusal)
    if quantity_milli <= 0:
        raise DomainError("The quantity must be above 0.", "quantity")
    most = sum(line.quantity_milli - line.credited_milli for line in lines)
    if quantity_milli > most:
        raise DomainError(f"At most {format_quantity(most)} can still be credited of this line.", "quantity")
    parts = credited_parts(lines, quantity_milli)
    if not sum(part.total_minor for part in parts):
        raise DomainError(NOTHING_CHARGED, "quantity")
    return parts


def _note(invoice: Invoice, parts: Sequence[Credited], entry: Audit, on: date, reason: str) -> CreditNote:
    series = f"CN-{on.year}"
    detail = [
        {"line": p.line.id, "quantity_milli": p.quantity_milli, "net_minor": p.net_minor, "tax_minor": p.tax_minor}
        for p in parts
    ]
    return CreditNote.create(
        series=series,
        number=numbers.take(series),
        kind="credit",
        customer=invoice.customer_id,
        customer_name=invoice.customer_name,
        invoice=invoice,
        amount_minor=sum(part.total_minor for part in parts),
        issued_on=on,
        reason=reason,
        detail=json.dumps(detail),
        audit=entry,
    )


def _post(invoice: Invoice, note: CreditNote, parts: Sequence[Credited], entry: Audit, on: date) -> None:
    receivable = ledger.receivable(invoice.id)
    over = [(part, back) for part in parts for back in _overpaid(part)]
    homes = [_home(part, source, journal) for part, (_, source, journal) in over]
    moves = [Move(receivable, home, amount) for home, (_, (amount, _, _)) in zip(homes, over, strict=True)]
    for part in parts:
        moves.append(Move(ledger.income(part.line.category), receivable, part.net_minor))
        moves.append(Move(ledger.tax(part.line.tax_percent_e4), receivable, part.tax_minor))
    journal = ledger.post("credit", "credit_note", note.id, moves, audit=entry, on=on, invoice_id=invoice.id)
    assert journal is not None  # noqa: S101  # a credit of nothing was refused
    for part, (amount, source, _) in over:
        AllocationRow.create(journal=journal, line=part.line, amount_minor=-amount, source=source)
    execute("UPDATE invoice SET version = version + 1 WHERE id = ?", (invoice.id,))
    unpaid = 0
    for part in parts:
        back = sum(amount for owner, (amount, _, _) in over if owner is part)
        unpaid += part.total_minor - back
        _write_line(invoice, part, back)
    if unpaid:
        reduce_due(invoice.id, unpaid, entry=entry, on=on)
    drawn = {part.line.membership_id for part in parts if part.line.membership_id}
    for membership_id in sorted(drawn | {home.ref for home in homes if home.kind == "P"}):
        membership = Membership.get_by_id(membership_id)
        if not membership.is_active:
            package = ledger.package_funds(membership_id)
            from_it = [paid for home, (_, paid) in zip(homes, over, strict=True) if home == package]
            _forfeit_again(membership, invoice, from_it, entry, on)
            sweep(membership, "sweep", entry=entry, on=on)


def _forfeit_again(
    membership: Membership, invoice: Invoice, back: Sequence[tuple[int, str, int]], entry: Audit, on: date
) -> None:
    """What forfeited money had paid is forfeited again, as it is by a void; the rest of package funds is not."""
    journals = [journal for _, _, journal in back]
    restored = rows(
        "SELECT pay.id FROM journal pay JOIN journal r ON r.audit_id = pay.audit_id AND r.kind = 'restore'"  # noqa: S608  # marks only
        f" AND r.membership_id = ? AND r.invoice_id = ? WHERE pay.id IN ({marks(journals)})",
        (membership.id, invoice.id, *journals),
    )
    paid = sum(amount for amount, _, journal in back if (journal,) in restored)
    left = rows(
        "SELECT COALESCE(SUM(CASE WHEN j.kind = 'restore' THEN t.amount_minor ELSE -t.amount_minor END), 0)"
        " FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " WHERE j.membership_id = ? AND j.invoice_id = ? AND j.kind IN ('restore', 'forfeit')",
        (membership.id, invoice.id),
    )[0][0]
    forfeit(membership, min(paid, int(left)), entry=entry, on=on, invoice_id=invoice.id)


def _overpaid(part: Credited) -> Iterator[tuple[int, str, int]]:
    """The money that the line no longer asks for, last in first: (amount, where it came from, journal)."""
    line = part.line
    over = max(0, line.paid_minor - (line.kept_minor - line.cancelled_minor - part.total_minor))
    left = _paid_into(line)
    while over:
        amount, source, journal = left.pop()
        taken = min(over, amount)
        yield taken, source, journal
        over -= taken


def _paid_into(line: InvoiceLine) -> list[tuple[int, str, int]]:
    """What fills the line now, oldest first; earlier credits have already taken from the newest."""
    found = rows(
        "SELECT a.amount_minor, a.source, a.journal_id FROM allocation a"
        " WHERE a.line_id = ? AND NOT EXISTS (SELECT 1 FROM journal m WHERE m.mirrors_id = a.journal_id) ORDER BY a.id",
        (line.id,),
    )
    filled: list[tuple[int, str, int]] = []
    for amount, source, journal in found:
        if amount > 0:
            filled.append((amount, source, journal))
        while amount < 0:
            last, kind, of = filled.pop()
            amount += last
            if amount > 0:
                filled.append((amount, kind, of))
    return filled


def _home(part: Credited, source: str, journal_id: int) -> Key:
    """Where money that came from there goes back to; a settlement invoice was paid by the package it settled."""
    if source == PACKAGE:
        return ledger.package_funds(part.line.membership_id or Journal.get_by_id(journal_id).membership_id or 0)
    return ledger.general(owner_of(Payment.get(Payment.journal == journal_id).customer_id))


def _write_line(invoice: Invoice, part: Credited, back_minor: int) -> None:
    line = part.line
    execute(
        "UPDATE invoice_line SET credited_milli = credited_milli + ?, credited_net_minor = credited_net_minor + ?,"
        " credited_tax_minor = credited_tax_minor + ?, paid_minor = paid_minor - ? WHERE id = ?",
        (part.quantity_milli, part.net_minor, part.tax_minor, back_minor, line.id),
    )
    if line.source != "draw":
        return
    counter = "used_milli" if invoice.status == "paid" else "reserved_milli"
    drawn = part.net_minor + (part.tax_minor if Company.of_act().tax_inclusive else 0)
    changed = execute(
        f"UPDATE membership_item SET {counter} = {counter} - ?, drawn_minor = drawn_minor - ?,"  # noqa: S608  # two names
        f" drawn_tax_minor = drawn_tax_minor - ? WHERE id = ? AND {counter} >= ?",
        (part.quantity_milli, drawn, part.tax_minor, line.membership_item_id, part.quantity_milli),
    )
    if changed != 1:
        raise Changed("The units of this line were changed by somebody else meanwhile.")
