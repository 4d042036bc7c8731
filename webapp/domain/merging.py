"""One customer who was entered twice: everything of the second becomes the first's; printed names stay as printed."""

from collections.abc import Iterable
from datetime import date

from webapp.db import execute, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import expire_due
from webapp.models import Audit, Customer, User


@transactional
def merge(second: Customer, into: Customer, *, by: User, on: date) -> None:
    """Make `second` inactive and give its funds, memberships, invoices and places in groups to `into`.

    Refused while both are active in the same package.
    """
    if second.id == into.id:
        raise DomainError("Choose another customer.", "into")
    second, into = Customer.get_by_id(second.id), Customer.get_by_id(into.id)
    refuse_merged(second)
    refuse_merged(into)
    for customer in (second, into):
        expire_due(on, customer_id=customer.id)
    _refuse_same_package(second, into)
    entry = audit.record("Merged", "customer", second.id, by=by, customer=into, into=into.id)
    _give_balance(second.id, into.id, entry, on)
    moved = (into.id, into.sort_name, second.id)
    execute(
        "UPDATE membership SET customer_id = ?, customer_sort = ?, version = version + 1 WHERE customer_id = ?", moved
    )
    execute("UPDATE invoice SET customer_id = ?, customer_sort = ?, version = version + 1 WHERE customer_id = ?", moved)
    execute("UPDATE invoice SET customer_name = ? WHERE customer_id = ? AND status = 'draft'", (into.name, into.id))
    execute("UPDATE customer_group SET owner_id = ?, version = version + 1 WHERE owner_id = ?", (into.id, second.id))
    execute(
        "INSERT INTO group_member (group_id, customer_id) SELECT group_id, ? FROM group_member WHERE customer_id = ?"
        " ON CONFLICT DO NOTHING",
        (into.id, second.id),
    )
    execute("DELETE FROM group_member WHERE customer_id = ?", (second.id,))
    Customer.update(active=False, merged_into=into, version=Customer.version + 1).where(
        Customer.id == second.id
    ).execute()


def owner_of(customer_id: int) -> int:
    """Who stands for a customer now: themselves, or the one they were merged into."""
    while True:
        found = rows("SELECT merged_into_id FROM customer WHERE id = ?", (customer_id,))
        if not found or found[0][0] is None:
            return customer_id
        customer_id = found[0][0]


def forward(customer_ids: Iterable[int], *, entry: Audit, on: date) -> None:
    """What a mirror put on the account of a merged customer goes on to whom they were merged into."""
    for customer_id in sorted(set(customer_ids)):
        owner = owner_of(customer_id)
        if owner != customer_id:
            _give_balance(customer_id, owner, entry, on)


def _give_balance(from_id: int, to_id: int, entry: Audit, on: date) -> None:
    held = ledger.balance(ledger.general(from_id))
    old, new = ledger.general(from_id), ledger.general(to_id)
    move = Move(old, new, held) if held > 0 else Move(new, old, -held)
    part = ledger.next_part("merge", "customer", from_id)
    ledger.post("merge", "customer", from_id, [move], audit=entry, on=on, part=part)


def _refuse_same_package(second: Customer, into: Customer) -> None:
    both = rows(
        "SELECT a.package_name FROM membership a JOIN membership b ON b.package_id = a.package_id"
        " WHERE a.customer_id = ? AND b.customer_id = ? AND a.state = 'active' AND b.state = 'active'",
        (second.id, into.id),
    )
    if both:
        raise DomainError(f"Both are active in {both[0][0]}. Remove one of them from it first.", "into")
