"""Six thousand real purchases, replayed through the verbs that the screens use.

Each customer is put into a package at the first purchase; every purchase is an invoice that is paid at once in cash;
the package ends by itself when all of it is used. What must come out is in tests/data/cdnow/expected-totals.json.
"""

import argparse
import csv
import json
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tests import published
from tests.bench import scratch, table
from tests.business import address
from webapp.db import rows, transactional
from webapp.domain import checks, customers, drafts, invoicing, memberships, payments
from webapp.domain.tendering import Tender
from webapp.models import Customer, Item, Package, PaymentMethod, Role, User
from webapp.money import format_money

DATA = Path(__file__).parents[1] / "data" / "cdnow"


class Rule(NamedTuple):
    """As what the purchases are replayed: of which package, and whether each is one unit or as many as were bought."""

    name: str
    business: str
    package: str
    by_quantity: bool


RULES = (Rule("R1", "midwest-clay", "a6", by_quantity=False), Rule("R2", "yoga-west", "c10", by_quantity=True))


class Purchase(NamedTuple):
    """A row of the data."""

    customer: str
    on: date
    quantity: int

    def units(self, rule: Rule) -> int:
        return self.quantity if rule.by_quantity else 1


def purchases() -> list[Purchase]:
    """All of them by date; those of a day by customer."""
    with (DATA / "purchases.csv").open(encoding="utf-8", newline="") as file:
        found = [
            Purchase(row["customer_id"], date.fromisoformat(row["date"]), int(row["quantity"]))
            for row in csv.DictReader(file)
        ]
    return sorted(found, key=lambda purchase: (purchase.on, purchase.customer))


def expected(rule: Rule) -> dict[str, Any]:
    """What the replay of all purchases must come to."""
    said = json.loads((DATA / "expected-totals.json").read_text(encoding="utf-8"))
    return dict(said["replay"][rule.name]["expected"])


def replay(rule: Rule, bought: Iterable[Purchase]) -> dict[str, Any]:
    """Do it all, in the business that is connected, and say what the database then holds."""
    offer = published.package(rule.business, rule.package)
    published.use_currency(offer.currency)
    package, items = published.make(offer)
    (item,) = items.values()
    staff = User.get(User.email == address("frontdesk"))
    cash, role = PaymentMethod.get(PaymentMethod.kind == "cash"), Role.get(Role.name == "Customer")
    known: dict[str, Customer] = {}
    for purchase in bought:
        if purchase.customer not in known:
            known[purchase.customer] = _join(purchase, package, role, staff)
        _buy(known[purchase.customer], item, purchase.units(rule), purchase.on, cash, staff)
    return outcome()


@transactional
def _join(purchase: Purchase, package: Package, role: Role, staff: User) -> Customer:
    customer = customers.create_customer(name=f"Customer {purchase.customer}", role=role, by=staff)
    memberships.start(customer, package, start_on=purchase.on, by=staff)
    return customer


def _buy(customer: Customer, item: Item, units: int, on: date, cash: PaymentMethod, staff: User) -> None:
    draft = drafts.begin(customer, by=staff, on=on)
    drafts.add_item(draft.id, item, units * 1000)
    invoice = invoicing.issue(draft.id, by=staff, on=on)
    payments.pay(invoice.id, [Tender(cash, invoice.due_minor)], by=staff, on=on)


_OUTCOME = """SELECT
    (SELECT COUNT(DISTINCT customer_id) FROM membership),
    (SELECT COUNT(*) FROM invoice WHERE status = 'paid'),
    (SELECT COALESCE(SUM(quantity_milli), 0) FROM invoice_line WHERE source = 'draw') / 1000,
    (SELECT COALESCE(SUM(quantity_milli), 0) FROM invoice_line WHERE source = 'standard') / 1000,
    (SELECT COUNT(*) FROM (SELECT 1 FROM invoice_line GROUP BY invoice_id HAVING COUNT(*) > 1) AS crossing),
    (SELECT COUNT(*) FROM membership WHERE state = 'inactive' AND reason = 'completed'),
    (SELECT COUNT(*) FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
     JOIN membership ON membership.customer_id = invoice.customer_id
     WHERE line.source = 'standard' AND membership.reason = 'expired'),
    (SELECT SUM(debits - credits) FROM account WHERE kind = 'M')"""


def outcome() -> dict[str, Any]:
    """What was invoiced and paid so far, read from the database."""
    said = dict(zip(_KEYS, map(int, rows(_OUTCOME)[0]), strict=True))
    return {**said, "total": format_money(said["total"], 2, group="")}


_KEYS = (
    "customers",
    "lines",
    "units_at_package_rate",
    "units_at_standard_rate",
    "lines_that_cross_the_boundary",
    "customers_whose_package_is_used_up",
    "lines_after_expiry_with_units_left",
    "total",
)


def take_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--postgres", action="store_true", help="the same on a PostgreSQL of its own")


def run(options: argparse.Namespace) -> int:
    """Replay everything by both rules on each engine, and say whether all of it came out."""
    engines = {"SQLite": scratch.sqlite} | ({"PostgreSQL": scratch.postgresql} if options.postgres else {})
    wrong = 0
    for engine, place in engines.items():
        for rule in RULES:
            with place() as url, scratch.business(url):
                began, worked = time.perf_counter(), time.process_time()
                found = replay(rule, purchases())
                seconds, worked = time.perf_counter() - began, time.process_time() - worked
                faults = checks.faults()
            _tell(f"{rule.name} on {engine}", found, expected(rule))
            each = seconds / found["lines"] * 1000
            print(
                f"{seconds:.1f} s, {each:.1f} ms for a draft, its invoice and its payment; {worked:.1f} s of it at work"
            )
            print(f"faults in the books: {len(faults)}", flush=True)
            wrong += found != expected(rule) or bool(faults)
    return wrong


def _tell(title: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    lines = [(name.replace("_", " "), value, wanted[name]) for name, value in found.items()]
    table.show(title, ("", "found", "expected"), lines)
