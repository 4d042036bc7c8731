"""A cheque that bounces: what it paid is due again, and spent package funds are covered from general funds."""

import pytest

from tests import factories as f
from webapp.domain import bounces, checks, crediting, tendering, voids
from webapp.domain.errors import Changed, DomainError
from webapp.domain.tendering import Tender
from webapp.models import Invoice, Item, Membership, MembershipItem, Payment, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def bounce(payment: Payment, *, by: User) -> None:
    bounces.bounce(payment.id, by=by, on=f.DAY)
    assert not checks.faults()


def cheque() -> Payment:
    return Payment.get(Payment.method == f.method("check"))


def test_a_lesson_is_due_again_and_its_unit_reserved(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    invoice = f.save(emma, (Item.get(Item.name == "Lesson"), "1"), by=desk)
    f.pay(invoice, ("check", "45"), by=desk)
    bounce(cheque(), by=desk)
    assert (Invoice.get_by_id(invoice.id).status, Invoice.get_by_id(invoice.id).due_minor) == ("open", 4500)
    line = MembershipItem.get(MembershipItem.membership == membership)
    assert (line.reserved_milli, line.used_milli) == (1000, 0)
    with pytest.raises(Changed):
        bounces.bounce(cheque().id, by=desk, on=f.DAY)


def test_spent_package_funds_are_covered_from_general_funds(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.save(emma, (piano, None), by=desk)
    f.pay(sale, ("check", "450"), by=desk)
    membership = Membership.get(Membership.customer == emma)
    f.pay(f.save(emma, (Item.get(Item.name == "Lesson"), "4"), by=desk), ("account", "180"), by=desk)
    bounce(cheque(), by=desk)
    assert f.funds(membership) == 0
    assert f.general(emma) == f.money("-180")
    assert Invoice.get_by_id(sale.id).due_minor == f.money("450")


def test_what_was_covered_comes_back_when_the_package_is_paid_after_all(desk: User) -> None:
    """Five hours for 408.50 by check, one of them used; it bounces, and 408.50 in cash is all that is asked for."""
    emma = f.somebody()
    block = f.package("Block", (f.item("Hour", "90"), "5", "@81.70"))
    sale = f.pay(f.save(emma, (block, None), by=desk), ("check", "408.50"), by=desk)
    f.pay(f.save(emma, (Item.get(Item.name == "Hour"), "1"), by=desk), ("account", "81.70"), by=desk)
    bounce(cheque(), by=desk)
    assert (f.general(emma), f.due(sale)) == (f.money("-81.70"), f.money("408.50"))
    [package, general] = tendering.plan(
        tendering.open_invoice(Invoice.get_by_id(sale.id)), [Tender(f.method("cash"), 20000)], keep_rest=False
    ).effects
    assert (package.after_minor, general.after_minor) == (f.money("118.30"), 0)
    f.pay(sale, ("cash", "200"), by=desk)
    assert (f.funds(f.bought(emma)), f.general(emma)) == (f.money("118.30"), 0)
    f.pay(sale, ("cash", "208.50"), by=desk)
    assert (f.funds(f.bought(emma)), f.general(emma)) == (f.money("326.80"), 0)
    assert not checks.faults()


def test_a_completed_membership_is_active_again(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    membership = f.add(emma, trio, by=desk)
    invoice = f.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=desk)
    f.pay(invoice, ("check", "100"), by=desk)
    assert f.fresh(membership).reason == "completed"
    bounce(cheque(), by=desk)
    assert f.fresh(membership).is_active


def test_after_a_void_to_the_account_it_is_taken_from_general_funds(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "1"), by=desk)
    f.pay(invoice, ("check", "50"), by=desk)
    voids.void(invoice.id, reason="x", by=desk, on=f.DAY)
    assert f.general(emma) == f.money("50")
    bounce(cheque(), by=desk)
    assert f.general(emma) == 0


def test_a_cheque_that_was_given_back_cannot_bounce(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "1"), by=desk)
    f.pay(invoice, ("check", "50"), by=desk)
    voids.void(invoice.id, reason="x", by=desk, on=f.DAY, money="refunded")
    with pytest.raises(DomainError, match="given back"):
        bounces.bounce(cheque().id, by=desk, on=f.DAY)


def test_after_a_credit_it_is_taken_from_general_funds(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "2"), by=desk)
    f.pay(invoice, ("check", "100"), by=desk)
    version = Invoice.get_by_id(invoice.id).version
    crediting.credit(invoice.id, 1, 1000, version=version, by=desk, on=f.DAY, reason="ill")
    bounce(cheque(), by=desk)
    assert f.general(emma) == f.money("-50")
    assert Invoice.get_by_id(invoice.id).status == "paid"


def test_only_cheques_bounce(desk: User) -> None:
    invoice = f.save(f.somebody(), "20", by=desk)
    f.pay(invoice, ("cash", "20"), by=desk)
    with pytest.raises(DomainError, match="Only a check"):
        bounces.bounce(Payment.get().id, by=desk, on=f.DAY)
