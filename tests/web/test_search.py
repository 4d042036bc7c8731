"""The box at the head of every page: its type-ahead, its page, and what each person finds."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.naughty import strings
from webapp.domain import customers, groups, search
from webapp.models import Customer, Invoice, Item, Membership, Package, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
LIST = "div#find-list"


@pytest.fixture
def ann(cast: dict[str, User], once: Once) -> Customer:
    return once(make_ann, cast)


def make_ann(cast: dict[str, User]) -> Customer:
    """Ann of the Anglers, with an Angling lesson in a package, and an invoice for one."""
    ann = customers.create_customer(name="Ann Able", role=Role.get(Role.name == "Customer"), by=None, phone="555 0199")
    groups.create_group(name="Anglers", members=[ann], by=None)
    lesson = make.item("Angling lesson", "50.00", unit="lesson")
    package = make.package("Angling 10", (lesson, "10", "@45"))
    search.index("item", lesson.id, lesson.name)
    search.index("package", package.id, package.name)
    make.add(ann, package, by=cast["owner"])
    make.save(ann, (lesson, "1"), by=cast["owner"])
    return ann


def found(text: str) -> list[str]:
    """The addresses that the answer leads to, in its order."""
    listed = text.partition("<main")[2] or text
    return re.findall(r'<a (?:role="option"|class="quiet strong")[^>]*href="([^"]+)"', listed)


def test_it_stands_at_the_head_of_every_page(owner: Client) -> None:
    for path in ("/", "/customers", "/profile", "/nowhere"):
        page = owner.get(path).text
        assert 'action="/search"' in page
        assert 'data-key="/"' in page


def test_a_page_of_all_kinds(owner: Client, ann: Customer) -> None:
    page = owner.get("/search?q=an")
    assert page.status_code == 200
    assert found(page.text) == [
        f"/customers/{ann.id}",
        f"/catalogue/packages/{Package.get().id}",
        f"/catalogue/items/{Item.get().id}/edit",
        "/groups/1",
    ]
    assert "For “<bdi>an</bdi>”" in page.text
    assert "555 0199" in page.text
    assert 'id="find" name="q" value="an"' in page.text


@pytest.mark.parametrize("typed", ["2026-0001", "1"])
def test_an_invoice_by_its_number(owner: Client, ann: Customer, typed: str) -> None:
    page = owner.get(f"/search?q={typed}").text
    assert found(page)[0] == f"/billing/invoices/{Invoice.get().id}"
    assert "Overdue" in page or "Open" in page


def test_a_membership_by_its_number(owner: Client, ann: Customer) -> None:
    membership = Membership.get()
    page = owner.get(f"/search?q={membership.code}").text
    assert found(page) == [f"/billing/memberships/{membership.id}"]
    assert "Ann Able · Angling 10" in page


def test_the_type_ahead_gets_the_options_alone(owner: Client, ann: Customer) -> None:
    answer = owner.get("/search?q=an", htmx=LIST).text
    assert "<main" not in answer
    assert found(answer)[0] == f"/customers/{ann.id}"
    assert answer.count('role="option"') == 4
    assert 'aria-label="Customers"' in answer


def test_four_of_each_while_typing_and_eight_on_the_page(owner: Client, cast: dict[str, User]) -> None:
    role = Role.get(Role.name == "Customer")
    for number in range(9):
        customers.create_customer(name=f"Zora {number}", role=role, by=None)
    assert owner.get("/search?q=zora", htmx=LIST).text.count('href="/customers/') == 4
    answer = owner.get("/search?q=zora", htmx=LIST).text
    assert 'href="/search?q=zora"' in answer
    page = owner.get("/search?q=zora").text
    assert len(found(page)) == 8
    assert 'href="/customers?q=zora&amp;status=all"' in page


def test_nothing_found_and_nothing_asked(owner: Client) -> None:
    assert "Nothing found for “zzz”" in owner.get("/search?q=zzz").text
    assert "Nothing found for “zzz”" in owner.get("/search?q=zzz", htmx=LIST).text
    assert "What are you looking for?" in owner.get("/search").text
    assert "Type a name, an invoice number or M-0058" in owner.get("/search?q=", htmx=LIST).text


@pytest.mark.parametrize(
    "permissions, addresses",
    [
        ([Permission.VIEW_REPORTS], []),
        ([Permission.MANAGE_CUSTOMERS], ["/customers", "/catalogue", "/catalogue", "/groups"]),
        ([Permission.ADD_INVOICE], []),
        ([Permission.ACCESS_BILLING_TAB], ["/customers", "/catalogue", "/catalogue", "/groups"]),
    ],
)
def test_words_find_what_the_person_may_open(
    frontdesk: Client, ann: Customer, permissions: list[Permission], addresses: list[str]
) -> None:
    Role.update(permissions=permissions).where(Role.name == "Front Desk").execute()
    listed = found(frontdesk.get("/search?q=an").text)
    assert [address[: len(start)] for address, start in zip(listed, addresses, strict=True)] == addresses
    for address in listed:
        assert frontdesk.get(address).status_code == 200


@pytest.mark.parametrize(
    "permission, sees", [("MANAGE_CUSTOMERS", False), ("ADD_INVOICE", False), ("ACCESS_BILLING_TAB", True)]
)
def test_numbers_find_what_the_person_may_open(frontdesk: Client, ann: Customer, permission: str, sees: bool) -> None:
    Role.update(permissions=[Permission[permission]]).where(Role.name == "Front Desk").execute()
    for typed in ("2026-0001", Membership.get().code):
        listed = found(frontdesk.get(f"/search?q={typed}").text)
        assert len(listed) == sees
        assert [frontdesk.get(address).status_code for address in listed] == [200] * sees


@pytest.mark.parametrize("permission", [Permission.VIEW_REPORTS, Permission.ADD_INVOICE])
def test_who_may_look_nothing_up_has_no_box(frontdesk: Client, permission: Permission) -> None:
    Role.update(permissions=[permission]).where(Role.name == "Front Desk").execute()
    page = frontdesk.get("/search").text
    assert "There is nothing here that you may look up" in page
    assert 'id="find"' not in page


def test_an_item_opens_where_the_person_may_see_it(frontdesk: Client, ann: Customer) -> None:
    assert "/catalogue/items?q=Angling+lesson&amp;status=all" in found(frontdesk.get("/search?q=lesson").text)


def test_whatever_is_typed_is_answered(owner: Client) -> None:
    for text in strings()[::6]:
        typed = text.encode("utf-8", "ignore")  # as a browser writes it into an address
        assert owner.get("/search", query_string={"q": typed}).status_code == 200
    assert owner.get("/search", query_string={"q": "x" * 5000}).status_code == 200


def test_it_asks_no_more_where_there_is_more(owner: Client, ann: Customer, queries: Queries) -> None:
    owner.get("/search?q=an")
    with queries() as before:
        owner.get("/search?q=an")
    for number in range(20):
        customers.create_customer(name=f"Ann {number}", role=Role.get(Role.name == "Customer"), by=None)
    with queries() as after:
        owner.get("/search?q=an")
    assert len(after) == len(before) <= 8


def test_visitors_sign_in_first(visitor: Client) -> None:
    assert visitor.get("/search?q=ann").location == "/sign-in?next=/search?q%3Dann"


def test_only_looked_at(owner: Client) -> None:
    assert owner.post("/search").status_code == 405
