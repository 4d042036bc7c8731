"""What an act would do, stated in numbers before anybody confirms it: it is done, looked at, and taken back."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple, TypeVar

from webapp.db import db, has_committed, marks, rows, transactional
from webapp.domain import ledger
from webapp.domain.crediting import Credited, credit, parts_for
from webapp.domain.errors import DomainError
from webapp.domain.paying import concerned
from webapp.domain.voids import TO_ACCOUNT, void
from webapp.models import Customer, Invoice, Membership, MembershipItem, User
from webapp.models.invoice import invoice_code

T = TypeVar("T")


class UnitsBack(NamedTuple):
    """Units that come back to one item of a membership; below 0 they are taken from it."""

    membership: int
    package: str
    item: str
    unit: str
    quantity_milli: int
    left_after_milli: int


class FundsAfter(NamedTuple):
    """What happens to one fund; `membership` is None for general funds."""

    membership: int | None
    label: str
    before_minor: int
    after_minor: int
    customer: int
    whose: str


class StateAfter(NamedTuple):
    """What becomes of a membership: ``active``, or the reason why it is inactive."""

    membership: int
    package: str
    before: str
    after: str


class InvoiceAfter(NamedTuple):
    """What becomes of an invoice, and of what is due on it."""

    invoice: int
    code: str
    before: str
    after: str
    due_before_minor: int
    due_after_minor: int

    @property
    def change_minor(self) -> int:
        return self.due_after_minor - self.due_before_minor


class Would(NamedTuple):
    """Everything that an act would do to some customers, or in `refusal` why it cannot be done."""

    units: list[UnitsBack]
    funds: list[FundsAfter]
    states: list[StateAfter]
    invoices: list[InvoiceAfter]
    refusal: DomainError | None


class Consequences(NamedTuple):
    """Everything that a void would do, or in `refusal` why it cannot be done."""

    units: list[UnitsBack]
    funds: list[FundsAfter]
    states: list[StateAfter]
    invoices: list[InvoiceAfter]
    payments: list[tuple[str, int]]
    refusal: str | None


class _Seen(NamedTuple):
    items: dict[int, MembershipItem]
    memberships: dict[int, Membership]
    package_funds: dict[int, int]
    general_funds: dict[int, int]
    names: dict[int, str]
    invoices: dict[int, tuple[str, str, int]]


def rehearse(act: Callable[[], object], observe: Callable[[], T]) -> T:
    """Do it, look, and take all of it back before anybody else sees it. Raises what the act raises."""
    was_committed = has_committed.get()
    try:
        return _rehearse(act, observe)
    finally:
        has_committed.set(was_committed)  # what it commits is nothing


@transactional
def _rehearse(act: Callable[[], object], observe: Callable[[], T]) -> T:
    with db.atomic() as savepoint:
        act()
        seen = observe()
        savepoint.rollback(begin=False)
    return seen


def would(act: Callable[[], object], customers: Iterable[int]) -> Would:
    """What an act would change for these customers: their units, funds, memberships and invoices."""
    ids = sorted(set(customers))
    before, refusal = _observe(ids), None
    try:
        after = rehearse(act, lambda: _observe(ids))
    except DomainError as error:
        after, refusal = before, error
    return Would(
        _units(before, after), _funds(before, after), _states(before, after), _invoices(before, after), refusal
    )


def consequences(invoice: Invoice, *, by: User, on: date, money: str = TO_ACCOUNT) -> Consequences:
    """What `void` would do."""
    paid = rows(
        "SELECT pm.name, SUM(p.amount_minor) FROM payment p JOIN payment_method pm ON pm.id = p.method_id"
        " WHERE p.invoice_id = ? AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.mirrors_id = p.journal_id)"
        " AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.kind = 'bounce' AND j.source_id = p.id)"
        " GROUP BY pm.name, pm.position ORDER BY pm.position",
        (invoice.id,),
    )
    payments = [(name, int(amount)) for name, amount in paid]
    said = would(
        lambda: void(invoice.id, reason="rehearsal", by=by, on=on, money=money),
        concerned(invoice),
    )
    refusal = said.refusal.message if said.refusal else None
    return Consequences(said.units, said.funds, said.states, said.invoices, payments, refusal)


def of_credit(
    invoice: Invoice, position: int, quantity_milli: int, *, by: User, on: date
) -> tuple[list[Credited], Would]:
    """What `credit` would take off each part of a line, and all that follows."""
    said = would(
        lambda: credit(invoice.id, position, quantity_milli, version=invoice.version, by=by, on=on, reason="rehearsal"),
        concerned(invoice),
    )
    return ([] if said.refusal else parts_for(invoice, position, quantity_milli)), said


def _observe(customers: list[int]) -> _Seen:
    whose = f"customer_id IN ({marks(customers)})"
    memberships = {m.id: m for m in Membership.fetch(f"{whose} ORDER BY id", customers)}
    items = MembershipItem.fetch(
        f"membership_id IN (SELECT id FROM membership WHERE {whose}) ORDER BY id",  # noqa: S608  # marks only
        customers,
    )
    found = rows(
        "SELECT id, series, number, status, due_minor FROM invoice"  # noqa: S608  # marks only
        f" WHERE {whose} AND status <> 'draft' ORDER BY series, number",
        customers,
    )
    return _Seen(
        {item.id: item for item in items},
        memberships,
        ledger.balances("P", list(memberships)),
        ledger.balances("G", customers),
        {customer.id: customer.name for customer in Customer.fetch(f"id IN ({marks(customers)})", customers)},
        {row[0]: (invoice_code(row[1], row[2]), row[3], int(row[4])) for row in found},
    )


def _units(before: _Seen, after: _Seen) -> list[UnitsBack]:
    return [
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


def _funds(before: _Seen, after: _Seen) -> list[FundsAfter]:
    general = [
        FundsAfter(None, "General funds", held, after.general_funds[key], key, before.names[key])
        for key, held in before.general_funds.items()
        if after.general_funds[key] != held
    ]
    of_packages = [
        FundsAfter(key, m.package_name, held, after.package_funds[key], m.customer_id, before.names[m.customer_id])
        for key, m in before.memberships.items()
        if after.package_funds[key] != (held := before.package_funds[key])
    ]
    return [*general, *of_packages]


def _states(before: _Seen, after: _Seen) -> list[StateAfter]:
    return [
        StateAfter(key, m.package_name, m.reason or m.state, now.reason or now.state)
        for key, m in before.memberships.items()
        if (m.reason or m.state) != ((now := after.memberships[key]).reason or now.state)
    ]


def _invoices(before: _Seen, after: _Seen) -> list[InvoiceAfter]:
    return [
        InvoiceAfter(key, code, status, after.invoices[key][1], due, after.invoices[key][2])
        for key, (code, status, due) in before.invoices.items()
        if after.invoices[key] != (code, status, due)
    ]
