"""Voiding: everything goes back to where it came from, and what cannot is refused."""

from datetime import date, timedelta

import pytest

from tests import factories as f
from webapp.domain import crediting, ledger, memberships, voids
from webapp.domain.errors import DomainError
from webapp.domain.memberships import Removal
from webapp.models import Customer, Invoice, Item, Membership, Package, User

pytestmark = pytest.mark.usefixtures("proven")


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


def void(invoice: Invoice, *, by: User, on: date = f.DAY, money: str = "account") -> Invoice:
    return voids.void(invoice.id, reason="a mistake", by=by, on=on, money=money)


def remove(membership: Membership, *, by: User) -> None:
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=by, on=f.DAY)


def paid_by(customer: Customer, package: Package, *, by: User) -> Membership:
    """The package sold and paid."""
    f.pay(f.save(customer, (package, None), by=by), by=by)
    return f.bought(customer)


def test_a_sale_whose_draws_were_all_credited_can_be_voided(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.save(emma, (piano, None), by=desk)
    f.pay(sale, by=desk)
    membership, use = f.bought(emma), f.save(emma, (thing("Lesson"), "2"), by=desk)
    f.settle(use, by=desk)
    credit(use, 1000, by=desk)
    with pytest.raises(DomainError, match="already used some of it"):
        void(sale, by=desk)
    credit(use, 1000, by=desk)
    assert void(sale, by=desk).status == "void"
    assert (f.fresh(membership).reason, f.left(membership), f.funds(membership)) == ("voided", 10000, 0)
    assert f.general(emma) == f.money("450")
    assert void(use, by=desk).status == "void"
    assert f.general(emma) == f.money("450")


def credit(invoice: Invoice, quantity: int, *, by: User) -> None:
    version = Invoice.get_by_id(invoice.id).version
    crediting.credit(invoice.id, 1, quantity, version=version, by=by, on=f.DAY, reason="did not happen")


def test_money_goes_back_to_where_it_came_from(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = paid_by(emma, piano, by=desk)
    invoice = f.save(emma, (thing("Lesson"), "2"), by=desk)
    f.pay(invoice, ("card", "30"), ("account", "60"), by=desk)
    assert f.funds(membership) == f.money("390")
    assert void(invoice, by=desk).status == "void"
    assert (f.funds(membership), f.general(emma), f.left(membership)) == (f.money("450"), f.money("30"), 10000)
    assert ledger.balance(ledger.method(f.method("card").id)) == f.money("30")


def test_money_refunded(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), by=desk), ("card", "450"), by=desk)
    void(sale, by=desk, money="refunded")
    assert f.fresh(f.bought(emma)).reason == "voided"
    assert (f.general(emma), ledger.balance(ledger.method(f.method("card").id))) == (0, 0)


def test_a_sale_with_draws_elsewhere_is_not_voided(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    lesson = f.save(emma, (thing("Lesson"), "1"), by=desk)
    with pytest.raises(DomainError, match=lesson.code):
        void(sale, by=desk)
    void(lesson, by=desk)
    void(sale, by=desk)
    assert f.fresh(f.bought(emma)).reason == "voided"


def test_a_sale_whose_money_moved_on_is_not_voided(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    remove(f.bought(emma), by=desk)
    with pytest.raises(DomainError, match=r"450\.00 below zero"):
        void(sale, by=desk)
    assert (f.general(emma), Invoice.get_by_id(sale.id).status) == (f.money("450"), "paid")


def test_a_deposit_that_was_spent_is_not_refunded(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    deposit = f.pay(f.save(emma, "100", by=desk), by=desk)
    f.pay(f.save(emma, (thing("Lesson"), "1"), by=desk), ("account", "50"), by=desk)
    with pytest.raises(DomainError, match=r"50\.00 short"):
        void(deposit, by=desk, money="refunded")
    void(deposit, by=desk)
    assert f.general(emma) == f.money("50")


def test_a_draw_of_a_removed_membership(desk: User) -> None:
    """The units return to it, its money goes on to general funds."""
    emma, piano = f.somebody(), f.piano()
    membership = paid_by(emma, piano, by=desk)
    lesson = f.settle(f.save(emma, (thing("Lesson"), "1"), by=desk), by=desk)
    remove(membership, by=desk)
    void(lesson, by=desk)
    assert (f.left(membership), f.funds(membership), f.general(emma)) == (10000, 0, f.money("450"))
    assert f.fresh(membership).reason == "removed"


def test_a_draw_of_a_membership_that_expired_since(desk: User) -> None:
    emma, piano = f.somebody(), f.piano(validity="days", validity_count=30)
    membership = paid_by(emma, piano, by=desk)
    lesson = f.settle(f.save(emma, (thing("Lesson"), "1"), by=desk), by=desk)
    void(lesson, by=desk, on=f.DAY + timedelta(days=31))
    assert f.fresh(membership).reason == "expired"
    assert (f.left(membership), f.funds(membership), f.general(emma)) == (10000, 0, f.money("450"))


def test_an_unpaid_sale_of_a_removed_membership(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), (thing("Lesson"), "1"), by=desk), ("cash", "200"), by=desk)
    membership = f.bought(emma)
    remove(membership, by=desk)
    assert f.due(sale) == f.money("45")
    with pytest.raises(DomainError, match=r"200\.00 below zero"):
        void(sale, by=desk)
    assert f.pay(sale, by=desk).status == "paid"


def test_the_old_membership_stays_ended_while_a_new_one_is_active(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    first = paid_by(emma, trio, by=desk)
    lessons = [f.settle(f.save(emma, (thing("Trio lesson"), "1"), by=desk), by=desk) for _ in range(3)]
    second = paid_by(emma, trio, by=desk)
    void(lessons[1], by=desk)
    assert f.fresh(first).reason == "completed"
    assert f.fresh(second).is_active
    assert (f.left(first), f.funds(first), f.general(emma)) == (1000, 0, 3334)


def test_a_package_used_up_on_its_own_invoice_while_a_new_one_is_active(desk: User) -> None:
    """What its completion moved to general funds comes back first, so that the sale can be taken back."""
    emma, trio = f.somebody(), f.trio()
    whole = f.pay(f.save(emma, (trio, None), (thing("Trio lesson"), "3"), by=desk), by=desk)
    first = f.bought(emma)
    assert (f.fresh(first).reason, f.general(emma)) == ("completed", f.money("100"))
    paid_by(emma, trio, by=desk)
    void(whole, by=desk, money="refunded")
    assert (f.left(first), f.funds(first), f.general(emma)) == (3000, 0, 0)
    assert f.fresh(first).reason == "completed"


def chain(emma: Customer, *, by: User) -> tuple[Membership, Membership, Invoice, Invoice]:
    """Two used-up packages and two invoices: the last payment of the one completes the first package, which credits
    the rest of its sale on the other, which is thereby paid and completes the second."""
    trio, duet = f.trio(), f.package("DUET", (f.item("Duet", "60.00"), "2", "100.00"))
    second = paid_by(emma, duet, by=by)
    both = f.save(emma, (trio, None), (thing("Duet"), "2"), by=by)
    first = f.bought(emma)
    f.pay(both, ("cash", "40"), ("account", "100"), by=by)
    lessons = f.save(emma, (thing("Trio lesson"), "3"), by=by)
    assert f.fresh(second).is_active
    f.pay(lessons, ("account", "40"), ("cash", "60"), by=by)
    assert (f.fresh(first).reason, f.fresh(second).reason) == ("completed", "completed")
    assert Invoice.get_by_id(both.id).status == "paid"
    return first, second, both, lessons


def test_everything_that_a_completion_brought_about_is_taken_back(desk: User) -> None:
    emma = f.somebody()
    first, second, both, lessons = chain(emma, by=desk)
    void(lessons, by=desk, money="refunded")
    assert f.fresh(first).is_active
    assert (f.left(first), f.funds(first)) == (3000, 4000)
    assert (Invoice.get_by_id(both.id).status, f.due(both)) == ("open", 6000)
    assert f.fresh(second).is_active, "its two duets are on an invoice that is due again"
    assert (f.left(second), f.used(second)) == (0, 0)
    f.pay(both, by=desk)
    assert f.fresh(second).reason == "completed"


def test_the_other_invoice_of_a_chain(desk: User) -> None:
    emma = f.somebody()
    first, second, both, lessons = chain(emma, by=desk)
    with pytest.raises(DomainError, match=lessons.code):
        void(both, by=desk)
    void(lessons, by=desk)
    void(both, by=desk)
    assert (f.fresh(first).reason, f.left(first)) == ("voided", 3000)
    assert f.fresh(second).is_active
    assert (f.left(second), f.funds(second)) == (2000, f.money("100"))
