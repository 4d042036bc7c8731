"""Quantities in whole thousandths of a unit (1.5 h is 1500)."""

from webapp.money import plain, scaled

UNIT = 1_000


def parse_quantity(text: str, *, point: str = ".") -> int:
    """Thousandths from what was typed, with at most three decimals; raises `NotAnAmount` with a sentence."""
    return scaled(text, 3, what="quantity", point=point)


def format_quantity(milli: int, *, least: int = 0, point: str = ".") -> str:
    """Thousandths for reading.

    >>> format_quantity(1500), format_quantity(10_000), format_quantity(40_000, least=1)
    ('1.5', '10', '40.0')
    """
    return plain(milli, 3, least=least, point=point)
