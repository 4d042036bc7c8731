"""Use one: units charged at the package rate and paid from package funds in one step (what a studio does all day)."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import marks, rows, transactional
from webapp.domain import drafts, invoicing, ledger, payments, tendering
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import hold, owners
from webapp.domain.quoting import Quote, quote_lines
from webapp.models import Company, Customer, DraftLine, Invoice, Item, Membership, MembershipItem, PaymentMethod, User
from webapp.models.invoice import invoice_code


class FundsShort(DomainError):
    """All of it is left, and only the package funds do not reach for it."""


class NotBegun(DomainError):
    """It was used before the membership starts."""


class Taking(NamedTuple):
    """So much of an item of the membership."""

    item: Item
    quantity_milli: int


class Taken(NamedTuple):
    """So much of an item with what the membership holds of it before, if it has the item, and with what was used of it
    on that day already, in thousandths."""

    item: Item
    quantity_milli: int
    held: MembershipItem | None
    before_milli: int

    @property
    def name(self) -> str:
        """The item as the membership calls it."""
        return self.held.name if self.held else self.item.name

    @property
    def left_milli(self) -> int:
        return self.held.left_milli if self.held else 0

    @property
    def after_milli(self) -> int:
        return self.left_milli - self.quantity_milli


class Use(NamedTuple):
    """What using so much would charge, and whether the package funds reach.

    `completes` says that nothing of the membership is left after; `refusal` names the field that it is about.
    """

    quote: Quote
    funds_minor: int
    taken: list[Taken]
    completes: bool
    refusal: DomainError | None

    @property
    def amount_minor(self) -> int:
        return self.quote.total_minor

    @property
    def is_short(self) -> bool:
        """Whether it could be used if only there were more money in the package."""
        return isinstance(self.refusal, FundsShort)

    @property
    def is_early(self) -> bool:
        """Whether it could be used if only the membership had started by then."""
        return isinstance(self.refusal, NotBegun)


def field_of(item_id: int) -> str:
    """The name of the field where the quantity of an item is typed, as a refusal has it."""
    return f"quantity-{item_id}"


def would_use(membership: Membership, takings: Sequence[Taking], *, on: date, service_on: date | None = None) -> Use:
    """What `use` would do. Reads only."""
    service_on = service_on or on
    lines = [
        DraftLine(
            position=n, kind="item", item=item, quantity_milli=quantity, source="membership", membership=membership
        )
        for n, (item, quantity) in enumerate(takings, 1)
    ]
    quoted = quote_lines(membership.customer, lines, service_on)
    funds = ledger.balance(ledger.package_funds(membership.id))
    items = {each.item_id: each for each in MembershipItem.fetch("membership_id = ?", (membership.id,))}
    used = _used_on(membership, service_on)
    taken = [Taken(item, quantity, items.get(item.id), used.get(item.id, 0)) for item, quantity in takings]
    refusal = _wrong_day(membership, on, service_on) or _refusal(membership, taken, quoted, funds)
    return Use(quoted, funds, taken, _completes(items.values(), taken), refusal)


@transactional
def use(
    membership_id: int,
    takings: Sequence[Taking],
    *,
    version: int,
    by: User,
    on: date,
    service_on: date | None = None,
) -> Invoice:
    """Charge so much of one or more items at their package rates, on one invoice paid from the package funds.

    It was used on `service_on`, which is today or before. Refuses, and changes nothing, when not all of it is left or
    when the funds do not reach.
    """
    hold(on, *owners([membership_id]))
    membership = Membership.get_by_id(membership_id)
    if membership.version != version or not membership.is_active:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    if not takings:
        raise DomainError("Type how much was used.")
    for item, quantity_milli in takings:
        if quantity_milli <= 0:
            raise DomainError("The quantity must be above 0.", field_of(item.id))
    planned = would_use(membership, takings, on=on, service_on=service_on)
    if planned.refusal:
        raise planned.refusal
    draft = drafts.begin(membership.customer, by=by, on=on, service_on=service_on)
    for item, quantity_milli in takings:
        line = drafts.add_item(draft.id, item, quantity_milli)
        drafts.choose_rate(line.id, "membership", membership=membership)
    invoice = invoicing.issue(draft.id, by=by, on=on)
    if invoice.due_minor:
        account = PaymentMethod.get(PaymentMethod.kind == PaymentMethod.ACCOUNT)
        payments.pay(invoice.id, [tendering.Tender(account, invoice.due_minor)], by=by, on=on)
    return Invoice.get_by_id(invoice.id)


def unpaid_sales(ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """The open invoices that sell these memberships and still ask for money for that, by membership: id and number."""
    text = (
        "SELECT DISTINCT l.membership_id, i.id, i.series, i.number"  # noqa: S608  # only question marks
        " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        f" WHERE l.membership_id IN ({marks(ids)}) AND l.source = 'sale' AND i.status = 'open'"
        " AND l.total_minor > l.paid_minor + l.cancelled_minor + l.credited_net_minor + l.credited_tax_minor"
        " ORDER BY i.id"
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for membership, invoice, series, number in rows(text, ids) if ids else ():
        found.setdefault(membership, []).append((invoice, invoice_code(series, number)))
    return found


class Usable(NamedTuple):
    """An item, and how many of some memberships have something left of it."""

    item: Item
    many: int


def usable(ids: Sequence[int]) -> list[Usable]:
    """What can be used of these memberships, first what most of them have."""
    left = MembershipItem.reserved_milli + MembershipItem.used_milli < MembershipItem.included_milli
    joined = MembershipItem.select(MembershipItem, Item).join(Item).switch(MembershipItem).join(Membership)
    found = joined.where((Membership.id << list(ids)) & (Membership.state == "active") & left & Item.active)
    items = {each.item_id: each.item for each in found}
    many = Counter(each.item_id for each in found)
    return sorted((Usable(item, many[id_]) for id_, item in items.items()), key=lambda it: (-it.many, it.item.name))


class Planned(NamedTuple):
    """What using so much of an item would do to one membership of several."""

    membership: Membership
    use: Use


def plan(ids: Sequence[int], taking: Taking, *, on: date, service_on: date | None = None) -> list[Planned]:
    """What `use_several` would do to each of these memberships, in the order of customers. Reads only."""
    chosen = Membership.select(Membership, Customer).join(Customer).where(Membership.id << list(ids))
    return [
        Planned(membership, would_use(membership, [taking], on=on, service_on=service_on))
        for membership in chosen.order_by(Membership.customer_sort, Membership.id)
    ]


def mark(planned: Iterable[Planned]) -> str:
    """A short sign of what a plan does and to whom; who is left out of it does not matter."""
    done = [
        (it.membership.id, it.membership.version, it.use.quote.digest, it.use.funds_minor, it.use.taken[0].left_milli)
        for it in planned
        if not it.use.refusal
    ]
    return hashlib.sha256(repr(done).encode()).hexdigest()[:24]


@transactional
def use_several(
    ids: Sequence[int],
    taking: Taking,
    *,
    shown: str,
    by: User,
    on: date,
    service_on: date | None = None,
) -> list[Invoice]:
    """Use so much of an item of each of these memberships, for all who can or for nobody: a class that was held.

    `shown` is the `mark` of the plan that the person saw; who cannot is left out, as the plan said. Raises `Changed`
    when it would do something else than was shown.
    """
    hold(on, *owners(ids))
    planned = plan(ids, taking, on=on, service_on=service_on)
    if mark(planned) != shown:
        raise Changed("What this does changed since it was shown. Look at it again; nothing was used yet.")
    able = [it.membership for it in planned if not it.use.refusal]
    if not able:
        raise DomainError("Nobody of those can use it.")
    return [use(it.id, [taking], version=it.version, by=by, on=on, service_on=service_on) for it in able]


def _completes(items: Iterable[MembershipItem], taken: Iterable[Taken]) -> bool:
    """Whether every included unit is used once these are."""
    more = {it.item.id: it.quantity_milli for it in taken}
    return all(each.used_milli + more.get(each.item_id, 0) >= each.included_milli for each in items)


def _used_on(membership: Membership, day: date) -> dict[int, int]:
    """How much of each item was taken from the membership on a day, in thousandths."""
    text = (
        "SELECT l.item_id, SUM(l.quantity_milli - l.credited_milli)"
        " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND l.source = 'draw' AND i.status IN ('open', 'paid')"
        " AND i.service_on = ? GROUP BY l.item_id"
    )
    return {item: int(milli) for item, milli in rows(text, (membership.id, day.isoformat()))}


def _wrong_day(membership: Membership, on: date, service_on: date) -> DomainError | None:
    if service_on > on:
        return DomainError("What was used was used today or before.", "service_on")
    if service_on < membership.start_on:
        day = Company.get_by_id(1).day(membership.start_on)
        return NotBegun(f"{membership.package_name} starts on {day}. Nothing can be used before.", "service_on")
    return None


def _refusal(membership: Membership, taken: Sequence[Taken], quoted: Quote, funds_minor: int) -> DomainError | None:
    name, company = membership.package_name, Company.get_by_id(1)
    fields = [field_of(it.item.id) for it in taken]
    whole = fields[0] if len(fields) == 1 else None
    if not membership.is_active:
        return DomainError(f"{name} is {membership.reason}; later invoices take the standard rates.", whole)
    account = tendering.why_no_account(membership.customer)
    if account:
        return DomainError(account, whole)
    for position, (it, field) in enumerate(zip(taken, fields, strict=True), 1):
        if it.held is None:
            return DomainError(f"There is no {it.item.name} in {name}.", field)
        if not it.item.active:
            inactive = f"{it.item.name} is inactive. Somebody with Manage Catalogue can make it active."
            return DomainError(inactive, field)
        problem = quoted.problem(position)
        if problem:
            return DomainError(problem, field)
        if any(line.source != "draw" for line in quoted.of(position)):
            left = company.quantity(it.left_milli)
            of = "" if whole else f" of {it.item.name}"
            return DomainError(f"Only {left}{of} left in {name}. Make an invoice for the rest.", field)
    if quoted.total_minor > funds_minor:
        return FundsShort(
            f"Package funds are {company.amount(funds_minor)}, this takes {company.amount(quoted.total_minor)}."
            " Take payment for the package first, or make an invoice.",
            whole,
        )
    return None
