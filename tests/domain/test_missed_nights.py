"""A night in which nothing ended what was over changes nothing: each act finds the same as if it had."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import factories as f
from tests.conftest import Once
from webapp.db import db, rows
from webapp.domain import bounces, funds, memberships, payments, reinstating, transferring
from webapp.domain.errors import DomainError
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import Company, Group, Payment, User

pytestmark = pytest.mark.usefixtures("proven")

NEXT = f.DAY + timedelta(days=31)
"""The day after the last."""
LATER = NEXT + timedelta(days=9)


class Family:
    """A mother and her child, each with 450.00 in a package that is over on the next day; she paid for both."""

    def __init__(self, desk: User) -> None:
        self.desk, piano = desk, f.piano(validity="days", validity_count=30)
        self.mother, self.child = f.somebody("Mother"), f.somebody("Child")
        Group.update(owner=self.mother).where(Group.id == f.group("Family", self.child)).execute()
        self.gone = f.add(self.child, piano, by=desk)
        memberships.remove([Removal(self.gone.id, 0)], by=desk, on=f.DAY)
        for customer in (self.child, self.mother):
            sale = f.save(customer, (piano, None), by=desk)
            payments.pay(sale.id, [Tender(f.method("check"), 45000)], by=desk, on=f.DAY, payer=self.mother)
        self.over, self.of_mother = f.bought(self.child), f.bought(self.mother)
        self.song = f.save(self.child, (f.item("Song", "450"), "1"), by=desk)

    def extend(self) -> None:
        reinstating.extend(self.over.id, LATER, version=0, by=self.desk, on=NEXT, reason="was ill")

    def reinstate(self) -> None:
        reinstating.reinstate(self.gone.id, version=1, by=self.desk, on=NEXT, reason="is back", end_on=LATER)

    def remove(self) -> None:
        memberships.remove([Removal(self.over.id, 0)], by=self.desk, on=NEXT)

    def withdraw(self) -> None:
        funds.withdraw(self.child, f.method("cash"), 45000, by=self.desk, on=NEXT, reason="asked")

    def adjust(self) -> None:
        funds.adjust(self.child, -45000, by=self.desk, on=NEXT, reason="a mistake")

    def pay_by_another(self) -> None:
        account = Tender(f.method("account"), 45000)
        payments.pay(self.song.id, [account], by=self.desk, on=NEXT, payer=self.mother)

    def bounce_of_another(self) -> None:
        bounces.bounce(Payment.select().order_by(Payment.id).get().id, by=self.desk, on=NEXT)


@pytest.fixture
def family(once: Once, desk: User) -> Family:
    return once(Family, desk)


def outcome(act: Callable[[Family], None], family: Family, *, missed: bool) -> list[tuple[Any, ...]]:
    """What stands after the act or its refusal, when the night did its work or was missed."""
    said = "done"
    with db.atomic() as all_of_it:
        if not missed:
            memberships.expire_due(NEXT)
        try:
            with db.atomic():
                act(family)
        except DomainError as error:
            said = type(error).__name__
        memberships.expire_due(NEXT)
        found = rows("SELECT kind, ref, debits, credits FROM account ORDER BY kind, ref, label")
        states = rows("SELECT id, state, reason, end_on FROM membership ORDER BY id")
        all_of_it.rollback()
    return [(said,), *found, *states]


@pytest.mark.parametrize("policy", ["return", "forfeit"])
@pytest.mark.parametrize(
    "act",
    [
        Family.extend, Family.reinstate, Family.remove, Family.withdraw, Family.adjust, Family.pay_by_another,
        Family.bounce_of_another,
    ],
    ids=lambda act: act.__name__,
)  # fmt: skip  # a list of names
def test_a_missed_night_changes_nothing(family: Family, act: Callable[[Family], None], policy: str) -> None:
    Company.update(expiry_policy=policy).execute()
    assert outcome(act, family, missed=True) == outcome(act, family, missed=False)


def test_a_package_is_handed_over_to_somebody_whose_own_is_over(family: Family, desk: User) -> None:
    mine = reinstating.extend(family.of_mother.id, LATER, version=0, by=desk, on=f.DAY, reason="was ill")
    new = transferring.transfer(mine.id, family.child, version=mine.version, by=desk, on=NEXT, reason="a gift")
    assert (f.fresh(family.over).reason, f.funds(new)) == ("expired", 45000)
