"""Members of staff: nobody becomes more than the person who lets them, and an owner always stays."""

import pytest

from tests.business import BEGAN, hash_of
from tests.trail import acts, latest
from webapp.domain import staff
from webapp.domain.errors import Changed, DomainError
from webapp.models import Role, SignInSession, User
from webapp.permissions import Permission


def role(name: str) -> Role:
    return Role.get(Role.name == name)


@pytest.fixture
def keeper(cast: dict[str, User]) -> User:
    """Somebody who manages users and may do little else."""
    keys = Role.create(name="Keeper", permissions={Permission.MANAGE_USERS, Permission.ACCESS_BILLING_TAB})
    return staff.create_user(email="keeper@carnet.test", name="Kim Keeper", role=keys, password_hash="-", by=None)


def edit(user: User, by: User, **changes: object) -> User:
    values = {"email": user.email, "name": user.name, "role": user.role, "version": user.version} | changes
    return staff.edit_user(user, by=by, **values)  # type: ignore[arg-type]  # values of several kinds


def test_new(cast: dict[str, User]) -> None:
    user = staff.create_user(
        email=" Ana@Carnet.Test ", name=" Ana  Silva ", role=role("Front Desk"), password_hash="-", by=cast["owner"]
    )
    assert (user.email, user.name, user.active) == ("ana@carnet.test", "Ana Silva", True)
    assert latest() == ("user added", {"role": "Front Desk"})


def test_one_user_per_email(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="this email already") as refusal:
        staff.create_user(
            email="MANAGER@carnet.test", name="Ana", role=role("Manager"), password_hash="-", by=cast["owner"]
        )
    assert refusal.value.field == "email"
    with pytest.raises(DomainError, match="this email already"):
        edit(cast["frontdesk"], cast["owner"], email="manager@carnet.test")


def test_edit(cast: dict[str, User]) -> None:
    edited = edit(cast["frontdesk"], cast["owner"], name="Fay", role=role("Bookkeeper"))
    assert (edited.name, edited.role.name, edited.version) == ("Fay", "Bookkeeper", 1)
    changes = {"name": "changed", "role": ["Front Desk", "Bookkeeper"]}
    assert latest() == ("user edited", {"changes": changes})


def test_second_of_two_edits_is_told(cast: dict[str, User]) -> None:
    edit(cast["frontdesk"], cast["owner"], name="Fay")
    with pytest.raises(Changed, match=r"name is now “Fay”\."):
        edit(cast["frontdesk"], cast["owner"], name="Faye")
    assert User.get_by_id(cast["frontdesk"].id).name == "Fay"


def test_a_customers_role_is_not_for_staff(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="role for customers"):
        edit(cast["frontdesk"], cast["owner"], role=role("Customer"))


def test_nobody_hands_out_more_than_they_have(cast: dict[str, User], keeper: User) -> None:
    with pytest.raises(DomainError, match="you do not have: Add Invoice") as refusal:
        staff.create_user(email="a@b.test", name="Ana", role=role("Front Desk"), password_hash="-", by=keeper)
    assert refusal.value.field == "role"
    with pytest.raises(DomainError, match="you do not have"):
        edit(keeper, keeper, role=role("Owner"))


def test_nobody_takes_over_somebody_above(cast: dict[str, User], keeper: User) -> None:
    with pytest.raises(DomainError, match="Only somebody who has them"):
        edit(cast["owner"], keeper, email="mine@carnet.test")
    with pytest.raises(DomainError, match="Only somebody who has them"):
        staff.set_password(cast["owner"], "-", by=keeper)
    with pytest.raises(DomainError, match="Only somebody who has them"):
        staff.set_active(cast["owner"], False, by=keeper)


def test_last_active_owner_stays(cast: dict[str, User]) -> None:
    owner = cast["owner"]
    with pytest.raises(DomainError, match="Owner is the last active Owner") as refusal:
        edit(owner, owner, role=role("Manager"))
    assert refusal.value.field == "role"
    second = edit(cast["manager"], owner, role=role("Owner"))
    staff.set_active(second, False, by=owner)
    with pytest.raises(DomainError, match="last active"):
        edit(owner, owner, role=role("Manager"))
    staff.set_active(second, True, by=owner)
    assert edit(owner, owner, role=role("Manager")).role.name == "Manager"
    with pytest.raises(DomainError, match="last active"):
        staff.set_active(second, False, by=_other_owner_gone(second))


def _other_owner_gone(last: User) -> User:
    """Somebody with every permission who is not an owner by name."""
    everything = Role.create(name="Everything", permissions=frozenset(Permission))
    return staff.create_user(email="all@carnet.test", name="Al", role=everything, password_hash="-", by=None)


def test_nobody_locks_themselves_out(cast: dict[str, User]) -> None:
    edit(cast["manager"], cast["owner"], role=role("Owner"))
    with pytest.raises(DomainError, match="yourself"):
        staff.set_active(cast["owner"], False, by=cast["owner"])


def test_deactivating_ends_sessions(cast: dict[str, User]) -> None:
    user = staff.set_active(cast["frontdesk"], False, by=cast["owner"])
    assert not user.active
    assert not staff.sessions(user)
    assert latest() == ("user deactivated", {"changes": {"active": [True, False]}})
    assert len(staff.sessions(cast["manager"])) == 1
    assert staff.set_active(user, True, by=cast["owner"]).active
    assert latest() == ("user activated", {"changes": {"active": [False, True]}})


def test_nothing_happens_when_it_is_so_already(cast: dict[str, User]) -> None:
    staff.set_active(cast["frontdesk"], True, by=cast["owner"])
    assert acts() == ["business set up"]


def test_new_password_ends_all_sessions(cast: dict[str, User]) -> None:
    staff.set_password(cast["frontdesk"], "new", by=cast["owner"])
    assert not staff.sessions(cast["frontdesk"])
    assert User.get_by_id(cast["frontdesk"].id).password_hash == "new"
    assert latest() == ("password changed", {})


def test_ending_all_sessions_but_one(cast: dict[str, User]) -> None:
    me = cast["frontdesk"]
    SignInSession.create(token_hash=hash_of("here"), user=me, created_at=BEGAN, seen_at=BEGAN)
    assert staff.end_sessions(me, but=hash_of("here")) == 1
    assert [session.token_hash for session in staff.sessions(me)] == [hash_of("here")]
    assert len(staff.sessions(cast["manager"])) == 1


def test_ending_one_session_is_ones_own_only(cast: dict[str, User]) -> None:
    staff.end_session(cast["frontdesk"], staff.sessions(cast["manager"])[0].token_hash)
    assert len(staff.sessions(cast["manager"])) == 1
    staff.end_session(cast["manager"], staff.sessions(cast["manager"])[0].token_hash)
    assert not staff.sessions(cast["manager"])


def test_rename_self(cast: dict[str, User]) -> None:
    assert staff.rename_self(cast["bookkeeper"], "Bo").name == "Bo"
    assert latest() == ("user edited", {"changes": {"name": "changed"}})
    with pytest.raises(DomainError, match="Type a name"):
        staff.rename_self(cast["bookkeeper"], "  ")
