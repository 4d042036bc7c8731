"""What was held at the end of each month, against the statements, which add up the whole books for a day."""

from datetime import date

import pytest

from tests import factories as make
from webapp.db import utcnow
from webapp.domain import ledger, statements
from webapp.domain.closings import Closing, closings, month_ends
from webapp.domain.ledger import Move
from webapp.models import Audit, PackageItem, User

TODAY = date(2026, 6, 20)


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def move(day: date, *moves: Move) -> None:
    audit = Audit.create(at=utcnow(), actor="test", act="Moved", subject="test", subject_id=1)
    part = ledger.next_part("test", "test", 1)
    ledger.post("test", "test", 1, moves, audit=audit, on=day, part=part)


def test_the_month_ends_before_today() -> None:
    assert month_ends(date(2026, 3, 1), 3) == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]
    assert month_ends(date(2026, 3, 31), 1) == [date(2026, 2, 28)]
    assert len(set(month_ends(date(2024, 2, 29), 24))) == 24


def test_nothing_at_first(desk: User) -> None:
    assert closings(TODAY, 2) == [Closing(date(2026, 4, 30), 0, 0), Closing(date(2026, 5, 31), 0, 0)]


def test_they_are_what_the_statements_say(desk: User) -> None:
    package, emma, tom = make.piano(), make.somebody(), make.somebody("Tom")
    make.pay(make.save(emma, (package, "450.00"), by=desk, on=date(2026, 1, 31)), by=desk, on=date(2026, 1, 31))
    make.pay(make.save(tom, "80.00", by=desk, on=date(2026, 2, 1)), by=desk, on=date(2026, 2, 1))
    lesson = PackageItem.get(PackageItem.package == package).item
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 1)):
        make.settle(make.save(emma, (lesson, "2"), by=desk, on=day), by=desk, on=day)
    found = closings(TODAY, 7)
    assert [(it.package_minor, it.general_minor) for it in found] == [
        (0, 0),
        (0, 0),
        (45_000, 0),
        (45_000, 8_000),
        (36_000, 8_000),
        (27_000, 8_000),
        (27_000, 8_000),
    ]
    for closing in found:
        held = statements.money_held(closing.day)
        assert (closing.package_minor, closing.general_minor) == (held.package_minor, held.general_minor)
        assert closing.total_minor == held.total_minor


def test_what_somebody_owes_is_not_taken_off(desk: User) -> None:
    """Below zero and above again, in one month and over several, beside somebody who has money all the while."""
    emma, tom = ledger.general(make.somebody().id), ledger.general(make.somebody("Tom").id)
    till = ledger.income("Sales")
    move(date(2026, 1, 5), Move(till, tom, 700))
    move(date(2026, 1, 6), Move(emma, till, 500))
    move(date(2026, 2, 6), Move(till, emma, 200))
    move(date(2026, 3, 6), Move(till, emma, 900), Move(tom, till, 1_000))
    move(date(2026, 3, 7), Move(emma, till, 600))
    move(date(2026, 4, 1), Move(till, emma, 50))
    found = closings(TODAY, 5)
    assert [it.general_minor for it in found] == [700, 700, 0, 50, 50]
    assert [it.general_minor for it in found] == [statements.money_held(it.day).general_minor for it in found]
