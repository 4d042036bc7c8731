"""Bringing removed and expired memberships back, moving the last day, and forfeited money."""

from datetime import date, timedelta

import pytest

from tests import factories as f
from webapp.domain import checks, drafts, memberships, reinstating
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import Removal
from webapp.domain.settling import forfeited_left
from webapp.models import Company, Invoice, Item, Membership, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def remove(membership: Membership, *, by: User) -> Membership:
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=by, on=f.DAY)
    assert not checks.faults()
    return f.fresh(membership)


def reinstate(membership: Membership, *, by: User, on: date = f.DAY, end_on: date | None = None) -> Membership:
    now = f.fresh(membership)
    back = reinstating.reinstate(now.id, version=now.version, by=by, on=on, reason="came back", end_on=end_on)
    assert not checks.faults()
    return back


def sold(desk: User, paid: str = "450", **validity: object) -> Membership:
    """Emma in PIANO, billed in full and paid that much in cash."""
    emma, piano = f.somebody(), f.piano(**validity)
    f.pay(f.save(emma, (piano, None), by=desk), ("cash", paid), by=desk)
    return Membership.get(Membership.customer == emma)


def test_what_the_removal_moved_comes_back(desk: User) -> None:
    membership = sold(desk)
    remove(membership, by=desk)
    assert (f.funds(membership), f.general(membership.customer)) == (0, f.money("450"))
    assert reinstate(membership, by=desk).is_active
    assert (f.funds(membership), f.general(membership.customer)) == (f.money("450"), 0)


def test_at_most_what_is_still_there(desk: User) -> None:
    membership = sold(desk)
    remove(membership, by=desk)
    f.pay(f.save(membership.customer, (f.item("Book", "100"), "1"), by=desk), ("account", "100"), by=desk)
    assert reinstating.would_return(f.fresh(membership)) == (f.money("350"), 0, 0)
    reinstate(membership, by=desk)
    assert f.funds(membership) == f.money("350")


def test_the_credited_rest_is_owed_again_and_paid_twice_over_years(desk: User) -> None:
    membership = sold(desk, paid="200")
    sale = Invoice.get(Invoice.customer == membership.customer_id)
    for _ in range(2):
        remove(membership, by=desk)
        assert Invoice.get_by_id(sale.id).status == "paid"
        reinstate(membership, by=desk)
        assert Invoice.get_by_id(sale.id).due_minor == f.money("250")
        assert f.funds(membership) == f.money("200")


def test_a_membership_completed_after_it_came_back_reopens_without_old_credits(desk: User) -> None:
    membership = sold(desk, paid="200")
    remove(membership, by=desk)
    reinstate(membership, by=desk)
    lesson = Item.get(Item.name == "Lesson")
    invoice = f.save(membership.customer, (lesson, "10"), by=desk)
    f.pay(invoice, ("cash", "450"), by=desk)
    assert f.fresh(membership).reason == "completed"
    assert not checks.faults()
    from webapp.domain import voids

    voids.void(invoice.id, reason="x", by=desk, on=f.DAY)
    assert f.fresh(membership).is_active
    assert f.funds(membership) == f.money("200")
    assert not checks.faults()


def test_an_expired_one_needs_a_new_last_day(desk: User) -> None:
    membership = sold(desk, validity="days", validity_count=30)
    later = f.DAY + timedelta(days=31)
    assert memberships.expire_due(later) == 1
    with pytest.raises(DomainError, match="not past"):
        reinstate(membership, by=desk, on=later)
    back = reinstate(membership, by=desk, on=later, end_on=later + timedelta(days=7))
    assert back.end_on == later + timedelta(days=7)
    assert f.funds(membership) == f.money("450")


def test_forfeited_money_is_listed_comes_back_and_pays_late_lines_first(desk: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    membership = sold(desk, validity="days", validity_count=30)
    later = f.DAY + timedelta(days=31)
    memberships.expire_due(later)
    assert (forfeited_left(membership.id), f.general(membership.customer)) == (f.money("450"), 0)
    lesson = Item.get(Item.name == "Lesson")
    late = f.save(membership.customer, (lesson, "1"), by=desk, on=f.DAY + timedelta(days=30), today=later)
    assert f.lines(late) == [("draw", 1000, 4500)]
    f.pay(late, ("account", "45"), by=desk, on=later)
    assert forfeited_left(membership.id) == f.money("405")
    assert not checks.faults()
    reinstate(membership, by=desk, on=later, end_on=later + timedelta(days=30))
    assert (forfeited_left(membership.id), f.funds(membership)) == (0, f.money("405"))


def test_a_void_gives_forfeited_money_back_to_where_it_was(desk: User) -> None:
    from webapp.domain import voids

    Company.update(expiry_policy="forfeit").execute()
    membership = sold(desk, validity="days", validity_count=30)
    later = f.DAY + timedelta(days=31)
    memberships.expire_due(later)
    lesson = Item.get(Item.name == "Lesson")
    late = f.save(membership.customer, (lesson, "1"), by=desk, on=f.DAY + timedelta(days=30), today=later)
    f.pay(late, ("account", "45"), by=desk, on=later)
    voids.void(late.id, reason="x", by=desk, on=later)
    assert (forfeited_left(membership.id), f.general(membership.customer)) == (f.money("450"), 0)
    assert not checks.faults()


def test_not_while_another_is_active_and_not_when_nothing_is_left(desk: User) -> None:
    membership = sold(desk)
    remove(membership, by=desk)
    f.add(membership.customer, membership.package, by=desk)
    with pytest.raises(DomainError, match="active in another PIANO"):
        reinstate(membership, by=desk)
    trio = f.add(membership.customer, f.trio(), by=desk)
    f.save(membership.customer, (Item.get(Item.name == "Trio lesson"), "3"), by=desk)
    remove(trio, by=desk)
    with pytest.raises(DomainError, match="Nothing is left in TRIO"):
        reinstate(trio, by=desk)


def test_extend_moves_the_last_day_with_a_reason(desk: User) -> None:
    membership = sold(desk, validity="date", last_day=date(2026, 6, 30))
    with pytest.raises(DomainError, match="Say why"):
        reinstating.extend(membership.id, date(2026, 7, 31), version=0, by=desk, on=f.DAY, reason="")
    with pytest.raises(Changed):
        reinstating.extend(membership.id, date(2026, 7, 31), version=5, by=desk, on=f.DAY, reason="ill")
    with pytest.raises(DomainError, match="cannot be past"):
        reinstating.extend(membership.id, date(2026, 5, 31), version=0, by=desk, on=f.DAY, reason="ill")
    moved = reinstating.extend(membership.id, date(2026, 7, 31), version=0, by=desk, on=f.DAY, reason="ill")
    assert moved.end_on == date(2026, 7, 31)
    lesson = Item.get(Item.name == "Lesson")
    late = f.save(membership.customer, (lesson, "1"), by=desk, on=date(2026, 7, 31))
    assert f.lines(late) == [("draw", 1000, 4500)]
    never = reinstating.extend(membership.id, None, version=moved.version, by=desk, on=f.DAY, reason="for ever")
    assert never.end_on is None


def test_a_draft_reads_the_new_last_day(desk: User) -> None:
    membership = sold(desk, validity="date", last_day=date(2026, 6, 30))
    lesson = Item.get(Item.name == "Lesson")
    late = f.draft(membership.customer, (lesson, "1"), by=desk, on=date(2026, 7, 1))
    from webapp.domain.quoting import quote

    assert quote(late).total_minor == f.money("50")
    reinstating.extend(membership.id, date(2026, 7, 31), version=0, by=desk, on=f.DAY, reason="ill")
    assert quote(late).total_minor == f.money("45")
    drafts.discard(late.id)


def test_a_last_day_before_the_start_is_refused(desk: User) -> None:
    later = f.DAY + timedelta(days=60)
    membership = f.add(f.somebody(), f.piano(validity="days", validity_count=30), by=desk, on=later)
    too_early = later - timedelta(days=1)
    with pytest.raises(DomainError, match="It starts on 31 Jul 2026"):
        reinstating.extend(membership.id, too_early, version=0, by=desk, on=f.DAY, reason="ill")
    remove(membership, by=desk)
    with pytest.raises(DomainError, match="It starts on 31 Jul 2026"):
        reinstate(membership, by=desk, end_on=too_early)


def test_what_would_return_is_told_in_full(desk: User) -> None:
    membership = sold(desk, paid="200")
    sale = Invoice.get(Invoice.customer == membership.customer_id)
    remove(membership, by=desk)
    f.pay(f.save(membership.customer, (f.item("Book", "50"), "1"), by=desk), ("account", "50"), by=desk)
    back = reinstating.returning(f.fresh(membership))
    assert (back.moved_minor, back.general_minor, back.forfeited_minor) == (f.money("200"), f.money("150"), 0)
    assert back.owed == [(sale.id, sale.code, f.money("250"))]
