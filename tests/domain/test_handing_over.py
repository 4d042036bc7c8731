"""Transferring a membership to another customer, and merging a customer who was entered twice."""

from typing import Any

import pytest

from tests import factories as f
from webapp.domain import bounces, checks, crediting, drafts, funds, merging, reinstating, transferring, voids
from webapp.domain.errors import Changed, DomainError
from webapp.models import Customer, Invoice, Item, Membership, Payment, PaymentMethod, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def hand_over(membership: Membership, to: Customer, *, by: User) -> Membership:
    version = f.fresh(membership).version
    new = transferring.transfer(membership.id, to, version=version, by=by, on=f.DAY, reason="moves away")
    assert not checks.faults()
    return new


def test_what_is_left_undrawn_and_paid_in_goes_over(desk: User) -> None:
    emma, tom, trio = f.somebody(), f.somebody("Tom"), f.trio()
    lesson = Item.get(Item.name == "Trio lesson")
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    f.pay(f.save(emma, (lesson, "1"), by=desk), ("account", "33.33"), by=desk)
    old = Membership.get(Membership.customer == emma)
    new = hand_over(old, tom, by=desk)
    assert (f.left(new), f.funds(new), new.price_minor) == (2000, 6667, 6667)
    assert (f.fresh(old).reason, f.funds(old), f.general(emma)) == ("removed", 0, 0)
    assert "handed over" in (reinstating.why_not_reinstate(f.fresh(old)) or "")
    last = f.save(tom, (lesson, "2"), by=desk)
    f.pay(last, ("account", "66.67"), by=desk)
    assert f.fresh(new).reason == "completed"
    assert not checks.faults()


def test_refusals_of_a_transfer(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    f.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=desk)
    for other, sentence in (
        (f.somebody("Tom"), "must be paid or voided first"),
        (f.somebody("Kim", role="Cash Only"), "no Make Purchases on Account"),
        (emma, "another customer"),
    ):
        with pytest.raises(DomainError, match=sentence):
            hand_over(membership, other, by=desk)


def test_a_merged_customer_gives_everything_to_the_other(desk: User) -> None:
    emma, double, piano = f.somebody(), f.somebody("Emma Jnoes"), f.piano()
    funds.deposit(double, f.method("cash"), f.money("100"), by=desk, on=f.DAY)
    membership = f.add(double, piano, by=desk)
    lesson = Item.get(Item.name == "Lesson")
    invoice = f.save(double, (lesson, "1"), by=desk)
    f.pay(invoice, ("account", "45"), by=desk)
    merging.merge(double, emma, by=desk, on=f.DAY)
    assert not checks.faults()
    assert (f.general(emma), f.general(double)) == (f.money("55"), 0)
    assert f.fresh(membership).customer_id == emma.id
    voids.void(invoice.id, reason="x", by=desk, on=f.DAY)
    assert (f.general(emma), f.general(double)) == (f.money("100"), 0)
    assert not checks.faults()


@pytest.mark.parametrize("act", ["bounce", "void", "credit"])
def test_nothing_stays_with_who_was_merged(desk: User, act: str) -> None:
    """Each takes back what put money on the second's account: a deposit, and what a completed package left over."""
    emma, double, trio = f.somebody(), f.somebody("Emma Jnoes"), f.trio()
    lessons = f.save(double, (trio, None), (Item.get(Item.name == "Trio lesson"), "3"), "50", by=desk)
    f.pay(lessons, ("check", "250"), by=desk)
    assert f.general(double) == f.money("150")
    merging.merge(double, emma, by=desk, on=f.DAY)
    if act == "bounce":
        bounces.bounce(Payment.get().id, by=desk, on=f.DAY)
    elif act == "void":
        voids.void(lessons.id, reason="x", by=desk, on=f.DAY, money="refunded")
    else:
        version = Invoice.get_by_id(lessons.id).version
        crediting.credit(lessons.id, 2, 1000, version=version, by=desk, on=f.DAY, reason="ill")
    assert (f.general(emma), f.general(double)) == (f.money("83.33") if act == "credit" else 0, 0)
    assert not checks.faults()


def test_not_while_both_are_in_the_same_package(desk: User) -> None:
    emma, double, piano = f.somebody(), f.somebody("Emma Jnoes"), f.piano()
    for customer in (emma, double):
        f.add(customer, piano, by=desk)
    with pytest.raises(DomainError, match="Both are active in PIANO"):
        merging.merge(double, emma, by=desk, on=f.DAY)


def test_a_merged_customer_is_done_with(desk: User) -> None:
    """Their drafts carry the other's name, and nothing new begins for them."""
    emma, double, lesson = f.somebody(), f.somebody("Emma Jnoes"), f.item("Lesson", "50")
    issued, draft = f.save(double, (lesson, "1"), by=desk), f.draft(double, (lesson, "1"), by=desk)
    merging.merge(double, emma, by=desk, on=f.DAY)
    assert Invoice.get_by_id(draft.id).customer_name == "Emma Jones"
    assert Invoice.get_by_id(issued.id).customer_name == "Emma Jnoes"
    cash = f.method("cash")
    facts: dict[str, Any] = {"by": desk, "on": f.DAY}
    for act in (
        lambda: funds.deposit(double, cash, 100, **facts),
        lambda: funds.withdraw(double, cash, 100, reason="x", **facts),
        lambda: funds.adjust(double, 100, reason="x", **facts),
        lambda: merging.merge(double, f.somebody("Tom"), **facts),
        lambda: merging.merge(emma, double, **facts),
        lambda: drafts.begin(double, **facts),
    ):
        with pytest.raises(Changed, match="Emma Jnoes was merged into Emma Jones"):
            act()
    assert not checks.faults()


def test_not_while_account_is_switched_off(desk: User) -> None:
    membership = f.add(f.somebody(), f.piano(), by=desk)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    with pytest.raises(DomainError, match="Account payment method is switched off"):
        hand_over(membership, f.somebody("Tom"), by=desk)
