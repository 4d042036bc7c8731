"""Groups: who is in them, who owns them."""

from typing import Any

import pytest

from tests import factories as make
from tests.trail import latest
from webapp.domain import groups
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.models import Customer, Group, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def people(desk: User) -> list[Customer]:
    return [make.somebody(name) for name in ("Ann", "Bea", "Cal")]


@pytest.fixture
def family(desk: User, people: list[Customer]) -> Group:
    return groups.create_group(name="Family", members=people[:2], owner=people[0], by=desk)


def facts(members: list[Customer], **changes: Any) -> dict[str, Any]:
    return {"name": "Family", "members": members, "owner": members[0], "note": "", "active": True, **changes}


def names(group: Group) -> list[str]:
    return [member.name for member in groups.members_of(group)]


def test_new(family: Group, people: list[Customer]) -> None:
    assert names(family) == ["Ann", "Bea"]
    assert Group.get_by_id(family.id).owner == people[0]
    assert latest() == (
        "group added",
        {"active": True, "members": [people[0].id, people[1].id], "owner": people[0].id},
    )


def test_without_members_or_owner(desk: User) -> None:
    empty = groups.create_group(name="Empty", by=desk)
    assert names(empty) == []
    assert groups.group_page("", "active", "").rows[0].members == 0


@pytest.mark.parametrize("name", ["", "\u200b"])
def test_a_name_can_be_seen(desk: User, name: str) -> None:
    with pytest.raises(DomainError, match="Type a name"):
        groups.create_group(name=name, by=desk)


def test_one_group_per_name(desk: User, family: Group) -> None:
    with pytest.raises(DomainError, match="this name already") as refusal:
        groups.create_group(name=" Family ", by=desk)
    assert refusal.value.field == "name"
    other = groups.create_group(name="Other", by=desk)
    with pytest.raises(DomainError, match="this name already"):
        groups.edit_group(other, **facts([make.somebody("Dan")]), version=0, by=desk)
    assert Group.get_by_id(other.id).name == "Other"
    assert names(other) == []


def test_edit(desk: User, family: Group, people: list[Customer]) -> None:
    later = facts(people[1:], name="Friends", note="Mondays", active=False)
    groups.edit_group(family, **later, version=0, by=desk)
    kept = Group.get_by_id(family.id)
    assert (kept.name, kept.owner, kept.note, kept.active, kept.version) == (
        "Friends",
        people[1],
        "Mondays",
        False,
        1,
    )
    assert names(family) == ["Bea", "Cal"]
    assert latest()[1]["changes"] == {
        "name": ["Family", "Friends"],
        "owner": [people[0].id, people[1].id],
        "note": "changed",
        "active": [True, False],
        "members": [[people[0].id, people[1].id], [people[1].id, people[2].id]],
    }
    assert [it.name for it in groups.offered_groups("friends")] == []


def test_the_second_of_two_edits_is_told(desk: User, family: Group, people: list[Customer]) -> None:
    groups.edit_group(family, **facts(people), version=0, by=desk)
    with pytest.raises(Changed, match="members is now “Ann, Bea, Cal”"):
        groups.edit_group(family, **facts(people[:2]), version=0, by=desk)
    assert names(family) == ["Ann", "Bea", "Cal"]


def test_members_added_meanwhile_are_not_lost(desk: User, family: Group, people: list[Customer]) -> None:
    groups.add_members(family, [people[2]], by=desk)
    with pytest.raises(Changed):
        groups.edit_group(family, **facts(people[:2]), version=0, by=desk)
    groups.remove_member(family, people[0], by=desk)
    with pytest.raises(Changed):
        groups.edit_group(family, **facts(people), version=1, by=desk)
    assert names(family) == ["Bea", "Cal"]


def test_adding_counts_only_who_is_new(desk: User, family: Group, people: list[Customer]) -> None:
    assert groups.add_members(family, people, by=desk) == 1
    assert groups.add_members(family, people, by=desk) == 0
    assert names(family) == ["Ann", "Bea", "Cal"]
    with pytest.raises(DomainError, match="at least one") as refusal:
        groups.add_members(family, [], by=desk)
    assert refusal.value.field == "members"


def test_taking_out(desk: User, family: Group, people: list[Customer]) -> None:
    groups.remove_member(family, people[0], by=desk)
    assert names(family) == ["Bea"]
    assert latest() == ("group edited", {"changes": {"members": [[people[0].id, people[1].id], [people[1].id]]}})
    with pytest.raises(NotFound):
        groups.remove_member(family, people[0], by=desk)


def test_the_list_and_what_is_offered(desk: User, family: Group, people: list[Customer]) -> None:
    groups.create_group(name="Zebras", members=people, by=desk, active=False)
    rows = groups.group_page("", "all", "").rows
    assert [(row.name, row.members, row.owner, bool(row.active)) for row in rows] == [
        ("Family", 2, "Ann", True),
        ("Zebras", 3, None, False),
    ]
    assert str(groups.group_total("zeb", "inactive")) == "1"
    assert [(it.name, it.members) for it in groups.offered_groups("")] == [("Family", 2)]


def test_members_are_marked(desk: User, family: Group) -> None:
    Customer.update(active=False).where(Customer.name == "Ann").execute()
    assert [(member.name, bool(member.active)) for member in groups.members_of(family)] == [
        ("Ann", False),
        ("Bea", True),
    ]
