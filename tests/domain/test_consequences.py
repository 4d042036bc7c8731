"""What is said beforehand is what happens afterwards, and saying it changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import factories as f
from webapp.db import has_committed, rows, transactional
from webapp.domain import bounces, checks, crediting, voids
from webapp.domain.consequences import Would, consequences, would
from webapp.domain.errors import DomainError
from webapp.domain.paying import concerned
from webapp.models import Invoice, Item, Membership, Payment, User

pytestmark = pytest.mark.usefixtures("business")

KEPT = ("invoice", "invoice_line", "membership", "membership_item", "account", "journal", "transfer", "audit")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def everything() -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(f"SELECT * FROM {table} ORDER BY id") for table in KEPT}  # names above


def completed_trio(desk: User) -> tuple[Membership, Invoice]:
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    invoice = f.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=desk)
    f.pay(invoice, ("account", "100"), by=desk)
    return Membership.get(Membership.customer == emma), Invoice.get_by_id(invoice.id)


def rehearsed(act: Callable[[], object], invoice: Invoice) -> Would:
    before = everything()
    said = would(act, concerned(invoice))
    assert everything() == before
    return said


def test_a_void_is_told_and_nothing_of_it_stays(desk: User) -> None:
    membership, invoice = completed_trio(desk)
    before = everything()
    said = consequences(invoice, by=desk, on=f.DAY)
    assert everything() == before
    assert [(back.item, back.quantity_milli, back.left_after_milli) for back in said.units] == [
        ("Trio lesson", 3000, 3000)
    ]
    assert [(fund.membership, fund.before_minor, fund.after_minor) for fund in said.funds] == [
        (membership.id, 0, f.money("100"))
    ]
    assert [(state.before, state.after) for state in said.states] == [("completed", "active")]
    assert said.refusal is None
    voids.void(invoice.id, reason="wrong", by=desk, on=f.DAY)
    assert f.funds(membership) == said.funds[0].after_minor
    assert f.fresh(membership).is_active
    assert not checks.faults()


def test_a_credit_is_told_with_what_becomes_due(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "2"), by=desk)

    def act() -> None:
        crediting.credit(invoice.id, 1, 1000, version=invoice.version, by=desk, on=f.DAY, reason="weather")

    said = rehearsed(act, invoice)
    assert [(i.code, i.due_before_minor, i.due_after_minor) for i in said.invoices] == [
        (invoice.code, f.money("100"), f.money("50"))
    ]
    assert not said.funds


def test_a_bounced_check_is_told_with_the_invoice_that_is_due_again(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "1"), by=desk)
    f.pay(invoice, ("check", "50"), by=desk)
    payment = Payment.get(Payment.invoice == invoice)
    said = rehearsed(lambda: bounces.bounce(payment.id, by=desk, on=f.DAY, reason="no cover"), invoice)
    assert [(i.before, i.after, i.due_after_minor) for i in said.invoices] == [("paid", "open", f.money("50"))]


def test_who_paid_for_somebody_else_is_told_by_name(desk: User) -> None:
    invoice = f.save(f.somebody("Emma Jones"), (f.item("Lesson", "50"), "1"), by=desk)
    f.pay(invoice, by=desk)
    said = rehearsed(lambda: voids.void(invoice.id, reason="wrong", by=desk, on=f.DAY), invoice)
    assert [(fund.label, fund.whose, fund.after_minor) for fund in said.funds] == [
        ("General funds", "Emma Jones", f.money("50"))
    ]


def test_a_refusal_is_told_with_its_field(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "1"), by=desk)

    def act() -> None:
        crediting.credit(invoice.id, 1, 9000, version=invoice.version, by=desk, on=f.DAY, reason="weather")

    said = rehearsed(act, invoice)
    assert said.refusal is not None
    assert said.refusal.field == "quantity"
    assert not said.units


def test_a_rehearsal_inside_an_act_takes_back_only_itself(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    invoice = f.save(emma, (lesson, "1"), by=desk)

    @transactional
    def act() -> None:
        f.pay(invoice, ("cash", "20"), by=desk)
        would(lambda: f.pay(invoice, ("cash", "30"), by=desk), concerned(invoice))

    act()
    assert Invoice.get_by_id(invoice.id).due_minor == f.money("30")
    assert not checks.faults()


def test_saying_it_saves_nothing(desk: User) -> None:
    invoice = f.save(f.somebody(), (f.item("Lesson", "50"), "1"), by=desk)
    for before in (False, True):
        has_committed.set(before)
        consequences(invoice, by=desk, on=f.DAY)
        assert has_committed.get() is before
    has_committed.set(False)


def test_other_errors_are_not_hidden(desk: User) -> None:
    def act() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        would(act, [f.somebody().id])
    with pytest.raises(DomainError):
        voids.void(f.save(f.somebody(), (f.item("Hour", "5"), "1"), by=desk).id, reason="", by=desk, on=f.DAY)
