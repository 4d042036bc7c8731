"""Taking money for invoices: any mix of methods, Account last (spec section 5, "Pay")."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import chain

from webapp.db import execute, marks, transactional
from webapp.domain import audit, ledger
from webapp.domain.allocation import ACCOUNT, GENERAL, METHOD, PACKAGE, Allocation, Fill, allocate
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import hold
from webapp.domain.paying import payers_for
from webapp.domain.settling import FORFEITED, forfeited_left, reduce_due, sweep, uncover
from webapp.domain.tendering import Open, Tender, open_invoice, open_invoices, plan
from webapp.models import Allocation as AllocationRow
from webapp.models import Audit, Customer, Invoice, Journal, Membership, Payment, PaymentMethod, User


@transactional
def pay(
    invoice_id: int,
    tenders: Sequence[Tender],
    *,
    by: User,
    on: date,
    received_on: date | None = None,
    keep_rest: bool = False,
    payer: Customer | None = None,
) -> list[Payment]:
    """Take payment for an open invoice, in part or in full; see `pay_all`."""
    return pay_all([invoice_id], tenders, by=by, on=on, received_on=received_on, keep_rest=keep_rest, payer=payer)


@transactional
def pay_all(
    invoice_ids: Sequence[int],
    tenders: Sequence[Tender],
    *,
    by: User,
    on: date,
    received_on: date | None = None,
    keep_rest: bool = False,
    payer: Customer | None = None,
) -> list[Payment]:
    """Take one payment for open invoices, oldest due date first; the last of each makes its units used.

    One journal for each method and invoice. `payer` is whose Account pays and keeps a rest, the customer unless told.
    Raises `DomainError` when a tender cannot be taken so, or when the payer is neither the customer nor the owner of a
    group that the customer is in, `Changed` when an invoice is no longer open.
    ``received_on`` is when the money came, today unless told; the books are dated today.
    """
    found = Invoice.fetch(f"id IN ({marks(invoice_ids)})", invoice_ids)
    hold(on, *{invoice.customer_id for invoice in found}, *([payer.id] if payer else []))
    invoices = [_open(invoice_id) for invoice_id in dict.fromkeys(invoice_ids)]
    if not invoices:
        raise DomainError("Choose at least one invoice.")
    received = received_on or on
    if received > on:
        raise DomainError("Money cannot be received after today.", "received_on")
    payer = payer or invoices[0].customer
    _refuse_payer(payer, invoices)
    open_ = open_invoices(invoices, payer)
    planned = plan(open_, tenders, keep_rest=keep_rest)
    entry = audit.record(
        "Paid",
        "invoice",
        open_.invoices[0].id,
        by=by,
        customer=open_.payer,
        invoices=[invoice.id for invoice in open_.invoices],
        methods={t.method.id: t.amount_minor for t in tenders if t.amount_minor},
        kept_minor=planned.kept_minor,
        due_minor=[planned.due_minor, planned.remaining_minor],
    )
    return _carry_out(open_, planned.allocation, tenders, entry, on, received)


def take_again(
    invoice_id: int, payer: Customer, tender: Tender, *, entry: Audit, on: date, received_on: date
) -> Payment:
    """Pay an invoice again, with at most what is due, after a payment was taken off it. Part of a larger act.

    Money that came is taken whoever brought it, though they may not pay today; Account is spent as `pay` does.
    """
    invoice = _open(invoice_id)
    open_ = open_invoice(invoice, payer)
    if tender.method.is_account:
        _refuse_payer(payer, [invoice])
        allocation = plan(open_, [tender], keep_rest=False).allocation
    else:
        allocation = allocate(open_.lines, [tender.amount_minor], 0, open_.funds, open_.spendable)
    [taken] = _carry_out(open_, allocation, [tender], entry, on, received_on)
    return taken


def _carry_out(
    open_: Open, allocation: Allocation, tenders: Sequence[Tender], entry: Audit, on: date, received: date
) -> list[Payment]:
    """Do what was planned; what that makes of the invoices and memberships follows by itself."""
    _restore_forfeited(open_, allocation.fills, entry, on)
    taken = _take(open_, allocation, tenders, entry, on, received)
    _write_down(allocation.fills, taken)
    for invoice in open_.invoices:
        paid = sum(fill.amount_minor for fill in allocation.fills if fill.line.invoice == invoice.id)
        if paid:
            reduce_due(invoice.id, paid, entry=entry, on=on)
    _sweep_inactive(open_, entry, on)
    uncover(allocation.paid_for, entry=entry, on=on)
    return [*taken.values(), *_kept(open_, allocation, tenders, entry, on, received)]


def _open(invoice_id: int) -> Invoice:
    invoice = Invoice.get_by_id(invoice_id)
    if invoice.status != "open":
        raise Changed(f"Invoice {invoice.code} is {invoice.status}; there is nothing to pay.")
    return invoice


def _refuse_payer(payer: Customer, invoices: Sequence[Invoice]) -> None:
    for invoice in invoices:
        if payer.id != invoice.customer_id and payer not in payers_for(invoice.customer):
            raise DomainError(f"{payer.name} owns no group that {invoice.customer_name} is in.", "payer")


def _restore_forfeited(open_: Open, fills: Sequence[Fill], entry: Audit, on: date) -> None:
    """Forfeited money pays late lines of its membership first: back into its package funds, and from there."""
    spent: dict[tuple[int, int], int] = defaultdict(int)
    for fill in fills:
        if fill.source == PACKAGE and fill.line.membership:
            spent[fill.line.membership, fill.line.invoice] += fill.amount_minor
    for part, ((membership_id, invoice_id), amount) in enumerate(sorted(spent.items())):
        restored = 0 if membership_id in open_.active else min(amount, forfeited_left(membership_id))
        ledger.post(
            "restore",
            "act",
            entry.id,
            [Move(FORFEITED, ledger.package_funds(membership_id), restored)],
            audit=entry,
            on=on,
            part=part,
            invoice_id=invoice_id,
            membership_id=membership_id,
        )


Taken = dict[tuple[int, int], Payment]
"""Payments by tender number and invoice."""


def _take(
    open_: Open, allocation: Allocation, tenders: Sequence[Tender], entry: Audit, on: date, received: date
) -> Taken:
    """Post a journal for each tender and invoice that it fills a line of."""
    others = [t for t in tenders if t.amount_minor and not t.method.is_account]
    account = [t for t in tenders if t.amount_minor and t.method.is_account]
    payments: Taken = {}
    for number, tender in [*enumerate(others), *((ACCOUNT, t) for t in account)]:
        for invoice in open_.invoices:
            fills = [x for x in allocation.fills if x.tender == number and x.line.invoice == invoice.id]
            journal = ledger.post(
                "pay",
                "act",
                entry.id,
                _moves(invoice, tender.method, fills, open_.payer),
                audit=entry,
                on=on,
                part=len(payments),
                invoice_id=invoice.id,
            )
            if journal:
                payment = _payment(invoice, tender.method, journal, entry, received, fills, open_.payer)
                payments[number, invoice.id] = payment
    return payments


def _payment(
    invoice: Invoice,
    method: PaymentMethod,
    journal: Journal,
    entry: Audit,
    received: date,
    fills: list[Fill],
    payer: Customer,
) -> Payment:
    return Payment.create(
        audit=entry,
        journal=journal,
        customer=payer,
        invoice=invoice,
        method=method,
        amount_minor=sum(fill.amount_minor for fill in fills),
        received_on=received,
    )


def _moves(invoice: Invoice, method: PaymentMethod, fills: Sequence[Fill], payer: Customer) -> list[Move]:
    """The transfers of one tender: from where the money comes, and on to the funds that its lines pay into."""
    receivable, awaiting = ledger.receivable(invoice.id), ledger.awaiting(invoice.id)
    into: dict[tuple[ledger.Key, ledger.Key], int] = defaultdict(int)
    spent: dict[tuple[ledger.Key, ledger.Key], int] = defaultdict(int)
    for fill in fills:
        line = fill.line
        paid_from = {
            METHOD: ledger.method(method.id),
            PACKAGE: ledger.package_funds(line.membership or 0),
            GENERAL: ledger.general(payer.id),
        }[fill.source]
        spent[paid_from, receivable] += fill.amount_minor
        if line.source == "sale":
            into[awaiting, ledger.package_funds(line.membership or 0)] += fill.amount_minor
        elif line.source == "deposit":
            into[awaiting, ledger.general(invoice.customer_id)] += fill.amount_minor
    # What is paid into package funds comes first: a draw may be paid from them in the same journal.
    return [Move(debit, credit, amount) for (debit, credit), amount in [*into.items(), *spent.items()]]


def _write_down(fills: Sequence[Fill], payments: Taken) -> None:
    """One allocation row for each fill, and what these come to on the counter of each line."""
    AllocationRow.create_many(
        {
            "journal": payments[fill.tender, fill.line.invoice].journal_id,
            "line": fill.line.line,
            "amount_minor": fill.amount_minor,
            "source": fill.source,
        }
        for fill in fills
    )
    filled: dict[int, int] = defaultdict(int)
    for fill in fills:
        filled[fill.line.line] += fill.amount_minor
    if filled:
        execute(
            f"UPDATE invoice_line SET paid_minor = paid_minor + CASE id{' WHEN ? THEN ?' * len(filled)} END"  # noqa: S608  # marks only
            f" WHERE id IN ({marks(list(filled))})",
            [*chain.from_iterable(filled.items()), *filled],
        )


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
        _moves(invoice, account, fills, invoice.customer),
        audit=entry,
        on=on,
        part=ledger.next_part("pay", "act", entry.id),
        invoice_id=invoice.id,
    )
    if journal:
        payment = _payment(invoice, account, journal, entry, on, fills, invoice.customer)
        _write_down(fills, {(ACCOUNT, invoice.id): payment})
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
            [Move(ledger.method(tender.method.id), ledger.general(open_.payer.id), rest)],
            audit=entry,
            on=on,
            part=number,
        )
        if journal:
            kept.append(
                Payment.create(
                    audit=entry,
                    journal=journal,
                    customer=open_.payer.id,
                    method=tender.method,
                    amount_minor=rest,
                    received_on=received,
                )
            )
    return kept


def _sweep_inactive(open_: Open, entry: Audit, on: date) -> None:
    """What reached the package funds of an inactive membership goes on to general funds in the same act."""
    if not open_.labels:
        return
    ids = list(open_.labels)
    for membership in Membership.fetch(f"state = 'inactive' AND id IN ({marks(ids)}) ORDER BY id", ids):
        sweep(membership, "sweep", entry=entry, on=on)
