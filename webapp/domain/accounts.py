"""What a customer has with the business: the account balance with its split, memberships, and what is due."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows
from webapp.domain import ledger, paying
from webapp.domain.invoice_list import STATE
from webapp.models.invoice import invoice_code

MOST_MEMBERSHIPS, MOST_INVOICES = 50, 50


class Fund(NamedTuple):
    """The package funds of one membership."""

    membership: int
    package: str
    active: bool
    held_minor: int


class Balance(NamedTuple):
    """The account balance: general funds and package funds. What is due on open invoices stands beside it."""

    general_minor: int
    funds: list[Fund]
    due_minor: int

    @property
    def packages_minor(self) -> int:
        return sum(fund.held_minor for fund in self.funds)

    @property
    def balance_minor(self) -> int:
        return self.general_minor + self.packages_minor

    @property
    def holding(self) -> list[Fund]:
        """The memberships whose package funds are not empty."""
        return [fund for fund in self.funds if fund.held_minor]

    @property
    def active(self) -> list[str]:
        """The packages that the customer is in."""
        return [fund.package for fund in self.funds if fund.active]


class Included(NamedTuple):
    """How much of one item of a membership is used, reserved and included."""

    name: str
    unit: str
    used_milli: int
    reserved_milli: int
    included_milli: int

    @property
    def left_milli(self) -> int:
        return self.included_milli - self.used_milli - self.reserved_milli


class Held(NamedTuple):
    """A membership as the customer's page shows it. `state` is ``active``, or the reason why it is inactive."""

    id: int
    package: str
    state: str
    start_on: date | None
    end_on: date | None
    funds_minor: int
    contents: list[Included]

    def can_be_used(self, on: date) -> bool:
        """Whether something is left to be used on that day."""
        started = self.start_on is not None and self.start_on <= on
        return self.state == "active" and started and any(item.left_milli for item in self.contents)


class Owed(NamedTuple):
    """An invoice that asks for money, or a draft."""

    id: int
    code: str
    status: str
    service_on: date | None
    due_on: date | None
    total_minor: int
    due_minor: int
    state: str
    """Its status as the list of invoices shows it, but for what is overdue."""


class Overview(NamedTuple):
    """All of it, for the customer's own page; `of_members` are open invoices of members of the groups that they own,
    and `of_members_minor` what is due of all of those."""

    customer: int
    balance: Balance
    memberships: list[Held]
    invoices: list[Owed]
    of_members: list[paying.Owed]
    of_members_minor: int


_FUNDS = """
SELECT membership.id, membership.package_name, membership.state = 'active',
  COALESCE(account.credits - account.debits, 0)
FROM membership LEFT JOIN account ON account.kind = 'P' AND account.ref = membership.id AND account.label = ''
WHERE membership.customer_id = ?
  AND (membership.state = 'active' OR account.credits <> account.debits)
ORDER BY membership.id"""

_DUE = "SELECT COALESCE(SUM(due_minor), 0) FROM invoice WHERE customer_id = ? AND status = 'open'"

_HELD = """
SELECT customer_id, SUM(held) FROM (
  SELECT ref AS customer_id, credits - debits AS held FROM account WHERE kind = 'G' AND ref IN ({whose})
  UNION ALL SELECT membership.customer_id, account.credits - account.debits
  FROM membership JOIN account ON account.kind = 'P' AND account.ref = membership.id AND account.label = ''
  WHERE membership.customer_id IN ({whose})) AS funds
GROUP BY customer_id"""

_DUES = """
SELECT customer_id, SUM(due_minor) FROM invoice WHERE customer_id IN ({whose}) AND status = 'open'
GROUP BY customer_id"""

_CHOSEN = """
SELECT id FROM membership WHERE customer_id = ?
ORDER BY CASE WHEN state = 'active' THEN 0 ELSE 1 END, id DESC LIMIT ?"""

_MEMBERSHIPS = f"""
SELECT membership.id, membership.package_name, COALESCE(membership.reason, membership.state), membership.start_on,
  membership.end_on, COALESCE(account.credits - account.debits, 0)
FROM membership LEFT JOIN account ON account.kind = 'P' AND account.ref = membership.id AND account.label = ''
WHERE membership.id IN ({_CHOSEN})
ORDER BY CASE WHEN membership.state = 'active' THEN 0 ELSE 1 END, membership.id DESC"""  # noqa: S608  # own text

_ITEMS = f"""
SELECT membership_id, name, unit, used_milli, reserved_milli, included_milli FROM membership_item
WHERE membership_id IN ({_CHOSEN}) ORDER BY membership_id, position, id"""  # noqa: S608  # own text

_INVOICES = f"""
SELECT id, series, number, status, service_on, due_on, CASE WHEN status = 'draft' THEN shown_minor ELSE total_minor END,
  due_minor, {STATE}
FROM invoice WHERE customer_id = ? AND invoice.status IN ('open', 'draft')
ORDER BY invoice.status DESC, due_on, id LIMIT ?"""  # noqa: S608  # own text


def balance_of(customer_id: int) -> Balance:
    """The account balance of a customer as it is now."""
    funds = [Fund(row[0], row[1], bool(row[2]), int(row[3])) for row in rows(_FUNDS, (customer_id,))]
    due = int(rows(_DUE, (customer_id,))[0][0])
    return Balance(ledger.balance(ledger.general(customer_id)), funds, due)


class Sums(NamedTuple):
    """What a customer's account holds, general and package funds together, and what is due, in minor units."""

    balance_minor: int
    due_minor: int


def sums_of(customer_ids: Sequence[int]) -> dict[int, Sums]:
    """The same of several customers, by two queries."""
    whose = marks(customer_ids)
    held = rows(_HELD.format(whose=whose), (*customer_ids, *customer_ids)) if customer_ids else []
    due = rows(_DUES.format(whose=whose), customer_ids) if customer_ids else []
    balances, dues = ({row[0]: int(row[1]) for row in found} for found in (held, due))
    return {id_: Sums(balances.get(id_, 0), dues.get(id_, 0)) for id_ in customer_ids}


def overview(customer_id: int) -> Overview:
    """The balance, the memberships, active ones first, and the invoices that are not done with."""
    items: dict[int, list[Included]] = {}
    for row in rows(_ITEMS, (customer_id, MOST_MEMBERSHIPS)):
        items.setdefault(row[0], []).append(Included(*row[1:]))
    memberships = [
        Held(row[0], row[1], row[2], as_day(row[3]), as_day(row[4]), int(row[5]), items.get(row[0], []))
        for row in rows(_MEMBERSHIPS, (customer_id, MOST_MEMBERSHIPS))
    ]
    invoices = [_owed(row) for row in rows(_INVOICES, (customer_id, MOST_INVOICES))]
    of_members = [it for it in paying.owed_by(customer_id) if it.customer != customer_id]
    of_members_minor = paying.owed_by_members(customer_id)
    return Overview(customer_id, balance_of(customer_id), memberships, invoices, of_members, of_members_minor)


def _owed(row: tuple[Any, ...]) -> Owed:
    code = "Draft" if row[2] is None else invoice_code(row[1], row[2])
    return Owed(row[0], code, row[3], as_day(row[4]), as_day(row[5]), int(row[6]), int(row[7]), row[8])
