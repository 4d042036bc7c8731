"""One customer who was entered twice: everything of the second becomes the first's; printed names stay as printed."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from webapp.db import execute, marks, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import hold
from webapp.models import Audit, Customer, User


class Merging(NamedTuple):
    """What merging one customer into another would move, or in `refusal` why it cannot be done.

    `active` are the packages that the second is in; `memberships`, `invoices` and `drafts` count all of theirs.
    """

    second_minor: int
    into_minor: int
    active: list[str]
    memberships: int
    invoices: int
    due_minor: int
    drafts: int
    groups: list[str]
    owned: list[str]
    refusal: str | None

    @property
    def after_minor(self) -> int:
        """General funds of the one that stays."""
        return self.second_minor + self.into_minor


_COUNTED = """
SELECT (SELECT COUNT(*) FROM membership WHERE customer_id = ?),
  COALESCE(SUM(CASE WHEN status <> 'draft' THEN 1 ELSE 0 END), 0), COALESCE(SUM(due_minor), 0),
  COALESCE(SUM(CASE WHEN status = 'draft' THEN 1 ELSE 0 END), 0)
FROM invoice WHERE customer_id = ?"""
_HAS_PAPERS = """SELECT EXISTS (SELECT 1 FROM membership WHERE customer_id = ?)
OR EXISTS (SELECT 1 FROM invoice WHERE customer_id = ? AND status <> 'draft')"""
_ACTIVE = "SELECT package_name FROM membership WHERE customer_id = ? AND state = 'active' ORDER BY id"
_GROUPS = """SELECT g.name FROM customer_group g JOIN group_member m ON m.group_id = g.id WHERE m.customer_id = ?
ORDER BY g.sort_name, g.id"""
_OWNED = "SELECT name FROM customer_group WHERE owner_id = ? ORDER BY sort_name, id"


def merging(second: Customer, into: Customer) -> Merging:
    """What `merge` would do. Reads only."""
    memberships, invoices, due, drafts = rows(_COUNTED, (second.id, second.id))[0]
    active, groups, owned = ([row[0] for row in rows(sql, (second.id,))] for sql in (_ACTIVE, _GROUPS, _OWNED))
    return Merging(
        second_minor=ledger.balance(ledger.general(second.id)),
        into_minor=ledger.balance(ledger.general(into.id)),
        active=active,
        memberships=int(memberships),
        invoices=int(invoices),
        due_minor=int(due),
        drafts=int(drafts),
        groups=groups,
        owned=owned,
        refusal=_why_not(second, into),
    )


def has_money(customer: Customer) -> bool:
    """Whether merging the customer would move funds, memberships or saved invoices."""
    return bool(rows(_HAS_PAPERS, (customer.id, customer.id))[0][0]) or ledger.balance(ledger.general(customer.id)) != 0


@transactional
def merge(second: Customer, into: Customer, *, by: User, on: date) -> None:
    """Make `second` inactive and give its funds, memberships, invoices and places in groups to `into`.

    Refused while both are active in the same package.
    """
    hold(on, second.id, into.id)
    second, into = Customer.get_by_id(second.id), Customer.get_by_id(into.id)
    refuse_merged(second)
    refuse_merged(into)
    why_not = _why_not(second, into)
    if why_not:
        raise DomainError(why_not, "into")
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


def stood_for_by(customers: Iterable[int]) -> list[int]:
    """These customers and everybody who was merged into one of them."""
    found, new = set[int](), set(customers)
    while new:
        found |= new
        merged = rows(f"SELECT id FROM customer WHERE merged_into_id IN ({marks(list(new))})", list(new))  # noqa: S608  # marks only
        new = {row[0] for row in merged}
    return sorted(found)


def forward(entry: Audit, on: date) -> None:
    """What the mirrors of an act put on or took off the account of a merged customer goes on to who they are now."""
    touched = rows(
        "SELECT DISTINCT c.id FROM journal j JOIN transfer t ON t.journal_id = j.id"
        " JOIN account a ON a.id IN (t.debit_id, t.credit_id) AND a.kind = 'G' JOIN customer c ON c.id = a.ref"
        " WHERE j.audit_id = ? AND j.kind = 'mirror' AND c.merged_into_id IS NOT NULL ORDER BY c.id",
        (entry.id,),
    )
    for (customer_id,) in touched:
        _give_balance(customer_id, owner_of(customer_id), entry, on)


def _give_balance(from_id: int, to_id: int, entry: Audit, on: date) -> None:
    held = ledger.balance(ledger.general(from_id))
    old, new = ledger.general(from_id), ledger.general(to_id)
    move = Move(old, new, held) if held > 0 else Move(new, old, -held)
    part = ledger.next_part("merge", "customer", from_id)
    ledger.post("merge", "customer", from_id, [move], audit=entry, on=on, part=part)


def _why_not(second: Customer, into: Customer) -> str | None:
    if second.id == into.id:
        return "Choose another customer."
    both = rows(
        "SELECT a.package_name FROM membership a JOIN membership b ON b.package_id = a.package_id"
        " WHERE a.customer_id = ? AND b.customer_id = ? AND a.state = 'active' AND b.state = 'active' ORDER BY a.id",
        (second.id, into.id),
    )
    return f"Both are active in {both[0][0]}. Remove one of them from it first." if both else None
