"""Giving unused package value back: two policies and an optional fee, side by side (spec section 5, "Refund")."""

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, ledger, numbers
from webapp.domain.allocation import PACKAGE
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import hold, owners
from webapp.domain.pay_outs import PayOut, received
from webapp.domain.payments import fill_from_package
from webapp.domain.rates import Basis, tax_split
from webapp.domain.settling import REMOVED, end
from webapp.models import Allocation as AllocationRow
from webapp.models import Audit, Company, CreditNote, Invoice, InvoiceLine, Membership, User
from webapp.money import times

KEEP, AT_STANDARD = "keep", "standard"


class Difference(NamedTuple):
    """What used units of an item cost more at the standard rates of their days than at the package rate."""

    item: int
    name: str
    category: str
    quantity_milli: int
    net_minor: int
    tax_minor: int
    tax_percent_e4: int

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


class Offer(NamedTuple):
    """What would be given back under one policy."""

    policy: str
    funds_minor: int
    open_draws_minor: int
    differences: list[Difference]
    fee_minor: int

    @property
    def charged_minor(self) -> int:
        return sum(d.total_minor for d in self.differences) + self.fee_minor

    @property
    def refund_minor(self) -> int:
        return self.funds_minor - self.open_draws_minor - self.charged_minor


def offers(membership: Membership, fee_minor: int = 0) -> list[Offer]:
    """Both policies side by side. Reads only."""
    funds = ledger.balance(ledger.package_funds(membership.id))
    open_draws = min(funds, sum(due for _, due in _open_draws(membership)))
    return [
        Offer(KEEP, funds, open_draws, [], fee_minor),
        Offer(AT_STANDARD, funds, open_draws, differences(membership), fee_minor),
    ]


def differences(membership: Membership) -> list[Difference]:
    """Σ standard − drawn of the live draws, by item, never below 0, with tax.

    A draw of an item that had no standard rate on its day has nothing to be compared with. Who is exempt would have
    paid the standard rate without the tax in it.
    """
    company = Company.of_act()
    basis = Basis(company.decimals, company.tax_inclusive)
    totals: dict[int, list[int]] = {}
    facts: dict[int, tuple[str, str, int]] = {}
    for item, name, category, percent, quantity, standard, drawn, usual_percent in rows(
        "SELECT l.item_id, l.description, l.category, l.tax_percent_e4, l.quantity_milli - l.credited_milli,"
        " l.standard_rate_e4, l.net_minor - l.credited_net_minor"
        " + CASE WHEN ? = 1 THEN l.tax_minor - l.credited_tax_minor ELSE 0 END, item.tax_percent_e4"
        " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id JOIN item ON item.id = l.item_id"
        " WHERE l.membership_id = ? AND l.source = 'draw' AND l.standard_rate_e4 IS NOT NULL"
        " AND i.status IN ('open', 'paid') ORDER BY l.id",
        (int(company.tax_inclusive), membership.id),
    ):
        full = times(standard, quantity, company.decimals)
        if membership.customer.tax_exempt and not percent:
            full = tax_split(full, usual_percent, basis)[0]
        sums = totals.setdefault(item, [0, 0])
        sums[0] += quantity
        sums[1] += full - drawn
        facts[item] = (name, category, percent)
    found = []
    for item, (quantity, more) in totals.items():
        if more > 0:
            name, category, percent = facts[item]
            net, tax = tax_split(more, percent, basis)
            found.append(Difference(item, name, category, quantity, net, tax, percent))
    return found


def why_not_refund(membership: Membership) -> str | None:
    """Why nothing of a membership can be given back, in a sentence; None when something can."""
    name = membership.package_name
    if not membership.is_active:
        return f"{name} is {membership.reason}; only what is unused of an active membership is refunded."
    if not rows(
        "SELECT 1 FROM membership_item WHERE membership_id = ?"
        " AND reserved_milli + used_milli < included_milli LIMIT 1",
        (membership.id,),
    ):
        return f"Nothing unused is left in {name}; paying its open invoices completes it."
    kept = offers(membership)[0]
    if kept.refund_minor <= 0:
        return f"Nothing is left to refund: {_sum_of(kept)}."
    return None


def _sum_of(offer: Offer) -> str:
    amount = Company.of_act().amount
    return (
        f"package funds {amount(offer.funds_minor)}, open uses {amount(offer.open_draws_minor)},"
        f" charged {amount(offer.charged_minor)}"
    )


@transactional
def refund(
    membership_id: int,
    policy: str,
    pay_outs: Sequence[PayOut],
    *,
    version: int,
    by: User,
    on: date,
    reason: str,
    fee_minor: int = 0,
) -> CreditNote:
    """Give unused value back and end the membership as removed; what no method pays out goes to general funds.

    Open draws are paid from the funds first. Raises `DomainError` when a method would pay out more than came by it.
    """
    hold(on, *owners([membership_id]))
    membership = Membership.get_by_id(membership_id)
    if not membership.is_active or membership.version != version:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    if not reason.strip():
        raise DomainError("Say why it is refunded.", "reason")
    if fee_minor < 0:
        raise DomainError("The fee cannot be below 0.", "fee")
    offer = next((o for o in offers(membership, fee_minor) if o.policy == policy), None)
    if offer is None:
        raise DomainError("Choose how used units count.", "policy")
    _refuse(membership, offer, pay_outs)
    entry = audit.record(
        "Refunded",
        "membership",
        membership.id,
        by=by,
        customer=membership.customer_id,
        reason=reason.strip(),
        policy=policy,
        fee_minor=fee_minor,
        refund_minor=offer.refund_minor,
        methods={out.method.id: out.amount_minor for out in pay_outs},
    )
    for invoice_id, _ in _open_draws(membership):
        fill_from_package(Invoice.get_by_id(invoice_id), membership, entry=entry, on=on)
    if offer.charged_minor:
        _settle(membership, offer, entry, by=by, on=on)
    note = _note(membership, offer, entry, on, reason.strip())
    _pay_out(membership, note, pay_outs, entry, on)
    end(Membership.get_by_id(membership.id), REMOVED, entry=entry, on=on)
    return note


def _refuse(membership: Membership, offer: Offer, pay_outs: Sequence[PayOut]) -> None:
    why_not = why_not_refund(membership)
    if why_not:
        raise DomainError(why_not)
    amount = Company.of_act().amount
    if offer.refund_minor <= 0:
        raise DomainError(f"Nothing is left to refund: {_sum_of(offer)}.", "policy")
    most = received(membership)
    for out in pay_outs:
        field = f"method-{out.method.id}"
        if out.amount_minor < 0:
            raise DomainError("This cannot be below 0.", field)
        if out.amount_minor > max(0, most.get(out.method.id, 0)):
            raise DomainError(f"At most {amount(max(0, most.get(out.method.id, 0)))} came by {out.method.name}.", field)
    over = sum(out.amount_minor for out in pay_outs) - offer.refund_minor
    if over > 0:
        raise DomainError(f"This is {amount(over)} more than the refund.", f"method-{pay_outs[-1].method.id}")


def _open_draws(membership: Membership) -> list[tuple[int, int]]:
    """Open invoices that draw from the membership with what those draws still ask for, oldest due date first."""
    return [
        (invoice_id, int(due))
        for invoice_id, due in rows(
            "SELECT i.id, SUM(l.total_minor - l.credited_net_minor - l.credited_tax_minor - l.paid_minor"
            " - l.cancelled_minor) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
            " WHERE l.membership_id = ? AND l.source = 'draw' AND i.status = 'open'"
            " GROUP BY i.id, i.due_on, i.series, i.number ORDER BY i.due_on, i.series, i.number",
            (membership.id,),
        )
    ]


def _settle(membership: Membership, offer: Offer, entry: Audit, *, by: User, on: date) -> None:
    """The settlement invoice: the differences and the fee, paid at once from package funds."""
    lines: list[tuple[str, int | None, str, int, int, int, int]] = [
        (d.name, d.item, d.category, d.quantity_milli, d.net_minor, d.tax_minor, d.tax_percent_e4)
        for d in offer.differences
    ]
    if offer.fee_minor:
        lines.append(("Refund fee", None, "Fees", 1000, offer.fee_minor, 0, 0))
    series = str(on.year)
    customer = membership.customer
    invoice = Invoice.create(
        customer=customer,
        customer_name=customer.name,
        customer_sort=customer.sort_name,
        kind="settlement",
        status="paid",
        series=series,
        number=numbers.take(series),
        service_on=on,
        due_on=on,
        issued_on=on,
        net_minor=sum(line[4] for line in lines),
        tax_minor=sum(line[5] for line in lines),
        total_minor=offer.charged_minor,
        created_by=by,
        created_at=utcnow(),
        changed_at=utcnow(),
    )
    written = []
    for position, (name, item, category, quantity, net, tax, percent) in enumerate(lines, start=1):
        written.append(
            InvoiceLine.create(
                invoice=invoice,
                position=position,
                kind="item",
                source="typed",
                item=item,
                description=name,
                quantity_milli=quantity,
                reason="to the standard rate" if item else f"{membership.package_name} refunded",
                category=category,
                tax_percent_e4=percent,
                net_minor=net,
                tax_minor=tax,
                total_minor=net + tax,
                paid_minor=net + tax,
            )
        )
    _post_settlement(membership, invoice, written, entry, on)


def _post_settlement(
    membership: Membership, invoice: Invoice, lines: Sequence[InvoiceLine], entry: Audit, on: date
) -> None:
    receivable = ledger.receivable(invoice.id)
    moves = [Move(receivable, ledger.income(line.category), line.net_minor) for line in lines]
    moves += [Move(receivable, ledger.tax(line.tax_percent_e4), line.tax_minor) for line in lines]
    ledger.post("issue", "invoice", invoice.id, moves, audit=entry, on=on, invoice_id=invoice.id)
    paid = ledger.post(
        "pay",
        "invoice",
        invoice.id,
        [Move(ledger.package_funds(membership.id), receivable, invoice.total_minor)],
        audit=entry,
        on=on,
        invoice_id=invoice.id,
        membership_id=membership.id,
    )
    for line in lines:
        AllocationRow.create(journal=paid, line=line, amount_minor=line.total_minor, source=PACKAGE)


def _note(membership: Membership, offer: Offer, entry: Audit, on: date, reason: str) -> CreditNote:
    series = f"CN-{on.year}"
    detail = {
        "policy": offer.policy,
        "funds_minor": offer.funds_minor,
        "open_draws_minor": offer.open_draws_minor,
        "charged_minor": offer.charged_minor,
    }
    return CreditNote.create(
        series=series,
        number=numbers.take(series),
        kind="refund",
        customer=membership.customer_id,
        customer_name=membership.customer.name,
        membership=membership,
        amount_minor=offer.refund_minor,
        issued_on=on,
        reason=reason,
        detail=json.dumps(detail),
        audit=entry,
    )


def _pay_out(membership: Membership, note: CreditNote, outs: Sequence[PayOut], entry: Audit, on: date) -> None:
    package = ledger.package_funds(membership.id)
    ledger.post(
        "refund",
        "credit_note",
        note.id,
        [Move(package, ledger.method(out.method.id), out.amount_minor) for out in outs],
        audit=entry,
        on=on,
        membership_id=membership.id,
    )
