"""The sample business: every state of every thing, real prices, clean books, and the same again tomorrow."""

import contextlib
import csv
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import peewee
import pytest
import time_machine

from tests import published
from tests.business import PROFILE, cheap_hash
from tests.sample import TODAY
from webapp.db import rows
from webapp.domain import company, demo
from webapp.domain.checks import faults
from webapp.domain.company import Currency, Owner
from webapp.models import Audit, Company

sqlite3 = vars(peewee)["sqlite3"]
SAMPLE = Path(demo.__file__).parents[2] / "sample"

DRAWN = "SELECT 1 FROM membership_item mi WHERE mi.membership_id = m.id AND mi.used_milli + mi.reserved_milli > 0"
RESERVED = "SELECT 1 FROM membership_item mi WHERE mi.membership_id = m.id AND mi.reserved_milli > 0"
NEARLY = "SELECT 1 FROM membership_item mi WHERE mi.membership_id = m.id AND mi.used_milli >= 0.8 * mi.included_milli"
SOLD = "SELECT 1 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id AND i.status <> 'void'"
SOLD_IT = f"{SOLD} WHERE l.membership_id = m.id AND l.source = 'sale'"
BILLED = "SELECT SUM(l.total_minor) FROM invoice_line l WHERE l.membership_id = m.id AND l.source = 'sale'"
HELD = "SELECT SUM(a.credits - a.debits) FROM account a WHERE a.kind = 'P' AND a.ref = m.id"
METHODS = "SELECT 1 FROM payment GROUP BY audit_id HAVING COUNT(DISTINCT method_id) >="

STATES = {
    "membership: active": "membership m WHERE state = 'active'",
    "membership: expiring within a week": "membership m WHERE state = 'active' AND end_on BETWEEN ? AND ?",
    "membership: nearly used up": f"membership m WHERE state = 'active' AND EXISTS ({NEARLY})",
    "membership: with reserved units": f"membership m WHERE state = 'active' AND EXISTS ({RESERVED})",
    "membership: untouched": f"membership m WHERE state = 'active' AND NOT EXISTS ({DRAWN})",
    "membership: added but not sold": f"membership m WHERE state = 'active' AND NOT EXISTS ({SOLD_IT})",
    "membership: billed in part": f"membership m WHERE state = 'active' AND ({BILLED}) BETWEEN 1 AND price_minor - 1",
    "membership: with package funds": f"membership m WHERE state = 'active' AND ({HELD}) > 0",
    "membership: through a group": "membership m WHERE group_id IS NOT NULL",
    "membership: completed": "membership m WHERE reason = 'completed'",
    "membership: removed": "membership m WHERE reason = 'removed'",
    "membership: expired": "membership m WHERE reason = 'expired'",
    "membership: voided": "membership m WHERE reason = 'voided'",
    "membership: billed in part, package inactive": (
        "membership m JOIN package p ON p.id = m.package_id AND NOT p.active"
        f" WHERE m.state = 'active' AND ({BILLED}) BETWEEN 1 AND m.price_minor - 1"
    ),
    "membership: of an inactive customer": "membership m JOIN customer c ON c.id = m.customer_id AND NOT c.active",
    "invoice: draft": "invoice WHERE status = 'draft'",
    "invoice: open and not due yet": "invoice WHERE status = 'open' AND due_on >= ?",
    "invoice: overdue": "invoice WHERE status = 'open' AND due_on < ?",
    "invoice: paid in part": "invoice WHERE status = 'open' AND due_minor < total_minor",
    "invoice: paid": "invoice WHERE status = 'paid'",
    "invoice: of nothing": "invoice WHERE status = 'paid' AND total_minor = 0",
    "invoice: void": "invoice WHERE status = 'void'",
    "invoice: dated back": "invoice WHERE status <> 'draft' AND service_on < issued_on",
    "line: at a standard rate": "invoice_line WHERE source = 'standard'",
    "line: at a typed rate": "invoice_line WHERE source = 'typed' AND reason <> ''",
    "line: at a package rate": "invoice_line WHERE source = 'draw'",
    "line: of a package": "invoice_line WHERE source = 'sale'",
    "line: of a deposit": "invoice_line WHERE source = 'deposit'",
    "line: split at the end of a package": "invoice_line WHERE part > 0",
    "line: with a discount": "invoice_line WHERE discount_minor > 0",
    "line: taxed": "invoice_line WHERE tax_minor > 0",
    "line: credited when its package ended": "invoice_line WHERE cancelled_minor > 0",
    "payment: by two methods at once": f"({METHODS} 2) AS mixed",
    "payment: by three methods at once": f"({METHODS} 3) AS mixed",
    "payment: kept on account": "journal WHERE kind = 'keep'",
    "balance: above zero": "account WHERE kind = 'G' AND credits > debits",
    "balance: zero again": "account WHERE kind = 'G' AND credits = debits AND credits > 0",
    "balance: below zero": "account WHERE kind = 'G' AND credits < debits",
    "customer: inactive": "customer WHERE NOT active",
    "customer: Cash Only": "customer c JOIN role r ON r.id = c.role_id WHERE r.name = 'Cash Only'",
    "customer: with a limit of their own": "customer WHERE credit_limit_minor > 0",
    "customer: exempt from tax": "customer WHERE tax_exempt",
    "customer: without an address": "customer WHERE email = '' AND address <> ''",
    "customer: of a long name": "customer WHERE LENGTH(name) > 70",
    "customer: of the same name": "(SELECT 1 FROM customer GROUP BY name HAVING COUNT(*) > 1) AS twice",
    "group: with somebody who pays": "customer_group WHERE owner_id IS NOT NULL AND active",
    "group: inactive": "customer_group WHERE NOT active",
    "group: empty": "customer_group g WHERE NOT EXISTS (SELECT 1 FROM group_member gm WHERE gm.group_id = g.id)",
    "item: inactive": "item WHERE NOT active",
    "item: only in packages": "item WHERE standard_rate_e4 IS NULL AND active",
    "package: inactive": "package WHERE NOT active",
    "package: valid for days": "package WHERE validity = 'days'",
    "package: valid for months": "package WHERE validity = 'months'",
    "package: of several items": "(SELECT 1 FROM package_item GROUP BY package_id HAVING COUNT(*) > 1) AS bundles",
    "package: at a typed amount": "package_item WHERE rate_e4 IS NULL",
}


def count(condition: str) -> int:
    days = [TODAY, date(2026, 11, 29)][: condition.count("?")]
    return int(rows(f"SELECT COUNT(*) FROM {condition}", [day.isoformat() for day in days])[0][0])


def test_it_holds_every_state_of_every_thing(filled_business: peewee.Database) -> None:
    assert [what for what, condition in STATES.items() if not count(condition)] == []
    assert count("payment_method m WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.method_id = m.id)") == 0
    assert (count("customer"), count("invoice") > 600, count("journal WHERE posted_on > ?")) == (120, True, 0)
    assert faults() == []


@pytest.mark.sqlite_only
def test_what_was_done_is_stamped_with_its_day(filled_business: peewee.Database) -> None:
    business, done = Company.get_by_id(1), Audit.fetch("act = 'Saved'")
    days = dict(rows("SELECT id, issued_on FROM invoice"))
    assert done
    assert [one for one in done if business.day_of(one.at).isoformat() != days[one.subject_id]] == []
    assert {one.user.name for one in done if one.user} == {"Owner", "Manager", "Front Desk"}


@pytest.mark.postgres_only
def test_the_same_day_gives_the_same_year(filled_business: peewee.Database, sample_file: Path) -> None:
    """On each engine, wherever it was filled."""
    with contextlib.closing(sqlite3.connect(sample_file)) as other:
        there = other.execute(YEAR).fetchall()
    here = rows(YEAR)
    assert [[str(value) for value in row] for row in here] == [[str(value) for value in row] for row in there]
    assert len(here) > 600


YEAR = "SELECT status, series, number, customer_name, issued_on, total_minor FROM invoice ORDER BY id"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "currency, tax_inclusive, on",
    [
        (Currency("JPY", 0), True, date(2028, 2, 29)),
        (Currency("KWD", 3), False, date(2027, 3, 31)),
    ],
)
def test_any_business_can_begin_with_it_on_any_day(
    currency: Currency, tax_inclusive: bool, on: date, empty: peewee.Database
) -> None:
    """When nobody works there yet but its owner."""
    profile = replace(PROFILE, currency=currency, tax_inclusive=tax_inclusive)
    with time_machine.travel(datetime(on.year, on.month, on.day, 12, tzinfo=UTC)):
        company.set_up(profile, Owner("Owner", "owner@carnet.test", cheap_hash()), sample=True)
    assert count("invoice") > 600
    assert count("membership WHERE reason = 'completed'") > 20
    assert faults() == []


def test_its_prices_are_the_published_ones() -> None:
    for row in read("items.csv"):
        assert published.standard_rates()[row["business_id"], row["item_id"]] == (row["standard_rate"] or None)
    for row in read("packages.csv"):
        offer = published.package(row["business_id"], row["package_id"])
        told = (row["item_id"], row["included_quantity"], row["package_rate"], row["package_price"])
        assert told in offer.contents


def test_its_names_are_of_many_scripts() -> None:
    letters = [letter for row in read("names.csv") for letter in row["name"] if letter.isalpha()]
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}
    assert scripts >= {"LATIN", "CYRILLIC", "GREEK", "CJK", "HANGUL", "THAI", "DEVANAGARI", "ARABIC", "HEBREW"}
    assert "CC0 1.0" in (SAMPLE / "LICENSE-names.txt").read_text(encoding="utf-8")


def read(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
