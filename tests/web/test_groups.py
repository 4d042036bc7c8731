"""The screens of groups: the list, the record with its members, the forms and the type-ahead."""

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.naughty import strings
from tests.web.acting import give_only
from tests.web.billing import words
from tests.web.conflicts import versions
from webapp.domain import customers, groups, search
from webapp.models import Customer, Group, GroupMember, Item, Membership, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
MODAL = "dialog#modal"


def payload(*members: Customer, **changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "name": "Monday class",
        "members": [str(member.id) for member in members],
        "members_text": "",
        "owner": "",
        "owner_text": "",
        "note": "Room 2",
        "active": "y",
        "version": "0",
    }
    return {name: value for name, value in (usual | changes).items() if value != "absent"}


@pytest.fixture
def people(cast: dict[str, User]) -> list[Customer]:
    role = Role.get(Role.name == "Customer")
    return [customers.create_customer(name=name, role=role, by=None) for name in ("Ann", "Bea", "Cal")]


@pytest.fixture
def monday(people: list[Customer]) -> Group:
    return groups.create_group(name="Monday class", members=people[:2], owner=people[0], by=None, note="Room 2")


def names(group: Group) -> list[str]:
    return [member.name for member in groups.members_of(group)]


def listed(text: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'class="lead"><a[^>]*><bdi>(.*?)</bdi>', text)]


def test_an_empty_list_says_what_to_do(owner: Client, bookkeeper: Client) -> None:
    assert 'href="/groups/new"' in owner.get("/groups").text
    page = bookkeeper.get("/groups").text
    assert "No groups yet" in page
    assert "/groups/new" not in page


def test_the_list(bookkeeper: Client, monday: Group) -> None:
    groups.create_group(name="Old class", by=None, active=False)
    page = bookkeeper.get("/groups")
    assert listed(page.text) == ["Monday class"]
    assert f"/customers/{monday.owner_id}" in page.text
    assert listed(bookkeeper.get("/groups?status=all").text) == ["Monday class", "Old class"]
    assert listed(bookkeeper.get("/groups?q=old&status=inactive").text) == ["Old class"]
    assert "No group like that" in bookkeeper.get("/groups?q=zzz").text
    region = bookkeeper.get("/groups", htmx="div#groups-table").text
    assert region.lstrip().startswith('<div id="groups-table"')
    assert "<html" not in region


def many(count: int, member: Customer) -> None:
    for number in range(count):
        group = Group.create(name=f"Group {number:03}", sort_name=f"group {number:03}", created_at=member.created_at)
        GroupMember.create(group=group, customer=member)
        search.index("group", group.id, group.name)


def test_pages_and_a_constant_number_of_queries(owner: Client, people: list[Customer], queries: Queries) -> None:
    many(1, people[0])
    owner.get("/groups")
    with queries() as before:
        owner.get("/groups")
    Group.update(name="Zed", sort_name="zed").execute()
    many(60, people[0])
    with queries() as after:
        page = owner.get("/groups").text
    assert len(after) == len(before) <= 8
    assert len(listed(page)) == 50
    following = re.search(r'id="groups-table-next" href="(.*?)"', page)
    assert following
    assert listed(owner.get(html.unescape(following[1])).text)[-1] == "Zed"


@pytest.mark.sqlite_only
def test_the_list_walks_its_index(
    business: peewee.Database, owner: Client, people: list[Customer], queries: Queries
) -> None:
    many(60, people[0])
    business.execute_sql("ANALYZE")
    for address in ("/groups", "/groups/options"):
        with queries() as asked:
            owner.get(address)
        [text] = [text for text in asked if "ORDER BY" in text]
        plan = [row[3] for row in business.execute_sql("EXPLAIN QUERY PLAN " + text.replace("LIMIT ?", "LIMIT 51"))]
        assert any("customer_group_sort" in step for step in plan), plan
        assert not any("TEMP B-TREE" in step or step.startswith("SCAN customer ") for step in plan), plan


def test_options(frontdesk: Client, monday: Group) -> None:
    groups.create_group(name="Old class", by=None, active=False)
    answer = frontdesk.get("/groups/options?q=cla").text
    assert re.findall(r'data-text="(.*?)"', answer) == ["Monday class"]
    assert "2 members" in answer
    assert "No active group like that" in frontdesk.get("/groups/options?q=zzz").text


def test_the_record(bookkeeper: Client, owner: Client, monday: Group, people: list[Customer]) -> None:
    Customer.update(active=False).where(Customer.id == people[1].id).execute()
    page = bookkeeper.get(f"/groups/{monday.id}").text
    assert listed(page) == ["Ann", "Bea"]
    assert "2 in the group, 1 active" in page
    assert "Room 2" in page
    assert "Take out" not in page
    assert "/edit" not in page
    page = owner.get(f"/groups/{monday.id}").text
    assert page.count("/removal") == 4
    assert f"/groups/{monday.id}/members/new" in page


def joined(people: list[Customer], cast: dict[str, User]) -> list[Membership]:
    """Ann and Bea have ten lessons, Ann a second packet of them that ends sooner, and flies as well."""
    ann, bea, _ = people
    by, day = cast["owner"], datetime.now(UTC).date()
    piano, ppl = make.piano(), make.ppl()
    sooner = make.package("Summer", (Item.get(Item.name == "Lesson"), "5", "@40"), validity="days", validity_count=30)
    return [make.add(who, what, by=by, on=day) for who, what in ((ann, piano), (ann, sooner), (ann, ppl), (bea, piano))]


def test_the_record_says_what_each_member_has_left(
    frontdesk: Client, bookkeeper: Client, monday: Group, people: list[Customer], cast: dict[str, User]
) -> None:
    """From the class to what was used in it, in one step: ticked is what one of each would be used of."""
    lessons, summer, ppl, beas = joined(people, cast)
    groups.add_members(monday, [people[2]], by=cast["owner"])
    page = frontdesk.get(f"/groups/{monday.id}")
    assert "Bea PIANO Active unbilled Lesson 0 of 10 none" in words(page)
    assert "Cal in no package now" in words(page)
    boxes = re.findall(r'<input type="checkbox" name="membership"[^>]*value="(\d+)\.\d+"[^>]*?( checked)?>', page.text)
    assert [int(id_) for id_, _ in boxes] == [summer.id, lessons.id, ppl.id, beas.id]
    assert [int(id_) for id_, checked in boxes if checked] == [summer.id, ppl.id, beas.id], "a lesson of Ann's once"
    assert 'form="group-acts"' in page.text
    assert 'action="/billing/packages/uses"' in page.text
    assert 'formaction="/billing/packages/bills"' in page.text
    region = frontdesk.get(f"/groups/{monday.id}", htmx="section#group-members").text
    assert region.count(" checked>") == 3, "a script keeps what was ticked in it; who is new is ticked too"
    page = bookkeeper.get(f"/groups/{monday.id}")
    assert "Lesson 0 of 10" in words(page)
    assert "/billing/packages/" not in page.text
    give_only(Permission.MANAGE_CUSTOMERS)
    assert "PIANO" not in bookkeeper.get(f"/groups/{monday.id}").text


def test_the_record_asks_as_often_for_many_members(
    owner: Client, monday: Group, people: list[Customer], cast: dict[str, User], queries: Queries
) -> None:
    piano, by = make.piano(), cast["owner"]
    make.add(people[0], piano, by=by)
    owner.get(f"/groups/{monday.id}")
    with queries() as before:
        owner.get(f"/groups/{monday.id}")
    role = Role.get(Role.name == "Customer")
    more = [customers.create_customer(name=f"Pupil {n}", role=role, by=None) for n in range(12)]
    groups.add_members(monday, more, by=by)
    for pupil in more:
        make.add(pupil, piano, by=by)
    with queries() as after:
        assert owner.get(f"/groups/{monday.id}").text.count(" in PIANO") == 13
    assert len(after) == len(before)


def test_a_record_without_members(owner: Client, bookkeeper: Client) -> None:
    empty = groups.create_group(name="Empty", by=None)
    assert "Nobody is in this group yet" in owner.get(f"/groups/{empty.id}").text
    assert "Nobody is in this group yet" in bookkeeper.get(f"/groups/{empty.id}").text


def test_htmx_gets_the_members_with_the_new_heading(owner: Client, monday: Group) -> None:
    region = owner.get(f"/groups/{monday.id}", htmx="section#group-members").text
    assert region.lstrip().startswith('<section id="group-members"')
    assert '<hx-partial hx-target="#group-heading"' in region


def test_new(frontdesk: Client, people: list[Customer]) -> None:
    assert frontdesk.get("/groups/new").status_code == 200
    answer = frontdesk.post("/groups/new", data=payload(*people[:2], owner=str(people[2].id), owner_text="Cal"))
    group = Group.get()
    assert (answer.status_code, answer.location) == (303, f"/groups/{group.id}")
    assert names(group) == ["Ann", "Bea"]
    assert (group.owner, group.note) == (people[2], "Room 2")
    answer = frontdesk.post("/groups/new", data=payload(name="Other"), htmx=MODAL)
    assert answer.headers["HX-Redirect"].startswith("/groups/")


def test_without_javascript_what_is_typed_is_looked_for(owner: Client, people: list[Customer]) -> None:
    answer = owner.post("/groups/new", data=payload(members_text="be", owner_text="an"))
    assert answer.status_code == 422
    assert "Choose from those found" in answer.text
    assert f'name="members" value="{people[1].id}"' in answer.text
    assert f'type="radio" name="owner" value="{people[0].id}"' in answer.text
    ticked = payload(people[1], owner=[str(people[0].id), ""], owner_text="an")
    assert owner.post("/groups/new", data=ticked).status_code == 303
    assert names(Group.get()) == ["Bea"]
    assert Group.get().owner == people[0]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"name": ""}, "Type a name."),
        ({"name": "\u200b"}, "Type a name."),
        ({"name": "x" * 121}, "At most 120 characters."),
        ({"members": ["999999"]}, "do not exist any more"),
        ({"members": ["x", "-1", "9" * 40]}, "do not exist any more"),
        ({"members_text": "zzz"}, "Nothing found for “zzz”."),
        ({"owner": "999999", "owner_text": "Ann"}, "Choose one"),
        ({"owner_text": "zzz"}, "Nothing found for “zzz”."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    owner: Client, people: list[Customer], change: dict[str, object], sentence: str
) -> None:
    Customer.update(name="Anna").where(Customer.name == "Ann").execute()
    for htmx in (None, MODAL):
        answer = owner.post("/groups/new", data=payload(people[1], **change), htmx=htmx)
        assert answer.status_code == 422
        assert sentence in html.unescape(answer.text)
        assert "Room 2" in answer.text
    assert Group.select().count() == 0


def test_one_group_per_name(owner: Client, monday: Group) -> None:
    answer = owner.post("/groups/new", data=payload())
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert "There is a group of this name already." in answer.text


def test_edit(owner: Client, monday: Group, people: list[Customer]) -> None:
    form = owner.get(f"/groups/{monday.id}/edit").text
    assert form.count('name="members" value="') == 3, "two who are in it, and the mould for more"
    answer = owner.post(
        f"/groups/{monday.id}/edit",
        data=payload(*people[1:], name="Tuesday class", active="absent"),
        htmx=MODAL,
    )
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "groups-changed")
    assert "Tuesday class was saved." in answer.text
    kept = Group.get_by_id(monday.id)
    assert (kept.name, kept.owner, kept.active) == ("Tuesday class", None, False)
    assert names(monday) == ["Bea", "Cal"]
    assert owner.post(f"/groups/{monday.id}/edit", data=payload(version="1")).location == f"/groups/{monday.id}"


def test_the_second_of_two_edits_sees_what_changed(owner: Client, monday: Group, people: list[Customer]) -> None:
    groups.add_members(monday, [people[2]], by=User.get())
    typed = payload(*people[:2], owner=str(people[0].id), owner_text="Ann", note="Typed meanwhile")
    answer = owner.post(f"/groups/{monday.id}/edit", data=typed)
    assert versions(answer)["Members"] == ("Ann, Bea, Cal", "Ann, Bea")
    assert "Typed meanwhile" in answer.text
    assert names(monday) == ["Ann", "Bea", "Cal"]
    assert owner.post(f"/groups/{monday.id}/edit", data=typed | {"version": "1"}).status_code == 303
    assert names(monday) == ["Ann", "Bea"]


def test_adding_members(owner: Client, monday: Group, people: list[Customer]) -> None:
    address = f"/groups/{monday.id}/members/new"
    assert owner.get(address).status_code == 200
    assert "at least one customer" in owner.post(address, data={"members_text": ""}, htmx=MODAL).text
    assert owner.post(address, data={}).status_code == 422
    answer = owner.post(address, data={"members": [str(people[2].id)]}, htmx=MODAL)
    assert answer.headers["HX-Trigger"] == "groups-changed"
    assert "1 added to Monday class." in answer.text
    assert names(monday) == ["Ann", "Bea", "Cal"]
    assert owner.post(address, data={"members": [str(people[2].id)]}).location == f"/groups/{monday.id}"


def test_taking_out(owner: Client, monday: Group, people: list[Customer]) -> None:
    address = f"/groups/{monday.id}/members/{people[0].id}/removal"
    answer = owner.post(address, htmx=MODAL)
    assert answer.headers["HX-Trigger"] == "groups-changed"
    assert "Ann is not in Monday class any more." in answer.text
    assert names(monday) == ["Bea"]
    assert owner.post(address).status_code == 404
    assert owner.post(f"/groups/{monday.id}/members/{people[1].id}/removal").location == f"/groups/{monday.id}"


def test_hostile_names(owner: Client, people: list[Customer]) -> None:
    for text in strings()[::3]:
        typed = text.encode("utf-8", "replace").decode()
        assert owner.post("/groups/new", data=payload(name=typed, note=typed)).status_code in (303, 422)
    assert Group.select().count() > 100
    assert "<script>alert" not in owner.get("/groups?status=all").text
    for group in list(Group.select())[::5]:
        assert owner.get(f"/groups/{group.id}").status_code == 200


def only(*permissions: Permission) -> None:
    """Let the bookkeeper hold these permissions and no other."""
    Role.update(permissions=frozenset(permissions)).where(Role.name == "Bookkeeper").execute()


def test_who_may(bookkeeper: Client, visitor: Client, monday: Group, people: list[Customer]) -> None:
    reads = ["/groups", "/groups/options", f"/groups/{monday.id}"]
    forms = ["/groups/new", f"/groups/{monday.id}/edit", f"/groups/{monday.id}/members/new"]
    removal = f"/groups/{monday.id}/members/{people[0].id}/removal"
    for permission in (Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE):
        only(permission)
        assert {bookkeeper.get(address).status_code for address in reads} == {200}
    only(*set(Permission) - {Permission.MANAGE_CUSTOMERS})
    assert {bookkeeper.get(address).status_code for address in forms} == {403}
    assert {bookkeeper.post(address, data=payload()).status_code for address in [*forms, removal]} == {403}
    only(Permission.VIEW_REPORTS)
    assert {bookkeeper.get(address).status_code for address in reads} == {403}
    assert all("/sign-in" in (visitor.get(address).location or "") for address in reads + forms)
    assert names(monday) == ["Ann", "Bea"]


def test_unknown_records_and_other_verbs(owner: Client, monday: Group) -> None:
    for address in ("/groups/999", "/groups/999/edit", "/groups/999/members/new", f"/groups/{2**63}"):
        assert owner.get(address).status_code == 404
    assert owner.post("/groups/999/edit", data=payload()).status_code == 404
    assert owner.post(f"/groups/{monday.id}/members/999/removal").status_code == 404
    assert owner.post("/groups/999/members/1/removal").status_code == 404
    assert owner.get(f"/groups/{monday.id}/members/1/removal").status_code == 405
    for address in ("/groups", "/groups/options", f"/groups/{monday.id}"):
        assert owner.post(address).status_code == 405
