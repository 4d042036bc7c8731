"""Package lines: what may be sold or still billed, and what memberships they would make (spec sections 3 and 5)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import rows
from webapp.domain.memberships import ACCOUNT_OFF, unbilled, why_not
from webapp.domain.rates import Cover
from webapp.domain.terms import price as price_of
from webapp.domain.terms import sold_to
from webapp.models import Company, Customer, DraftLine, Membership, Package, PaymentMethod
from webapp.models.invoice import invoice_code
from webapp.money import percent_of


class Sale(NamedTuple):
    """One package line: so much billed of at most so much, or why it cannot be.

    ``membership`` is minus the package's id when the membership will be made on Save.
    """

    package: Package
    membership: int
    amount_minor: int = 0
    most_minor: int = 0
    discount_minor: int = 0
    refusal: str | None = None


_ACTIVE = "customer_id = ? AND package_id = ? AND state = 'active'"
_LEFT = "SELECT 1 FROM membership_item WHERE membership_id = ? AND reserved_milli + used_milli < included_milli LIMIT 1"


def sales(customer: Customer, typed: Sequence[DraftLine], on: date) -> tuple[dict[int, Sale], list[Cover]]:
    """The package lines of a draft by position, and the covers of the memberships that they would make."""
    found: dict[int, Sale] = {}
    covers: list[Cover] = []
    billable: dict[int, int] = {}
    for line in typed:
        package = line.package
        assert package is not None  # noqa: S101  # the schema says so of package lines
        active = next(iter(Membership.fetch(_ACTIVE, (customer.id, package.id))), None)
        key = active.id if active else -package.id
        sold_before = active is not None or key in billable
        refusal = refuse_sale(customer, package, active, on)
        discount, whole = _discount(line, customer, package)
        if discount and sold_before:
            refusal = refusal or f"A discount is given with the first line of {package.name}; its price stands already."
        elif discount > whole:
            refusal = refusal or f"The discount can be at most {Company.of_act().amount(whole)}."
        if refusal is None and key not in billable:
            if active:
                billable[key] = unbilled(active)
            else:
                made, billable[key] = _would_be(customer, package, on, discount)
                covers += made
        if refusal is None:
            most = billable[key]
            amount = line.amount_minor if line.amount_minor is not None else most
            if amount > most or (sold_before and most == 0):
                refusal = _too_much(package, most)
            else:
                billable[key] -= amount
                found[line.position] = Sale(package, key, amount, most, discount)
        if refusal is not None:
            found[line.position] = Sale(package, key, refusal=refusal)
    return found, covers


def refuse_sale(customer: Customer, package: Package, active: Membership | None, on: date) -> str | None:
    """Why a package cannot be billed to a customer, in a sentence; None when it can (spec sections 3 and 5)."""
    if not PaymentMethod.account_is_active():
        return ACCOUNT_OFF
    reason = why_not(customer)
    if reason:
        return reason
    if not package.active and not (active and _was_invoiced(active)):
        return f"{package.name} is inactive. Somebody with Manage Catalogue can make it active."
    if active is None:
        last_day = package.last_day_from(on)
        if last_day is not None and last_day < on:
            return f"{package.name} ended on {Company.of_act().day(last_day)}, before the service date."
        return None
    if not rows(_LEFT, (active.id,)):
        codes = [code for _, code in open_invoices(active)]
        invoices = ("invoice " if len(codes) == 1 else "invoices ") + ", ".join(codes)
        return (
            f"{customer.name} is still in {package.name}: all of it was invoiced, but {invoices}"
            " must be paid before it can be sold again."
        )
    return None


def _was_invoiced(membership: Membership) -> bool:
    return bool(
        rows(
            "SELECT 1 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
            " WHERE l.membership_id = ? AND i.status IN ('open', 'paid') LIMIT 1",
            (membership.id,),
        )
    )


def open_invoices(membership: Membership) -> list[tuple[int, str]]:
    """The open invoices that sell a membership or draw from it: id and number."""
    found = rows(
        "SELECT DISTINCT i.id, i.series, i.number FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND i.status = 'open' ORDER BY i.series, i.number",
        (membership.id,),
    )
    return [(id_, invoice_code(series, number)) for id_, series, number in found]


def _too_much(package: Package, most_minor: int) -> str:
    if most_minor == 0:
        return f"All of {package.name} is billed already."
    company = Company.of_act()
    return f"At most {company.amount(most_minor)} can still be billed of {package.name}."


def _discount(line: DraftLine, customer: Customer, package: Package) -> tuple[int, int]:
    """The discount of a package line in minor units, and what it is off: all items together, as this customer pays."""
    if not (line.discount_percent_e4 or line.discount_minor):
        return 0, 0
    terms = sold_to(customer, package, tax_inclusive=Company.of_act().tax_inclusive)
    whole = sum(term.amount_minor for term in terms)
    if line.discount_percent_e4:
        return percent_of(whole, line.discount_percent_e4), whole
    return line.discount_minor or 0, whole


def _would_be(customer: Customer, package: Package, on: date, discount_minor: int) -> tuple[list[Cover], int]:
    """The covers of a membership made by this invoice, and the whole price."""
    inclusive = Company.of_act().tax_inclusive
    terms = sold_to(customer, package, tax_inclusive=inclusive, discount_minor=discount_minor)
    end_on = package.last_day_from(on)
    covers = [
        Cover(
            -package.id, t.item_id, package.name, on, end_on, t.included_milli, 0, t.amount_minor, 0,
            t.tax_percent_e4, t.tax_minor, 0, t.rate_e4,
        )
        for t in terms
    ]  # fmt: skip  # one cover reads better as a block than as thirteen lines
    return covers, price_of(terms, tax_inclusive=inclusive)
