"""A business without decimals and one with three: every screen from the catalogue to the statement."""

import re
from typing import NamedTuple

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import customer, editing, filled, findable, url, words
from webapp.models import CreditNote, Customer, Invoice, Item, Membership, Package

pytestmark = pytest.mark.usefixtures("day")


class Money(NamedTuple):
    """How a currency writes the figures of the walk: 3 lessons for `price`, one at `rate` otherwise."""

    code: str
    decimals: int
    rate: str
    price: str
    draws: tuple[str, str, str]
    sign: str
    wrong: str
    """What no page may show, as a pattern."""


YEN = Money("JPY", 0, "4000", "10000", ("3,333", "3,334", "3,333"), "¥10,000", r"\d\.\d")
DINAR = Money("KWD", 3, "4", "10", ("3.333", "3.334", "3.333"), "KWD 10.000", r"\d\.\d{1,2}(?!\d)")

PAGES = (
    *("/", "/catalogue/items", "/catalogue/packages", "/customers", "/reports"),
    *("/billing/invoices", "/billing/payments", "/billing/packages"),
    *("/billing/invoices/export", "/billing/payments/export", "/billing/packages/export"),
)


@pytest.fixture(params=[YEN, DINAR], ids=lambda money: money.code)
def money(request: pytest.FixtureRequest, business: peewee.Database) -> Money:
    chosen: Money = request.param
    make.use_currency(chosen.code, chosen.decimals)
    return chosen


def look(client: Client, address: str, money: Money) -> str:
    """The words of a page; no figure on it has other decimals than the currency has."""
    response = client.get(address)
    assert response.status_code == 200, address
    shown = words(response).replace("\u00a0", " ") if response.mimetype == "text/html" else response.text
    typed = " ".join(re.findall(r'value="([^"]*)"', " ".join(re.findall(r'<input[^>]*"decimal"[^>]*>', response.text))))
    found = re.search(rf".{{0,40}}{money.wrong}.{{0,20}}", f"{shown} {typed}")
    assert found is None, f"{address}: {found.group()}"
    return shown


def row(item: Item, included: str, amount: str) -> dict[str, str]:
    """The first row of the form of a package."""
    facts = {"item": str(item.id), "item_text": item.name, "included": included, "rate": "", "amount": amount}
    return {f"lines-0-{name}": value for name, value in facts.items()}


def sell(client: Client, buyer: Customer, offer: str, how: str, **changes: str) -> Invoice:
    """A draft with one line, saved through the editor."""
    begun = client.get(f"/billing/invoices/new?customer={buyer.id}")
    client.post(f"/billing/invoices?customer={buyer.id}", data=filled(begun, "draft-add") | {"offer": offer})
    draft = Invoice.get((Invoice.customer == buyer) & (Invoice.status == "draft"))
    client.post(url(draft), data=editing(client, draft, do=how, **changes))
    return Invoice.get_by_id(draft.id)


def pay(client: Client, invoice: Invoice, kind: str, amount: str) -> None:
    form = filled(client.get(url(invoice, "payments", "new")), "pay-form")
    form |= {f"method-{make.method(kind).id}": amount}
    shown = client.post(url(invoice, "payments", "new"), data=form)
    if shown.status_code == 422:  # what Account does is shown first
        shown = client.post(url(invoice, "payments", "new"), data=filled(shown, "pay-form"))
    assert shown.status_code == 303


def test_from_the_catalogue_to_the_statement(owner: Client, money: Money) -> None:
    emma = customer()
    item = {"name": "Lesson", "unit": "lesson", "standard_rate_e4": money.rate, "tax_percent_e4": "0"}
    assert (
        owner.post(
            "/catalogue/items/new", data={**item, "category": "Lessons", "active": "y", "version": "0"}
        ).status_code
        == 303
    )
    lesson = Item.get()
    line = row(lesson, "3", money.price)
    facts = {"name": "Trio", "validity": "none", "validity_count": "", "last_day": "", "note": "", "active": "y"}
    assert owner.post("/catalogue/packages/new", data={**facts, **line, "version": "0"}).status_code == 303
    trio = Package.get()
    findable()
    assert money.sign in look(owner, f"/catalogue/packages/{trio.id}", money)
    assert "0" in look(owner, f"/billing/invoices/new?customer={emma.id}", money)

    sale = sell(owner, emma, f"package:{trio.id}", "save")
    assert money.sign in look(owner, url(sale), money)
    look(owner, url(sale, "payments", "new"), money)
    pay(owner, sale, "card", money.price)
    membership = Membership.get()
    look(owner, f"/billing/memberships/{membership.id}", money)

    for draw in money.draws:
        invoice = sell(owner, emma, f"item:{lesson.id}", "save")
        assert draw in look(owner, url(invoice), money)
        assert draw in look(owner, url(invoice, "payments", "new"), money)
        pay(owner, invoice, "account", draw)
        look(owner, url(invoice, "void"), money)
    assert Membership.get().reason == "completed"

    look(owner, f"{url(invoice)}/credits/new", money)
    form = filled(owner.get(f"{url(invoice)}/credits/new?line=1"), f"{url(invoice)}/credits/new?line=1")
    owner.post(f"{url(invoice)}/credits/new?line=1", data=form | {"reason": "Ill"})
    look(owner, f"/billing/credit-notes/{CreditNote.get().id}", money)
    look(owner, f"/billing/memberships/{membership.id}", money)
    look(owner, f"/billing/memberships/{membership.id}/removal", money)
    look(owner, f"/billing/memberships/{membership.id}/refund", money)
    look(owner, f"/billing/memberships/{membership.id}/uses/new", money)

    draft = make.draft(emma, (lesson, "2"), by=Invoice.get().created_by)
    look(owner, url(draft), money)
    for address in (
        f"/customers/{emma.id}",
        f"/customers/{emma.id}/statement",
        f"/customers/{emma.id}/statement/export",
        *PAGES,
    ):
        look(owner, address, money)
    statement = look(owner, f"/customers/{emma.id}/statement", money)
    assert all(draw in statement for draw in money.draws)


def test_what_has_too_many_decimals_is_refused_and_not_rounded(owner: Client, money: Money) -> None:
    emma, lesson = customer(), make.item("Lesson", "4")
    too_fine = "1.5" if money is YEN else "1.2345"
    sentence = "The amount has no decimals here." if money is YEN else "The amount can have at most 3 decimals."
    invoice = make.save(emma, (lesson, "2"), by=Invoice.created_by.rel_model.get())
    form = filled(owner.get(url(invoice, "payments", "new")), "pay-form")
    response = owner.post(url(invoice, "payments", "new"), data=form | {f"method-{make.method('cash').id}": too_fine})
    assert (response.status_code, sentence in words(response)) == (422, True)
    assert Invoice.get_by_id(invoice.id).due_minor == invoice.total_minor
