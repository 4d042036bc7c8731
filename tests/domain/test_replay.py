"""Real purchases through the verbs that the screens use: the figures must come out to the cent. A tenth of the
customers on SQLite and a fiftieth on PostgreSQL, by both rules; python3 run.py bench replays all of them."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from tests import published
from tests.bench import replay
from tests.bench.replay import RULES, Purchase, Rule
from webapp.db import is_sqlite
from webapp.domain.checks import faults
from webapp.money import format_money, parse_money

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@rules
def test_a_part_of_the_customers_comes_to_what_plain_arithmetic_says(rule: Rule, business: None) -> None:
    whose = "7" if is_sqlite() else ("17", "67")
    bought = [purchase for purchase in replay.purchases() if purchase.customer.endswith(whose)]
    assert replay.replay(rule, bought) == by_hand(rule, bought)
    assert faults() == []


@rules
def test_plain_arithmetic_agrees_with_the_published_totals(rule: Rule) -> None:
    assert by_hand(rule, replay.purchases()) == replay.expected(rule)


def by_hand(rule: Rule, bought: Iterable[Purchase]) -> dict[str, Any]:
    """The same without any of the app's rules: count down what each customer has left."""
    offer = published.package(rule.business, rule.package).contents[0]
    included, rate = int(offer.quantity), parse_money(offer.rate, 2)
    standard = parse_money(published.standard_rates()[rule.business, offer.item] or "", 2)
    left: dict[str, int] = defaultdict(lambda: included)
    lines = inside = outside = crossing = 0
    for purchase in bought:
        units = purchase.quantity if rule.by_quantity else 1
        covered = min(units, left[purchase.customer])
        left[purchase.customer] -= covered
        lines, inside, outside = lines + 1, inside + covered, outside + units - covered
        crossing += 0 < covered < units
    return {
        "customers": len(left),
        "lines": lines,
        "units_at_package_rate": inside,
        "units_at_standard_rate": outside,
        "lines_that_cross_the_boundary": crossing,
        "customers_whose_package_is_used_up": sum(rest == 0 for rest in left.values()),
        "lines_after_expiry_with_units_left": 0,
        "total": format_money(inside * rate + outside * standard, 2, group=""),
    }


def test_the_purchases_are_all_there() -> None:
    said = json.loads((replay.DATA / "expected-totals.json").read_text(encoding="utf-8"))["cdnow-sample"]
    with (replay.DATA / "purchases.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    amounts = [parse_money(row["amount_usd"], 2) for row in found]
    assert said == {
        "customers": len({row["customer_id"] for row in found}),
        "purchases": len(found),
        "units": sum(int(row["quantity"]) for row in found),
        "amount_usd": format_money(sum(amounts), 2, group=""),
        "zero_amount_purchases": amounts.count(0),
        "first": min(row["date"] for row in found),
        "last": max(row["date"] for row in found),
    }
