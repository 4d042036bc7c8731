"""One search for whatever has a name or a number: people, groups, the catalogue, invoices and memberships."""

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.domain import search
from webapp.domain.invoice_list import STATE, by_number, status_on
from webapp.domain.membership_list import STATUS
from webapp.domain.namesakes import told_apart
from webapp.models.invoice import invoice_code

INVOICES, MEMBERSHIPS, CUSTOMERS, PACKAGES, ITEMS, GROUPS = (
    "invoices",
    "memberships",
    "customers",
    "packages",
    "items",
    "groups",
)
KINDS: Final = (INVOICES, MEMBERSHIPS, CUSTOMERS, PACKAGES, ITEMS, GROUPS)
"""In the order in which they are shown: who types a number means the one thing that has it."""

AT_MOST = 8
_CODE = re.compile(r"m[\s‐-–-]?0*(?P<id>[1-9]\d{0,11})", re.ASCII | re.IGNORECASE)


class Hit(NamedTuple):
    """One record that was found; `hint` tells those of the same name apart, `state` is "" when it says nothing."""

    id: int
    text: str
    hint: str
    state: str


class Finding(NamedTuple):
    """The first records of one kind, and whether there are more."""

    kind: str
    hits: list[Hit]
    more: bool


def find(typed: str, kinds: Collection[str], *, on: date, at_most: int = AT_MOST) -> list[Finding]:
    """What was typed, looked for among these kinds by one query for each; kinds of which nothing is found are left out.

    People, groups and the catalogue are found by the beginnings of their words, invoices and memberships by number. One
    query more tells customers of one name apart.
    """
    found = [_first(kind, _LOOKED_FOR[kind](typed, on, at_most + 1), at_most) for kind in KINDS if kind in kinds]
    return [finding for finding in found if finding.hits]


def _first(kind: str, hits: list[Hit], at_most: int) -> Finding:
    return Finding(kind, hits[:at_most], more=len(hits) > at_most)


def _invoices(typed: str, on: date, limit: int) -> list[Hit]:
    condition, params = by_number(typed)
    if not condition:
        return []
    text = f"""SELECT id, series, number, customer_name, {STATE}, due_on FROM invoice
 WHERE {condition} ORDER BY series DESC LIMIT ?"""  # noqa: S608  # own text, values bound
    return [
        Hit(id_, invoice_code(series, number), name, status_on(status, as_day(due_on), on))
        for id_, series, number, name, status, due_on in rows(text, (*params, limit))
    ]


_MEMBERSHIP = f"""SELECT membership.id, customer.name, membership.package_name, {STATUS}
 FROM membership JOIN customer ON customer.id = membership.customer_id WHERE membership.id = ?"""  # noqa: S608  # own text


def _memberships(typed: str, _on: date, _limit: int) -> list[Hit]:
    code = _CODE.fullmatch(typed.strip())
    if code is None:
        return []
    return [
        Hit(id_, f"M-{id_:04d}", f"{customer} · {package}", state)
        for id_, customer, package, state in rows(_MEMBERSHIP, (int(code["id"]),))
    ]


def _by_words(kind: str, table: str, hint: str) -> Callable[[str, date, int], list[Hit]]:
    """Look among the records of a table by their words; `hint` is the SQL of what stands beside the name."""

    def look(typed: str, _on: date, limit: int) -> list[Hit]:
        if not search.typed_words(typed):
            return []
        condition, params = search.condition(kind, typed, f"{table}.id")
        text = f"""SELECT {table}.id, {table}.name, {hint}, {table}.active FROM {table}
 WHERE {condition} ORDER BY {table}.sort_name, {table}.id LIMIT ?"""  # noqa: S608  # own text, values bound
        return [_named(row) for row in rows(text, (*params, limit))]

    return look


def _named(row: tuple[Any, ...]) -> Hit:
    id_, name, hint, active = row
    return Hit(id_, name, hint, "" if active else "inactive")


_PEOPLE = _by_words("customer", "customer", "COALESCE(NULLIF(customer.email, ''), customer.phone)")


def _customers(typed: str, on: date, limit: int) -> list[Hit]:
    found = _PEOPLE(typed, on, limit)
    hints = told_apart((hit.id, hit.text, hit.hint) for hit in found)
    return [hit._replace(hint=hints[hit.id]) for hit in found]


_MEMBERS = """(SELECT CASE COUNT(*) WHEN 1 THEN '1 member' ELSE CAST(COUNT(*) AS TEXT) || ' members' END
 FROM group_member WHERE group_id = customer_group.id)"""

_LOOKED_FOR: Final[dict[str, Callable[[str, date, int], list[Hit]]]] = {
    INVOICES: _invoices,
    MEMBERSHIPS: _memberships,
    CUSTOMERS: _customers,
    PACKAGES: _by_words("package", "package", "''"),
    ITEMS: _by_words("item", "item", "item.category"),
    GROUPS: _by_words("group", "customer_group", _MEMBERS),
}
