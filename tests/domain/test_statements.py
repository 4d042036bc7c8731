"""Statements, balances of any day, and the money held for everybody."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest

from tests import factories as f
from webapp.domain import crediting, memberships, voids
from webapp.domain.memberships import Removal
from webapp.domain.statements import balances, money_held, statement
from webapp.models import Customer, Invoice, Item, User

pytestmark = pytest.mark.usefixtures("proven")

LATER, LAST = f.DAY + timedelta(days=10), f.DAY + timedelta(days=40)


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def told(customer: Customer, first: date = f.DAY, last: date = LAST) -> list[tuple[str, str, int]]:
    return [(row.what, row.fund, row.amount_minor) for row in statement(customer.id, first, last).rows]


def test_what_happened_in_words(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "460"), by=desk, keep_rest=True)
    f.pay(f.save(emma, "30", by=desk), by=desk)
    f.pay(f.save(emma, (lesson(), "2"), by=desk), ("account", "90"), by=desk)
    f.pay(f.save(emma, (f.item("Book", "25.00"), "1"), by=desk), ("account", "25"), by=desk)
    assert told(emma) == [
        ("PIANO paid by Card, invoice 2026-0001", "PIANO", 45000),
        ("Kept on account, received by Card", "General funds", 1000),
        ("Deposit paid by Cash, invoice 2026-0002", "General funds", 3000),
        ("Invoice 2026-0003 paid by Account", "PIANO", -9000),
        ("Invoice 2026-0004 paid by Account", "General funds", -2500),
    ]


def test_a_package_paid_from_general_funds_is_two_rows(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, "450", by=desk), by=desk)
    f.settle(f.save(emma, (piano, None), by=desk), by=desk)
    assert told(emma)[1:] == [
        ("Invoice 2026-0002 paid by Account", "General funds", -45000),
        ("PIANO paid by Account, invoice 2026-0002", "PIANO", 45000),
    ]


def test_endings_and_voids_in_words(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    first = f.bought(emma)
    used = f.pay(f.save(emma, (lesson(), "10"), by=desk), ("cash", "50"), ("account", "400"), by=desk)
    voids.void(used.id, reason="too early", by=desk, on=f.DAY)
    memberships.remove([Removal(first.id, f.fresh(first).version)], by=desk, on=f.DAY)
    assert told(emma)[1:] == [
        ("Invoice 2026-0002 paid by Account", "PIANO", -40000),
        ("PIANO completed", "PIANO", -5000),
        ("PIANO completed", "General funds", 5000),
        ("PIANO active again", "General funds", -5000),
        ("PIANO active again", "PIANO", 5000),
        ("Invoice 2026-0002 voided", "PIANO", 40000),
        ("Invoice 2026-0002 voided: back to account, received by Cash", "General funds", 5000),
        ("Removed from PIANO", "PIANO", -45000),
        ("Removed from PIANO", "General funds", 45000),
    ]


def test_an_expiry_in_words(desk: User) -> None:
    emma, piano = f.somebody(), f.piano(validity="days", validity_count=30)
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    memberships.expire_due(LAST)
    assert told(emma)[1:] == [("PIANO expired", "PIANO", -45000), ("PIANO expired", "General funds", 45000)]


def test_each_row_leads_to_what_it_is_about(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    membership = f.bought(emma)
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)
    paid, out, back = statement(emma.id, f.DAY, f.DAY).rows
    assert (paid.day, paid.invoice, paid.membership) == (f.DAY, sale.id, membership.id)
    assert paid.payment is not None
    assert [(row.invoice, row.membership, row.payment) for row in (out, back)] == [(None, membership.id, None)] * 2


def test_a_closed_statement_stays_as_it_was(desk: User) -> None:
    """What is taken back is dated the day it is taken back."""
    emma, piano = f.somebody(), f.piano()
    sale = f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    closed = statement(emma.id, f.DAY, f.DAY)
    held = money_held(f.DAY)
    voids.void(sale.id, reason="a mistake", by=desk, on=LATER, money="refunded")
    assert statement(emma.id, f.DAY, f.DAY) == closed
    assert money_held(f.DAY) == held == (45000, 0, 0)
    after = statement(emma.id, LATER, LAST)
    assert (after.opening_minor, after.closing_minor, money_held(LATER).total_minor) == (45000, 0, 0)


def test_days_follow_each_other_without_a_gap(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    days = [f.DAY + timedelta(days=n) for n in range(4)]
    for day in days:
        f.pay(f.save(emma, (piano, "45"), by=desk, on=day), by=desk, on=day)
        f.settle(f.save(emma, (lesson(), "0.5"), by=desk, on=day), by=desk, on=day)
    daily = [statement(emma.id, day, day) for day in days]
    assert [s.opening_minor for s in daily[1:]] == [s.closing_minor for s in daily[:-1]]
    whole = statement(emma.id, days[0], days[-1])
    assert whole.rows == [row for s in daily for row in s.rows]
    assert whole.closing_minor == balances(emma.id, days[-1]).total_minor == 4 * 2250


def test_a_debt_is_never_netted_against_the_money_of_others(desk: User) -> None:
    f.credit_limit("100")
    emma, jack, piano = f.somebody(), f.somebody("Jack Smith"), f.piano()
    f.pay(f.save(emma, (piano, None), "20", by=desk), by=desk)
    f.pay(f.save(jack, (lesson(), "1"), by=desk), ("account", "50"), by=desk)
    assert money_held(f.DAY) == (f.money("450"), f.money("20"), f.money("50"))
    assert money_held(f.DAY).total_minor == f.money("470")
    assert money_held(f.DAY - timedelta(days=1)) == (0, 0, 0)
    membership = f.bought(emma)
    assert balances(emma.id, f.DAY) == (f.money("20"), {membership.id: f.money("450")})
    assert balances(jack.id, f.DAY) == (-f.money("50"), {})
    assert told(jack) == [("Invoice 2026-0002 paid by Account", "General funds", -5000)]


def test_nobody_and_nothing() -> None:
    assert statement(99999, f.DAY, LAST) == (0, [], 0)
    assert balances(99999, f.DAY) == (0, {})
    assert money_held(f.DAY) == (0, 0, 0)


def test_a_payment_from_package_funds_says_what_it_paid_for(desk: User) -> None:
    emma = f.somebody()
    f.pay(f.save(emma, (f.ppl(), None), by=desk), by=desk)
    c172, instruction = Item.get(Item.name == "C172"), Item.get(Item.name == "Instruction")
    flown = f.settle(f.save(emma, (c172, "1.5"), (instruction, "1"), (c172, "0.5"), by=desk), by=desk)
    found = [[(it.name, it.quantity_milli) for it in row.used] for row in statement(emma.id, f.DAY, LAST).rows]
    assert found == [[], [("C172", 2000), ("Instruction", 1000)]]
    crediting.credit(
        flown.id, 3, 500, version=Invoice.get_by_id(flown.id).version, by=desk, on=f.DAY, reason="Cut short"
    )
    assert [(it.name, it.quantity_milli) for it in statement(emma.id, f.DAY, LAST).rows[1].used] == [
        ("C172", 1500),
        ("Instruction", 1000),
    ]


def test_a_statement_asks_four_times_however_long_it_is(
    desk: User, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    emma = f.somebody()
    for _ in range(6):
        f.pay(f.save(emma, "10", by=desk), by=desk)
    with queries() as asked:
        assert len(statement(emma.id, f.DAY, LAST).rows) == 6
    assert len(asked) == 4
