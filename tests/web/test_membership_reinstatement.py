"""Reinstate: what comes back, what is owed again, and the refusals in place of the button."""

import re
from datetime import date, timedelta

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.acting import (
    EVENTS,
    address,
    again,
    check_address,
    check_closed,
    check_dialog,
    form,
    give_only,
    has_button,
    messages,
)
from tests.web.billing import MODAL, customer, on_the_day, said, words
from webapp.domain import funds, memberships, reinstating, transferring
from webapp.domain.memberships import Removal
from webapp.models import Company, Customer, Invoice, Item, Membership, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


LATER = make.DAY + timedelta(days=31)


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(customer)


@pytest.fixture
def piano(emma: Customer, by: User, once: Once) -> Membership:
    return once(make_piano, emma, by)


def make_piano(emma: Customer, by: User) -> Membership:
    """PIANO with 200.00 of 450.00 paid, removed: 200.00 went to general funds, 250.00 were credited."""
    make.pay(make.save(emma, (make.piano(), None), by=by), ("cash", "200"), by=by)
    return remove(make.bought(emma), by)


def remove(membership: Membership, by: User) -> Membership:
    memberships.remove([Removal(membership.id, make.fresh(membership).version)], by=by, on=make.DAY)
    return make.fresh(membership)


def url(membership: Membership) -> str:
    return address(membership, "reinstatement")


def payload(client: Client, membership: Membership, **changes: str) -> dict[str, str]:
    return form(client, url(membership), **({"reason": "came back"} | changes))


# What is stated


def test_everything_that_comes_back_is_stated(manager: Client, piano: Membership) -> None:
    page = words(check_dialog(manager, url(piano)))
    assert "PIANO , removed on 1 Jun 2026, becomes active again with 10 of 10 Lesson left." in page
    assert "200.00 comes back into package funds." in page
    assert "The credited rest of the package is owed again: 250.00 on 2026-0001 ." in page
    assert "General funds 200.00 −200.00 0.00" in page
    assert "Package funds 0.00 +200.00 200.00" in page
    assert "New last day" not in page


def test_what_is_not_there_any_more_is_stated(manager: Client, emma: Customer, piano: Membership, by: User) -> None:
    make.pay(make.save(emma, (make.item("Book", "60"), "1"), by=by), ("account", "60"), by=by)
    page = words(manager.get(url(piano)))
    assert (
        "140.00 comes back into package funds; 200.00 went to general funds, and 140.00 of it is still there." in page
    )
    make.pay(make.save(emma, (make.item("Bag", "140"), "1"), by=by), ("account", "140"), by=by)
    assert "of the 200.00 that went to general funds nothing is left" in words(manager.get(url(piano)))


def test_without_money_that_is_stated_too(manager: Client, emma: Customer, by: User) -> None:
    page = words(manager.get(url(remove(make.add(emma, make.piano(), by=by), by))))
    assert "No money comes back; none was moved when it ended." in page


def test_forfeited_money_is_stated_and_comes_back(manager: Client, emma: Customer, by: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    make.pay(make.save(emma, (make.piano(validity="days", validity_count=30), None), by=by), by=by)
    piano = make.bought(emma)
    with on_the_day(LATER):
        memberships.expire_due(LATER)
        page = words(manager.get(url(piano)))
        assert "expired on 2 Jul 2026" in page
        assert "Forfeited 450.00 −450.00 0.00" in page
        assert "Its last day was 1 Jul 2026." in page
        answer = manager.post(url(piano), data=payload(manager, piano, end_on="2026-08-31"))
        assert answer.status_code == 303
    assert (make.funds(piano), make.fresh(piano).end_on) == (make.money("450"), date(2026, 8, 31))


# What it does


def test_it_comes_back(manager: Client, emma: Customer, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano))
    assert (answer.status_code, answer.location) == (303, address(piano, "")[:-1])
    assert messages(manager) == ["Emma Jones is in PIANO again."]
    assert make.fresh(piano).is_active
    assert (make.funds(piano), make.general(emma)) == (make.money("200"), 0)
    assert Invoice.get_by_id(1).due_minor == make.money("250")


def test_in_the_dialog_the_table_behind_hears_of_it(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    assert "Emma Jones is in PIANO again." in answer.text


def test_a_last_day_that_is_not_past_stays_or_moves(manager: Client, by: User) -> None:
    membership = remove(make.add(customer("Tom"), make.piano(validity="days", validity_count=30), by=by), by)
    assert "Its last day stays 1 Jul 2026 when none is chosen." in manager.get(url(membership)).text
    manager.post(url(membership), data=payload(manager, membership))
    assert make.fresh(membership).end_on == date(2026, 7, 1)
    remove(membership, by)
    manager.post(url(membership), data=payload(manager, membership, end_on="2026-07-09"))
    assert make.fresh(membership).end_on == date(2026, 7, 9)


def test_sent_twice_it_happens_once(manager: Client, piano: Membership) -> None:
    shown = payload(manager, piano)
    assert [manager.post(url(piano), data=shown).status_code for _ in range(2)] == [303, 303]
    assert messages(manager)[1:] == ["This form was sent before. Nothing was done twice."]
    assert make.funds(piano) == make.money("200")


# What is refused


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_a_reason_is_needed(manager: Client, piano: Membership, htmx: str | None) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano, reason=" "), htmx=htmx)
    assert (answer.status_code, said(answer, "error")) == (422, ["Say why it is brought back."])
    assert not make.fresh(piano).is_active


@pytest.mark.parametrize("day", ["", "2026-07-01", "never"])
def test_an_expired_one_needs_a_new_last_day(manager: Client, by: User, day: str) -> None:
    membership = make.add(customer("Tom"), make.piano(validity="days", validity_count=30), by=by)
    with on_the_day(LATER):
        memberships.expire_due(LATER)
        answer = manager.post(url(membership), data=payload(manager, membership, end_on=day))
        assert answer.status_code == 422
        assert len(said(answer, "error")) == 1
        assert again(answer, url(membership))["reason"] == "came back"
    assert make.fresh(membership).reason == "expired"


def test_a_missing_reason_and_a_missing_day_are_told_at_once(manager: Client, by: User) -> None:
    membership = make.add(customer("Tom"), make.piano(validity="days", validity_count=30), by=by)
    with on_the_day(LATER):
        memberships.expire_due(LATER)
        page = manager.get(url(membership)).text
        assert len(re.findall(r'<input[^>]* name="(?:end_on|reason)" required', page)) == 2
        for day in ("", "2026-07-01"):
            answer = manager.post(url(membership), data=payload(manager, membership, reason="", end_on=day))
            assert answer.status_code == 422
            assert said(answer, "error") == ["Choose a last day that is not past.", "Say why it is brought back."]
            assert again(answer, url(membership))["end_on"] == day
    assert make.fresh(membership).reason == "expired"


def test_what_changed_meanwhile_is_shown_first(manager: Client, emma: Customer, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    funds.withdraw(emma, make.method("cash"), make.money("50"), by=by, on=make.DAY, reason="asked")
    answer = manager.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "What this does changed since it was shown." in answer.text
    assert "150.00 comes back into package funds" in words(answer)
    assert manager.post(url(piano), data=again(answer, url(piano))).status_code == 303
    assert make.funds(piano) == make.money("150")


def test_one_that_came_back_meanwhile(manager: Client, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    reinstating.reinstate(piano.id, version=piano.version, by=by, on=make.DAY, reason="first")
    answer = manager.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "PIANO was changed by somebody else meanwhile." in answer.text
    assert not has_button(answer, "Reinstate")


@pytest.mark.parametrize("what", ["active", "another", "nothing", "transferred"])
def test_a_refusal_stands_in_place_of_the_button(
    manager: Client, emma: Customer, piano: Membership, by: User, what: str
) -> None:
    if what == "active":
        membership, sentence = make.add(customer("Tom"), piano.package, by=by), "only removed or expired ones return"
    elif what == "another":
        make.add(emma, piano.package, by=by)
        membership, sentence = piano, "Emma Jones is active in another PIANO by now."
    elif what == "nothing":
        membership = make.add(emma, make.trio(), by=by)
        make.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=by)
        membership, sentence = remove(membership, by), "Nothing is left in TRIO."
    else:
        membership = make.add(customer("Tom"), piano.package, by=by)
        transferring.transfer(membership.id, customer("Kim"), version=0, by=by, on=make.DAY, reason="gift")
        sentence = "What was left of PIANO was handed over to somebody else."
    page = manager.get(url(membership))
    assert page.status_code == 200
    assert sentence in page.text
    assert not has_button(page, "Reinstate")
    data = again(page, url(membership), reason="please")
    assert manager.post(url(membership), data=data).status_code == 422
    assert "Reinstate" not in manager.get(address(membership, "actions")).text


# Who may


def test_it_is_offered_where_it_can_be_done(manager: Client, frontdesk: Client, piano: Membership) -> None:
    assert url(piano) in manager.get(address(piano, "actions")).text
    assert url(piano) in manager.get(address(piano, "")[:-1]).text
    assert url(piano) not in frontdesk.get(address(piano, "actions")).text
    assert url(piano) not in frontdesk.get(address(piano, "")[:-1]).text


def test_manage_invoices_is_needed_and_enough(frontdesk: Client, bookkeeper: Client, piano: Membership) -> None:
    check_closed(frontdesk, url(piano))
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(piano), data=payload(bookkeeper, piano))
    assert (answer.status_code, answer.location) == (303, "/")


def test_its_address(owner: Client, piano: Membership) -> None:
    check_address(owner, url(piano))
