"""What a package costs: the amount and the tax of each of its items, and the price they make (spec section 4)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from webapp import money
from webapp.db import rows
from webapp.models import Customer, Package


class Term(NamedTuple):
    """One item of a package as it is sold now. ``amount_minor`` is for all that is included; with prices that include
    the tax, ``tax_minor`` is the part of it that is tax."""

    item_id: int
    name: str
    unit: str
    included_milli: int
    rate_e4: int | None
    amount_minor: int
    tax_percent_e4: int
    tax_minor: int


AT_ONCE = 50
"""How many packages' terms can be asked for together: a page of their list."""

_SELECT = """
SELECT package_item.package_id, item.id, item.name, item.unit, package_item.included_milli, package_item.rate_e4,
       package_item.amount_minor, item.tax_percent_e4
FROM package_item JOIN item ON item.id = package_item.item_id"""
_ORDER = " ORDER BY package_item.package_id, package_item.position, package_item.id"
_OF_ONE = _SELECT + " WHERE package_item.package_id = ?" + _ORDER
_OF_MANY = _SELECT + f" WHERE package_item.package_id IN ({', '.join('?' * AT_ONCE)})" + _ORDER


def terms_of(package: Package, *, tax_inclusive: bool) -> list[Term]:
    """The terms on which the package would be sold now, in the order of its form."""
    return _by_package(rows(_OF_ONE, (package.id,)), tax_inclusive).get(package.id, [])


def terms_of_many(package_ids: Sequence[int], *, tax_inclusive: bool) -> dict[int, list[Term]]:
    """The terms of up to `AT_ONCE` packages by their ids, in one query whose text is always the same."""
    if not package_ids:
        return {}
    padded = [*package_ids, *[package_ids[0]] * (AT_ONCE - len(package_ids))]
    return _by_package(rows(_OF_MANY, padded), tax_inclusive)


def _by_package(found: Iterable[tuple[Any, ...]], tax_inclusive: bool) -> dict[int, list[Term]]:
    terms: dict[int, list[Term]] = {}
    for package_id, item, name, unit, included, rate, amount, percent in found:
        tax = tax_on(amount, percent, tax_inclusive=tax_inclusive)
        terms.setdefault(package_id, []).append(Term(item, name, unit, included, rate, amount, percent, tax))
    return terms


def sold_to(customer: Customer, package: Package, *, tax_inclusive: bool, discount_minor: int = 0) -> list[Term]:
    """The terms on which a customer gets the package now: without tax for who is exempt, less a discount.

    The discount is spread over the items by their amounts, so that what is drawn still adds up to the price.
    """
    terms = terms_of(package, tax_inclusive=tax_inclusive)
    if customer.tax_exempt:
        terms = [_without_tax(term, tax_inclusive) for term in terms]
    return discounted(terms, discount_minor, tax_inclusive=tax_inclusive) if discount_minor else terms


def _without_tax(term: Term, tax_inclusive: bool) -> Term:
    amount = term.amount_minor - (term.tax_minor if tax_inclusive else 0)
    return term._replace(
        amount_minor=amount, tax_percent_e4=0, tax_minor=0, rate_e4=None if tax_inclusive else term.rate_e4
    )


def discounted(terms: Sequence[Term], discount_minor: int, *, tax_inclusive: bool) -> list[Term]:
    """The terms with a discount spread over them by their amounts, to the last minor unit; never below 0."""
    whole = sum(term.amount_minor for term in terms)
    reduced = max(0, whole - discount_minor)
    found, before, given = [], 0, 0
    for term in terms:
        before += term.amount_minor
        amount = money.share(reduced, before, whole) - given if whole else 0
        given += amount
        tax = tax_on(amount, term.tax_percent_e4, tax_inclusive=tax_inclusive)
        found.append(term._replace(rate_e4=None, amount_minor=amount, tax_minor=tax))
    return found


def price(terms: Iterable[Term], tax_inclusive: bool) -> int:
    """What the whole costs, tax included."""
    return sum(term.amount_minor + (0 if tax_inclusive else term.tax_minor) for term in terms)


def amount_for(rate_e4: int, included_milli: int, *, decimals: int) -> int:
    """The amount for the whole included quantity at a rate, rounded half up once."""
    return money.times(rate_e4, included_milli, decimals)


def tax_on(amount_minor: int, percent_e4: int, *, tax_inclusive: bool) -> int:
    """The tax of one item, on its whole amount and rounded once."""
    if tax_inclusive:
        return money.percent_within(amount_minor, percent_e4)
    return money.percent_of(amount_minor, percent_e4)


def saving(amount_minor: int, included_milli: int, standard_rate_e4: int | None, *, decimals: int) -> int | None:
    """How much less the amount is than the standard rate for the same quantity; below 0 it is dearer.

    None when the item has no standard rate: then there is nothing to compare with.
    """
    if standard_rate_e4 is None:
        return None
    return money.times(standard_rate_e4, included_milli, decimals) - amount_minor
