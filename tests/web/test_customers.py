"""The screens of customers: the list, the record, the form, the export and the type-ahead."""

import csv
import html
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import peewee
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client, client_for
from tests.naughty import strings
from tests.web.acting import give_only
from tests.web.billing import words
from tests.web.conflicts import versions
from webapp.db import db, utcnow
from webapp.domain import customers
from webapp.forms import tidy
from webapp.models import Customer, Role, SearchWord, User
from webapp.permissions import Permission

Queries = Callable[[], AbstractContextManager[list[str]]]
MODAL = "dialog#modal"
REGION = "div#customers-table"


def role(name: str) -> str:
    return str(Role.get(Role.name == name).id)


def payload(**changes: str) -> dict[str, str]:
    usual = {
        "name": "Emma Jones",
        "email": "emma@example.com",
        "phone": "+1 555-0100",
        "address": "12 Hangar Lane\nSpringfield",
        "role": role("Customer"),
        "note": "Likes mornings",
        "active": "y",
        "version": "0",
    }
    return {name: value for name, value in (usual | changes).items() if value != "absent"}


@pytest.fixture
def emma(cast: dict[str, User]) -> Customer:
    holder = Role.get_by_id(role("Customer"))
    return customers.create_customer(
        name="Emma Jones", role=holder, by=None, email="emma@example.com", phone="+1 555-0100"
    )


def people(count: int) -> None:
    """Many customers at once, with the words they are found by."""
    first, holder, now = 1000, role("Customer"), utcnow()
    with db.atomic():
        for start in range(0, count, 500):
            ids = range(first + start, first + min(start + 500, count))
            Customer.create_many(
                {"id": n, "name": f"Person {n}", "sort_name": f"person {n}", "role": holder, "created_at": now}
                for n in ids
            )
            SearchWord.create_many(
                {"kind": "customer", "word": word, "ref": n} for n in ids for word in ("person", str(n))
            )


def listed(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    return [html.unescape(name) for name in re.findall(r'class="lead"><a[^>]*><bdi>(.*?)</bdi>', response.text)]


def offered(response: TestResponse) -> list[str]:
    assert response.status_code == 200
    return [html.unescape(name) for name in re.findall(r'data-text="(.*?)"', response.text)]


# The list


def test_an_empty_list_says_what_to_do(owner: Client, bookkeeper: Client) -> None:
    assert 'href="/customers/new"' in owner.get("/customers").text
    page = bookkeeper.get("/customers").text
    assert "No customers yet" in page
    assert "/customers/new" not in page


@pytest.mark.usefixtures("emma")
def test_the_list(bookkeeper: Client) -> None:
    page = bookkeeper.get("/customers")
    assert listed(page) == ["Emma Jones"]
    assert "1 customer" in page.text
    assert "/customers/new" not in page.text


def test_what_is_held_and_due_stands_beside_the_name(
    bookkeeper: Client, cast: dict[str, User], emma: Customer, queries: Queries
) -> None:
    """General and package funds together; for who may see the billing."""
    by = cast["owner"]
    make.pay(make.save(emma, (make.piano(), None), by=by), ("cash", "400"), by=by)
    make.pay(make.save(emma, "30", by=by), ("cash", "30"), by=by)
    make.somebody("Ann")
    page = bookkeeper.get("/customers")
    cells = [re.sub(r"<[^>]*>", " ", row.partition("</tr>")[0]).split() for row in page.text.split("<tr")[2:4]]
    assert [(row[-3], row[-2]) for row in cells] == [("0.00", "0.00"), ("430.00", "50.00")]
    with queries() as few:
        bookkeeper.get("/customers")
    people(40)
    with queries() as many:
        bookkeeper.get("/customers")
    assert len(few) == len(many)
    give_only(Permission.MANAGE_CUSTOMERS)
    assert "430.00" not in bookkeeper.get("/customers").text


def test_by_status_and_by_search(owner: Client, emma: Customer) -> None:
    make.somebody("Tom Gone", active=False)
    assert listed(owner.get("/customers")) == ["Emma Jones"]
    assert listed(owner.get("/customers?status=inactive")) == ["Tom Gone"]
    assert listed(owner.get("/customers?status=all")) == ["Emma Jones", "Tom Gone"]
    assert listed(owner.get("/customers?status=whatever")) == ["Emma Jones"]
    assert listed(owner.get("/customers?q=JON")) == ["Emma Jones"]
    nobody = owner.get("/customers?q=zzz")
    assert listed(nobody) == []
    assert "No customer like that" in nobody.text


def test_htmx_gets_the_region_alone(owner: Client, emma: Customer) -> None:
    region = owner.get("/customers?q=emma", htmx=REGION).text
    assert region.lstrip().startswith('<div id="customers-table"')
    assert 'hx-get="/customers?q=emma"' in region
    assert "<html" not in region


def test_pages_of_fifty_forwards_and_back(owner: Client) -> None:
    people(120)
    first = owner.get("/customers?q=person")
    assert len(listed(first)) == 50
    assert "120 customers" in first.text
    second = owner.get(link(first, "Next"))
    assert listed(second)[0] == "Person 1050"
    third = owner.get(link(second, "Next"))
    assert len(listed(third)) == 20
    assert link(third, "Next") == ""
    assert "q=person" in link(third, "Previous")
    assert listed(owner.get(link(owner.get(link(third, "Previous")), "Previous"))) == listed(first)
    assert link(first, "Previous") == ""


def link(page: TestResponse, text: str) -> str:
    """Where a link of the pager leads, or nothing."""
    found = re.search(rf'id="customers-table-{text.lower()}" href="(.*?)"', page.text)
    return html.unescape(found[1]) if found else ""


@pytest.mark.parametrize("cursor", ["x", "%00", "WzAsIDEsICJhbm4iXQ", "ä", "A" * 3000])
@pytest.mark.usefixtures("emma")
def test_a_cursor_that_means_nothing(owner: Client, cursor: str) -> None:
    assert listed(owner.get(f"/customers?cursor={cursor}")) == ["Emma Jones"]


@pytest.mark.usefixtures("emma")
def test_addresses_that_nobody_would_type(owner: Client) -> None:
    for query in ("q=%00", "q=%ff", "q=" + "a" * 5000, "q=a&q=b", "endpoint=x&_external=1&_scheme=x", "status[]=1"):
        assert owner.get(f"/customers?{query}").status_code == 200


def test_as_many_queries_for_many_as_for_few(owner: Client, emma: Customer, queries: Queries) -> None:
    owner.get("/customers")
    with queries() as before:
        owner.get("/customers")
    people(150)
    with queries() as after:
        owner.get("/customers")
    assert len(after) == len(before) <= 8
    with queries() as searching:
        owner.get("/customers?q=person+1&status=all")
    assert len(searching) == len(before)


@pytest.mark.sqlite_only
def test_the_list_walks_its_index(business: peewee.Database, owner: Client, queries: Queries) -> None:
    people(200)
    business.execute_sql("ANALYZE")
    following = link(owner.get("/customers"), "Next")
    for address in ("/customers", following, "/customers?status=all", "/customers/options"):
        with queries() as asked:
            owner.get(address)
        [text] = [text for text in asked if "ORDER BY" in text]
        filled = re.sub(r"LIMIT \?", "LIMIT 51", text).replace("(?, ?)", "('m', 5)")
        plan = [row[3] for row in business.execute_sql(f"EXPLAIN QUERY PLAN {filled}")]
        assert any("customer_sort" in step for step in plan), plan
        assert not any("TEMP B-TREE" in step or step == "SCAN customer" or step == "SCAN role" for step in plan), plan


# The export


@pytest.mark.usefixtures("emma")
def test_export(bookkeeper: Client) -> None:
    make.somebody("Tom Gone", active=False)
    answer = bookkeeper.get("/customers/export?status=all")
    assert answer.mimetype == "text/csv"
    assert "customers.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Email", "Phone", "Address", "Note", "Customer role", "Status"]
    assert [(row[0], row[6]) for row in rows[1:]] == [("Emma Jones", "Active"), ("Tom Gone", "Inactive")]
    assert rows[1][2] == "'+1 555-0100"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2+3", "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_runs_nothing(owner: Client, name: str) -> None:
    make.somebody(name)
    rows = list(csv.reader(io.StringIO(owner.get("/customers/export").get_data().decode("utf-8-sig"))))
    assert rows[1][0] == f"'{name}"


# The type-ahead


@pytest.mark.usefixtures("emma")
def test_options(frontdesk: Client) -> None:
    make.somebody("Emma Gone", active=False)
    assert offered(frontdesk.get("/customers/options?q=emm")) == ["Emma Jones"]
    assert "emma@example.com" in frontdesk.get("/customers/options").text
    assert "No active customer like that" in frontdesk.get("/customers/options?q=zzz").text


def test_options_among_five_thousand(owner: Client, queries: Queries) -> None:
    people(5_000)
    assert len(offered(owner.get("/customers/options"))) == 20
    with queries() as asked:
        assert len(offered(owner.get("/customers/options?q=person"))) == 20
    assert len(asked) <= 6
    assert offered(owner.get("/customers/options?q=per+5999")) == ["Person 5999"]
    assert "1000+ customers" in owner.get("/customers?q=person").text


# The record


@pytest.mark.usefixtures("business")
def test_the_record(bookkeeper: Client, owner: Client) -> None:
    owner.post("/customers/new", data=payload())
    emma = Customer.get()
    make.group("Family", emma)
    page = bookkeeper.get(f"/customers/{emma.id}").text
    for text in ("Emma Jones", "mailto:emma@example.com", "Springfield", "Likes mornings", "Family", "Active"):
        assert text in page
    assert f"/customers/{emma.id}/edit" not in page
    assert f"/customers/{emma.id}/edit" in owner.get(f"/customers/{emma.id}").text


def test_the_record_says_who_cannot_be_added_to_packages(owner: Client) -> None:
    cash_only = make.somebody(role="Cash Only")
    assert "no Make Purchases on Account" in owner.get(f"/customers/{cash_only.id}").text


def test_htmx_gets_the_contact_with_the_new_heading(owner: Client, emma: Customer) -> None:
    region = owner.get(f"/customers/{emma.id}", htmx="section#customer-contact").text
    assert region.lstrip().startswith('<section id="customer-contact"')
    assert '<hx-partial hx-target="#customer-heading"' in region
    assert "<html" not in region


# The form


@pytest.mark.parametrize("who", ["owner", "manager", "frontdesk"])
def test_new(app: Flask, who: str) -> None:
    client = client_for(app, who)
    assert client.get("/customers/new").status_code == 200
    answer = client.post("/customers/new", data=payload())
    emma = Customer.get()
    assert (answer.status_code, answer.location) == (303, f"/customers/{emma.id}")
    assert (emma.address, emma.note, emma.active) == ("12 Hangar Lane\nSpringfield", "Likes mornings", True)
    assert "Emma Jones was added." in html.unescape(client.get(answer.location).text)


def test_new_in_a_dialog_leads_to_the_record(owner: Client) -> None:
    assert "<html" not in owner.get("/customers/new", htmx=MODAL).text
    answer = owner.post("/customers/new", data=payload(), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/customers/{Customer.get().id}")


@pytest.mark.parametrize("htmx", [None, MODAL])
@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"name": ""}, "Type a name."),
        ({"name": "   "}, "Type a name."),
        ({"name": "\u200b"}, "Type a name."),
        ({"name": "absent"}, "Type a name."),
        ({"name": "x" * 121}, "At most 120 characters."),
        ({"email": "nobody"}, "Type it like name@example.com."),
        ({"email": "a b@example.com"}, "Type it like name@example.com."),
        ({"phone": "5" * 61}, "At most 60 characters."),
        ({"role": "999999"}, "Not a valid choice"),
        ({"role": "x"}, "could not coerce"),
        ({"role": "absent"}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    owner: Client, change: dict[str, str], sentence: str, htmx: str | None
) -> None:
    answer = owner.post("/customers/new", data=payload(**change), htmx=htmx)
    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert "Hangar Lane" in answer.text
    assert Customer.select().count() == 0


def test_a_staff_role_is_not_offered(owner: Client) -> None:
    answer = owner.post("/customers/new", data=payload(role=role("Owner")))
    assert answer.status_code == 422
    assert ">Front Desk<" not in answer.text


def test_edit(owner: Client, emma: Customer) -> None:
    form = owner.get(f"/customers/{emma.id}/edit").text
    assert 'value="Emma Jones"' in form
    assert "Memberships keep their rates" in form
    answer = owner.post(f"/customers/{emma.id}/edit", data=payload(name="Emma Smith"))
    assert (answer.status_code, answer.location) == (303, f"/customers/{emma.id}")
    kept = Customer.get_by_id(emma.id)
    assert (kept.name, kept.sort_name) == ("Emma Smith", "emma smith")
    assert listed(owner.get("/customers?q=smith")) == ["Emma Smith"]
    assert listed(owner.get("/customers?q=jones")) == []


def test_edit_in_a_dialog(owner: Client, emma: Customer) -> None:
    answer = owner.post(f"/customers/{emma.id}/edit", data=payload(name="Emma Smith"), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "customers-changed")
    assert "Emma Smith was saved." in answer.text


def test_making_inactive_says_what_stays(owner: Client, emma: Customer) -> None:
    answer = owner.post(f"/customers/{emma.id}/edit", data=payload(active="absent"), htmx=MODAL)
    assert "Memberships keep their rates and the account balance stays." in answer.text
    assert not Customer.get_by_id(emma.id).active


def test_the_second_of_two_edits_sees_what_changed_and_keeps_what_was_typed(owner: Client, emma: Customer) -> None:
    owner.post(f"/customers/{emma.id}/edit", data=payload(phone="555-0199"))
    second = payload(note="Typed meanwhile", phone="555-0111")
    answer = owner.post(f"/customers/{emma.id}/edit", data=second, htmx=MODAL)
    assert versions(answer) == {"Phone": ("555-0199", "555-0111"), "Note": ("Likes mornings", "Typed meanwhile")}
    assert "Nothing was saved yet. Change it here, or save again as it stands." in answer.text
    assert "Typed meanwhile" in answer.text
    assert Customer.get_by_id(emma.id).phone == "555-0199"
    version = re.search(r'name="version" type="hidden" value="(\d+)"', answer.text)
    assert version
    owner.post(f"/customers/{emma.id}/edit", data=second | {"version": version[1]})
    kept = Customer.get_by_id(emma.id)
    assert (kept.phone, kept.note) == ("555-0111", "Typed meanwhile")


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "absent"])
def test_a_version_that_nobody_has_seen(owner: Client, emma: Customer, version: str) -> None:
    Customer.update(version=5).execute()
    answer = owner.post(f"/customers/{emma.id}/edit", data=payload(version=version))
    assert answer.status_code == 422
    assert Customer.get_by_id(emma.id).note == ""


def test_more_than_the_form_has_is_not_taken(owner: Client, emma: Customer) -> None:
    owner.post(f"/customers/{emma.id}/edit", data=payload() | {"id": "77", "sort_name": "zzz", "merged_into": "1"})
    kept = Customer.get()
    assert (kept.id, kept.sort_name, kept.merged_into_id) == (emma.id, "emma jones", None)


def test_the_terms_of_the_account(manager: Client, emma: Customer) -> None:
    make.credit_limit("25")
    form = manager.get(f"/customers/{emma.id}/edit").text
    assert "Empty: the company&#39;s, 25.00." in form
    manager.post(f"/customers/{emma.id}/edit", data=payload(credit_limit_minor="100", tax_exempt="y"))
    kept = Customer.get_by_id(emma.id)
    assert (kept.credit_limit_minor, kept.tax_exempt) == (10000, True)
    page = words(manager.get(f"/customers/{emma.id}"))
    assert "Credit limit 100.00" in page
    assert "Tax Exempt" in page
    manager.post(f"/customers/{emma.id}/edit", data=payload(version="1", credit_limit_minor="0"))
    assert (Customer.get().credit_limit_minor, Customer.get().tax_exempt) == (0, False)
    manager.post(f"/customers/{emma.id}/edit", data=payload(version="2", credit_limit_minor=" "))
    assert Customer.get().credit_limit_minor is None


def test_the_terms_are_for_who_may_adjust_balances(frontdesk: Client, manager: Client, emma: Customer) -> None:
    here, forged = f"/customers/{emma.id}/edit", {"credit_limit_minor": "900", "tax_exempt": "y"}
    page = frontdesk.get(here)
    assert not re.search('name="(credit_limit_minor|tax_exempt)"', page.text + frontdesk.get("/customers/new").text)
    assert "Credit limit The company's, 0.00 Tax Not exempt Somebody with Adjust Balances" in words(page)
    assert frontdesk.post(here, data=payload(**forged)).status_code == 303
    assert (Customer.get().credit_limit_minor, Customer.get().tax_exempt) == (None, False)
    assert manager.post(here, data=payload(**forged, version="1")).status_code == 303
    assert frontdesk.post(here, data=payload(note="Kept", version="2")).status_code == 303
    kept = Customer.get()
    assert (kept.note, kept.credit_limit_minor, kept.tax_exempt) == ("Kept", 90000, True)
    assert "Credit limit 900.00 Tax Exempt" in words(frontdesk.get(here))
    answer = frontdesk.post("/customers/new", data=payload(name="New", **forged))
    made = Customer.get(Customer.name == "New")
    assert (answer.status_code, made.credit_limit_minor, made.tax_exempt) == (303, None, False)


@pytest.mark.parametrize("typed", ["-1", "a lot", "1.234", "99999999999999999999"])
def test_a_credit_limit_that_is_none(owner: Client, emma: Customer, typed: str) -> None:
    answer = owner.post(f"/customers/{emma.id}/edit", data=payload(credit_limit_minor=typed))
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert Customer.get().credit_limit_minor is None


def can_be_seen(name: str) -> bool:
    return any(not c.isspace() and c.isprintable() for c in name)


def test_hostile_names(owner: Client) -> None:
    """Typed into the form, of which the others are typed into that of groups, items and packages; all of them shown."""
    for text in strings()[::6]:
        typed = text.encode("utf-8", "replace").decode()
        assert owner.post("/customers/new", data=payload(name=typed, note=typed)).status_code in (303, 422)
    holder = Role.get(Role.name == "Customer")
    with db.atomic():
        for name in filter(can_be_seen, (tidy(text) or "" for text in strings())):
            customers.create_customer(name=name[:120], role=holder, by=None, note=name)
    assert Customer.select().count() > 300
    cursor = "/customers?status=all"
    while cursor:
        page = owner.get(cursor)
        assert "<script>alert" not in page.text
        cursor = link(page, "Next")
    for customer in list(Customer.select())[::8]:
        assert owner.get(f"/customers/{customer.id}").status_code == 200
    assert owner.get("/customers/export").status_code == 200


# Who may


READS = ["/customers", "/customers/export", "/customers/options", "/customers/{id}"]
CHANGES = ["/customers/new", "/customers/{id}/edit"]


def addresses(patterns: list[str], customer: Customer) -> list[str]:
    return [pattern.format(id=customer.id) for pattern in patterns]


def only(*permissions: Permission) -> None:
    """Let the bookkeeper hold these permissions and no other."""
    Role.update(permissions=frozenset(permissions)).where(Role.name == "Bookkeeper").execute()


@pytest.mark.parametrize(
    "permission", [Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE]
)
def test_any_of_three_permissions_may_look(bookkeeper: Client, emma: Customer, permission: Permission) -> None:
    only(permission)
    for address in addresses(READS, emma):
        assert bookkeeper.get(address).status_code == 200


def test_without_them_nobody_may(bookkeeper: Client, emma: Customer) -> None:
    only(*set(Permission) - {Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE})
    for address in addresses(["/customers", "/customers/export", "/customers/{id}"], emma):
        assert bookkeeper.get(address).status_code == 403
    assert bookkeeper.get("/customers/options").status_code == 200, "whoever may sell must be able to name the buyer"
    only(Permission.VIEW_REPORTS)
    assert bookkeeper.get("/customers/options").status_code == 403


def test_changes_need_manage_customers(bookkeeper: Client, emma: Customer) -> None:
    only(*set(Permission) - {Permission.MANAGE_CUSTOMERS})
    for address in addresses(CHANGES, emma):
        assert bookkeeper.get(address).status_code == 403
        assert bookkeeper.post(address, data=payload(name="Changed")).status_code == 403
    assert [row.name for row in Customer.select()] == ["Emma Jones"]


def test_visitors_sign_in_first(visitor: Client, emma: Customer) -> None:
    for address in addresses(READS + CHANGES, emma):
        assert "/sign-in" in (visitor.get(address).location or "")


@pytest.mark.parametrize("number", ["999999", "0", str(2**63), "9" * 40])
def test_unknown_customers(owner: Client, number: str) -> None:
    assert owner.get(f"/customers/{number}").status_code == 404
    assert owner.get(f"/customers/{number}/edit").status_code == 404
    assert owner.post(f"/customers/{number}/edit", data=payload()).status_code == 404


def test_other_verbs(owner: Client, emma: Customer) -> None:
    for address in addresses(READS, emma):
        assert owner.post(address).status_code == 405
    for address in addresses(READS + CHANGES, emma):
        assert owner.delete(address).status_code == 405


def test_forms_without_their_token(owner: Client) -> None:
    assert owner.post("/customers/new", data=payload(), csrf=False).status_code == 400
    assert Customer.select().count() == 0
