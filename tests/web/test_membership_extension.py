"""Extend: another last day, with a reason, and what that means."""

import re
from datetime import date
from itertools import product

import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
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
from webapp.domain import memberships
from webapp.domain.memberships import Removal
from webapp.models import Audit, Item, Membership, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


PREVIEW = "div#extension-preview"


@pytest.fixture
def piano(by: User, once: Once) -> Membership:
    return once(make_piano, by)


def make_piano(by: User) -> Membership:
    """Ten lessons until 30 June, paid in full; one stands in a draft."""
    emma = customer()
    make.pay(make.save(emma, (make.piano(validity="date", last_day=date(2026, 6, 30)), None), by=by), by=by)
    make.draft(emma, (Item.get(Item.name == "Lesson"), "1"), by=by)
    return make.bought(emma)


def url(membership: Membership) -> str:
    return address(membership, "extension")


def payload(client: Client, membership: Membership, **changes: str) -> dict[str, str]:
    return form(client, url(membership), **({"end_on": "2026-07-31", "reason": "was ill"} | changes))


def last_day(membership: Membership) -> date | None:
    return make.fresh(membership).end_on


def test_the_last_day_is_there_to_be_changed(manager: Client, piano: Membership) -> None:
    assert form(manager, url(piano))["end_on"] == "2026-06-30"
    page = words(check_dialog(manager, url(piano)))
    assert "Emma Jones in PIANO" in page
    assert "Last day 30 Jun 2026 30 Jun 2026" in page
    assert "Left: 10 of 10 Lesson ; package funds 450.00" in page
    assert "A draft is priced anew for the new last day" in page
    further = re.findall(r'value="(\S+)">(\+[^<]+)<', manager.get(url(piano)).text)
    assert further == [
        ("2026-07-07", "+1 week"),
        ("2026-07-30", "+1 month"),
        ("2026-09-30", "+3 months"),
        ("2026-12-30", "+6 months"),
    ]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({}, "Last day 30 Jun 2026 +31 days 31 Jul 2026"),
        ({"end_on": "2026-06-29"}, "Last day 30 Jun 2026 −1 day 29 Jun 2026"),
        ({"end_on": "2026-06-29"}, "Service dates after 29 Jun 2026 take the standard rates."),
        ({"never": "y"}, "Last day 30 Jun 2026 never ends"),
        ({"end_on": "", "reason": ""}, "Last day 30 Jun 2026 not chosen yet"),
    ],
)
def test_before_and_after(manager: Client, piano: Membership, change: dict[str, str], sentence: str) -> None:
    answer = manager.post(url(piano) + "/preview", data=payload(manager, piano, **change), htmx=PREVIEW)
    assert answer.status_code == 200
    assert sentence in words(answer)


def test_the_last_day_moves(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano))
    assert (answer.status_code, answer.location) == (303, address(piano, "")[:-1])
    assert messages(manager) == ["The last day of PIANO of Emma Jones is 31 Jul 2026 now."]
    assert last_day(piano) == date(2026, 7, 31)
    assert latest() == ("Last day moved", {"end_on": ["2026-06-30", "2026-07-31"]})
    assert Audit.select().order_by(Audit.id.desc()).get().reason == "was ill"


def test_it_never_ends_whatever_day_stands_there(manager: Client, piano: Membership) -> None:
    answer = manager.post(url(piano), data=payload(manager, piano, never="y"), htmx=MODAL)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, EVENTS)
    assert "PIANO of Emma Jones never ends now." in answer.text
    assert last_day(piano) is None
    assert "Last day never ends not chosen yet" in words(manager.get(url(piano)))


REFUSED = [
    ({"reason": ""}, ["Say why the last day is moved."]),
    ({"reason": "  "}, ["Say why the last day is moved."]),
    ({"reason": "x" * 501}, ["At most 500 characters."]),
    ({"end_on": ""}, ["Choose the new last day, or tick “Never ends”."]),
    ({"end_on": "soon"}, ["Type the day as year-month-day, for example 2026-11-22."]),
    ({"end_on": "2026-05-31"}, ["The last day cannot be past. Remove the customer from the package instead."]),
    ({"end_on": "2026-06-30"}, ["This is the last day already."]),
    (
        {"end_on": "", "reason": ""},
        ["Choose the new last day, or tick “Never ends”.", "Say why the last day is moved."],
    ),
]


def test_what_is_refused_and_what_was_typed_stays(
    manager: Client, piano: Membership, subtests: pytest.Subtests
) -> None:
    shown = payload(manager, piano)
    for htmx, (change, sentences) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, change=change, sentences=sentences):
            answer = manager.post(url(piano), data=shown | change, htmx=htmx)
            assert (answer.status_code, said(answer, "error")) == (422, sentences)
            kept = again(answer, url(piano))
            assert kept["reason"] == (change.get("reason", "was ill")).strip()
            assert last_day(piano) == date(2026, 6, 30)


def test_not_before_it_starts(manager: Client, piano: Membership, by: User) -> None:
    later = make.add(customer("Tom"), piano.package, by=by, on=date(2026, 6, 20))
    answer = manager.post(url(later), data=payload(manager, later, end_on="2026-06-19"))
    assert (answer.status_code, said(answer, "error")) == (
        422,
        ["It starts on 20 Jun 2026; the last day cannot be before that."],
    )


def test_a_membership_that_was_changed_meanwhile(manager: Client, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    bump(piano, by)
    answer = manager.post(url(piano), data=shown)
    assert answer.status_code == 422
    assert "PIANO was changed by somebody else meanwhile. Look again." in answer.text
    assert "Last day 30 Jun 2027" in words(answer)
    assert manager.post(url(piano), data=again(answer, url(piano))).status_code == 303
    assert last_day(piano) == date(2026, 7, 31)


def test_sent_twice_it_happens_once(manager: Client, piano: Membership) -> None:
    shown = payload(manager, piano)
    assert [manager.post(url(piano), data=shown).status_code for _ in range(2)] == [303, 303]
    assert messages(manager)[1:] == ["This form was sent before. Nothing was done twice."]
    assert make.fresh(piano).version == 1


def test_what_is_inactive_is_not_extended(manager: Client, piano: Membership, by: User) -> None:
    shown = payload(manager, piano)
    memberships.remove([Removal(piano.id, 0)], by=by, on=make.DAY)
    page = manager.get(url(piano))
    assert "PIANO is removed." in page.text
    assert not has_button(page, "Extend")
    assert manager.post(url(piano), data=shown).status_code == 422
    assert "Extend" not in manager.get(address(piano, "actions")).text


def test_manage_invoices_is_needed_and_enough(frontdesk: Client, bookkeeper: Client, piano: Membership) -> None:
    check_closed(frontdesk, url(piano), url(piano) + "/preview")
    assert "Extend" not in frontdesk.get(address(piano, "actions")).text
    give_only(Permission.MANAGE_INVOICES)
    answer = bookkeeper.post(url(piano), data=payload(bookkeeper, piano))
    assert (answer.status_code, answer.location) == (303, "/")


def test_its_address(owner: Client, piano: Membership) -> None:
    check_address(owner, url(piano))
