"""Move funds: between general funds and package funds, with both before and after."""

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
from webapp.domain import funds, memberships
from webapp.domain.memberships import Removal
from webapp.models import Customer, Membership, PaymentMethod, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#move-preview"


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(make_emma, by)


def make_emma(by: User) -> Customer:
    """With 500.00 in general funds."""
    emma = customer()
    funds.deposit(emma, make.method("cash"), make.money("500"), by=by, on=make.DAY)
    return emma


@pytest.fixture
def piano(emma: Customer, by: User, once: Once) -> Membership:
    return once(make_piano, emma, by)


def make_piano(emma: Customer, by: User) -> Membership:
    """450.00, of which 100.00 is paid in."""
    make.pay(make.save(emma, (make.piano(), "100"), by=by), by=by)
    return make.bought(emma)


def url(membership: Membership) -> str:
    return address(membership, "funds/new")


def payload(client: Client, membership: Membership, **changes: str) -> dict[str, str]:
    return form(client, url(membership), **({"direction": "into", "amount": "50"} | changes))


def both(membership: Membership) -> tuple[int, int]:
    """General funds and package funds."""
    return make.general(membership.customer), make.funds(membership)


def test_both_ways_are_offered_with_their_most(manager: Client, piano: Membership) -> None:
    page = words(check_dialog(manager, url(piano)))
    assert "From general funds into PIANO From PIANO back to general funds" in page
    assert "At most 350.00: what is in general funds and not yet billed or paid of PIANO" in page
    assert form(manager, url(piano))["direction"] == "into"


def test_before_and_after(manager: Client, piano: Membership) -> None:
    def preview(**changes: str) -> str:
        shown = payload(manager, piano, **changes)
        return words(manager.post(url(piano) + "/preview", data=shown, htmx=PREVIEW))

    assert "General funds 500.00 −50.00 450.00 Package funds 100.00 +50.00 150.00" in preview()
    assert "Both together 600.00 0.00 600.00" in preview()
    assert "General funds 500.00 +50.00 550.00 Package funds 100.00 −50.00 50.00" in preview(direction="out")
    assert "At most 350.00" in preview(amount="351")
    assert "That is 1.00 less than typed." in preview(amount="351")
    assert "General funds 500.00 0.00 500.00" in preview(amount="x")


def test_into_the_package(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano))
    assert (answer.status_code, answer.location) == (303, address(piano, "")[:-1])
    assert messages(manager) == ["50.00 went from general funds into PIANO."]
    assert both(piano) == (make.money("450"), make.money("150"))


def test_and_back_in_the_dialog(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano, direction="out"), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    assert "50.00 went from PIANO back to general funds." in answer.text
    assert both(piano) == (make.money("550"), make.money("50"))


REFUSED = [
    ({"amount": ""}, "Type the amount."),
    ({"amount": "x"}, "Type the amount as a number."),
    ({"amount": "0"}, "The amount must be above 0."),
    ({"amount": "-1"}, "This cannot be below 0."),
    ({"amount": "500.01"}, "General funds are 500.00."),
    ({"amount": "350.01"}, "At most 350.00 can still be paid into PIANO."),
    ({"amount": "100.01", "direction": "out"}, "Package funds are 100.00."),
    ({"direction": "sideways"}, "Not a valid choice."),
]


def test_what_is_refused_and_what_was_typed_stays(
    manager: Client, piano: Membership, subtests: pytest.Subtests
) -> None:
    shown = payload(manager, piano)
    for htmx, (change, sentence) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, change=change, sentence=sentence):
            answer = manager.post(url(piano), data=shown | change, htmx=htmx)
            assert (answer.status_code, said(answer, "error")) == (422, [sentence])
            assert again(answer, url(piano))["amount"] == change.get("amount", "50")
            assert both(piano) == (make.money("500"), make.money("100"))


def test_what_changed_meanwhile_is_shown_first(manager: Client, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    funds.into_package(piano.id, make.money("10"), by=by, on=make.DAY)
    answer = manager.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "What this does changed since it was shown." in answer.text
    assert "Package funds 110.00 +50.00 160.00" in words(answer)
    bump(piano, by)
    answer = manager.post(url(piano), data=again(answer, url(piano)))
    assert (answer.status_code, "changed by somebody else" in answer.text) == (422, True)
    assert manager.post(url(piano), data=again(answer, url(piano))).status_code == 303
    assert both(piano) == (make.money("440"), make.money("160"))


def test_sent_twice_it_happens_once(manager: Client, piano: Membership) -> None:
    shown = payload(manager, piano)
    assert [manager.post(url(piano), data=shown).status_code for _ in range(2)] == [303, 303]
    assert messages(manager)[1:] == ["This form was sent before. Nothing was done twice."]
    assert both(piano) == (make.money("450"), make.money("150"))


def test_only_the_way_that_is_open_is_offered(manager: Client, piano: Membership, by: User) -> None:
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    page = manager.get(url(piano))
    assert "The Account payment method is switched off." in page.text
    assert "From general funds into" not in page.text
    answer = manager.post(url(piano), data=payload(manager, piano))
    assert (answer.status_code, "switched off" in answer.text) == (422, True)
    assert manager.post(url(piano), data=payload(manager, piano, direction="out")).status_code == 303
    PaymentMethod.update(active=True).execute()
    make.save(piano.customer, (piano.package, None), by=by)
    assert "All of PIANO is paid in or billed; nothing more can go into it." in manager.get(url(piano)).text


@pytest.mark.parametrize("what", ["removed", "empty"])
def test_there_is_no_button_when_nothing_can_move(manager: Client, piano: Membership, by: User, what: str) -> None:
    if what == "removed":
        memberships.remove([Removal(piano.id, 0)], by=by, on=make.DAY)
        membership, sentence = piano, "PIANO is removed; its package funds have gone to general funds."
    else:
        membership = make.add(customer("Tom"), piano.package, by=by)
        sentence = "There are no general funds that could still be paid into it, and no package funds."
    page = manager.get(url(membership))
    assert sentence in page.text
    assert not has_button(page, "Move funds")
    data = again(page, url(membership), direction="out", amount="1")
    assert manager.post(url(membership), data=data).status_code == 422
    assert "Move funds" not in manager.get(address(membership, "actions")).text


def test_manage_invoices_is_needed_and_enough(frontdesk: Client, bookkeeper: Client, piano: Membership) -> None:
    check_closed(frontdesk, url(piano), url(piano) + "/preview")
    assert "Move funds" not in frontdesk.get(address(piano, "actions")).text
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(piano), data=payload(bookkeeper, piano))
    assert (answer.status_code, answer.location) == (303, "/")


def test_its_address(owner: Client, piano: Membership) -> None:
    check_address(owner, url(piano))


def test_without_a_script_it_is_shown_on_request(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano, show="1"))
    assert answer.status_code == 200
    assert "General funds 500.00 −50.00 450.00" in words(answer)
    assert both(piano) == (make.money("500"), make.money("100"))
    assert manager.post(url(piano), data=again(answer, url(piano))).status_code == 303
    assert both(piano) == (make.money("450"), make.money("150"))
