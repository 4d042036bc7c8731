"""Refund: both policies and the fee side by side, back to the methods the money came by, and the credit note."""

from datetime import date
from itertools import product

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.acting import (
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
from tests.web.billing import MODAL, customer, on_the_day, said, words
from webapp.domain import crediting, memberships, merging, payments, using
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.domain.using import Taking
from webapp.models import CreditNote, Customer, Group, Invoice, Item, Membership, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#refund-preview"


@pytest.fixture
def flown(by: User, once: Once) -> Membership:
    return once(make_flown, by)


def make_flown(by: User) -> Membership:
    """PPL, paid by 5,000.00 by card and 900.00 by check; 10.0 h and 5.0 h flown and paid from its funds."""
    emma = customer()
    sale = make.save(emma, (make.ppl(), None), by=by)
    make.pay(sale, ("card", "5000"), ("check", "900"), by=by)
    make.settle(make.save(emma, (item("C172"), "10"), (item("Instruction"), "5"), by=by), by=by)
    return make.bought(emma)


@pytest.fixture
def piano(by: User, once: Once) -> Membership:
    return once(make_piano, by)


def make_piano(by: User) -> Membership:
    """450.00, of which 300.00 is billed and 200.00 paid in cash; a lesson on an open invoice, one in a draft."""
    emma, lessons = customer("Ben King"), make.piano()
    make.pay(make.save(emma, (lessons, "300"), by=by), ("cash", "200"), by=by)
    make.save(emma, (item("Lesson"), "1"), by=by)
    make.draft(emma, (item("Lesson"), "1"), by=by)
    return make.bought(emma)


def item(name: str) -> Item:
    return Item.get(Item.name == name)


def field(kind: str) -> str:
    """The name of a method's amount, as `payload` takes it."""
    return f"method_{make.method(kind).id}"


def url(membership: Membership) -> str:
    return address(membership, "refund")


def payload(client: Client, membership: Membership, **changes: str) -> dict[str, str]:
    """The form as a browser sends it after the preview has answered to the policy and the fee."""
    return looked_at(client, membership, form(client, url(membership), **({"reason": "moves away"} | changes)))


def looked_at(client: Client, membership: Membership, shown: dict[str, str]) -> dict[str, str]:
    answer = client.post(url(membership) + "/preview", data=shown, htmx=PREVIEW)
    assert answer.status_code == 200
    for name in ("refunded", *(f"method-{method}" for method in range(1, 6))):
        if f'name="{name}" value="' in answer.text:
            shown = shown | {name: answer.text.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]}
    return shown


def preview(client: Client, membership: Membership, **changes: str) -> str:
    shown = form(client, url(membership), **changes)
    return words(client.post(url(membership) + "/preview", data=shown, htmx=PREVIEW))


# What is stated


def test_both_policies_stand_side_by_side(manager: Client, flown: Membership) -> None:
    page = words(check_dialog(manager, url(flown)))
    assert "Keep the package rate Charge the standard rate Package funds 4,425.00 4,425.00" in page
    assert "10.0 h C172 to the standard rate – −300.00" in page
    assert "5.0 h Instruction to the standard rate – −50.00" in page
    assert "Refund 4,425.00 4,075.00" in page
    assert "Where $4,425.00 goes Card at most 5,000.00 came by it" in page
    assert "left and not used any more: 30.0 of 40.0 h C172 , 15.0 of 20.0 h Instruction" in page
    assert "Open uses" not in page
    assert "An invoice of" not in page


def test_the_fee_comes_off_both(manager: Client, flown: Membership) -> None:
    page = preview(manager, flown, fee="35", policy="standard")
    assert "Fee −35.00 −35.00 Refund 4,390.00 4,040.00" in page
    assert "Where $4,040.00 goes" in page
    assert "An invoice of 385.00 is written for what is charged" in page
    assert "Fee" not in preview(manager, flown, fee="x").split("Refund")[0]


def test_open_draws_unpaid_package_lines_and_drafts_are_named(manager: Client, piano: Membership) -> None:
    page = words(manager.get(url(piano)))
    assert "Open uses, paid first −45.00 −45.00" in page
    assert "Open uses are paid from package funds first: 45.00 on 2026-0002 ." in page
    assert "What is unpaid of the package is credited and not owed any more: 100.00 on 2026-0001 ." in page
    assert "A draft is priced anew at the standard rates" in page
    assert "1 × Lesson to the standard rate – −5.00" in page


def test_amounts_are_filled_in_by_where_the_money_came_from(manager: Client, flown: Membership) -> None:
    card, check = field("card").replace("_", "-"), field("check").replace("_", "-")
    shown = payload(manager, flown)
    assert (shown[card], shown[check], shown["refunded"]) == ("4425.00", "", "442500")
    shown = payload(manager, flown, policy="standard", fee="35")
    assert (shown[card], shown["refunded"]) == ("4040.00", "404000")


def test_what_was_typed_beside_a_method_stays(manager: Client, flown: Membership) -> None:
    card = field("card")
    shown = payload(manager, flown, policy="standard", **{card: "1000", field("check"): "900"})
    assert shown[card.replace("_", "-")] == "1000"
    page = preview(manager, flown, policy="standard", **{card: "1000", field("check"): "900"})
    assert "General funds the rest, 0.00 before 2,175.00" in page
    assert "General funds the rest, 0.00 before −0.50" in preview(manager, flown, **{card: "4425.50"})


# What it does


def test_it_is_refunded_with_a_numbered_credit_note(manager: Client, flown: Membership) -> None:
    answer = manager.post(url(flown), data=payload(manager, flown))
    note = CreditNote.get()
    assert (answer.status_code, answer.location) == (303, f"/billing/credit-notes/{note.id}")
    assert messages(manager) == ["4,425.00 refunded. Credit note CN-2026-0001."]
    assert (make.fresh(flown).reason, make.funds(flown), make.general(flown.customer)) == ("removed", 0, 0)
    page = words(manager.get(answer.location))
    for text in (
        "Credit note CN-2026-0001",
        "Emma Jones",
        "$4,425.00",
        "1 Jun 2026",
        "Reason: moves away",
        "used units keep the package rate Package funds 4,425.00 Refund $4,425.00",
        "Paid out by Card 4,425.00",
    ):
        assert text in page
    assert "general funds" not in page.split("Where it went")[1]


def test_at_standard_rates_with_a_fee_over_two_methods_and_the_account(manager: Client, flown: Membership) -> None:
    data = payload(manager, flown, policy="standard", fee="35", **{field("card"): "3000", field("check"): "900"})
    answer = manager.post(url(flown), data=data, htmx=MODAL)
    note, settlement = CreditNote.get(), Invoice.get(Invoice.kind == "settlement")
    assert "Paid: 300.00 PPL funds" in words(manager.get(f"/billing/invoices/{settlement.id}"))
    assert answer.headers["HX-Redirect"] == f"/billing/credit-notes/{note.id}"
    assert make.general(flown.customer) == make.money("140")
    page = words(manager.get(f"/billing/credit-notes/{note.id}"))
    assert f"10.0 h C172 to the standard rate on {settlement.code} −300.00" in page
    assert f"Refund fee on {settlement.code} −35.00 Refund $4,040.00" in page
    assert "Paid out by Card 3,000.00 Paid out by Check 900.00 To general funds 140.00" in page


def test_open_draws_are_paid_and_the_unpaid_rest_is_credited(manager: Client, piano: Membership) -> None:
    assert manager.post(url(piano), data=payload(manager, piano)).status_code == 303
    assert CreditNote.get().amount_minor == make.money("155")
    assert {invoice.status for invoice in Invoice.select().where(Invoice.number.is_null(False))} == {"paid"}
    page = words(manager.get(f"/billing/credit-notes/{CreditNote.get().id}"))
    assert "Package funds 200.00 Open uses paid from them −45.00 Refund $155.00" in page
    assert "Paid out by Cash 155.00" in page
    assert "Besides, unpaid of the package and not owed any more on 2026-0001 100.00" in page


def test_money_that_came_from_the_account_goes_back_there(manager: Client, by: User) -> None:
    emma, lessons = customer(), make.piano()
    make.pay(make.save(emma, "500", by=by), ("cash", "500"), by=by)
    make.pay(make.save(emma, (lessons, None), by=by), ("account", "450"), by=by)
    piano = make.bought(emma)
    page = words(manager.get(url(piano)))
    assert "Where $450.00 goes General funds the rest, 50.00 before 450.00" in page
    assert manager.post(url(piano), data=payload(manager, piano)).status_code == 303
    assert make.general(emma) == make.money("500")


def test_sent_twice_it_happens_once(manager: Client, flown: Membership) -> None:
    shown = payload(manager, flown)
    first, second = (manager.post(url(flown), data=shown) for _ in range(2))
    assert (second.status_code, second.location) == (303, first.location)
    assert messages(manager)[1:] == ["This form was sent before. Nothing was done twice."]
    assert CreditNote.select().count() == 1


# What is refused


REFUSED = [
    ({"reason": ""}, "Say why it is refunded."),
    ({"fee": "x"}, "Type the amount as a number."),
    ({"fee": "-1"}, "This cannot be below 0."),
    ({"method-2": "5000.01"}, "At most 5,000.00 came by Card."),
    ({"method-2": "4425", "method-3": "0.01"}, "This is 0.01 more than the refund."),
    ({"method-2": "x"}, "Type the amount as a number."),
    ({"policy": "gift"}, "Not a valid choice."),
]


def test_what_is_refused_and_what_was_typed_stays(
    manager: Client, flown: Membership, subtests: pytest.Subtests
) -> None:
    assert (field("card"), field("check")) == ("method_2", "method_3")
    shown = form(manager, url(flown), reason="moves away")
    for htmx, (change, sentence) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, change=change, sentence=sentence):
            data = looked_at(manager, flown, shown | change)
            answer = manager.post(url(flown), data=data, htmx=htmx)
            assert (answer.status_code, said(answer, "error")) == (422, [sentence])
            kept = again(answer, url(flown))
            for name, typed in change.items():
                if name != "policy":
                    assert kept[name] == typed
            assert make.fresh(flown).is_active


def test_a_fee_that_eats_it_up(manager: Client, flown: Membership) -> None:
    answer = manager.post(url(flown), data=payload(manager, flown, fee="4425"))
    assert (answer.status_code, said(answer, "error")) == (
        422,
        ["Nothing is left to refund: package funds 4,425.00, open uses 0.00, charged 4,425.00."],
    )
    assert "Where" not in words(answer).split("Refund", 2)[2]


def test_without_a_script_another_refund_is_shown_before_it_happens(manager: Client, flown: Membership) -> None:
    shown = form(manager, url(flown), reason="moves away", policy="standard", fee="35")
    answer = manager.post(url(flown), data=shown)
    assert answer.status_code == 422
    assert "The refund is 4,040.00 now. Look at where it goes, then press Refund again." in answer.text
    kept = again(answer, url(flown))
    assert (kept["policy"], kept["fee"], kept[field("card").replace("_", "-")]) == ("standard", "35", "4040.00")
    assert manager.post(url(flown), data=kept).status_code == 303
    assert CreditNote.get().amount_minor == make.money("4040")


def test_what_changed_meanwhile_is_shown_first(manager: Client, flown: Membership, by: User) -> None:
    shown = payload(manager, flown)
    using.use(flown.id, [Taking(item("C172"), 1000)], version=flown.version, by=by, on=make.DAY)
    answer = manager.post(url(flown), data=shown)
    assert answer.status_code == 422
    assert "What this does changed since it was shown." in answer.text
    kept = again(answer, url(flown))
    assert kept[field("card").replace("_", "-")] == "4305.00"
    bump(flown, by)
    answer = manager.post(url(flown), data=kept)
    assert (answer.status_code, "changed by somebody else" in answer.text) == (422, True)
    assert manager.post(url(flown), data=again(answer, url(flown))).status_code == 303
    assert CreditNote.get().amount_minor == make.money("4305")


@pytest.mark.parametrize("what", ["removed", "unpaid", "reserved"])
def test_a_refusal_stands_in_place_of_the_button(manager: Client, flown: Membership, by: User, what: str) -> None:
    shown, membership = payload(manager, flown), flown
    if what == "removed":
        memberships.remove([Removal(flown.id, 0)], by=by, on=make.DAY)
        sentence = "PPL is removed; only what is unused of an active membership is refunded."
    elif what == "unpaid":
        membership = make.add(customer("Tom"), flown.package, by=by)
        sentence = "Nothing is left to refund: package funds 0.00, open uses 0.00, charged 0.00."
    else:
        make.save(flown.customer, (item("C172"), "30"), (item("Instruction"), "15"), by=by)
        sentence = "Nothing unused is left in PPL; paying its open invoices completes it."
    page = manager.get(url(membership))
    assert sentence in page.text
    assert not has_button(page, "Refund")
    assert manager.post(url(membership), data=shown).status_code == 422
    assert not CreditNote.select().exists()
    assert "Refund" not in manager.get(address(membership, "actions")).text.replace("Refunded", "")


# The credit note


def test_the_membership_leads_to_its_credit_note(manager: Client, bookkeeper: Client, flown: Membership) -> None:
    manager.post(url(flown), data=payload(manager, flown))
    link = f'href="/billing/credit-notes/{CreditNote.get().id}"'
    assert link in bookkeeper.get(address(flown, "")[:-1]).text
    assert link in manager.get(url(flown)).text


def test_the_note_of_a_credited_line_is_read_the_same_way(manager: Client, flown: Membership, by: User) -> None:
    emma = flown.customer
    mixed = make.save(emma, (item("C172"), "2"), (make.item("Fuel", "12.35", tax="19"), "2"), by=by)
    payments.pay(mixed.id, [Tender(make.method("account"), make.money("240"))], by=by, on=make.DAY)
    for position, milli in ((1, 500), (2, 1000)):
        version = Invoice.get_by_id(mixed.id).version
        crediting.credit(mixed.id, position, milli, version=version, by=by, on=make.DAY, reason="Engine trouble")
    first, second = CreditNote.select().order_by(CreditNote.id)
    page = words(manager.get(f"/billing/credit-notes/{first.id}"))
    assert "What was credited 0.5 h C172 60.00 Credited $60.00" in page
    assert "To package funds · PPL 60.00" in page
    page = words(manager.get(f"/billing/credit-notes/{second.id}"))
    assert "1 × Fuel with 2.34 tax 14.69" in page
    assert "Not owed any more" in page
    assert f'href="/billing/invoices/{mixed.id}"' in manager.get(f"/billing/credit-notes/{second.id}").text


def test_what_is_credited_after_the_end_goes_to_general_funds(manager: Client, by: User) -> None:
    emma = customer()
    make.pay(make.save(emma, (make.piano(), None), by=by), by=by)
    used = make.settle(make.save(emma, (item("Lesson"), "2"), by=by), by=by)
    memberships.remove([Removal(make.bought(emma).id, 0)], by=by, on=make.DAY)
    crediting.credit(used.id, 1, 1000, version=used.version, by=by, on=make.DAY, reason="ill")
    page = words(manager.get(f"/billing/credit-notes/{CreditNote.get().id}"))
    assert "To general funds 45.00" in page
    assert "To package funds" not in page


def test_the_note_stays_as_it_was_under_another_name(manager: Client, flown: Membership) -> None:
    manager.post(url(flown), data=payload(manager, flown))
    Customer.update(name="Emma Smith").where(Customer.id == flown.customer_id).execute()
    with on_the_day(date(2027, 1, 1)):
        page = words(manager.get(f"/billing/credit-notes/{CreditNote.get().id}"))
    assert "Emma Jones" in page
    assert "Emma Smith" not in page


def test_who_may_see_a_credit_note(
    manager: Client, frontdesk: Client, bookkeeper: Client, visitor: Client, flown: Membership
) -> None:
    manager.post(url(flown), data=payload(manager, flown))
    note = f"/billing/credit-notes/{CreditNote.get().id}"
    assert frontdesk.get(note).status_code == 200
    assert visitor.get(note).status_code == 302
    assert manager.get("/billing/credit-notes/999999").status_code == 404
    assert manager.post(note).status_code == 405
    give_only(Permission.MANAGE_INVOICES)
    assert bookkeeper.get(note).status_code == 403


# What somebody else paid


def make_paid_by_acme(by: User, own: str = "") -> Membership:
    """Emma in PIANO, paid by transfer by the company that owns her group, and so much of it by herself."""
    emma, acme = customer(), customer("Acme <b>Aviation</b>")
    Group.update(owner=acme).where(Group.id == make.group("Acme", emma).id).execute()
    sale = make.save(emma, (make.piano(), None), by=by)
    if own:
        make.pay(sale, ("transfer", own), by=by)
    tender = Tender(make.method("transfer"), Invoice.get_by_id(sale.id).due_minor)
    payments.pay(sale.id, [tender], by=by, on=make.DAY, payer=acme)
    return make.bought(emma)


@pytest.mark.parametrize("own, how", [("", ""), ("100", "in part ")])
def test_who_else_paid_is_said(manager: Client, by: User, own: str, how: str) -> None:
    """In the refund beside the method, in the removal, and on the credit note; also after they were merged."""
    made, acme = make_paid_by_acme(by, own), "Acme <b>Aviation</b>"
    page = words(manager.get(url(made)))
    assert f"at most 450.00 came by it, {how}from {acme}" in page
    assert "General funds of Emma Jones the rest" in page
    said = words(manager.get(address(made, "removal")))
    assert "450.00 go to general funds of Emma Jones , which are then" in said
    assert f"The package was paid {how}by {acme} ." in said
    answer = manager.post(url(made), data=payload(manager, made))
    assert f"450.00 The package was paid {how}by {acme} ." in words(manager.get(answer.location))
    merging.merge(Customer.get(Customer.name == acme), customer("Skies"), by=by, on=make.DAY)
    merging.merge(Customer.get(Customer.name == "Skies"), customer("Blue Skies"), by=by, on=make.DAY)
    assert f"The package was paid {how}by Blue Skies ." in words(manager.get(answer.location))


def test_what_the_customer_paid_is_not_said_to_be_of_others(manager: Client, flown: Membership, by: User) -> None:
    assert "came by it, " not in words(manager.get(url(flown)))
    assert "General funds of" not in words(manager.get(url(flown)))
    assert "The package was paid" not in words(manager.get(address(flown, "removal")))
    answer = manager.post(url(flown), data=payload(manager, flown))
    assert "The package was paid" not in words(manager.get(answer.location))


def test_a_payer_who_is_the_customer_by_now(manager: Client, by: User) -> None:
    made = make_paid_by_acme(by)
    merging.merge(Customer.get(Customer.name == "Acme <b>Aviation</b>"), made.customer, by=by, on=make.DAY)
    assert "at most 450.00 came by it" in words(manager.get(url(made)))
    assert "came by it, " not in words(manager.get(url(made)))


# Who may


def test_removing_offers_it_instead(manager: Client, flown: Membership, by: User) -> None:
    assert "Refund unused value instead" in manager.get(address(flown, "removal")).text
    other = make.add(customer("Tom"), flown.package, by=by)
    assert "Refund unused value instead" not in manager.get(address(other, "removal")).text


def test_manage_invoices_is_needed_and_enough(frontdesk: Client, bookkeeper: Client, flown: Membership) -> None:
    check_closed(frontdesk, url(flown), url(flown) + "/preview")
    assert url(flown) not in frontdesk.get(address(flown, "actions")).text
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(flown), data=payload(bookkeeper, flown))
    assert (answer.status_code, answer.location) == (303, "/")
    page = bookkeeper.get(url(flown))
    assert "credit note CN-2026-0001" in page.text
    assert "/billing/credit-notes/" not in page.text


def test_its_address(owner: Client, flown: Membership) -> None:
    check_address(owner, url(flown))


def test_invoices_are_links_for_whoever_may_open_them(manager: Client, bookkeeper: Client, piano: Membership) -> None:
    assert 'href="/billing/invoices/2"' in manager.get(url(piano)).text
    give_only(Permission.MANAGE_INVOICES)
    page = bookkeeper.get(url(piano))
    assert "45.00 on 2026-0002" in words(page)
    assert "/billing/invoices/" not in page.text.split('id="refund-preview"')[1].split("</form>")[0]
