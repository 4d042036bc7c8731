"""What is done for the ticked rows of the Packages tab at once: a class that was held, and packages not billed yet."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.acting import EVENTS, again, bump, check_closed, give_only, messages
from tests.web.billing import MODAL, customer, filled, words
from webapp.domain import memberships
from webapp.domain.memberships import Removal
from webapp.models import Customer, Invoice, Item, Membership, Package, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


USES, BILLS = "/billing/packages/uses", "/billing/packages/bills"
PREVIEW = "div#uses-preview"


@pytest.fixture
def piano(by: User, once: Once) -> Package:
    return once(make.piano)


@pytest.fixture
def pupils(piano: Package, by: User, once: Once) -> list[Membership]:
    return once(make_pupils, piano, by)


def make_pupils(piano: Package, by: User) -> list[Membership]:
    """Ana and Ben have ten lessons each, paid in full."""
    return [paid(name, piano, by=by) for name in ("Ana", "Ben")]


@pytest.fixture
def unpaid(piano: Package, by: User, once: Once) -> Membership:
    return once(make_unpaid, piano, by)


def make_unpaid(piano: Package, by: User) -> Membership:
    return make.add(customer("Cleo"), piano, by=by)


def paid(name: str, package: Package, *, by: User) -> Membership:
    who = customer(name)
    make.pay(make.save(who, (package, None), by=by), by=by)
    return make.bought(who)


def asked(path: str, *ticked: Membership) -> str:
    return path + "?" + "&".join(f"membership={it.id}.{make.fresh(it).version}" for it in ticked)


def form(client: Client, path: str, *ticked: Membership, **changes: Any) -> dict[str, Any]:
    """The form for these rows as a browser sends it: `filled` knows one value of each name only."""
    shown: dict[str, Any] = {**filled(client.get(asked(path, *ticked)), path)}
    return shown | {"membership": [f"{it.id}.0" for it in ticked]} | changes


def drawn() -> list[Invoice]:
    return [it for it in Invoice.select().order_by(Invoice.id) if make.lines(it)[0][0] == "draw"]


# Use one of each


def test_a_class_is_written_down_in_one_step(frontdesk: Client, pupils: list[Membership]) -> None:
    page = words(frontdesk.get(asked(USES, *pupils)))
    assert "Ana PIANO 10 9 45.00 Ben PIANO 10 9 45.00 Together 90.00" in page
    answer = frontdesk.post(USES, data=form(frontdesk, USES, *pupils))
    assert (answer.status_code, answer.location) == (303, "/billing/packages")
    assert messages(frontdesk) == ["2 customers used 1 lesson each. 90.00 from package funds."]
    assert [(it.status, it.total_minor, it.customer_name) for it in drawn()] == [
        ("paid", 45_00, "Ana"),
        ("paid", 45_00, "Ben"),
    ]
    assert [(make.left(it), make.funds(it)) for it in pupils] == [(9000, 405_00), (9000, 405_00)]


def test_who_cannot_is_named_and_left_out(
    frontdesk: Client, pupils: list[Membership], unpaid: Membership, by: User
) -> None:
    ben = pupils[1]
    memberships.remove([Removal(ben.id, make.fresh(ben).version)], by=by, on=make.DAY)
    page = words(frontdesk.get(asked(USES, *pupils, unpaid)))
    assert "2 are left out" in page
    assert "Ben PIANO is removed; later invoices take the standard rates." in page
    assert "Cleo Package funds are 0.00, this takes 45.00." in page
    assert "Pay 20" not in page, "not billed yet"
    assert "Take payment for the package first, or make an invoice. Bill" in page
    assert frontdesk.post(USES, data=form(frontdesk, USES, *pupils, unpaid)).status_code == 303
    assert messages(frontdesk) == ["Ana: 1 lesson used. 45.00 from package funds."]
    assert len(drawn()) == 1


def test_who_had_not_begun_is_led_to_the_start_date(
    frontdesk: Client, manager: Client, pupils: list[Membership], by: User
) -> None:
    """Unless something was used already, and only who may correct it."""
    ana, ben = pupils
    make.save(ben.customer, (Item.get(Item.name == "Lesson"), "1"), by=by)
    yesterday = (make.DAY - timedelta(days=1)).isoformat()
    sent = form(manager, USES, *pupils, service_on=yesterday)
    page = manager.post(USES, data=sent)
    assert words(page).count("PIANO starts on 1 Jun 2026. Nothing can be used before.") == 2
    assert f'href="/billing/memberships/{ana.id}/start?start_on={yesterday}"' in page.text
    assert page.text.count("Correct the start date") == 1
    page = frontdesk.post(USES, data=form(frontdesk, USES, *pupils, service_on=yesterday))
    assert words(page).count("Nothing can be used before.") == 2
    assert "Correct the start date" not in page.text


def test_who_has_not_paid_is_led_to_the_invoice(frontdesk: Client, piano: Package, by: User) -> None:
    sale = make.save(customer("Eve"), (piano, None), by=by)
    owing = Membership.get()
    pay = f'href="/billing/invoices/{sale.id}/payments/new"'
    assert pay in frontdesk.get(asked(USES, owing)).text
    single = f"/billing/memberships/{owing.id}/uses/new"
    assert pay in frontdesk.get(single).text
    make.pay(sale, ("cash", "100"), by=by)
    page = frontdesk.get(asked(USES, owing)).text
    assert pay not in page
    sent = filled(frontdesk.get(single), single) | {f"quantity-{Item.get(Item.name == 'Lesson').id}": "3"}
    assert pay in frontdesk.post(f"{single}/preview", data=sent, htmx=PREVIEW).text
    make.pay(sale, ("cash", "350"), by=by)
    assert pay not in frontdesk.get(single).text


def test_who_cannot_use_it_anyway_is_not_led_to_pay(manager: Client, piano: Package, by: User) -> None:
    sale = make.save(customer("Eve"), (piano, None), by=by)
    owing = Membership.get()
    pay = f'href="/billing/invoices/{sale.id}/payments/new"'
    single = f"/billing/memberships/{owing.id}/uses/new"
    for path in (USES, single):
        assert pay in manager.get(asked(path, owing)).text
    too_much = {**filled(manager.get(single), single), f"quantity-{Item.get(Item.name == 'Lesson').id}": "11"}
    answer = manager.post(f"{single}/preview", data=too_much, htmx="div#use-preview")
    assert "Only 10 left in PIANO." in answer.text
    assert pay not in answer.text, "more money does not make it eleven lessons"
    pupil = paid("Ana", piano, by=by)
    memberships.remove([Removal(owing.id, make.fresh(owing).version)], by=by, on=make.DAY)
    page = manager.get(asked(USES, pupil, owing))
    assert "Eve PIANO is removed; later invoices take the standard rates." in words(page)
    assert pay not in page.text


def test_who_lacks_the_item_is_not_asked_for_money(frontdesk: Client, pupils: list[Membership], by: User) -> None:
    make.save(customer("Eve"), (make.ppl(), None), by=by)
    page = words(frontdesk.get(asked(USES, *pupils, Membership.get(Membership.package_name == "PPL"))))
    assert "Eve There is no Lesson in PPL." in page
    assert "Pay 20" not in page


def test_who_is_inactive_is_said_to_be(frontdesk: Client, pupils: list[Membership]) -> None:
    assert "inactive" not in words(frontdesk.get(asked(USES, *pupils)))
    Customer.update(active=False).where(Customer.id == pupils[0].customer_id).execute()
    assert words(frontdesk.get(asked(USES, *pupils))).count("This customer is inactive.") == 1


def test_the_preview_follows_the_quantity_and_the_day(frontdesk: Client, pupils: list[Membership]) -> None:
    sent = form(frontdesk, USES, *pupils, quantity="10")
    tomorrow = (make.DAY + timedelta(days=1)).isoformat()
    for typed, sentence in (
        ({}, "Ana PIANO 10 0 completed 450.00"),
        ({"quantity": "11"}, "Only 10 left in PIANO."),
        ({"service_on": tomorrow}, "What was used was used today or before."),
    ):
        assert sentence in words(frontdesk.post(f"{USES}/preview", data=sent | typed, htmx=PREVIEW))
    answer = frontdesk.post(f"{USES}/preview", data=sent | {"quantity": ""}, htmx=PREVIEW)
    assert "Type how much was used" in words(answer)
    assert answer.text.count('name="membership"') == 2, "whose it is stays in the form"


def test_of_several_items_the_commonest_is_chosen_to_begin_with(
    frontdesk: Client, pupils: list[Membership], by: User
) -> None:
    pilot = paid("Dora", make.ppl(), by=by)
    sent = form(frontdesk, USES, *pupils, pilot)
    lesson, c172 = (str(Item.get(Item.name == name).id) for name in ("Lesson", "C172"))
    assert sent["item"] == lesson
    page = words(frontdesk.post(f"{USES}/preview", data=sent, htmx=PREVIEW))
    assert "Dora There is no Lesson in PPL." in page
    sent |= {"item": c172, "quantity": "1.5"}
    shown = frontdesk.post(f"{USES}/preview", data=sent, htmx=PREVIEW)
    assert "Dora PPL 40.0 38.5 180.00" in words(shown)
    mark = shown.text.partition('name="shown" value="')[2].partition('"')[0]
    assert frontdesk.post(USES, data=sent | {"shown": mark}).status_code == 303
    assert messages(frontdesk) == ["Dora: 1.5 h C172 used. 180.00 from package funds."]


def test_what_stands_for_the_day_already_is_said(frontdesk: Client, pupils: list[Membership]) -> None:
    frontdesk.post(USES, data=form(frontdesk, USES, pupils[0]))
    page = words(frontdesk.get(asked(USES, *pupils)))
    assert page.count("Already written down for this day") == 1


def test_what_changed_meanwhile_is_shown_anew_and_nobody_used_anything(
    frontdesk: Client, pupils: list[Membership], by: User
) -> None:
    sent = form(frontdesk, USES, *pupils)
    bump(pupils[1], by)
    answer = frontdesk.post(USES, data=sent)
    assert answer.status_code == 422
    assert "Look at it again; nothing was used yet." in words(answer)
    assert drawn() == []
    fresh = {**again(answer, USES), "membership": sent["membership"]}
    assert frontdesk.post(USES, data=fresh).status_code == 303
    assert len(drawn()) == 2


@pytest.mark.parametrize("quantity, sentence", [("", "Type how much each used."), ("x", "Type the quantity as a num")])
def test_a_quantity_that_is_none(frontdesk: Client, pupils: list[Membership], quantity: str, sentence: str) -> None:
    answer = frontdesk.post(USES, data=form(frontdesk, USES, *pupils, quantity=quantity), htmx=MODAL)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'value="{quantity}"' in answer.text
    assert drawn() == []


# Bill


def test_who_was_added_and_not_billed_is_billed_at_once(
    frontdesk: Client, piano: Package, pupils: list[Membership], by: User
) -> None:
    cleo, dan = (make.add(customer(name), piano, by=by) for name in ("Cleo", "Dan"))
    ticked = [*pupils, cleo, dan]
    page = words(frontdesk.get(asked(BILLS, *ticked)))
    assert "2 invoices Amount Cleo PIANO 450.00 Dan PIANO 450.00 Together 900.00" in page
    assert "Ana All of PIANO is billed already." in page
    due = make.DAY + timedelta(days=30)
    answer = frontdesk.post(BILLS, data=form(frontdesk, BILLS, *ticked, due_on=due.isoformat()))
    assert answer.status_code == 303
    assert messages(frontdesk) == ["2 invoices are made, 900.00 in all."]
    made = list(Invoice.select().where(Invoice.status == "open").order_by(Invoice.id))
    assert [(it.customer_name, it.total_minor, it.due_on, it.issued_on) for it in made] == [
        ("Cleo", 450_00, due, make.DAY),
        ("Dan", 450_00, due, make.DAY),
    ]
    assert Membership.select().count() == 4, "they bill the memberships that there are"
    assert frontdesk.get("/billing/packages?status=unbilled").text.count('name="membership"') == 0


def test_what_was_billed_for_one_can_be_paid_next(frontdesk: Client, unpaid: Membership) -> None:
    answer = frontdesk.post(BILLS, data=form(frontdesk, BILLS, unpaid), htmx=MODAL)
    invoice = Invoice.get()
    assert f"{invoice.code} for Cleo is made: 450.00." in answer.text
    assert f'hx-get="/billing/invoices/{invoice.id}/payments/new"' in answer.text


def test_a_removed_membership_is_not_sold_again_by_billing_it(frontdesk: Client, unpaid: Membership, by: User) -> None:
    memberships.remove([Removal(unpaid.id, unpaid.version)], by=by, on=make.DAY)
    page = frontdesk.get(asked(BILLS, unpaid))
    assert "Cleo PIANO is removed." in words(page)
    assert "Make invoice" not in page.text
    sent = {**filled(page, BILLS), "membership": f"{unpaid.id}.0", "due_on": make.DAY.isoformat()}
    answer = frontdesk.post(BILLS, data=sent)
    assert (answer.status_code, "There is nothing to bill for any of those." in answer.text) == (422, True)
    assert Membership.select().count() == 1


def test_billed_meanwhile_it_is_not_billed_twice(
    frontdesk: Client, piano: Package, unpaid: Membership, by: User
) -> None:
    other = make.add(customer("Dan"), piano, by=by)
    sent = form(frontdesk, BILLS, unpaid, other)
    make.save(unpaid.customer, (piano, None), by=by)
    answer = frontdesk.post(BILLS, data=sent)
    assert answer.status_code == 422
    assert "nothing was billed yet" in answer.text
    assert Invoice.select().count() == 1


@pytest.mark.parametrize("due_on", ["", "soon", "2026-05-31"])
def test_a_due_date_that_is_none(frontdesk: Client, unpaid: Membership, due_on: str) -> None:
    answer = frontdesk.post(BILLS, data=form(frontdesk, BILLS, unpaid, due_on=due_on))
    assert answer.status_code == 422
    assert f'value="{due_on}"' in answer.text
    assert 'class="error" id="due_on-error"' in answer.text
    assert Invoice.select().count() == 0


# Both


@pytest.mark.parametrize("path", [USES, BILLS])
def test_sent_twice_it_happens_once(frontdesk: Client, pupils: list[Membership], unpaid: Membership, path: str) -> None:
    sent = form(frontdesk, path, *pupils, unpaid)
    before = Invoice.select().count()
    first, second = (frontdesk.post(path, data=sent) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert messages(frontdesk)[-1] == "This form was sent before. Nothing was done twice."
    assert Invoice.select().count() - before == (2 if path == USES else 1)


@pytest.mark.parametrize("path", [USES, BILLS])
def test_in_the_dialog_the_table_behind_hears_of_it(
    frontdesk: Client, pupils: list[Membership], unpaid: Membership, path: str
) -> None:
    assert frontdesk.get(asked(path, *pupils), htmx=MODAL).text.startswith('<article class="dialog')
    answer = frontdesk.post(path, data=form(frontdesk, path, *pupils, unpaid), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)


@pytest.mark.parametrize("path", [USES, BILLS])
@pytest.mark.parametrize("query", ["", "?membership=", "?membership=x.y", "?membership=999999.1"])
def test_nobody_is_ticked(frontdesk: Client, path: str, query: str) -> None:
    page = frontdesk.get(path + query)
    assert page.status_code == 200
    assert "Nobody is chosen" in page.text or "Nothing can be used of what is ticked." in page.text
    assert frontdesk.post(path + query, data=filled(page, path)).status_code == 422


def test_only_who_may_invoice(bookkeeper: Client) -> None:
    give_only(Permission.ACCESS_BILLING_TAB)
    check_closed(bookkeeper, USES, f"{USES}/preview")
    check_closed(bookkeeper, BILLS)
