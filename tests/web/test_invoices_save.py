"""Save: what was shown is what is issued, once; else it is shown again and nothing is saved."""

from collections.abc import Iterator

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import (
    DAY,
    LINES,
    amount_of,
    c172,
    customer,
    editing,
    filled,
    instruction,
    on_the_day,
    quantity_of,
    said,
    typed_lines,
    url,
    words,
)
from webapp.db import rows
from webapp.domain import drafts
from webapp.models import Customer, FormKey, Invoice, Item, Journal, Membership, Package, PaymentMethod, User


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def emma(desk: User) -> Customer:
    return customer()


@pytest.fixture
def ppl(emma: Customer) -> Package:
    return make.ppl()


@pytest.fixture
def draft(emma: Customer, ppl: Package, desk: User) -> Invoice:
    return make.draft(emma, (c172(), "2"), (instruction(), "1.5"), by=desk)


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.get_by_id(invoice.id)


def nothing_happened(draft: Invoice) -> bool:
    kept = fresh(draft)
    return kept.is_draft and kept.number is None and not Journal.select().where(Journal.invoice == draft).exists()


# It works


def test_it_gets_its_number_and_is_shown(frontdesk: Client, draft: Invoice):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert (response.status_code, response.location) == (303, url(draft))
    assert (fresh(draft).code, fresh(draft).status, fresh(draft).total_minor) == ("2026-0001", "open", 39750)
    page = frontdesk.get(url(draft))
    assert "Invoice 2026-0001 was saved." in words(page)
    assert "Open" in words(page)


def test_by_htmx_the_browser_is_sent_on(frontdesk: Client, draft: Invoice):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"), htmx=LINES)
    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == url(draft)


def test_save_and_pay_goes_on_to_pay(frontdesk: Client, draft: Invoice):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="pay"))
    assert response.location == url(draft, "payments", "new")
    assert "Pay invoice 2026-0001" in words(frontdesk.get(response.location))


def test_save_and_pay_by_htmx_opens_pay_over_the_invoice(frontdesk: Client, draft: Invoice, bookkeeper: Client):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="pay"), htmx=LINES)
    assert response.headers["HX-Redirect"] == url(draft) + "?pay=1"
    opens = f'hx-get="{url(draft, "payments", "new")}" hx-trigger="load"'
    assert opens in frontdesk.get(url(draft) + "?pay=1").text
    assert opens not in bookkeeper.get(url(draft) + "?pay=1").text
    make.pay(fresh(draft), by=User.get())
    assert opens not in frontdesk.get(url(draft) + "?pay=1").text


def test_an_invoice_of_nothing_is_paid_at_once(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, (make.item("Trial lesson", "0"), "1"), by=desk)
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="pay"))
    assert response.location == url(draft)
    assert fresh(draft).status == "paid"


def test_a_package_line_makes_the_membership(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    """Example 23 in part: sold and drawn on the same invoice."""
    draft = make.draft(emma, (c172(), "1"), (ppl, "500"), by=desk)
    frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    membership = make.bought(emma)
    assert (membership.start_on, make.left(membership, "C172")) == (DAY, 39000)
    assert make.lines(draft) == [("draw", 1000, 12000), ("sale", 1000, 50000)]


def test_whoever_saves_an_override_needs_no_more_than_add_invoice(
    frontdesk: Client, manager: Client, draft: Invoice, cast: dict[str, User]
):
    line = typed_lines(draft)[0]
    typed = {"choice": "typed", "rate": "100", "reason": "Club day", "seen": drafts.rate_sign(line)}
    assert manager.post(url(draft, "lines", str(line.id), "rate"), data=typed).status_code == 303
    frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert make.lines(draft)[0] == ("typed", 2000, 20000)


# Once


def test_the_same_form_sent_twice_saves_once(frontdesk: Client, draft: Invoice):
    form = editing(frontdesk, draft, do="save")
    first, second = (frontdesk.post(url(draft, "edit"), data=form) for _ in range(2))
    assert first.location == second.location == url(draft)
    assert Journal.select().where(Journal.kind == "issue").count() == 1
    assert rows("SELECT next_number FROM number_series") == [(2,)]


def test_a_refused_save_leaves_the_key_unused(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, by=desk)
    assert frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save")).status_code == 422
    assert FormKey.select().count() == 0


# Not what was shown


def test_who_saves_before_the_price_is_there_sees_it_first(frontdesk: Client, emma: Customer, desk: User):
    """Typed and saved in one breath: it is not somebody else's doing, and says so."""
    draft = make.draft(emma, (make.item("Copy", "2"), "1"), by=desk)
    typed = editing(frontdesk, draft, do="save")
    [quantity] = [name for name in typed if name.startswith("quantity-")]
    response = frontdesk.post(url(draft), data=typed | {quantity: "5"})
    assert response.status_code == 422
    assert "With what you typed the price is this." in words(response)
    assert nothing_happened(draft)
    again = filled(response, "draft-form") | {"do": "save"}
    assert frontdesk.post(url(draft), data=again).status_code == 303
    assert fresh(draft).total_minor == 1000


def test_the_last_unit_is_sold_once(frontdesk: Client, manager: Client, emma: Customer, ppl: Package, desk: User):
    """Example 17: the second is shown the new price and nothing is saved."""
    make.pay(make.save(emma, (ppl, None), by=desk), by=desk)
    make.pay(make.save(emma, (c172(), "39"), by=desk), by=desk)
    membership = make.bought(emma)
    one, other = (make.draft(emma, (c172(), "1"), by=desk) for _ in range(2))
    forms = editing(frontdesk, one, do="save"), editing(manager, other, do="save")
    assert frontdesk.post(url(one), data=forms[0]).status_code == 303
    response = manager.post(url(other), data=forms[1])
    assert response.status_code == 422
    assert "The price is not what was shown, so nothing was saved yet." in words(response)
    assert "150.00 Standard rate · nothing left in PPL was 120.00" in words(response)
    assert nothing_happened(other)
    assert (fresh(one).total_minor, make.left(membership, "C172")) == (12000, 0)
    again = manager.post(url(other), data=filled(response, "draft-form") | {"do": "save"})
    assert again.status_code == 303
    assert fresh(other).total_minor == 15000


def test_a_raised_rate_is_shown_first(frontdesk: Client, draft: Invoice):
    form = editing(frontdesk, draft, do="save")
    Item.update(standard_rate_e4=1_650_000).where(Item.name == "C172").execute()
    response = frontdesk.post(url(draft), data=form, htmx=LINES)
    assert response.status_code == 422
    assert "<html" not in response.text
    marked = said(response, "chip warn")
    assert marked == ["was 300.00"]
    assert nothing_happened(draft)


def test_what_is_typed_along_with_save_is_kept_but_shown_first(frontdesk: Client, draft: Invoice):
    line = typed_lines(draft)[0]
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save") | {quantity_of(line): "3"})
    assert response.status_code == 422
    assert "Total $547.50" in words(response)
    assert nothing_happened(draft)
    assert typed_lines(draft)[0].quantity_milli == 3000
    again = frontdesk.post(url(draft), data=filled(response, "draft-form") | {"do": "save"})
    assert again.status_code == 303


NEW_FACTS = {"service_on": "2026-05-20", "due_on": "2026-07-20", "note": "By wire, please"}


@pytest.mark.parametrize("htmx", [None, LINES])
def test_dates_and_a_note_that_somebody_else_changed_are_shown_first(
    frontdesk: Client, manager: Client, draft: Invoice, htmx: str | None
):
    form = editing(frontdesk, draft, do="save")
    assert manager.post(url(draft), data=editing(manager, draft, do="update", **NEW_FACTS)).status_code == 200
    response = frontdesk.post(url(draft), data=form, htmx=htmx)
    assert response.status_code == 422
    assert "Not as it was shown: service date and due date and note. Nothing was saved yet" in words(response)
    assert nothing_happened(draft)
    assert all(f'value="{NEW_FACTS[name]}"' in response.text for name in ("service_on", "due_on"))
    assert "By wire, please</textarea>" in response.text
    assert '<details class="note" open>' in response.text
    shown = filled(response, "draft-form")
    assert {name: shown[f"was-{name}"] for name in NEW_FACTS} == NEW_FACTS
    again = frontdesk.post(url(draft), data=form | shown | NEW_FACTS | {"do": "save"})
    assert again.status_code == 303
    assert (str(fresh(draft).due_on), fresh(draft).note) == ("2026-07-20", "By wire, please")


def test_a_due_date_that_moves_with_the_service_date_is_shown_first(frontdesk: Client, draft: Invoice):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save", service_on="2026-06-05"))
    assert (response.status_code, nothing_happened(draft)) == (422, True)
    assert "Not as it was shown: due date. Nothing was saved yet" in words(response)
    shown = filled(response, "draft-form")
    assert (shown["service_on"], shown["due_on"]) == ("2026-06-05", "2026-06-19")
    assert frontdesk.post(url(draft), data=shown | {"do": "save"}).status_code == 303


def test_ones_own_dates_and_note_are_saved_as_they_are_typed(frontdesk: Client, draft: Invoice):
    assert frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save", **NEW_FACTS)).status_code == 303
    saved = fresh(draft)
    assert (str(saved.service_on), str(saved.due_on), saved.note) == tuple(NEW_FACTS.values())


def test_a_quantity_that_somebody_else_changed_is_shown_when_the_price_is(
    frontdesk: Client, manager: Client, draft: Invoice
):
    form, quantity = editing(frontdesk, draft, do="save"), quantity_of(typed_lines(draft)[0])
    manager.post(url(draft), data=editing(manager, draft, do="update") | {quantity: "3"})
    response = frontdesk.post(url(draft), data=form)
    assert response.status_code == 422
    assert filled(response, "draft-form")[quantity] == "3.0"


@pytest.mark.parametrize("shown", ["", "nonsense", "1-2-3", "x-1-y 1--", "9" * 5000])
def test_a_made_up_sign_of_what_was_shown_saves_nothing(frontdesk: Client, draft: Invoice, shown: str):
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save", shown=shown))
    assert response.status_code == 422
    assert nothing_happened(draft)


# What cannot be saved


def test_a_draft_without_lines(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, by=desk)
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert response.status_code == 422
    assert "Nothing was saved. Add at least one item before you save." in words(response)


def test_a_wrong_quantity_stops_the_save(frontdesk: Client, draft: Invoice):
    line = typed_lines(draft)[1]
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save") | {quantity_of(line): "x"})
    assert response.status_code == 422
    assert filled(response, "draft-form")[quantity_of(line)] == "x"
    assert nothing_happened(draft)


def test_account_switched_off_meanwhile(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    """Example 15: refused with the reason, at the line."""
    draft = make.draft(emma, (ppl, None), by=desk)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert response.status_code == 422
    assert "Packages cannot be sold while the Account payment method is switched off." in words(response)
    assert nothing_happened(draft)
    assert Membership.select().count() == 0


def test_a_deposit_without_amount(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, by=desk)
    frontdesk.post(url(draft, "lines"), data={"form_key": "k" * 20, "offer": "deposit", "offer_text": ""})
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert response.status_code == 422
    assert "Type how much money goes to the account." in words(response)
    amount = {amount_of(typed_lines(draft)[0]): "50"}
    frontdesk.post(url(draft), data=filled(response, "draft-form") | amount, htmx=LINES)
    assert frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save")).status_code == 303


def test_a_discarded_draft_is_not_saved(frontdesk: Client, draft: Invoice, manager: Client):
    form = editing(frontdesk, draft, do="save")
    manager.post(url(draft, "discard"), data={"version": str(fresh(draft).version)})
    assert Invoice.get_or_none(Invoice.id == draft.id) is None
    assert frontdesk.post(url(draft, "edit"), data=form).status_code == 404


def test_without_the_token_nothing_is_saved(frontdesk: Client, draft: Invoice):
    form = {k: v for k, v in editing(frontdesk, draft, do="save").items() if k != "csrf_token"}
    assert frontdesk.post(url(draft), data=form, csrf=False).status_code == 400
    assert nothing_happened(draft)


def test_without_a_form_key_nothing_is_saved(frontdesk: Client, draft: Invoice):
    form = editing(frontdesk, draft, do="save", form_key="")
    assert frontdesk.post(url(draft), data=form).status_code == 422
    assert nothing_happened(draft)
