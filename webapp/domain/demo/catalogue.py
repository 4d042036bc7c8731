"""What the sample business sells: published rates, packages and prices, from webapp/sample."""

import csv
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from webapp.domain import items, packages
from webapp.domain.items import ItemFacts
from webapp.domain.packages import PackageFacts, PackageLine
from webapp.models import Company, Item, Package, User
from webapp.money import parse_money, parse_rate
from webapp.quantity import parse_quantity

SAMPLE = Path(__file__).resolve().parents[2] / "sample"


class Catalogue(NamedTuple):
    """Items and packages by the short names that the sample's files give them."""

    items: dict[str, Item]
    packages: dict[str, Package]


def make(*, owner: User, on: date) -> Catalogue:
    """Put everything on sale."""
    decimals = Company.get_by_id(1).decimals
    made = {row["item_id"]: _item(row, owner) for row in read("items.csv")}
    offers = {}
    for package_id, rows in groupby(read("packages.csv"), key=lambda row: row["package_id"]):
        facts = _facts(list(rows), made, decimals)
        offers[package_id] = packages.create_package(facts, decimals=decimals, by=owner, on=on)
    return Catalogue(made, offers)


def read(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the sample's files."""
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _item(row: dict[str, str], owner: User) -> Item:
    facts = ItemFacts(
        name=row["name"],
        unit=row["unit"],
        standard_rate_e4=parse_rate(row["standard_rate"]) if row["standard_rate"] else None,
        tax_percent_e4=parse_rate(row["tax_percent"]),
        category=row["category"],
    )
    return items.create_item(facts, by=owner)


def _facts(rows: list[dict[str, str]], made: dict[str, Item], decimals: int) -> PackageFacts:
    lines = [
        PackageLine(
            item=made[row["item_id"]],
            included_milli=parse_quantity(row["included_quantity"]),
            rate_e4=parse_rate(row["package_rate"]) if row["package_rate"] else None,
            amount_minor=None if row["package_rate"] else parse_money(row["package_price"], decimals),
        )
        for row in rows
    ]
    count = rows[0]["validity_count"]
    return PackageFacts(rows[0]["name"], lines, rows[0]["validity"], int(count) if count else None)
