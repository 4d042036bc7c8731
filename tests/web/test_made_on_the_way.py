"""A customer or an item that is not there yet, made where it is looked for: while an invoice is written."""

from tests import factories as make
from tests.clients import Client
from tests.web.billing import MODAL
from webapp.models import Customer, Role


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
