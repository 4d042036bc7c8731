"""Add to Package: dialog and page, the preview before anything is saved, and every refusal of the help article."""

import html
import re
from datetime import date
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.crowd import crowd
from tests.naughty import strings
from webapp.db import db
from webapp.domain import adding, search
from webapp.domain.payment_methods import switch_method
from webapp.models import Customer, FormKey, GroupMember, Item, Membership, Package, Role, User
from webapp.permissions import Permission

MODAL = "dialog#modal"
PREVIEW = "div#add-preview"
NEW = "/billing/packages/new"
KEY = "a form key that was never used"


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture(autouse=True)
def on_the_day() -> Any:
    with time_machine.travel(make.DAY, tick=False):
        yield


@pytest.fixture
def piano(app: object) -> Package:
    return make.piano()


@pytest.fixture
def emma(app: object) -> Customer:
    return findable("Emma Jones")


def findable(name: str, **kwargs: Any) -> Customer:
    customer = make.somebody(name, **kwargs)
    search.index("customer", customer.id, name)
    return customer


def payload(package: Package, *who: str, **changes: str) -> dict[str, Any]:
    usual = {"package": str(package.id), "who": list(who), "start_on": "2026-06-01", "note": "", "form_key": KEY}
    return usual | changes


def who(*records: Any) -> list[str]:
    return [f"{'customer' if isinstance(it, Customer) else 'group'}:{it.id}" for it in records]


def shown(page: TestResponse) -> str:
    """The mark of the preview that a page shows."""
    found = re.search(r'name="shown" value="(.*?)"', page.text)
    return html.unescape(found[1]) if found else ""


def previewed(page: TestResponse) -> tuple[str, list[str], list[str]]:
    """The headline of the preview, who is added, and who is skipped."""
    said = re.search(r"<p data-say>(.*?)</p>", page.text)
    added = re.findall(r"<li><svg.*?</svg><b><bdi>(.*?)</bdi></b><span>(.*?)</span>", page.text)
    skipped = re.findall(r'<li class="skip"><svg.*?</svg><b><bdi>(.*?)</bdi></b><span>(.*?)</span>', page.text)
    plain = [[html.unescape(re.sub("<.*?>", " ", f"{name}: {why}")) for name, why in some] for some in (added, skipped)]
    return html.unescape(said[1]) if said else "", plain[0], plain[1]


def beside(page: TestResponse, field: str) -> str:
    """The sentence beside a field."""
    found = re.search(rf'id="(?:d-)?{field}-error">.*?</svg>(.*?)</p>', page.text)
    return html.unescape(found[1]) if found else ""


def on_top(page: TestResponse) -> str:
    found = re.search(r'class="alert bad problems".*?<p>(.*?)</p>', page.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def members(package: Package) -> list[str]:
    found = Membership.select(Membership, Customer).join(Customer).where(Membership.package == package)
    return [it.customer.name for it in found.order_by(Membership.id)]


# The screen


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_the_screen(frontdesk: Client, piano: Package, htmx: str | None) -> None:
    make.package("Old", (Item.get(), "1", "@1"), active=False)
    page = frontdesk.get(NEW, htmx=htmx)
    assert page.status_code == 200
    assert re.findall(r"<option value=\"\d*\">(.*?)</option>", page.text) == ["Choose a package", "PIANO"]
    assert 'value="2026-06-01"' in page.text
    assert ("<html" in page.text) == (htmx is None)
    assert ('hx-post="/billing/packages/new"' in page.text) == (htmx is not None)
    for label in ("Package", "Start date", "Customers and groups", "Note", "Save"):
        assert label in page.text


def test_a_link_names_package_and_people(owner: Client, piano: Package, emma: Customer) -> None:
    choir = make.group("Choir", make.somebody("Ann"))
    page = owner.get(f"{NEW}?package={piano.id}&customer={emma.id}&group={choir.id}&customer=999&customer=x")
    assert f'<option value="{piano.id}" selected>' in page.text
    assert previewed(page)[0] == "2 will be added"
    assert "10 × <bdi>Lesson</bdi> @ 45.00" in page.text
    assert "price <b>$450.00</b>, saves 50.00" in re.sub(r"\s+", " ", page.text)


def test_many_packages_are_searched_instead(owner: Client, emma: Customer) -> None:
    lesson = make.item("Lesson", "50")
    found = [make.package(f"Course {n:02}", (lesson, "1", "@45")) for n in range(25)]
    for package in found:
        search.index("package", package.id, package.name)
    page = owner.get(NEW)
    assert 'data-url="/catalogue/packages/options"' in page.text
    assert "<select" not in page.text
    answer = owner.post(NEW, data={"package_text": "course 17", "package": "", "who": who(emma), "form_key": KEY})
    assert answer.status_code == 303
    assert members(found[17]) == ["Emma Jones"]


def test_an_inactive_package_that_is_asked_for_is_named(owner: Client, piano: Package) -> None:
    Package.update(active=False).execute()
    page = owner.get(f"{NEW}?package={piano.id}")
    assert "PIANO (inactive)</option>" in page.text
    assert "PIANO is inactive. Somebody with Manage Catalogue can make it active." in page.text


# Save


def test_save(frontdesk: Client, piano: Package, emma: Customer, cast: dict[str, User]) -> None:
    answer = frontdesk.post(NEW, data=payload(piano, *who(emma), note="Winter course"))
    assert (answer.status_code, answer.location) == (303, "/billing/packages")
    [made] = Membership.select()
    assert (made.customer, made.package, made.start_on, made.note) == (emma, piano, make.DAY, "Winter course")
    assert made.created_by == cast["frontdesk"]
    assert "Emma Jones was added to PIANO." in frontdesk.get("/billing/packages").text


def test_save_by_htmx(owner: Client, piano: Package, emma: Customer) -> None:
    answer = owner.post(NEW, data=payload(piano, *who(emma)), htmx=MODAL)
    assert answer.status_code == 200
    assert "memberships-changed" in answer.headers["HX-Trigger"].split(", ")
    assert answer.headers["HX-Retarget"] == "#modal"
    assert "Emma Jones was added to PIANO." in answer.text


def test_only_package_and_somebody_are_compulsory(owner: Client, piano: Package, emma: Customer) -> None:
    data = {"package": str(piano.id), "who": who(emma), "start_on": "", "form_key": KEY}
    assert owner.post(NEW, data=data).status_code == 303
    assert Membership.get().start_on == make.DAY


def test_another_start_date(owner: Client, piano: Package, emma: Customer) -> None:
    owner.post(NEW, data=payload(piano, *who(emma), start_on="2026-05-17"))
    assert Membership.get().start_on == date(2026, 5, 17)


def test_without_the_billing_tab_it_stays_here(bookkeeper: Client, piano: Package, emma: Customer) -> None:
    Role.update(permissions=frozenset({Permission.ADD_INVOICE})).where(Role.name == "Bookkeeper").execute()
    assert bookkeeper.get(NEW).status_code == 200
    answer = bookkeeper.post(NEW, data=payload(piano, *who(emma)))
    assert answer.location == NEW
    assert "Emma Jones was added to PIANO." in bookkeeper.get(NEW).text


def test_sent_twice_it_is_done_once(owner: Client, piano: Package, emma: Customer) -> None:
    data = payload(piano, *who(emma))
    assert owner.post(NEW, data=data).status_code == 303
    again = owner.post(NEW, data=data, htmx=MODAL)
    assert again.status_code == 200
    assert "Nothing was done twice" in again.text
    assert members(piano) == ["Emma Jones"]


def test_the_key_of_a_form_that_was_saved_is_of_no_use_for_another(
    owner: Client, piano: Package, emma: Customer
) -> None:
    owner.post(NEW, data=payload(piano, *who(emma)))
    answer = owner.post(NEW, data=payload(piano, *who(make.somebody("Ben"))))
    assert answer.status_code == 422
    assert "sent already with other content" in on_top(answer)
    assert members(piano) == ["Emma Jones"]


def test_a_form_that_was_refused_leaves_its_key_unused(owner: Client, piano: Package, emma: Customer) -> None:
    Customer.update(active=False).execute()
    assert owner.post(NEW, data=payload(piano, *who(emma))).status_code == 422
    assert FormKey.select().count() == 0
    Customer.update(active=True).execute()
    assert owner.post(NEW, data=payload(piano, *who(emma))).status_code == 303


# A form that comes back


def test_nothing_filled_in(owner: Client, piano: Package) -> None:
    answer = owner.post(NEW, data={"form_key": KEY}, htmx=MODAL)
    assert answer.status_code == 422
    assert beside(answer, "package") == "Choose a package."
    assert beside(answer, "who") == "Choose at least one customer or group."


def test_what_was_typed_is_kept(owner: Client, piano: Package, emma: Customer) -> None:
    data = payload(piano, *who(emma), start_on="first of June", note="<b>Winter</b>")
    answer = owner.post(NEW, data=data)
    assert answer.status_code == 422
    assert "Type the day as year-month-day" in beside(answer, "start_on")
    assert f'<option value="{piano.id}" selected>' in answer.text
    assert f'value="customer:{emma.id}" checked' in answer.text
    assert 'value="first of June"' in answer.text
    assert "&lt;b&gt;Winter&lt;/b&gt;" in answer.text
    assert Membership.select().count() == 0


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"package": "999"}, "package"),
        ({"package": "x"}, "package"),
        ({"package": "9" * 40}, "package"),
        ({"who": ["customer:999"]}, "who"),
        ({"who": ["x"]}, "who"),
        ({"who": ["group:" + "9" * 40]}, "who"),
        ({"start_on": "0001-01-01"}, "start_on"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_what_cannot_be_meant(
    owner: Client, piano: Package, emma: Customer, changes: dict[str, Any], field: str
) -> None:
    answer = owner.post(NEW, data=payload(piano, *who(emma)) | changes)
    assert answer.status_code == 422
    assert beside(answer, field)
    assert Membership.select().count() == 0


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_account_switched_off(owner: Client, piano: Package, emma: Customer, desk: User, htmx: str | None) -> None:
    switch_method(make.method("account"), False, by=desk)
    sentence = "Packages cannot be sold while the Account payment method is switched off. Somebody with Manage Settings"
    assert sentence in owner.get(NEW, htmx=htmx).text
    answer = owner.post(NEW, data=payload(piano, *who(emma)), htmx=htmx)
    assert answer.status_code == 422
    assert beside(answer, "package").startswith(sentence)
    assert answer.text.count(sentence) == 1
    assert Membership.select().count() == 0


def test_an_inactive_package(owner: Client, piano: Package, emma: Customer) -> None:
    Package.update(active=False).execute()
    answer = owner.post(NEW, data=payload(piano, *who(emma)))
    assert answer.status_code == 422
    assert beside(answer, "package") == "PIANO is inactive. Somebody with Manage Catalogue can make it active."


def test_an_inactive_group_is_refused_as_a_group(owner: Client, piano: Package, emma: Customer) -> None:
    choir = make.group("Choir", emma, active=False)
    answer = owner.post(NEW, data=payload(piano, *who(choir)))
    assert answer.status_code == 422
    assert beside(answer, "who") == "Choir is inactive. Manage Customers is needed to change that."
    assert Membership.select().count() == 0


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"active": False}, "This customer is inactive."),
        ({"role": "Cash Only"}, "Role Cash Only: no Make Purchases on Account."),
    ],
)
def test_a_customer_who_cannot_be_added(owner: Client, piano: Package, changes: dict[str, Any], reason: str) -> None:
    answer = owner.post(NEW, data=payload(piano, *who(make.somebody(**changes))))
    assert answer.status_code == 422
    assert beside(answer, "who") == "Nobody of those chosen can be added; it says why below."
    headline, added, skipped = previewed(answer)
    assert (headline, added) == ("0 will be added, 1 skipped", [])
    assert reason in skipped[0]
    assert "Manage Customers is needed to change that." in skipped[0]


def test_somebody_who_is_in_the_package(owner: Client, piano: Package, emma: Customer, desk: User) -> None:
    make.add(emma, piano, by=desk)
    answer = owner.post(NEW, data=payload(piano, *who(emma)))
    assert answer.status_code == 422
    assert "Already active in PIANO." in previewed(answer)[2][0]
    assert members(piano) == ["Emma Jones"]


def test_a_package_that_is_over(owner: Client, emma: Customer) -> None:
    over = make.piano(validity="date", last_day=date(2026, 5, 1))
    answer = owner.post(NEW, data=payload(over, *who(emma)))
    assert answer.status_code == 422
    assert beside(answer, "start_on") == "PIANO ended on 1 May 2026, before this start date."


def test_it_warns_of_a_last_day_that_is_past(owner: Client, emma: Customer) -> None:
    short = make.piano(validity="days", validity_count=3)
    page = owner.post("/billing/packages/preview", data=payload(short, *who(emma), start_on="2026-05-01"), htmx=PREVIEW)
    assert "The last day would be 4 May 2026 already" in page.text
    assert "valid 1 May 2026 through 4 May 2026, both days included" in re.sub("<.*?>", "", page.text)


# What was shown is what happens


@pytest.fixture
def six(app: object) -> Any:
    """A choir of six: four can be added, one is inactive, one has no Make Purchases on Account."""
    four = [make.somebody(name) for name in ("Ann", "Ben", "Cleo", "Dan")]
    choir = make.group("Choir", *four, make.somebody("Eve", active=False), make.somebody("Finn", role="Cash Only"))
    search.index("group", choir.id, choir.name)
    return choir


def test_a_group_of_six(frontdesk: Client, piano: Package, six: Any) -> None:
    page = frontdesk.post("/billing/packages/preview", data=payload(piano, *who(six)), htmx=PREVIEW)
    headline, added, skipped = previewed(page)
    assert headline == "4 will be added, 2 skipped"
    assert [line.split(":")[0] for line in added] == ["Ann", "Ben", "Cleo", "Dan"]
    assert all("Choir" in line for line in added)
    assert [line.split(":")[0] for line in skipped] == ["Eve", "Finn"]
    answer = frontdesk.post(NEW, data=payload(piano, *who(six), shown=shown(page)), htmx=MODAL)
    assert answer.status_code == 200
    assert "4 customers were added to PIANO." in answer.text
    assert members(piano) == ["Ann", "Ben", "Cleo", "Dan"]
    assert {it.group for it in Membership.select()} == {six}


def test_without_a_preview_it_is_shown_before_anybody_is_skipped(owner: Client, piano: Package, six: Any) -> None:
    first = owner.post(NEW, data=payload(piano, *who(six)))
    assert first.status_code == 422
    assert on_top(first) == "Not everybody can be added. Look at who is skipped, then press Save again."
    assert previewed(first)[0] == "4 will be added, 2 skipped"
    assert Membership.select().count() == 0
    assert owner.post(NEW, data=payload(piano, *who(six), shown=shown(first))).status_code == 303
    assert len(members(piano)) == 4


def test_what_changed_since_it_was_shown_is_said(owner: Client, piano: Package, six: Any) -> None:
    page = owner.post("/billing/packages/preview", data=payload(piano, *who(six)), htmx=PREVIEW)
    Customer.update(active=False).where(Customer.name == "Ann").execute()
    Customer.update(active=True).where(Customer.name == "Eve").execute()
    GroupMember.create(group=six, customer=make.somebody("Gil"))
    answer = owner.post(NEW, data=payload(piano, *who(six), shown=shown(page)), htmx=MODAL)
    assert answer.status_code == 422
    said = on_top(answer)
    for sentence in ("Ann will be skipped: This customer is inactive.", "Eve will be added.", "Gil will be added."):
        assert sentence in said
    assert previewed(answer)[0] == "5 will be added, 2 skipped"
    assert Membership.select().count() == 0
    assert owner.post(NEW, data=payload(piano, *who(six), shown=shown(answer)), htmx=MODAL).status_code == 200
    assert members(piano) == ["Ben", "Cleo", "Dan", "Eve", "Gil"]


def test_a_price_that_changed_is_said(owner: Client, piano: Package, emma: Customer) -> None:
    page = owner.post("/billing/packages/preview", data=payload(piano, *who(emma)), htmx=PREVIEW)
    make.reprice(piano, Item.get(Item.name == "Lesson"), "60")
    answer = owner.post(NEW, data=payload(piano, *who(emma), shown=shown(page)))
    assert answer.status_code == 422
    assert "The price of PIANO is now 600.00." in on_top(answer)


def test_two_people_at_the_same_moment(
    owner: Client, piano: Package, emma: Customer, desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.add(emma, piano, by=desk)
    monkeypatch.setattr(adding, "_active_in", lambda package, ids: set())
    answer = owner.post(NEW, data=payload(piano, *who(emma)))
    assert answer.status_code == 422
    assert "Somebody else added one of these customers to PIANO at this very moment." in on_top(answer)
    assert members(piano) == ["Emma Jones"]


# The preview while the form is filled in, and the type-ahead


def test_the_preview_of_half_a_form(owner: Client, piano: Package, emma: Customer) -> None:
    for data in ({}, {"package": "", "who": who(emma)}, {"package": str(piano.id)}, {"package": "x", "start_on": "x"}):
        page = owner.post("/billing/packages/preview", data=data, htmx=PREVIEW)
        assert page.status_code == 200
        assert page.text.count('id="add-preview"') == 1
        assert previewed(page)[0] == ""
        assert shown(page) == ""


def test_the_preview_renews_the_terms_too(owner: Client, piano: Package) -> None:
    page = owner.post("/billing/packages/preview", data=payload(piano), htmx=PREVIEW)
    assert '<hx-partial hx-target="#add-terms"' in page.text
    assert "$450.00" in page.text


def test_the_preview_says_why_not(owner: Client, piano: Package, desk: User) -> None:
    switch_method(make.method("account"), False, by=desk)
    page = owner.post("/billing/packages/preview", data=payload(piano), htmx=PREVIEW)
    assert "Account payment method is switched off" in page.text


def test_a_large_group_is_not_listed_to_its_end(owner: Client, piano: Package) -> None:
    large = make.group("Large", *(make.somebody(f"Person {n:03}") for n in range(230)))
    page = owner.post("/billing/packages/preview", data=payload(piano, *who(large)), htmx=PREVIEW)
    assert previewed(page)[0] == "230 will be added"
    assert "and 30 more" in page.text
    assert owner.post(NEW, data=payload(piano, *who(large), shown=shown(page))).status_code == 303
    assert len(members(piano)) == 230


def offered(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    return [html.unescape(text) for text in re.findall(r'data-text="(.*?)"', answer.text)]


def test_customers_and_groups_are_found_together(frontdesk: Client, emma: Customer, six: Any) -> None:
    findable("Emil Gone", active=False)
    assert offered(frontdesk.get("/billing/packages/who?q=em")) == ["Emil Gone", "Emma Jones"]
    assert "inactive" in frontdesk.get("/billing/packages/who?q=emil").text
    choir = frontdesk.get("/billing/packages/who?q=CHO")
    assert offered(choir) == ["Choir"]
    assert "6 members" in choir.text
    assert "No customer or group like that" in frontdesk.get("/billing/packages/who?q=zzz").text
    assert offered(frontdesk.get("/billing/packages/who"))[0] == "Choir"


def test_many_customers_cost_no_more_queries(owner: Client, emma: Customer, queries: Any) -> None:
    owner.get("/billing/packages/who?q=e")
    with queries() as few:
        owner.get("/billing/packages/who?q=e")
    crowd(300)
    with queries() as many:
        found = offered(owner.get("/billing/packages/who?q=ada"))
    assert len(found) == 14
    assert len(many) == len(few) <= 5


def test_without_javascript_a_name_is_looked_for(owner: Client, piano: Package, emma: Customer) -> None:
    findable("Emma Smith")
    several = owner.post(NEW, data=payload(piano) | {"who_text": "emma"})
    assert several.status_code == 422
    assert "Choose from those found" in beside(several, "who")
    assert "Emma Smith" in several.text
    ticked = payload(piano, "", *who(emma)) | {"who_text": "emma", "who_found": "emma"}
    assert owner.post(NEW, data=ticked).status_code == 303
    assert members(piano) == ["Emma Jones"]
    exact = payload(piano) | {"who_text": "emma smith", "form_key": KEY + "2"}
    assert owner.post(NEW, data=exact).status_code == 303
    assert members(piano) == ["Emma Jones", "Emma Smith"]


# Who may


@pytest.mark.parametrize(
    "verb, path", [("GET", NEW), ("POST", NEW), ("GET", "/billing/packages/who"), ("POST", "/billing/packages/preview")]
)
def test_without_add_invoice(bookkeeper: Client, piano: Package, emma: Customer, verb: str, path: str) -> None:
    answer = bookkeeper.open(path, method=verb, data=payload(piano, *who(emma)))
    assert answer.status_code == 403
    assert Membership.select().count() == 0


def test_the_preview_is_posted(owner: Client) -> None:
    assert owner.get("/billing/packages/preview").status_code == 405
    assert owner.put(NEW).status_code == 405


def test_hostile_names_and_texts(owner: Client, desk: User) -> None:
    names = sorted(
        {" ".join(name.replace("\0", "").encode("utf-8", "ignore").decode().split()) for name in strings()} - {""}
    )
    with db.atomic():
        people = [make.somebody(name) for name in names]
    odd = make.package("<script>alert(1)</script>", (make.item("'\"><i>", "1"), "1", "@1"))
    choir = make.group("</ul><b>", *people)
    page = owner.post("/billing/packages/preview", data=payload(odd, *who(choir, *people)), htmx=PREVIEW)
    assert previewed(page)[0] == f"{len(people)} will be added, {len(people)} skipped"
    assert "<script>alert" not in page.text
    for text in strings()[::15]:
        assert owner.get("/billing/packages/who", query_string={"q": text}).status_code == 200
        data = payload(odd, *who(people[0]), note=text[:500], shown=text)
        assert owner.post("/billing/packages/preview", data=data, htmx=PREVIEW).status_code == 200
        assert owner.post(NEW, data=data | {"who_text": text, "start_on": text}).status_code == 422
