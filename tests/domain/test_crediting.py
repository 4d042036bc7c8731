"""Crediting a part of a line: the last split part first, money back the way it came."""

import pytest

from tests import factories as f
from webapp.domain import checks, crediting, funds, memberships, voids
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import Removal
from webapp.models import CreditNote, Invoice, InvoiceLine, Item, Membership, User
from webapp.quantity import parse_quantity

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def credit(invoice: Invoice, quantity: str, *, by: User, position: int = 1) -> CreditNote:
    version = Invoice.get_by_id(invoice.id).version
    note = crediting.credit(
        invoice.id, position, parse_quantity(quantity), version=version, by=by, on=f.DAY, reason="weather"
    )
    assert not checks.faults()
    return note


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.get_by_id(invoice.id)


def test_the_standard_part_of_a_split_line_goes_first(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    lesson = Item.get(Item.name == "Lesson")
    membership = f.add(emma, piano, by=desk)
    invoice = f.save(emma, (lesson, "12"), by=desk)
    assert invoice.total_minor == f.money("550")
    assert credit(invoice, "1.5", by=desk).amount_minor == f.money("75")
    assert f.left(membership) == 0
    assert credit(invoice, "1.5", by=desk).amount_minor == f.money("70")
    assert f.left(membership) == 1000
    assert fresh(invoice).due_minor == f.money("405")
    with pytest.raises(DomainError, match="At most 9 can still be credited"):
        credit(invoice, "9.5", by=desk)


def test_what_was_paid_goes_back_where_it_came_from_last_money_first(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    lesson = Item.get(Item.name == "Lesson")
    f.pay(f.save(emma, (piano, "45"), by=desk), by=desk)
    membership = Membership.get(Membership.customer == emma)
    invoice = f.save(emma, (lesson, "2"), by=desk)
    f.pay(invoice, ("cash", "45"), ("account", "45"), by=desk)
    assert f.funds(membership) == 0
    credit(invoice, "1.5", by=desk)
    assert f.funds(membership) == f.money("45")
    assert f.general(emma) == f.money("22.50")
    assert f.left(membership) == 9500
    assert fresh(invoice).status == "paid"


def test_crediting_the_unpaid_rest_makes_the_invoice_paid(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50", tax="8")
    invoice = f.save(emma, (lesson, "2"), by=desk)
    f.pay(invoice, ("cash", "54"), by=desk)
    assert fresh(invoice).status == "open"
    assert credit(invoice, "1", by=desk).amount_minor == f.money("54")
    assert fresh(invoice).status == "paid"


def test_a_credited_draw_reopens_what_was_completed(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    lesson = Item.get(Item.name == "Trio lesson")
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership = Membership.get(Membership.customer == emma)
    invoice = f.save(emma, (lesson, "3"), by=desk)
    f.pay(invoice, ("account", "100"), by=desk)
    assert f.fresh(membership).reason == "completed"
    assert credit(invoice, "1", by=desk).amount_minor == 3333
    assert f.fresh(membership).is_active
    assert f.funds(membership) == 3333
    again = f.save(emma, (lesson, "1"), by=desk)
    assert again.total_minor == 3333
    f.pay(again, ("account", "33.33"), by=desk)
    assert f.fresh(membership).reason == "completed"
    assert not checks.faults()


def test_a_credited_invoice_can_still_be_voided(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    lesson = Item.get(Item.name == "Lesson")
    membership = f.add(emma, piano, by=desk)
    invoice = f.save(emma, (lesson, "2"), by=desk)
    f.pay(invoice, by=desk)
    credit(invoice, "0.5", by=desk)
    voids.void(invoice.id, reason="mistake", by=desk, on=f.DAY)
    assert f.left(membership) == 10000
    assert f.general(emma) == f.money("90")
    assert not checks.faults()


def test_a_credited_draw_of_a_removed_membership_can_still_be_voided(desk: User) -> None:
    """What the credit gave back has gone on to general funds; the payment alone brings back more than that."""
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    membership, lesson = f.bought(emma), Item.get(Item.name == "Lesson")
    invoice = f.settle(f.save(emma, (lesson, "2"), by=desk), by=desk)
    credit(invoice, "1", by=desk)
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)
    assert f.general(emma) == f.money("405")
    voids.void(invoice.id, reason="mistake", by=desk, on=f.DAY)
    assert (f.general(emma), f.left(membership)) == (f.money("450"), 10000)
    assert not checks.faults()


def test_a_credit_never_overdraws_what_a_completion_left_over(desk: User) -> None:
    """The package would be active again, and the 100.00 that its completion moved are spent."""
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership, lesson = f.bought(emma), Item.get(Item.name == "Trio lesson")
    lessons = f.pay(f.save(emma, (lesson, "3"), by=desk), by=desk)
    funds.withdraw(emma, f.method("cash"), 10000, by=desk, on=f.DAY, reason="asked")
    with pytest.raises(DomainError, match=r"General funds would be 66\.67 short"):
        credit(lessons, "1", by=desk)
    assert (f.fresh(membership).reason, f.general(emma)) == ("completed", 0)
    assert not checks.faults()


def test_several_credits_add_up_to_the_line(desk: User) -> None:
    emma = f.somebody()
    clay = f.item("Visit", "9.1666", tax="5.5")
    invoice = f.save(emma, (clay, "7"), by=desk)
    line = InvoiceLine.get(InvoiceLine.invoice == invoice)
    notes = [credit(invoice, "1", by=desk).amount_minor for _ in range(7)]
    assert sum(notes) == line.total_minor
    assert fresh(invoice).status == "paid"


def test_refusals(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.save(emma, (piano, None), by=desk)
    with pytest.raises(DomainError, match="refunded from its membership"):
        credit(sale, "1", by=desk)
    with pytest.raises(Changed):
        crediting.credit(sale.id, 1, 1000, version=sale.version + 9, by=desk, on=f.DAY, reason="x")
    with pytest.raises(DomainError, match="Say why"):
        crediting.credit(sale.id, 1, 1000, version=sale.version, by=desk, on=f.DAY, reason=" ")


def test_the_second_who_credits_a_paid_invoice_sees_that_it_changed(desk: User) -> None:
    invoice = f.pay(f.save(f.somebody(), (f.item("Lesson", "50"), "4"), by=desk), by=desk)
    credit(invoice, "1", by=desk)
    with pytest.raises(Changed):
        crediting.credit(invoice.id, 1, 1000, version=invoice.version, by=desk, on=f.DAY, reason="weather")
    assert CreditNote.select().count() == 1
