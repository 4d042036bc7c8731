"""What the books say in words: every kind of entry on a statement, and the story of one journal."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import factories as f
from webapp.domain import (
    bounces,
    crediting,
    entries,
    funds,
    memberships,
    merging,
    pay_outs,
    payments,
    refunds,
    reinstating,
    transferring,
    voids,
)
from webapp.domain.memberships import Removal
from webapp.domain.statements import GENERAL_FUNDS, statement
from webapp.domain.tendering import Tender
from webapp.models import Company, Customer, Group, Invoice, Item, Journal, Membership, Package, Payment, User

pytestmark = pytest.mark.usefixtures("proven")

FIRST, LAST = f.DAY - timedelta(days=1), f.DAY + timedelta(days=400)


def told(customer: Customer) -> list[tuple[str, str, int]]:
    found = statement(customer.id, FIRST, LAST)
    assert found.closing_minor == found.opening_minor + sum(row.amount_minor for row in found.rows)
    return [(row.what, row.fund, row.amount_minor) for row in found.rows]


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def sold(customer: Customer, *, by: User, method: str = "cash") -> Membership:
    """In PIANO, paid for."""
    f.pay(f.save(customer, (Package.get(), None), by=by), (method, "450"), by=by)
    return f.bought(customer)


def test_money_in_and_out_and_corrected(desk: User) -> None:
    emma, cash = f.somebody(), f.method("cash")
    funds.deposit(emma, cash, 10000, by=desk, on=f.DAY)
    funds.withdraw(emma, f.method("card"), 2000, by=desk, on=f.DAY, reason="moves away")
    funds.adjust(emma, -500, by=desk, on=f.DAY, reason="typed twice")
    funds.adjust(emma, 700, by=desk, on=f.DAY, reason="a gift")
    assert told(emma) == [
        ("Deposit by Cash", GENERAL_FUNDS, 10000),
        ("Withdrawal by Card", GENERAL_FUNDS, -2000),
        ("Adjusted down", GENERAL_FUNDS, -500),
        ("Adjusted up", GENERAL_FUNDS, 700),
    ]
    reasons = [row.reason for row in statement(emma.id, FIRST, LAST).rows]
    assert reasons == ["", "moves away", "typed twice", "a gift"]


def test_between_the_account_and_a_package(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    funds.deposit(emma, f.method("cash"), 10000, by=desk, on=f.DAY)
    funds.into_package(membership.id, 9000, by=desk, on=f.DAY)
    funds.out_of_package(membership.id, 1000, by=desk, on=f.DAY)
    assert told(emma)[1:] == [
        ("Moved into PIANO", GENERAL_FUNDS, -9000),
        ("Moved into PIANO", "PIANO", 9000),
        ("Moved out of PIANO", "PIANO", -1000),
        ("Moved out of PIANO", GENERAL_FUNDS, 1000),
    ]


def test_forfeited_taken_back_for_a_late_lesson_and_reinstated(desk: User) -> None:
    Company.update(expiry_policy="forfeit").execute()
    emma = f.somebody()
    f.piano(validity="days", validity_count=30)
    membership, last_day = sold(emma, by=desk), f.DAY + timedelta(days=30)
    after = last_day + timedelta(days=1)
    memberships.expire_due(after)
    late = f.save(emma, (lesson(), "1"), by=desk, on=last_day, today=after)
    f.pay(late, ("account", "45"), by=desk, on=after)
    version = f.fresh(membership).version
    reinstating.reinstate(membership.id, version=version, by=desk, on=after, reason="was ill", end_on=LAST)
    assert told(emma)[1:] == [
        ("PIANO expired, forfeited", "PIANO", -45000),
        ("Forfeited funds of PIANO back for invoice 2026-0002", "PIANO", 4500),
        ("Invoice 2026-0002 paid by Account", "PIANO", -4500),
        ("PIANO reinstated", "PIANO", 40500),
    ]


def test_credited_refunded_and_handed_over(desk: User) -> None:
    emma, tom, piano = f.somebody(), f.somebody("Tom"), f.piano()
    membership = sold(emma, by=desk)
    used = f.pay(f.save(emma, (lesson(), "2"), by=desk), ("account", "90"), by=desk)
    version = Invoice.get_by_id(used.id).version
    crediting.credit(used.id, 1, 1000, version=version, by=desk, on=f.DAY, reason="was ill")
    version = f.fresh(membership).version
    transferring.transfer(membership.id, tom, version=version, by=desk, on=f.DAY, reason="moves away")
    new = f.bought(tom)
    offer = refunds.offers(new, 500)[0]
    refunds.refund(new.id, "keep", [], version=new.version, by=desk, on=f.DAY, reason="moves too", fee_minor=500)
    assert told(emma)[1:] == [
        ("Invoice 2026-0002 paid by Account", "PIANO", -9000),
        ("Credit on invoice 2026-0002", "PIANO", 4500),
        ("PIANO handed over", "PIANO", -40500),
    ]
    assert told(tom) == [
        ("PIANO taken over", "PIANO", 40500),
        ("Invoice 2026-0003 of the refund", "PIANO", -500),
        ("Removed from PIANO", "PIANO", -offer.refund_minor),
        ("Removed from PIANO", GENERAL_FUNDS, offer.refund_minor),
    ]
    assert piano.name == "PIANO"


def test_paid_out_to_the_method_it_came_by(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    membership = sold(emma, by=desk)
    outs = pay_outs.back_to_methods(membership, 45000)
    version = f.fresh(membership).version
    refunds.refund(membership.id, "keep", outs, version=version, by=desk, on=f.DAY, reason="x")
    assert told(emma)[1:] == [("PIANO refunded", "PIANO", -45000)]


def test_a_check_that_bounced_in_each_of_its_ways(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    sold(emma, by=desk, method="check")
    f.pay(f.save(emma, (lesson(), "4"), by=desk), ("account", "180"), by=desk)
    funds.deposit(emma, f.method("check"), 2000, by=desk, on=f.DAY)
    for payment in Payment.select().where(Payment.method == f.method("check")).order_by(Payment.id):
        bounces.bounce(payment.id, by=desk, on=f.DAY, reason="no funds")
    assert told(emma)[2:] == [
        ("Deposit by Check", GENERAL_FUNDS, 2000),
        ("Check bounced: spent funds of PIANO covered", GENERAL_FUNDS, -18000),
        ("Check bounced: spent funds of PIANO covered", "PIANO", 18000),
        ("Check bounced, invoice 2026-0001", "PIANO", -45000),
        ("Check bounced", GENERAL_FUNDS, -2000),
    ]
    assert {row.reason for row in statement(emma.id, FIRST, LAST).rows[3:]} == {"no funds"}


def test_merged_seen_from_both_sides(desk: User) -> None:
    emma, double = f.somebody(), f.somebody("Emma Jnoes")
    funds.deposit(double, f.method("cash"), 5000, by=desk, on=f.DAY)
    merging.merge(double, emma, by=desk, on=f.DAY)
    assert told(emma) == [("Merged: balance of Emma Jnoes", GENERAL_FUNDS, 5000)]
    assert told(double)[1:] == [("Merged into Emma Jones", GENERAL_FUNDS, -5000)]


def test_who_pays_for_somebody_else_reads_for_whom(desk: User) -> None:
    mother, child = f.somebody("Mother"), f.somebody("Child")
    Group.update(owner=mother).where(Group.id == f.group("Family", child)).execute()
    funds.deposit(mother, f.method("cash"), 5000, by=desk, on=f.DAY)
    invoice = f.save(child, (f.item("Book", "20"), "1"), by=desk)
    payments.pay(invoice.id, [Tender(f.method("account"), 2000)], by=desk, on=f.DAY, payer=mother)
    assert told(mother)[1:] == [("Invoice 2026-0001 paid by Account for Child", GENERAL_FUNDS, -2000)]
    assert told(child) == []


def journal(kind: str) -> Any:
    found = entries.story(Journal.get(Journal.kind == kind).id)
    assert found is not None
    return found


def test_the_story_of_an_entry(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    membership = sold(emma, by=desk)
    paid = journal("pay")
    assert paid.entry.what == "Payment"
    assert paid.entry.postings == [
        ("Awaiting payment 2026-0001", "Package funds PIANO", 45000),
        ("Cash", "Receivable 2026-0001", 45000),
    ]
    assert (paid.who, paid.act, paid.reason, paid.entry.day) == ("Owner", "Paid", "", f.DAY)
    assert (paid.cause.customer, paid.cause.membership) == ((emma.id, "Emma Jones"), None)
    assert paid.cause.invoice == (Invoice.get().id, "2026-0001")
    assert (paid.mirror, paid.origin, paid.others) == (None, None, [])
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY, reason="left")
    removed = journal("removed")
    assert (removed.act, removed.reason, removed.cause.membership) == (
        "Removed from package",
        "left",
        (membership.id, "PIANO"),
    )


def test_what_was_taken_back_leads_there_and_back(desk: User) -> None:
    emma, book = f.somebody(), f.item("Book", "20", tax="8")
    invoice = f.save(emma, (book, "1"), by=desk)
    f.pay(invoice, ("card", "21.60"), by=desk)
    voids.void(invoice.id, reason="wrong one", by=desk, on=f.DAY)
    paid = journal("pay")
    assert paid.mirror is not None
    taken = entries.story(paid.mirror.journal)
    assert taken is not None
    assert (taken.entry.what, taken.reason) == ("Taken back: payment", "wrong one")
    assert taken.origin is not None
    assert taken.origin.journal == paid.entry.journal
    assert [other.what for other in taken.others] == ["Back to the account", "Taken back: saved"]
    assert taken.others[1].postings == [
        ("Tax payable 8 %", "Receivable 2026-0001", 160),
        ("Income Sales", "Receivable 2026-0001", 2000),
    ]


def test_every_kind_that_is_written_has_words() -> None:
    """Kinds that have no words of their own would show as they are spelt in the code."""
    source = "\n".join(path.read_text() for path in Path(entries.__file__).parent.glob("*.py"))
    kinds = set(re.findall(r'ledger\.post\(\s*"(\w+)"', source)) | {
        "mirror",
        "completed",
        "removed",
        "expired",
        "sweep",
    }
    assert kinds - set(entries.WHAT) == set()
    assert len(kinds) >= 20


def test_nothing_there() -> None:
    assert entries.story(99999) is None
