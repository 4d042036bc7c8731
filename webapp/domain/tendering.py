"""What a payment would do, before anybody confirms it (spec section 5, "Pay")."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from webapp.db import marks, rows
from webapp.domain import ledger
from webapp.domain.allocation import GENERAL, PACKAGE, Allocation, Funds, OpenLine, allocate, most_account_can_pay
from webapp.domain.errors import DomainError
from webapp.domain.limits import limit_of
from webapp.domain.settling import covered, forfeited_left
from webapp.models import Company, Customer, Invoice, PaymentMethod
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
    """What a payment does to some funds; `membership` is None for general funds, `whose` is "" for the payer's."""

    membership: int | None
    label: str
    before_minor: int
    after_minor: int
    whose: str = ""


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
    """Invoices that ask for money, in the order in which it fills them, with what Account could spend on them."""

    invoices: list[Invoice]
    payer: Customer
    lines: list[OpenLine]
    funds: Funds
    active: set[int]
    kept_back: set[int]
    """Memberships of somebody who may not buy on account: their package funds stay, whoever pays."""
    labels: dict[int, str]
    package_funds: dict[int, int]
    covered: dict[int, int]
    """What goes on to general funds when package lines are paid: see `settling.covered`."""
    account_refusal: str | None

    @property
    def spendable(self) -> set[int]:
        """The memberships whose package funds may be spent as soon as they are paid in."""
        return self.active - self.kept_back

    @property
    def account_most_minor(self) -> int:
        """The most that Account can pay; 0 when it may not be used."""
        return 0 if self.account_refusal else most_account_can_pay(self.lines, self.funds, self.spendable)


def prepaid(open_: Open, *, with_sales: bool = False) -> int:
    """How much of what was used its package funds can pay: those that are held now; `with_sales` also those that the
    package lines of these invoices bring in when another method pays them."""
    if open_.account_refusal:
        return 0
    used: dict[int, int] = defaultdict(int)
    held = defaultdict(int, open_.funds.packages)
    for line in open_.lines:
        if line.source == "draw" and line.membership is not None:
            used[line.membership] += line.due_minor
        elif line.source == "sale" and with_sales and line.membership in open_.spendable:
            held[line.membership] += line.due_minor
    return sum(min(due, held[membership]) for membership, due in used.items())


def open_invoice(invoice: Invoice, payer: Customer | None = None) -> Open:
    """The facts that a payment of one invoice is planned from. Reads only."""
    return open_invoices([invoice], payer or invoice.customer)


def open_invoices(invoices: Sequence[Invoice], payer: Customer) -> Open:
    """The facts that one payment of several invoices is planned from, oldest due date first, then number."""
    ordered = sorted(invoices, key=lambda invoice: (invoice.due_on, invoice.series or "", invoice.number or 0))
    turn = {invoice.id: n for n, invoice in enumerate(ordered)}
    found = rows(
        "SELECT l.id, l.source, l.membership_id, l.total_minor - l.paid_minor - l.cancelled_minor"  # noqa: S608  # marks
        " - l.credited_net_minor - l.credited_tax_minor, l.invoice_id, m.package_name, m.state, m.customer_id"
        " FROM invoice_line l LEFT JOIN membership m ON m.id = l.membership_id"
        f" WHERE l.invoice_id IN ({marks(ordered)}) ORDER BY l.position, l.part",
        list(turn),
    )
    found.sort(key=lambda row: turn[row[4]])
    labels = {row[2]: row[5] for row in found if row[2] is not None}
    packages = ledger.balances("P", list(labels))
    for row in found:
        if row[1] == "draw" and row[6] == "inactive" and packages[row[2]] == 0:
            packages[row[2]] = forfeited_left(row[2])
    owners = {row[2]: row[7] for row in found if row[2] is not None}
    unable = {it for it in set(owners.values()) - {payer.id} if why_no_account(Customer.get_by_id(it))}
    kept_back = {membership for membership, owner in owners.items() if owner in unable}
    return Open(
        invoices=ordered,
        payer=payer,
        lines=[OpenLine(*row[:5]) for row in found],
        funds=Funds(
            {it: 0 if it in kept_back else held for it, held in packages.items()},
            ledger.balance(ledger.general(payer.id)),
            limit_of(payer),
        ),
        active={row[2] for row in found if row[6] == "active"},
        kept_back=kept_back,
        labels=labels,
        package_funds=packages,
        covered=covered(sold) if (sold := sorted({row[2] for row in found if row[1] == "sale"})) else {},
        account_refusal=why_no_account(payer),
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
    if sum(t.method.is_account for t in tenders) > 1:
        raise DomainError("Account can be entered once.", tenders[-1].field)
    others = [t for t in tenders if not t.method.is_account]
    account = next((t for t in tenders if t.method.is_account), None)
    asked = account.amount_minor if account else 0
    if account and open_.account_refusal:
        raise DomainError(open_.account_refusal, account.field)
    allocation = allocate(open_.lines, [t.amount_minor for t in others], asked, open_.funds, open_.spendable)
    kept = sum(allocation.rests)
    amount = Company.of_act().amount
    if kept and not keep_rest:
        over = next(t for t, rest in zip(others, allocation.rests, strict=True) if rest)
        change = f"Give {amount(kept)} back and take" if over.method.kind == "cash" else "Take"
        raise DomainError(
            f"This is {amount(kept)} more than is due. {change} {amount(over.amount_minor - kept)},"
            " or tick “Keep the rest on account”.",
            over.field,
        )
    if account and allocation.account_short_minor:
        most = asked - allocation.account_short_minor
        raise DomainError(f"Account can pay at most {amount(most)} here.", account.field)
    due = sum(line.due_minor for line in open_.lines)
    entered = sum(t.amount_minor for t in tenders)
    return Plan(allocation, due, entered, kept, _effects(open_, allocation, kept))


def _effects(open_: Open, allocation: Allocation, kept: int) -> list[Effect]:
    """What changes of whose funds: what is paid in belongs to the customer of the invoice, whoever pays it."""
    payer = open_.payer.id
    packages: dict[int, int] = dict.fromkeys(open_.labels, 0)
    general: dict[int, int] = {payer: kept}
    owners = {invoice.id: invoice.customer_id for invoice in open_.invoices}
    names = {invoice.customer_id: invoice.customer_name for invoice in open_.invoices} | {payer: ""}
    of_membership: dict[int, int] = {}
    for fill in allocation.fills:
        line, amount, owner = fill.line, fill.amount_minor, owners[fill.line.invoice]
        membership = line.membership or 0
        of_membership[membership] = owner
        if fill.source == GENERAL:
            general[payer] -= amount
        if fill.source == PACKAGE:
            packages[membership] -= amount
        if line.source == "sale" and membership in open_.active:
            packages[membership] += amount
        elif line.source in ("sale", "deposit"):
            general[owner] = general.get(owner, 0) + amount
    for membership in allocation.paid_for:
        back = min(open_.covered.get(membership, 0), open_.package_funds[membership] + packages[membership])
        packages[membership] -= back
        general[of_membership[membership]] = general.get(of_membership[membership], 0) + back
    effects = [
        Effect(it, open_.labels[it], held := open_.package_funds[it], held + change, names[of_membership[it]])
        for it, change in packages.items()
        if change
    ]
    for customer, change in general.items():
        if change:
            held = open_.funds.general_minor if customer == payer else ledger.balance(ledger.general(customer))
            effects.append(Effect(None, "General funds", held, held + change, names[customer]))
    return effects
