"""The tax of an invoice by rate, as a bookkeeper wants it: what was taxed, and how much."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class TaxedLine(Protocol):
    """A line as quoted or as issued."""

    @property
    def kind(self) -> str: ...
    @property
    def tax_percent_e4(self) -> int: ...
    @property
    def net_minor(self) -> int: ...
    @property
    def tax_minor(self) -> int: ...


class TaxRate(NamedTuple):
    """All item lines of one rate together. None is what is not taxed yet: packages and deposits."""

    percent_e4: int | None
    net_minor: int
    tax_minor: int


def by_rate(lines: Iterable[TaxedLine]) -> list[TaxRate]:
    """The rates of an invoice, the highest first; nothing when none of its lines is taxed."""
    sums: dict[int, tuple[int, int]] = {}
    untaxed = 0
    for line in lines:
        if line.kind == "item":
            net, tax = sums.get(line.tax_percent_e4, (0, 0))
            sums[line.tax_percent_e4] = (net + line.net_minor, tax + line.tax_minor)
        else:
            untaxed += line.net_minor
    if not any(sums):
        return []
    rates = [TaxRate(percent, *sums[percent]) for percent in sorted(sums, reverse=True)]
    return rates + ([TaxRate(None, untaxed, 0)] if untaxed else [])
