"""Whole minor units of one currency, and the one place where anything is rounded.

Money is an ``int`` of minor units (cents for USD, yen for JPY). Rates are ``int`` ten-thousandths of the major unit, so
that a rate of 120.00 is 1_200_000 whatever the currency. Quantities are ``int`` thousandths. Nothing is a float.
"""

import re
from typing import Final

RATE_SCALE: Final = 10_000
QUANTITY_SCALE: Final = 1_000
PERCENT_SCALE: Final = 10_000
LARGEST: Final = 10**14
"""No single amount may be larger: far above any small business and far below what a 64-bit column holds."""

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<part>\d+))?", re.ASCII)


class NotAnAmount(ValueError):
    """The text is no number of the kind asked for; the message is a sentence for the person who typed it."""


def half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` rounded to a whole number, halves away from zero.

    >>> [half_up(n, 2) for n in (-3, -1, 1, 3)]
    [-2, -1, 1, 2]
    """
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    whole, rest = divmod(abs(numerator), denominator)
    rounded = whole + (1 if 2 * rest >= denominator else 0)
    return rounded if numerator >= 0 else -rounded


def times(rate_e4: int, quantity_milli: int, decimals: int) -> int:
    """A rate for a quantity, in minor units of a currency with that many decimals.

    >>> times(1_200_000, 1_500, 2)  # 1.5 h at 120.00
    18000
    """
    return half_up(rate_e4 * quantity_milli * 10**decimals, RATE_SCALE * QUANTITY_SCALE)


def share(whole_minor: int, part: int, of: int) -> int:
    """The part of an amount that belongs to ``part`` of ``of`` units (the basis of every draw, spec section 4).

    >>> [share(10000, n, 3) for n in (1, 2, 3)]
    [3333, 6667, 10000]
    """
    return half_up(whole_minor * part, of)


def percent_of(amount_minor: int, percent_e4: int) -> int:
    """Tax on top of an amount: 8 % (80_000) of 240.00 is 19.20."""
    return half_up(amount_minor * percent_e4, 100 * PERCENT_SCALE)


def percent_within(amount_minor: int, percent_e4: int) -> int:
    """Tax contained in an amount that includes it: 20 % within 120.00 is 20.00."""
    return half_up(amount_minor * percent_e4, 100 * PERCENT_SCALE + percent_e4)


def scaled(text: str, places: int, *, what: str = "amount", point: str = ".") -> int:
    """Read a typed number as an integer scaled by ``10**places``; refuse what does not fit instead of rounding it.

    Thin, no-break and plain spaces may stand between thousands, as may the grouping sign of the company's locale
    (the sign of ``,`` and ``.`` that is not ``point``) when every group after the first has three digits.
    """
    plain = re.sub(r"[\s\u00a0\u2009\u202f]", "", text).replace("\u2212", "-")
    comma = "," if point == "." else "."
    if comma in plain:
        if not re.fullmatch(rf"-?\d{{1,3}}(?:{re.escape(comma)}\d{{3}})+(?:{re.escape(point)}\d+)?", plain, re.ASCII):
            raise NotAnAmount(f"Type the {what} with “{point}” before the decimals, for example 1{point}50.")
        plain = plain.replace(comma, "")
    match = _NUMBER.fullmatch(plain.replace(point, "."))
    if not match:
        raise NotAnAmount(f"Type the {what} as a number.")
    part = (match["part"] or "").rstrip("0")
    if len(part) > places:
        kinds = {0: f"The {what} has no decimals here.", 1: f"The {what} can have at most 1 decimal."}
        raise NotAnAmount(kinds.get(places, f"The {what} can have at most {places} decimals."))
    if len(match["whole"]) > 18:
        raise NotAnAmount(f"The {what} is too large.")
    value = int(match["whole"] + part.ljust(places, "0"))
    if value > LARGEST:
        raise NotAnAmount(f"The {what} is too large.")
    return -value if match["sign"] else value


def plain(value: int, places: int, *, least: int = 0, group: str = "", point: str = ".") -> str:
    """Write a scaled integer as a decimal number, keeping at least ``least`` decimals.

    >>> plain(123450, 2, least=2, group=","), plain(1500, 3, least=1), plain(-5, 2, least=2)
    ('1,234.50', '1.5', '-0.05')
    """
    digits = str(abs(value)).rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    part = part.rstrip("0").ljust(least, "0")
    text = f"{int(whole):,}".replace(",", group) + (point + part if part else "")
    return f"-{text}" if value < 0 else text


def parse_money(text: str, decimals: int, *, point: str = ".") -> int:
    """Minor units from what was typed; raises `NotAnAmount` with a sentence."""
    return scaled(text, decimals, what="amount", point=point)


def format_money(minor: int, decimals: int, *, group: str = ",", point: str = ".") -> str:
    """Minor units for reading: 123450 with 2 decimals is ``1,234.50``."""
    return plain(minor, decimals, least=decimals, group=group, point=point)


def parse_rate(text: str, *, point: str = ".") -> int:
    """A rate with up to four decimals, scaled by 10⁴."""
    return scaled(text, 4, what="rate", point=point)


def format_rate(rate_e4: int, decimals: int, *, group: str = ",", point: str = ".") -> str:
    """A rate with at least the currency's own decimals: 1_200_000 is ``120.00``."""
    return plain(rate_e4, 4, least=decimals, group=group, point=point)
