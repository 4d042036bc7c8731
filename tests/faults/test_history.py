"""The judge of the faults can judge: what is lost, doubled or without its key is seen."""

import contextlib
from typing import Any

import peewee
import pytest

from tests import factories as make
from tests.faults.history import History, Payment, _compare
from tests.faults.shop import Answer, Debtor
from webapp.db import utcnow
from webapp.models import FormKey, User

NOBODY = Debtor(0, 0)


class Here:
    """A shop whose database is connected already."""

    connected = staticmethod(contextlib.nullcontext)


def judged(history: History) -> tuple[int, int]:
    shop: Any = Here()
    return _compare(shop, history, [])


@pytest.fixture
def history(business: peewee.Database, cast: dict[str, User]) -> History:
    """One payment that was acknowledged and one that was not, both in the books."""
    invoice = make.save(make.somebody(), (make.item("Book", "100"), "1"), by=cast["owner"])
    made = History()
    for status in (303, 0):
        payment = made.begin(NOBODY)
        made.note(payment, Answer(status))
        make.pay(invoice, ("cash", f"{payment.minor / 100:.2f}"), by=cast["owner"])
        keep(payment)
    return made


def keep(payment: Payment) -> None:
    FormKey.create(form_key=payment.key, digest="", result="/", created_at=utcnow())


def test_all_is_well(history: History) -> None:
    assert judged(history) == (0, 0)


def test_what_was_acknowledged_and_is_not_there_is_lost(history: History) -> None:
    history.note(history.begin(NOBODY), Answer(303))
    assert judged(history) == (1, 0)


def test_what_a_page_says_was_saved_must_be_there(history: History) -> None:
    history.note(history.begin(NOBODY), Answer(503, "<p>It was saved</p>"))
    assert judged(history) == (1, 0)


def test_what_was_not_acknowledged_may_be_there_or_not(history: History) -> None:
    history.begin(NOBODY)
    assert judged(history) == (0, 0)


def test_a_payment_without_its_key_is_half_done(history: History) -> None:
    history.payments[1].key = "another key than the one it came with"
    assert judged(history) == (0, 1)


def test_a_key_without_its_payment_is_half_done(history: History) -> None:
    keep(history.begin(NOBODY))
    assert judged(history) == (0, 1)


def test_a_payment_that_is_there_twice_is_seen(history: History, cast: dict[str, User]) -> None:
    invoice = make.save(make.somebody("Ben"), (make.item("Pen", "100"), "1"), by=cast["owner"])
    make.pay(invoice, ("cash", f"{history.payments[0].minor / 100:.2f}"), by=cast["owner"])
    assert judged(history) == (0, 1)


@pytest.mark.parametrize(
    "status, text, is_honest",
    [
        (503, "Nothing was saved.", True),
        (503, "It works!", False),
        (500, "It is not known whether this was saved", True),
        (500, "Something went wrong here", False),
        (502, "Bad gateway", False),
        (0, "", True),
    ],
)
def test_a_page_that_says_nothing_of_use_is_noted(status: int, text: str, is_honest: bool) -> None:
    history = History()
    history.note(history.begin(NOBODY), Answer(status, text))
    assert bool(history.dishonest) != is_honest


def test_an_outage_is_the_longest_time_in_which_nobody_got_through(monkeypatch: pytest.MonkeyPatch) -> None:
    history, moments = History(), iter([1.0, 1.5, 4.5, 5.0])
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    for _ in range(4):
        history.note(history.begin(NOBODY), Answer(303))
    assert history.outage() == 3.0
