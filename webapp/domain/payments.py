"""Taking money for an invoice: any mix of methods, Account last (spec section 5, "Pay")."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import execute, marks, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.allocation import (
    ACCOUNT,
    GENERAL,
    METHOD,
    PACKAGE,
    Allocation,
    Fill,
    Funds,
    OpenLine,
    allocate,
    most_account_can_pay,
)
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.limits import limit_of
from webapp.domain.memberships import expire_due
from webapp.domain.settling import reduce_due, sweep
from webapp.models import Allocation as AllocationRow
from webapp.models import Audit, Company, Customer, Invoice, Journal, Membership, Payment, PaymentMethod, User
from webapp.permissions import Permission


class Tender(NamedTuple):
    """So much by one payment method."""

    method: PaymentMethod
    amount_minor: int

    @property
    def field(self) -> str:
        """The form field that a sentence about this tender belongs beside."""
        return f"method-{self.method.id}"


class Effect(NamedTuple):
    """What a payment does to one of the customer's funds. `membership` is None for general funds."""

    membership: int | None
    label: str
    before_minor: int
    after_minor: int


class Plan(NamedTuple):
    """What a payment would do, stated before anybody confirms it."""

    allocation: Allocation
    due_minor: int
    entered_minor: int
    kept_minor: int
    effects: list[Effect]

    @property
    def remaining_minor(self) -> int:
        return self.due_minor - sum(fill.amount_minor for fill in self.allocation.fills)


class Open(NamedTuple):
    """An invoice that asks for money, with what Account could spend on it."""

    invoice: Invoice
    lines: list[OpenLine]
    funds: Funds
    active: set[int]
    labels: dict[int, str]
    account_refusal: str | None

    @property
    def account_most_minor(self) -> int:
        """The most that Account can pay; 0 when it may not be used."""
        return 0 if self.account_refusal else most_account_can_pay(self.lines, self.funds, self.active)


def open_invoice(invoice: Invoice) -> Open:
    """The facts that a payment is planned from. Reads only."""
    found = rows(
        "SELECT l.id, l.source, l.membership_id, l.total_minor - l.paid_minor - l.cancelled_minor"
        " - l.credited_net_minor - l.credited_tax_minor, m.package_name, m.state"
        " FROM invoice_line l LEFT JOIN membership m ON m.id = l.membership_id"
        " WHERE l.invoice_id = ? ORDER BY l.position, l.part",
        (invoice.id,),
    )
    labels = {row[2]: row[4] for row in found if row[2] is not None}
    funds = Funds(
        packages=ledger.balances("P", list(labels)),
        general_minor=ledger.balance(ledger.general(invoice.customer_id)),
        credit_limit_minor=limit_of(invoice.customer),
    )
    return Open(
        invoice=invoice,
        lines=[OpenLine(*row[:4]) for row in found],
        funds=funds,
        active={row[2] for row in found if row[5] == "active"},
        labels=labels,
        account_refusal=why_no_account(invoice.customer),
    )


def why_no_account(customer: Customer) -> str | None:
    """Why Account is not offered to a customer, in a sentence; None when it is."""
    if not PaymentMethod.account_is_active():
        return "The Account payment method is switched off. Somebody with Manage Settings can switch it on."
    if not customer.may(Permission.MAKE_PURCHASES_ON_ACCOUNT):
        return f"{customer.name} has no Make Purchases on Account. Manage Customers is needed to change that."
    return None


def plan(open_: Open, tenders: Sequence[Tender], *, keep_rest: bool) -> Plan:
    """What these tenders would do; raises `DomainError` beside the method that cannot be taken so."""
    tenders = [t for t in tenders if t.amount_minor]
    if not tenders:
        raise DomainError("Type an amount beside at least one method.")
    for tender in tenders:
        if tender.amount_minor < 0:
            raise DomainError("This cannot be below 0.", tender.field)
        if not tender.method.active:
            raise DomainError(f"{tender.method.name} is switched off.", tender.field)
    others = [t for t in tenders if not t.method.is_account]
    account = next((t for t in tenders if t.method.is_account), None)
    asked = account.amount_minor if account else 0
    if account and open_.account_refusal:
        raise DomainError(open_.account_refusal, account.field)
    allocation = allocate(open_.lines, [t.amount_minor for t in others], asked, open_.funds, open_.active)
    kept = sum(allocation.rests)
    amount = Company.get_by_id(1).amount
    if kept and not keep_rest:
        over = next(t for t, rest in zip(others, allocation.rests, strict=True) if rest)
        raise DomainError(
            f"This is {amount(kept)} more than is due. Take less, or tick “Keep the rest on account”.", over.field
        )
    if account and allocation.account_short_minor:
        most = asked - allocation.account_short_minor
        raise DomainError(f"Account can pay at most {amount(most)} here.", account.field)
    due = sum(line.due_minor for line in open_.lines)
    entered = sum(t.amount_minor for t in tenders)
    return Plan(allocation, due, entered, kept, _effects(open_, allocation, kept))


@transactional
def pay(
    invoice_id: int,
    tenders: Sequence[Tender],
    *,
    by: User,
    on: date,
    received_on: date | None = None,
    keep_rest: bool = False,
) -> list[Payment]:
    """Take payment for an open invoice, in part or in full; the last of it makes its units used.

    One journal for each method. Raises `DomainError` when a tender cannot be taken so, `Changed` when the invoice is
    no longer open. ``received_on`` is when the money came, today unless told; the books are dated today.
    """
    invoice = Invoice.get_by_id(invoice_id)
    if expire_due(on, customer_id=invoice.customer_id):
        invoice = Invoice.get_by_id(invoice_id)
    if invoice.status != "open":
        raise Changed(f"Invoice {invoice.code} is {invoice.status}; there is nothing to pay.")
    received = received_on or on
    if received > on:
        raise DomainError("Money cannot be received after today.", "received_on")
    open_ = open_invoice(invoice)
    planned = plan(open_, tenders, keep_rest=keep_rest)
    entry = audit.record(
        "Paid",
        "invoice",
        invoice.id,
        by=by,
        customer=invoice.customer_id,
        methods={t.method.id: t.amount_minor for t in tenders if t.amount_minor},
        kept_minor=planned.kept_minor,
        due_minor=[planned.due_minor, planned.remaining_minor],
    )
    taken = _take(open_, planned.allocation, tenders, entry, on, received)
    _write_down(planned.allocation.fills, taken)
    paid = sum(fill.amount_minor for fill in planned.allocation.fills)
    if paid:
        reduce_due(invoice.id, paid, entry=entry, on=on)
    _sweep_inactive(open_, entry, on)
    return [payment for payment in taken.values() if payment.invoice_id] + _kept(
        open_, planned.allocation, tenders, entry, on, received
    )


def _take(
    open_: Open, allocation: Allocation, tenders: Sequence[Tender], entry: Audit, on: date, received: date
) -> dict[int, Payment]:
    """Post a journal for each tender that fills a line; by tender number."""
    others = [t for t in tenders if t.amount_minor and not t.method.is_account]
    account = [t for t in tenders if t.amount_minor and t.method.is_account]
    payments = {}
    for number, tender in [*enumerate(others), *((ACCOUNT, t) for t in account)]:
        fills = [fill for fill in allocation.fills if fill.tender == number]
        journal = ledger.post(
            "pay",
            "act",
            entry.id,
            _moves(open_.invoice, tender.method, fills),
            audit=entry,
            on=on,
            part=len(others) if number == ACCOUNT else number,
            invoice_id=open_.invoice.id,
        )
        if journal:
            payments[number] = _payment(open_.invoice, tender.method, journal, entry, received, fills)
    return payments


def _payment(
    invoice: Invoice, method: PaymentMethod, journal: Journal, entry: Audit, received: date, fills: list[Fill]
) -> Payment:
    return Payment.create(
        audit=entry,
        journal=journal,
        customer=invoice.customer_id,
        invoice=invoice,
        method=method,
        amount_minor=sum(fill.amount_minor for fill in fills),
        received_on=received,
    )


def _moves(invoice: Invoice, method: PaymentMethod, fills: Sequence[Fill]) -> list[Move]:
    """The transfers of one tender: from where the money comes, and on to the funds that its lines pay into."""
    receivable, awaiting = ledger.receivable(invoice.id), ledger.awaiting(invoice.id)
    general = ledger.general(invoice.customer_id)
    amounts: dict[tuple[ledger.Key, ledger.Key], int] = defaultdict(int)
    for fill in fills:
        line = fill.line
        paid_from = {
            METHOD: ledger.method(method.id),
            PACKAGE: ledger.package_funds(line.membership or 0),
            GENERAL: general,
        }[fill.source]
        amounts[paid_from, receivable] += fill.amount_minor
        if line.source == "sale":
            amounts[awaiting, ledger.package_funds(line.membership or 0)] += fill.amount_minor
        elif line.source == "deposit":
            amounts[awaiting, general] += fill.amount_minor
    return [Move(debit, credit, amount) for (debit, credit), amount in amounts.items()]


def _write_down(fills: Sequence[Fill], payments: dict[int, Payment]) -> None:
    """One allocation row for each fill, and the line's own counter."""
    AllocationRow.create_many(
        {
            "journal": payments[fill.tender].journal_id,
            "line": fill.line.line,
            "amount_minor": fill.amount_minor,
            "source": fill.source,
        }
        for fill in fills
    )
    for fill in fills:
        execute("UPDATE invoice_line SET paid_minor = paid_minor + ? WHERE id = ?", (fill.amount_minor, fill.line.line))


def fill_from_package(invoice: Invoice, membership: Membership, *, entry: Audit, on: date) -> None:
    """Pay what an open invoice draws from a membership out of its package funds, as far as they go."""
    available = ledger.balance(ledger.package_funds(membership.id))
    drawn = [x for x in open_invoice(invoice).lines if x.source == "draw" and x.membership == membership.id]
    fills = []
    for line in drawn:
        amount = min(available, line.due_minor)
        if amount:
            fills.append(Fill(ACCOUNT, line, amount, PACKAGE))
            available -= amount
    account = PaymentMethod.get(PaymentMethod.kind == PaymentMethod.ACCOUNT)
    journal = ledger.post(
        "pay",
        "act",
        entry.id,
        _moves(invoice, account, fills),
        audit=entry,
        on=on,
        part=ledger.next_part("pay", "act", entry.id),
        invoice_id=invoice.id,
    )
    if journal:
        _write_down(fills, {ACCOUNT: _payment(invoice, account, journal, entry, on, fills)})
        reduce_due(invoice.id, sum(fill.amount_minor for fill in fills), entry=entry, on=on)


def _kept(
    open_: Open, allocation: Allocation, tenders: Sequence[Tender], entry: Audit, on: date, received: date
) -> list[Payment]:
    """Keep the rest on account: a journal of its own for each method that has one."""
    others = [t for t in tenders if t.amount_minor and not t.method.is_account]
    kept = []
    for number, (tender, rest) in enumerate(zip(others, allocation.rests, strict=True)):
        journal = ledger.post(
            "keep",
            "act",
            entry.id,
            [Move(ledger.method(tender.method.id), ledger.general(open_.invoice.customer_id), rest)],
            audit=entry,
            on=on,
            part=number,
        )
        if journal:
            kept.append(
                Payment.create(
                    audit=entry,
                    journal=journal,
                    customer=open_.invoice.customer_id,
                    method=tender.method,
                    amount_minor=rest,
                    received_on=received,
                )
            )
    return kept


def _sweep_inactive(open_: Open, entry: Audit, on: date) -> None:
    """What reached the package funds of an inactive membership goes on to general funds in the same act."""
    ids = list(open_.labels)
    for membership in Membership.fetch(f"state = 'inactive' AND id IN ({marks(ids)}) ORDER BY id", ids):
        sweep(membership, "sweep", entry=entry, on=on)


def _effects(open_: Open, allocation: Allocation, kept: int) -> list[Effect]:
    packages = dict.fromkeys(open_.labels, 0)
    general = kept
    for fill in allocation.fills:
        if fill.source == GENERAL:
            general -= fill.amount_minor
        if fill.source == PACKAGE:
            packages[fill.line.membership or 0] -= fill.amount_minor
        if fill.line.source == "deposit":
            general += fill.amount_minor
        if fill.line.source == "sale" and fill.line.membership in open_.active:
            packages[fill.line.membership or 0] += fill.amount_minor
        elif fill.line.source == "sale":
            general += fill.amount_minor
    before = open_.funds.general_minor
    effects = [
        Effect(membership, open_.labels[membership], held := open_.funds.packages[membership], held + change)
        for membership, change in packages.items()
        if change
    ]
    return [*effects, Effect(None, "General funds", before, before + general)] if general else effects
