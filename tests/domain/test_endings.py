"""How memberships end together, and by themselves."""

from datetime import timedelta

import pytest

from tests import factories as f
from webapp.domain import memberships
from webapp.domain.errors import Changed
from webapp.domain.memberships import Removal, expire_due
from webapp.models import Customer, Invoice, Item, Membership, User

pytestmark = pytest.mark.usefixtures("proven")

THEN = f.DAY + timedelta(days=31)


def half_paid(emma: Customer, *, by: User, **validity: object) -> tuple[Membership, Membership, Invoice]:
    """Two memberships: 100.00 of the first were never paid, which is all that keeps the second from being complete."""
    piano = f.piano(**validity)
    duet = f.package("DUET", (f.item("Duet", "60.00"), "2", "100.00"), **validity)
    first, second = f.add(emma, piano, by=by), f.add(emma, duet, by=by)
    invoice = f.save(emma, (duet, None), (piano, None), (Item.get(Item.name == "Duet"), "2"), by=by)
    f.pay(invoice, ("cash", "450"), ("account", "100"), by=by)
    assert f.due(invoice) == f.money("100")
    return first, second, invoice


def test_two_expire_on_one_day_and_the_first_completes_the_second(desk: User) -> None:
    first, second, invoice = half_paid(f.somebody(), by=desk, validity="days", validity_count=30)
    assert expire_due(THEN) == 1
    assert (f.fresh(first).reason, f.fresh(second).reason) == ("expired", "completed")
    assert Invoice.get_by_id(invoice.id).status == "paid"
    assert expire_due(THEN) == 0


def test_two_removed_together_and_the_first_completes_the_second(desk: User) -> None:
    first, second, invoice = half_paid(f.somebody(), by=desk)
    both = [Removal(m.id, f.fresh(m).version) for m in (first, second)]
    removed = memberships.remove(both, by=desk, on=f.DAY)
    assert (f.fresh(first).reason, f.fresh(second).reason) == ("removed", "completed")
    assert removed == [first]
    assert Invoice.get_by_id(invoice.id).status == "paid"


def test_a_removal_of_something_else_than_was_shown_removes_nothing(desk: User) -> None:
    first, second, _ = half_paid(f.somebody(), by=desk)
    shown = [Removal(first.id, f.fresh(first).version), Removal(second.id, f.fresh(second).version + 1)]
    with pytest.raises(Changed, match="DUET"):
        memberships.remove(shown, by=desk, on=f.DAY)
    assert f.fresh(first).is_active


def test_a_missed_night_changes_nothing(desk: User) -> None:
    """What is over is over at the next act on the customer's money, whether the daily command ran or not."""
    emma, piano = f.somebody(), f.piano(validity="days", validity_count=30)
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    membership = f.bought(emma)
    invoice = f.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=desk, on=THEN)
    assert f.lines(invoice) == [("standard", 1000, 5000)]
    assert (f.fresh(membership).reason, f.fresh(membership).inactive_on) == ("expired", THEN)
    assert (f.funds(membership), f.general(emma)) == (0, f.money("450"))


def test_a_membership_that_is_over_does_not_stand_in_the_way_of_the_next(desk: User) -> None:
    emma, piano = f.somebody(), f.piano(validity="days", validity_count=30)
    f.add(emma, piano, by=desk)
    invoice = f.save(emma, (piano, None), by=desk, on=THEN)
    assert invoice.total_minor == f.money("450")
    assert Membership.select().count() == 2
