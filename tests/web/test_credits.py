"""Crediting a part of a line: everything that follows is stated first; then it is done with a reason, once."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import MODAL, c172, customer, filled, said, typed_lines, url, words
from webapp.domain import drafts, funds, invoicing, payments, voids
from webapp.domain.tendering import Tender
from webapp.models import CreditNote, Customer, Group, Invoice, InvoiceLine, Item, User

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#credit-consequences"


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def invoice(emma: Customer, by: User, once: Once) -> Invoice:
    return once(make_invoice, emma, by)


def make_invoice(emma: Customer, by: User) -> Invoice:
    """2.0 h of C172 with 8 % tax, of which 1.5 h were left in PPL, and fuel; 100.00 is paid by card."""
    ppl = make.ppl(tax="8")
    make.pay(make.save(emma, (ppl, None), by=by), by=by)
    make.settle(make.save(emma, (c172(), "38.5"), by=by), by=by)
    saved = make.save(emma, (c172(), "2.0"), (make.item("Fuel", "12.35", tax="19"), "2"), by=by)
    return make.pay(saved, ("card", "100"), by=by)


def form_url(invoice: Invoice, line: int = 1) -> str:
    return f"{url(invoice, 'credits', 'new')}?line={line}"


def preview_url(invoice: Invoice, line: int = 1) -> str:
    return f"{url(invoice, 'credits', 'preview')}?line={line}"


def payload(client: Client, invoice: Invoice, line: int = 1, **changes: str) -> dict[str, str]:
    """The form as a browser sends it, after the preview answered to what was typed."""
    shown = (
        filled(client.get(form_url(invoice, line)), form_url(invoice, line)) | {"reason": "Engine trouble"} | changes
    )
    answer = client.post(preview_url(invoice, line), data=shown, htmx=PREVIEW)
    assert answer.status_code == 200
    return shown | {"shown": filled_in(answer, "shown")}


def filled_in(response, name: str) -> str:
    tree = response.text.split(f'name="{name}" value="', 1)[1]
    return str(tree.split('"', 1)[0])


def line_of(invoice: Invoice, part: int = 0) -> InvoiceLine:
    return InvoiceLine.get((InvoiceLine.invoice == invoice) & (InvoiceLine.position == 1) & (InvoiceLine.part == part))


# What is stated


def test_everything_is_offered_and_stated(manager: Client, invoice: Invoice):
    page = manager.get(form_url(invoice), htmx=MODAL)
    shown = words(page)
    assert "Invoice 2026-0003 · quantity 2.0 h · charged 275.40" in shown
    assert "Standard rate · 150.00 0.5 h 75.00 6.00 81.00" in shown
    assert "PPL · 120.00 1.5 h 180.00 14.40 194.40" in shown
    assert "Credited in all 2.0 h 255.00 20.40 $275.40" in shown
    assert "1.5 h of C172 goes back to PPL; 1.5 h left then" in shown
    assert "Due on 2026-0003 204.79 −194.40 10.39" in shown
    assert "General funds 0.00 +81.00 81.00" in shown
    assert CreditNote.select().count() == 0


def test_the_statement_follows_what_is_typed(manager: Client, invoice: Invoice):
    data = payload(manager, invoice) | {"quantity": "0.75"}
    shown = words(manager.post(preview_url(invoice), data=data, htmx=PREVIEW))
    assert "Standard rate · 150.00 0.5 h 75.00 6.00 81.00" in shown
    assert "PPL · 120.00 0.25 h 30.00 2.40 32.40" in shown
    assert "0.25 h of C172 goes back to PPL" in shown


@pytest.mark.parametrize("quantity", ["", "x", "-1"])
def test_nothing_is_stated_for_what_is_no_quantity(manager: Client, invoice: Invoice, quantity: str):
    data = payload(manager, invoice) | {"quantity": quantity}
    response = manager.post(preview_url(invoice), data=data, htmx=PREVIEW)
    assert (response.status_code, "Type a quantity to see" in words(response)) == (200, True)


def test_a_completed_membership_is_said_to_become_active_again(manager: Client, emma: Customer, by: User):
    trio = make.trio()
    make.pay(make.save(emma, (trio, None), by=by), by=by)
    saved = make.settle(make.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=by), by=by)
    shown = words(manager.get(f"{url(saved)}/credits/new"))
    assert "TRIO becomes active again, it was completed" in shown
    assert "Package funds · TRIO 0.00 +100.00 100.00" in shown


def test_whose_general_funds_grow_is_said_when_somebody_else_paid(manager: Client, emma: Customer, by: User):
    owner = customer("Olga Owner")
    Group.update(owner=owner).where(Group.id == make.group("Family", emma).id).execute()
    funds.deposit(owner, make.method("cash"), 5000, by=by, on=make.DAY)
    saved = make.save(emma, (make.item("Tea", "5"), "2"), by=by)
    payments.pay(saved.id, [Tender(make.method("account"), 1000)], by=by, on=make.DAY, payer=owner)
    assert "General funds · Olga Owner 40.00 +5.00 45.00" in words(
        manager.post(preview_url(saved), data=payload(manager, saved) | {"quantity": "1"}, htmx=PREVIEW)
    )
    manager.post(form_url(saved), data=payload(manager, saved, quantity="1"))
    assert (make.general(owner), make.general(emma)) == (4500, 0)
    note = words(manager.get(f"/billing/credit-notes/{CreditNote.get().id}"))
    assert "To general funds of Olga Owner 5.00" in note
    assert "1 × Tea" in note


# What is done


def test_it_is_done_as_it_was_stated(manager: Client, invoice: Invoice, emma: Customer):
    response = manager.post(form_url(invoice), data=payload(manager, invoice, quantity="0.75"))
    assert (response.status_code, response.location) == (303, url(invoice))
    note = CreditNote.get()
    assert (note.code, note.amount_minor, note.reason) == ("CN-2026-0001", 11340, "Engine trouble")
    assert (make.left(make.bought(emma), "C172"), make.general(emma)) == (250, 8100)
    assert make.due(invoice) == 20479 - 3240
    assert line_of(invoice, part=1).credited_milli == 500
    assert "113.40 credited. Credit note CN-2026-0001." in words(manager.get(url(invoice)))


def test_in_the_dialog_it_closes_and_tells_who_shows_it(manager: Client, invoice: Invoice):
    response = manager.post(form_url(invoice), data=payload(manager, invoice), htmx=MODAL)
    assert response.status_code == 200
    changed = {"invoices-changed", "memberships-changed", "account-changed"}
    assert set(response.headers["HX-Trigger"].split(", ")) == changed
    assert "275.40 credited. Credit note CN-2026-0001." in response.text


def test_the_same_form_sent_twice_credits_once(manager: Client, invoice: Invoice):
    data = payload(manager, invoice, quantity="0.5")
    first, second = (manager.post(form_url(invoice), data=data) for _ in range(2))
    assert first.location == second.location == url(invoice)
    assert CreditNote.select().count() == 1


def test_several_notes_have_numbers_of_their_own(manager: Client, invoice: Invoice):
    for _ in range(2):
        manager.post(form_url(invoice), data=payload(manager, invoice, quantity="0.5"))
    assert [note.code for note in CreditNote.select().order_by(CreditNote.id)] == ["CN-2026-0001", "CN-2026-0002"]
    assert "1.0 h credited already" in words(manager.get(form_url(invoice)))


def test_without_javascript_it_is_stated_before_it_is_done(manager: Client, invoice: Invoice):
    shown = filled(manager.get(form_url(invoice)), form_url(invoice)) | {"reason": "Engine trouble", "quantity": "0.5"}
    looked = manager.post(form_url(invoice), data=shown | {"do": "show"})
    assert (looked.status_code, CreditNote.select().count()) == (200, 0)
    assert "Standard rate · 150.00 0.5 h 75.00 6.00 81.00" in words(looked)
    pressed = manager.post(form_url(invoice), data=shown)
    assert (pressed.status_code, CreditNote.select().count()) == (422, 0)
    assert "Look at what this does, then press the button again." in words(pressed)
    again = manager.post(form_url(invoice), data=filled(pressed, form_url(invoice)))
    assert (again.status_code, CreditNote.get().amount_minor) == (303, 8100)


# What is refused


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"reason": " "}, "Say why this is credited."),
        ({"quantity": ""}, "Type how much is credited."),
        ({"quantity": "0"}, "The quantity must be above 0."),
        ({"quantity": "2.001"}, "At most 2 can still be credited of this line."),
        ({"quantity": "-1"}, "This cannot be below 0."),
    ],
)
def test_refusals_stand_beside_their_fields_and_what_was_typed_stays(
    manager: Client, invoice: Invoice, changes: dict[str, str], sentence: str
):
    data = payload(manager, invoice) | changes
    if "quantity" in changes:
        data["shown"] = payload(manager, invoice, quantity=changes["quantity"])["shown"]
    response = manager.post(form_url(invoice), data=data, htmx=MODAL)
    assert response.status_code == 422
    assert sentence in said(response, "error")
    kept = filled(response, form_url(invoice))
    assert (kept["reason"], kept["quantity"]) == (data["reason"].strip(), data["quantity"])
    assert CreditNote.select().count() == 0


def test_what_changed_since_it_was_shown_is_shown_again(manager: Client, invoice: Invoice, by: User):
    data = payload(manager, invoice)
    make.pay(invoice, ("cash", "100"), by=by)
    response = manager.post(form_url(invoice), data=data, htmx=MODAL)
    assert response.status_code == 422
    assert "What this does changed since it was shown" in words(response)
    assert "Due on 2026-0003 104.79" in words(response)
    assert CreditNote.select().count() == 0
    assert manager.post(form_url(invoice), data=filled(response, form_url(invoice))).status_code == 303


def test_what_is_credited_already_is_not_offered(manager: Client, invoice: Invoice):
    manager.post(form_url(invoice), data=payload(manager, invoice))
    page = manager.get(form_url(invoice))
    assert "All of C172 is credited already." in words(page)
    assert 'name="quantity"' not in page.text
    refused = manager.post(form_url(invoice), data={"quantity": "1", "reason": "x", "form_key": "k" * 20, "shown": ""})
    assert refused.status_code == 422
    assert CreditNote.select().count() == 1


def test_packages_and_deposits_are_not_credited(manager: Client, emma: Customer, by: User):
    saved = make.save(emma, (make.piano(), None), "20", by=by)
    chosen = words(manager.get(f"{url(saved)}/credits/new"))
    assert "What is unused of it is refunded from its membership." in chosen
    said = "A deposit is not credited. Void the invoice instead: what was received of it stays on the account"
    assert said in chosen
    assert "refunded from its membership" in words(manager.get(form_url(saved, 1)))


def test_a_line_that_charges_nothing(manager: Client, emma: Customer, by: User):
    free = make.item("Tea", "0")
    saved = make.save(emma, (free, "1"), by=by)
    assert "There is no amount to credit on this line." in words(manager.get(form_url(saved)))


def test_the_line_is_chosen_when_there_are_several(manager: Client, invoice: Invoice):
    page = manager.get(f"{url(invoice)}/credits/new", htmx=MODAL)
    assert "Which line?" in words(page)
    assert f'href="{form_url(invoice, 2)}"' in page.text
    assert "C172 2.0 h 275.40" in words(page)


def test_drafts_and_void_invoices_have_nothing_to_credit(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (make.item("Tea", "5"), "1"), by=by)
    assert manager.get(form_url(draft)).status_code == 409
    saved = invoicing.issue(draft.id, by=by, on=make.DAY)
    voids.void(saved.id, reason="wrong", by=by, on=make.DAY)
    response = manager.get(form_url(saved))
    assert (response.status_code, "Nothing of it is charged any more." in words(response)) == (409, True)


# Who may, and what there is


def test_who_may_not_manage_invoices_is_turned_away(frontdesk: Client, bookkeeper: Client, invoice: Invoice):
    for client in (frontdesk, bookkeeper):
        assert client.get(form_url(invoice)).status_code == 403
        assert client.post(form_url(invoice)).status_code == 403
        assert client.post(preview_url(invoice)).status_code == 403


def test_what_does_not_exist_is_not_found(manager: Client, invoice: Invoice):
    assert manager.get(form_url(invoice, 9)).status_code == 404
    assert manager.post(preview_url(invoice, 9)).status_code == 404
    assert manager.post(f"{url(invoice)}/credits/preview").status_code == 404
    assert manager.get(f"/billing/invoices/{2**62}/credits/new").status_code == 404


def test_other_verbs_are_not_allowed(manager: Client, invoice: Invoice):
    assert manager.delete(form_url(invoice)).status_code == 405
    assert manager.get(preview_url(invoice)).status_code == 405


def test_a_discounted_line_is_credited_by_its_share(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (make.item("Hour", "50", tax="8"), "4"), by=by)
    drafts.discount(typed_lines(draft)[0].id, percent_e4=100_000)
    saved = invoicing.issue(draft.id, by=by, on=make.DAY)
    manager.post(form_url(saved), data=payload(manager, saved, quantity="1"))
    assert CreditNote.get().amount_minor == 4860


# The note


def test_the_note_says_what_was_credited_and_where_it_went(manager: Client, bookkeeper: Client, invoice: Invoice):
    manager.post(form_url(invoice), data=payload(manager, invoice, quantity="0.75"))
    address = f"/billing/credit-notes/{CreditNote.get().id}"
    page = bookkeeper.get(address)
    shown = words(page)
    assert "Credit note CN-2026-0001" in shown
    assert "$113.40" in shown
    assert "0.5 h C172 with 6.00 tax 81.00 0.25 h C172 with 2.40 tax 32.40" in shown
    assert "To general funds 81.00 Not owed any more 32.40" in shown
    assert "Engine trouble" in shown
    assert f'href="{url(invoice)}"' in page.text
    assert "data-print" in page.text
    assert manager.get("/billing/credit-notes/999999").status_code == 404
    assert manager.post(address).status_code == 405
