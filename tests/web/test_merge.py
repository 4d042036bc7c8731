"""Merge: a customer who was entered twice becomes one."""

import re
from collections.abc import Iterator

import peewee
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.trail import latest
from tests.web.billing import DAY, MODAL, customer, filled, on_the_day, said, words
from webapp.domain import checks, funds
from webapp.models import Customer, Group, Invoice, Item, Membership, Role, User
from webapp.permissions import Permission

REGION = "div#merging"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield
    assert checks.faults() == []


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    """The one who stays, with 10.00."""
    made = customer()
    funds.deposit(made, make.method("cash"), 1000, by=by, on=DAY)
    return made


@pytest.fixture
def double(by: User) -> Customer:
    """The one who goes: 50.00, a membership, an open invoice, a draft, a place in a group and one of their own."""
    made, piano = customer("Emma Jnoes"), make.piano()
    funds.deposit(made, make.method("cash"), 5000, by=by, on=DAY)
    make.add(made, piano, by=by)
    lesson = Item.get(Item.name == "Lesson")
    make.save(made, (lesson, "1"), by=by)
    make.draft(made, (lesson, "1"), by=by)
    make.group("Choir", made)
    Group.update(owner=made).where(Group.id == make.group("Family").id).execute()
    return made


def url(who: Customer) -> str:
    return f"/customers/{who.id}/merge"


def preview(client: Client, who: Customer, into: Customer) -> TestResponse:
    response = client.post(f"{url(who)}/preview", data=chosen(into), htmx=REGION)
    assert response.status_code == 200
    return response


def chosen(into: Customer) -> dict[str, str]:
    return {"into": str(into.id), "into_text": into.name}


def payload(client: Client, who: Customer, into: Customer) -> dict[str, str]:
    """The form as a browser sends it once the other one was chosen and what follows was stated."""
    shown = re.search(r'name="shown" value="(\w*)"', preview(client, who, into).text)
    return filled(client.get(url(who)), url(who)) | chosen(into) | {"shown": shown[1] if shown else ""}


def test_what_moves_is_stated_in_numbers(frontdesk: Client, emma: Customer, double: Customer) -> None:
    text = words(preview(frontdesk, double, emma))
    for sentence in (
        "General funds of 50.00 go to Emma Jones , who then has 60.00.",
        "1 membership goes over with package funds and history; active in PIANO.",
        "1 invoice, 45.00 of it due, and 1 draft go over.",
        "Emma Jones takes the place in Choir, and becomes owner of Family.",
        "Emma Jnoes becomes inactive and leads to Emma Jones from then on.",
    ):
        assert sentence in text
    assert Customer.get_by_id(double.id).active


def test_it_is_what_happens(frontdesk: Client, emma: Customer, double: Customer) -> None:
    response = frontdesk.post(url(double), data=payload(frontdesk, double, emma))
    assert (response.status_code, response.location) == (303, f"/customers/{emma.id}")
    assert "Emma Jnoes was merged into Emma Jones." in words(frontdesk.get(response.location))
    assert (make.general(emma), make.general(double)) == (6000, 0)
    assert {row.customer_id for row in (*Membership.select(), *Invoice.select())} == {emma.id}
    assert [row.name for row in Group.select().where(Group.owner == emma)] == ["Family"]
    assert latest() == ("Merged", {"into": emma.id})


def test_from_a_dialog_it_leads_to_who_stays(frontdesk: Client, emma: Customer, double: Customer) -> None:
    assert "<html" not in frontdesk.get(url(double), htmx=MODAL).text
    response = frontdesk.post(url(double), data=payload(frontdesk, double, emma), htmx=MODAL)
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, f"/customers/{emma.id}")


def test_the_one_who_went_says_where_to(frontdesk: Client, emma: Customer, double: Customer) -> None:
    frontdesk.post(url(double), data=payload(frontdesk, double, emma))
    page = frontdesk.get(f"/customers/{double.id}")
    assert "Emma Jnoes was merged into Emma Jones . What was theirs is there now." in words(page)
    assert f'href="/customers/{emma.id}"' in page.text
    menu = frontdesk.get(f"/customers/{double.id}/actions", htmx="div#menu").text
    assert re.findall(r'href="/customers/\d+/([\w/]+)"', menu) == ["statement"]
    for method in (frontdesk.get, frontdesk.post):
        assert method(url(double), data=chosen(emma)).status_code in (409, 422)
    edit = filled(frontdesk.get(f"/customers/{double.id}/edit"), f"/customers/{double.id}/edit")
    again = edit | {"role": str(double.role_id), "active": "y"}
    response = frontdesk.post(f"/customers/{double.id}/edit", data=again)
    assert response.status_code == 422
    assert "Emma Jnoes was merged into Emma Jones. Go on there." in words(response)
    assert not Customer.get_by_id(double.id).active


def test_a_chain_leads_to_its_end(frontdesk: Client, emma: Customer, double: Customer) -> None:
    last = customer("Emma Johnson")
    frontdesk.post(url(double), data=payload(frontdesk, double, emma))
    frontdesk.post(url(emma), data=payload(frontdesk, emma, last))
    assert f'href="/customers/{last.id}"' in frontdesk.get(f"/customers/{double.id}").text
    assert make.general(last) == 6000


def test_without_javascript_it_is_stated_first_and_done_then(
    frontdesk: Client, emma: Customer, double: Customer
) -> None:
    form = filled(frontdesk.get(url(double)), url(double)) | {"into_text": "Emma Jones"}
    stated = frontdesk.post(url(double), data=form)
    assert stated.status_code == 422
    assert "Look at what this does, then press the button again." in words(stated)
    assert "General funds of 50.00 go to" in words(stated)
    assert frontdesk.post(url(double), data=filled(stated, url(double))).status_code == 303


def test_sent_twice_it_is_done_once(frontdesk: Client, emma: Customer, double: Customer) -> None:
    form = payload(frontdesk, double, emma)
    for _ in range(2):
        assert frontdesk.post(url(double), data=form).location == f"/customers/{emma.id}"
    assert make.general(emma) == 6000


def test_what_changed_meanwhile_is_stated_anew(frontdesk: Client, emma: Customer, double: Customer, by: User) -> None:
    form = payload(frontdesk, double, emma)
    funds.deposit(double, make.method("cash"), 700, by=by, on=DAY)
    response = frontdesk.post(url(double), data=form)
    assert response.status_code == 422
    assert "What this does changed since it was shown." in words(response)
    assert "General funds of 57.00 go to" in words(response)
    assert 'value="Emma Jones"' in response.text
    assert make.general(emma) == 1000


def test_not_while_both_are_in_the_same_package(frontdesk: Client, emma: Customer, double: Customer, by: User) -> None:
    make.add(emma, Membership.get().package, by=by)
    sentence = "Both are active in PIANO. Remove one of them from it first."
    assert sentence in words(preview(frontdesk, double, emma))
    response = frontdesk.post(url(double), data=payload(frontdesk, double, emma))
    assert response.status_code == 422
    assert sentence in " ".join(said(response, "error"))
    assert Customer.get_by_id(double.id).active


def test_into_whom(frontdesk: Client, double: Customer) -> None:
    gone = customer("Tom Gone")
    Customer.update(active=False).where(Customer.id == gone.id).execute()
    for into, sentence in ((double, "Choose another customer."), (gone, "Choose one from the list.")):
        response = frontdesk.post(url(double), data=payload(frontdesk, double, into))
        assert response.status_code == 422
        assert sentence in words(response)
    nobody = filled(frontdesk.get(url(double)), url(double))
    assert "Choose the customer who stays." in words(frontdesk.post(url(double), data=nobody))
    assert Customer.get_by_id(double.id).active


def test_a_debt_goes_over_too(frontdesk: Client, emma: Customer, by: User) -> None:
    owes = customer("Owes")
    Customer.update(credit_limit_minor=5000).where(Customer.id == owes.id).execute()
    funds.adjust(Customer.get_by_id(owes.id), -3000, by=by, on=DAY, reason="x")
    assert "General funds of −30.00 go to Emma Jones , who then has −20.00." in words(preview(frontdesk, owes, emma))
    frontdesk.post(url(owes), data=payload(frontdesk, owes, emma))
    assert (make.general(emma), make.general(owes)) == (-2000, 0)


@pytest.mark.parametrize("name", CAST)
def test_who_may(app: Flask, emma: Customer, name: str) -> None:
    client = client_for(app, name)
    may = Permission.MANAGE_CUSTOMERS in Role.get(Role.name == CAST[name]).permissions
    assert client.get(url(emma)).status_code == (200 if may else 403)
    assert client.post(url(emma), data={}).status_code == (422 if may else 403)
    assert client.post(f"{url(emma)}/preview", data={}).status_code == (200 if may else 403)
    assert client.get("/customers/999999/merge").status_code == (404 if may else 403)
    assert client.delete(url(emma)).status_code == 405
