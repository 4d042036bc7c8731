"""Roles: what is in them, who may change that, and when one may go."""

import pytest

from tests.trail import latest
from webapp.domain import roles
from webapp.domain.errors import Changed, DomainError
from webapp.models import Role, User
from webapp.permissions import STAFF_PERMISSIONS, Permission


def role(name: str) -> Role:
    return Role.get(Role.name == name)


def limited(user: User, *permissions: Permission) -> User:
    """The user as if holding these permissions only."""
    user.role = Role.create(name="Limited", permissions=frozenset(permissions))
    user.save()
    return user


def test_new_and_its_audit(cast: dict[str, User]) -> None:
    made = roles.create_role(name="Instructor", side="staff", permissions=[Permission.ADD_INVOICE], by=cast["owner"])
    assert Role.get_by_id(made.id).permissions == {Permission.ADD_INVOICE}
    act, detail = latest()
    assert (act, detail["permissions"]) == ("role added", ["Add Invoice"])


@pytest.mark.parametrize("name", ["Owner", " owner ", "FRONT DESK"])
def test_one_role_per_name(cast: dict[str, User], name: str) -> None:
    with pytest.raises(DomainError, match="this name already") as refusal:
        roles.create_role(name=name, side="staff", permissions=[], by=cast["owner"])
    assert refusal.value.field == "name"


def test_each_side_has_its_permissions(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="Manage Users"):
        roles.create_role(name="Club", side="customer", permissions=[Permission.MANAGE_USERS], by=cast["owner"])
    with pytest.raises(DomainError, match="View Own Balance"):
        roles.create_role(name="Club", side="staff", permissions=[Permission.VIEW_OWN_BALANCE], by=cast["owner"])


def test_edit_holds_at_once(cast: dict[str, User]) -> None:
    desk = role("Front Desk")
    held = desk.permissions | {Permission.MANAGE_CATALOGUE}
    roles.edit_role(desk, name="Reception", permissions=held, version=0, by=cast["owner"])
    assert User.get_by_id(cast["frontdesk"].id).may(Permission.MANAGE_CATALOGUE)
    changes = latest()[1]["changes"]
    assert changes["name"] == ["Front Desk", "Reception"]
    assert "Manage Catalogue" in changes["permissions"][1]
    assert "Manage Catalogue" not in changes["permissions"][0]


def test_second_of_two_edits_is_told(cast: dict[str, User]) -> None:
    desk = role("Front Desk")
    roles.edit_role(desk, name="Reception", permissions=desk.permissions, version=0, by=cast["owner"])
    with pytest.raises(Changed, match="name is now “Reception”"):
        roles.edit_role(desk, name="Desk", permissions=[], version=0, by=cast["owner"])


def test_owner_keeps_everything(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="always has every permission"):
        roles.edit_role(role("Owner"), name="Owner", permissions=[], version=0, by=cast["owner"])
    with pytest.raises(DomainError, match="always stays"):
        roles.delete_role(role("Owner"), by=cast["owner"])
    assert role("Owner").permissions == set(STAFF_PERMISSIONS)


def test_nobody_gives_or_takes_what_they_lack(cast: dict[str, User]) -> None:
    by = limited(cast["manager"], Permission.MANAGE_USERS, Permission.ADD_INVOICE)
    with pytest.raises(DomainError, match="Manage Settings") as refusal:
        roles.create_role(name="Boss", side="staff", permissions=[Permission.MANAGE_SETTINGS], by=by)
    assert refusal.value.field == "permissions"
    books = role("Bookkeeper")
    with pytest.raises(DomainError, match="View Reports"):
        roles.edit_role(books, name="Books", permissions=[Permission.ACCESS_BILLING_TAB], version=0, by=by)
    more = books.permissions | {Permission.ADD_INVOICE}
    assert roles.edit_role(books, name="Books", permissions=more, version=0, by=by).permissions == more


def test_roles_of_customers_are_for_whoever_manages_roles(cast: dict[str, User]) -> None:
    by = limited(cast["manager"], Permission.MANAGE_USERS)
    cash = role("Cash Only")
    edited = roles.edit_role(cash, name=cash.name, permissions=[Permission.VIEW_OWN_BALANCE], version=0, by=by)
    assert edited.permissions == {Permission.VIEW_OWN_BALANCE}


def test_role_in_use_stays(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="1 user has the role Bookkeeper"):
        roles.delete_role(role("Bookkeeper"), by=cast["owner"])
    User.update(role=role("Manager")).where(User.id == cast["bookkeeper"].id).execute()
    roles.delete_role(role("Bookkeeper"), by=cast["owner"])
    assert Role.get_or_none(Role.name == "Bookkeeper") is None
    assert latest()[0] == "role deleted"


def test_last_role_for_customers_stays(cast: dict[str, User]) -> None:
    roles.delete_role(role("Cash Only"), by=cast["owner"])
    with pytest.raises(DomainError, match="last role for customers"):
        roles.delete_role(role("Customer"), by=cast["owner"])
