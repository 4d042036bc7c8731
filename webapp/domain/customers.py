"""Customers: keeping them, listing them, finding them."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, paging, search
from webapp.domain.edits import write
from webapp.domain.errors import Changed, DomainError
from webapp.domain.names import given
from webapp.domain.namesakes import told_apart
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.domain.rows import unchanged
from webapp.models import Company, Customer, Invoice, Membership, Role, User

KIND = "customer"
STATES = {"active": "customer.active", "inactive": "NOT customer.active", "all": "1 = 1"}
OFFERED = 20
NAMESAKES = 3
_LABELS = {
    "role": "customer role",
    "active": "status",
    "credit_limit_minor": "credit limit",
    "tax_exempt": "tax exempt",
}
_PERSONAL = {"name", "email", "phone", "address", "note"}


class CustomerRow(NamedTuple):
    """A customer as the list shows one."""

    sort_name: str
    id: int
    name: str
    email: str
    phone: str
    role: str
    active: bool


class Offered(NamedTuple):
    """A record as a type-ahead offers one; `hint` tells people of the same name apart."""

    id: int
    name: str
    hint: str


# CROSS JOIN keeps SQLite on the index of the order: it would begin with the few roles and sort everything otherwise.
_SOURCE = "customer CROSS JOIN role"
_JOINED = "role.id = customer.role_id"
_KEYS = (Key("customer.sort_name", str), Key("customer.id", int))
BY_NAME = Listing("customer.name, customer.email, customer.phone, role.name, customer.active", _SOURCE, _KEYS)
_EXPORTED = Listing(
    "customer.name, customer.email, customer.phone, customer.address, customer.note, role.name, customer.active",
    _SOURCE,
    _KEYS,
)
_OFFERED = Listing("customer.name, customer.email, customer.phone", "customer", _KEYS)


def create_customer(
    *,
    name: str,
    role: Role,
    by: User | None,
    email: str = "",
    phone: str = "",
    address: str = "",
    note: str = "",
    credit_limit_minor: int | None = None,
    tax_exempt: bool = False,
    active: bool = True,
) -> Customer:
    """Keep a new customer. Without a credit limit of their own, the company's is theirs."""
    facts = {
        "email": email,
        "phone": phone,
        "address": address,
        "note": note,
        "credit_limit_minor": credit_limit_minor,
        "tax_exempt": tax_exempt,
        "active": active,
    }
    return _create(given(name), role, facts, by)


@transactional
def _create(name: str, role: Role, facts: dict[str, Any], by: User | None) -> Customer:
    _check_role(role)
    sort_name = search.sort_key(name)
    customer = Customer.create(name=name, sort_name=sort_name, role=role, created_at=utcnow(), **facts)
    _index(customer.id, name, facts)
    told = {name: facts[name] for name in ("credit_limit_minor", "tax_exempt", "active")}
    audit.record("customer added", KIND, customer.id, by=by, customer=customer, role=role.id, **told)
    return customer


def edit_customer(
    customer: Customer,
    *,
    version: int,
    by: User,
    name: str,
    role: Role,
    email: str,
    phone: str,
    address: str,
    note: str,
    credit_limit_minor: int | None,
    tax_exempt: bool,
    active: bool,
) -> None:
    """Change what is kept of a customer; `version` is the one that the form showed. Who was merged stays inactive."""
    facts = {
        "email": email,
        "phone": phone,
        "address": address,
        "note": note,
        "credit_limit_minor": credit_limit_minor,
        "tax_exempt": tax_exempt,
        "active": active,
    }
    _edit(customer.id, version, {"name": given(name), "role": role, **facts}, by)


@transactional
def _edit(customer_id: int, version: int, after: dict[str, Any], by: User) -> None:
    customer = Customer.get_by_id(customer_id)
    _check_role(after["role"])
    if after["active"]:
        refuse_merged(customer)
    before = {name: getattr(customer, name) for name in after}
    edits = {name: (_said(name, before[name]), _said(name, after[name])) for name in after}
    unchanged(customer, version, {_LABELS.get(name, name): said for name, said in edits.items()})
    write(customer, **after, sort_name=search.sort_key(after["name"]))
    if before["name"] != after["name"]:
        _rename(customer_id, after["name"])
    _index(customer_id, after["name"], after)
    audit.record("customer edited", KIND, customer_id, by=by, customer=customer_id, changes=_told(before, after))


def refuse_merged(customer: Customer) -> None:
    """Raise `Changed` for somebody who was merged: what was theirs belongs to another customer now."""
    remaining = Customer.get_by_id(customer.id).merged_into
    if remaining is not None:
        raise Changed(f"{customer.name} was merged into {remaining.name}. Go on there.")


def _said(name: str, value: Any) -> Any:
    """A value as a sentence about it has it."""
    if name == "active":
        return "active" if value else "inactive"
    if name == "tax_exempt":
        return "yes" if value else "no"
    if name == "credit_limit_minor":
        return "the company's" if value is None else Company.get_by_id(1).amount(value)
    return value.name if isinstance(value, Role) else value or "empty"


def _told(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What the log keeps of an edit: of personal facts that they changed, but never what they were or are."""
    told = audit.changes(_plain(before), _plain(after))
    return {name: "changed" if name in _PERSONAL else values for name, values in told.items()}


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value.id if isinstance(value, Role) else value for name, value in facts.items()}


def _check_role(role: Role) -> None:
    if role.side != "customer":
        raise DomainError("Choose a role for customers.", "role")


def _rename(customer_id: int, name: str) -> None:
    """Move the customer's rows to their new place in every list. An issued invoice keeps the name it was issued to."""
    sort_name = search.sort_key(name)
    Membership.update(customer_sort=sort_name).where(Membership.customer == customer_id).execute()
    Invoice.update(customer_sort=sort_name).where(Invoice.customer == customer_id).execute()
    drafts = (Invoice.customer == customer_id) & (Invoice.status == "draft")
    Invoice.update(customer_name=name).where(drafts).execute()


def _index(customer_id: int, name: str, facts: dict[str, Any]) -> None:
    digits = "".join(c for c in facts["phone"] if c.isdecimal())
    search.index(KIND, customer_id, facts["email"], facts["phone"], digits, name)


def customer_page(typed: str, state: str, cursor: str) -> Page[CustomerRow]:
    """One page of the list in the order of names."""
    condition, params = _condition(typed, state)
    return paging.page(BY_NAME, f"{_JOINED} AND {condition}", params, cursor, CustomerRow._make)


def namesakes(name: str) -> list[Offered]:
    """The first few customers who have that very name, big and small letters and accents aside."""
    same = (Customer.sort_name == search.sort_key(name)) & Customer.merged_into.is_null()
    found = Customer.select().where(same).order_by(Customer.id).limit(NAMESAKES)
    return _apart([Offered(it.id, it.name, it.email or it.phone) for it in found])


def customer_total(typed: str, state: str) -> Total:
    """How many the list holds on all its pages."""
    condition, params = _condition(typed, state)
    return paging.total("customer", condition, params)


def exported_customers(typed: str, state: str) -> list[tuple[Any, ...]]:
    """The whole list: name, email, phone, address, note, role, whether active."""
    condition, params = _condition(typed, state)
    return [row[len(_KEYS) :] for row in paging.every_row(_EXPORTED, f"{_JOINED} AND {condition}", params)]


def offered_customers(typed: str, *, but: int = 0) -> list[Offered]:
    """The first active customers, the nearest first, that a type-ahead offers for what was typed; whose id is
    `but` is left out."""
    condition, params = _condition(typed, "active")
    if but:
        condition, params = f"{condition} AND customer.id <> ?", [*params, but]
    found = paging.page(_OFFERED, condition, params, "", _offer, size=OFFERED).rows
    return search.nearest_first(typed, _apart(found))


def _apart(found: Sequence[Offered]) -> list[Offered]:
    hints = told_apart(found)
    return [it._replace(hint=hints[it.id]) for it in found]


def _offer(row: tuple[Any, ...]) -> Offered:
    _, customer_id, name, email, phone = row
    return Offered(customer_id, name, email or phone)


def _condition(typed: str, state: str) -> tuple[str, list[Any]]:
    found, params = search.condition(KIND, typed, "customer.id")
    return f"{STATES.get(state, STATES['active'])} AND {found}", params


def customer_roles() -> list[Role]:
    """The roles that a customer can have."""
    return Role.fetch("side = 'customer' ORDER BY id")


class GroupOf(NamedTuple):
    """A group that a customer is in, or owns."""

    id: int
    name: str
    active: bool
    owns: bool
    is_member: bool


_GROUPS_OF = """
SELECT customer_group.id, customer_group.name, customer_group.active,
       COALESCE(customer_group.owner_id = ?, FALSE), group_member.customer_id IS NOT NULL
FROM customer_group LEFT JOIN group_member
     ON group_member.group_id = customer_group.id AND group_member.customer_id = ?
WHERE customer_group.id IN (
    SELECT group_id FROM group_member WHERE customer_id = ? UNION SELECT id FROM customer_group WHERE owner_id = ?)
ORDER BY customer_group.sort_name, customer_group.id"""


def groups_of(customer: Customer) -> list[GroupOf]:
    """The groups that the customer is a member or the owner of."""
    return [GroupOf._make(row) for row in rows(_GROUPS_OF, (customer.id,) * 4)]


def customers_by_id(ids: Collection[int]) -> list[Customer]:
    """Those customers of these ids that there are, in the order of names."""
    chosen = Customer.select().where(Customer.id.in_(sorted(set(ids))))
    return list(chosen.order_by(Customer.sort_name, Customer.id))
