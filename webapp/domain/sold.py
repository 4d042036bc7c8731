"""What was sold in a period, by item and package: the lines of the invoices that were saved in it, less those of the
invoices that were voided in it, and less what was credited in it.

Lines keep their price and credit notes what they say, so a period that is over does not change any more.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import rows

SAVED, VOIDED, CREDITED = "Invoices saved", "Voided", "Credit notes"
STEPS: Final = (SAVED, VOIDED, CREDITED)


class What(NamedTuple):
    """What a line is about: an item in its category, or a package or a deposit, which are no income."""

    kind: str
    category: str
    name: str
    unit: str
    tax_percent_e4: int
    from_package: bool


class Figures(NamedTuple):
    """So much of it; a discount is off the net, and where prices include the tax, off the tax with it."""

    quantity_milli: int = 0
    discount_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


class Part(NamedTuple):
    """What saving, voiding or crediting made of something that is sold."""

    step: str
    what: What
    figures: Figures


class Sold(NamedTuple):
    """An item, a package or deposits in all; `from_packages_milli` is how much of the quantity packages gave."""

    category: str
    name: str
    unit: str
    figures: Figures
    from_packages_milli: int


class Base(NamedTuple):
    """What was taxed at a rate."""

    percent_e4: int
    net_minor: int
    tax_minor: int


# The difference to the standard rate that a refund charges is no further use of the item.
_WHAT: Final = """l.kind, l.category,
    CASE WHEN l.kind = 'deposit' THEN 'Deposits' ELSE COALESCE(item.name, l.description) END,
    l.unit, l.tax_percent_e4, CASE WHEN l.source = 'draw' THEN 1 ELSE 0 END"""
_UNITS: Final = "CASE WHEN l.kind = 'item' AND i.kind = 'sale' THEN {} ELSE 0 END"
_LINES: Final = f"""
SELECT CASE WHEN origin.id IS NULL THEN 1 ELSE -1 END, {_WHAT}, SUM({_UNITS.format("l.quantity_milli")}),
    SUM(l.discount_minor), SUM(l.net_minor), SUM(l.tax_minor)
FROM journal j CROSS JOIN invoice i CROSS JOIN invoice_line l LEFT JOIN journal origin ON origin.id = j.mirrors_id
LEFT JOIN item ON item.id = l.item_id
WHERE j.posted_on BETWEEN ? AND ? AND COALESCE(origin.kind, j.kind) = 'issue' AND i.id = j.invoice_id
    AND l.invoice_id = i.id
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"""  # noqa: S608  # own text
_CREDITED: Final = f"""
SELECT CASE WHEN origin.id IS NULL THEN -1 ELSE 1 END, n.detail, l.id, {_UNITS.format("1")}, {_WHAT}
FROM journal j LEFT JOIN journal origin ON origin.id = j.mirrors_id
CROSS JOIN credit_note n CROSS JOIN invoice i CROSS JOIN invoice_line l LEFT JOIN item ON item.id = l.item_id
WHERE j.posted_on BETWEEN ? AND ? AND COALESCE(origin.kind, j.kind) = 'credit'
    AND n.id = COALESCE(origin.source_id, j.source_id) AND i.id = n.invoice_id AND l.invoice_id = i.id
ORDER BY j.id, l.id"""  # noqa: S608  # own text


def parts(first: date, last: date) -> list[Part]:
    """What was saved, voided and credited from the first day to the last, both included."""
    days = (first.isoformat(), last.isoformat())
    found = []
    for sign, *row in rows(_LINES, days):
        figures = Figures(*(sign * int(figure) for figure in row[6:]))
        found.append(Part(SAVED if sign > 0 else VOIDED, _what(row[:6]), figures))
    for sign, detail, line, counts, *row in rows(_CREDITED, days):
        said: list[dict[str, int]] = json.loads(detail)
        for it in said:
            if it["line"] == line:
                amounts = (it["quantity_milli"] * counts, 0, it["net_minor"], it["tax_minor"])
                figures = Figures(*(sign * amount for amount in amounts))
                found.append(Part(CREDITED if sign < 0 else VOIDED, _what(row), figures))
    return found


def _what(row: list[Any]) -> What:
    kind, category, name, unit, percent, from_package = row
    return What(kind, category, name, unit, int(percent), bool(from_package))


def items(found: Iterable[Part]) -> list[Sold]:
    """What income came from, by category and name."""
    return _sold(it for it in found if it.what.kind == "item")


def ahead(found: Iterable[Part]) -> list[Sold]:
    """Packages and deposits that were billed: no income, but money held once they are paid."""
    return _sold(it for it in found if it.what.kind != "item")


def _sold(found: Iterable[Part]) -> list[Sold]:
    of_each: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for it in found:
        of_each[it.what.category, it.what.name, it.what.unit].append(it)
    sold = []
    for key in sorted(of_each, key=lambda key: [text.casefold() for text in key]):
        from_packages = together(it.figures for it in of_each[key] if it.what.from_package)
        sold.append(Sold(*key, together(it.figures for it in of_each[key]), from_packages.quantity_milli))
    return [it for it in sold if any(it.figures)]


def together(figures: Iterable[Figures]) -> Figures:
    """All of it."""
    return Figures(*map(sum, zip(*figures, strict=True)))


def by_step(found: Iterable[Part]) -> dict[str, Figures]:
    """What saving, voiding and crediting made of the income of the period."""
    of_items = [it for it in found if it.what.kind == "item"]
    return {step: together(it.figures for it in of_items if it.step == step) for step in STEPS}


def bases(found: Iterable[Part], taxed: dict[int, int]) -> list[Base]:
    """What was sold at each rate of tax, with the tax that the books hold for it."""
    net: dict[int, int] = dict.fromkeys(taxed, 0)
    for it in found:
        if it.what.kind == "item":
            net[it.what.tax_percent_e4] = net.get(it.what.tax_percent_e4, 0) + it.figures.net_minor
    return [Base(rate, amount, taxed.get(rate, 0)) for rate, amount in sorted(net.items(), reverse=True)]
