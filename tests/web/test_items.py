"""The screens of items: the list, the form and the type-ahead."""

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.naughty import strings
from tests.web.conflicts import versions
from webapp.domain import items, search
from webapp.domain.items import ItemFacts
from webapp.models import Company, Item, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
MODAL = "dialog#modal"


def payload(**changes: str) -> dict[str, str]:
    usual = {
        "name": "C172",
        "unit": "hour",
        "standard_rate_e4": "150.00",
        "tax_percent_e4": "8",
        "category": "Aircraft",
        "active": "y",
        "version": "0",
    }
    return {name: value for name, value in (usual | changes).items() if value != "absent"}


@pytest.fixture
def c172(cast: dict[str, User]) -> Item:
    return items.create_item(ItemFacts("C172", "hour", 1_500_000, 80_000, "Aircraft"), by=None)


def listed(text: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'class="lead">(?:<a[^>]*>|<bdi>)(.*?)</', text)]


def many(count: int) -> None:
    for number in range(count):
        made = make.item(f"Item {number:03}", "1.00")
        search.index("item", made.id, made.name)


def test_the_catalogue_opens_with_its_items(bookkeeper: Client) -> None:
    assert bookkeeper.get("/catalogue").location == "/catalogue/items"


def test_an_empty_list_says_what_to_do(owner: Client, bookkeeper: Client) -> None:
    assert 'href="/catalogue/items/new"' in owner.get("/catalogue/items").text
    page = bookkeeper.get("/catalogue/items").text
    assert "No items yet" in page
    assert "/catalogue/items/new" not in page


def test_the_list(owner: Client, bookkeeper: Client, c172: Item) -> None:
    items.create_item(ItemFacts("Strip card"), by=None)
    items.create_item(ItemFacts("Old fee", active=False), by=None)
    page = owner.get("/catalogue/items").text
    assert listed(page) == ["C172", "Strip card"]
    for text in ("150.00", "8 %", "only in packages", "Aircraft", f"/catalogue/items/{c172.id}/edit"):
        assert text in page
    page = bookkeeper.get("/catalogue/items?status=all").text
    assert listed(page) == ["C172", "Old fee", "Strip card"]
    assert "/edit" not in page
    assert listed(owner.get("/catalogue/items?q=air").text) == ["C172"]
    assert "No item like that" in owner.get("/catalogue/items?q=zzz").text
    region = owner.get("/catalogue/items", htmx="div#items-table").text
    assert region.lstrip().startswith('<div id="items-table"')
    assert "<html" not in region


def test_pages_and_a_constant_number_of_queries(owner: Client, c172: Item, queries: Queries) -> None:
    owner.get("/catalogue/items")
    with queries() as before:
        owner.get("/catalogue/items")
    many(60)
    with queries() as after:
        page = owner.get("/catalogue/items").text
    assert len(after) == len(before) <= 8
    assert len(listed(page)) == 50
    following = re.search(r'id="items-table-next" href="(.*?)"', page)
    assert following
    assert listed(owner.get(html.unescape(following[1])).text)[-1] == "Item 059"


@pytest.mark.sqlite_only
def test_the_list_walks_its_index(business: peewee.Database, owner: Client, queries: Queries) -> None:
    many(60)
    business.execute_sql("ANALYZE")
    for address in ("/catalogue/items", "/catalogue/items/options"):
        with queries() as asked:
            owner.get(address)
        [text] = [text for text in asked if "ORDER BY" in text]
        plan = [row[3] for row in business.execute_sql("EXPLAIN QUERY PLAN " + text.replace("LIMIT ?", "LIMIT 51"))]
        assert plan == ["SCAN item USING INDEX item_sort"]


def test_options(frontdesk: Client, c172: Item) -> None:
    items.create_item(ItemFacts("Strip card", "lesson"), by=None)
    items.create_item(ItemFacts("Old fee", active=False), by=None)
    answer = frontdesk.get("/catalogue/items/options").text
    assert re.findall(r'data-text="(.*?)"', answer) == ["C172", "Strip card"]
    assert "150.00" in answer
    assert "only in packages" in answer
    assert "No active item like that" in frontdesk.get("/catalogue/items/options?q=old").text


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_new(manager: Client, htmx: str | None) -> None:
    assert manager.get("/catalogue/items/new", htmx=htmx).status_code == 200
    answer = manager.post("/catalogue/items/new", data=payload(), htmx=htmx)
    if htmx:
        assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "items-changed")
        assert "C172 was added." in answer.text
    else:
        assert (answer.status_code, answer.location) == (303, "/catalogue/items")
    kept = Item.get()
    assert (kept.name, kept.unit, kept.standard_rate_e4, kept.tax_percent_e4, kept.category, kept.active) == (
        "C172",
        "hour",
        1_500_000,
        80_000,
        "Aircraft",
        True,
    )


def test_an_item_only_for_packages(owner: Client) -> None:
    owner.post("/catalogue/items/new", data=payload(standard_rate_e4="", tax_percent_e4="", unit="", category=""))
    kept = Item.get()
    assert (kept.standard_rate_e4, kept.tax_percent_e4, kept.unit, kept.category) == (None, 0, "each", "Sales")
    assert 'id="standard_rate_e4" inputmode="decimal" name="standard_rate_e4" type="text" value=""' in (
        owner.get(f"/catalogue/items/{kept.id}/edit").text
    )


@pytest.mark.parametrize("htmx", [None, MODAL])
@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"name": ""}, "Type a name."),
        ({"name": "\u200b"}, "Type a name."),
        ({"name": "x" * 121}, "At most 120 characters."),
        ({"unit": "x" * 21}, "At most 20 characters."),
        ({"standard_rate_e4": "a lot"}, "Type the rate as a number."),
        ({"standard_rate_e4": "1.23456"}, "at most 4 decimals"),
        ({"standard_rate_e4": "-1"}, "cannot be below 0"),
        ({"standard_rate_e4": "9" * 20}, "too large"),
        ({"standard_rate_e4": "150,00"}, "Type the rate with “.”"),
        ({"tax_percent_e4": "101"}, "at most 100 %"),
        ({"tax_percent_e4": "x"}, "Type the tax rate as a number."),
        ({"category": "x" * 61}, "At most 60 characters."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    owner: Client, change: dict[str, str], sentence: str, htmx: str | None
) -> None:
    answer = owner.post("/catalogue/items/new", data=payload(**change), htmx=htmx)
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    for typed in payload(**change).values():
        assert typed in html.unescape(answer.text)
    assert Item.select().count() == 0


def test_figures_are_read_as_the_company_writes_them(owner: Client) -> None:
    Company.update(locale="de").execute()
    assert owner.post("/catalogue/items/new", data=payload(standard_rate_e4="1.250,50")).status_code == 303
    kept = Item.get()
    assert kept.standard_rate_e4 == 12_505_000
    assert "1.250,50" in owner.get("/catalogue/items").text
    assert 'value="1250,50"' in owner.get(f"/catalogue/items/{kept.id}/edit").text


def test_one_item_per_name(owner: Client, c172: Item) -> None:
    answer = owner.post("/catalogue/items/new", data=payload(category="Typed"))
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert "There is an item of this name already." in answer.text
    assert "Typed" in answer.text


def test_edit(owner: Client, c172: Item) -> None:
    make.package("Ten", (c172, "10", "@120"))
    form = owner.get(f"/catalogue/items/{c172.id}/edit").text
    assert "Saved invoices and memberships stay as they were sold." in form
    assert "in 1 active package." in form
    answer = owner.post(
        f"/catalogue/items/{c172.id}/edit", data=payload(standard_rate_e4="165", active="absent"), htmx=MODAL
    )
    assert answer.headers["HX-Trigger"] == "items-changed"
    kept = Item.get_by_id(c172.id)
    assert (kept.standard_rate_e4, kept.active) == (1_650_000, False)


def test_the_second_of_two_edits_sees_what_changed(owner: Client, c172: Item) -> None:
    owner.post(f"/catalogue/items/{c172.id}/edit", data=payload(standard_rate_e4="165"))
    answer = owner.post(f"/catalogue/items/{c172.id}/edit", data=payload(category="Typed meanwhile"))
    assert versions(answer)["Standard rate"] == ("165", "150")
    assert "Typed meanwhile" in answer.text
    assert 'name="version" type="hidden" value="1"' in answer.text
    assert Item.get().category == "Aircraft"


def test_hostile_names(owner: Client) -> None:
    for text in strings()[1::3]:
        typed = text.encode("utf-8", "replace").decode()
        data = payload(name=typed, unit=typed[:20], category=typed[:60])
        assert owner.post("/catalogue/items/new", data=data).status_code in (303, 422)
    assert Item.select().count() > 100
    assert "<script>alert" not in owner.get("/catalogue/items").text
    assert owner.get("/catalogue/items/options").status_code == 200
    for item in list(Item.select())[::5]:
        assert owner.get(f"/catalogue/items/{item.id}/edit").status_code == 200


def only(*permissions: Permission) -> None:
    """Let the bookkeeper hold these permissions and no other."""
    Role.update(permissions=frozenset(permissions)).where(Role.name == "Bookkeeper").execute()


def test_who_may(bookkeeper: Client, frontdesk: Client, visitor: Client, c172: Item) -> None:
    reads = ["/catalogue/items", "/catalogue/items/options"]
    forms = ["/catalogue/items/new", f"/catalogue/items/{c172.id}/edit"]
    for permission in (Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE):
        only(permission)
        assert {bookkeeper.get(address).status_code for address in reads} == {200}
    only(*set(Permission) - {Permission.MANAGE_CATALOGUE})
    for client in (bookkeeper, frontdesk):
        assert {client.get(address).status_code for address in forms} == {403}
        assert {client.post(address, data=payload(name="X")).status_code for address in forms} == {403}
    only(Permission.VIEW_REPORTS)
    assert {bookkeeper.get(address).status_code for address in [*reads, "/catalogue"]} == {403}
    assert all("/sign-in" in (visitor.get(address).location or "") for address in reads + forms)
    assert Item.get().name == "C172"


def test_unknown_records_and_other_verbs(owner: Client, c172: Item) -> None:
    assert owner.get("/catalogue/items/999/edit").status_code == 404
    assert owner.post("/catalogue/items/999/edit", data=payload()).status_code == 404
    assert owner.get("/catalogue/items/x/edit").status_code == 404
    for address in ("/catalogue", "/catalogue/items", "/catalogue/items/options"):
        assert owner.post(address).status_code == 405
    assert owner.delete(f"/catalogue/items/{c172.id}/edit").status_code == 405
