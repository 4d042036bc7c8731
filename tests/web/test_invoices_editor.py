"""New invoice and the editor: a customer, lines that are priced while they are typed, and a draft that is kept."""

import json
import re
import secrets
from collections.abc import Iterator
from datetime import date, timedelta

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import (
    DAY,
    LINES,
    MODAL,
    amount_of,
    c172,
    customer,
    editing,
    filled,
    findable,
    instruction,
    on_the_day,
    quantity_of,
    said,
    typed_lines,
    url,
    words,
)
from webapp.domain import drafts, invoicing, memberships
from webapp.domain.memberships import Removal
from webapp.models import Customer, DraftLine, Invoice, Item, Membership, Package, PaymentMethod, Role, User

MENU = "div#menu"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def emma(desk: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def ppl(emma: Customer, once: Once) -> Package:
    return once(make_ppl)


def make_ppl() -> Package:
    made = make.ppl()
    make.item("Landing fee", "12.00", tax="8")
    findable()
    return made


@pytest.fixture
def membership(emma: Customer, ppl: Package, desk: User, once: Once) -> Membership:
    return once(make_membership, emma, ppl, desk)


def make_membership(emma: Customer, ppl: Package, desk: User) -> Membership:
    """Emma in PPL with 1.5 h of C172 left and 180.00 of package funds."""
    make.pay(make.save(emma, (ppl, "4800"), by=desk), by=desk)
    make.pay(make.save(emma, (c172(), "38.5"), by=desk), ("account", "4620"), by=desk)
    return make.bought(emma)


def draft_of(customer: Customer) -> Invoice:
    return Invoice.get((Invoice.customer == customer) & (Invoice.status == "draft"))


def add(client: Client, invoice: Invoice, offer: str = "", **more: str):
    form = {"form_key": secrets.token_urlsafe(18), "offer": offer, "offer_text": ""}
    return client.post(url(invoice, "lines"), data=form | more, htmx=LINES)


# A new invoice


def test_the_customer_is_chosen_by_typing(frontdesk: Client, emma: Customer):
    page = frontdesk.get("/billing/invoices/new")
    assert 'data-url="/customers/options?invoice=1"' in page.text
    chosen = frontdesk.post("/billing/invoices/new", data={"customer": str(emma.id), "customer_text": "Emma Jones"})
    assert (chosen.status_code, chosen.location) == (303, f"/billing/invoices/new?customer={emma.id}")
    assert Invoice.select().count() == 0


def test_without_javascript_typed_text_is_looked_for(frontdesk: Client, emma: Customer):
    other = customer("Emma Stone")
    response = frontdesk.post("/billing/invoices/new", data={"customer": "", "customer_text": "emma"})
    assert response.status_code == 422
    assert "Choose one of those found." in words(response)
    assert f'value="{other.id}"' in response.text
    exact = frontdesk.post("/billing/invoices/new", data={"customer": "", "customer_text": "emma jones"})
    assert exact.location == f"/billing/invoices/new?customer={emma.id}"


@pytest.mark.parametrize("typed, sentence", [("", "Choose a customer."), ("nobody", "Nothing found for “nobody”.")])
def test_an_unknown_customer_is_refused_and_what_was_typed_stays(frontdesk: Client, typed: str, sentence: str):
    response = frontdesk.post("/billing/invoices/new", data={"customer": "", "customer_text": typed})
    assert response.status_code == 422
    assert sentence in words(response)
    assert f'value="{typed}"' in response.text


def test_what_the_address_names_goes_along_and_is_offered_first(frontdesk: Client, emma: Customer, ppl: Package):
    chosen = frontdesk.post(
        f"/billing/invoices/new?package={ppl.id}", data={"customer": str(emma.id), "customer_text": ""}
    )
    assert chosen.location == f"/billing/invoices/new?customer={emma.id}&package={ppl.id}"
    form = filled(frontdesk.get(chosen.location), "draft-add")
    assert (form["offer"], form["offer_text"]) == (f"package:{ppl.id}", "PPL")
    named = filled(frontdesk.get(f"/billing/invoices/new?customer={emma.id}&item={c172().id}"), "draft-add")
    assert (named["offer"], named["offer_text"]) == (f"item:{c172().id}", "C172")


@pytest.mark.parametrize("query", ["package=9999", "item=x", f"package={10**30}"])
def test_nonsense_in_the_address_offers_nothing(frontdesk: Client, emma: Customer, query: str):
    form = filled(frontdesk.get(f"/billing/invoices/new?customer={emma.id}&{query}"), "draft-add")
    assert form["offer"] == ""


@pytest.mark.parametrize("number", ["9999", "x", str(10**30), ""])
def test_a_customer_who_does_not_exist_is_not_found(frontdesk: Client, number: str):
    assert frontdesk.get(f"/billing/invoices/new?customer={number}").status_code == 404
    assert frontdesk.post(f"/billing/invoices?customer={number}").status_code == 404


def test_the_empty_editor_keeps_nothing(frontdesk: Client, emma: Customer, membership: Membership):
    page = frontdesk.get(f"/billing/invoices/new?customer={emma.id}")
    assert "In PPL · may purchase on account" in words(page)
    assert "Package funds · PPL 180.00" in words(page)
    assert filled(page, "draft-add")["service_on"] == "2026-06-01"
    assert filled(page, "draft-add")["due_on"] == "2026-06-15"
    assert Invoice.select().where(Invoice.status == "draft").count() == 0


def test_it_is_kept_from_the_first_line_on(frontdesk: Client, emma: Customer, ppl: Package):
    form = filled(frontdesk.get(f"/billing/invoices/new?customer={emma.id}"), "draft-add")
    form |= {"offer": f"item:{c172().id}", "service_on": "2026-05-30", "due_on": "2026-06-02"}
    response = frontdesk.post(f"/billing/invoices?customer={emma.id}", data=form)
    draft = draft_of(emma)
    line = DraftLine.get(DraftLine.invoice == draft)
    assert (response.status_code, response.location) == (303, f"/billing/invoices/{draft.id}/edit?line={line.id}")
    assert (draft.service_on, draft.due_on, draft.number) == (date(2026, 5, 30), date(2026, 6, 2), None)
    assert (line.item_id, line.quantity_milli, draft.shown_minor) == (c172().id, 1000, 15000)
    again = frontdesk.post(f"/billing/invoices?customer={emma.id}", data=form, htmx=LINES)
    assert again.headers["HX-Redirect"] == response.location
    assert Invoice.select().count() == 1


def test_a_first_line_that_cannot_be_leaves_nothing_behind(frontdesk: Client, emma: Customer, ppl: Package):
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    form = filled(frontdesk.get(f"/billing/invoices/new?customer={emma.id}"), "draft-add")
    response = frontdesk.post(
        f"/billing/invoices?customer={emma.id}", data=form | {"offer": f"package:{ppl.id}"}, htmx=LINES
    )
    assert response.status_code == 422
    assert "while the Account payment method is switched off" in words(response)
    assert Invoice.select().count() == 0
    late = frontdesk.post(
        f"/billing/invoices?customer={emma.id}",
        data=form | {"offer": f"item:{c172().id}", "due_on": "2026-01-01"},
    )
    assert late.status_code == 422
    assert "The due date cannot be before the service date." in words(late)
    assert Invoice.select().count() == 0


# What may be added


def offers(client: Client, invoice: Invoice, typed: str = "") -> list[str]:
    response = client.get(url(invoice, "offers"), query_string={"q": typed}, htmx="offer-list")
    assert response.status_code == 200
    rows = re.findall(r"<li.*?</li>", re.sub("</?mark>", "", response.text), re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).strip() for row in rows]


def test_offers_say_which_rate_would_apply_and_what_is_left(
    frontdesk: Client, emma: Customer, membership: Membership, desk: User
):
    make.item("Exam", None, unit="lesson")
    make.package("Simulator 10", (make.item("Simulator", "55.00", unit="hour"), "10", "@45"))
    findable()
    draft = make.draft(emma, (c172(), "0.5"), by=desk)
    assert offers(frontdesk, draft, "c") == ["C172 h PPL · 1.0 h left 120.00"]
    assert offers(frontdesk, draft, "inst") == ["Instruction h PPL · 20.0 h left 55.00"]
    assert offers(frontdesk, draft, "land") == ["Landing fee Standard rate 12.00"]
    assert offers(frontdesk, draft, "exam") == ["Exam lesson Only in packages —"]
    assert offers(frontdesk, draft, "sim") == ["Simulator h Standard rate 55.00", "Simulator 10 Package 450.00"]
    assert offers(frontdesk, draft, "dep") == ["Account deposit To general funds"]
    assert offers(frontdesk, draft, "zzz") == ["No item or package like that"]
    assert offers(frontdesk, draft)[0].startswith("C172")


def test_offers_before_the_first_line(frontdesk: Client, emma: Customer, membership: Membership):
    response = frontdesk.get(f"/billing/invoices/offers?customer={emma.id}&q=c172", htmx="offer-list")
    assert "PPL · 1.5 h left" in response.text
    early = frontdesk.get(f"/billing/invoices/offers?customer={emma.id}&q=c172&service_on=2026-05-01", htmx="x")
    assert "Standard rate" in early.text
    assert "No item" in frontdesk.get("/billing/invoices/offers?q=c172&service_on=x").text


def test_a_package_that_cannot_be_sold_now_is_shown_with_the_reason(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    Customer.update(role=Role.get(Role.name == "Cash Only")).where(Customer.id == emma.id).execute()
    shown = offers(frontdesk, make.draft(emma, by=desk), "ppl")
    assert shown == ["PPL Role Cash Only: no Make Purchases on Account. Manage Customers is needed to change that."]


def test_an_inactive_package_is_offered_only_to_who_was_invoiced_for_it(
    frontdesk: Client, emma: Customer, membership: Membership, ppl: Package, desk: User
):
    Package.update(active=False).where(Package.id == ppl.id).execute()
    assert offers(frontdesk, make.draft(emma, by=desk), "ppl") == ["PPL Rest of the package 1,100.00"]
    assert offers(frontdesk, make.draft(customer("Ann Few"), by=desk), "ppl") == ["No item or package like that"]


# Lines


def test_adding_by_htmx_shows_the_line_and_goes_on_in_its_quantity(
    frontdesk: Client, emma: Customer, membership: Membership, desk: User
):
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, f"item:{c172().id}")
    line = typed_lines(draft)[0]
    assert response.status_code == 200
    assert "<html" not in response.text
    assert re.search(rf'id="quantity-{line.id}"[^>]*autofocus data-select', response.text)
    assert "PPL · 120.00 · leaves 0.5 h" in words(response)
    assert 'hx-target="#draft-totals"' in response.text


def test_adding_without_javascript_goes_back_to_the_page(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, by=desk)
    form = filled(frontdesk.get(url(draft)), "draft-add") | {"offer_text": "C172"}
    response = frontdesk.post(url(draft, "lines"), data=form)
    assert response.status_code == 303
    assert typed_lines(draft)[0].item_id == c172().id
    assert response.location == f"{url(draft)}?line={typed_lines(draft)[0].id}"


def test_typed_text_that_fits_several_comes_back_to_choose_from(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    make.item("Ground instruction", "45.00", unit="hour")
    findable()
    draft = make.draft(emma, by=desk)
    response = frontdesk.post(url(draft, "lines"), data={"offer": "", "offer_text": "inst"})
    assert response.status_code == 422
    assert "Choose one of those found." in words(response)
    assert f'value="item:{instruction().id}"' in response.text
    assert 'value="inst"' in response.text
    assert typed_lines(draft) == []


@pytest.mark.parametrize(
    "sent, sentence",
    [
        ({"offer": "", "offer_text": ""}, "Type what to add."),
        ({"offer": "", "offer_text": "zzz"}, "Nothing found for “zzz”."),
        ({"offer": "item:999999", "offer_text": ""}, "Choose one of those found."),
        ({"offer": f"item:{10**30}", "offer_text": ""}, "Choose one of those found."),
        ({"offer": "package:x", "offer_text": ""}, "Choose one of those found."),
        ({"offer": "nonsense", "offer_text": ""}, "Choose one of those found."),
    ],
)
def test_what_is_nothing_is_not_added(
    frontdesk: Client, emma: Customer, desk: User, sent: dict[str, str], sentence: str
):
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, **sent)
    assert response.status_code == 422
    assert sentence in words(response)
    assert typed_lines(draft) == []


def test_what_is_added_again_because_the_answer_was_lost_is_added_once(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, by=desk)
    form = filled(frontdesk.get(url(draft)), "draft-add")
    for _ in range(2):
        response = frontdesk.post(url(draft, "lines"), data=form | {"offer": f"item:{c172().id}"}, htmx=LINES)
        assert response.status_code == 200
        assert [line.item for line in typed_lines(draft)] == [c172()]
    other = frontdesk.post(url(draft, "lines"), data=form | {"offer": f"item:{instruction().id}"}, htmx=LINES)
    assert other.status_code == 422
    assert "What was chosen before is on the invoice; its answer was lost." in words(other)
    again = filled(other, "draft-add") | {"offer": f"item:{instruction().id}"}
    assert frontdesk.post(url(draft, "lines"), data=again, htmx=LINES).status_code == 200
    assert [line.item for line in typed_lines(draft)] == [c172(), instruction()]
    assert len({filled(response, it)["form_key"] for it in ("draft-form", "draft-add")} | {form["form_key"]}) == 3


def test_without_javascript_a_form_sent_again_brings_no_line_back(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (instruction(), "1"), by=desk)
    form = filled(frontdesk.get(url(draft)), "draft-form") | {"offer_text": "C172", "do": "save"}
    for count in (2, 1):
        assert frontdesk.post(url(draft), data=form).status_code == 303
        assert len(typed_lines(draft)) == count
        DraftLine.delete().where(DraftLine.item == c172()).execute()


def test_an_inactive_item_is_refused(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    Item.update(active=False).where(Item.id == c172().id).execute()
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, f"item:{c172().id}")
    assert response.status_code == 422
    assert "C172 is inactive. Somebody with Manage Catalogue can make it active." in words(response)


def test_a_second_sale_before_the_first_is_paid_is_refused_and_names_the_invoice(
    frontdesk: Client, emma: Customer, desk: User
):
    piano = make.piano()
    lesson = Item.get(Item.name == "Lesson")
    make.pay(make.save(emma, (piano, None), by=desk), by=desk)
    make.save(emma, (lesson, "10"), by=desk)
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, f"package:{piano.id}")
    assert response.status_code == 422
    assert "invoice 2026-0002 must be paid before it can be sold again" in words(response)
    assert typed_lines(draft) == []


def test_a_changed_quantity_is_priced_again_and_split_where_the_package_ends(
    frontdesk: Client, emma: Customer, membership: Membership, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    line = typed_lines(draft)[0]
    form = editing(frontdesk, draft) | {quantity_of(line): "2.0"}
    response = frontdesk.post(url(draft), data=form, htmx=LINES)
    assert response.status_code == 200
    shown = words(response)
    assert "2 rates Split in two: PPL had 1.5 h left 255.00" in shown
    assert "C172 1.5 h 120.00 PPL · 120.00 · leaves 0.0 h 180.00" in shown
    assert "C172 0.5 h 150.00 Standard rate · nothing left in PPL 75.00" in shown
    assert "Total $255.00" in shown
    assert "Account could pay 180.00 from package funds" in shown
    assert typed_lines(draft)[0].quantity_milli == 2000
    assert make.left(membership, "C172") == 1500


def test_what_was_typed_stays_as_it_was_typed(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (make.item("Class", "10.00"), "1"), by=desk)
    line = typed_lines(draft)[0]
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft) | {quantity_of(line): "1.0"}, htmx=LINES)
    assert filled(response, "draft-form")[quantity_of(line)] == "1.0"
    response = frontdesk.post(url(draft), data=filled(response, "draft-form") | {quantity_of(line): "1.05"}, htmx=LINES)
    assert typed_lines(draft)[0].quantity_milli == 1050
    assert "10.50" in words(response)


@pytest.mark.parametrize(
    "typed, sentence",
    [
        ("", "Type the quantity."),
        ("many", "Type the quantity as a number."),
        ("0", "The quantity must be above 0 and at most 100,000."),
        ("-1", "This cannot be below 0."),
        ("1.2345", "The quantity can have at most 3 decimals."),
        ("100001", "The quantity must be above 0 and at most 100,000."),
    ],
)
def test_a_quantity_that_is_none_is_said_at_the_line_and_not_kept(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User, typed: str, sentence: str
):
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=desk)
    first, second = typed_lines(draft)
    form = editing(frontdesk, draft) | {quantity_of(first): typed, quantity_of(second): "2"}
    response = frontdesk.post(url(draft), data=form, htmx=LINES)
    assert response.status_code == 422
    assert said(response, "error") == [sentence]
    assert filled(response, "draft-form")[quantity_of(first)] == typed
    assert [line.quantity_milli for line in typed_lines(draft)] == [1000, 2000]


def test_two_people_at_different_lines_lose_nothing(
    frontdesk: Client, manager: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=desk)
    first, second = typed_lines(draft)
    one, other = editing(frontdesk, draft), editing(manager, draft)
    frontdesk.post(url(draft), data=one | {quantity_of(first): "2"}, htmx=LINES)
    response = manager.post(url(draft), data=other | {quantity_of(second): "3"}, htmx=LINES)
    assert [line.quantity_milli for line in typed_lines(draft)] == [2000, 3000]
    assert filled(response, "draft-form")[quantity_of(first)] == "2.0"


def test_a_package_line_bills_all_of_it_or_what_is_typed(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, f"package:{ppl.id}")
    line = typed_lines(draft)[0]
    assert line.amount_minor is None
    assert filled(response, "draft-form")[amount_of(line)] == "5900.00"
    assert "Sells the package · unbilled 5,900.00 → 0.00" in words(response)
    assert "40.0 h C172 @ 120.00, 20.0 h Instruction @ 55.00, price 5,900.00 · saves 1,400.00" in words(response)
    form = filled(response, "draft-form") | {amount_of(line): "2,000"}
    response = frontdesk.post(url(draft), data=form, htmx=LINES)
    assert typed_lines(draft)[0].amount_minor == 200000
    assert "unbilled 5,900.00 → 3,900.00" in words(response)
    emptied = filled(response, "draft-form") | {amount_of(line): ""}
    response = frontdesk.post(url(draft), data=emptied, htmx=LINES)
    assert typed_lines(draft)[0].amount_minor is None
    assert filled(response, "draft-form")[amount_of(line)] == "5900.00"


def test_more_than_is_unbilled_is_refused_at_the_line(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    """Example 6."""
    make.pay(make.save(emma, (ppl, "2000"), by=desk), ("card", "2000"), by=desk)
    draft = make.draft(emma, (ppl, "4000"), by=desk)
    response = frontdesk.get(url(draft))
    assert said(response, "error") == ["", "At most 3,900.00 can still be billed of PPL."]
    save = frontdesk.post(url(draft), data=filled(response, "draft-form") | {"do": "save"})
    assert save.status_code == 422
    assert "Nothing was saved. At most 3,900.00 can still be billed of PPL." in words(save)
    assert filled(save, "draft-form")[amount_of(typed_lines(draft)[0])] == "4000.00"


def test_a_deposit_is_typed_after_it_was_added(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, by=desk)
    response = add(frontdesk, draft, "deposit")
    line = typed_lines(draft)[0]
    assert "Type how much money goes to the account." in words(response)
    response = frontdesk.post(url(draft), data=filled(response, "draft-form") | {amount_of(line): "50"}, htmx=LINES)
    assert "Account deposit amount" in words(response)
    assert "Total $50.00" in words(response)
    assert said(response, "error") == []


def test_tax_stands_at_the_line_and_in_the_sum(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (Item.get(Item.name == "Landing fee"), "2"), by=desk)
    shown = words(frontdesk.get(url(draft)))
    assert "Standard rate + tax 8 % 24.00" in shown
    assert "Lines 24.00 Tax 1.92 Total $25.92" in shown


def test_an_item_without_any_rate_is_refused_at_its_line(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, (make.item("Exam", None), "1"), by=desk)
    assert "Exam has no standard rate and Emma Jones has not enough of it left" in words(frontdesk.get(url(draft)))


def test_a_due_date_goes_along_with_a_service_date_to_come(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    for day, due in (("2026-06-03", "2026-06-17"), ("2026-04-20", "2026-06-15"), ("2026-06-01", "2026-06-15")):
        frontdesk.post(url(draft), data=editing(frontdesk, draft, service_on=day))
        assert Invoice.get_by_id(draft.id).due_on.isoformat() == due


def test_the_dates_and_the_note_are_kept(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, note="Thank you", service_on="2026-05-30"))
    kept = Invoice.get_by_id(draft.id)
    assert (kept.service_on, kept.due_on, kept.note) == (date(2026, 5, 30), date(2026, 6, 15), "Thank you")
    assert filled(response, "draft-form")["due_on"] == "2026-06-15"
    frontdesk.post(url(draft), data=editing(frontdesk, draft, due_on="2026-07-01"))
    assert Invoice.get_by_id(draft.id).due_on == date(2026, 7, 1)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"due_on": "2026-05-01"}, "The due date cannot be before the service date."),
        ({"service_on": ""}, "Choose the service date."),
        ({"service_on": "yesterday"}, "Type the day as year-month-day, for example 2026-11-22."),
        ({"service_on": "0202-06-01"}, "The day must be between 1970-01-01 and 2200-12-31."),
    ],
)
def test_dates_that_cannot_be_are_said_once_and_not_kept(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User, changes: dict[str, str], sentence: str
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, **changes), htmx=LINES)
    assert response.status_code == 422
    assert words(response).count(sentence) == 1
    assert Invoice.get_by_id(draft.id).service_on == DAY


def test_an_expired_package_prices_a_service_up_to_its_last_day(frontdesk: Client, emma: Customer, desk: User):
    """Example 22."""
    piano = make.piano(validity="date", last_day=date(2026, 6, 30))
    lesson = Item.get(Item.name == "Lesson")
    make.pay(make.save(emma, (piano, None), by=desk), by=desk)
    draft = make.draft(emma, (lesson, "1"), by=desk, on=date(2026, 6, 30))
    with on_the_day(date(2026, 7, 2)):
        assert "Total $45.00" in words(frontdesk.get(url(draft)))
        late = editing(frontdesk, draft, service_on="2026-07-01")
        assert "Total $50.00" in words(frontdesk.post(url(draft), data=late, htmx=LINES))


# Opening a draft whose prices changed


def test_opening_it_says_that_prices_changed(frontdesk: Client, emma: Customer, membership: Membership, desk: User):
    """Example 12: removed while a draft holds hours at the package rate."""
    draft = make.draft(emma, by=desk)
    add(frontdesk, draft, f"item:{c172().id}")
    assert "Prices changed" not in words(frontdesk.get(url(draft)))
    member = make.fresh(membership)
    memberships.remove([Removal(member.id, member.version)], by=desk, on=DAY)
    response = frontdesk.get(url(draft))
    assert "Prices changed since this draft was last kept. It was 120.00 and is 150.00 now." in words(response)
    assert "was 120.00" in said(response, "chip warn")[0]
    saved = frontdesk.post(url(draft), data=filled(response, "draft-form") | {"do": "save"})
    assert saved.status_code == 303
    assert Invoice.get_by_id(draft.id).total_minor == 15000


def test_the_list_shows_the_total_of_a_draft(frontdesk: Client, emma: Customer, membership: Membership, desk: User):
    draft = make.draft(emma, by=desk)
    add(frontdesk, draft, f"item:{c172().id}")
    assert "Draft 120.00 —" in words(frontdesk.get("/billing/invoices?status=draft"))


def test_a_note_that_is_too_long_is_said_and_the_dates_beside_it_are_kept(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    typed = {"note": "x" * 2001, "service_on": "2026-05-20", "due_on": "2026-07-20"}
    for htmx in (None, LINES):
        response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="update", **typed), htmx=htmx)
        assert response.status_code == 422
        assert "At most 2000 characters." in said(response, "error")
    kept = Invoice.get_by_id(draft.id)
    assert (str(kept.service_on), str(kept.due_on), kept.note) == ("2026-05-20", "2026-07-20", "")


def test_a_wrong_date_takes_no_note_and_no_other_date_with_it(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    typed = {"note": "By wire", "service_on": "soon", "due_on": "2026-07-20"}
    assert frontdesk.post(url(draft), data=editing(frontdesk, draft, do="update", **typed)).status_code == 422
    kept = Invoice.get_by_id(draft.id)
    assert (kept.service_on, str(kept.due_on), kept.note) == (DAY, "2026-07-20", "By wire")


def test_a_package_that_starts_after_the_service_date_is_named(frontdesk: Client, desk: User) -> None:
    """So that nobody wonders why somebody in a package is charged the standard rate."""
    emma, ppl = customer(), make.ppl()
    make.add(emma, ppl, by=desk, on=make.DAY)
    c172 = Item.get(Item.name == "C172")
    before = make.draft(emma, (c172, "1"), by=desk, on=make.DAY - timedelta(days=1))
    page = words(frontdesk.get(f"/billing/invoices/{before.id}/edit"))
    assert "PPL starts on 1 Jun 2026, after the service date, so its rates do not apply yet." in page
    now = make.draft(emma, (c172, "1"), by=desk, on=make.DAY)
    assert "do not apply yet" not in frontdesk.get(f"/billing/invoices/{now.id}/edit").text


def test_lines_that_come_to_more_than_any_amount_may_are_refused(frontdesk: Client, emma: Customer, desk: User):
    dear = make.item("Moon", "1000000000")
    draft = make.draft(emma, *[(dear, "1000")] * 2, by=desk)
    lines = typed_lines(draft)
    data = editing(frontdesk, draft, do="update") | {quantity_of(lines[1]): "99999"}
    response = frontdesk.post(url(draft), data=data)
    assert response.status_code == 200
    assert said(response, "error") == ["", "With this line the total is too large."]
    for _ in range(200):
        drafts.add_item(draft.id, dear, 100_000_000)
    assert frontdesk.get(url(draft)).status_code == 200
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save"))
    assert response.status_code == 422
    assert "Nothing was saved. With this line the total is too large." in words(response)


# Without JavaScript


def test_add_keeps_what_was_typed_above_it(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    typed = {quantity_of(typed_lines(draft)[0]): "3", "note": "By wire", "due_on": "2026-07-20"}
    shown = editing(frontdesk, draft, do="add")
    assert shown["offer_text"] == ""
    response = frontdesk.post(url(draft), data=shown | typed | {"offer_text": "instruction"})
    added = typed_lines(draft)[1]
    assert (response.status_code, response.location) == (303, f"{url(draft)}?line={added.id}")
    assert (added.item, typed_lines(draft)[0].quantity_milli) == (instruction(), 3000)
    kept = Invoice.get_by_id(draft.id)
    assert (str(kept.due_on), kept.note) == ("2026-07-20", "By wire")


def test_what_cannot_be_added_is_said_and_what_was_typed_above_is_kept(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    typed = {quantity_of(typed_lines(draft)[0]): "3", "offer_text": "moonstone"}
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="add") | typed)
    assert response.status_code == 422
    assert "Nothing found for “moonstone”." in words(response)
    assert filled(response, "draft-form")["offer_text"] == "moonstone"
    assert [line.quantity_milli for line in typed_lines(draft)] == [3000]


def test_nothing_is_added_while_something_above_is_wrong(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    typed = {quantity_of(typed_lines(draft)[0]): "x", "offer_text": "instruction"}
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="add") | typed)
    assert (response.status_code, len(typed_lines(draft))) == (422, 1)
    shown = filled(response, "draft-form")
    assert (shown["offer_text"], shown[quantity_of(typed_lines(draft)[0])]) == ("instruction", "x")


def test_what_is_typed_below_and_not_added_is_added_before_anything_is_saved(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    form = editing(frontdesk, draft, do="save") | {"offer_text": "instruction"}
    response = frontdesk.post(url(draft), data=form)
    assert (response.status_code, Invoice.get_by_id(draft.id).is_draft) == (303, True)
    assert "Instruction was added, so nothing was saved yet." in words(frontdesk.get(response.location))


# Another rate, and off with a line


def rate_form(line: DraftLine, **changes: str) -> tuple[str, dict[str, str]]:
    usual = {"choice": "standard", "rate": "", "reason": "", "seen": drafts.rate_sign(line)}
    return f"/billing/invoices/{line.invoice_id}/lines/{line.id}/rate", usual | changes


@pytest.mark.parametrize(
    "changes, shown",
    [
        ({"choice": "standard"}, "150.00 Standard rate · chosen 150.00"),
        ({"choice": "typed", "rate": "99.5", "reason": "Club day"}, "99.50 Typed rate · Club day 99.50"),
        ({"choice": "auto"}, "120.00 PPL · 120.00 · leaves 0.5 h 120.00"),
    ],
)
def test_a_manager_chooses_the_rate(
    manager: Client, emma: Customer, membership: Membership, desk: User, changes: dict[str, str], shown: str
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    address, data = rate_form(typed_lines(draft)[0], **changes)
    response = manager.post(address, data=data, htmx=MODAL)
    assert response.status_code == 200
    assert "draft-changed" in response.headers["HX-Trigger"]
    page = words(manager.get(url(draft)))
    assert shown in page
    assert "Prices changed" not in page


def test_a_manager_chooses_another_membership(manager: Client, emma: Customer, membership: Membership, desk: User):
    other = make.add(emma, make.package("Hour building", (c172(), "10", "@115")), by=desk)
    draft = make.draft(emma, (c172(), "1"), by=desk)
    line = typed_lines(draft)[0]
    address, data = rate_form(line, choice=f"membership:{other.id}")
    form = manager.get(address)
    assert "PPL · 120.00 · 1.5 h left" in words(form)
    assert "Hour building · 115.00 · 10.0 h left" in words(form)
    assert manager.post(address, data=data).status_code == 303
    assert "115.00 Hour building · 115.00 · leaves 9.0 h" in words(manager.get(url(draft)))
    assert filled(manager.get(address), address)["choice"] == f"membership:{other.id}"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"choice": "typed", "rate": "99"}, "Say why this rate is charged."),
        ({"choice": "typed", "reason": "Club day"}, "Type the rate."),
        ({"choice": "typed", "rate": "a lot", "reason": "x"}, "Type the rate as a number."),
        ({"choice": "membership:999"}, "Not a valid choice."),
        ({"choice": ""}, "Choose a rate."),
    ],
)
def test_a_rate_that_cannot_be_is_refused_and_what_was_typed_stays(
    manager: Client, emma: Customer, membership: Membership, desk: User, changes: dict[str, str], sentence: str
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    address, data = rate_form(typed_lines(draft)[0], **changes)
    response = manager.post(address, data=data, htmx=MODAL)
    assert response.status_code == 422
    assert any(sentence in one for one in said(response, "error"))
    assert filled(response, address)["reason"] == data["reason"]
    assert typed_lines(draft)[0].source == "auto"


def test_a_rate_that_somebody_else_chose_meanwhile_is_shown_before_it_is_replaced(
    manager: Client, emma: Customer, membership: Membership, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    line = typed_lines(draft)[0]
    address, data = rate_form(line, choice="standard", reason="as agreed")
    drafts.choose_rate(line.id, "typed", rate_e4=1_000_000, reason="Club day")
    response = manager.post(address, data=data)
    assert response.status_code == 422
    assert "Somebody changed this meanwhile: the rate is typed, 100.00, Club day." in words(response)
    assert filled(response, address)["reason"] == "as agreed"
    assert typed_lines(draft)[0].source == "typed"
    seen = filled(response, address)["seen"]
    assert manager.post(address, data=data | {"seen": seen}).status_code == 303
    assert typed_lines(draft)[0].source == "standard"


def given(kind: str, line: DraftLine) -> None:
    """A rate or something off, as somebody with Manage Invoices gives it."""
    if kind == "discount":
        drafts.discount(line.id, percent_e4=500_000)
    else:
        drafts.choose_rate(line.id, kind, rate_e4=0, reason="Club day")


@pytest.mark.parametrize("kind", ["typed", "standard", "discount"])
def test_what_was_given_for_a_quantity_is_not_raised_by_the_front_desk(
    frontdesk: Client, manager: Client, emma: Customer, ppl: Package, desk: User, kind: str
):
    draft = make.draft(emma, (c172(), "2"), by=desk)
    line = typed_lines(draft)[0]
    given(kind, line)
    response = frontdesk.post(url(draft), data=editing(frontdesk, draft, do="save") | {quantity_of(line): "50"})
    assert response.status_code == 422
    sentence = "A rate or a discount was given for the quantity there was. Manage Invoices is needed to raise it."
    assert sentence in said(response, "error")
    assert filled(response, "draft-form")[quantity_of(line)] == "50"
    assert typed_lines(draft)[0].quantity_milli == 2000
    for client, typed in ((frontdesk, "1"), (manager, "50")):
        changed = editing(client, draft, do="update") | {quantity_of(line): typed}
        assert client.post(url(draft), data=changed).status_code == 200
    assert typed_lines(draft)[0].quantity_milli == 50_000


def test_the_front_desk_may_not_choose_a_rate(frontdesk: Client, emma: Customer, membership: Membership, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    line = typed_lines(draft)[0]
    address, data = rate_form(line)
    assert frontdesk.get(address).status_code == 403
    assert frontdesk.post(address, data=data).status_code == 403
    menu = frontdesk.get(url(draft, "lines", str(line.id), "actions"), htmx=MENU)
    assert "Change rate" not in words(menu)
    assert "Remove line" in words(menu)


def test_a_package_line_has_no_rate_to_choose(manager: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (ppl, None), by=desk)
    line = typed_lines(draft)[0]
    assert manager.get(rate_form(line)[0]).status_code == 404
    assert "Change rate" not in words(manager.get(url(draft, "lines", str(line.id), "actions"), htmx=MENU))


def test_a_line_is_taken_off(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=desk)
    line = typed_lines(draft)[0]
    response = frontdesk.post(url(draft, "lines", str(line.id), "removal"), htmx=MODAL)
    assert "draft-changed" in response.headers["HX-Trigger"]
    assert "C172 is off the invoice." in response.text
    assert [line.item_id for line in typed_lines(draft)] == [instruction().id]
    plain = frontdesk.post(url(draft, "lines", str(typed_lines(draft)[0].id), "removal"))
    assert (plain.status_code, plain.location) == (303, url(draft))
    assert typed_lines(draft) == []


def test_a_line_of_another_invoice_is_not_found(manager: Client, emma: Customer, ppl: Package, desk: User):
    one, other = (make.draft(emma, (c172(), "1"), by=desk) for _ in range(2))
    line = typed_lines(other)[0]
    for last in ("actions", "rate"):
        assert manager.get(url(one, "lines", str(line.id), last)).status_code == 404
    assert manager.post(url(one, "lines", str(line.id), "removal")).status_code == 404


def test_a_first_offer_for_a_day_that_cannot_be_is_one_for_today(frontdesk: Client, emma: Customer, ppl: Package):
    Package.update(validity="months", validity_count=12).execute()
    query = {"customer": str(emma.id), "service_on": "9999-12-31", "q": "ppl"}
    answer = frontdesk.get("/billing/invoices/offers", query_string=query)
    assert (answer.status_code, "PPL" in words(answer)) == (200, True)


# Discard


def test_a_draft_is_discarded(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    assert "Discard the draft for Emma Jones?" in words(frontdesk.get(url(draft, "discard"), htmx=MODAL))
    form = filled(frontdesk.get(url(draft, "discard"), htmx=MODAL), url(draft, "discard"))
    response = frontdesk.post(url(draft, "discard"), data=form, htmx=MODAL)
    assert response.headers["HX-Redirect"] == "/billing/invoices"
    assert Invoice.select().count() == 0
    assert frontdesk.get(url(draft)).status_code == 404


def test_a_draft_that_was_changed_since_is_looked_at_before_it_goes(
    frontdesk: Client, manager: Client, emma: Customer, ppl: Package, desk: User
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    form = filled(frontdesk.get(url(draft, "discard")), url(draft, "discard"))
    add(manager, draft, f"item:{instruction().id}")
    response = frontdesk.post(url(draft, "discard"), data=form)
    assert (response.status_code, len(typed_lines(draft))) == (422, 2)
    assert "This draft was changed since. Look at what it holds now; nothing is gone yet." in words(response)
    assert "gone for good: C172, Instruction; 215.00 altogether." in words(response)
    frontdesk.post(url(draft, "discard"), data=filled(response, url(draft, "discard")))
    assert Invoice.select().count() == 0


def test_a_draft_is_not_discarded_by_who_has_not_seen_it(frontdesk: Client, emma: Customer, desk: User):
    draft = make.draft(emma, by=desk)
    assert frontdesk.post(url(draft, "discard")).status_code == 422
    assert Invoice.select().count() == 1


def test_an_issued_invoice_is_not_discarded(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    saved = make.save(emma, (c172(), "1"), by=desk)
    response = frontdesk.post(url(saved, "discard"))
    assert (response.status_code, response.location) == (303, url(saved))
    assert Invoice.get_by_id(saved.id).status == "open"


# Who may, and what is gone


@pytest.mark.parametrize("last", ["lines", "discard", "edit"])
def test_the_bookkeeper_looks_but_does_not_touch(
    bookkeeper: Client, emma: Customer, ppl: Package, desk: User, last: str
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    assert bookkeeper.post(url(draft, last)).status_code == 403
    assert bookkeeper.get(url(draft, "edit")).status_code == 403
    page = bookkeeper.get(f"/billing/invoices/{draft.id}")
    assert "C172 1.0 h 150.00 Standard rate 150.00" in words(page)
    assert "draft-form" not in page.text
    assert "Discard" not in words(page)


def test_new_invoice_asks_for_add_invoice(bookkeeper: Client, emma: Customer):
    assert bookkeeper.get("/billing/invoices/new").status_code == 403
    assert bookkeeper.get(f"/billing/invoices/new?customer={emma.id}").status_code == 403
    assert bookkeeper.post(f"/billing/invoices?customer={emma.id}").status_code == 403
    assert bookkeeper.get("/billing/invoices/999/offers").status_code == 403


@pytest.mark.parametrize("last", ["lines", "edit"])
def test_a_draft_that_was_saved_meanwhile_leads_to_the_invoice(
    frontdesk: Client, emma: Customer, ppl: Package, desk: User, last: str
):
    draft = make.draft(emma, (c172(), "1"), by=desk)
    form = editing(frontdesk, draft) | {"offer": f"item:{c172().id}"}
    invoicing.issue(draft.id, by=desk, on=DAY)
    response = frontdesk.post(url(draft, last), data=form, htmx=LINES)
    assert response.headers["HX-Redirect"] == url(draft)
    assert "This invoice was saved already as 2026-0001." in words(frontdesk.get(url(draft)))


def test_a_line_that_somebody_else_took_off_is_simply_gone(frontdesk: Client, emma: Customer, ppl: Package, desk: User):
    draft = make.draft(emma, (c172(), "1"), (instruction(), "1"), by=desk)
    first, second = typed_lines(draft)
    form = editing(frontdesk, draft) | {quantity_of(first): "5", quantity_of(second): "2"}
    drafts.drop_line(first.id)
    response = frontdesk.post(url(draft), data=form, htmx=LINES)
    assert response.status_code == 200
    assert [line.quantity_milli for line in typed_lines(draft)] == [2000]


def test_hostile_names_are_only_text(frontdesk: Client, desk: User):
    name = "<script>alert(1)</script>\"'"
    someone, thing = customer(name), make.item(name, "1.00")
    findable()
    draft = make.draft(someone, (thing, "1"), by=desk)
    for page in (frontdesk.get(url(draft)), frontdesk.get(url(draft, "offers"), query_string={"q": "script"})):
        assert "<script>alert" not in page.text
    assert json.dumps(frontdesk.get("/billing/invoices").text).count("<script>alert") == 0
