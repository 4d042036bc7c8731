"""The published prices of real businesses, made into items and packages of the business under test."""

import csv
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tests import factories
from webapp.models import Item, Package

PRICES = Path(__file__).parent / "data" / "prices"
DECIMALS = {"JPY": 0}
"""Of ISO 4217; the other currencies in the files have two."""


class Content(NamedTuple):
    """One item of a published package, as text; `rate` is empty where only the price of the whole is printed."""

    item: str
    quantity: str
    rate: str
    price: str


class Published(NamedTuple):
    """A package as its business publishes it."""

    business: str
    package: str
    name: str
    currency: str
    contents: tuple[Content, ...]

    def __str__(self) -> str:
        return f"{self.business}/{self.package}"

    @property
    def has_quantities(self) -> bool:
        """Whether every item has an included quantity: the others are unlimited, which Carnet does not sell."""
        return all(content.quantity for content in self.contents)


@cache
def packages() -> list[Published]:
    """Every published package, in the order of the file."""
    rows = _read("packages.csv")
    found = []
    for (business, package), group in groupby(rows, key=lambda row: (row["business_id"], row["package_id"])):
        lines = list(group)
        contents = [
            Content(row["item_id"], row["included_quantity"], row["package_rate"], row["package_price"])
            for row in lines
        ]
        found.append(Published(business, package, lines[0]["package"], lines[0]["currency"], tuple(contents)))
    return found


def package(business: str, package_id: str) -> Published:
    """One of them."""
    return next(one for one in packages() if (one.business, one.package) == (business, package_id))


@cache
def standard_rates() -> dict[tuple[str, str], str | None]:
    """By business and item, as text; None where no single price is published."""
    return {(row["business_id"], row["item_id"]): row["standard_rate"] or None for row in _read("catalogue.csv")}


def use_currency(code: str) -> None:
    """Let the business count in this currency from now on, as set-up would have done."""
    factories.use_currency(code, DECIMALS.get(code, 2))


def make(published: Published, *, tax: str = "0") -> tuple[Package, dict[str, Item]]:
    """The package and its items by their published ids, at the published rates or amounts; valid without end."""
    items = {content.item: make_item(published.business, content.item, tax=tax) for content in published.contents}
    lines = [
        (items[content.item], content.quantity, f"@{content.rate}" if content.rate else content.price)
        for content in published.contents
    ]
    return factories.package(str(published), *lines), items


def make_item(business: str, item: str, *, tax: str = "0") -> Item:
    """An item at its published standard rate."""
    return factories.item(f"{business} {item}", standard_rates()[business, item], tax=tax)


def _read(name: str) -> Iterator[dict[str, str]]:
    with (PRICES / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
