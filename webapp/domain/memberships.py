"""Putting customers into packages, and how a membership ends (spec sections 3 and 4)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import marks, rows, transactional, utcnow
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.holding import hold_rows
from webapp.domain.settling import EXPIRED, REMOVED, end
from webapp.domain.terms import price, sold_to
from webapp.models import (
    Audit,
    Company,
    Customer,
    Group,
    Membership,
    MembershipItem,
    Package,
    PaymentMethod,
    User,
)
from webapp.models.membership import NEVER
from webapp.permissions import Permission

ACCOUNT_OFF = (
    "Packages cannot be sold while the Account payment method is switched off."
    " Somebody with Manage Settings can switch it on."
)


def refuse_package(package: Package, start_on: date) -> None:
    """Raise `DomainError` when nobody can be added to the package: inactive, Account off, or over before it starts."""
    if not package.active:
        raise DomainError(f"{package.name} is inactive. Somebody with Manage Catalogue can make it active.", "package")
    if not PaymentMethod.account_is_active():
        raise DomainError(ACCOUNT_OFF, "package")
    last_day = package.last_day_from(start_on)
    if last_day is not None and last_day < start_on:
        ended = Company.of_act().day(last_day)
        raise DomainError(f"{package.name} ended on {ended}, before this start date.", "start_on")


def why_not(customer: Customer) -> str | None:
    """Why a customer cannot buy packages now, in a sentence; None when nothing stands in the way."""
    if not customer.active:
        return "This customer is inactive. Manage Customers is needed to change that."
    if not customer.may(Permission.MAKE_PURCHASES_ON_ACCOUNT):
        return f"Role {customer.role.name}: no Make Purchases on Account. Manage Customers is needed to change that."
    return None


@transactional
def start(
    customer: Customer,
    package: Package,
    *,
    start_on: date,
    by: User,
    group: Group | None = None,
    note: str = "",
    discount_minor: int = 0,
    entry: Audit | None = None,
) -> Membership:
    """Give a customer a copy of the package with its terms of this moment. The caller has checked who may.

    At most one is active for a customer and a package; the database refuses a second with `peewee.IntegrityError`.
    """
    company = Company.of_act()
    terms = sold_to(customer, package, tax_inclusive=company.tax_inclusive, discount_minor=discount_minor)
    end_on = package.last_day_from(start_on)
    membership = Membership.create(
        customer=customer,
        customer_sort=customer.sort_name,
        package=package,
        package_name=package.name,
        group=group,
        start_on=start_on,
        end_on=end_on,
        end_sort=end_on.isoformat() if end_on else NEVER,
        price_minor=price(terms, tax_inclusive=company.tax_inclusive),
        note=note,
        created_by=by,
        created_at=utcnow(),
    )
    MembershipItem.create_many(
        [
            {
                "membership": membership,
                "item": term.item_id,
                "position": position,
                "name": term.name,
                "unit": term.unit,
                "included_milli": term.included_milli,
                "rate_e4": term.rate_e4,
                "amount_minor": term.amount_minor,
                "tax_percent_e4": term.tax_percent_e4,
                "tax_minor": term.tax_minor,
            }
            for position, term in enumerate(terms)
        ]
    )
    if entry is None:
        audit.record(
            "Added to package",
            "membership",
            membership.id,
            by=by,
            customer=customer,
            package=package.id,
            group=group.id if group else None,
            start_on=start_on,
            price_minor=membership.price_minor,
        )
    return membership


class Removal(NamedTuple):
    """A membership to take a customer out of, as it was when the person saw it."""

    membership: int
    version: int


@transactional
def remove(removals: Sequence[Removal], *, by: User, on: date, reason: str = "") -> list[Membership]:
    """Take customers out of packages: funds go to their general funds, unpaid rest of package lines is credited.

    All of them or none; one that an earlier one's end completes is left at that. Raises `Changed` when one was changed
    since it was shown.
    """
    if not removals:
        raise DomainError("Choose at least one customer to remove.")
    hold(on, *owners(removal.membership for removal in removals))
    for wanted in removals:
        membership = Membership.get_or_none(Membership.id == wanted.membership)
        if membership is None or not membership.is_active or membership.version != wanted.version:
            name = f"{membership.customer.name} in {membership.package_name}" if membership else "A membership"
            raise Changed(f"{name} was changed by somebody else meanwhile. Look again before you remove.")
    removed = []
    for wanted in removals:
        membership = Membership.get_by_id(wanted.membership)
        if not membership.is_active:
            continue  # the end of one before it credited what kept this one from being complete
        entry = audit.record(
            "Removed from package",
            "membership",
            membership.id,
            by=by,
            customer=membership.customer_id,
            reason=reason,
            state=["active", "inactive"],
        )
        end(membership, REMOVED, entry=entry, on=on)
        removed.append(membership)
    return removed


def hold(on: date, *customers: int) -> None:
    """Begin an act on these customers' money: nobody else is amid one until it is over, and what is past has expired.

    What was read of them before may be old; read it again.
    """
    held = hold_rows(customers)
    for customer_id in held:
        expire_due(on, customer_id=customer_id)


def owners(memberships: Iterable[int]) -> list[int]:
    """Whose these memberships are."""
    ids = list(memberships)
    return [row[0] for row in rows(f"SELECT DISTINCT customer_id FROM membership WHERE id IN ({marks(ids)})", ids)]  # noqa: S608  # marks only


@transactional
def expire_due(on: date, *, customer_id: int | None = None) -> int:
    """End every active membership whose last day is past; its funds return to general funds. How many were ended.

    Runs at the first look of a day, before every act on a customer's money, and by command; a second run does nothing.
    """
    due = _past(on, [] if customer_id is None else [customer_id])
    hold_rows(owner for _, owner in due)
    return _expire(due, on)


def end_past(on: date, customers: Iterable[int]) -> None:
    """End an act on the money of these customers, who are held: what it made active again has expired if its last day
    is past, so that what is stated of the act is all that follows from it."""
    _expire(_past(on, list(customers)), on)


def _past(on: date, customers: Sequence[int]) -> list[tuple[int, int]]:
    """Active memberships whose last day is past, and whose they are: of these customers, or of everybody."""
    whose = f" AND customer_id IN ({marks(customers)})" if customers else ""
    found = rows(
        f"SELECT id, customer_id FROM membership WHERE state = 'active' AND end_on < ?{whose} ORDER BY id",  # noqa: S608  # marks only
        (on.isoformat(), *customers),
    )
    return [(membership_id, owner) for membership_id, owner in found]


def _expire(due: Iterable[tuple[int, int]], on: date) -> int:
    ended = 0
    for membership_id, _ in due:
        membership = Membership.get_by_id(membership_id)
        if not membership.is_active or membership.end_on is None or membership.end_on >= on:
            continue  # the end of one before it credited what kept it from being complete, or its last day was moved
        entry = audit.record(
            "Expired",
            "membership",
            membership.id,
            by=None,
            customer=membership.customer_id,
            state=["active", "inactive"],
            last_day=membership.end_on,
        )
        end(membership, EXPIRED, entry=entry, on=on)
        ended += 1
    return ended


BILLED = """COALESCE((SELECT SUM(CASE line.source WHEN 'draw' THEN line.paid_minor
 WHEN 'sale' THEN line.total_minor - line.paid_minor - line.cancelled_minor ELSE 0 END)
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id = membership.id AND invoice.status IN ('open', 'paid')), 0)"""
"""The SQL of what was paid on the live draws of a membership, and is unpaid on its package lines."""


UNPAID = """COALESCE((SELECT SUM(line.total_minor - line.paid_minor - line.cancelled_minor)
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id = membership.id AND line.source = 'sale' AND invoice.status = 'open'), 0)"""
"""The SQL of what is still asked for on the package lines of a membership."""


def unbilled(membership: Membership) -> int:
    """What may still be billed of a package: price − paid on its live draws − funds − unpaid on its package lines."""
    billed = rows(f"SELECT {BILLED} FROM membership WHERE id = ?", (membership.id,))[0][0]  # noqa: S608  # own text
    return max(0, membership.price_minor - int(billed) - ledger.balance(ledger.package_funds(membership.id)))
