"""How much was held for customers at the end of each of the last months: what the chart of Home shows."""

from datetime import date, timedelta
from typing import NamedTuple

from webapp.db import rows


class Closing(NamedTuple):
    """Money held at the end of a day, by where it lay."""

    day: date
    package_minor: int
    general_minor: int

    @property
    def total_minor(self) -> int:
        return self.package_minor + self.general_minor


class _Growth(NamedTuple):
    """By how much the money held in a kind of account grew in a month, ``2026-11``."""

    kind: str
    month: str
    amount_minor: int


def _postings(kind: str) -> str:
    """SQL of what moved on the accounts of a kind, with the month. It begins with the accounts, whose postings have an
    index, so that the rest of the books is never read."""
    return " UNION ALL ".join(
        f"SELECT a.id AS id, SUBSTR(CAST(j.posted_on AS TEXT), 1, 7) AS month, {sign}t.amount_minor AS amount"  # noqa: S608  # own text
        " FROM account a CROSS JOIN transfer t CROSS JOIN journal j"
        f" WHERE a.kind = '{kind}' AND t.{side}_id = a.id AND j.id = t.journal_id AND j.posted_on <= ?"
        for side, sign in (("debit", "-"), ("credit", ""))
    )


# Package funds are never below zero, so they can be added up as they come. General funds are taken account by account:
# only what is above zero is held.
_GROWTH = f"""
SELECT 'P', month, SUM(amount) FROM ({_postings("P")}) posting GROUP BY month
UNION ALL
SELECT 'G', month,
    SUM(CASE WHEN held > 0 THEN held ELSE 0 END - CASE WHEN held > amount THEN held - amount ELSE 0 END)
FROM (
    SELECT month, amount, SUM(amount) OVER (PARTITION BY id ORDER BY month) AS held
    FROM (SELECT id, month, SUM(amount) AS amount FROM ({_postings("G")}) posting GROUP BY id, month) moved
) balance GROUP BY month"""  # noqa: S608  # own text


def month_ends(today: date, months: int) -> list[date]:
    """The last days of so many months before this one, the earliest first."""
    ends = [today.replace(day=1) - timedelta(days=1)]
    while len(ends) < months:
        ends.append(ends[-1].replace(day=1) - timedelta(days=1))
    return ends[::-1]


def closings(today: date, months: int) -> list[Closing]:
    """What was held at the end of each of so many months before this one.

    Who owes on account is not taken off, as in every figure of money held. Corrections are posted on their own day, so
    a month that is over does not change any more.
    """
    ends = month_ends(today, months)
    found = rows(_GROWTH, (ends[-1].isoformat(),) * 4)
    grown = [_Growth(kind, month, int(amount)) for kind, month, amount in found]
    return [Closing(day, _held("P", day, grown), _held("G", day, grown)) for day in ends]


def _held(kind: str, on: date, grown: list[_Growth]) -> int:
    return sum(growth.amount_minor for growth in grown if growth.kind == kind and growth.month <= f"{on:%Y-%m}")
