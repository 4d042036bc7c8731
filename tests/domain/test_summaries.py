"""The summary of a period: each kind of act on its own, to the cent, and that it adds up.

Random histories prove the sums (`tests.domain.machine`); here is what each figure is.
"""

from datetime import date, timedelta

import pytest

from tests import factories as make
from webapp.db import is_sqlite, rows
from webapp.domain import (
    bounces,
    correcting,
    crediting,
    drafts,
    funds,
    invoicing,
    memberships,
    movements,
    pay_outs,
    refunds,
    sold,
    statements,
    summaries,
    voids,
)
from webapp.domain.memberships import Removal
from webapp.domain.movements import Taking
from webapp.domain.summaries import Summary
from webapp.models import Company, Customer, DraftLine, Invoice, Item, Payment, PaymentMethod, User

FIRST, DAY, LAST = date(2026, 6, 1), date(2026, 6, 15), date(2026, 6, 30)
JULY = date(2026, 7, 6)

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def emma(desk: User) -> Customer:
    return make.somebody("Emma Jones")


@pytest.fixture
def book(desk: User) -> Item:
    return make.item("Book", "50.00", tax="10", category="Shop")


def june() -> Summary:
    found = summaries.summary(FIRST, LAST)
    assert [check for check in found.checks if not check.agrees] == []
    return found


def july() -> Summary:
    found = summaries.summary(date(2026, 7, 1), date(2026, 7, 31))
    assert [check for check in found.checks if not check.agrees] == []
    return found


def taken(found: Summary) -> dict[str, tuple[int, ...]]:
    return {it.method: it[1:] for it in found.takings}


def changes(found: list[movements.Change]) -> dict[str, int]:
    return {it.what: it.amount_minor for it in found if it.amount_minor}


def void(invoice: Invoice, money: str, desk: User, on: date = DAY) -> None:
    voids.void(invoice.id, reason="a mistake", by=desk, on=on, money=money)


def test_nothing_happened(desk: User) -> None:
    found = june()
    assert (found.takings, found.items, found.taxes, found.ahead, found.income) == ([], [], [], [], {})
    assert (found.taken, found.sold) == (Taking("Total", 0, 0, 0), (0, 0, 0, 0))
    assert (found.held.total_minor, found.open.number, found.notes.number) == (0, 0, 0)


def test_sold_and_paid(desk: User, emma: Customer, book: Item) -> None:
    make.pay(make.save(emma, (book, "2"), by=desk, on=DAY), ("cash", "60"), ("card", "50"), by=desk, on=DAY)
    found = june()
    assert taken(found) == {"Cash": (6000, 0, 0), "Card": (5000, 0, 0)}
    assert (found.taken.net_minor, found.by_account_minor) == (11000, 0)
    assert found.items == [("Shop", "Book", "each", (2000, 0, 10000, 1000), 0)]
    assert (found.income, found.taxes) == ({"Shop": 10000}, [(100000, 10000, 1000)])
    assert changes(found.open_changes) == {"Invoiced": 11000, "Paid": -11000}
    assert (changes(found.held_changes), found.open.number) == ({}, 0)
    assert july().taken.net_minor == 0, "it happened in June"


def test_a_package_is_no_income_until_it_is_used(desk: User, emma: Customer) -> None:
    """Sold for 450.00 with 400.00 paid, then two lessons at 45.00 by Account."""
    piano = make.piano()
    make.pay(make.save(emma, (piano, None), by=desk, on=DAY), ("card", "400"), by=desk, on=DAY)
    make.settle(make.save(emma, (Item.get(Item.name == "Lesson"), "2"), by=desk, on=DAY), by=desk, on=DAY)
    found = june()
    assert found.ahead == [("", "PIANO", "", (0, 0, 45000, 0), 0)]
    assert found.items == [("Sales", "Lesson", "lesson", (2000, 0, 9000, 0), 2000)]
    assert (taken(found), found.by_account_minor) == ({"Card": (40000, 0, 0)}, 9000)
    assert changes(found.held_changes) == {movements.PAID_IN: 40000, movements.USED: -9000}
    assert found.held == (31000, 0, 0)
    assert found.open.due_minor == 5000
    assert [(it.name, it.due_minor) for it in found.open.shown] == [("Emma Jones", 5000)]


def test_a_package_paid_by_account_stays_held(desk: User, emma: Customer) -> None:
    funds.deposit(emma, make.method("cash"), 50000, by=desk, on=DAY)
    make.settle(make.save(emma, (make.piano(), None), by=desk, on=DAY), by=desk, on=DAY)
    found = june()
    assert (taken(found), found.by_account_minor) == ({"Cash": (50000, 0, 0)}, 45000)
    assert (changes(found.held_changes), found.held) == ({movements.PAID_IN: 50000}, (45000, 5000, 0))


@pytest.mark.parametrize("money", [voids.TO_ACCOUNT, voids.REFUNDED])
def test_a_void_of_another_month_leaves_the_month_before_as_it_was(
    desk: User, emma: Customer, book: Item, money: str
) -> None:
    invoice = make.pay(make.save(emma, (book, "1"), by=desk, on=DAY), by=desk, on=DAY)
    before = june()
    void(invoice, money, desk, on=JULY)
    assert june() == before
    found, refunded = july(), money == voids.REFUNDED
    assert taken(found) == ({"Cash": (0, 5500, 0)} if refunded else {}), "to the account no till is opened"
    assert changes(found.held_changes) == ({} if refunded else {movements.BACK: 5500})
    assert (found.steps[sold.VOIDED], found.sold) == ((-1000, 0, -5000, -500),) * 2
    assert (found.income, found.taxes) == ({"Shop": -5000}, [(100000, -5000, -500)])
    assert changes(found.open_changes) == {"Voided": -5500, movements.AGAIN: 5500}


def test_a_void_and_its_invoice_in_the_same_month_come_to_nothing(desk: User, emma: Customer, book: Item) -> None:
    void(make.save(emma, (book, "1"), by=desk, on=DAY), voids.TO_ACCOUNT, desk)
    found = june()
    assert (found.sold, found.items, found.steps[sold.SAVED].net_minor) == ((0, 0, 0, 0), [], 5000)


def test_a_voided_package_gives_its_money_back(desk: User, emma: Customer) -> None:
    invoice = make.pay(make.save(emma, (make.piano(), None), by=desk, on=DAY), ("card", "450"), by=desk, on=DAY)
    void(invoice, voids.REFUNDED, desk, on=JULY)
    found = july()
    assert (taken(found), changes(found.held_changes)) == ({"Card": (0, 45000, 0)}, {movements.GIVEN_OUT: -45000})
    assert found.ahead == [("", "PIANO", "", (0, 0, -45000, 0), 0)]
    again = make.pay(make.save(emma, (make.trio(), None), by=desk, on=JULY), by=desk, on=JULY)
    void(again, voids.TO_ACCOUNT, desk, on=JULY)
    assert july().held == (0, 10000, 0)


def test_credit_notes(desk: User, emma: Customer, book: Item) -> None:
    """One of three books back, by a note of June; in July its invoice is voided and takes the note with it."""
    invoice = make.pay(make.save(emma, (book, "3"), by=desk, on=DAY), by=desk, on=DAY)
    note = crediting.credit(invoice.id, 1, 1000, version=invoice.version, by=desk, on=DAY, reason="Torn")
    found = june()
    assert [(it.code, it.about, it.name, it.amount_minor) for it in found.notes.shown] == [
        (note.code, invoice.code, "Emma Jones", 5500)
    ]
    assert (found.notes.number, found.notes.credits_minor, found.notes.refunds_minor) == (1, 5500, 0)
    assert found.steps == {
        sold.SAVED: (3000, 0, 15000, 1500),
        sold.VOIDED: (0, 0, 0, 0),
        sold.CREDITED: (-1000, 0, -5000, -500),
    }
    assert found.items == [("Shop", "Book", "each", (2000, 0, 10000, 1000), 0)]
    assert changes(found.held_changes) == {movements.BACK: 5500}
    void(Invoice.get_by_id(invoice.id), voids.REFUNDED, desk, on=JULY)
    found = july()
    assert found.items == [("Shop", "Book", "each", (-2000, 0, -10000, -1000), 0)]
    assert (june().sold.net_minor, found.notes.number) == (10000, 0)


def test_the_refund_of_a_package(desk: User, emma: Customer) -> None:
    """At the standard rates: what is charged for it is income, but no further lesson."""
    make.pay(make.save(emma, (make.piano(), None), by=desk, on=DAY), ("card", "450"), by=desk, on=DAY)
    lesson = Item.get(Item.name == "Lesson")
    make.settle(make.save(emma, (lesson, "2"), by=desk, on=DAY), by=desk, on=DAY)
    membership, card = make.bought(emma), make.method("card")
    refunds.refund(
        membership.id,
        refunds.AT_STANDARD,
        [pay_outs.PayOut(card, 30000)],
        version=membership.version,
        by=desk,
        on=JULY,
        reason="moves away",
        fee_minor=500,
    )
    found = july()
    assert taken(found) == {"Card": (0, 30000, 0)}
    assert [(it.name, it.figures.quantity_milli, it.figures.net_minor) for it in found.items] == [
        ("Refund fee", 0, 500),
        ("Lesson", 0, 1000),
    ]
    assert (found.notes.number, found.notes.refunds_minor, found.notes.credits_minor) == (1, 34500, 0)
    assert changes(found.held_changes) == {movements.GIVEN_OUT: -30000, movements.USED: -1500}
    assert (found.held, found.notes.shown[0].about) == ((0, 4500, 0), "PIANO")


def test_a_bounced_check(desk: User, emma: Customer, book: Item) -> None:
    make.pay(make.save(emma, (book, "1"), by=desk, on=DAY), ("check", "55"), by=desk, on=DAY)
    bounces.bounce(Payment.get().id, by=desk, on=JULY)
    found = july()
    assert taken(found) == {"Check": (0, 0, 5500)}
    assert (found.taken.net_minor, changes(found.open_changes)) == (-5500, {movements.AGAIN: 5500})
    assert (june().open.number, found.open.due_minor, found.due_before_minor) == (0, 5500, 0)


def test_what_was_entered_wrongly_counts_as_if_it_had_not_been(desk: User, emma: Customer, book: Item) -> None:
    """In another month it is so much less received by the one method and more by the other."""
    for method in ("cash", "check"):
        make.pay(make.save(emma, (book, "1"), by=desk, on=DAY), (method, "55"), by=desk, on=DAY)
    cash, card = make.method("cash"), make.method("card")
    wrong = Payment.get(Payment.method == cash)
    correcting.correct(wrong.id, card, make.money("50"), by=desk, on=LAST)
    found = june()
    assert taken(found) == {"Card": (5000, 0, 0), "Check": (5500, 0, 0)}
    assert changes(found.open_changes) == {movements.INVOICED: 11000, movements.PAID: -10500}
    correcting.correct(Payment.get(Payment.method == card).id, cash, make.money("50"), by=desk, on=JULY)
    assert taken(july()) == {"Cash": (5000, 0, 0), "Card": (-5000, 0, 0)}
    assert june() == found


def test_forfeited_money_and_a_late_lesson(desk: User, emma: Customer) -> None:
    """It takes 45.00 of the forfeited money, and is income at its package rate."""
    Company.update(expiry_policy="forfeit").execute()
    piano = make.piano(validity="days", validity_count=10)
    make.pay(make.save(emma, (piano, None), by=desk, on=DAY), by=desk, on=DAY)
    memberships.expire_due(LAST)
    found = june()
    assert (found.forfeited_minor, found.held.total_minor, found.income) == (45000, 0, {})
    assert changes(found.held_changes) == {movements.PAID_IN: 45000, movements.FORFEITED: -45000}
    lesson = Item.get(Item.name == "Lesson")
    make.settle(make.save(emma, (lesson, "1"), by=desk, on=DAY + timedelta(days=2), today=JULY), by=desk, on=JULY)
    found = july()
    assert (found.forfeited_minor, found.income) == (-4500, {"Sales": 4500})
    assert found.items == [("Sales", "Lesson", "lesson", (1000, 0, 4500, 0), 1000)]
    assert changes(found.held_changes) == {movements.FORFEITED: 4500, movements.USED: -4500}


def test_who_owes_on_account_is_not_taken_off_what_others_have(desk: User, emma: Customer, book: Item) -> None:
    Company.update(credit_limit_minor=10_000).execute()
    bea = make.somebody("Bea")
    funds.deposit(bea, make.method("cash"), 2000, by=desk, on=DAY)
    make.settle(make.save(emma, (book, "1"), by=desk, on=DAY), by=desk, on=DAY)
    found = june()
    assert changes(found.held_changes) == {movements.PAID_IN: 2000, movements.USED: -5500, summaries.OWED: 5500}
    assert found.held == (0, 2000, 5500)


def test_all_other_acts_on_funds(desk: User, emma: Customer) -> None:
    piano = make.add(emma, make.piano(), by=desk, on=DAY)
    funds.deposit(emma, make.method("cash"), 10000, by=desk, on=DAY)
    funds.into_package(piano.id, 3000, by=desk, on=DAY)
    funds.withdraw(emma, make.method("card"), 1000, by=desk, on=DAY, reason="asked for it")
    funds.adjust(emma, 250, by=desk, on=DAY, reason="rounding")
    memberships.remove([Removal(piano.id, piano.version)], by=desk, on=DAY)
    found = june()
    assert changes(found.held_changes) == {
        movements.PAID_IN: 10000,
        movements.GIVEN_OUT: -1000,
        movements.ADJUSTED: 250,
    }
    assert taken(found) == {"Cash": (10000, 0, 0), "Card": (0, 1000, 0)}
    assert found.held == (0, 9250, 0)


def test_an_unpaid_rest_that_nobody_owes_any_more(desk: User, emma: Customer) -> None:
    make.pay(make.save(emma, (make.piano(), None), by=desk, on=DAY), ("cash", "400"), by=desk, on=DAY)
    membership = make.bought(emma)
    memberships.remove([Removal(membership.id, membership.version)], by=desk, on=JULY)
    found = july()
    assert changes(found.open_changes) == {"Credited": -5000}
    assert (found.due_before_minor, found.open.number, june().open.due_minor) == (5000, 0, 5000)


def test_discounts(desk: User, emma: Customer, book: Item) -> None:
    draft = make.draft(emma, (book, "2"), by=desk, on=DAY)
    drafts.discount(DraftLine.get(DraftLine.invoice == draft).id, amount_minor=1000, percent_e4=None)
    invoicing.issue(draft.id, by=desk, on=DAY)
    assert june().items == [("Shop", "Book", "each", (2000, 1000, 9000, 900), 0)]


def test_rates_categories_and_a_name_that_changed(desk: User, emma: Customer, book: Item) -> None:
    pen = make.item("Pen", "1.00", category="shop")
    make.save(emma, (book, "1"), (pen, "3"), by=desk, on=DAY)
    Item.update(name="Notebook").where(Item.id == book.id).execute()
    make.save(emma, (book, "1"), by=desk, on=DAY)
    found = june()
    assert [(it.category, it.name, it.figures.quantity_milli) for it in found.items] == [
        ("Shop", "Notebook", 2000),
        ("shop", "Pen", 3000),
    ]
    assert found.taxes == [(100000, 10000, 1000), (0, 300, 0)]


def test_a_method_of_which_nothing_came_is_left_out_and_one_not_in_use_is_not(
    desk: User, emma: Customer, book: Item
) -> None:
    make.pay(make.save(emma, (book, "1"), by=desk, on=DAY), ("check", "55"), by=desk, on=DAY)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "check").execute()
    assert list(taken(june())) == ["Check"]


def test_as_many_as_are_shown_are_listed_and_all_are_counted(desk: User, emma: Customer, book: Item) -> None:
    for _ in range(3):
        invoice = make.save(emma, (book, "1"), by=desk, on=DAY)
        crediting.credit(invoice.id, 1, 500, version=invoice.version, by=desk, on=DAY, reason="Torn")
    found = summaries.summary(FIRST, LAST, shown=2)
    assert (len(found.open.shown), found.open.number, found.open.due_minor) == (2, 3, 8250)
    assert (len(found.notes.shown), found.notes.number, found.notes.amount_minor) == (2, 3, 8250)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "text",
    [movements._MOVED, sold._LINES, sold._CREDITED, statements._HELD, summaries._OPEN, summaries._NOTES],
    ids=range(6),
)
def test_nothing_reads_a_whole_book(desk: User, text: str) -> None:
    """Journals are found by their day, open invoices by their state, credit notes by their year."""
    assert is_sqlite()
    days = [FIRST.isoformat()] * text.count("?")
    plan = [row[3] for row in rows(f"EXPLAIN QUERY PLAN {text}", days)]
    books = ("j", "t", "i", "l", "a", "n", "p", "act", "origin", "back", "debit", "credit")
    assert [step for step in plan if step.startswith("SCAN") and step.split()[1] in books] == []
    assert any(step.startswith("SEARCH") for step in plan)
