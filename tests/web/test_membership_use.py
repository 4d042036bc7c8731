"""Use one: a unit charged at the package rate and paid from package funds in one confirmed step, with Undo."""

import html
import re
from datetime import timedelta
from itertools import product

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.acting import (
    EVENTS,
    address,
    again,
    bump,
    check_address,
    check_closed,
    check_dialog,
    form,
    give_only,
    has_button,
    messages,
)
from tests.web.billing import MODAL, customer, said, words
from webapp.domain import memberships, using
from webapp.domain.memberships import Removal
from webapp.domain.using import Taking
from webapp.models import Customer, Invoice, Item, Membership, PaymentMethod, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#use-preview"


@pytest.fixture
def emma(once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def piano(emma: Customer, by: User, once: Once) -> Membership:
    return once(make_piano, emma, by)


def make_piano(emma: Customer, by: User) -> Membership:
    """Ten lessons, paid in full."""
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    return make.bought(emma)


def url(membership: Membership) -> str:
    return address(membership, "uses/new")


def quantity(item: Item | None = None) -> str:
    """The field of an item; that of the lesson, by default."""
    return using.field_of((item or lesson()).id)


def typed(client: Client, membership: Membership, text: str, item: Item | None = None, **more: str) -> dict[str, str]:
    """The form with so much typed beside an item."""
    return form(client, url(membership), **more) | {quantity(item): text}


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def uses() -> list[Invoice]:
    """The invoices that took something from a membership."""
    return list(Invoice.select().where(Invoice.id > 1).order_by(Invoice.id))


# What is stated


def test_the_only_item_and_one_of_it_are_there_already(frontdesk: Client, piano: Membership) -> None:
    shown = form(frontdesk, url(piano))
    assert shown[quantity()] == "1"
    page = words(check_dialog(frontdesk, url(piano)))
    assert "Emma Jones in PIANO" in page
    assert "Lesson left 10 −1 9" in page
    assert "Package funds 450.00 −45.00 405.00" in page


def test_the_preview_follows_what_is_typed(frontdesk: Client, piano: Membership) -> None:
    shown = typed(frontdesk, piano, "3")
    answer = frontdesk.post(url(piano) + "/preview", data=shown, htmx=PREVIEW)
    assert "Lesson left 10 −3 7 Package funds 450.00 −135.00 315.00" in words(answer)
    for text in ("", "x", "0"):
        answer = frontdesk.post(url(piano) + "/preview", data=shown | {quantity(): text}, htmx=PREVIEW)
        assert answer.status_code == 200
        assert "Package funds" not in answer.text
    answer = frontdesk.post(url(piano) + "/preview", data=shown | {quantity(): "11"}, htmx=PREVIEW)
    assert "Only 10 left in PIANO." in answer.text
    assert f"/billing/invoices/new?customer={piano.customer_id}" in answer.text


def test_the_last_unit_completes_and_that_is_said_before_and_after(frontdesk: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.trio(), None), by=by), by=by)
    trio = make.bought(emma)
    shown = typed(frontdesk, trio, "3", Item.get(Item.name == "Trio lesson"))
    assert "TRIO is completed" in words(frontdesk.post(url(trio) + "/preview", data=shown, htmx=PREVIEW))
    assert frontdesk.post(url(trio), data=shown).status_code == 303
    assert messages(frontdesk) == [
        "Emma Jones: 3 × Trio lesson used, 0 left. 100.00 from package funds. TRIO is completed."
    ]
    assert make.fresh(trio).reason == "completed"


def test_without_the_money_for_it_the_package_can_be_billed(frontdesk: Client, emma: Customer, by: User) -> None:
    added = make.add(emma, make.piano(), by=by)
    preview = frontdesk.post(url(added) + "/preview", data=form(frontdesk, url(added)), htmx=PREVIEW)
    assert "Package funds are 0.00, this takes 45.00." in preview.text
    billing = f"/billing/invoices/new?customer={emma.id}"
    assert f'href="{billing}&amp;package={added.package_id}"' in preview.text
    page = frontdesk.get(f"{billing}&package={added.package_id}")
    assert re.search(r"<button[^>]* autofocus>.*Add PIANO</button>", page.text)


def test_what_was_used_that_day_already_is_said(frontdesk: Client, piano: Membership) -> None:
    """Two who hold the door write the same person down."""
    shown = form(frontdesk, url(piano))
    assert "Already written down for this day" not in frontdesk.get(url(piano)).text
    frontdesk.post(url(piano), data=shown)
    assert "Already written down for this day: 1 × Lesson." in words(frontdesk.get(url(piano)))


def test_of_what_is_over_it_is_said_what_can_be_done(manager: Client, frontdesk: Client, piano: Membership) -> None:
    memberships.remove([Removal(piano.id, make.fresh(piano).version)], by=piano.created_by, on=make.DAY)
    page = manager.get(url(piano)).text
    assert f"/billing/memberships/{piano.id}/reinstatement" in page
    assert f"/billing/invoices/new?customer={piano.customer_id}" in page
    assert "/reinstatement" not in frontdesk.get(url(piano)).text


def test_of_what_is_used_up_the_same_may_be_sold_again(
    frontdesk: Client, bookkeeper: Client, emma: Customer, by: User
) -> None:
    """But not before all of it is paid, and not while another one runs."""
    make.pay(make.save(emma, (make.trio(), None), by=by), by=by)
    trio, thing = make.bought(emma), Item.get(Item.name == "Trio lesson")
    again_link = f"/billing/invoices/new?customer={emma.id}&amp;package={trio.package_id}"
    pages = (url(trio), address(trio, "")[:-1], address(trio, "actions"))
    using.use(trio.id, [Taking(thing, 1000)], version=trio.version, by=by, on=make.DAY)
    owed = make.save(emma, (thing, "2"), by=by)
    for page in pages:
        assert again_link not in frontdesk.get(page).text
    sentence = f"Emma Jones is still in TRIO: all of it was invoiced, but invoice {owed.code} must be paid"
    assert sentence in words(frontdesk.get(url(trio)))
    assert f'href="/billing/invoices/{owed.id}/payments/new"' in frontdesk.get(url(trio)).text
    make.pay(owed, ("account", str(owed.total_minor / 100)), by=by)
    assert make.fresh(trio).reason == "completed"
    for page in pages:
        assert again_link in frontdesk.get(page).text, page
        assert again_link not in (bookkeeper.get(page).text if page != url(trio) else "")
    for page in pages[:2]:
        assert "Completed on 1 Jun 2026: everything in it was used and paid." in words(frontdesk.get(page))
    assert "Add TRIO" in frontdesk.get(html.unescape(again_link)).text
    make.add(emma, trio.package, by=by)
    for page in pages:
        assert again_link not in frontdesk.get(page).text, "it runs already"


# What it does


def test_what_was_used_before_today_is_invoiced_of_its_day(frontdesk: Client, piano: Membership) -> None:
    """The week's lessons, written down on Sunday evening; the books are of Sunday."""
    make.fresh(piano)
    Membership.update(start_on=make.DAY - timedelta(days=7)).where(Membership.id == piano.id).execute()
    day_of_use = make.DAY - timedelta(days=3)
    sent = form(frontdesk, url(piano), service_on=day_of_use.isoformat())
    assert frontdesk.post(url(piano), data=sent).status_code == 303
    [invoice] = uses()
    assert (invoice.status, invoice.service_on, invoice.issued_on) == ("paid", day_of_use, make.DAY)


@pytest.mark.parametrize(
    "days, sentence",
    [(1, "What was used was used today or before."), (-1, "PIANO starts on 1 Jun 2026. Nothing can be used before.")],
)
def test_a_day_on_which_it_cannot_have_been_used(
    frontdesk: Client, piano: Membership, days: int, sentence: str
) -> None:
    sent = form(frontdesk, url(piano), service_on=(make.DAY + timedelta(days=days)).isoformat())
    answer = frontdesk.post(url(piano), data=sent)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert again(answer, url(piano))["service_on"] == sent["service_on"]
    assert uses() == []


def test_what_was_used_before_it_starts_leads_to_its_start_date(
    frontdesk: Client, manager: Client, piano: Membership, by: User
) -> None:
    """For whoever may correct it, as long as nothing else was used."""
    yesterday = (make.DAY - timedelta(days=1)).isoformat()
    correct = f'href="{address(piano, "start")}?start_on={yesterday}"'
    sent = form(manager, url(piano), service_on=yesterday)
    assert correct not in manager.get(url(piano)).text
    assert correct in manager.post(url(piano) + "/preview", data=sent, htmx=PREVIEW).text
    refused = manager.post(url(piano), data=sent)
    assert (refused.status_code, correct in refused.text) == (422, True)
    refused = frontdesk.post(url(piano), data=form(frontdesk, url(piano), service_on=yesterday))
    assert "PIANO starts on 1 Jun 2026. Nothing can be used before." in words(refused)
    assert "Correct the start date" not in refused.text
    make.settle(make.save(piano.customer, (lesson(), "1"), by=by), by=by)
    refused = manager.post(url(piano), data=form(manager, url(piano), service_on=yesterday))
    assert (refused.status_code, "Correct the start date" in refused.text) == (422, False)


def test_what_starts_later_leads_to_its_start_date(frontdesk: Client, manager: Client, piano: Membership) -> None:
    later = make.add(customer("Tom"), piano.package, by=User.get(), on=make.DAY + timedelta(days=1))
    correct = f'href="{address(later, "start")}?start_on={make.DAY.isoformat()}"'
    assert correct in manager.get(url(later)).text
    assert "Correct the start date" not in frontdesk.get(url(later)).text


def test_one_is_used(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=form(manager, url(piano)))
    assert (answer.status_code, answer.location) == (303, address(piano, "")[:-1])
    [invoice] = uses()
    assert (invoice.status, invoice.total_minor, invoice.service_on) == ("paid", 4500, make.DAY)
    assert (make.left(piano), make.used(piano), make.funds(piano)) == (9000, 1000, make.money("405"))
    page = words(manager.get(answer.location))
    assert "Emma Jones: 1 lesson used, 9 left. 45.00 from package funds. Undo …" in page


def test_in_the_dialog_the_table_behind_hears_of_it(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=form(manager, url(piano)), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    undo = f"/billing/invoices/{uses()[0].id}/void?undo=1"
    assert f'href="{undo}" hx-get="{undo}" hx-target="#modal"' in answer.text
    assert 'value="Undone at once"' in manager.get(undo, htmx=MODAL).text


def test_undo_is_offered_to_whoever_may_void(frontdesk: Client, piano: Membership) -> None:
    answer = frontdesk.post(url(piano), data=form(frontdesk, url(piano)), htmx=MODAL)
    assert "Emma Jones: 1 lesson used, 9 left. 45.00 from package funds." in answer.text
    assert "Undo" not in answer.text


def test_a_void_undoes_it_to_the_cent(manager: Client, piano: Membership) -> None:
    manager.post(url(piano), data=form(manager, url(piano)))
    undo = f"/billing/invoices/{uses()[0].id}/void"
    assert manager.post(undo, data=form(manager, undo, reason="wrong person")).status_code == 303
    assert (make.left(piano), make.funds(piano)) == (10000, make.money("450"))


@pytest.fixture
def ppl(emma: Customer, by: User) -> Membership:
    """Forty hours in the C172 and twenty of instruction, taxed, paid in full."""
    make.pay(make.save(emma, (make.ppl(tax="8"), None), by=by), by=by)
    return make.bought(emma)


def test_of_several_items_one_is_used(frontdesk: Client, ppl: Membership) -> None:
    c172 = Item.get(Item.name == "C172")
    page = frontdesk.get(url(ppl))
    assert "Quantity of C172 h 40.0 h left Quantity of Instruction h 20.0 h left" in words(page)
    assert "Type how much was used to see what it takes and leaves." in page.text
    for sent in (form(frontdesk, url(ppl)), typed(frontdesk, ppl, "  ", c172)):
        answer = frontdesk.post(url(ppl), data=sent)
        assert (answer.status_code, said(answer, "error")) == (422, ["Type how much was used."])
    answer = frontdesk.post(url(ppl), data=typed(frontdesk, ppl, "1.5", c172))
    assert answer.status_code == 303
    assert messages(frontdesk) == ["Emma Jones: 1.5 h C172 used, 38.5 left. 194.40 from package funds."]
    assert make.left(ppl, "C172") == 38500


def test_a_lesson_in_the_air_takes_the_aircraft_and_the_instructor(frontdesk: Client, ppl: Membership) -> None:
    c172, instruction = (Item.get(Item.name == name) for name in ("C172", "Instruction"))
    sent = typed(frontdesk, ppl, "1.2", c172) | {quantity(instruction): "1.5"}
    page = words(frontdesk.post(url(ppl) + "/preview", data=sent, htmx=PREVIEW))
    assert "C172 left 40.0 −1.2 38.8 Instruction left 20.0 −1.5 18.5 Package funds 6,284.00 −238.02 6,045.98" in page
    for _ in range(2):
        assert frontdesk.post(url(ppl), data=sent).status_code == 303
    assert messages(frontdesk)[0] == (
        "Emma Jones: 1.2 h C172 used, 38.8 left; 1.5 h Instruction used, 18.5 left. 238.02 from package funds."
    )
    [invoice] = uses()
    assert (invoice.status, invoice.total_minor) == ("paid", 238_02)
    assert [(line[0], line[1]) for line in make.lines(invoice)] == [("draw", 1200), ("draw", 1500)]
    assert (make.left(ppl, "C172"), make.left(ppl, "Instruction")) == (38800, 18500)
    assert make.funds(ppl) == 6045_98


def test_of_several_items_all_are_used_or_none(frontdesk: Client, ppl: Membership) -> None:
    c172, instruction = (Item.get(Item.name == name) for name in ("C172", "Instruction"))
    both = typed(frontdesk, ppl, "1", c172)
    for beside, sentence in (
        ("20.5", "Only 20 of Instruction left in PPL. Make an invoice for the rest."),
        ("-1", "This cannot be below 0."),
    ):
        answer = frontdesk.post(url(ppl), data=both | {quantity(instruction): beside})
        assert (answer.status_code, said(answer, "error")) == (422, [sentence])
        shown = again(answer, url(ppl))
        assert (shown[quantity(c172)], shown[quantity(instruction)]) == ("1", beside)
    assert uses() == []
    assert frontdesk.post(url(ppl), data=both | {quantity(instruction): "0"}).status_code == 303
    assert [line[:2] for line in make.lines(uses()[0])] == [("draw", 1000)]


def test_funds_that_reach_for_one_item_and_not_for_both(frontdesk: Client, emma: Customer, by: User) -> None:
    sale = make.save(emma, (make.ppl(), None), by=by)
    make.pay(sale, ("cash", "150"), by=by)
    ppl, c172, instruction = make.bought(emma), *(Item.get(Item.name == name) for name in ("C172", "Instruction"))
    sent = typed(frontdesk, ppl, "1", c172) | {quantity(instruction): "1"}
    answer = frontdesk.post(url(ppl), data=sent)
    assert answer.status_code == 422
    assert "Package funds are 150.00, this takes 175.00." in words(answer)
    assert f'href="/billing/invoices/{sale.id}/payments/new"' in answer.text
    assert frontdesk.post(url(ppl), data=again(answer, url(ppl)) | {quantity(instruction): ""}).status_code == 303
    assert make.funds(ppl) == 30_00


def test_less_than_one_that_is_left_is_there_already(frontdesk: Client, emma: Customer, ppl: Membership) -> None:
    """The last 0.8 h: the first press of Enter takes them, and nothing at the standard rate."""
    by, on = User.get(), make.DAY
    instruction, c172 = (Item.get(Item.name == name) for name in ("Instruction", "C172"))
    using.use(ppl.id, [Taking(instruction, 20_000), Taking(c172, 39_000)], version=ppl.version, by=by, on=on)
    assert form(frontdesk, url(ppl))[quantity(c172)] == "1"
    assert "all that is left" not in frontdesk.get(url(ppl)).text
    using.use(ppl.id, [Taking(c172, 200)], version=make.fresh(ppl).version, by=by, on=on)
    assert form(frontdesk, url(ppl))[quantity(c172)] == "0.8"
    assert "0.8 h is all that is left." in words(frontdesk.get(url(ppl)))
    assert frontdesk.post(url(ppl), data=form(frontdesk, url(ppl))).status_code == 303
    assert make.fresh(ppl).reason == "completed"


def test_sent_twice_it_happens_once(frontdesk: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.trio(), None), by=by), by=by)
    trio = make.bought(emma)
    shown = typed(frontdesk, trio, "3", Item.get(Item.name == "Trio lesson"))
    first, second = (frontdesk.post(url(trio), data=shown) for _ in range(2))
    assert (first.location, second.status_code, second.location) == (second.location, 303, first.location)
    assert messages(frontdesk)[1:] == ["This form was sent before. Nothing was done twice."]
    assert len(uses()) == 1


def test_the_key_is_of_no_use_for_another_quantity(frontdesk: Client, piano: Membership) -> None:
    shown = form(frontdesk, url(piano))
    frontdesk.post(url(piano), data=shown)
    answer = frontdesk.post(url(piano), data=shown | {quantity(): "2"})
    assert answer.status_code == 422
    assert "sent already with other content" in answer.text
    assert len(uses()) == 1


# What is refused


NOT_TO_BE_USED = [
    ("", "Type how much was used."),
    ("x", "Type the quantity as a number."),
    ("-1", "This cannot be below 0."),
    ("0", "The quantity must be above 0."),
    ("11", "Only 10 left in PIANO. Make an invoice for the rest."),
]


def test_a_quantity_that_cannot_be_used(frontdesk: Client, piano: Membership, subtests: pytest.Subtests) -> None:
    shown = form(frontdesk, url(piano))
    for htmx, (text, sentence) in product([None, MODAL], NOT_TO_BE_USED):
        with subtests.test(htmx=htmx, text=text, sentence=sentence):
            answer = frontdesk.post(url(piano), data=shown | {quantity(): text}, htmx=htmx)
            assert answer.status_code == 422
            assert said(answer, "error") == [sentence]
            assert f'value="{text}"' in answer.text
            assert not uses()


def test_funds_that_do_not_reach(frontdesk: Client, emma: Customer, by: User) -> None:
    make.pay(make.save(emma, (make.piano(), "60"), by=by), by=by)
    piano = make.bought(emma)
    answer = frontdesk.post(url(piano), data=typed(frontdesk, piano, "2"))
    assert answer.status_code == 422
    assert said(answer, "error") == [
        "Package funds are 60.00, this takes 90.00. Take payment for the package first, or make an invoice."
    ]
    assert make.funds(piano) == 6000


def test_what_somebody_else_did_meanwhile_is_shown_first(frontdesk: Client, piano: Membership, by: User) -> None:
    shown = typed(frontdesk, piano, "2")
    using.use(piano.id, [Taking(lesson(), 1000)], version=piano.version, by=by, on=make.DAY)
    answer = frontdesk.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "What this does changed since it was shown." in answer.text
    assert "Lesson left 9 −2 7" in words(answer)
    assert frontdesk.post(url(piano), data=again(answer, url(piano))).status_code == 303
    assert make.left(piano) == 7000


def test_a_membership_that_was_changed_meanwhile(frontdesk: Client, piano: Membership, by: User) -> None:
    shown = form(frontdesk, url(piano))
    bump(piano, by)
    answer = frontdesk.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "PIANO was changed by somebody else meanwhile. Look again." in answer.text
    assert not uses()


@pytest.mark.parametrize("what", ["off", "removed", "later", "up"])
def test_there_is_no_button_when_nothing_can_be_used(
    frontdesk: Client, emma: Customer, by: User, piano: Membership, what: str
) -> None:
    shown, sentence = form(frontdesk, url(piano)), ""
    if what == "off":
        PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
        sentence = "The Account payment method is switched off."
    elif what == "removed":
        memberships.remove([Removal(piano.id, 0)], by=by, on=make.DAY)
        sentence = "PIANO is removed; later invoices take the standard rates."
    elif what == "later":
        piano = make.add(customer("Tom"), piano.package, by=by, on=make.DAY + timedelta(days=1))
        sentence = "PIANO starts on 2 Jun 2026. Nothing can be used before."
    else:
        make.save(emma, (lesson(), "10"), by=by)
        sentence = "Nothing is left in PIANO."
    count = Invoice.select().count()
    page = frontdesk.get(url(piano))
    assert sentence in page.text
    assert not has_button(page, "Use")
    assert sentence in frontdesk.post(url(piano) + "/preview", data=shown, htmx=PREVIEW).text
    assert frontdesk.post(url(piano), data=shown).status_code == 422
    assert Invoice.select().count() == count
    assert "Use one" not in frontdesk.get(address(piano, "actions")).text


# Who may


def test_it_is_offered_first(frontdesk: Client, bookkeeper: Client, piano: Membership) -> None:
    menu = frontdesk.get(address(piano, "actions"))
    assert " ".join(words(menu).split()).endswith("Use one Open Card to print New invoice")
    assert url(piano) in frontdesk.get(address(piano, "")[:-1]).text
    assert "Use one" not in bookkeeper.get(address(piano, "actions")).text
    assert url(piano) not in bookkeeper.get(address(piano, "")[:-1]).text


def test_add_invoice_is_needed_and_enough(bookkeeper: Client, piano: Membership) -> None:
    check_closed(bookkeeper, url(piano), url(piano) + "/preview")
    give_only(Permission.ADD_INVOICE)
    answer = bookkeeper.post(url(piano), data=form(bookkeeper, url(piano)))
    assert (answer.status_code, answer.location) == (303, "/")
    give_only(Permission.MANAGE_INVOICES)
    check_closed(bookkeeper, url(piano))


def test_its_address(owner: Client, piano: Membership) -> None:
    check_address(owner, url(piano))


def test_without_a_script_it_is_shown_on_request(frontdesk: Client, piano: Membership) -> None:
    answer = frontdesk.post(url(piano), data=typed(frontdesk, piano, "2", show="1"))
    assert answer.status_code == 200
    assert "Package funds 450.00 −90.00 360.00" in words(answer)
    answer = frontdesk.post(url(piano), data=typed(frontdesk, piano, "11", show="1"))
    assert "Only 10 left in PIANO." in answer.text
    assert not uses()
