"""Undo of what was done for several at once: the invoices are voided together, or none of them."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.acting import again, check_closed, give_only, messages
from tests.web.billing import MODAL, customer, filled, words
from webapp.domain import using, voids
from webapp.domain.using import Taking
from webapp.models import Invoice, Item, Membership, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


VOID = "/billing/invoices/void"


@pytest.fixture
def pupils(by: User, once: Once) -> list[Membership]:
    return once(make_pupils, by)


def make_pupils(by: User) -> list[Membership]:
    """Ana and Ben have two lessons each, paid in full."""
    duo = make.package("DUO", (make.item("Lesson", "50"), "2", "@45"))
    for name in ("Ana", "Ben"):
        make.pay(make.save(customer(name), (duo, None), by=by), by=by)
    return list(Membership.select().order_by(Membership.id))


@pytest.fixture
def class_held(pupils: list[Membership], by: User, once: Once) -> list[Invoice]:
    return once(hold_class, pupils, by)


def hold_class(pupils: list[Membership], by: User) -> list[Invoice]:
    """Both used both of their lessons, which ends their packages."""
    ids, lesson = [it.id for it in pupils], Item.get()
    shown = using.mark(using.plan(ids, Taking(lesson, 2000), on=make.DAY))
    return using.use_several(ids, Taking(lesson, 2000), shown=shown, by=by, on=make.DAY)


def asked(made: list[Invoice]) -> str:
    return f"{VOID}?invoices=" + ",".join(str(it.id) for it in made)


def status(invoice: Invoice) -> str:
    return str(Invoice.get_by_id(invoice.id).status)


def test_a_class_is_taken_back_in_one_step(
    manager: Client, pupils: list[Membership], class_held: list[Invoice]
) -> None:
    page = manager.get(asked(class_held))
    said = words(page)
    first, second = class_held
    assert f"Ana {first.code} 2 × Lesson DUO DUO becomes active again 90.00" in said
    assert f"Ben {second.code} 2 × Lesson DUO DUO becomes active again 90.00 Together 180.00" in said
    answer = manager.post(VOID, data=filled(page, VOID))
    assert (answer.status_code, answer.location) == (303, "/billing/invoices")
    assert messages(manager) == ["2 invoices are void."]
    assert [status(it) for it in class_held] == ["void", "void"]
    assert [(make.left(it), make.funds(it), make.fresh(it).state) for it in pupils] == [(2000, 90_00, "active")] * 2


def test_whoever_may_void_is_led_there_from_the_message(manager: Client, pupils: list[Membership]) -> None:
    path = "/billing/packages/uses"
    ticked = [f"{it.id}.{it.version}" for it in pupils]
    shown = manager.get(f"{path}?membership={ticked[0]}&membership={ticked[1]}")
    answer = manager.post(path, data={**filled(shown, path), "membership": ticked}, htmx=MODAL)
    made = list(Invoice.select().order_by(Invoice.id.desc()).limit(2))[::-1]
    link = f'hx-get="{VOID}?invoices={made[0].id},{made[1].id}"'
    assert link in answer.text
    assert manager.get(asked(made), htmx=MODAL).text.startswith('<article class="dialog')


def test_one_that_money_was_received_for_is_left_out(manager: Client, class_held: list[Invoice], by: User) -> None:
    cash = make.save(customer("Cleo"), "50", by=by)
    make.pay(cash, ("cash", "50"), by=by)
    page = manager.get(asked([*class_held, cash]))
    assert "1 is left out" in words(page)
    assert "Money was received by Cash. Void this one by itself." in words(page)
    manager.post(VOID, data=filled(page, VOID))
    assert messages(manager) == ["2 invoices are void."]
    assert status(cash) == "paid"


def test_what_changed_meanwhile_is_shown_anew_and_nothing_is_void(
    manager: Client, class_held: list[Invoice], by: User
) -> None:
    page = manager.get(asked(class_held))
    voids.void(class_held[0].id, reason="Twice", by=by, on=make.DAY)
    answer = manager.post(VOID, data=filled(page, VOID))
    assert answer.status_code == 422
    assert "Look at it again; nothing was voided yet." in words(answer)
    assert f"Invoice {class_held[0].code} is void and cannot be voided." in words(answer)
    assert status(class_held[1]) == "paid"
    assert manager.post(VOID, data=again(answer, VOID)).status_code == 303
    assert status(class_held[1]) == "void"


def test_a_reason_is_asked_for_and_sent_twice_it_happens_once(manager: Client, class_held: list[Invoice]) -> None:
    sent = filled(manager.get(asked(class_held)), VOID)
    assert sent["reason"] == "Undone at once"
    answer = manager.post(VOID, data=sent | {"reason": " "})
    assert (answer.status_code, "Say why they are voided." in answer.text) == (422, True)
    assert status(class_held[0]) == "paid"
    assert [manager.post(VOID, data=sent).status_code for _ in range(2)] == [303, 303]
    assert messages(manager)[-1] == "This form was sent before. Nothing was done twice."


@pytest.mark.parametrize("query", ["", "?invoices=", "?invoices=x,1.5,,9" + "9" * 30, "?invoices=999999"])
def test_no_invoice_is_named(manager: Client, query: str) -> None:
    page = manager.get(VOID + query)
    assert page.status_code == 200
    assert "No invoice is named." in words(page)
    assert manager.post(VOID + query, data=filled(page, VOID)).status_code == 422


def test_a_draft_is_none(manager: Client, by: User) -> None:
    draft = make.draft(customer("Dan"), "50", by=by)
    assert "No invoice is named." in words(manager.get(asked([draft])))


def test_only_who_may_void(bookkeeper: Client, frontdesk: Client, pupils: list[Membership]) -> None:
    path, ticked = "/billing/packages/uses", f"{pupils[0].id}.{pupils[0].version}"
    shown = frontdesk.get(f"{path}?membership={ticked}")
    answer = frontdesk.post(path, data={**filled(shown, path), "membership": ticked}, htmx=MODAL)
    assert "Undo" not in answer.text
    give_only(Permission.ACCESS_BILLING_TAB)
    check_closed(bookkeeper, VOID)
