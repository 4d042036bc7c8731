"""Merge: a customer who was entered twice becomes one."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.trail import latest
from tests.web.billing import DAY, MODAL, customer, filled, said, words
from webapp.domain import funds
from webapp.models import Customer, Group, Invoice, Item, Membership, Role, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


REGION = "div#merging"


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
    shown = re.search(r'name="shown" value="([\w.]*)"', preview(client, who, into).text)
    return filled(client.get(url(who)), url(who)) | chosen(into) | {"shown": shown[1] if shown else ""}


def test_what_moves_is_stated_in_numbers(manager: Client, emma: Customer, double: Customer) -> None:
    text = words(preview(manager, double, emma))
    for sentence in (
        "General funds of 50.00 go to Emma Jones , who then has 60.00.",
        "1 membership goes over with package funds and history; active in PIANO.",
        "1 invoice, 45.00 of it due, and 1 draft go over.",
        "Emma Jones takes the place in Choir, and becomes owner of Family.",
        "Emma Jnoes becomes inactive and leads to Emma Jones from then on.",
    ):
        assert sentence in text
    assert Customer.get_by_id(double.id).active


def test_it_is_what_happens(manager: Client, emma: Customer, double: Customer) -> None:
    response = manager.post(url(double), data=payload(manager, double, emma))
    assert (response.status_code, response.location) == (303, f"/customers/{emma.id}")
    assert "Emma Jnoes was merged into Emma Jones." in words(manager.get(response.location))
    assert (make.general(emma), make.general(double)) == (6000, 0)
    assert {row.customer_id for row in (*Membership.select(), *Invoice.select())} == {emma.id}
    assert [row.name for row in Group.select().where(Group.owner == emma)] == ["Family"]
    assert latest() == ("Merged", {"into": emma.id})


def test_from_a_dialog_it_leads_to_who_stays(manager: Client, emma: Customer, double: Customer) -> None:
    assert "<html" not in manager.get(url(double), htmx=MODAL).text
    response = manager.post(url(double), data=payload(manager, double, emma), htmx=MODAL)
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, f"/customers/{emma.id}")


def test_the_one_who_went_says_where_to(manager: Client, emma: Customer, double: Customer) -> None:
    manager.post(url(double), data=payload(manager, double, emma))
    page = manager.get(f"/customers/{double.id}")
    assert "Emma Jnoes was merged into Emma Jones . What was theirs is there now." in words(page)
    assert f'href="/customers/{emma.id}"' in page.text
    menu = manager.get(f"/customers/{double.id}/actions", htmx="div#menu").text
    assert re.findall(r'href="/customers/\d+/([\w/]+)"', menu) == ["statement"]
    for method in (manager.get, manager.post):
        assert method(url(double), data=chosen(emma)).status_code in (409, 422)
    edit = filled(manager.get(f"/customers/{double.id}/edit"), f"/customers/{double.id}/edit")
    again = edit | {"role": str(double.role_id), "active": "y"}
    response = manager.post(f"/customers/{double.id}/edit", data=again)
    assert response.status_code == 422
    assert "Emma Jnoes was merged into Emma Jones. Go on there." in words(response)
    assert not Customer.get_by_id(double.id).active


def test_a_chain_leads_to_its_end(manager: Client, emma: Customer, double: Customer) -> None:
    last = customer("Emma Johnson")
    manager.post(url(double), data=payload(manager, double, emma))
    manager.post(url(emma), data=payload(manager, emma, last))
    assert f'href="/customers/{last.id}"' in manager.get(f"/customers/{double.id}").text
    assert make.general(last) == 6000


def test_without_javascript_it_is_stated_first_and_done_then(manager: Client, emma: Customer, double: Customer) -> None:
    form = filled(manager.get(url(double)), url(double)) | {"into_text": "Emma Jones"}
    stated = manager.post(url(double), data=form)
    assert stated.status_code == 422
    assert "Look at what this does, then press the button again." in words(stated)
    assert "General funds of 50.00 go to" in words(stated)
    assert manager.post(url(double), data=filled(stated, url(double))).status_code == 303


def test_sent_twice_it_is_done_once(manager: Client, emma: Customer, double: Customer) -> None:
    form = payload(manager, double, emma)
    for _ in range(2):
        assert manager.post(url(double), data=form).location == f"/customers/{emma.id}"
    assert make.general(emma) == 6000


def test_what_changed_meanwhile_is_stated_anew(manager: Client, emma: Customer, double: Customer, by: User) -> None:
    form = payload(manager, double, emma)
    funds.deposit(double, make.method("cash"), 700, by=by, on=DAY)
    response = manager.post(url(double), data=form)
    assert response.status_code == 422
    assert "What this does changed since it was shown." in words(response)
    assert "General funds of 57.00 go to" in words(response)
    assert 'value="Emma Jones"' in response.text
    assert make.general(emma) == 1000


def test_not_while_both_are_in_the_same_package(manager: Client, emma: Customer, double: Customer, by: User) -> None:
    make.add(emma, Membership.get().package, by=by)
    sentence = "Both are active in PIANO. Remove one of them from it first."
    assert sentence in words(preview(manager, double, emma))
    response = manager.post(url(double), data=payload(manager, double, emma))
    assert response.status_code == 422
    assert sentence in " ".join(said(response, "error"))
    assert Customer.get_by_id(double.id).active


def test_into_whom(manager: Client, double: Customer) -> None:
    gone = customer("Tom Gone")
    Customer.update(active=False).where(Customer.id == gone.id).execute()
    for into, sentence in ((double, "Choose another customer."), (gone, "Choose one from the list.")):
        response = manager.post(url(double), data=payload(manager, double, into))
        assert response.status_code == 422
        assert sentence in words(response)
    nobody = filled(manager.get(url(double)), url(double))
    assert "Choose the customer who stays." in words(manager.post(url(double), data=nobody))
    assert Customer.get_by_id(double.id).active


def test_a_debt_goes_over_too(manager: Client, emma: Customer, by: User) -> None:
    owes = customer("Owes")
    Customer.update(credit_limit_minor=5000).where(Customer.id == owes.id).execute()
    funds.adjust(Customer.get_by_id(owes.id), -3000, by=by, on=DAY, reason="x")
    assert "General funds of −30.00 go to Emma Jones , who then has −20.00." in words(preview(manager, owes, emma))
    manager.post(url(owes), data=payload(manager, owes, emma))
    assert (make.general(emma), make.general(owes)) == (-2000, 0)


@pytest.mark.parametrize("name", CAST)
def test_who_may(app: Flask, name: str) -> None:
    client, emma = client_for(app, name), customer()
    may = Permission.MANAGE_CUSTOMERS in Role.get(Role.name == CAST[name]).permissions
    assert client.get(url(emma)).status_code == (200 if may else 403)
    assert client.post(url(emma), data={}).status_code == (422 if may else 403)
    assert client.post(f"{url(emma)}/preview", data={}).status_code == (200 if may else 403)
    assert client.get("/customers/999999/merge").status_code == (404 if may else 403)
    assert client.delete(url(emma)).status_code == 405


def test_money_is_merged_by_who_may_manage_invoices_too(frontdesk: Client, manager: Client, double: Customer) -> None:
    stays, page = customer("Emma Johnson"), f"/customers/{double.id}"
    sentence = "Emma Jnoes has funds, a membership or an invoice. Somebody who has Manage Invoices too can merge them."
    form = payload(manager, double, stays)
    assert sentence in words(frontdesk.get(url(double)))
    for answer in (
        frontdesk.post(url(double), data=form),
        frontdesk.post(f"{url(double)}/preview", data=chosen(stays)),
    ):
        assert (answer.status_code, sentence in words(answer)) == (422, True)
    assert Customer.get_by_id(double.id).active
    assert 'merge"' not in frontdesk.get(f"{page}/actions", htmx="div#menu").text
    assert 'merge"' in manager.get(f"{page}/actions", htmx="div#menu").text


@pytest.mark.parametrize("has", ["funds", "membership", "invoice", "draft", "nothing"])
def test_what_counts_as_money(frontdesk: Client, by: User, has: str) -> None:
    piano, second = make.piano(), customer("Emma Jnoes")
    lesson = Item.get(Item.name == "Lesson")
    if has == "funds":
        funds.deposit(second, make.method("cash"), 5000, by=by, on=DAY)
    elif has == "membership":
        make.add(second, piano, by=by)
    elif has == "invoice":
        make.pay(make.save(second, (lesson, "1"), by=by), by=by)
    elif has == "draft":
        make.draft(second, (lesson, "1"), by=by)
    offered = 'merge"' in frontdesk.get(f"/customers/{second.id}/actions", htmx="div#menu").text
    assert offered == (has in ("draft", "nothing"))
    assert frontdesk.get(url(second)).status_code == (200 if offered else 422)
