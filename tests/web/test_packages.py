"""The screens of packages: the list, the record, the form with its rows and its live price, the type-ahead."""

import html
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import peewee
import pytest
import time_machine

from tests import factories as make
from tests.clients import Client
from tests.naughty import strings
from tests.web.conflicts import versions
from webapp.domain import packages, search
from webapp.models import Company, Item, Package, Role, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
LINES = "div#package-lines"
PRICE = "div#package-price"


@pytest.fixture
def c172(cast: dict[str, User]) -> Item:
    return kept_item("C172", "150.00", unit="hour", tax="8")


@pytest.fixture
def teacher(cast: dict[str, User]) -> Item:
    return kept_item("Instruction", "65.00", unit="hour")


@pytest.fixture
def ppl(c172: Item, teacher: Item) -> Package:
    made = make.package("PPL", (c172, "40", "@120"), (teacher, "20", "@55"))
    search.index("package", made.id, made.name)
    return made


def kept_item(name: str, standard: str | None, **facts: str) -> Item:
    made = make.item(name, standard, **facts)
    search.index("item", made.id, made.name)
    return made


def row(number: int, item: Item | None, included: str = "", rate: str = "", amount: str = "") -> dict[str, str]:
    start = f"lines-{number}-"
    return {
        f"{start}item": str(item.id) if item else "",
        f"{start}item_text": item.name if item else "",
        f"{start}included": included,
        f"{start}rate": rate,
        f"{start}amount": amount,
    }


def payload(*rows: dict[str, str], **changes: str) -> dict[str, str]:
    usual = {"name": "PPL", "validity": "none", "validity_count": "", "last_day": "", "note": "Briefing included"}
    return {**usual, "active": "y", "version": "0", **{k: v for one in rows for k, v in one.items()}, **changes}


def listed(text: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'class="lead"><a[^>]*><bdi>(.*?)</bdi>', text)]


def words(text: str) -> str:
    """What a person reads, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


# The list


def test_an_empty_list_says_what_to_do(owner: Client, bookkeeper: Client) -> None:
    assert 'href="/catalogue/packages/new"' in owner.get("/catalogue/packages").text
    page = bookkeeper.get("/catalogue/packages").text
    assert "No packages yet" in page
    assert "/catalogue/packages/new" not in page


def test_the_list(bookkeeper: Client, cast: dict[str, User], ppl: Package) -> None:
    make.add(make.somebody(), ppl, by=cast["owner"])
    make.package("Old", (Item.get(), "1", "@1"), active=False)
    page = bookkeeper.get("/catalogue/packages").text
    assert listed(page) == ["PPL"]
    assert "40.0 h C172 , 20.0 h Instruction no end 6,284.00 1 Active" in words(page)
    assert listed(bookkeeper.get("/catalogue/packages?status=inactive").text) == ["Old"]
    assert listed(bookkeeper.get("/catalogue/packages?q=pp&status=all").text) == ["PPL"]
    assert "No package like that" in bookkeeper.get("/catalogue/packages?q=zzz").text
    region = bookkeeper.get("/catalogue/packages", htmx="div#packages-table").text
    assert region.lstrip().startswith('<div id="packages-table"')


def test_units_lengths_and_many_items_in_words(owner: Client, c172: Item) -> None:
    lesson = make.item("Lesson", "50", unit="lesson")
    rest = [(make.item(f"Extra {n}", None), "1", "1.00") for n in range(3)]
    make.package("Six months", (lesson, "10", "@45"), *rest, validity="months", validity_count=6)
    make.package("One day", (lesson, "1", "@45"), validity="days", validity_count=1)
    make.package("Summer", (lesson, "1", "@45"), validity="date", last_day=date(2027, 6, 30))
    page = words(owner.get("/catalogue/packages").text)
    assert "10 × Lesson , 1 × Extra 0 , 1 × Extra 1 and 1 more 6 months" in page
    assert "1 day " in page
    assert "until 30 Jun 2027" in page


def many(count: int, thing: Item) -> None:
    for number in range(count):
        make.package(f"Package {number:03}", (thing, "1", "@1"))


def test_pages_and_a_constant_number_of_queries(owner: Client, ppl: Package, queries: Queries) -> None:
    owner.get("/catalogue/packages")
    with queries() as before:
        owner.get("/catalogue/packages")
    many(60, Item.get())
    with queries() as after:
        page = owner.get("/catalogue/packages").text
    assert len(after) == len(before) <= 8
    assert len(listed(page)) == 50
    following = re.search(r'id="packages-table-next" href="(.*?)"', page)
    assert following
    assert len(listed(owner.get(html.unescape(following[1])).text)) == 11


@pytest.mark.sqlite_only
def test_the_list_walks_its_index(business: peewee.Database, owner: Client, ppl: Package, queries: Queries) -> None:
    many(60, Item.get())
    business.execute_sql("ANALYZE")
    with queries() as asked:
        owner.get("/catalogue/packages")
    listing, contents = (text for text in asked if "ORDER BY" in text)
    plan = [row[3] for row in business.execute_sql("EXPLAIN QUERY PLAN " + listing.replace("LIMIT ?", "LIMIT 51"))]
    assert plan[0] == "SCAN package USING INDEX package_sort"
    assert not any("TEMP B-TREE" in step or "SCAN membership" in step for step in plan), plan
    plan = [row[3] for row in business.execute_sql("EXPLAIN QUERY PLAN " + contents.replace("?", "1"))]
    assert not any(step.startswith("SCAN") for step in plan), plan


def test_options(frontdesk: Client, ppl: Package) -> None:
    make.package("Old", (Item.get(), "1", "@1"), active=False)
    assert re.findall(r'data-text="(.*?)"', frontdesk.get("/catalogue/packages/options").text) == ["PPL"]
    assert "No active package like that" in frontdesk.get("/catalogue/packages/options?q=old").text


# The record


def test_the_record(bookkeeper: Client, owner: Client, cast: dict[str, User], ppl: Package) -> None:
    make.add(make.somebody(), ppl, by=cast["owner"])
    page = bookkeeper.get(f"/catalogue/packages/{ppl.id}").text
    said = words(page)
    assert "C172 40.0 h 120.00 4,800.00 384.00 8 % saves 1,200.00" in said
    assert "Instruction 20.0 h 55.00 1,100.00 0.00 0 % saves 200.00" in said
    assert "Price with tax $6,284.00 saves 1,400.00" in said
    assert "Active memberships 1" in said
    assert "/edit" not in page
    assert f"/catalogue/packages/{ppl.id}/edit" in owner.get(f"/catalogue/packages/{ppl.id}").text


def test_dearer_the_same_and_nothing_to_compare(owner: Client) -> None:
    dearer, same, alone = make.item("A", "10"), make.item("B", "10"), make.item("C", None)
    both = make.package("Both", (dearer, "5", "@11"), (same, "5", "@10"))
    mixed = make.package("Mixed", (dearer, "5", "@11"), (alone, "5", "@10"))
    said = words(owner.get(f"/catalogue/packages/{both.id}").text)
    assert "55.00 5.00 dearer" in said
    assert "50.00 same as standard" in said
    assert "Price $105.00 5.00 dearer" in said
    said = words(owner.get(f"/catalogue/packages/{mixed.id}").text)
    assert "50.00 Price $105.00 Sold as" in said, "no words where there is nothing to compare with"


def test_with_the_tax_in_the_amounts(owner: Client, ppl: Package) -> None:
    Company.update(tax_inclusive=True).execute()
    said = words(owner.get(f"/catalogue/packages/{ppl.id}").text)
    assert "Tax in it" in said
    assert "4,800.00 355.56 8 %" in said
    assert "$5,900.00" in said


# The form


def test_new(manager: Client, c172: Item, teacher: Item) -> None:
    assert manager.get("/catalogue/packages/new").status_code == 200
    rows = row(0, c172, "40", "120"), row(1, None), row(4, teacher, "20.0", "", "1,100.00")
    answer = manager.post("/catalogue/packages/new", data=payload(*rows, validity="months", validity_count="6"))
    made = Package.get()
    assert (answer.status_code, answer.location) == (303, f"/catalogue/packages/{made.id}")
    assert (made.name, made.validity, made.validity_count, made.note) == ("PPL", "months", 6, "Briefing included")
    assert [(line.item, line.included_milli, line.rate_e4, line.amount_minor) for line in packages.lines_of(made)] == [
        (c172, 40_000, 1_200_000, None),
        (teacher, 20_000, None, 110_000),
    ]
    assert "PPL was added." in manager.get(answer.location).text


@time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"name": ""}, "Type a name."),
        ({"name": "\u200b"}, "Type a name."),
        ({"validity": "weeks"}, "Not a valid choice"),
        ({"validity": "days"}, "Type how many days."),
        ({"validity": "days", "validity_count": "1.5"}, "has no decimals"),
        ({"validity": "days", "validity_count": "soon"}, "Type the number as a number."),
        ({"validity": "months", "validity_count": "1201"}, "At most 1,200 months."),
        ({"validity": "date"}, "Choose the last day."),
        ({"validity": "date", "last_day": "2026-11-21"}, "This day has passed already."),
        ({"validity": "date", "last_day": "30 June"}, "Type the day as year-month-day"),
        ({"lines-0-item": "", "lines-0-item_text": ""}, "Choose an item."),
        ({"lines-0-item": "", "lines-0-item_text": "zzz"}, "Nothing found for “zzz”."),
        ({"lines-0-item": "999999"}, "Choose one from the list."),
        ({"lines-0-included": ""}, "Type how much is included."),
        ({"lines-0-included": "0"}, "The included quantity must be above 0."),
        ({"lines-0-included": "1.0005"}, "at most 3 decimals"),
        ({"lines-0-included": "-1"}, "cannot be below 0"),
        ({"lines-0-rate": ""}, "Type a rate, or an amount for the whole quantity."),
        ({"lines-0-rate": "cheap"}, "Type the rate as a number."),
        ({"lines-0-amount": "10"}, "Type the rate or the amount, not both."),
        ({"lines-0-amount": "1.001", "lines-0-rate": ""}, "at most 2 decimals"),
        ({"lines-0-included": "9" * 11, "lines-0-rate": "9" * 10}, "The amount is too large."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    owner: Client, c172: Item, change: dict[str, str], sentence: str
) -> None:
    sent = payload(row(0, c172, "40", "120"), **change)
    answer = owner.post("/catalogue/packages/new", data=sent)
    assert answer.status_code == 422
    text = html.unescape(answer.text)
    assert sentence in text
    assert "Briefing included" in text
    kept = {name: value for name, value in sent.items() if value and name.endswith(("included", "rate", "amount"))}
    for name, value in kept.items():
        assert re.search(rf'name="{name}" type="text" value="{re.escape(value)}"', text)
    assert Package.select().count() == 0


def test_at_least_one_item_and_each_only_once(owner: Client, c172: Item) -> None:
    answer = owner.post("/catalogue/packages/new", data=payload(row(0, None)))
    assert answer.status_code == 422
    assert "Add at least one item." in answer.text
    answer = owner.post("/catalogue/packages/new", data=payload())
    assert (answer.status_code, "Add at least one item." in answer.text) == (422, True)
    twice = payload(row(0, None), row(2, c172, "1", "1"), row(5, None), row(7, c172, "2", "2"))
    answer = owner.post("/catalogue/packages/new", data=twice)
    assert answer.status_code == 422
    assert re.search(r'id="lines-7-item-error">.*?C172 is in this package already', answer.text)
    assert Package.select().count() == 0


def test_one_package_per_name(owner: Client, ppl: Package, c172: Item) -> None:
    answer = owner.post("/catalogue/packages/new", data=payload(row(0, c172, "1", "1")))
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert "There is a package of this name already." in answer.text
    assert Package.select().count() == 1


def test_without_javascript_an_item_is_looked_for(owner: Client, c172: Item) -> None:
    kept_item("C152", "120.00", unit="hour")
    sent = payload(row(0, None, "40", "120"), **{"lines-0-item_text": "c1"})
    answer = owner.post("/catalogue/packages/new", data=sent)
    assert answer.status_code == 422
    assert "Choose one of those found." in answer.text
    assert f'type="radio" name="lines-0-item" value="{c172.id}"' in answer.text
    only_one = payload(row(0, None, "40", "120"), **{"lines-0-item_text": "c172"})
    assert owner.post("/catalogue/packages/new", data=only_one).status_code == 303


# Rows


def indexes(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'type="hidden" name="lines-(\d+)-item"', text)]


@pytest.mark.parametrize("htmx", [None, LINES])
def test_rows_are_added_and_taken_away(owner: Client, c172: Item, teacher: Item, htmx: str | None) -> None:
    address = "/catalogue/packages/new"
    typed = payload(row(0, c172, "40", "120"), row(1, teacher, "half", ""))
    added = owner.post(address, data=typed | {"row": "add"}, htmx=htmx)
    assert added.status_code == 200
    assert indexes(added.text) == [0, 1, 2]
    assert 'value="half"' in added.text
    assert ("<html" in added.text) is (htmx is None)
    taken = owner.post(address, data=typed | {"row": "remove-0"}, htmx=htmx)
    assert indexes(taken.text) == [1]
    assert 'value="half"' in taken.text
    last = owner.post(address, data=payload(row(3, c172, "40", "120"), row="remove-3"), htmx=htmx)
    assert len(indexes(last.text)) == 1
    assert 'value="40"' not in last.text
    assert indexes(owner.post(address, data=typed | {"row": "nonsense"}, htmx=htmx).text) == [0, 1]
    assert Package.select().count() == 0


def test_there_is_an_end_to_rows(owner: Client, c172: Item) -> None:
    sent = payload(*(row(number, None) for number in range(100)), row="add")
    assert len(indexes(owner.post("/catalogue/packages/new", data=sent).text)) == 40
    far = payload(row(10**8, c172, "1", "1"), row="add")
    assert indexes(owner.post("/catalogue/packages/new", data=far).text) == [10**8, 10**8 + 1]


@pytest.mark.parametrize("number", ["²", "x", "-1", "9" * 30, "", "٣"])
def test_a_row_of_no_number_is_none(owner: Client, c172: Item, number: str) -> None:
    sent = {name.replace("-0-", f"-{number}-"): value for name, value in row(0, c172, "1", "1").items()}
    answer = owner.post("/catalogue/packages/new", data=payload(sent))
    assert (answer.status_code, "Add at least one item." in answer.text) == (422, True)


# The live price


def price(client: Client, *rows: dict[str, str], **changes: str) -> str:
    answer = client.post("/catalogue/packages/price", data=payload(*rows, **changes), htmx=PRICE)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="package-price"')
    return words(answer.text)


def test_the_price_while_typing(owner: Client, c172: Item, teacher: Item) -> None:
    assert "Choose an item" in price(owner, row(0, None))
    assert "Choose an item" in price(owner, row(0, c172, "40"))
    said = price(owner, row(0, c172, "40", "120"), row(1, teacher, "20"))
    assert "C172 40.0 h 120.00 4,800.00 384.00 8 % saves 1,200.00" in said
    assert "Price with tax $5,184.00 saves 1,200.00" in said
    said = price(owner, row(0, c172, "40", "120"), row(3, teacher, "20", "", "1,300.01"), name="")
    assert "Instruction 20.0 h one amount for all 1,300.01 0.00 0 % 0.01 dearer" in said
    assert "$6,484.01 saves 1,199.99" in said


@pytest.mark.parametrize(
    "wrong", [{"included": "x"}, {"included": "0"}, {"rate": "x"}, {"amount": "1"}, {"item": "999"}, {"item": "x"}]
)
def test_a_row_that_cannot_be_is_not_priced(owner: Client, c172: Item, wrong: dict[str, str]) -> None:
    changes = {f"lines-0-{name}": value for name, value in wrong.items()}
    assert "Choose an item" in price(owner, row(0, c172, "40", "120") | changes)


# Editing


def test_edit(owner: Client, ppl: Package, c172: Item, teacher: Item, cast: dict[str, User]) -> None:
    membership = make.add(make.somebody(), ppl, by=cast["owner"])
    form = words(owner.get(f"/catalogue/packages/{ppl.id}/edit").text)
    assert "Changes apply to later sales only. 1 active membership keeps its old terms." in form
    assert "Price with tax $6,284.00" in form
    sent = payload(row(0, teacher, "20", "50"), row(1, c172, "40", "", "4,000"), name="PPL 2027")
    answer = owner.post(f"/catalogue/packages/{ppl.id}/edit", data=sent)
    assert (answer.status_code, answer.location) == (303, f"/catalogue/packages/{ppl.id}")
    assert [(line.item, line.amount(2)) for line in packages.lines_of(ppl)] == [(teacher, 100_000), (c172, 400_000)]
    assert make.fresh(membership).price_minor == 628_400


def test_the_form_shows_what_is_kept(owner: Client, c172: Item) -> None:
    made = make.package("TRIO", (c172, "3", "100.00"), validity="date", last_day=date(2030, 6, 30))
    page = owner.get(f"/catalogue/packages/{made.id}/edit").text
    assert 'name="lines-0-amount" type="text" value="100.00"' in page
    assert 'name="lines-0-rate" type="text" value=""' in page
    assert 'value="2030-06-30"' in page
    assert '<option selected value="date">' in page


def test_the_second_of_two_edits_sees_what_changed(owner: Client, ppl: Package, c172: Item) -> None:
    address = f"/catalogue/packages/{ppl.id}/edit"
    owner.post(address, data=payload(row(0, c172, "40", "110"), note=""))
    answer = owner.post(address, data=payload(row(0, c172, "50", "120"), note="Typed meanwhile"))
    assert versions(answer) == {
        "Items": ("C172 40 @ 110.00 = 4,400.00", "C172 50 @ 120.00 = 6,000.00"),
        "Note": ("empty", "Typed meanwhile"),
    }
    assert "Typed meanwhile" in answer.text
    assert 'value="50"' in answer.text
    assert 'name="version" type="hidden" value="1"' in answer.text
    assert packages.lines_of(ppl)[0].rate_e4 == 1_100_000


def test_inactive(owner: Client, ppl: Package, c172: Item) -> None:
    sent = payload(row(0, c172, "40", "120"))
    del sent["active"]
    owner.post(f"/catalogue/packages/{ppl.id}/edit", data=sent)
    assert not Package.get().active
    assert listed(owner.get("/catalogue/packages").text) == []


def test_hostile_names(owner: Client, c172: Item) -> None:
    for text in strings()[2::3]:
        typed = text.encode("utf-8", "replace").decode()
        answer = owner.post("/catalogue/packages/new", data=payload(row(0, c172, "1", "1"), name=typed, note=typed))
        assert answer.status_code in (303, 422)
    for text in strings()[::7]:
        typed = text.encode("utf-8", "replace").decode()
        sent = {f"lines-0-{name}": typed for name in ("item", "item_text", "included", "rate", "amount")}
        assert owner.post("/catalogue/packages/new", data=payload(name="x", **sent)).status_code == 422
    assert Package.select().count() > 100
    assert "<script>alert" not in owner.get("/catalogue/packages").text
    for package in list(Package.select())[::7]:
        assert owner.get(f"/catalogue/packages/{package.id}").status_code == 200
        assert owner.get(f"/catalogue/packages/{package.id}/edit").status_code == 200


# Who may


def only(*permissions: Permission) -> None:
    """Let the bookkeeper hold these permissions and no other."""
    Role.update(permissions=frozenset(permissions)).where(Role.name == "Bookkeeper").execute()


def test_who_may(bookkeeper: Client, frontdesk: Client, visitor: Client, ppl: Package, c172: Item) -> None:
    reads = ["/catalogue/packages", "/catalogue/packages/options", f"/catalogue/packages/{ppl.id}"]
    forms = ["/catalogue/packages/new", f"/catalogue/packages/{ppl.id}/edit"]
    sent = payload(row(0, c172, "1", "1"), name="Changed")
    for permission in (Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE):
        only(permission)
        assert {bookkeeper.get(address).status_code for address in reads} == {200}
    only(*set(Permission) - {Permission.MANAGE_CATALOGUE})
    for client in (bookkeeper, frontdesk):
        assert {client.get(address).status_code for address in forms} == {403}
        assert {client.post(address, data=sent).status_code for address in [*forms, "/catalogue/packages/price"]} == {
            403
        }
    only(Permission.VIEW_REPORTS)
    assert {bookkeeper.get(address).status_code for address in reads} == {403}
    assert all("/sign-in" in (visitor.get(address).location or "") for address in reads + forms)
    assert [package.name for package in Package.select()] == ["PPL"]


def test_unknown_records_and_other_verbs(owner: Client, ppl: Package) -> None:
    for address in ("/catalogue/packages/999", "/catalogue/packages/999/edit", f"/catalogue/packages/{2**63}"):
        assert owner.get(address).status_code == 404
    assert owner.post("/catalogue/packages/999/edit", data=payload()).status_code == 404
    assert owner.get("/catalogue/packages/price").status_code == 405
    for address in ("/catalogue/packages", "/catalogue/packages/options", f"/catalogue/packages/{ppl.id}"):
        assert owner.post(address).status_code == 405


def test_it_is_sold_from_its_page_while_it_is_active(owner: Client, bookkeeper: Client, ppl: Package) -> None:
    address, sell = f"/catalogue/packages/{ppl.id}", f'href="/billing/invoices/new?package={ppl.id}"'
    assert sell in owner.get(address).text
    assert sell not in bookkeeper.get(address).text
    Package.update(active=False).execute()
    assert sell not in owner.get(address).text
