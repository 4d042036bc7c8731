"""Use one: a unit charged at the package rate and paid from package funds in one step (what a studio does all day)."""

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


class Use(NamedTuple):
    """What using so much would charge, and whether the package funds reach.

    `left_milli` is what is left of the item before; `completes` says that nothing of the membership is left after;
    `before_milli` is what was used of the item on that day already. `refusal` names the field that it is about.
    """

    quote: Quote
    funds_minor: int
    left_milli: int
    completes: bool
    before_milli: int
    refusal: DomainError | None

    @property
    def amount_minor(self) -> int:
        return self.quote.total_minor

    @property
    def is_short(self) -> bool:
        """Whether something is left of the item, and the funds do not reach for it."""
        return bool(self.refusal and self.left_milli and self.amount_minor > self.funds_minor)


def would_use(
    membership: Membership, item: Item, quantity_milli: int, *, on: date, service_on: date | None = None
) -> Use:
    """What `use` would do. Reads only."""
    service_on = service_on or on
    line = DraftLine(
        position=1, kind="item", item=item, quantity_milli=quantity_milli, source="membership", membership=membership
    )
    quoted = quote_lines(membership.customer, [line], service_on)
    funds = ledger.balance(ledger.package_funds(membership.id))
    items = list(MembershipItem.select().where(MembershipItem.membership == membership))
    left = sum(each.left_milli for each in items if each.item_id == item.id)
    field, sentence = "service_on", _wrong_day(membership, on, service_on)
    if sentence is None:
        holds = any(each.item_id == item.id for each in items)
        field, sentence = "quantity", _refusal(membership, item, quoted, funds, left if holds else None)
    return Use(
        quoted,
        funds,
        left,
        _completes(items, item, quantity_milli),
        _used_on(membership, item, service_on),
        DomainError(sentence, field) if sentence else None,
    )


@transactional
def use(
    membership_id: int,
    item: Item,
    quantity_milli: int,
    *,
    version: int,
    by: User,
    on: date,
    service_on: date | None = None,
) -> Invoice:
    """Charge so much of an item at the package rate, paid from the package funds of that membership.

    It was used on `service_on`, which is today or before. Refuses, and changes nothing, when not all of it is left or
    when the funds do not reach.
    """
    hold(on, *owners([membership_id]))
    membership = Membership.get_by_id(membership_id)
    if membership.version != version or not membership.is_active:
        raise Changed(f"{membership.package_name} was changed by somebody else meanwhile. Look again.")
    if quantity_milli <= 0:
        raise DomainError("The quantity must be above 0.", "quantity")
    planned = would_use(membership, item, quantity_milli, on=on, service_on=service_on)
    if planned.refusal:
        raise planned.refusal
    draft = drafts.begin(membership.customer, by=by, on=on, service_on=service_on)
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


def plan(
    ids: Sequence[int], item: Item, quantity_milli: int, *, on: date, service_on: date | None = None
) -> list[Planned]:
    """What `use_several` would do to each of these memberships, in the order of customers. Reads only."""
    chosen = Membership.select(Membership, Customer).join(Customer).where(Membership.id << list(ids))
    return [
        Planned(membership, would_use(membership, item, quantity_milli, on=on, service_on=service_on))
        for membership in chosen.order_by(Membership.customer_sort, Membership.id)
    ]


def mark(planned: Iterable[Planned]) -> str:
    """A short sign of what a plan does and to whom; who is left out of it does not matter."""
    done = [
        (it.membership.id, it.membership.version, it.use.quote.digest, it.use.funds_minor, it.use.left_milli)
        for it in planned
        if not it.use.refusal
    ]
    return hashlib.sha256(repr(done).encode()).hexdigest()[:24]


@transactional
def use_several(
    ids: Sequence[int],
    item: Item,
    quantity_milli: int,
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
    planned = plan(ids, item, quantity_milli, on=on, service_on=service_on)
    if mark(planned) != shown:
        raise Changed("What this does changed since it was shown. Look at it again; nothing was used yet.")
    able = [it.membership for it in planned if not it.use.refusal]
    if not able:
        raise DomainError("Nobody of those can use it.")
    return [use(it.id, item, quantity_milli, version=it.version, by=by, on=on, service_on=service_on) for it in able]


def _completes(items: Sequence[MembershipItem], item: Item, quantity_milli: int) -> bool:
    """Whether every included unit is used once this quantity is."""
    taken = {item.id: quantity_milli}
    return all(each.used_milli + taken.get(each.item_id, 0) >= each.included_milli for each in items)


def _used_on(membership: Membership, item: Item, day: date) -> int:
    """How much of the item was taken from the membership on a day, in thousandths."""
    text = (
        "SELECT COALESCE(SUM(l.quantity_milli - l.credited_milli), 0)"
        " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND l.item_id = ? AND l.source = 'draw' AND i.status IN ('open', 'paid')"
        " AND i.service_on = ?"
    )
    return int(rows(text, (membership.id, item.id, day.isoformat()))[0][0])


def _wrong_day(membership: Membership, on: date, service_on: date) -> str | None:
    if service_on > on:
        return "What was used was used today or before."
    if service_on < membership.start_on:
        day = Company.get_by_id(1).day(membership.start_on)
        return f"{membership.package_name} starts on {day}. Nothing can be used before."
    return None


def _refusal(membership: Membership, item: Item, quoted: Quote, funds_minor: int, left_milli: int | None) -> str | None:
    name = membership.package_name
    if not membership.is_active:
        return f"{name} is {membership.reason}; later invoices take the standard rates."
    account = tendering.why_no_account(membership.customer)
    if account:
        return account
    if left_milli is None:
        return f"There is no {item.name} in {name}."
    if not item.active:
        return f"{item.name} is inactive. Somebody with Manage Catalogue can make it active."
    if quoted.problems:
        return quoted.problems[0].sentence
    if any(line.source != "draw" for line in quoted.lines):
        left = Company.get_by_id(1).quantity(left_milli)
        return f"Only {left} left in {name}. Make an invoice for the rest."
    if quoted.total_minor > funds_minor:
        company = Company.get_by_id(1)
        return (
            f"Package funds are {company.amount(funds_minor)}, this takes {company.amount(quoted.total_minor)}."
            " Take payment for the package first, or make an invoice."
        )
    return None
