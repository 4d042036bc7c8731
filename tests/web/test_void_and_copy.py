"""Void and copy: the mistake is taken back and the same lines are typed again, in one act."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import MODAL, customer, filled, typed_lines, url, words
from webapp.domain import drafts, invoicing, refunds
from webapp.models import Customer, Invoice, Item, Role, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def invoice(emma: Customer, by: User, once: Once) -> Invoice:
    return once(make_invoice, emma, by)


def make_invoice(emma: Customer, by: User) -> Invoice:
    """Two lessons of PIANO and a discounted hour, paid by card."""
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    draft = make.draft(emma, (Item.get(Item.name == "Lesson"), "2"), (make.item("Room", "20"), "1"), by=by)
    drafts.discount(typed_lines(draft)[1].id, amount_minor=500)
    drafts.change_dates(draft.id, service_on=make.DAY, due_on=make.DAY)
    drafts.change_note(draft.id, "Bring the book")
    saved = invoicing.issue(draft.id, by=by, on=make.DAY)
    return make.pay(saved, ("card", "105"), by=by)


def payload(client: Client, invoice: Invoice, **changes: str) -> dict[str, str]:
    """The form as a browser sends it, after the preview answered to what was chosen."""
    sent = filled(client.get(url(invoice, "void")), url(invoice, "void")) | {"reason": "Wrong pupil"} | changes
    stated = client.post(url(invoice, "void", "preview"), data=sent, htmx="div#void-consequences").text
    return sent | {"shown": stated.split('name="shown" value="', 1)[1].split('"', 1)[0], "do": "copy"}


def copy_of(invoice: Invoice) -> Invoice:
    return Invoice.get((Invoice.customer == invoice.customer_id) & (Invoice.status == "draft"))


def test_it_leads_to_the_draft_with_what_was_typed(manager: Client, invoice: Invoice, emma: Customer):
    response = manager.post(url(invoice, "void"), data=payload(manager, invoice))
    copy = copy_of(invoice)
    assert (response.status_code, response.location) == (303, url(copy))
    page = manager.get(url(copy))
    assert "Invoice 2026-0002 is void. This is its copy." in words(page)
    assert "Bring the book" in page.text
    assert [(line.quantity_milli, line.discount_minor) for line in typed_lines(copy)] == [(2000, None), (1000, 500)]
    assert Invoice.get_by_id(invoice.id).status == "void"
    assert (make.left(make.bought(emma), "Lesson"), make.general(emma)) == (10000, 10500)


def test_in_the_dialog_it_goes_to_the_draft_too(manager: Client, invoice: Invoice, emma: Customer):
    data = payload(manager, invoice, money="refunded")
    response = manager.post(url(invoice, "void"), data=data, htmx=MODAL)
    assert response.headers["HX-Redirect"] == url(copy_of(invoice))
    assert make.general(emma) == 0


def test_the_same_form_sent_twice_makes_one_copy(manager: Client, invoice: Invoice):
    data = payload(manager, invoice)
    first, second = (manager.post(url(invoice, "void"), data=data) for _ in range(2))
    assert first.location == second.location
    assert Invoice.select().where(Invoice.status == "draft").count() == 1


def test_without_a_reason_nothing_is_done(manager: Client, invoice: Invoice):
    response = manager.post(url(invoice, "void"), data=payload(manager, invoice, reason=""), htmx=MODAL)
    assert (response.status_code, "Say why the invoice is voided." in words(response)) == (422, True)
    assert Invoice.get_by_id(invoice.id).status == "paid"
    assert Invoice.select().where(Invoice.status == "draft").count() == 0


def test_who_may_not_make_invoices_is_not_offered_a_copy(
    manager: Client, invoice: Invoice, by: User, cast: dict[str, User]
):
    data = payload(manager, invoice)
    role = Role.get_by_id(by.role_id)
    role.permissions = [p for p in role.permissions if p != Permission.ADD_INVOICE]
    role.save()
    page = manager.get(url(invoice, "void"))
    assert "Void and copy" not in words(page)
    assert manager.post(url(invoice, "void"), data=data).status_code == 403
    assert Invoice.get_by_id(invoice.id).status == "paid"


def test_a_settlement_invoice_has_nothing_to_copy(manager: Client, emma: Customer, by: User):
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    make.settle(make.save(emma, (Item.get(Item.name == "Lesson"), "2"), by=by), by=by)
    membership = make.bought(emma)
    refunds.refund(
        membership.id, refunds.AT_STANDARD, [], version=membership.version, by=by, on=make.DAY, reason="moves away"
    )
    settlement = Invoice.get(Invoice.kind == "settlement")
    assert "Void and copy" not in words(manager.get(url(settlement, "void")))
