"""Customers and groups offered together, to whoever puts them into a package. Inactive ones are offered too: who looks
for somebody inactive must learn why they cannot be added, not that there is no such person."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from webapp.db import marks, rows
from webapp.domain import search
from webapp.domain.namesakes import told_apart

GROUPS_OFFERED, CUSTOMERS_OFFERED = 6, 14


class Candidate(NamedTuple):
    """One of them; `hint` tells those of the same name apart."""

    kind: str
    id: int
    name: str
    hint: str

    @property
    def value(self) -> str:
        """As a form carries it: ``customer:12``, ``group:3``."""
        return f"{self.kind}:{self.id}"


_CUSTOMERS = "SELECT id, name, email, phone, active FROM customer"
_GROUPS = """SELECT id, name, active, (SELECT COUNT(*) FROM group_member WHERE group_id = customer_group.id)
 FROM customer_group"""
_BY_NAME = " ORDER BY sort_name, id"


def offered(typed: str) -> list[Candidate]:
    """The first groups and customers that a type-ahead offers for what was typed."""
    found, params = search.condition("group", typed, "customer_group.id")
    groups = rows(f"{_GROUPS} WHERE {found}{_BY_NAME} LIMIT ?", (*params, GROUPS_OFFERED))
    found, params = search.condition("customer", typed, "customer.id")
    people = list(map(_customer, rows(f"{_CUSTOMERS} WHERE {found}{_BY_NAME} LIMIT ?", (*params, CUSTOMERS_OFFERED))))
    hints = told_apart((it.id, it.name, it.hint) for it in people)
    return [
        *search.nearest_first(typed, map(_group, groups)),
        *search.nearest_first(typed, (it._replace(hint=hints[it.id]) for it in people)),
    ]


def named(customers: Iterable[int], groups: Iterable[int]) -> list[Candidate]:
    """Those of the ids that exist, groups first."""
    group_ids, customer_ids = sorted(groups), sorted(customers)
    return [
        *map(_group, rows(f"{_GROUPS} WHERE id IN ({marks(group_ids)}){_BY_NAME}", group_ids)),
        *map(_customer, rows(f"{_CUSTOMERS} WHERE id IN ({marks(customer_ids)}){_BY_NAME}", customer_ids)),
    ]


def _customer(row: Sequence[Any]) -> Candidate:
    id_, name, email, phone, active = row
    return Candidate("customer", id_, name, _hint(active, email or phone))


def _group(row: Sequence[Any]) -> Candidate:
    id_, name, active, members = row
    return Candidate("group", id_, name, _hint(active, f"{members} member{'' if members == 1 else 's'}"))


def _hint(active: bool, text: str) -> str:
    return text if active else " · ".join(filter(None, ("inactive", text)))
