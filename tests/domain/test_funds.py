"""Deposits, withdrawals, adjustments, credit limits, moves, Use one, and payments of several invoices."""

from datetime import date, timedelta

import pytest

from tests import factories as f
from webapp.domain import checks, funds, paying, payments, tendering, using
from webapp.domain.errors import DomainError
from webapp.domain.tendering import Tender
from webapp.domain.using import Taking
from webapp.models import Company, Customer, Group, Invoice, Item, Membership, PaymentMethod, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def test_money_in_and_out_of_the_account(desk: User) -> None:
    emma = f.somebody()
    funds.deposit(emma, f.method("cash"), 10000, by=desk, on=f.DAY)
    funds.withdraw(emma, f.method("cash"), 4000, by=desk, on=f.DAY, reason="asked for it")
    assert f.general(emma) == 6000
    with pytest.raises(DomainError, match=r"General funds are 60\.00"):
        funds.withdraw(emma, f.method("cash"), 6001, by=desk, on=f.DAY, reason="more")
    with pytest.raises(DomainError, match="Choose a payment method"):
        funds.deposit(emma, f.method("account"), 100, by=desk, on=f.DAY)
    assert not checks.faults()


def test_adjustments_have_a_reason_and_respect_the_limit(desk: User) -> None:
    emma = f.somebody()
    with pytest.raises(DomainError, match="Say why"):
        funds.adjust(emma, 500, by=desk, on=f.DAY, reason="")
    funds.adjust(emma, 500, by=desk, on=f.DAY, reason="gift")
    with pytest.raises(DomainError, match=r"1\.00 short"):
        funds.adjust(emma, -600, by=desk, on=f.DAY, reason="typing error")
    Customer.update(credit_limit_minor=100).where(Customer.id == emma.id).execute()
    funds.adjust(Customer.get_by_id(emma.id), -600, by=desk, on=f.DAY, reason="typing error")
    assert f.general(emma) == -100
    assert not checks.faults()


def test_the_credit_limit_is_for_items_never_for_packages(desk: User) -> None:
    Company.update(credit_limit_minor=f.money("100")).execute()
    emma, piano = f.somebody(), f.piano()
    lesson = f.item("Trial lesson", "60")
    f.pay(f.save(emma, (lesson, "1"), by=desk), ("account", "60"), by=desk)
    assert f.general(emma) == f.money("-60")
    with pytest.raises(DomainError, match=r"at most 40\.00"):
        f.pay(f.save(emma, (lesson, "1"), by=desk), ("account", "60"), by=desk)
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        f.pay(f.save(emma, (piano, "10"), by=desk), ("account", "10"), by=desk)
    Customer.update(credit_limit_minor=0).where(Customer.id == emma.id).execute()
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        f.pay(f.save(emma, (lesson, "1"), by=desk), ("account", "1"), by=desk)
    assert not checks.faults()


def test_between_a_membership_and_the_account(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    funds.deposit(emma, f.method("card"), f.money("500"), by=desk, on=f.DAY)
    with pytest.raises(DomainError, match=r"At most 450\.00"):
        funds.into_package(membership.id, f.money("460"), by=desk, on=f.DAY)
    funds.into_package(membership.id, f.money("450"), by=desk, on=f.DAY)
    funds.out_of_package(membership.id, f.money("50"), by=desk, on=f.DAY)
    assert (f.funds(membership), f.general(emma)) == (f.money("400"), f.money("100"))
    with pytest.raises(DomainError, match=r"Package funds are 400\.00"):
        funds.out_of_package(membership.id, f.money("400.01"), by=desk, on=f.DAY)
    assert not checks.faults()


def test_use_one_charges_and_pays_in_one_step(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    membership, lesson = Membership.get(Membership.customer == emma), Item.get(Item.name == "Lesson")
    invoice = using.use(membership.id, [Taking(lesson, 1000)], version=membership.version, by=desk, on=f.DAY)
    assert (invoice.status, invoice.total_minor, f.funds(membership)) == ("paid", 4500, f.money("405"))
    with pytest.raises(DomainError, match="Only 9 left in PIANO"):
        using.use(membership.id, [Taking(lesson, 10000)], version=membership.version, by=desk, on=f.DAY)
    assert Invoice.select().count() == 2
    assert not checks.faults()


def test_use_one_refuses_when_the_funds_do_not_reach(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership, lesson = f.add(emma, piano, by=desk), Item.get(Item.name == "Lesson")
    with pytest.raises(DomainError, match=r"Package funds are 0\.00, this takes 45\.00"):
        using.use(membership.id, [Taking(lesson, 1000)], version=membership.version, by=desk, on=f.DAY)
    assert not Invoice.select().exists()


def test_one_payment_over_several_invoices_oldest_due_date_first(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50")
    second = f.save(emma, (lesson, "2"), by=desk, on=f.DAY + timedelta(days=1))
    first = f.save(emma, (lesson, "1"), by=desk, on=f.DAY)
    tenders = [Tender(f.method("cash"), f.money("80"))]
    taken = payments.pay_all([second.id, first.id], tenders, by=desk, on=date(2026, 6, 3))
    assert [(p.invoice_id, p.amount_minor) for p in taken] == [(first.id, 5000), (second.id, 3000)]
    assert Invoice.get_by_id(first.id).status == "paid"
    assert Invoice.get_by_id(second.id).due_minor == f.money("70")
    assert not checks.faults()


def test_a_group_owner_pays_for_a_member(desk: User) -> None:
    mother, child = f.somebody("Mother"), f.somebody("Child", role="Cash Only")
    funds.deposit(mother, f.method("cash"), f.money("100"), by=desk, on=f.DAY)
    invoice = f.save(child, (f.item("Lesson", "50"), "1"), by=desk)
    account = Tender(f.method("account"), f.money("50"))
    with pytest.raises(DomainError, match="no Make Purchases on Account"):
        payments.pay(invoice.id, [account], by=desk, on=f.DAY)
    with pytest.raises(DomainError, match="Mother owns no group that Child is in"):
        payments.pay(invoice.id, [account], by=desk, on=f.DAY, payer=mother)
    Group.update(owner=mother).where(Group.id == f.group("Family", child)).execute()
    assert [payer.name for payer in paying.payers_for(child)] == ["Child", "Mother"]
    payments.pay(invoice.id, [account], by=desk, on=f.DAY, payer=mother)
    assert (f.general(mother), f.general(child)) == (f.money("50"), 0)
    assert not checks.faults()


def test_what_an_owner_pays_in_is_the_members(desk: User) -> None:
    """The stated effects are what happens: a deposit and package funds belong to whose invoice it is."""
    mother, child, piano = f.somebody("Mother"), f.somebody("Child"), f.piano()
    Group.update(owner=mother).where(Group.id == f.group("Family", child)).execute()
    funds.deposit(mother, f.method("cash"), f.money("500"), by=desk, on=f.DAY)
    own = f.save(mother, (f.item("Lesson for adults", "50"), "1"), by=desk)
    theirs = f.save(child, (piano, None), "20", by=desk)
    invoices = [Invoice.get_by_id(it.invoice) for it in paying.owed_by(mother.id)]
    assert [invoice.id for invoice in invoices] == [own.id, theirs.id]
    assert [it.name for it in paying.owed_by(child.id)] == ["Child"]
    open_, membership = tendering.open_invoices(invoices, mother), f.bought(child)
    tenders = [Tender(f.method("cash"), f.money("90")), Tender(f.method("account"), f.money("410"))]
    assert tendering.plan(open_, tenders, keep_rest=False).effects == [
        (membership.id, "PIANO", 0, f.money("450"), "Child"),
        (None, "General funds", f.money("500"), f.money("90"), ""),
    ]
    tenders = [Tender(f.method("cash"), f.money("530"))]
    assert tendering.plan(open_, tenders, keep_rest=True).effects == [
        (membership.id, "PIANO", 0, f.money("450"), "Child"),
        (None, "General funds", f.money("500"), f.money("510"), ""),
        (None, "General funds", 0, f.money("20"), "Child"),
    ]
    ids = [it.id for it in invoices]
    payments.pay_all(ids, tenders, by=desk, on=f.DAY, keep_rest=True, payer=mother)
    assert (f.general(mother), f.general(child), f.funds(membership)) == (51000, 2000, 45000)
    assert not checks.faults()


def test_nothing_goes_into_a_package_when_account_may_not_be_used(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    funds.deposit(emma, f.method("cash"), f.money("100"), by=desk, on=f.DAY)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    with pytest.raises(DomainError, match="Account payment method is switched off"):
        funds.into_package(membership.id, f.money("45"), by=desk, on=f.DAY)
    assert (f.funds(membership), f.general(emma)) == (0, f.money("100"))


def test_what_a_use_would_do_is_known_beforehand(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership, lesson = Membership.get(Membership.customer == emma), Item.get(Item.name == "Trio lesson")
    one, all_ = (using.would_use(membership, [Taking(lesson, quantity)], on=f.DAY) for quantity in (1000, 3000))
    assert (one.taken[0].left_milli, one.amount_minor, one.completes, one.refusal) == (3000, 3333, False, None)
    assert (all_.taken[0].left_milli, all_.amount_minor, all_.completes, all_.refusal) == (3000, 10000, True, None)
    using.use(membership.id, [Taking(lesson, 3000)], version=membership.version, by=desk, on=f.DAY)
    assert f.fresh(membership).reason == "completed"
    assert not checks.faults()


def test_use_one_refuses_before_the_start_and_an_inactive_item(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    later = f.DAY + timedelta(days=7)
    membership, lesson = f.add(emma, piano, by=desk, on=later), Item.get(Item.name == "Lesson")
    with pytest.raises(DomainError, match="PIANO starts on 8 Jun 2026"):
        using.use(membership.id, [Taking(lesson, 1000)], version=membership.version, by=desk, on=f.DAY)
    Item.update(active=False).where(Item.id == lesson.id).execute()
    with pytest.raises(DomainError, match="Lesson is inactive"):
        using.use(
            membership.id, [Taking(Item.get_by_id(lesson.id), 1000)], version=membership.version, by=desk, on=later
        )
    assert not Invoice.select().exists()
