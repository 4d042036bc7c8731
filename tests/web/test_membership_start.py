"""Correct the start date: of a membership that nothing was drawn from, with a reason; the last day follows."""

from datetime import date
from itertools import product

import pytest

from tests import factories as make
from tests.clients import Client
from tests.trail import latest
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
from webapp.domain import checks, crediting, voids
from webapp.models import Invoice, Item, Membership, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#start-preview"


@pytest.fixture
def piano(by: User) -> Membership:
    """Ten lessons for two months from 1 June, added and not billed."""
    return make.add(customer(), make.piano(validity="months", validity_count=2), by=by)


def url(membership: Membership) -> str:
    return address(membership, "start")


def payload(client: Client, membership: Membership, **changes: str) -> dict[str, str]:
    return form(client, url(membership), **({"start_on": "2026-06-15", "reason": "typed wrong"} | changes))


def days(membership: Membership) -> tuple[date, date | None]:
    now = make.fresh(membership)
    return now.start_on, now.end_on


def test_it_says_what_becomes_of_both_days(manager: Client, piano: Membership) -> None:
    assert form(manager, url(piano))["start_on"] == "2026-06-01"
    assert "Emma Jones in PIANO" in words(check_dialog(manager, url(piano)))
    answer = manager.post(url(piano) + "/preview", data=payload(manager, piano), htmx=PREVIEW)
    assert "First day 1 Jun 2026 +14 days 15 Jun 2026 Last day 1 Aug 2026 +14 days 15 Aug 2026" in words(answer)
    answer = manager.post(url(piano) + "/preview", data=payload(manager, piano, start_on=""), htmx=PREVIEW)
    assert "not chosen yet" in words(answer)


def test_both_days_move_and_that_is_kept(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano))
    assert (answer.status_code, answer.location) == (303, address(piano, "")[:-1])
    assert messages(manager) == ["PIANO of Emma Jones starts on 15 Jun 2026 now, valid through 15 Aug 2026."]
    assert days(piano) == (date(2026, 6, 15), date(2026, 8, 15))
    moved = {"start_on": ["2026-06-01", "2026-06-15"], "end_on": ["2026-08-01", "2026-08-15"]}
    assert latest() == ("Start date corrected", moved)
    assert "Start date corrected" in words(manager.get(address(piano, "")[:-1] + "?view=audit"))


def test_earlier_units_are_found_by_earlier_service_dates(manager: Client, piano: Membership, by: User) -> None:
    sent = payload(manager, piano, start_on="2026-05-20")
    answer = manager.post(url(piano), data=sent, htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    lesson = make.save(piano.customer, (Item.get(Item.name == "Lesson"), "1"), by=by, on=date(2026, 5, 20))
    assert make.lines(lesson) == [("draw", 1000, 4500)]


def test_a_last_day_that_was_moved_by_hand_stays(manager: Client, piano: Membership, by: User) -> None:
    bump(piano, by)
    ends = make.fresh(piano).end_on
    manager.post(url(piano), data=payload(manager, piano))
    assert days(piano) == (date(2026, 6, 15), ends)


def test_not_once_it_was_used(manager: Client, piano: Membership, by: User) -> None:
    """Neither on an open invoice nor on one that is paid; a void invoice is none, and what was credited is not used."""
    lesson = Item.get(Item.name == "Lesson")
    make.pay(make.save(piano.customer, (piano.package, None), by=by), ("cash", "450"), by=by)
    for is_paid in (False, True):
        shown = payload(manager, piano)
        invoice = make.save(piano.customer, (lesson, "1"), by=by)
        if is_paid:
            make.settle(invoice, by=by)
        page = manager.get(url(piano))
        assert "PIANO was used already; its start date stays as the invoices have it." in page.text
        assert not has_button(page, "Correct")
        assert manager.post(url(piano), data=shown).status_code == 422
        assert days(piano)[0] == make.DAY
        assert "Correct the start date" not in manager.get(address(piano, "actions")).text
        voids.void(invoice.id, reason="x", by=by, on=make.DAY)
        assert "Correct the start date" in manager.get(address(piano, "actions")).text
    credited = make.save(piano.customer, (lesson, "1"), by=by)
    version = Invoice.get_by_id(credited.id).version
    crediting.credit(credited.id, 1, 1000, version=version, by=by, on=make.DAY, reason="never held")
    assert manager.post(url(piano), data=payload(manager, piano)).status_code == 303


@pytest.mark.parametrize("paid", ["", "100", "450"])
def test_what_was_sold_today_may_have_begun_last_week(manager: Client, by: User, paid: str) -> None:
    """The sale does not depend on the first day; the lesson of last Tuesday is paid from the package then."""
    sale = make.save(customer(), (make.piano(validity="months", validity_count=2), None), by=by)
    if paid:
        make.pay(sale, ("cash", paid), by=by)
    sold, before = make.bought(sale.customer), (make.due(sale), make.lines(sale))
    assert url(sold) in manager.get(address(sold, "actions")).text
    assert "Nothing was used of it yet, so no price changes." in words(manager.get(url(sold)))
    assert manager.post(url(sold), data=payload(manager, sold, start_on="2026-05-26")).status_code == 303
    assert days(sold) == (date(2026, 5, 26), date(2026, 7, 26))
    assert (make.due(sale), make.lines(sale)) == before
    lesson = make.save(sold.customer, (Item.get(Item.name == "Lesson"), "1"), by=by, on=date(2026, 5, 26))
    assert make.lines(lesson) == [("draw", 1000, 4500)]
    assert checks.faults() == []


def test_a_link_says_from_when(manager: Client, piano: Membership) -> None:
    """Another day than a calendar has, or than may be typed, is left alone."""
    for asked, shown in (("2026-05-26", "2026-05-26"), ("9999-12-31", "2026-06-01"), ("soon", "2026-06-01")):
        assert f'value="{shown}"' in manager.get(url(piano) + f"?start_on={asked}").text


REFUSED = [
    ({"reason": " "}, "Say why the start date is corrected."),
    ({"start_on": ""}, "Choose the start date."),
    ({"start_on": "soon"}, "Type the day as year-month-day, for example 2026-11-22."),
    ({"start_on": "2026-06-01"}, "This is the start date already."),
    ({"start_on": "2026-03-31"}, "Its last day would be 31 May 2026, which is past."),
]


def test_what_is_refused_and_what_was_typed_stays(
    manager: Client, piano: Membership, subtests: pytest.Subtests
) -> None:
    shown = payload(manager, piano)
    for htmx, (change, sentence) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, change=change, sentence=sentence):
            sent = shown | change
            answer = manager.post(url(piano), data=sent, htmx=htmx)
            assert (answer.status_code, said(answer, "error")) == (422, [sentence])
            assert again(answer, url(piano))["reason"] == sent["reason"].strip()
            assert days(piano) == (date(2026, 6, 1), date(2026, 8, 1))


def test_a_package_with_a_fixed_last_day(manager: Client, by: User) -> None:
    made = make.add(customer("Tom"), make.piano(validity="date", last_day=date(2026, 6, 30)), by=by)
    answer = manager.post(url(made), data=payload(manager, made, start_on="2026-07-01"))
    assert said(answer, "error") == ["Its last day would be 30 Jun 2026, which is before that."]
    assert manager.post(url(made), data=payload(manager, made)).status_code == 303
    assert days(made) == (date(2026, 6, 15), date(2026, 6, 30))


def test_what_somebody_else_changed_meanwhile_is_shown_first(manager: Client, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    bump(piano, by)
    answer = manager.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "PIANO was changed by somebody else meanwhile. Look again." in answer.text
    assert manager.post(url(piano), data=again(answer, url(piano))).status_code == 303


def test_without_a_script_it_is_shown_on_request(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano, show="1"))
    assert (answer.status_code, "+14 days" in words(answer)) == (200, True)
    assert days(piano)[0] == make.DAY


def test_manage_invoices_is_needed_and_enough(frontdesk: Client, bookkeeper: Client, piano: Membership) -> None:
    check_closed(frontdesk, url(piano), url(piano) + "/preview")
    assert "Correct the start date" not in frontdesk.get(address(piano, "actions")).text
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(piano), data=payload(bookkeeper, piano))
    assert (answer.status_code, answer.location) == (303, "/")


def test_its_address(owner: Client, manager: Client, piano: Membership) -> None:
    check_address(owner, url(piano))
    assert url(piano) in manager.get(address(piano, "actions")).text
