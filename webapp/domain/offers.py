"""What may be put on a draft, as it is searched for: items with the rate that would apply, packages, a deposit."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import rows, transactional
from webapp.domain import drafts, search
from webapp.domain.errors import DomainError
from webapp.domain.items import offered_items
from webapp.domain.quoting import Line, Quote, quote_lines
from webapp.models import Customer, DraftLine, Item, Package

DEPOSIT: Final = "deposit"
MOST_ITEMS, MOST_PACKAGES = 12, 6
_DEPOSIT_WORDS: Final = ("account", "deposit", "money", "funds")
_FIRST_ITEM, _FIRST_PACKAGE = 1_000_000, 2_000_000
"""Positions for lines that are only tried, behind those of any draft."""


class Offer(NamedTuple):
    """Something that may be added. `line` is how it would be priced, `refusal` why it cannot be added now."""

    value: str
    name: str
    unit: str = ""
    line: Line | None = None
    refusal: str | None = None

    @property
    def left_milli(self) -> int | None:
        """What the membership that would be drawn from has left before."""
        if self.line is None or self.line.leaves_milli is None:
            return None
        return self.line.leaves_milli + self.line.quantity_milli


def offers(customer: Customer, lines: Sequence[DraftLine], service_on: date, typed: str) -> list[Offer]:
    """What fits the typed text: what packages cover first, then other items, packages and the deposit; before all of
    them what was typed in full.

    `lines` are those of the draft already, since they take from what is left.
    """
    items = _items(customer, lines, service_on, typed)
    covered = [offer for offer in items if offer.line and offer.line.source == "draw"]
    others = [offer for offer in items if offer not in covered]
    deposit = [Offer(DEPOSIT, "Account deposit")] if _means_deposit(typed) else []
    found = [*covered, *others, *_packages(customer, lines, service_on, typed), *deposit]
    return sorted(found, key=lambda offer: search.sort_key(offer.name) != search.sort_key(typed))


def _items(customer: Customer, lines: Sequence[DraftLine], on: date, typed: str) -> list[Offer]:
    found = offered_items(typed)[:MOST_ITEMS]
    tried = [
        DraftLine(kind="item", item=it.id, quantity_milli=1000, position=_FIRST_ITEM + n) for n, it in enumerate(found)
    ]
    tried_on = quote_lines(customer, [*lines, *tried], on)
    return [_offer(f"item:{it.id}", it.name, it.unit, tried_on, _FIRST_ITEM + n) for n, it in enumerate(found)]


def _packages(customer: Customer, lines: Sequence[DraftLine], on: date, typed: str) -> list[Offer]:
    """Active packages, and inactive ones of which this customer may still be billed the rest."""
    matching, params = search.condition("package", typed, "package.id")
    ids = rows(
        "SELECT package.id FROM package WHERE (package.active OR package.id IN"  # noqa: S608  # own text
        " (SELECT package_id FROM membership WHERE customer_id = ? AND state = 'active'))"
        f" AND {matching} ORDER BY package.sort_name, package.id LIMIT ?",
        (customer.id, *params, MOST_PACKAGES),
    )
    found = search.nearest_first(typed, [Package.get_by_id(row[0]) for row in ids])
    tried = [DraftLine(kind="package", package=p, position=_FIRST_PACKAGE + n) for n, p in enumerate(found)]
    tried_on = quote_lines(customer, [*lines, *tried], on)
    return [_offer(f"package:{p.id}", p.name, "", tried_on, _FIRST_PACKAGE + n) for n, p in enumerate(found)]


def _offer(value: str, name: str, unit: str, tried_on: Quote, position: int) -> Offer:
    parts = tried_on.of(position)
    return Offer(value, name, unit, parts[0] if parts else None, tried_on.problem(position))


def _means_deposit(typed: str) -> bool:
    return all(any(word.startswith(part) for word in _DEPOSIT_WORDS) for part in search.typed_words(typed))


@transactional
def add(invoice_id: int, value: str, customer: Customer, service_on: date) -> DraftLine:
    """Put an offer on the draft: one unit of an item, all of a package not billed yet, or a deposit yet to be typed.

    Raises `DomainError` beside ``offer`` for a package that cannot be billed to this customer.
    """
    kind, _, number = value.partition(":")
    if kind == DEPOSIT:
        return drafts.add_deposit(invoice_id)
    if kind == "item":
        return drafts.add_item(invoice_id, _one(Item, number), 1000)
    package = _one(Package, number)
    added = drafts.add_package(invoice_id, package)
    lines = list(DraftLine.select().where(DraftLine.invoice == invoice_id).order_by(DraftLine.position))
    problem = quote_lines(customer, lines, service_on).problem(added.position)
    if problem:
        raise DomainError(problem, "offer")
    return added


def _one(model: Any, number: str) -> Any:
    found = model.get_or_none(model.id == int(number)) if _is_id(number) else None
    if found is None:
        raise DomainError("Choose one of those found.", "offer")
    return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
