"""What expired, where its value went, and what came back of it."""

from datetime import timedelta

import pytest

from tests import factories as f
from webapp.domain import crediting, expiries, memberships, reinstating, settling, voids
from webapp.domain.expiries import Sums
from webapp.models import Company, Customer, Invoice, Item, Membership, Package, User

pytestmark = pytest.mark.usefixtures("proven")

LAST_DAY = f.DAY + timedelta(days=30)
AFTER = LAST_DAY + timedelta(days=1)


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def bought(customer: Customer, paid: str, *, by: User) -> Membership:
    """In PIANO, all of it invoiced for 450.00 and `paid` in cash."""
    f.pay(f.save(customer, (Package.get(), None), by=by), ("cash", paid), by=by)
    return f.bought(customer)


def listed() -> list[tuple[str, int, int, int, int]]:
    found = expiries.every_expiry(f.DAY, AFTER + timedelta(days=60))
    return [(it.name, it.returned_minor, it.forfeited_minor, it.credited_minor, it.back_minor) for it in found]


@pytest.fixture(autouse=True)
def piano(business: object) -> None:
    f.piano(validity="days", validity_count=30)


def test_returned_and_what_was_unpaid(desk: User) -> None:
    membership = bought(f.somebody(), "300", by=desk)
    f.settle(f.save(Customer.get(), (lesson(), "2"), by=desk), by=desk)
    assert memberships.expire_due(LAST_DAY) == 0
    assert memberships.expire_due(AFTER) == 1
    [one] = expiries.every_expiry(AFTER, AFTER)
    assert (one.day, one.last_day, one.membership, one.package) == (AFTER, LAST_DAY, membership.id, "PIANO")
    assert listed() == [("Emma Jones", 21000, 0, 15000, 0)]
    assert expiries.every_expiry(f.DAY, LAST_DAY) == []
    assert expiries.sums(AFTER, AFTER) == Sums(1, 21000, 0, 15000, 0)
    assert expiries.sums(f.DAY, LAST_DAY) == Sums(0, 0, 0, 0, 0)


def test_what_was_reinstated_came_back_and_may_expire_again(desk: User) -> None:
    membership = bought(f.somebody(), "450", by=desk)
    memberships.expire_due(AFTER)
    again = AFTER + timedelta(days=10)
    version = f.fresh(membership).version
    reinstating.reinstate(membership.id, version=version, by=desk, on=AFTER, reason="was ill", end_on=again)
    assert listed() == [("Emma Jones", 45000, 0, 0, 45000)]
    memberships.expire_due(again + timedelta(days=1))
    assert listed() == [("Emma Jones", 45000, 0, 0, 0), ("Emma Jones", 45000, 0, 0, 45000)]


def test_forfeited_money_comes_back_for_a_late_lesson_until_that_is_voided(desk: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    emma = f.somebody()
    bought(emma, "450", by=desk)
    memberships.expire_due(AFTER)
    assert listed() == [("Emma Jones", 0, 45000, 0, 0)]
    late = f.save(emma, (lesson(), "1"), by=desk, on=LAST_DAY, today=AFTER)
    f.pay(late, ("account", "45"), by=desk, on=AFTER)
    assert listed() == [("Emma Jones", 0, 45000, 0, 4500)]
    voids.void(late.id, reason="never came", by=desk, on=AFTER)
    assert listed() == [("Emma Jones", 0, 45000, 0, 0)]


def late_and_paid(emma: Customer, quantity: str, amount: str, *, by: User) -> Invoice:
    """Lessons of the last day, entered after it and paid with what was forfeited."""
    return f.pay(
        f.save(emma, (lesson(), quantity), by=by, on=LAST_DAY, today=AFTER), ("account", amount), by=by, on=AFTER
    )


def credited(invoice: Invoice, quantity: int, *, by: User) -> None:
    version = Invoice.get_by_id(invoice.id).version
    crediting.credit(invoice.id, 1, quantity, version=version, by=by, on=AFTER, reason="did not happen")


def test_what_forfeited_money_paid_of_a_late_lesson_is_forfeited_again_when_that_is_credited(desk: User) -> None:
    """As a void of it does: nobody gets more back by the one than by the other."""
    Company.update(expiry_policy="forfeit").execute()
    emma = f.somebody()
    bought(emma, "450", by=desk)
    memberships.expire_due(AFTER)
    late = late_and_paid(emma, "2", "90", by=desk)
    credited(late, 1000, by=desk)
    assert (listed(), f.general(emma)) == ([("Emma Jones", 0, 45000, 0, 4500)], 0)
    credited(late, 1000, by=desk)
    assert (listed(), f.general(emma)) == ([("Emma Jones", 0, 45000, 0, 0)], 0)
    voids.void(late.id, reason="never came", by=desk, on=AFTER)
    assert (listed(), f.general(emma)) == ([("Emma Jones", 0, 45000, 0, 0)], 0)
    assert settling.forfeited_left(f.bought(emma).id) == 45000


def test_what_the_customer_paid_of_a_late_lesson_is_theirs_again_when_that_is_credited(desk: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    emma = f.somebody()
    bought(emma, "45", by=desk)
    memberships.expire_due(AFTER)
    late = f.save(emma, (lesson(), "2"), by=desk, on=LAST_DAY, today=AFTER)
    f.pay(late, ("account", "45"), by=desk, on=AFTER)
    f.pay(late, ("cash", "45"), by=desk, on=AFTER)
    credited(late, 1500, by=desk)
    assert (settling.forfeited_left(f.bought(emma).id), f.general(emma)) == (2250, 4500)


def test_credited_once_forfeited_again_and_reinstated_it_stays_with_the_membership_when_voided(desk: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    emma = f.somebody()
    membership = bought(emma, "450", by=desk)
    memberships.expire_due(AFTER)
    late = late_and_paid(emma, "2", "90", by=desk)
    credited(late, 1000, by=desk)
    version = f.fresh(membership).version
    reinstating.reinstate(membership.id, version=version, by=desk, on=AFTER, reason="was ill", end_on=AFTER)
    assert f.funds(membership) == 40500
    voids.void(late.id, reason="never came", by=desk, on=AFTER)
    assert (f.funds(membership), f.general(emma)) == (45000, 0)
    assert settling.forfeited_left(membership.id) == 0


def test_what_held_nothing_is_not_listed_and_pages_follow_each_other(
    desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    f.add(f.somebody("Nothing paid"), Package.get(), by=desk)
    for name in ("Ann", "Bea", "Cal"):
        bought(f.somebody(name), "450", by=desk)
    memberships.expire_due(AFTER)
    assert [row[0] for row in listed()] == ["Cal", "Bea", "Ann"]
    monkeypatch.setattr(expiries, "SHOWN", 2)
    first = expiries.expiries(f.DAY, AFTER, "")
    second = expiries.expiries(f.DAY, AFTER, first.next)
    assert [[it.name for it in page.rows] for page in (first, second)] == [["Cal", "Bea"], ["Ann"]]
    assert second.next == ""
