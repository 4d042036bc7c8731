"""Roles: named sets of permissions, for staff and for customers. A change holds at once for all who have the role."""

from collections.abc import Iterable

from webapp.db import transactional
from webapp.domain import audit
from webapp.domain.edits import write
from webapp.domain.errors import DomainError
from webapp.domain.names import given
from webapp.domain.rows import unchanged, unique
from webapp.domain.search import fold
from webapp.models import Customer, Role, User
from webapp.permissions import CUSTOMER_PERMISSIONS, STAFF_PERMISSIONS, Permission

SIDES = {"staff": STAFF_PERMISSIONS, "customer": CUSTOMER_PERMISSIONS}
TAKEN = "There is a role of this name already."


@transactional
def create_role(*, name: str, side: str, permissions: Iterable[Permission], by: User) -> Role:
    """A new role; its side never changes."""
    held, name = _of_side(side, permissions), given(name)
    _check_change(side, held, by)
    _check_name(name)
    with unique(TAKEN, "name"):
        role = Role.create(name=name, side=side, permissions=held)
    audit.record("role added", "role", role.id, by=by, name=name, side=side, permissions=_phrases(held))
    return role


@transactional
def edit_role(role: Role, *, name: str, permissions: Iterable[Permission], version: int, by: User) -> Role:
    """Rename a role and say anew what it may do."""
    role = Role.get_by_id(role.id)
    if role.name == Role.OWNER:
        raise DomainError(f"The role {Role.OWNER} always has every permission.")
    held, name = _of_side(role.side, permissions), given(name)
    before = {"name": role.name, "permissions": _phrases(role.permissions)}
    after = {"name": name, "permissions": _phrases(held)}
    unchanged(role, version, {"name": (role.name, name), "what it may do": (_said(role.permissions), _said(held))})
    _check_change(role.side, held ^ role.permissions, by)
    _check_name(name, but=role)
    with unique(TAKEN, "name"):
        write(role, name=name, permissions=held)
    audit.record("role edited", "role", role.id, by=by, changes=audit.changes(before, after))
    return Role.get_by_id(role.id)


@transactional
def delete_role(role: Role, *, by: User) -> None:
    """Take away a role that nobody has."""
    role = Role.get_by_id(role.id)
    if role.name == Role.OWNER:
        raise DomainError(f"The role {Role.OWNER} always stays.")
    holders = count_holders(role)
    if holders:
        whose = {"staff": "user", "customer": "customer"}[role.side] + ("s have" if holders > 1 else " has")
        raise DomainError(f"{holders} {whose} the role {role.name}. Give them another role first.")
    if Role.select().where(Role.side == role.side).count() == 1:
        raise DomainError(f"{role.name} is the last role for {role.side}s, and each of them needs one.")
    _check_change(role.side, frozenset(role.permissions), by)
    role.delete_instance()
    audit.record("role deleted", "role", role.id, by=by, name=role.name, permissions=_phrases(role.permissions))


def of_side(side: str) -> list[Role]:
    """The roles for staff, or those for customers, the oldest first."""
    return Role.fetch("side = ? ORDER BY id", (side,))


def count_holders(role: Role) -> int:
    """How many users or customers have the role, active or not."""
    model = User if role.side == "staff" else Customer
    return int(model.select().where(model.role == role).count())


def _of_side(side: str, permissions: Iterable[Permission]) -> frozenset[Permission]:
    """Only what makes sense on that side: a customer never manages users."""
    held = frozenset(permissions)
    strange = held - frozenset(SIDES[side])
    if strange:
        raise DomainError(f"Not for this kind of role: {_said(strange)}.", "permissions")
    return held


def _check_change(side: str, changed: frozenset[Permission], by: User) -> None:
    """Nobody gives or takes a permission that they do not have; no member of staff has those of customers."""
    missing = changed - by.role.permissions if side == "staff" else frozenset()
    if missing:
        raise DomainError(f"You cannot give or take what you may not do yourself: {_said(missing)}.", "permissions")


def _check_name(name: str, but: Role | None = None) -> None:
    """“owner” beside “Owner” would only confuse."""
    for other in Role.select():
        if fold(other.name) == fold(name) and (but is None or other.id != but.id):
            raise DomainError(TAKEN, "name")


def _phrases(permissions: Iterable[Permission]) -> list[str]:
    held = frozenset(permissions)
    return [p.value for p in Permission if p in held]


def _said(permissions: Iterable[Permission]) -> str:
    return ", ".join(_phrases(permissions)) or "none"
