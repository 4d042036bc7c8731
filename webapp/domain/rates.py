"""Which rate a line gets, and why. Pure: facts in, priced parts out (spec section 4, "The rate")."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from webapp.money import percent_of, percent_within, share, times

AUTO, STANDARD, MEMBERSHIP, TYPED = "auto", "standard", "membership", "typed"
DRAW = "draw"
NOT_MADE_YET = 2**63
"""Behind every number that a membership can have."""


class NoRate(Exception):
    """The item has no standard rate and nothing covers the whole quantity; `uncovered_milli` is what remains."""

    def __init__(self, uncovered_milli: int) -> None:
        super().__init__(uncovered_milli)
        self.uncovered_milli = uncovered_milli


class DiscountTooLarge(Exception):
    """The discount is more than what the line charges at standard or typed rates, which is `most_minor`."""

    def __init__(self, most_minor: int) -> None:
        super().__init__(most_minor)
        self.most_minor = most_minor


class Basis(NamedTuple):
    """How this business counts: decimals of its currency, and whether its amounts include the tax."""

    decimals: int
    tax_inclusive: bool


class Cover(NamedTuple):
    """One item of one membership as it stands. A membership sold on this very invoice has a negative number."""

    membership: int
    item: int
    label: str
    start_on: date
    end_on: date | None
    included_milli: int
    live_milli: int
    amount_minor: int
    drawn_minor: int
    tax_percent_e4: int
    tax_minor: int
    drawn_tax_minor: int
    rate_e4: int | None

    @property
    def left_milli(self) -> int:
        return self.included_milli - self.live_milli

    @property
    def turn(self) -> tuple[date, date, int]:
        """Soonest end first, then oldest start, then lowest number; what never ends comes last."""
        return self.end_on or date.max, self.start_on, self.membership if self.membership > 0 else NOT_MADE_YET


class Wanted(NamedTuple):
    """A line as typed: so much of an item, with its standard rate of today and how its rate is to be found."""

    item: int
    quantity_milli: int
    standard_rate_e4: int | None
    tax_percent_e4: int
    source: str = AUTO
    membership: int | None = None
    rate_e4: int | None = None
    reason: str = ""
    discount_minor: int = 0
    discount_percent_e4: int = 0
    tax_exempt: bool = False


class Priced(NamedTuple):
    """A part of a line with its price. `amount_minor` is in the company's tax style, net + tax is what is owed."""

    source: str
    quantity_milli: int
    rate_e4: int | None
    amount_minor: int
    net_minor: int
    tax_minor: int
    tax_percent_e4: int
    reason: str
    membership: int | None = None
    leaves_milli: int | None = None
    discount_minor: int = 0


def price(wanted: Wanted, covers: Sequence[Cover], basis: Basis) -> tuple[list[Priced], list[Cover]]:
    """Price one line and say what it leaves of the covers, for the line below it.

    Splits at each boundary: what the covers have left at their rates, in turn, and the rest at the standard rate.
    Standard and typed rates draw nothing, and only they can be discounted: a package has its own price. Raises `NoRate`
    rather than charge nothing, and `DiscountTooLarge` rather than charge less than nothing.
    """
    if wanted.source == TYPED:
        return [_at(wanted, wanted.quantity_milli, wanted.rate_e4 or 0, TYPED, wanted.reason, basis)], list(covers)
    parts: list[Priced] = []
    after = {(cover.membership, cover.item): cover for cover in covers}
    remaining = wanted.quantity_milli
    for cover in _in_turn(wanted, covers):
        taken = min(remaining, cover.left_milli)
        if taken:
            part, changed = draw(cover, taken, basis)
            parts.append(part)
            after[cover.membership, cover.item] = changed
            remaining -= taken
    if remaining:
        if wanted.standard_rate_e4 is None:
            raise NoRate(remaining)
        parts.append(_at(wanted, remaining, wanted.standard_rate_e4, STANDARD, _why_standard(wanted, covers), basis))
    elif wanted.discount_minor:
        raise DiscountTooLarge(0)
    return parts, list(after.values())


def draw(cover: Cover, quantity_milli: int, basis: Basis) -> tuple[Priced, Cover]:
    """Draw a quantity that the cover has left.

    The amount is what makes all live draws together the rounded share of the whole, never below 0, so that they end at
    the whole amount exactly, whatever was voided in between; the prepaid tax likewise. Tax within the amount is at most
    the amount, and waits for the next draws where it would be more.
    """
    live = cover.live_milli + quantity_milli
    amount = max(0, share(cover.amount_minor, live, cover.included_milli) - cover.drawn_minor)
    tax = max(0, share(cover.tax_minor, live, cover.included_milli) - cover.drawn_tax_minor)
    if basis.tax_inclusive:
        net_left = (cover.amount_minor - cover.tax_minor) - (cover.drawn_minor - cover.drawn_tax_minor)
        tax = min(amount, max(tax, amount - net_left))
    changed = cover._replace(
        live_milli=live, drawn_minor=cover.drawn_minor + amount, drawn_tax_minor=cover.drawn_tax_minor + tax
    )
    part = Priced(
        source=DRAW,
        quantity_milli=quantity_milli,
        rate_e4=cover.rate_e4,
        amount_minor=amount,
        net_minor=amount - tax if basis.tax_inclusive else amount,
        tax_minor=tax,
        tax_percent_e4=cover.tax_percent_e4,
        reason=cover.label,
        membership=cover.membership,
        leaves_milli=changed.left_milli,
    )
    return part, changed


def tax_split(amount_minor: int, percent_e4: int, basis: Basis) -> tuple[int, int]:
    """An amount in the company's tax style as net and tax, rounded once."""
    if basis.tax_inclusive:
        tax = percent_within(amount_minor, percent_e4)
        return amount_minor - tax, tax
    return amount_minor, percent_of(amount_minor, percent_e4)


def _in_turn(wanted: Wanted, covers: Sequence[Cover]) -> list[Cover]:
    if wanted.source == STANDARD:
        return []
    fitting = [c for c in covers if c.item == wanted.item and c.left_milli > 0]
    if wanted.source == MEMBERSHIP:
        fitting = [c for c in fitting if c.membership == wanted.membership]
    return sorted(fitting, key=lambda cover: cover.turn)


def _why_standard(wanted: Wanted, covers: Sequence[Cover]) -> str:
    if wanted.source == STANDARD:
        return "chosen"
    used_up = [cover.label for cover in covers if cover.item == wanted.item]
    return f"nothing left in {', '.join(dict.fromkeys(used_up))}" if used_up else ""


def _at(wanted: Wanted, quantity_milli: int, rate_e4: int, source: str, reason: str, basis: Basis) -> Priced:
    amount = times(rate_e4, quantity_milli, basis.decimals)
    percent = wanted.tax_percent_e4
    if wanted.tax_exempt:
        amount, percent = tax_split(amount, percent, basis)[0], 0
    discount = wanted.discount_minor or percent_of(amount, wanted.discount_percent_e4)
    if discount > amount:
        raise DiscountTooLarge(amount)
    amount -= discount
    net, tax = tax_split(amount, percent, basis)
    return Priced(
        source=source,
        quantity_milli=quantity_milli,
        rate_e4=rate_e4,
        amount_minor=amount,
        net_minor=net,
        tax_minor=tax,
        tax_percent_e4=percent,
        reason=reason,
        discount_minor=discount,
    )
