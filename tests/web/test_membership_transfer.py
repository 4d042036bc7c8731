"""Transfer: what is left of a membership becomes another customer's."""

import re
from itertools import product

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.naughty import strings
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
from webapp.domain import funds
from webapp.models import Customer, Item, Membership, PaymentMethod, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#transfer-preview"


@pytest.fixture
def tom(once: Once) -> Customer:
    return once(make_tom)


def make_tom() -> Customer:
    return customer("Tom Hill")


@pytest.fixture
def trio(by: User, once: Once) -> Membership:
    return once(make_trio, by)


def make_trio(by: User) -> Membership:
    """Three lessons for 100.00, of which 80.00 is paid in; one is used; another stands in a draft."""
    emma = customer()
    make.pay(make.save(emma, (make.trio(), "80"), by=by), by=by)
    lesson = Item.get(Item.name == "Trio lesson")
    make.settle(make.save(emma, (lesson, "1"), by=by), by=by)
    make.draft(emma, (lesson, "1"), by=by)
    return make.bought(emma)


def url(membership: Membership) -> str:
    return address(membership, "transfer")


def payload(client: Client, membership: Membership, to: Customer | None, **changes: str) -> dict[str, str]:
    return form(client, url(membership), **(chosen(to) | {"reason": "moves away"} | changes))


def chosen(to: Customer | None) -> dict[str, str]:
    return {"to": str(to.id) if to else "", "to_text": to.name if to else ""}


def test_everything_that_goes_over_is_stated(manager: Client, trio: Membership) -> None:
    page = words(check_dialog(manager, url(trio)))
    assert "The other customer gets a membership of 2 Trio lesson at the same rates, worth 66.67 , without" in page
    assert "Package funds of 46.67 go along. General funds stay." in page
    assert "20.00 of it is not billed yet; that is then billed to the other customer." in page
    assert "Emma Jones leaves TRIO for good; this cannot be reinstated." in page
    assert "A draft is priced anew at the standard rates" in page


def test_prepaid_tax_is_part_of_its_worth(manager: Client, by: User) -> None:
    pilot = customer("Pia Lot")
    page = words(manager.get(url(make.add(pilot, make.ppl(tax="8"), by=by))))
    assert "40.0 h C172 , 20.0 h Instruction at the same rates, worth 6,284.00" in page
    assert "There are no package funds to go along." in page


def test_the_preview_names_them_and_says_what_stands_in_the_way(
    manager: Client, trio: Membership, tom: Customer, by: User
) -> None:
    def preview(to: Customer | None) -> str:
        return words(manager.post(url(trio) + "/preview", data=payload(manager, trio, to), htmx=PREVIEW))

    assert "Tom Hill gets a membership of 2 Trio lesson" in preview(tom)
    assert "The other customer gets" in preview(None)
    assert "Role Cash Only: no Make Purchases on Account." in preview(customer("Kim", "Cash Only"))
    assert "Choose another customer." in preview(trio.customer)


def test_it_is_handed_over(manager: Client, trio: Membership, tom: Customer) -> None:
    answer = manager.post(url(trio), data=payload(manager, trio, tom))
    new = make.bought(tom)
    assert (answer.status_code, answer.location) == (303, address(new, "")[:-1])
    assert messages(manager) == ["TRIO went from Emma Jones to Tom Hill."]
    assert (make.left(new), make.funds(new), make.fresh(trio).reason) == (2000, make.money("46.67"), "removed")


def test_typed_text_that_finds_one_is_enough(manager: Client, trio: Membership, tom: Customer) -> None:
    answer = manager.post(url(trio), data=payload(manager, trio, None, to_text="tom hill"), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    assert "TRIO went from Emma Jones to Tom Hill." in answer.text


REFUSED = [
    ("", "moves", ["Choose the customer who gets it."]),
    ("Tom", "", ["Say why it is handed over."]),
    ("Emma", "moves", ["Choose another customer."]),
    ("Kim", "moves", ["Role Cash Only: no Make Purchases on Account. Manage Customers is needed to change that."]),
    ("Ina", "moves", ["This customer is inactive. Manage Customers is needed to change that."]),
    ("Zoe", "moves", ["Zoe is active in TRIO already."]),
]


def test_what_is_refused_and_what_was_typed_stays(
    manager: Client, trio: Membership, tom: Customer, by: User, subtests: pytest.Subtests
) -> None:
    people = {"Tom": tom, "Emma": trio.customer, "Kim": customer("Kim", "Cash Only"), "Zoe": customer("Zoe")}
    people["Ina"] = make.somebody("Ina", active=False)
    make.add(people["Zoe"], trio.package, by=by)
    shown = form(manager, url(trio))
    for htmx, (who, reason, sentences) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, who=who, reason=reason, sentences=sentences):
            data = shown | chosen(people.get(who)) | {"reason": reason}
            answer = manager.post(url(trio), data=data, htmx=htmx)
            assert (answer.status_code, said(answer, "error")) == (422, sentences)
            kept = again(answer, url(trio))
            assert (kept["to"], kept["reason"]) == (data["to"], reason)
            assert make.fresh(trio).is_active


def test_what_changed_meanwhile_is_shown_first(manager: Client, trio: Membership, tom: Customer, by: User) -> None:
    shown = payload(manager, trio, tom)
    funds.out_of_package(trio.id, make.money("6.67"), by=by, on=make.DAY)
    answer = manager.post(url(trio), data=shown)
    assert answer.status_code == 422
    assert "What this does changed since it was shown." in answer.text
    assert "Package funds of 40.00 go along." in words(answer)
    bump(trio, by)
    answer = manager.post(url(trio), data=again(answer, url(trio)))
    assert (answer.status_code, "changed by somebody else" in answer.text) == (422, True)
    assert manager.post(url(trio), data=again(answer, url(trio))).status_code == 303
    assert make.funds(make.bought(tom)) == make.money("40")


def test_sent_twice_it_happens_once(manager: Client, trio: Membership, tom: Customer) -> None:
    shown = payload(manager, trio, tom)
    first, second = (manager.post(url(trio), data=shown) for _ in range(2))
    assert (second.status_code, second.location) == (303, first.location)
    assert messages(manager)[1:] == ["This form was sent before. Nothing was done twice."]
    assert Membership.select().count() == 2


@pytest.mark.parametrize("what", ["open", "ended", "off"])
def test_a_refusal_stands_in_place_of_the_button(
    manager: Client, trio: Membership, tom: Customer, by: User, what: str
) -> None:
    shown = payload(manager, trio, tom)
    if what == "open":
        make.save(trio.customer, (Item.get(Item.name == "Trio lesson"), "1"), by=by)
        sentence = "Invoice 2026-0003 must be paid or voided first."
    elif what == "ended":
        manager.post(url(trio), data=payload(manager, trio, customer("Kim")))
        sentence = "TRIO is removed; only an active membership is handed over."
    else:
        PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
        sentence = "Packages cannot be sold while the Account payment method is switched off."
    page = manager.get(url(trio))
    assert sentence in page.text
    assert not has_button(page, "Transfer")
    assert manager.post(url(trio), data=shown).status_code == 422
    assert "Transfer" not in manager.get(address(trio, "actions")).text
    assert not Membership.select().where(Membership.customer == tom).exists()


def test_the_type_ahead_offers_active_customers(manager: Client, frontdesk: Client, tom: Customer) -> None:
    make.somebody("Tomas", active=False)
    answer = manager.get("/billing/memberships/receivers?q=tom")
    assert answer.text.count('role="option"') == 1
    assert 'data-text="Tom Hill"' in answer.text
    assert frontdesk.get("/billing/memberships/receivers?q=tom").status_code == 403


def test_who_hands_over_is_not_offered(manager: Client, trio: Membership) -> None:
    """Also not where somebody else has the very same name, with a script or without."""
    giver = trio.customer
    options = re.findall(r'data-url="(/billing/memberships/receivers[^"]*)"', manager.get(url(trio)).text)[0]
    assert "No active customer like that" in manager.get(f"{options}&q=emma").text
    sent = payload(manager, trio, None, to_text=giver.name)
    alone = manager.post(url(trio), data=sent, htmx=MODAL)
    assert (alone.status_code, f"Nothing found for “{giver.name}”." in alone.text) == (422, True)
    other = customer(giver.name)
    found = re.findall(r'data-value="(\d+)"', manager.get(f"{options}&q=emma").text)
    assert found == [str(other.id)]
    assert manager.post(url(trio), data=sent, htmx=MODAL).status_code == 200
    assert Membership.select().where(Membership.customer == other).count() == 1


def test_hostile_names(manager: Client, by: User) -> None:
    """Three at a time: one of a customer, one of a package, one of an item."""
    names = [text for text in strings() if "<" in text and "\0" not in text][:27]
    for person, course, lesson in zip(names[::3], names[1::3], names[2::3], strict=True):
        package = make.package(course, (make.item(lesson, "1"), "2", "@1"))
        membership = make.add(make.somebody(person), package, by=by)
        for act in ("transfer", "uses/new", "extension", "refund", "funds/new", "reinstatement", "actions"):
            assert manager.get(address(membership, act)).status_code == 200


def test_manage_invoices_is_needed_and_enough(
    frontdesk: Client, bookkeeper: Client, trio: Membership, tom: Customer
) -> None:
    check_closed(frontdesk, url(trio), url(trio) + "/preview")
    assert "Transfer" not in frontdesk.get(address(trio, "actions")).text
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(trio), data=payload(bookkeeper, trio, tom))
    assert (answer.status_code, answer.location) == (303, "/")


def test_its_address(owner: Client, trio: Membership) -> None:
    check_address(owner, url(trio))
