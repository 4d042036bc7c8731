"""Groups: named sets of customers, with an optional owner who pays."""

from collections.abc import Collection
from typing import Any, NamedTuple

from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, paging, search
from webapp.domain.edits import write
from webapp.domain.errors import DomainError, NotFound
from webapp.domain.names import given
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.domain.rows import unchanged, unique
from webapp.models import Customer, Group, GroupMember, User

KIND = "group"
STATES = {"active": "customer_group.active", "inactive": "NOT customer_group.active", "all": "1 = 1"}
OFFERED = 20
TAKEN = "There is a group of this name already."
_MEMBERS_COUNTED = "(SELECT COUNT(*) FROM group_member WHERE group_member.group_id = customer_group.id)"


class GroupRow(NamedTuple):
    """A group as the list shows one."""

    sort_name: str
    id: int
    name: str
    members: int
    owner_id: int | None
    owner: str | None
    active: bool


class OfferedGroup(NamedTuple):
    """A group as a type-ahead offers one."""

    id: int
    name: str
    members: int


class MemberRow(NamedTuple):
    """A customer in a group."""

    id: int
    name: str
    email: str
    active: bool


_KEYS = (Key("customer_group.sort_name", str), Key("customer_group.id", int))
BY_NAME = Listing(
    f"customer_group.name, {_MEMBERS_COUNTED}, owner.id, owner.name, customer_group.active",
    "customer_group LEFT JOIN customer owner ON owner.id = customer_group.owner_id",
    _KEYS,
)
_OFFERED = Listing(f"customer_group.name, {_MEMBERS_COUNTED}", "customer_group", _KEYS)
_MEMBERS = """
SELECT customer.id, customer.name, customer.email, customer.active
FROM group_member JOIN customer ON customer.id = group_member.customer_id
WHERE group_member.group_id = ? ORDER BY customer.sort_name, customer.id"""


def create_group(
    *,
    name: str,
    by: User | None,
    members: Collection[Customer] = (),
    owner: Customer | None = None,
    note: str = "",
    active: bool = True,
) -> Group:
    """Keep a new group."""
    return _create(given(name), {"owner": owner, "note": note, "active": active}, _ids(members), by)


@transactional
def _create(name: str, facts: dict[str, Any], members: set[int], by: User | None) -> Group:
    with unique(TAKEN, "name"):
        group = Group.create(name=name, sort_name=search.sort_key(name), created_at=utcnow(), **facts)
    _put_in(group.id, members)
    search.index(KIND, group.id, name)
    owner = facts["owner"].id if facts["owner"] else None
    audit.record("group added", KIND, group.id, by=by, owner=owner, active=facts["active"], members=sorted(members))
    return group


def edit_group(
    group: Group,
    *,
    version: int,
    by: User,
    name: str,
    members: Collection[Customer],
    owner: Customer | None,
    note: str,
    active: bool,
) -> None:
    """Change a group and who is in it; `version` is the one that the form showed."""
    facts = {"name": given(name), "owner": owner, "note": note, "active": active}
    _edit(group.id, version, facts, {customer.id: customer.name for customer in members}, by)


@transactional
def _edit(group_id: int, version: int, after: dict[str, Any], members: dict[int, str], by: User) -> None:
    group = Group.get_by_id(group_id)
    before = {name: getattr(group, name) for name in after}
    were = {member.id: member.name for member in members_of(group)}
    labels = {"active": "status"}
    edits = {labels.get(name, name): (_said(before[name]), _said(after[name])) for name in after}
    unchanged(group, version, {**edits, "members": (_listed(were), _listed(members))})
    with unique(TAKEN, "name"):
        write(group, **after, sort_name=search.sort_key(after["name"]))
    _take_out(group_id, were.keys() - members.keys())
    _put_in(group_id, members.keys() - were.keys())
    search.index(KIND, group_id, after["name"])
    told = _told({**before, "members": sorted(were)}, {**after, "members": sorted(members)})
    audit.record("group edited", KIND, group_id, by=by, changes=told)


@transactional
def add_members(group: Group, customers: Collection[Customer], *, by: User) -> int:
    """Put customers into the group; how many were not in it yet."""
    if not customers:
        raise DomainError("Choose at least one customer.", "members")
    group = Group.get_by_id(group.id)
    were = {member.id for member in members_of(group)}
    new = _ids(customers) - were
    if new:
        _put_in(group.id, new)
        _audit_members(group, were, were | new, by)
    return len(new)


@transactional
def remove_member(group: Group, customer: Customer, *, by: User) -> None:
    """Take a customer out of the group; raises `NotFound` when the customer is not in it."""
    group = Group.get_by_id(group.id)
    were = {member.id for member in members_of(group)}
    if customer.id not in were:
        raise NotFound
    _take_out(group.id, {customer.id})
    _audit_members(group, were, were - {customer.id}, by)


def _audit_members(group: Group, before: set[int], after: set[int], by: User) -> None:
    """Count the version on, so that a form that still shows the old members is not saved over these."""
    write(group)
    told: dict[str, Any] = {"members": [sorted(before), sorted(after)]}
    audit.record("group edited", KIND, group.id, by=by, changes=told)


def _put_in(group_id: int, customer_ids: Collection[int]) -> None:
    if customer_ids:
        GroupMember.insert_many([{"group": group_id, "customer": one} for one in sorted(customer_ids)]).execute()


def _take_out(group_id: int, customer_ids: Collection[int]) -> None:
    if customer_ids:
        gone = (GroupMember.group == group_id) & GroupMember.customer.in_(sorted(customer_ids))
        GroupMember.delete().where(gone).execute()


def _ids(customers: Collection[Customer]) -> set[int]:
    return {customer.id for customer in customers}


def _said(value: Any) -> Any:
    if isinstance(value, bool):
        return "active" if value else "inactive"
    return value.name if isinstance(value, Customer) else value or "empty"


def _listed(members: dict[int, str]) -> str:
    return ", ".join(members[one] for one in sorted(members)) or "nobody"


def _told(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the log keeps of an edit. A note may speak of persons: only that it changed."""
    told = audit.changes(_plain(before), _plain(after))
    return {name: "changed" if name == "note" else values for name, values in told.items()}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value.id if isinstance(value, Customer) else value for name, value in facts.items()}


def members_of(group: Group) -> list[MemberRow]:
    """Who is in the group, in the order of names."""
    return [MemberRow._make(row) for row in rows(_MEMBERS, (group.id,))]


def group_page(typed: str, state: str, cursor: str) -> Page[GroupRow]:
    """One page of the list in the order of names."""
    condition, params = _condition(typed, state)
    return paging.page(BY_NAME, condition, params, cursor, GroupRow._make)


def group_total(typed: str, state: str) -> Total:
    """How many the list holds on all its pages."""
    condition, params = _condition(typed, state)
    return paging.total("customer_group", condition, params)


def offered_groups(typed: str) -> list[OfferedGroup]:
    """The first active groups, in the order of names, that a type-ahead offers for what was typed."""
    condition, params = _condition(typed, "active")
    return paging.page(_OFFERED, condition, params, "", lambda row: OfferedGroup._make(row[1:]), size=OFFERED).rows


def _condition(typed: str, state: str) -> tuple[str, list[str]]:
    found, params = search.condition(KIND, typed, "customer_group.id")
    return f"{STATES.get(state, STATES['active'])} AND {found}", params
