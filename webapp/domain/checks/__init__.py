"""Proving the books: every stored figure is recomputed from the rows beneath it, and each fault is named.

One query a rule, whatever the size of the books, and all of them asked at once as long as nothing is wrong. The names
are those of docs/books.md.
"""

from string import Formatter
from typing import Any, NamedTuple

from webapp.db import db, is_sqlite, rows
from webapp.domain.checks import invoices, journals, memberships, money
from webapp.domain.checks.rule import Rule
from webapp.models import Company
from webapp.quantity import format_quantity

RULES: tuple[Rule, ...] = (*journals.RULES, *invoices.RULES, *money.RULES, *memberships.RULES)

_ANY = "SELECT " + " OR ".join(f"EXISTS ({rule.sql})" for rule in RULES)
"""Whether there is a fault at all, by every rule."""


class Fault(NamedTuple):
    """Something in the books that cannot be: the name of the check that found it, and what is wrong with which row."""

    name: str
    sentence: str


def faults() -> list[Fault]:
    """Everything wrong with the books, check by check; looks at one moment's state and changes nothing."""
    if db.in_transaction():
        return _found()
    with db.atomic("DEFERRED" if is_sqlite() else "REPEATABLE READ"):
        return _found()


def _found() -> list[Fault]:
    if not rows(_ANY)[0][0]:
        return []
    said = _Sentences(Company.current())
    return [Fault(rule.name, said.of(rule, row)) for rule in RULES for row in rows(rule.sql)]


class _Sentences(Formatter):
    """Writes a rule's sentence about a row; ``{1:money}`` is a column in minor units, ``{1:units}`` in thousandths."""

    def __init__(self, company: Company | None) -> None:
        self.company = company

    def of(self, rule: Rule, row: tuple[Any, ...]) -> str:
        return self.vformat(rule.sentence, row, {})

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "money" and self.company:
            return self.company.amount(int(value))
        if format_spec == "units":
            return format_quantity(int(value))
        return str(value)
