"""A payment that was entered wrongly, put right from the list of payments, from its invoice or from the message."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from tests import factories as make
from tests.clients import Client, client_for
from tests.web.billing import DAY, MODAL, customer, filled, words
from webapp.domain import crediting, funds
from webapp.models import Audit, Customer, Invoice, Item, Payment, User

pytestmark = pytest.mark.usefixtures("day")


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


@pytest.fixture
def used(emma: Customer, by: User) -> Invoice:
    """One lesson out of PIANO, which was paid in cash."""
    make.add(emma, make.piano(), by=by)
    return make.pay(make.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=by), ("cash", "45"), by=by)


def newest() -> Payment:
    return Payment.select().order_by(Payment.id.desc()).get()


def url(payment: Payment) -> str:
    return f"/billing/payments/{payment.id}/correct"


def by_method(kind: str) -> str:
    return str(make.method(kind).id)


def typed(client: Client, payment: Payment, **changes: str) -> dict[str, str]:
    """The form as it is after its effect was shown for what was typed."""
    payload = filled(client.get(url(payment)), url(payment)) | changes
    shown = client.post(f"{url(payment)}/preview", data=payload, htmx=MODAL)
    [sign] = re.findall(r'name="shown" value="([^"]*)"', shown.text)
    return payload | {"shown": sign}


def test_by_card_not_in_cash(manager: Client, used: Invoice) -> None:
    payment = newest()
    payload = typed(manager, payment, method=by_method("card"))
    text = words(manager.post(f"{url(payment)}/preview", data=payload, htmx=MODAL))
    assert "45.00 counts as received by Card, nothing by Cash." in text
    response = manager.post(url(payment), data=payload)
    assert (response.status_code, response.location) == (303, f"/billing/invoices/{used.id}")
    page = manager.get(response.location)
    assert "The payment is put right: 45.00 by Card." in words(page)
    assert "Corrected by Manager · Card 45.00, was Cash 45.00" in words(page)
    assert re.search(r"Cash <span class=\"mark\">.*corrected</span></td><td class=\"n\"><s>45.00</s>", page.text)
    assert Invoice.get_by_id(used.id).status == "paid"
    listed = words(manager.get("/billing/payments"))
    assert "Card 45.00" in listed
    assert "Cash corrected" in listed
    assert "Corrected" in manager.get("/billing/payments/export").text


def test_less_was_received(manager: Client, used: Invoice) -> None:
    payment = newest()
    payload = typed(manager, payment, amount="40", reason="Typed wrongly")
    text = words(manager.post(f"{url(payment)}/preview", data=payload, htmx=MODAL))
    for sentence in (
        "40.00 was received, not 45.00.",
        "1 of Lesson in PIANO is reserved again, no longer used.",
        "Invoice 2026-0001 is open then, it was paid",
        "Due on 2026-0001 0.00 +5.00 5.00",
    ):
        assert sentence in text
    page = words(manager.get(manager.post(url(payment), data=payload).location))
    assert "The payment is put right: 40.00 by Cash. Invoice 2026-0001 is due: 5.00." in page
    assert "Corrected by Manager · Cash 40.00, was Cash 45.00 · Typed wrongly" in page


def test_an_invoice_that_is_wrong_too_is_voided_afterwards(manager: Client, emma: Customer, by: User) -> None:
    """A deposit of 500.00 that should have been 50.00, on the invoice and as it was received."""
    invoice = make.pay(make.save(emma, "500", by=by), ("cash", "500"), by=by)
    payment, sentence = newest(), "If the invoice itself is wrong, void it afterwards"
    by_card = typed(manager, payment, method=by_method("card"))
    assert sentence not in words(manager.post(f"{url(payment)}/preview", data=by_card, htmx=MODAL))
    payload = typed(manager, payment, amount="50")
    shown = words(manager.post(f"{url(payment)}/preview", data=payload, htmx=MODAL))
    assert f"450.00 is due on {invoice.code} then. {sentence}: what was received stays on the account." in shown
    void = f"/billing/invoices/{invoice.id}/void"
    assert "Void the invoice …" in manager.get(manager.post(url(payment), data=payload).location).text
    manager.post(void, data=filled(manager.get(void), void) | {"reason": "typed wrongly"})
    assert Invoice.get_by_id(invoice.id).status == "void"
    assert make.general(emma) == 5000


def test_what_the_account_paid_does_not_stay_on_it(manager: Client, emma: Customer, by: User) -> None:
    """It goes back to where it came from, so that nothing is said of it."""
    funds.deposit(emma, make.method("cash"), 5000, by=by, on=DAY)
    make.pay(make.save(emma, (make.item("Book", "50"), "1"), by=by), ("account", "50"), by=by)
    payment = newest()
    payload = typed(manager, payment, amount="10")
    assert "void it" not in words(manager.post(f"{url(payment)}/preview", data=payload, htmx=MODAL))
    page = manager.get(manager.post(url(payment), data=payload).location)
    assert "is due: 40.00." in words(page)
    assert "Void the invoice …" not in page.text


def test_nothing_was_received(manager: Client, used: Invoice) -> None:
    payment = newest()
    nothing = typed(manager, payment, amount="0")
    shown = words(manager.post(f"{url(payment)}/preview", data=nothing, htmx=MODAL))
    assert "If the invoice itself is wrong, void it afterwards." in shown
    response = manager.post(url(payment), data=typed(manager, payment, amount="0"), htmx=MODAL)
    assert "The payment is put right: nothing was received. Invoice 2026-0001 is due: 45.00." in words(response)
    assert f"/billing/invoices/{used.id}/payments/new" in response.text
    assert Invoice.get_by_id(used.id).status == "open"
    again = manager.get(url(payment))
    assert "This payment was put right already." in words(again)
    assert '<button class="btn primary"' not in again.text


def test_the_history_says_what_was_corrected(
    manager: Client, used: Invoice, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    """In as many queries, however often."""
    page = f"/billing/invoices/{used.id}"
    manager.get(page)
    with queries() as before:
        manager.get(page)
    for changes in ({"received_on": "2026-05-30"}, {"method": by_method("card"), "amount": "44"}, {"amount": "0"}):
        payment = newest()
        assert manager.post(url(payment), data=typed(manager, payment, **changes)).status_code == 303
    manager.get("/profile")  # which has the messages
    with queries() as after:
        text = words(manager.get(page))
    for sentence in (
        "Corrected by Manager · Cash 45.00 on 30 May 2026, was Cash 45.00 on 1 Jun 2026",
        "Corrected by Manager · Card 44.00, was Cash 45.00",
        "Corrected by Manager · nothing, was Card 44.00",
    ):
        assert sentence in text
    assert len(after) == len(before)


def test_a_deposit(manager: Client, emma: Customer, by: User) -> None:
    funds.deposit(emma, make.method("cash"), 50000, by=by, on=DAY)
    payment = newest()
    response = manager.post(url(payment), data=typed(manager, payment, amount="50"))
    assert response.location == f"/customers/{emma.id}"
    assert make.general(emma) == 5000


def test_what_is_refused_and_what_was_typed_stays(manager: Client, used: Invoice) -> None:
    payment = newest()
    for changes, sentence in (
        ({"amount": ""}, "Type what was received; 0 when it was nothing."),
        ({"amount": "many"}, "amount"),
        ({"amount": "-1"}, "This cannot be below 0."),
        ({"amount": "46"}, "At most 45.00 can be paid here. What is beyond that is a deposit."),
        ({"received_on": "2026-06-02"}, "Money cannot be received after today."),
        ({"method": "999"}, "Not a valid choice"),
        ({}, "This is how it was entered. Change the method, the amount or the day."),
    ):
        payload = filled(manager.get(url(payment)), url(payment)) | {"reason": "Slip"} | changes
        preview = manager.post(f"{url(payment)}/preview", data=payload, htmx=MODAL)
        sign = (re.findall(r'name="shown" value="([^"]*)"', preview.text) or [""])[0]
        response = manager.post(url(payment), data=payload | {"shown": sign})
        assert response.status_code == 422, changes
        assert sentence in words(response), (changes, words(response))
        assert 'value="Slip"' in response.text
        assert newest() == payment


def test_without_javascript_its_effect_is_shown_first(manager: Client, used: Invoice) -> None:
    payment = newest()
    payload = filled(manager.get(url(payment)), url(payment)) | {"method": by_method("card")}
    response = manager.post(url(payment), data=payload)
    assert response.status_code == 422
    assert "Look at what this does, then press the button again." in words(response)
    again = filled(response, url(payment)) | {"method": by_method("card")}
    assert manager.post(url(payment), data=again).status_code == 303


def test_what_changed_since_it_was_shown_is_shown_anew(manager: Client, used: Invoice, by: User) -> None:
    payment = newest()
    payload = typed(manager, payment, amount="40")
    version = Invoice.get_by_id(used.id).version
    crediting.credit(used.id, 1, 1000, version=version, by=by, on=DAY, reason="Ill")
    response = manager.post(url(payment), data=payload)
    assert response.status_code == 422
    assert "credited since" in words(response)
    assert newest() == payment


def test_sent_twice_it_is_done_once(manager: Client, used: Invoice) -> None:
    payment = newest()
    payload = typed(manager, payment, method=by_method("card"))
    for _ in range(2):
        assert manager.post(url(payment), data=payload).status_code == 303
    assert Audit.select().where(Audit.act == "Corrected").count() == 1


def test_the_message_of_a_payment_offers_it_to_who_may(app: Flask, manager: Client, emma: Customer, by: User) -> None:
    for who, offered in ((manager, True), (client_for(app, "frontdesk"), False)):
        invoice = make.save(emma, "20", by=by)
        path = f"/billing/invoices/{invoice.id}/payments/new"
        payload = filled(who.get(path), path) | {f"method-{by_method('cash')}": "20"}
        response = who.post(path, data=payload, htmx=MODAL)
        assert response.status_code == 200
        assert (url(newest()) in response.text) is offered
        assert who.get(url(newest())).status_code == (200 if offered else 403)


def test_the_receipt_says_how_it_was_received(manager: Client, emma: Customer, by: User) -> None:
    """Cash and card were taken in one go; the cash was by check, and then it was nothing."""
    invoice = make.pay(make.save(emma, "50", by=by), ("cash", "20"), ("card", "30"), by=by)
    cash, card = Payment.select().where(Payment.invoice == invoice).order_by(Payment.id)
    manager.post(url(cash), data=typed(manager, cash, method=by_method("check")))
    right = newest()
    manager.get("/profile")  # which has the message
    pages = [words(manager.get(f"/billing/payments/{it.id}/receipt")) for it in (cash, card, right)]
    assert pages[0] == pages[1] == pages[2]
    assert "Check 20.00" in pages[0]
    assert "Cash" not in pages[0]
    assert "Paid by Emma Jones $50.00" in pages[0]
    manager.post(url(right), data=typed(manager, right, amount="0"))
    page = words(manager.get(f"/billing/payments/{cash.id}/receipt"))
    assert "Paid by Emma Jones $30.00" in page
    manager.post(url(card), data=typed(manager, card, amount="0"))
    assert "not received 30.00" in words(manager.get(f"/billing/payments/{card.id}/receipt"))
