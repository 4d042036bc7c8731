"""Pay: the dialog, what is shown while it is typed, Account, and who may; and the account on the customer's page."""

import re
from collections.abc import Iterator
from datetime import date

import peewee
import pytest
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import DAY, MODAL, c172, customer, filled, on_the_day, said, url, words
from webapp.domain import voids
from webapp.models import Customer, Invoice, Item, Package, Payment, PaymentMethod, Role, User

TENDERS = "div#pay-tenders"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def ppl(emma: Customer, once: Once) -> Package:
    return once(make.ppl)


@pytest.fixture
def invoice(emma: Customer, ppl: Package, by: User, once: Once) -> Invoice:
    return once(make_invoice, emma, ppl, by)


def make_invoice(emma: Customer, ppl: Package, by: User) -> Invoice:
    """Example 1: 180.00 at the package rate with 180.00 of package funds, and 75.00 at the standard rate."""
    make.pay(make.save(emma, (ppl, "4800"), by=by), by=by)
    make.pay(make.save(emma, (c172(), "38.5"), by=by), ("account", "4620"), by=by)
    return make.save(emma, (c172(), "2.0"), by=by)


def pay_url(invoice: Invoice, last: str = "new") -> str:
    return url(invoice, "payments", last)


def named(**amounts: str) -> dict[str, str]:
    """Amounts by kind of method, under the names of their fields."""
    return {f"method-{make.method(kind).id}": amount for kind, amount in amounts.items()}


def payload(client: Client, invoice: Invoice, *, tick: bool = False, **amounts: str) -> dict[str, str]:
    """The form as it is shown, with all amounts typed; where Account pays or keeps a rest, the effect was looked at."""
    form = filled(client.get(pay_url(invoice)), pay_url(invoice)) | named(**{"account": "", **amounts})
    form |= {"keep_rest": "y"} if tick else {}
    if "account" in amounts or tick:
        shown = re.search(r'name="shown" value="([\w.]*)"', preview(client, invoice, form).text)
        form["shown"] = shown[1] if shown else ""
    return form


def preview(client: Client, invoice: Invoice, form: dict[str, str]) -> TestResponse:
    response = client.post(pay_url(invoice, "preview"), data=form, htmx=TENDERS)
    assert response.status_code == 200
    return response


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.get_by_id(invoice.id)


def payments(invoice: Invoice) -> list[tuple[str, int]]:
    chosen = Payment.select(Payment, PaymentMethod).join(PaymentMethod).where(Payment.invoice == invoice)
    return [(p.method.kind, p.amount_minor) for p in chosen.order_by(Payment.id)]


# The dialog


def test_it_shows_one_amount_for_each_active_method_and_account_last(frontdesk: Client, invoice: Invoice):
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "check").execute()
    page = frontdesk.get(pay_url(invoice), htmx=MODAL)
    names = re.findall(r'<label for="d-method-\d+">(.*?)</label>', page.text)
    assert names == ["Cash", "Card", "Bank transfer", "Account"]
    assert "$255.00" in words(page)
    assert "Package funds · PPL 180.00 −180.00 0.00" in words(page), "what was used is prepaid"
    assert "<html" not in page.text


def test_card_and_account_fill_their_lines(frontdesk: Client, invoice: Invoice, emma: Customer):
    """Example 24."""
    response = frontdesk.post(pay_url(invoice), data=payload(frontdesk, invoice, card="75", account="180"))
    assert (response.status_code, response.location) == (303, url(invoice))
    assert fresh(invoice).status == "paid"
    assert payments(invoice) == [("card", 7500), ("account", 18000)]
    assert make.funds(make.bought(emma)) == 0
    assert "Invoice 2026-0003 is paid." in words(frontdesk.get(url(invoice)))


def test_in_the_dialog_it_closes_and_tells_who_shows_it(frontdesk: Client, invoice: Invoice):
    response = frontdesk.post(pay_url(invoice), data=payload(frontdesk, invoice, cash="100"), htmx=MODAL)
    assert response.status_code == 200
    assert set(response.headers["HX-Trigger"].split(", ")) == {
        "invoices-changed",
        "memberships-changed",
        "account-changed",
    }
    assert "Payment taken; 155.00 of invoice 2026-0003 is still due." in response.text
    assert fresh(invoice).due_minor == 15500


def test_the_effect_is_shown_while_it_is_typed(frontdesk: Client, invoice: Invoice):
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(card="75", account="100")
    shown = words(preview(frontdesk, invoice, form))
    assert "Card 75.00 C172 at standard rate" in shown
    assert "Account 100.00 C172 what remains" in shown
    assert "Package funds · PPL 180.00 −100.00 80.00" in shown
    assert "Account balance 180.00 −100.00 80.00" in shown
    assert "Entered 175.00 Remaining due 80.00" in shown


def test_a_sale_that_is_paid_shows_the_fund_it_fills(frontdesk: Client, emma: Customer, ppl: Package, by: User):
    sale = make.save(emma, (ppl, "500"), by=by)
    form = filled(frontdesk.get(pay_url(sale)), pay_url(sale)) | named(cash="500")
    shown = words(preview(frontdesk, sale, form))
    assert "Package funds · PPL 0.00 +500.00 500.00" in shown
    assert "Remaining due 0.00 Paid in full" in shown


@pytest.mark.parametrize(
    "amounts, tick, sentence",
    [
        ({"card": "x"}, False, "Type the amount as a number."),
        ({"card": "-5"}, False, "This cannot be below 0."),
        ({"card": "300"}, False, "This is 45.00 more than is due. Take 255.00, or tick “Keep the rest on account”."),
        (
            {"cash": "300"},
            False,
            "This is 45.00 more than is due. Give 45.00 back and take 255.00, or tick “Keep the rest on account”.",
        ),
        ({"account": "255"}, False, "Account can pay at most 180.00 here."),
    ],
)
def test_a_refusal_stands_beside_its_method_live_and_on_pay(
    frontdesk: Client, invoice: Invoice, amounts: dict[str, str], tick: bool, sentence: str
):
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(**amounts)
    assert said(preview(frontdesk, invoice, form), "error") == [sentence]
    response = frontdesk.post(pay_url(invoice), data=form, htmx=MODAL)
    assert response.status_code == 422
    assert said(response, "error") == [sentence]
    name, typed = next(iter(named(**amounts).items()))
    assert filled(response, pay_url(invoice))[name] == typed
    assert re.search(rf'name="{name}"[^>]*aria-invalid="true"', response.text)
    assert payments(invoice) == []


def test_nothing_typed_is_refused(frontdesk: Client, invoice: Invoice):
    response = frontdesk.post(pay_url(invoice), data=payload(frontdesk, invoice))
    assert response.status_code == 422
    assert "Type an amount beside at least one method." in words(response)


@pytest.mark.parametrize(
    "typed, sentence",
    [
        ("2026-06-02", "Money cannot be received after today."),
        ("", "Choose the day."),
        ("soon", "Type the day as year-month-day, for example 2026-11-22."),
    ],
)
def test_a_day_that_cannot_be_is_refused(frontdesk: Client, invoice: Invoice, typed: str, sentence: str):
    data = payload(frontdesk, invoice, cash="10") | {"received_on": typed}
    response = frontdesk.post(pay_url(invoice), data=data)
    assert response.status_code == 422
    assert sentence in words(response)
    assert payments(invoice) == []


def test_money_may_have_come_earlier(frontdesk: Client, invoice: Invoice):
    frontdesk.post(pay_url(invoice), data=payload(frontdesk, invoice, cash="10") | {"received_on": "2026-05-28"})
    assert Payment.get(Payment.invoice == invoice).received_on == date(2026, 5, 28)


def test_the_rest_is_kept_on_account(frontdesk: Client, invoice: Invoice, emma: Customer):
    form = payload(frontdesk, invoice, tick=True, cash="300")
    shown = words(preview(frontdesk, invoice, form))
    assert "Kept on account 45.00" in shown
    assert "General funds 0.00 +45.00 45.00" in shown
    frontdesk.post(pay_url(invoice), data=form)
    assert (fresh(invoice).status, make.general(emma)) == ("paid", 4500)


def test_the_same_form_sent_twice_is_one_payment(frontdesk: Client, invoice: Invoice):
    """Example 18."""
    form = payload(frontdesk, invoice, card="75", account="180")
    first, second = (frontdesk.post(pay_url(invoice), data=form) for _ in range(2))
    assert first.location == second.location == url(invoice)
    assert payments(invoice) == [("card", 7500), ("account", 18000)]
    third = frontdesk.post(pay_url(invoice), data=form, htmx=MODAL)
    assert "Invoice 2026-0003 is paid." in third.text


def test_the_same_key_with_other_amounts_is_refused(frontdesk: Client, invoice: Invoice):
    form = payload(frontdesk, invoice, cash="10")
    frontdesk.post(pay_url(invoice), data=form)
    response = frontdesk.post(pay_url(invoice), data=form | named(cash="20"))
    assert response.status_code == 422
    assert "This form was sent already with other content." in words(response)
    assert payments(invoice) == [("cash", 1000)]


# Account


def test_account_pays_only_after_its_effect_was_shown(frontdesk: Client, invoice: Invoice):
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(account="100")
    response = frontdesk.post(pay_url(invoice), data=form)
    assert response.status_code == 422
    assert "Look at what this does to the account, then press Pay again." in words(response)
    assert "Package funds · PPL 180.00 −100.00 80.00" in words(response)
    assert payments(invoice) == []
    again = frontdesk.post(pay_url(invoice), data=filled(response, pay_url(invoice)))
    assert again.status_code == 303
    assert payments(invoice) == [("account", 10000)]


def test_a_rest_is_kept_only_after_the_effect_was_shown(frontdesk: Client, invoice: Invoice, emma: Customer):
    form = (
        filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(cash="755", account="") | {"keep_rest": "y"}
    )
    response = frontdesk.post(pay_url(invoice), data=form)
    assert response.status_code == 422
    assert "Look at what this does to the account, then press Pay again." in words(response)
    assert "General funds 0.00 +500.00 500.00" in words(response)
    assert payments(invoice) == []
    assert frontdesk.post(pay_url(invoice), data=filled(response, pay_url(invoice))).status_code == 303
    assert make.general(emma) == 50000


def test_a_tick_without_a_rest_needs_nothing_shown(frontdesk: Client, invoice: Invoice):
    form = (
        filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(cash="255", account="") | {"keep_rest": "y"}
    )
    assert frontdesk.post(pay_url(invoice), data=form).status_code == 303


# A method that is no longer there


@pytest.mark.parametrize(
    "kind, sentence",
    [("check", "Check is switched off."), ("account", "The Account payment method is switched off.")],
)
def test_an_amount_beside_a_method_that_was_switched_off_is_not_left_out(
    frontdesk: Client, invoice: Invoice, kind: str, sentence: str
):
    form = payload(frontdesk, invoice, cash="10") | named(**{kind: "131.94"})
    PaymentMethod.update(active=False).where(PaymentMethod.kind == kind).execute()
    response = frontdesk.post(pay_url(invoice), data=form)
    assert (response.status_code, payments(invoice)) == (422, [])
    assert sentence in words(response)
    shown = filled(response, pay_url(invoice))
    assert kind == "account" or shown[f"method-{make.method(kind).id}"] == "131.94"
    again = shown | named(cash="10") | ({} if kind == "account" else named(**{kind: ""}))
    assert frontdesk.post(pay_url(invoice), data=again).status_code == 303
    assert payments(invoice) == [("cash", 1000)]


def test_an_amount_beside_no_method_at_all_is_refused(frontdesk: Client, invoice: Invoice):
    form = payload(frontdesk, invoice, cash="10") | {"method-9999": "5"}
    response = frontdesk.post(pay_url(invoice), data=form)
    assert (response.status_code, payments(invoice)) == (422, [])
    assert "5 was typed for a payment method that there is not." in words(response)


def test_where_no_method_is_switched_on_that_is_said(frontdesk: Client, invoice: Invoice, emma: Customer):
    PaymentMethod.update(active=False).execute()
    several = f"/customers/{emma.id}/payments/new"
    for address in (pay_url(invoice), several):
        page = frontdesk.get(address)
        assert page.status_code == 200
        assert "No payment method is switched on. Somebody with Manage Settings can switch one on." in words(page)
        assert frontdesk.post(address, data=filled(page, "pay-form")).status_code == 422


def test_cash_beside_the_package_funds_needs_no_second_look(frontdesk: Client, invoice: Invoice):
    """Typed and sent before the preview could follow: the account is as it was shown."""
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(cash="75")
    assert frontdesk.post(pay_url(invoice), data=form).status_code == 303
    assert payments(invoice) == [("cash", 7500), ("account", 18000)]


def test_without_account_nothing_is_filled_in(frontdesk: Client, invoice: Invoice, emma: Customer):
    Customer.update(role=Role.get(Role.name == "Cash Only")).where(Customer.id == emma.id).execute()
    page = frontdesk.get(pay_url(invoice))
    assert "Package funds" not in page.text.partition('id="pay-form"')[2]
    filled_in = frontdesk.post(pay_url(invoice), data=filled(page, pay_url(invoice)) | {"fill": str(make.method().id)})
    assert 'value="255.00"' in filled_in.text


def test_what_changed_since_it_was_shown_is_shown_again(frontdesk: Client, invoice: Invoice, emma: Customer, by: User):
    form = payload(frontdesk, invoice, account="100")
    make.pay(make.save(emma, "60", by=by), ("cash", "60"), by=by)
    make.pay(make.save(emma, (Item.get(Item.name == "Instruction"), "1"), by=by), ("account", "55"), by=by)
    response = frontdesk.post(pay_url(invoice), data=form)
    assert response.status_code == 422
    assert "Package funds · PPL 125.00 −100.00 25.00" in words(response)
    assert payments(invoice) == []


@pytest.mark.parametrize(
    "method, expected",
    [("account", {"account": "180.00", "card": ""}), ("card", {"account": "180.00", "card": "75.00"})],
)
def test_one_button_fills_in_the_rest(frontdesk: Client, invoice: Invoice, method: str, expected: dict[str, str]):
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | {"fill": str(make.method(method).id)}
    response = frontdesk.post(pay_url(invoice), data=form, htmx=MODAL)
    assert response.status_code == 200
    shown = filled(response, pay_url(invoice))
    assert {k: shown[name] for k in expected for name in named(**{k: ""})} == expected
    assert payments(invoice) == []


def test_the_rest_beside_what_is_typed(frontdesk: Client, invoice: Invoice):
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(cash="55")
    response = frontdesk.post(pay_url(invoice), data=form | {"fill": str(make.method("card").id)})
    assert filled(response, pay_url(invoice)) | named(cash="55", card="20.00") == filled(response, pay_url(invoice))
    done = frontdesk.post(pay_url(invoice), data=filled(response, pay_url(invoice)))
    assert done.status_code == 303
    assert fresh(invoice).status == "paid"


def test_account_switched_off_is_not_offered_and_says_why(frontdesk: Client, invoice: Invoice):
    """Example 15."""
    form = payload(frontdesk, invoice, account="180")
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    assert "Account" not in re.findall(r"<label[^>]*>(.*?)</label>", frontdesk.get(pay_url(invoice)).text)
    response = frontdesk.post(pay_url(invoice), data=form)
    assert response.status_code == 422
    assert payments(invoice) == []


def test_a_customer_who_may_not_purchase_on_account(frontdesk: Client, invoice: Invoice, emma: Customer):
    form = payload(frontdesk, invoice, account="180")
    Customer.update(role=Role.get(Role.name == "Cash Only")).where(Customer.id == emma.id).execute()
    page = frontdesk.get(pay_url(invoice))
    assert "Emma Jones has no Make Purchases on Account. Manage Customers is needed to change that." in words(page)
    assert next(iter(named(account=""))) not in filled(page, pay_url(invoice))
    response = frontdesk.post(pay_url(invoice), data=form)
    assert response.status_code == 422
    assert payments(invoice) == []


def test_an_open_package_invoice_is_named_to_be_paid_first(frontdesk: Client, emma: Customer, ppl: Package, by: User):
    sale = make.save(emma, (ppl, "2000"), by=by)
    draw = make.save(emma, (c172(), "1"), by=by)
    page = frontdesk.get(pay_url(draw))
    assert "Invoice 2026-0001, which sells PPL, is still open with 2,000.00." in words(page)
    assert f'href="{pay_url(sale)}"' in page.text
    assert "is still open" not in words(frontdesk.get(pay_url(sale)))
    make.pay(sale, by=by)
    assert "is still open" not in words(frontdesk.get(pay_url(draw)))


def test_the_sale_and_a_lesson_on_one_invoice(frontdesk: Client, emma: Customer, by: User):
    """Example 23: cash for the package, and Account for the lesson from what was just paid in."""
    piano = make.piano()
    both = make.save(emma, (piano, None), (Item.get(Item.name == "Lesson"), "1"), by=by)
    assert frontdesk.post(pay_url(both), data=payload(frontdesk, both, cash="450", account="45")).status_code == 303
    assert fresh(both).status == "paid"
    assert make.funds(make.bought(emma)) == 40500


# Who may, and what is not open


@pytest.mark.parametrize("state", ["draft", "paid", "void"])
def test_what_asks_for_no_money_is_not_paid(frontdesk: Client, emma: Customer, ppl: Package, by: User, state: str):
    there = make.draft(emma, (c172(), "1"), by=by) if state == "draft" else make.save(emma, (c172(), "1"), by=by)
    if state == "paid":
        make.pay(there, by=by)
    if state == "void":
        voids.void(there.id, reason="x", by=by, on=DAY)
    assert frontdesk.get(pay_url(there)).status_code == 409
    sent = {"received_on": "2026-06-01", "form_key": "k" * 20} | named(cash="10")
    assert frontdesk.post(pay_url(there), data=sent).status_code == 409
    assert frontdesk.post(pay_url(there), data=sent, htmx=MODAL).status_code == 409


def test_pay_asks_for_add_invoice(bookkeeper: Client, invoice: Invoice):
    assert bookkeeper.get(pay_url(invoice)).status_code == 403
    assert bookkeeper.post(pay_url(invoice), data=named(cash="10")).status_code == 403
    assert bookkeeper.post(pay_url(invoice, "preview")).status_code == 403
    assert bookkeeper.get("/billing/invoices/999999/payments/new").status_code == 403


def test_what_does_not_exist_and_other_verbs(frontdesk: Client, invoice: Invoice):
    assert frontdesk.get("/billing/invoices/999999/payments/new").status_code == 404
    assert frontdesk.put(pay_url(invoice)).status_code == 405
    assert frontdesk.get(pay_url(invoice, "preview")).status_code == 405


# The account on the customer's page


def test_the_customers_page_shows_the_account_with_its_split(frontdesk: Client, invoice: Invoice, emma: Customer):
    shown = words(frontdesk.get(f"/customers/{emma.id}"))
    assert "Account balance $180.00 General funds 0.00 Package funds · PPL 180.00 Due 255.00" in shown
    assert "PPL Active" in shown
    assert "2026-0003 1 Jun 2026 15 Jun 2026 Open 255.00 255.00 Pay" in shown
    assert "New invoice" in shown
    assert "Add to Package" in shown


def test_the_account_refreshes_itself(frontdesk: Client, invoice: Invoice, emma: Customer, by: User):
    make.pay(invoice, ("card", "75"), by=by)
    response = frontdesk.get(f"/billing/accounts/{emma.id}", htmx="div#customer-account")
    assert "<html" not in response.text
    assert "Due 180.00" in words(response)
    plain = frontdesk.get(f"/billing/accounts/{emma.id}")
    assert (plain.status_code, plain.location) == (302, f"/customers/{emma.id}")
    assert frontdesk.get("/billing/accounts/999999").status_code == 404


def test_who_only_manages_customers_sees_no_account(
    frontdesk: Client, invoice: Invoice, emma: Customer, cast: dict[str, User]
):
    from webapp.permissions import Permission

    role = cast["frontdesk"].role
    role.permissions = frozenset({Permission.MANAGE_CUSTOMERS})
    role.save()
    assert "Account balance" not in words(frontdesk.get(f"/customers/{emma.id}"))
