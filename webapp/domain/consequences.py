"""What a void would do, stated in numbers before anybody confirms it."""

from datetime import date
from typing import NamedTuple

from webapp.db import rows, transactional
from webapp.domain import ledger
from webapp.domain.errors import DomainError
from webapp.domain.voids import TO_ACCOUNT, void
from webapp.models import Invoice, Membership, MembershipItem, User


class UnitsBack(NamedTuple):
    """Units that a void gives back to one item of a membership."""

    membership: int
    package: str
    item: str
    unit: str
    quantity_milli: int
    left_after_milli: int


class FundsAfter(NamedTuple):
    """What a void does to one fund; `membership` is None for general funds."""

    membership: int | None
    label: str
    before_minor: int
    after_minor: int


class StateAfter(NamedTuple):
    """What becomes of a membership: ``active``, or the reason why it is inactive."""

    membership: int
    package: str
    before: str
    after: str


class Consequences(NamedTuple):
    """Everything that a void would do, or in `refusal` why it cannot be done."""

    units: list[UnitsBack]
    funds: list[FundsAfter]
    states: list[StateAfter]
    payments: list[tuple[str, int]]
    refusal: str | None


class _Seen(NamedTuple):
    items: dict[int, MembershipItem]
    memberships: dict[int, Membership]
    funds: dict[int | None, int] = {None: ledger.balance(ledger.general(invoice.customer_id))}
    for membership_id, held in ledger.balances("P", ids).items():
        funds[membership_id] = held
    return _Seen({item.id: item for item in items}, {m.id: m for m in memberships}, funds)


def _compare(before: _Seen, after: _Seen) -> tuple[list[UnitsBack], list[FundsAfter], list[StateAfter]]:
    units = [
        UnitsBack(
            item.membership_id,
            before.memberships[item.membership_id].package_name,
            item.name,
            item.unit,
            after.items[key].left_milli - item.left_milli,
            after.items[key].left_milli,
        )
        for key, item in before.items.items()
        if after.items[key].left_milli != item.left_milli
    ]
    funds = [
        FundsAfter(key, before.memberships[key].package_name if key else "General funds", held, after.funds[key])
        for key, held in before.funds.items()
        if after.funds[key] != held
    ]
    states = [
        StateAfter(
            key, m.package_name, m.reason or m.state, after.memberships[key].reason or after.memberships[key].state
        )
        for key, m in before.memberships.items()
        if (m.reason or m.state) != (after.memberships[key].reason or after.memberships[key].state)
    ]
    return units, funds, states
