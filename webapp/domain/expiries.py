"""What expired: whose package, how much went back to the account or was forfeited, and what came back since."""

import json
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.domain import paging
from webapp.domain.paging import Key, Listing, Page

SHOWN: Final = 100


class Expiry(NamedTuple):
    """One membership that expired once with value in it, and where that went.

    `credited_minor` is the unpaid rest of its package lines, which is not owed any more; `back_minor` came back to its
    package funds since, by being reinstated or for a late invoice.
    """

    day: date | None
    audit: int
    membership: int
    package: str
    customer: int
    name: str
    last_day: date | None
    returned_minor: int
    forfeited_minor: int
    credited_minor: int
    back_minor: int


class Sums(NamedTuple):
    """All of a period together."""

    number: int
    returned_minor: int
    forfeited_minor: int
    credited_minor: int
    back_minor: int


# What an ending moved is brought back by the next reinstatement; until then late invoices take forfeited money back,
# and a void of such an invoice forfeits it again.
_ENDINGS: Final = """(
SELECT ended.*, COALESCE((
    SELECT SUM(CASE WHEN credit.kind = 'P' THEN t.amount_minor ELSE -t.amount_minor END)
    FROM journal j JOIN transfer t ON t.journal_id = j.id
    JOIN account debit ON debit.id = t.debit_id JOIN account credit ON credit.id = t.credit_id
    WHERE j.membership_id = ended.membership AND j.audit_id > ended.audit
      AND j.audit_id <= COALESCE(ended.reinstated, j.audit_id)
      AND (j.audit_id = ended.reinstated AND j.kind = 'reinstate' OR debit.kind = 'forfeited'
        OR credit.kind = 'forfeited')), 0) AS back
FROM (
    SELECT a.id AS audit, MIN(j.posted_on) AS day, a.subject_id AS membership, a.detail AS detail,
        SUM(CASE WHEN j.kind = 'expired' THEN t.amount_minor ELSE 0 END) AS returned,
        SUM(CASE WHEN j.kind = 'forfeit' THEN t.amount_minor ELSE 0 END) AS forfeited,
        SUM(CASE WHEN j.kind = 'cancel' THEN t.amount_minor ELSE 0 END) AS credited,
        (SELECT MIN(r.id) FROM audit r WHERE r.subject = 'membership' AND r.subject_id = a.subject_id
            AND r.act = 'Reinstated' AND r.id > a.id) AS reinstated
    FROM journal j JOIN audit a ON a.id = j.audit_id AND a.act = 'Expired' AND a.subject_id = j.membership_id
    JOIN transfer t ON t.journal_id = j.id
    WHERE j.kind IN ('expired', 'forfeit', 'cancel') GROUP BY a.id, a.subject_id, a.detail
) ended) ending JOIN membership m ON m.id = ending.membership JOIN customer c ON c.id = m.customer_id"""
_COLUMNS: Final = (
    "m.id, m.package_name, c.id, c.name, ending.detail, ending.returned, ending.forfeited, ending.credited, ending.back"
)
_LISTING: Final = Listing(_COLUMNS, _ENDINGS, (Key("ending.day", date), Key("ending.audit", int)), descending=True)
_PERIOD: Final = "ending.day BETWEEN ? AND ?"
_SUMS: Final = f"""
SELECT COUNT(*), COALESCE(SUM(ending.returned), 0), COALESCE(SUM(ending.forfeited), 0),
    COALESCE(SUM(ending.credited), 0), COALESCE(SUM(ending.back), 0) FROM {_ENDINGS} WHERE {_PERIOD}"""  # noqa: S608  # own text


def expiries(first: date, last: date, cursor: str) -> Page[Expiry]:
    """A page of those that expired between two days, the latest first."""
    return paging.page(_LISTING, _PERIOD, (first.isoformat(), last.isoformat()), cursor, _expiry, size=SHOWN)


def every_expiry(first: date, last: date) -> list[Expiry]:
    """All of them, for an export."""
    return [_expiry(row) for row in paging.every_row(_LISTING, _PERIOD, (first.isoformat(), last.isoformat()))]


def sums(first: date, last: date) -> Sums:
    """What they come to."""
    return Sums(*(int(figure) for figure in rows(_SUMS, (first.isoformat(), last.isoformat()))[0]))


def _expiry(row: tuple[Any, ...]) -> Expiry:
    day, audit, membership, package, customer, name, detail, *amounts = row
    last_day = as_day(json.loads(detail).get("last_day"))
    return Expiry(as_day(day), audit, membership, package, customer, name, last_day, *(int(it) for it in amounts))
