"""The books as a Beancount file: every journal a transaction, every balance asserted at the end (spec section 6)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from webapp.db import as_day, rows
from webapp.domain.entries import WHAT
from webapp.models import Account, Company
from webapp.money import plain

ROOTS: Final = {
    "M": "Assets:Received:M",
    "R": "Assets:Receivable:R",
    "A": "Liabilities:Awaiting:A",
    "G": "Liabilities:General:G",
    "P": "Liabilities:Packages:P",
    "T": "Liabilities:Tax:T",
    "I": "Income:Sales:I",
    "forfeited": "Income:Forfeited",
    "adjustments": "Equity:Adjustments",
    "opening": "Equity:Opening",
}
"""By the kind of account; those of many records end with the number of the record, whose name stands beside them."""

_NAMES: Final = """
SELECT a.id, COALESCE(pm.name, c.name, m.customer_name || ' · ' || m.package_name, i.series || '-' || i.number, a.label)
FROM account a
LEFT JOIN payment_method pm ON a.kind = 'M' AND pm.id = a.ref
LEFT JOIN customer c ON a.kind = 'G' AND c.id = a.ref
LEFT JOIN (SELECT membership.id, package_name, customer.name AS customer_name
  FROM membership JOIN customer ON customer.id = membership.customer_id) m ON a.kind = 'P' AND m.id = a.ref
LEFT JOIN invoice i ON a.kind IN ('R', 'A') AND i.id = a.ref"""
_JOURNALS: Final = """
SELECT j.id, j.posted_on, j.kind, j.mirrors_id, a.act, t.debit_id, t.credit_id, t.amount_minor
FROM journal j JOIN audit a ON a.id = j.audit_id JOIN transfer t ON t.journal_id = j.id
WHERE j.id > ? AND j.id <= ? ORDER BY j.id, t.line"""
_AT_ONCE: Final = 1000


def lines() -> Iterator[str]:
    """The file, line by line. The order within a day is the order of the books.

    Beancount counts a debit as above zero: what is held and earned stands below it.
    """
    company = Company.get_by_id(1)
    accounts = list(Account.select().order_by(Account.id))
    names = dict(rows(_NAMES))
    paths = {account.id: _path(account) for account in accounts}
    yield f"option {_text('title')} {_text(company.name)}"
    yield f"option {_text('operating_currency')} {_text(company.currency)}"
    first, last = (as_day(day) for day in rows("SELECT MIN(posted_on), MAX(posted_on) FROM journal")[0])
    if first is None or last is None:
        return
    for account in accounts:
        yield f"{first} open {paths[account.id]} {company.currency}"
        if names[account.id]:
            yield f"  name: {_text(str(names[account.id]))}"
    yield from _transactions(company, paths)
    for account in accounts:
        balance = plain(account.debits - account.credits, company.decimals, least=company.decimals)
        yield f"{last + timedelta(days=1)} balance {paths[account.id]} {balance} {company.currency}"


def _transactions(company: Company, paths: dict[int, str]) -> Iterator[str]:
    end = int(rows("SELECT COALESCE(MAX(id), 0) FROM journal")[0][0])
    for after in range(0, end, _AT_ONCE):
        current = None
        for journal, day, kind, mirrors, act, debit, credit, amount in rows(_JOURNALS, (after, after + _AT_ONCE)):
            if journal != current:
                current = journal
                yield f"{_day(day)} * {_text(act)} {_text(WHAT.get(kind, kind))}"
                yield f"  journal: {_text(str(journal))}"
                if mirrors:
                    yield f"  takes-back: {_text(str(mirrors))}"
            figure = plain(amount, company.decimals, least=company.decimals)
            yield f"  {paths[debit]} {figure} {company.currency}"
            yield f"  {paths[credit]} -{figure} {company.currency}"


def _path(account: Account) -> str:
    number = account.id if account.kind == "I" else account.ref  # a category has a name, and no number of its own
    return ROOTS[account.kind] + (str(number) if number else "")


def _day(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _text(text: str) -> str:
    """A Beancount string: on one line, quotes and backslashes escaped."""
    escaped = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
