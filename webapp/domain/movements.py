"""What the books moved in a period: takings by method, money held, and what open invoices ask for.

Every figure is a sum of transfers, found by the day of their journals; what is taken back counts on the day it is taken
back, so a period that is over does not change any more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import rows
from webapp.domain.ledger import Key

FUNDS: Final = ("G", "P")
"""The accounts that hold customers' money."""
KEPT_ON_ACCOUNT: Final = ("keep", "deposit")
PAID_OUT: Final = ("withdrawal", "refund", "bounce")


class Movement(NamedTuple):
    """All that acts of one kind moved from one account to another in a period.

    `kind` is that of the journals, or of those that they take back. `by_account` is a payment without new money;
    `returned` was taken back by a void that gave the money to the customer's account, so that no till was opened;
    `corrected` was entered wrongly, so it counts as if so much less had come. An account of which nobody asks whose it
    is has no `ref`.
    """

    kind: str
    taken_back: bool
    by_account: bool
    returned: bool
    bounced: bool
    corrected: bool
    debit: Key
    credit: Key
    amount_minor: int

    def into(self, *kinds: str) -> int:
        """By how much the accounts of some kinds grew on their credit side."""
        came = self.amount_minor if self.credit.kind in kinds else 0
        return came - (self.amount_minor if self.debit.kind in kinds else 0)

    def touches(self, kind: str) -> bool:
        """Whether it is one between an account of that kind and another."""
        return kind in (self.debit.kind, self.credit.kind)

    @property
    def is_money(self) -> bool:
        """Whether money came in or was given out, to whatever it belonged."""
        return not (self.returned or self.kind == "return" or (self.kind == "pay" and self.by_account))


class Taking(NamedTuple):
    """What came in by a method, what was given out by it, and what its bank did not honour."""

    method: str
    received_minor: int
    paid_out_minor: int
    bounced_minor: int

    @property
    def net_minor(self) -> int:
        return self.received_minor - self.paid_out_minor - self.bounced_minor


class Change(NamedTuple):
    """One reason why a figure changed, and by how much."""

    what: str
    amount_minor: int


# The journals of the period are found by their day, and everything else by them: CROSS JOIN keeps SQLite to that order.
_MOVED: Final = """
SELECT COALESCE(origin.kind, j.kind), CASE WHEN origin.id IS NULL OR act.act = 'Corrected' THEN 0 ELSE 1 END,
    CASE WHEN p.id IS NULL OR method.kind = 'account' THEN 1 ELSE 0 END, CASE WHEN back.id IS NULL THEN 0 ELSE 1 END,
    CASE WHEN act.act = 'Bounced' THEN 1 ELSE 0 END,
    CASE WHEN origin.id IS NOT NULL AND act.act = 'Corrected' THEN 1 ELSE 0 END,
    debit.kind, CASE WHEN debit.kind IN ('M', 'T') THEN debit.ref ELSE 0 END, debit.label,
    credit.kind, CASE WHEN credit.kind IN ('M', 'T') THEN credit.ref ELSE 0 END, credit.label, SUM(t.amount_minor)
FROM journal j CROSS JOIN transfer t CROSS JOIN account debit CROSS JOIN account credit CROSS JOIN audit act
LEFT JOIN journal origin ON origin.id = j.mirrors_id
LEFT JOIN payment p ON p.journal_id = COALESCE(j.mirrors_id, j.id)
LEFT JOIN payment_method method ON method.id = p.method_id
LEFT JOIN journal back ON back.kind = 'return' AND back.source = 'journal' AND back.source_id = j.mirrors_id
    AND back.part = 0
WHERE j.posted_on BETWEEN ? AND ? AND t.journal_id = j.id AND debit.id = t.debit_id AND credit.id = t.credit_id
    AND act.id = j.audit_id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"""


def movements(first: date, last: date) -> list[Movement]:
    """What was posted from the first day to the last, both included, added up by what it moved and why."""
    return [_movement(row) for row in rows(_MOVED, (first.isoformat(), last.isoformat()))]


def _movement(row: Sequence[Any]) -> Movement:
    taken_back, by_account, returned, bounced, corrected = map(bool, row[1:6])
    accounts = Key(*row[6:9]), Key(*row[9:12])
    return Movement(row[0], taken_back, by_account, returned, bounced, corrected, *accounts, int(row[12]))


def takings(moved: Iterable[Movement], methods: dict[int, str]) -> list[Taking]:
    """What came in and went out by each method, in the order of the names given."""
    figures: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for it in moved:
        if it.corrected and it.credit.kind == "M":
            figures[it.credit.ref][0] -= it.amount_minor
        elif it.is_money and it.debit.kind == "M":
            figures[it.debit.ref][0] += it.amount_minor
        elif it.is_money and it.credit.kind == "M":
            figures[it.credit.ref][2 if it.bounced else 1] += it.amount_minor
    return [Taking(name, *figures[method]) for method, name in methods.items() if any(figures[method])]


def paid_by_account(moved: Iterable[Movement]) -> int:
    """What of invoices was paid from money that was held already, less what was taken back of it."""
    return sum(it.into("R") for it in moved if it.kind == "pay" and it.by_account)


def earned(moved: Iterable[Movement]) -> dict[str, int]:
    """By how much the income of each category grew."""
    return _grown(moved, "I", lambda key: key.label)


def taxed(moved: Iterable[Movement]) -> dict[int, int]:
    """By how much the tax payable at each rate grew."""
    return _grown(moved, "T", lambda key: key.ref)


def _grown(moved: Iterable[Movement], kind: str, name: Callable[[Key], Any]) -> dict[Any, int]:
    grown: dict[Any, int] = defaultdict(int)
    for it in moved:
        for key, amount in ((it.credit, it.amount_minor), (it.debit, -it.amount_minor)):
            if key.kind == kind:
                grown[name(key)] += amount
    return dict(sorted(grown.items()))


def forfeited(moved: Iterable[Movement]) -> int:
    """What expired and was kept, less what late invoices and reinstatements brought back of it."""
    return sum(it.into("forfeited") for it in moved)


PAID_IN, GIVEN_OUT = "Paid in for packages and deposits, and kept on account", "Paid out, and bounced checks"
USED, BACK = "Used for invoices", "Back from voided and credited invoices"
FORFEITED, ADJUSTED = "Forfeited, less what came back", "Adjusted"


def held_changes(moved: Iterable[Movement]) -> list[Change]:
    """Why money held for customers changed. Between the funds of customers nothing changes."""
    changes = dict.fromkeys((PAID_IN, GIVEN_OUT, USED, BACK, FORFEITED, ADJUSTED), 0)
    for it in moved:
        amount = it.into(*FUNDS)
        if amount:
            changes[_why_held(it)] += amount
    always = (PAID_IN, GIVEN_OUT, USED)
    return [Change(what, amount) for what, amount in changes.items() if amount or what in always]


def _why_held(it: Movement) -> str:
    if it.touches("forfeited"):
        return FORFEITED
    if it.touches("adjustments"):
        return ADJUSTED
    if it.kind in PAID_OUT or (it.kind == "pay" and it.taken_back and it.is_money):
        return GIVEN_OUT
    if it.kind in KEPT_ON_ACCOUNT or (it.kind == "pay" and it.is_money):
        return PAID_IN
    return USED if it.kind == "pay" and not it.taken_back else BACK


INVOICED, PAID, AGAIN = "Invoiced", "Paid", "Payments taken back: voided or bounced"
VOIDED, CREDITED = "Voided", "Credited"


def open_changes(moved: Iterable[Movement]) -> list[Change]:
    """Why the sum of open invoices changed."""
    changes = dict.fromkeys((INVOICED, PAID, AGAIN, VOIDED, CREDITED), 0)
    for it in moved:
        amount = -it.into("R")
        if it.kind == "pay":
            changes[AGAIN if it.taken_back else PAID] += amount
        elif it.taken_back:
            changes[VOIDED] += amount
        else:
            changes[INVOICED if it.kind == "issue" else CREDITED] += amount
    return [Change(what, amount) for what, amount in changes.items() if amount or what in (INVOICED, PAID)]
