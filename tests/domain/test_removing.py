"""Remove from Package: what it would do is stated in full, and that is what it does."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest

from tests import factories as make
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import Removal, expire_due
from webapp.domain.quoting import quote
from webapp.domain.removing import Leaving, consequences, mark, remove
from webapp.models import Audit, Customer, Invoice, Item, Membership, User

pytestmark = pytest.mark.usefixtures("proven")

Queries = Callable[[], AbstractContextManager[list[str]]]


def look(*memberships: Membership) -> list[Leaving]:
    return consequences([membership.id for membership in memberships])


def go(seen: list[Leaving], desk: User, reason: str = "") -> list[Membership]:
    return remove([it.removal for it in seen], shown=mark(seen), by=desk, on=make.DAY, reason=reason)


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


@pytest.fixture
def pilot(desk: User) -> Customer:
    """Paid 2,000.00 of PPL, was billed 500.00 more; flew 10.0 h, paid, and 2.0 h, unpaid; has a draft."""
    pilot, ppl = make.somebody("Pia Lot"), make.ppl()
    make.pay(make.save(pilot, (ppl, "2000"), by=desk), by=desk)
    make.pay(make.save(pilot, (thing("C172"), "10"), by=desk), ("account", "1200"), by=desk)
    make.save(pilot, (thing("C172"), "2"), (thing("Instruction"), "1"), by=desk)
    make.save(pilot, (ppl, "500"), by=desk)
    make.draft(pilot, (thing("C172"), "1"), by=desk)
    make.draft(pilot, "100", by=desk)
    return pilot


def test_everything_is_stated(pilot: Customer) -> None:
    [it] = look(make.bought(pilot))
    assert (it.customer, it.package, it.status, it.is_active) == ("Pia Lot", "PPL", "active", True)
    assert (it.funds_minor, it.general_minor) == (80_000, 0)
    left = [(item.name, item.included_milli - item.used_milli - item.reserved_milli) for item in it.items]
    assert left == [("C172", 28_000), ("Instruction", 19_000)]
    assert [(invoice.code, invoice.amount_minor) for invoice in it.kept] == [("2026-0003", 29_500)]
    assert [(invoice.code, invoice.amount_minor) for invoice in it.credited] == [("2026-0004", 50_000)]
    assert it.credited_minor == 50_000
    draft = Invoice.get((Invoice.status == "draft") & (Invoice.id == it.drafts[0]))
    assert it.drafts == (draft.id,)


def test_it_does_what_was_stated(pilot: Customer, desk: User) -> None:
    seen = look(make.bought(pilot))
    [removed] = go(seen, desk, "moved away")
    assert (removed.state, removed.reason, removed.inactive_on) == ("inactive", "removed", make.DAY)
    assert (make.funds(removed), make.general(pilot)) == (0, 80_000)
    kept, credited = (Invoice.get_by_id(seen[0].kept[0].id), Invoice.get_by_id(seen[0].credited[0].id))
    assert (kept.status, kept.due_minor) == ("open", 29_500)
    assert (credited.status, credited.due_minor) == ("paid", 0)
    assert make.save(pilot, (thing("C172"), "1"), by=desk).total_minor == 15_000
    entry = Audit.get(Audit.act == "Removed from package")
    assert (entry.user, entry.customer, entry.reason) == (desk, pilot, "moved away")


def test_an_example_of_funds_that_go_to_general_funds(desk: User) -> None:
    emma, ppl = make.somebody(), make.ppl()
    make.pay(make.save(emma, (ppl, "2000"), by=desk), by=desk)
    make.settle(make.save(emma, (thing("C172"), "10"), (thing("Instruction"), "5"), by=desk), by=desk)
    seen = look(make.bought(emma))
    assert seen[0].funds_minor == 52_500
    go(seen, desk)
    assert make.general(emma) == 52_500
    assert make.funds(make.bought(emma)) == 0


def test_a_draft_takes_standard_rates_afterwards(desk: User) -> None:
    emma, ppl = make.somebody(), make.ppl()
    membership = make.add(emma, ppl, by=desk)
    unpaid = make.save(emma, (thing("C172"), "1"), by=desk)
    draft = make.draft(emma, (thing("C172"), "2"), by=desk)
    [seen] = look(membership)
    assert seen.drafts == (draft.id,)
    go([seen], desk)
    assert quote(draft).total_minor == 30_000
    assert Invoice.get_by_id(unpaid.id).due_minor == 12_000


def test_several_at_once_in_the_order_of_names(desk: User) -> None:
    piano = make.piano()
    zoe, ann = make.add(make.somebody("Zoe"), piano, by=desk), make.add(make.somebody("Ann"), piano, by=desk)
    seen = look(zoe, ann, zoe)
    assert [it.customer for it in seen] == ["Ann", "Zoe"]
    assert {membership.id for membership in go(seen, desk)} == {zoe.id, ann.id}
    assert [it.status for it in look(zoe, ann)] == ["removed", "removed"]


def test_all_or_none(desk: User) -> None:
    piano = make.piano()
    one, other = make.add(make.somebody("Ann"), piano, by=desk), make.add(make.somebody("Ben"), piano, by=desk)
    seen = look(one, other)
    go(look(other), desk)
    with pytest.raises(Changed, match="Ben in PIANO was changed by somebody else"):
        go(seen, desk)
    assert make.fresh(one).is_active


def test_money_that_came_meanwhile_is_shown_first(pilot: Customer, desk: User) -> None:
    membership = make.bought(pilot)
    seen = look(membership)
    make.pay(Invoice.get_by_id(seen[0].credited[0].id), ("cash", "200"), by=desk)
    with pytest.raises(Changed, match="Look at it again"):
        go(seen, desk)
    assert make.fresh(membership).is_active
    assert make.funds(membership) == 100_000
    go(look(membership), desk)
    assert make.general(pilot) == 100_000


@pytest.mark.parametrize("shown", ["", "x" * 24])
def test_what_was_not_shown_is_not_done(desk: User, shown: str) -> None:
    membership = make.add(make.somebody(), make.piano(), by=desk)
    with pytest.raises(Changed):
        remove([Removal(membership.id, 0)], shown=shown, by=desk, on=make.DAY)
    assert make.fresh(membership).is_active


def test_nobody_chosen_and_nobody_there(desk: User) -> None:
    assert consequences([]) == consequences([2**62]) == []
    with pytest.raises(DomainError, match="Choose at least one customer"):
        remove([], shown=mark([]), by=desk, on=make.DAY)
    with pytest.raises(Changed, match="A membership was changed"):
        remove([Removal(2**62, 0)], shown=mark([]), by=desk, on=make.DAY)


def test_twice_is_once(desk: User) -> None:
    membership = make.add(make.somebody(), make.piano(), by=desk)
    seen = look(membership)
    go(seen, desk)
    with pytest.raises(Changed):
        go(seen, desk)


def test_a_membership_that_ended_by_itself(desk: User) -> None:
    membership = make.add(make.somebody(), make.piano(validity="date", last_day=date(2026, 6, 30)), by=desk)
    seen = look(membership)
    expire_due(date(2026, 7, 1))
    with pytest.raises(Changed):
        remove([seen[0].removal], shown=mark(seen), by=desk, on=date(2026, 7, 1))
    assert make.fresh(membership).reason == "expired"


def test_as_many_queries_for_many_as_for_few(desk: User, queries: Queries) -> None:
    piano = make.piano()
    found = [make.add(make.somebody(f"Person {n}"), piano, by=desk) for n in range(30)]
    with queries() as few:
        look(found[0])
    with queries() as many:
        look(*found)
    assert len(many) == len(few) <= 8
