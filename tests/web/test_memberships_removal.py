"""Remove from Package: the consequences of one removal or of several, and the button that confirms them."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.naughty import strings
from webapp.domain import memberships, removing
from webapp.models import Audit, Customer, Invoice, Item, Membership, Role, User
from webapp.permissions import Permission

MODAL = "dialog#modal"
SEVERAL = "/billing/packages/removal"
KEY = "a form key that was never used"


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(make.DAY, tick=False):
        yield


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(desk: User, once: Once) -> Membership:
    return once(make_emma, desk)


def make_emma(desk: User) -> Membership:
    """Emma Jones in PIANO: 90.00 paid in and 45.00 more billed; a lesson on an open invoice and one in a draft."""
    emma, piano = make.somebody(), make.piano()
    lesson = Item.get(Item.name == "Lesson")
    make.pay(make.save(emma, (piano, "90"), by=desk), by=desk)
    make.save(emma, (lesson, "1"), by=desk)
    make.save(emma, (piano, "45"), by=desk)
    make.draft(emma, (lesson, "1"), by=desk)
    return make.bought(emma)


@pytest.fixture
def ben(desk: User, emma: Membership) -> Membership:
    return make.add(make.somebody("Ben"), emma.package, by=desk)


def one(membership: Membership) -> str:
    return f"/billing/memberships/{membership.id}/removal"


def mark(membership: Membership) -> str:
    return f"{membership.id}.{make.fresh(membership).version}"


def payload(*found: Membership, **changes: Any) -> dict[str, Any]:
    """The form as the screen shows it now."""
    shown = removing.mark(removing.consequences([it.id for it in found]))
    return {"membership": [mark(it) for it in found], "shown": shown, "form_key": KEY, "reason": ""} | changes


def words(page: TestResponse) -> str:
    """What the screen says, without its markup."""
    body = page.text[page.text.index('name="shown"') :]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)))


def hidden(page: TestResponse) -> dict[str, Any]:
    """The form as this page would send it."""
    found = re.findall(r'name="(membership|shown)" value="(.*?)"', page.text)
    return {
        "membership": [value for name, value in found if name == "membership"],
        "shown": next(value for name, value in found if name == "shown"),
        "form_key": KEY,
    }


def on_top(page: TestResponse) -> str:
    found = re.search(r'class="alert bad problems".*?<p>(.*?)</p>', page.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


# The screen


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_the_consequences(manager: Client, emma: Membership, htmx: str | None) -> None:
    page = manager.get(one(emma), htmx=htmx)
    assert page.status_code == 200
    said = words(page)
    for sentence in (
        "Emma Jones leaves PIANO.",
        "Left and not used any more: 9 of 10 Lesson.",
        "Package funds of $90.00 go to general funds, which are then $90.00.",
        "This open invoice keeps its package rates: 2026-0002 (45.00 due).",
        "What is unpaid of the package is credited and not owed any more: 45.00 on 2026-0003.",
        "A draft is priced anew at the standard rates: draft.",
        "From then on, invoices saved later take the standard rates, whatever their service date.",
    ):
        assert sentence in said
    assert ">Remove</button>" in page.text
    assert ("<html" in page.text) == (htmx is None)
    assert "title>Remove from Package" in page.text or "Remove from Package</h2>" in page.text


def test_nothing_to_move(owner: Client, ben: Membership) -> None:
    said = words(owner.get(one(ben)))
    assert "There are no package funds to move." in said
    for absent in ("open invoice", "credited", "draft"):
        assert absent not in said


def test_one_who_left_already(owner: Client, emma: Membership, desk: User) -> None:
    memberships.remove([memberships.Removal(emma.id, emma.version)], by=desk, on=make.DAY)
    page = owner.get(one(emma))
    assert "Emma Jones is not active in PIANO any more: removed on 1 Jun 2026." in words(page)
    assert ">Remove</button>" not in page.text


# Remove


def test_remove(manager: Client, emma: Membership, cast: dict[str, User]) -> None:
    answer = manager.post(one(emma), data=payload(emma, reason="moved away"))
    assert (answer.status_code, answer.location) == (303, "/billing/packages")
    left = make.fresh(emma)
    assert (left.state, left.reason, left.inactive_on) == ("inactive", "removed", make.DAY)
    assert (make.funds(emma), make.general(emma.customer)) == (0, 9_000)
    entry = Audit.get(Audit.act == "Removed from package")
    assert (entry.user, entry.reason) == (cast["manager"], "moved away")
    assert "Emma Jones was removed from PIANO." in manager.get("/billing/packages").text


def test_remove_by_htmx(manager: Client, emma: Membership) -> None:
    answer = manager.post(one(emma), data=payload(emma), htmx=MODAL)
    assert answer.status_code == 200
    events = answer.headers["HX-Trigger"].split(", ")
    assert {"memberships-changed", "account-changed"} <= set(events)
    assert "Emma Jones was removed from PIANO." in answer.text


def test_invoices_saved_later_take_standard_rates(owner: Client, emma: Membership, desk: User) -> None:
    owner.post(one(emma), data=payload(emma))
    invoice = make.save(emma.customer, (Item.get(Item.name == "Lesson"), "1"), by=desk)
    assert make.lines(invoice) == [("standard", 1_000, 5_000)]
    assert Invoice.get(Invoice.number == 2).due_minor == 4_500


def test_sent_twice_it_is_done_once(owner: Client, emma: Membership) -> None:
    data = payload(emma)
    assert owner.post(one(emma), data=data).status_code == 303
    again = owner.post(one(emma), data=data, htmx=MODAL)
    assert again.status_code == 200
    assert "Nothing was done twice" in again.text
    assert Audit.select().where(Audit.act == "Removed from package").count() == 1


def test_without_the_billing_tab_it_stays_here(bookkeeper: Client, emma: Membership) -> None:
    Role.update(permissions=frozenset({Permission.MANAGE_INVOICES})).where(Role.name == "Bookkeeper").execute()
    assert bookkeeper.get(one(emma)).status_code == 200
    assert bookkeeper.post(one(emma), data=payload(emma)).location == one(emma)
    assert make.fresh(emma).reason == "removed"


# Several rows at once


def test_several(owner: Client, emma: Membership, ben: Membership) -> None:
    page = owner.get(SEVERAL, query_string={"membership": [mark(emma), mark(ben)]}, htmx=MODAL)
    assert "Ben leaves PIANO." in words(page)
    assert "Emma Jones leaves PIANO." in words(page)
    assert "2 customers" in page.text
    answer = owner.post(SEVERAL, data=hidden(page), htmx=MODAL)
    assert answer.status_code == 200
    assert "2 customers were removed from PIANO." in answer.text
    assert {make.fresh(emma).reason, make.fresh(ben).reason} == {"removed"}


def test_several_packages(owner: Client, emma: Membership, desk: User) -> None:
    other = make.add(emma.customer, make.trio(), by=desk)
    answer = owner.post(SEVERAL, data=payload(emma, other), htmx=MODAL)
    assert "2 customers were removed from their packages." in answer.text


def test_one_of_several_left_already(owner: Client, emma: Membership, ben: Membership, desk: User) -> None:
    ticked = {"membership": [mark(emma), mark(ben)]}
    memberships.remove([memberships.Removal(ben.id, ben.version)], by=desk, on=make.DAY)
    page = owner.get(SEVERAL, query_string=ticked)
    assert "Ben is not active in PIANO any more" in words(page)
    assert hidden(page)["membership"] == [mark(emma)]
    assert owner.post(SEVERAL, data=hidden(page)).status_code == 303
    assert make.fresh(emma).reason == "removed"


@pytest.mark.parametrize(
    "query", ["", "membership=x", "membership=1", "membership=.&membership=1.x", "membership=-1.0"]
)
def test_nobody_is_chosen(owner: Client, query: str) -> None:
    page = owner.get(f"{SEVERAL}?{query}")
    assert page.status_code == 200
    assert "Nobody is chosen." in words(page)
    assert ">Remove</button>" not in page.text


# A screen that is out of date


def test_money_that_came_meanwhile(owner: Client, emma: Membership, desk: User) -> None:
    data = payload(emma)
    make.pay(Invoice.get(Invoice.number == 3), by=desk)
    answer = owner.post(one(emma), data=data | {"reason": "kept"}, htmx=MODAL)
    assert answer.status_code == 422
    assert "changed since it was shown" in on_top(answer)
    assert "Package funds of $135.00 go to general funds" in words(answer)
    assert 'value="kept"' in answer.text
    assert make.fresh(emma).is_active
    assert owner.post(one(emma), data=hidden(answer)).status_code == 303
    assert make.general(emma.customer) == 13_500


def test_a_version_that_is_old(owner: Client, emma: Membership) -> None:
    data = payload(emma)
    Membership.update(version=Membership.version + 1).execute()
    answer = owner.post(one(emma), data=data)
    assert answer.status_code == 422
    assert "Emma Jones in PIANO was changed by somebody else meanwhile." in on_top(answer)
    assert hidden(answer)["membership"] == [mark(emma)]
    assert owner.post(one(emma), data=hidden(answer)).status_code == 303


def test_somebody_was_faster(owner: Client, emma: Membership, ben: Membership, desk: User) -> None:
    data = payload(emma, ben)
    memberships.remove([memberships.Removal(ben.id, ben.version)], by=desk, on=make.DAY)
    answer = owner.post(SEVERAL, data=data)
    assert answer.status_code == 422
    assert "Ben in PIANO was changed by somebody else meanwhile." in on_top(answer)
    assert "Ben is not active in PIANO any more: removed on 1 Jun 2026." in words(answer)
    assert make.fresh(emma).is_active


@pytest.mark.parametrize("changes", [{"membership": []}, {"membership": ["x"]}, {"shown": ""}, {"shown": "x"}])
def test_what_was_not_shown_is_not_done(owner: Client, emma: Membership, changes: dict[str, Any]) -> None:
    answer = owner.post(one(emma), data=payload(emma) | changes)
    assert answer.status_code == 422
    assert make.fresh(emma).is_active


def test_an_address_names_the_one_to_remove(owner: Client, emma: Membership, ben: Membership) -> None:
    answer = owner.post(one(emma), data=payload(ben))
    assert answer.status_code == 422
    assert make.fresh(ben).is_active
    assert make.fresh(emma).is_active


def test_the_same_row_twice(owner: Client, ben: Membership) -> None:
    data = payload(ben)
    assert owner.post(SEVERAL, data=data | {"membership": data["membership"] * 2}).status_code == 303


def test_a_reason_that_is_too_long(owner: Client, emma: Membership) -> None:
    answer = owner.post(one(emma), data=payload(emma, reason="x" * 501))
    assert answer.status_code == 422
    assert "At most 500 characters." in answer.text
    assert make.fresh(emma).is_active


# Who may


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_without_manage_invoices(frontdesk: Client, bookkeeper: Client, emma: Membership, verb: str) -> None:
    for client in (frontdesk, bookkeeper):
        for path in (one(emma), SEVERAL, "/billing/memberships/999/removal"):
            assert client.open(path, method=verb, data=payload(emma)).status_code == 403
    assert make.fresh(emma).is_active


def test_no_such_membership_and_no_such_verb(owner: Client, emma: Membership) -> None:
    assert owner.get("/billing/memberships/999/removal").status_code == 404
    assert owner.post("/billing/memberships/999/removal", data=payload(emma)).status_code == 404
    assert owner.delete(one(emma)).status_code == 405
    assert owner.get(SEVERAL, query_string={"membership": "999.0"}).status_code == 200


def test_hostile_names_and_reasons(owner: Client, ben: Membership) -> None:
    Customer.update(name='<img src=x onerror="alert(1)">').execute()
    page = owner.get(one(ben))
    assert "<img" not in page.text
    for text in strings()[::20]:
        answer = owner.post(SEVERAL, data=payload(ben, reason=text[:400], shown=text))
        assert answer.status_code == 422
    assert owner.post(one(ben), data=payload(ben, reason="'\"><script>alert(1)</script>")).status_code == 303
    assert "<script>alert" not in owner.get(f"/billing/memberships/{ben.id}?view=audit").text
