"""Whose money the business holds and who owes on account: a row for each customer, as of any day (spec section 6)."""

from datetime import date
from typing import Any, NamedTuple

from webapp.domain import paging
from webapp.domain.paging import Key, Listing, Page, Total

SHOWN = 100


class Holding(NamedTuple):
    """What is held for one customer, by where it lies; or what the customer owes on account."""

    sort_name: str
    customer: int
    name: str
    package_minor: int
    general_minor: int
    owed_minor: int

    @property
    def total_minor(self) -> int:
        return self.package_minor + self.general_minor


# Funds belong to a customer directly or through a membership. What one owes is never taken off what another has.
_FUNDS = """(
SELECT owner, SUM(CASE WHEN kind = 'P' THEN held ELSE 0 END) AS package,
    SUM(CASE WHEN kind = 'G' AND held > 0 THEN held ELSE 0 END) AS general,
    SUM(CASE WHEN kind = 'G' AND held < 0 THEN -held ELSE 0 END) AS owed
FROM (
    SELECT a.kind, CASE a.kind WHEN 'G' THEN a.ref ELSE m.customer_id END AS owner, SUM(p.amount) AS held
    FROM (
        SELECT debit_id AS account_id, journal_id, -amount_minor AS amount FROM transfer
        UNION ALL SELECT credit_id, journal_id, amount_minor FROM transfer
    ) p JOIN journal j ON j.id = p.journal_id JOIN account a ON a.id = p.account_id
    LEFT JOIN membership m ON a.kind = 'P' AND m.id = a.ref
    WHERE a.kind IN ('G', 'P') AND j.posted_on <= ?
    GROUP BY a.id, a.kind, a.ref, m.customer_id
) balance GROUP BY owner
) funds JOIN customer ON customer.id = funds.owner"""

LISTING = Listing(
    "customer.name, funds.package, funds.general, funds.owed",
    _FUNDS,
    (Key("customer.sort_name", str), Key("customer.id", int)),
)
VIEWS = {"held": "(funds.package > 0 OR funds.general > 0)", "owed": "funds.owed > 0"}


def holdings(on: date, view: str, cursor: str) -> Page[Holding]:
    """A page of those for whom money is held (``held``), or of those who owe on account (``owed``), by name."""
    return paging.page(LISTING, VIEWS[view], (on.isoformat(),), cursor, _holding, size=SHOWN)


def all_holdings(on: date, view: str) -> list[Holding]:
    """All of them, for an export."""
    return [_holding(row) for row in paging.every_row(LISTING, VIEWS[view], (on.isoformat(),))]


def count(on: date, view: str) -> Total:
    """How many they are."""
    return paging.total(_FUNDS, VIEWS[view], (on.isoformat(),))


def _holding(row: tuple[Any, ...]) -> Holding:
    return Holding(row[0], row[1], row[2], int(row[3]), int(row[4]), int(row[5]))
