"""Billing → Packages: the list of customers who have been added to packages, its filters, export and row menu."""

import csv
import html
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.crowd import crowd
from tests.naughty import strings
from webapp.db import db
from webapp.domain import memberships, search
from webapp.models import Customer, Item, Membership, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
MENU = "div#menu"
REGION = "div#memberships-table"
LIST = "/billing/packages"


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(desk: User, once: Once) -> Membership:
    return once(make_emma, desk)


def make_emma(desk: User) -> Membership:
    """Emma Jones, active in PIANO with 45.00 in its funds, after one lesson of ten."""
    emma, piano = make.somebody(), make.piano()
    for record, kind in ((emma, "customer"), (piano, "package")):
        search.index(kind, record.id, record.name)
    make.pay(make.save(emma, (piano, "90"), by=desk), by=desk)
    make.settle(make.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=desk), by=desk)
    return make.bought(emma)


def listed(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    return [html.unescape(name) for name in re.findall(r'class="lead"><a[^>]*><bdi>(.*?)</bdi>', response.text)]


def link(page: TestResponse, name: str) -> str:
    """Where a link with that id leads, or nothing."""
    found = re.search(rf'id="{name}" href="(.*?)"|href="([^"]*?)" id="{name}"', page.text)
    return html.unescape(found[1] or found[2]) if found else ""


def only(name: str, *permissions: Permission) -> None:
    """Leave a member of the cast with these permissions alone."""
    role = User.get(User.email.startswith(name)).role
    Role.update(permissions=frozenset(permissions)).where(Role.id == role.id).execute()


# The list


def test_an_empty_list_says_what_to_do(owner: Client, bookkeeper: Client) -> None:
    assert f'href="{LIST}/new"' in owner.get(LIST).text
    page = bookkeeper.get(LIST).text
    assert "Nobody is in a package yet" in page
    assert "Add to Package" not in page


def test_the_list(frontdesk: Client, emma: Membership) -> None:
    page = frontdesk.get(LIST)
    assert listed(page) == ["Emma Jones"]
    for text in (
        "<h1>Billing</h1>",
        "PIANO",
        "Active",
        "1 Jun 2026",
        "Lesson",
        "1 of 10",
        "45.00",
        "1 membership · active",
    ):
        assert text in page.text
    assert f'href="/billing/memberships/{emma.id}"' in page.text
    assert f'hx-get="/billing/memberships/{emma.id}/actions"' in page.text
    assert 'aria-current="page">Packages</a>' in page.text


@pytest.mark.parametrize(
    "name, acts",
    [
        ("manager", ["Use one", "Bill", "Remove from Package"]),
        ("frontdesk", ["Use one", "Bill"]),
        ("bookkeeper", []),
    ],
)
def test_only_who_may_do_something_with_them_gets_ticks(
    request: pytest.FixtureRequest, emma: Membership, name: str, acts: list[str]
) -> None:
    page = request.getfixturevalue(name).get(LIST).text
    assert (f'value="{emma.id}.{emma.version}"' in page) == bool(acts)
    assert re.findall(r"<button[^>]*>(?:<svg.*?</svg>)?([^<]*)</button>", page.partition('class="bulk"')[2])[:3] == acts


def test_the_permission_that_opens_it(bookkeeper: Client, emma: Membership) -> None:
    assert bookkeeper.get(LIST).status_code == 200
    only("bookkeeper", *(p for p in Permission if p is not Permission.ACCESS_BILLING_TAB))
    for address in (
        LIST,
        f"{LIST}/export",
        f"/billing/memberships/{emma.id}",
        f"/billing/memberships/{emma.id}/actions",
    ):
        assert bookkeeper.get(address).status_code == 403


def test_inactive_ones_come_last_and_cannot_be_ticked(owner: Client, emma: Membership) -> None:
    make.add(make.somebody("Zoë"), emma.package, by=User.get())
    page = owner.get(LIST)
    assert listed(page) == ["Emma Jones", "Zoë"]
    Membership.update(state="inactive", reason="removed", inactive_on=make.DAY).where(
        Membership.id == emma.id
    ).execute()
    page = owner.get(LIST)
    assert listed(page) == ["Zoë", "Emma Jones"]
    assert "Removed" in page.text
    assert f'value="{emma.id}.' not in page.text


@pytest.mark.parametrize("reason, word", [("completed", "Completed"), ("expired", "Expired"), ("voided", "Voided")])
def test_every_status_has_its_word(owner: Client, emma: Membership, reason: str, word: str) -> None:
    Membership.update(state="inactive", reason=reason, inactive_on=make.DAY).where(Membership.id == emma.id).execute()
    assert re.search(rf'class="badge idle">.*?</svg>{word}</span>', owner.get(LIST).text)
    assert listed(owner.get(f"{LIST}?status={reason}")) == ["Emma Jones"]
    assert listed(owner.get(f"{LIST}?status=active")) == []


@pytest.mark.parametrize("days, words", [(0, "today"), (1, "1 day left"), (14, "14 days left"), (15, "")])
def test_it_warns_of_a_last_day_that_is_near(owner: Client, desk: User, days: int, words: str) -> None:
    with time_machine.travel(make.DAY, tick=False):
        make.add(make.somebody(), make.piano(validity="date", last_day=date(2026, 6, 1 + days)), by=desk)
        page = owner.get(LIST).text
    found = re.search(r'<small class="warn-text">(.*?)</small>', page)
    assert (found[1] if found else "") == words


def test_one_whose_last_day_is_past_is_expired_without_anybody_doing_it(owner: Client, desk: User) -> None:
    with time_machine.travel(make.DAY, tick=False):
        make.add(make.somebody(), make.piano(validity="date", last_day=date(2026, 6, 30)), by=desk)
        assert listed(owner.get(f"{LIST}?status=active")) == ["Emma Jones"]
    with time_machine.travel(date(2026, 7, 1), tick=False):
        assert listed(owner.get(f"{LIST}?status=expired")) == ["Emma Jones"]


def test_each_view_has_its_address(owner: Client, emma: Membership, desk: User) -> None:
    tom = make.somebody("Tom Gone")
    choir = make.group("Choir", tom)
    trio = make.trio()
    memberships.start(tom, trio, start_on=date(2025, 1, 1), by=desk, group=choir)
    assert listed(owner.get(f"{LIST}?q=jon+pia")) == ["Emma Jones"]
    assert listed(owner.get(f"{LIST}?package={trio.id}")) == ["Tom Gone"]
    assert listed(owner.get(f"{LIST}?group={choir.id}")) == ["Tom Gone"]
    assert listed(owner.get(f"{LIST}?sort=start")) == ["Tom Gone", "Emma Jones"]
    assert listed(owner.get(f"{LIST}?sort=-customer&package={emma.package_id}")) == ["Emma Jones"]
    nobody = owner.get(f"{LIST}?q=zzz")
    assert "Nobody like that is in a package" in nobody.text
    page = owner.get(f"{LIST}?q=emma&status=active&package={emma.package_id}&sort=end")
    for mark in (
        'value="emma"',
        '<option value="active" selected>',
        f'value="{emma.package_id}" selected',
        'value="end" selected',
    ):
        assert mark in page.text
    assert 'aria-sort="ascending"' in page.text
    assert link(page, "sort-last-day") == f"{LIST}?q=emma&status=active&package={emma.package_id}&sort=-end"
    assert link(page, "export") == f"{LIST}/export?q=emma&status=active&package={emma.package_id}&sort=end"


def test_htmx_gets_the_region_alone(owner: Client, emma: Membership) -> None:
    region = owner.get(f"{LIST}?q=&sort=-start", htmx=REGION).text
    assert region.lstrip().startswith(f'<div id="memberships-table" hx-get="{LIST}?sort=-start"')
    assert 'hx-trigger="memberships-changed from:body"' in region
    assert "<html" not in region
    assert '<option value="-start" selected>' in region


def test_pages_of_fifty_forwards_and_back(owner: Client) -> None:
    crowd(120)
    first = owner.get(f"{LIST}?sort=customer")
    assert len(listed(first)) == 50
    assert "120 memberships" in first.text
    second = owner.get(link(first, "memberships-table-next"))
    third = owner.get(link(second, "memberships-table-next"))
    assert len(listed(third)) == 20
    assert link(third, "memberships-table-next") == ""
    names = listed(first) + listed(second) + listed(third)
    assert len(set(names)) == 120
    assert listed(owner.get(link(third, "memberships-table-previous"))) == listed(second)
    assert "sort=customer" in link(third, "memberships-table-previous")


def test_addresses_that_nobody_would_type(owner: Client, emma: Membership) -> None:
    odd = (
        "q=%00",
        "q=%ff",
        "q=" + "a" * 5000,
        "sort=x",
        "status=x",
        "cursor=x",
        "cursor=%00",
        "package=-1",
        "package=%D9%A1",
    )
    for query in (*odd, "package=" + "9" * 40, "group=x", "_external=1&endpoint=x"):
        assert owner.get(f"{LIST}?{query}").status_code == 200
    assert listed(owner.get(f"{LIST}?sort=x&status=x&cursor=x&package=x")) == ["Emma Jones"]


def test_as_many_queries_for_many_as_for_few(owner: Client, emma: Membership, queries: Queries) -> None:
    addresses = (LIST, f"{LIST}?status=active&package={emma.package_id}&sort=-end", f"{LIST}?sort=start")
    owner.get(LIST)
    with queries() as nothing:
        owner.get("/customers/options?q=zzz")
    about_who_and_where = 3  # the session, the company, whether a last day is past
    assert len(nothing) == about_who_and_where + 1
    before = {}
    for address in addresses:
        with queries() as asked:
            owner.get(address)
        before[address] = asked
        assert len(asked) <= about_who_and_where + 5, asked
    crowd(150)
    for address in addresses:
        with queries() as asked:
            owner.get(address)
        assert asked == before[address]
    with queries() as searching:
        owner.get(f"{LIST}?q=ada+course")
    assert len(searching) <= about_who_and_where + 6


def test_hostile_names(owner: Client, desk: User) -> None:
    """The linted client reads each page."""
    kept = {" ".join(name.replace("\0", "").encode("utf-8", "ignore").decode().split()) for name in strings()}
    names = sorted(name for name in kept if any(c.isprintable() and not c.isspace() for c in name))
    with db.atomic():
        for name in names:
            package = make.package(name, (make.item(name, "1", unit=name[:20]), "1", "@1"))
            make.add(make.somebody(name), package, by=desk)
    seen, address = [], f"{LIST}?sort=customer"
    while address:
        page = owner.get(address)
        seen += listed(page)
        address = link(page, "memberships-table-next")
    assert sorted(seen) == names
    owner.get(f"{LIST}/export")
    for name in names[::20]:
        assert owner.get(LIST, query_string={"q": name}).status_code == 200


# The export


def rows(answer: TestResponse) -> list[list[str]]:
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_export(bookkeeper: Client, emma: Membership) -> None:
    answer = bookkeeper.get(f"{LIST}/export")
    assert 'filename="packages.csv"' in answer.headers["Content-Disposition"]
    assert rows(answer) == [
        [
            "Number",
            "Customer",
            "Package",
            "Status",
            "Start",
            "Last day",
            "Progress",
            "Price",
            "Package funds",
            "Unbilled",
            "Unpaid",
        ],
        [
            *("M-0001", "Emma Jones", "PIANO", "Active", "2026-06-01", "", "Lesson 1 of 10"),
            *("450.00", "45.00", "360.00", "0.00"),
        ],
    ]


def test_export_of_all_rows_of_the_filter(owner: Client) -> None:
    crowd(620)
    found = rows(owner.get(f"{LIST}/export?status=completed&sort=-start"))[1:]
    assert len(found) == Membership.select().where(Membership.reason == "completed").count() > 50
    assert {row[3] for row in found} == {"Completed"}
    assert [row[4] for row in found] == sorted((row[4] for row in found), reverse=True)
    assert len(rows(owner.get(f"{LIST}/export"))) == 621


def test_export_is_sent_in_parts(app: Flask, owner: Client) -> None:
    crowd(620)
    parts = list(owner.get(f"{LIST}/export").response)
    assert len(parts) > 2


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2+3", "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_runs_nothing(owner: Client, desk: User, name: str) -> None:
    make.add(make.somebody(name), make.piano(), by=desk)
    assert rows(owner.get(f"{LIST}/export"))[1][1] == f"'{name}"


# The actions of a row


def offered(client: Client, membership: Membership, **kwargs: str) -> list[str]:
    """What a row's menu offers of the acts tested here; it opens the membership for everybody."""
    answer = client.get(f"/billing/memberships/{membership.id}/actions", **kwargs)
    assert answer.status_code == 200
    assert f'href="/billing/memberships/{membership.id}"' in answer.text
    entries = re.findall(r'class="entry[^>]*>.*?</svg>(.*?)</a>', answer.text)
    return [entry for entry in entries if entry in ("New invoice", "Bill the package", "Remove from Package")]


@pytest.mark.parametrize("kwargs", [{}, {"htmx": MENU}])
def test_actions(owner: Client, emma: Membership, kwargs: dict[str, str]) -> None:
    assert offered(owner, emma, **kwargs) == ["New invoice", "Bill the package", "Remove from Package"]


def test_actions_are_those_that_the_person_may_do(frontdesk: Client, bookkeeper: Client, emma: Membership) -> None:
    assert offered(frontdesk, emma) == ["New invoice", "Bill the package"]
    assert offered(bookkeeper, emma) == []
    only("bookkeeper", Permission.ACCESS_BILLING_TAB, Permission.MANAGE_INVOICES)
    assert offered(bookkeeper, emma) == ["Remove from Package"]


def test_actions_are_those_that_the_state_allows(owner: Client, emma: Membership, desk: User) -> None:
    make.pay(make.save(emma.customer, (emma.package, None), by=desk), by=desk)
    assert offered(owner, emma) == ["New invoice", "Remove from Package"]
    Membership.update(state="inactive", reason="removed", inactive_on=make.DAY).where(
        Membership.id == emma.id
    ).execute()
    assert offered(owner, emma) == ["New invoice"]


def test_the_package_is_not_to_be_billed_to_who_may_not_buy(owner: Client, emma: Membership) -> None:
    Customer.update(role=Role.get(Role.name == "Cash Only")).execute()
    assert "Bill the package" not in offered(owner, emma)


def test_actions_by_htmx_are_the_menu_alone(owner: Client, emma: Membership) -> None:
    answer = owner.get(f"/billing/memberships/{emma.id}/actions", htmx=MENU)
    assert "<html" not in answer.text
    assert 'role="menuitem"' in answer.text


@pytest.mark.parametrize("path", ["actions", "removal", ""])
def test_there_is_no_such_membership(owner: Client, path: str) -> None:
    assert owner.get(f"/billing/memberships/999/{path}".rstrip("/")).status_code == 404


@pytest.mark.parametrize("path", [LIST, f"{LIST}/export", f"{LIST}/who", "/billing/memberships/1/actions"])
def test_these_are_only_looked_at(owner: Client, emma: Membership, path: str) -> None:
    assert owner.post(path).status_code == 405
