"""Use one: a unit charged at the package rate and paid from package funds in one step (what a studio does all day)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import transactional
from webapp.domain import drafts, invoicing, ledger, payments, tendering
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import hold, owners
from webapp.domain.quoting import Quote, quote_lines
from webapp.models import Company, DraftLine, Invoice, Item, Membership, MembershipItem, PaymentMethod, User


class Use(NamedTuple):
    """What using so much would charge, and whether the package funds reach.

    `left_milli` is what is left of the item before; `completes` says that nothing of the membership is left after.
    """

    quote: Quote
    funds_minor: int
    left_milli: int
    completes: bool
    refusal: str | None

    @property
    def amount_minor(self) -> int:
        return self.quote.total_minor


def would_use(membership: Membership, item: Item, quantity_milli: int, *, service_on: date) -> Use:
    """What `use` would do. Reads only."""
    line = DraftLine(
        position=1, kind="item", item=item, quantity_milli=quantity_milli, source="membership", membership=membership
    )
    quoted = quote_lines(membership.customer, [line], service_on)
    funds = ledger.balance(ledger.package_funds(membership.id))
    items = list(MembershipItem.select().where(MembershipItem.membership == membership))
    return Use(
        quoted,
        funds,
        sum(each.left_milli for each in items if each.item_id == item.id),
        _completes(items, item, quantity_milli),
        _refusal(membership, item, quoted, funds, service_on),
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
    service_on = service_on or on
    if service_on > on:
        raise DomainError("What was used was used today or before.", "service_on")
    planned = would_use(membership, item, quantity_milli, service_on=service_on)
    if planned.refusal:
        raise DomainError(planned.refusal, "quantity")
    draft = drafts.begin(membership.customer, by=by, on=on, service_on=service_on)
    line = drafts.add_item(draft.id, item, quantity_milli)
    drafts.choose_rate(line.id, "membership", membership=membership)
    invoice = invoicing.issue(draft.id, by=by, on=on)
    if invoice.due_minor:
        account = PaymentMethod.get(PaymentMethod.kind == PaymentMethod.ACCOUNT)
        payments.pay(invoice.id, [tendering.Tender(account, invoice.due_minor)], by=by, on=on)
    return Invoice.get_by_id(invoice.id)


def _completes(items: Sequence[MembershipItem], item: Item, quantity_milli: int) -> bool:
    """Whether every included unit is used once this quantity is."""
    taken = {item.id: quantity_milli}
    return all(each.used_milli + taken.get(each.item_id, 0) >= each.included_milli for each in items)


def _refusal(membership: Membership, item: Item, quoted: Quote, funds_minor: int, service_on: date) -> str | None:
    account = tendering.why_no_account(membership.customer)
    if account:
        return account
    if not item.active:
        return f"{item.name} is inactive. Somebody with Manage Catalogue can make it active."
    if membership.start_on > service_on:
        return f"{membership.package_name} starts on {membership.start_on}. Nothing can be used before."
    if quoted.problems:
        return quoted.problems[0].sentence
    if any(line.source != "draw" for line in quoted.lines):
        return f"Not that much is left in {membership.package_name}. Make an invoice for the rest."
    if quoted.total_minor > funds_minor:
        company = Company.get_by_id(1)
        return (
            f"Package funds are {company.amount(funds_minor)}, this takes {company.amount(quoted.total_minor)}."
            " Take payment for the package first, or make an invoice."
        )
    return None
