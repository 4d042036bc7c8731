"""What a void would do, stated in numbers before anybody confirms it."""

from contextlib import suppress
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
    funds: dict[int | None, int]


class _Rehearsed(Exception):
    """Leads out of a rehearsal, so that its transaction is taken back."""


def consequences(invoice: Invoice, *, by: User, on: date, money: str = TO_ACCOUNT) -> Consequences:
    """What `void` would do, found by doing it and taking all of it back before anybody sees it."""
    before = _observe(invoice)
    paid = rows(
        "SELECT pm.name, SUM(p.amount_minor) FROM payment p JOIN payment_method pm ON pm.id = p.method_id"
        " WHERE p.invoice_id = ? AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.mirrors_id = p.journal_id)"
        " GROUP BY pm.name, pm.position ORDER BY pm.position",
        (invoice.id,),
    )
    payments = [(name, int(amount)) for name, amount in paid]
    after, refusal = before, None
    try:
        after = _rehearse(invoice, by=by, on=on, money=money)
    except DomainError as error:
        refusal = error.message
    return Consequences(*_compare(before, after), payments=payments, refusal=refusal)


def _rehearse(invoice: Invoice, *, by: User, on: date, money: str) -> _Seen:
    seen: list[_Seen] = []

    @transactional
    def act() -> None:
        void(invoice.id, reason="rehearsal", by=by, on=on, money=money)
        seen.append(_observe(invoice))
        raise _Rehearsed

    with suppress(_Rehearsed):
        act()
    return seen[-1]


def _observe(invoice: Invoice) -> _Seen:
    found = rows(
        "SELECT DISTINCT membership_id FROM invoice_line WHERE invoice_id = ? AND membership_id IS NOT NULL"
        " ORDER BY membership_id",
        (invoice.id,),
    )
    ids = [row[0] for row in found]
    items = MembershipItem.select().where(MembershipItem.membership.in_(ids or [0])).order_by(MembershipItem.id)
    memberships = Membership.select().where(Membership.id.in_(ids or [0])).order_by(Membership.id)
    held = ledger.balances("P", ids)
    general = ledger.balance(ledger.general(invoice.customer_id))
    funds: dict[int | None, int] = {None: general} | {membership_id: held[membership_id] for membership_id in ids}
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
