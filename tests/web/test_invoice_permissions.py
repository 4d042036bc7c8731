"""A screen of invoices asks exactly its permission, and after an act nobody is sent where they may not go."""

from collections.abc import Iterator

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import LINES, MODAL, customer, editing, filled, on_the_day, typed_lines, url, words
from webapp.domain import drafts, invoicing
from webapp.models import Customer, Invoice, Role, User
from webapp.permissions import Permission

HOME = "/"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def draft(by: User) -> Invoice:
    return make.draft(customer(), (make.item("Room", "50"), "2"), by=by)


@pytest.fixture
def saved(draft: Invoice, by: User) -> Invoice:
    return invoicing.issue(draft.id, by=by, on=make.DAY)


@pytest.fixture
def writer(frontdesk: Client, cast: dict[str, User]) -> Client:
    """Somebody who may write invoices, correct them and take money, but not look through the billing."""
    may(cast["frontdesk"], Permission.ADD_INVOICE, Permission.MANAGE_INVOICES)
    return frontdesk


def may(user: User, *permissions: Permission) -> None:
    role = Role.get_by_id(user.role_id)
    role.permissions = frozenset(permissions)
    role.save()


def typed_rate(draft: Invoice) -> dict[str, str]:
    return {"choice": "typed", "rate": "10", "reason": "Friend", "seen": drafts.rate_sign(typed_lines(draft)[0])}


# Exactly the permission


def test_an_issued_invoice_asks_for_access_billing_tab(writer: Client, bookkeeper: Client, saved: Invoice):
    assert bookkeeper.get(url(saved)).status_code == 200
    assert writer.get(url(saved)).status_code == 403
    assert writer.get("/billing/invoices/999999").status_code == 403


def test_the_editor_asks_for_add_invoice(writer: Client, bookkeeper: Client, draft: Invoice):
    assert writer.get(url(draft, "edit")).status_code == 200
    assert writer.post(url(draft, "edit"), data=editing(writer, draft)).status_code == 200
    assert bookkeeper.get(url(draft, "edit")).status_code == 403
    assert bookkeeper.post(url(draft, "edit")).status_code == 403
    assert bookkeeper.get("/billing/invoices/999999/edit").status_code == 403
    assert writer.get("/billing/invoices/999999/edit").status_code == 404


def test_a_draft_is_opened_where_it_is_edited(manager: Client, bookkeeper: Client, draft: Invoice):
    response = manager.get(f"/billing/invoices/{draft.id}")
    assert (response.status_code, response.location) == (303, url(draft, "edit"))
    looked_at = bookkeeper.get(f"/billing/invoices/{draft.id}")
    assert (looked_at.status_code, "draft-form" in looked_at.text) == (200, False)


def test_what_is_saved_is_not_edited(manager: Client, saved: Invoice):
    response = manager.get(url(saved, "edit"))
    assert (response.status_code, response.location) == (303, url(saved))


# Where to go then


def test_after_save_there_is_a_page_to_see(writer: Client, draft: Invoice):
    response = writer.post(url(draft), data=editing(writer, draft, do="save"))
    assert (response.status_code, response.location) == (303, HOME)
    assert "Invoice 2026-0001 was saved." in words(writer.get(HOME))


@pytest.mark.parametrize("htmx", [None, LINES])
def test_save_and_pay_leads_to_pay_and_then_home(writer: Client, draft: Invoice, htmx: str | None):
    response = writer.post(url(draft), data=editing(writer, draft, do="pay"), htmx=htmx)
    pay = url(draft, "payments", "new")
    assert (response.headers.get("HX-Redirect") or response.location) == pay
    paid = writer.post(pay, data=filled(writer.get(pay), "pay-form") | {"method-1": "100"})
    assert (paid.status_code, paid.location) == (303, HOME)


def test_who_sees_the_invoice_pays_over_it(frontdesk: Client, draft: Invoice):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="pay"), htmx=LINES)
    assert response.headers["HX-Redirect"] == f"/billing/invoices/{draft.id}?pay=1"


def test_a_draft_that_was_saved_or_thrown_away_meanwhile(writer: Client, draft: Invoice, by: User):
    form, where = editing(writer, draft), url(draft, "edit")
    invoicing.issue(draft.id, by=by, on=make.DAY)
    assert writer.post(where, data=form).location == HOME
    assert writer.post(url(draft, "discard"), data=form).location == HOME


def test_a_discarded_draft(writer: Client, draft: Invoice):
    form = {"version": str(Invoice.get_by_id(draft.id).version)}
    assert writer.post(url(draft, "discard"), data=form).location == HOME


def test_lines_lead_back_to_the_editor(writer: Client, draft: Invoice):
    line = str(typed_lines(draft)[0].id)
    assert writer.post(url(draft, "lines", line, "rate"), data=typed_rate(draft)).location == url(draft, "edit")
    discount = {"percent": "5", "seen": drafts.discount_sign(typed_lines(draft)[0])}
    assert writer.post(url(draft, "lines", line, "discount"), data=discount).location == url(draft, "edit")
    assert writer.post(url(draft, "lines", line, "removal")).location == url(draft, "edit")


def test_a_rate_changed_by_who_may_not_write_invoices(writer: Client, draft: Invoice, cast: dict[str, User]):
    may(cast["frontdesk"], Permission.MANAGE_INVOICES)
    line = str(typed_lines(draft)[0].id)
    assert writer.post(url(draft, "lines", line, "rate"), data=typed_rate(draft)).location == HOME
    may(cast["frontdesk"], Permission.MANAGE_INVOICES, Permission.ACCESS_BILLING_TAB)
    there = f"/billing/invoices/{draft.id}"
    assert writer.post(url(draft, "lines", line, "rate"), data=typed_rate(draft)).location == there


def test_after_a_void_a_copy_and_a_credit(writer: Client, saved: Invoice, by: User, draft: Invoice):
    credit = f"{url(saved, 'credits', 'new')}?line=1"
    assert writer.post(credit, data=filled(writer.get(credit), credit) | {"reason": "Wrong"}).location == HOME
    void = url(saved, "void")
    form = filled(writer.get(void), void) | {"reason": "Wrong"}
    copied = writer.post(void, data=form | {"do": "copy"})
    copy = Invoice.get(Invoice.status == "draft")
    assert copied.location == url(copy, "edit")
    again = invoicing.issue(copy.id, by=by, on=make.DAY)
    void = url(again, "void")
    assert writer.post(void, data=filled(writer.get(void), void) | {"reason": "Wrong"}).location == HOME


def test_nothing_leads_where_the_person_may_not_go(writer: Client, saved: Invoice, by: User):
    other = make.draft(Customer.get(), (make.item("Tea", "5"), "1"), by=by)
    line = str(typed_lines(other)[0].id)
    pages = [
        *(url(saved, *more) for more in (("void",), ("credits", "new"), ("payments", "new"))),
        *(
            url(other, *more)
            for more in (("edit",), ("discard",), ("lines", line, "rate"), ("lines", line, "discount"))
        ),
        "/billing/invoices/new",
    ]
    for page in pages:
        for htmx in (None, MODAL):
            text = writer.get(page, htmx=htmx).text
            closed_to_them = [f"/billing/invoices/{it.id}" for it in (saved, other)]
            for closed in ("/billing/invoices", f"/customers/{saved.customer_id}", *closed_to_them):
                assert f'href="{closed}"' not in text, (page, closed)
