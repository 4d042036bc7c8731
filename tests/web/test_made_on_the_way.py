"""A customer or an item that is not there yet, made where it is looked for: while an invoice is written."""

import html
import re

import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.acting import give_only, messages
from tests.web.billing import MODAL
from webapp.models import Customer, Role
from webapp.permissions import Permission


def test_what_is_missing_may_be_made_by_who_may_make_it(owner: Client, frontdesk: Client, bookkeeper: Client) -> None:
    ann = make.somebody("Ann")
    people, offers = "/customers/options?invoice=1&q=Zoe%20Z", f"/billing/invoices/offers?customer={ann.id}&q=Zoe%20Z"
    make_person, make_item = "/customers/new?name=Zoe+Z&amp;invoice=1", "/catalogue/items/new?name=Zoe+Z"
    assert make_person in owner.get(people, htmx="").text
    assert make_person in frontdesk.get(people, htmx="").text
    assert "customers/new" not in bookkeeper.get(people, htmx="").text
    assert "customers/new" not in owner.get("/customers/options?q=Zoe", htmx="").text, "only where it goes on"
    assert "customers/new" not in owner.get("/customers/options?invoice=1", htmx="").text
    assert make_item in owner.get(offers, htmx="").text
    assert "items/new" not in frontdesk.get(offers, htmx="").text
    of_packages = "/catalogue/items/options"
    assert make_item in owner.get(f"{of_packages}?q=Zoe%20Z", htmx="").text
    assert "items/new" not in owner.get(of_packages, htmx="").text
    assert "items/new" not in frontdesk.get(f"{of_packages}?q=Zoe%20Z", htmx="").text
    assert 'value="Zoe Z"' in owner.get("/customers/new?name=Zoe+Z").text
    assert 'value="Zoe Z"' in owner.get("/catalogue/items/new?name=Zoe+Z").text


def test_a_new_customer_is_billed_next(frontdesk: Client) -> None:
    role = Role.get(Role.name == "Customer").id
    typed = {"name": "Zoe", "role": role, "active": "y"}
    made = frontdesk.post("/customers/new?invoice=1", data=typed, htmx=MODAL)
    assert made.headers["HX-Redirect"] == f"/billing/invoices/new?customer={Customer.get(Customer.name == 'Zoe').id}"


def test_a_new_customer_is_added_to_the_package_next(frontdesk: Client, bookkeeper: Client) -> None:
    """With whatever was chosen there already."""
    piano, ann = make.piano(), make.somebody("Ann")
    group = make.group("Monday", ann)
    who = f"/billing/packages/who?q=Zoe&package={piano.id}&who=customer:{ann.id}&who=group:{group.id}"
    who += "&start_on=2026-11-23&note=Firm%20course"
    offer = re.search(r'href="(/customers/new[^"]*)"', frontdesk.get(who, htmx="").text)
    assert offer
    path = html.unescape(offer[1])
    form = frontdesk.get(path, htmx=MODAL)
    assert 'value="Zoe"' in form.text
    kept = re.findall(r'action="(/customers/new[^"]*)"', form.text)[0]
    assert "name" not in kept
    typed = {"name": "Zoe", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    made = frontdesk.post(html.unescape(kept), data=typed, htmx=MODAL)
    to = made.headers["HX-Redirect"]
    assert to.startswith("/billing/packages/new?")
    page = frontdesk.get(to)
    assert [name in page.text for name in ("Ann", "Zoe", "Monday")] == [True] * 3
    assert f'<option value="{piano.id}" selected>' in page.text
    assert ('value="2026-11-23"' in page.text, 'value="Firm course"' in page.text) == (True, True)
    assert frontdesk.get("/billing/packages/new?start_on=soon").status_code == 200
    assert "customers/new" not in frontdesk.get("/billing/packages/who", htmx="").text
    give_only(Permission.ADD_INVOICE)
    assert "customers/new" not in bookkeeper.get(who, htmx="").text


@pytest.mark.parametrize("query", ["?_external=1&_scheme=javascript", "?add=1&customer=x&_anchor=a", "?add=1"])
def test_nothing_else_of_the_address_is_followed(frontdesk: Client, query: str) -> None:
    form = frontdesk.get(f"/customers/new{query}")
    assert (form.status_code, "javascript" in form.text) == (200, False)
    typed = {"name": "Zoe", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    answer = frontdesk.post(f"/customers/new{query}", data=typed)
    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert frontdesk.get(answer.location).status_code == 200


def test_who_is_called_the_same_is_named_while_the_name_is_typed(frontdesk: Client) -> None:
    zoe = make.somebody("Zoë Zwei")
    Customer.update(email="zoe@example.com").where(Customer.id == zoe.id).execute()
    preview = "/customers/namesakes"
    said = frontdesk.post(preview, data={"name": " zoe  ZWEI "}, htmx="div#namesakes").text
    assert "Somebody of that name is there already" in said
    assert "zoe@example.com" in said
    assert "already" not in frontdesk.post(preview, data={"name": "Zoë"}, htmx="div#namesakes").text
    assert "already" not in frontdesk.post(preview, data={}, htmx="div#namesakes").text
    assert "Somebody of that name" in frontdesk.get("/customers/new?name=zo%C3%AB+zwei").text
    typed = {"name": "Zoë Zwei", "email": "wrong", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    assert "Somebody of that name" in frontdesk.post("/customers/new", data=typed).text
    answer = frontdesk.post("/customers/new", data=typed | {"email": ""})
    assert answer.status_code == 303, "it is said, not forbidden"
    assert messages(frontdesk) == ["Zoë Zwei was added. Somebody else has that name too."]
