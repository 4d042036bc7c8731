"""A payment that was entered wrongly: the method, the amount or the day."""

from datetime import date

import pytest

from tests import factories as f
from webapp.domain import (
    bounces,
    checks,
    correcting,
    crediting,
    funds,
    ledger,
    memberships,
    pay_outs,
    payment_list,
    payments,
    statements,
    voids,
)
from webapp.domain.errors import Changed, DomainError
from webapp.domain.settling import FORFEITED
from webapp.domain.tendering import Tender
from webapp.models import (
    Company,
    Customer,
    Group,
    Invoice,
    Item,
    Membership,
    MembershipItem,
    Payment,
    PaymentMethod,
    User,
)

pytestmark = pytest.mark.usefixtures("business")
LATER = date(2026, 6, 3)


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(desk: User) -> Customer:
    return f.somebody()


def correct(payment: Payment, kind: str, amount: str, *, by: User, on: date = LATER) -> Payment | None:
    """The right method and amount; the books are proven after it."""
    right = correcting.correct(payment.id, f.method(kind), f.money(amount), by=by, on=on)
    assert not checks.faults()
    return right


def of(invoice: Invoice) -> Payment:
    return Payment.select().where(Payment.invoice == invoice).order_by(Payment.id.desc()).get()


def held_by(kind: str) -> int:
    """What the account of a payment method received."""
    return ledger.balance(ledger.method(f.method(kind).id))


def lessons(customer: Customer, count: str, *, by: User) -> Invoice:
    return f.save(customer, (Item.get(Item.name == "Lesson"), count), by=by)


def test_by_card_not_cash(emma: Customer, desk: User) -> None:
    """Nothing but the method is different: the package is paid, its funds are there, and the statement names it."""
    sale = f.pay(f.save(emma, (f.piano(), None), by=desk), ("cash", "450"), by=desk)
    right = correct(of(sale), "card", "450", by=desk)
    assert right is not None
    assert (right.method.kind, right.amount_minor, right.received_on) == ("card", f.money("450"), f.DAY)
    assert (held_by("cash"), held_by("card")) == (0, f.money("450"))
    assert Invoice.get_by_id(sale.id).status == "paid"
    assert f.funds(f.bought(emma)) == f.money("450")
    assert [row.what for row in statements.statement(emma.id, f.DAY, LATER).rows] == [
        f"PIANO paid by Card, invoice {sale.code}"
    ]


def test_takings_are_those_of_the_day_it_was_received(emma: Customer, desk: User) -> None:
    f.pay(f.save(emma, "20", by=desk), ("cash", "20"), by=desk)
    correct(Payment.get(), "card", "20", by=desk)
    [taken] = payment_list.taken_by_day(payment_list.Asked(), f.DAY, LATER).values()
    assert [(it.kind, it.amount_minor) for it in taken] == [("card", 2000)]
    assert [row.fate for row in payment_list.payment_page(payment_list.Asked(), "").rows] == ["", "corrected"]


def test_less_than_was_entered(emma: Customer, desk: User) -> None:
    """45.00 of 450.00 was typed with a 0 too many; four lessons were paid by Account meanwhile."""
    sale = f.pay(f.save(emma, (f.piano(), None), by=desk), ("cash", "450"), by=desk)
    f.pay(lessons(emma, "4", by=desk), ("account", "180"), by=desk)
    correct(of(sale), "cash", "400", by=desk)
    assert f.funds(f.bought(emma)) == f.money("220")
    assert f.general(emma) == 0
    assert (Invoice.get_by_id(sale.id).status, f.due(sale)) == ("open", f.money("50"))
    assert [(row.what, row.amount_minor) for row in statements.statement(emma.id, LATER, LATER).rows] == [
        (f"Payment corrected, invoice {sale.code}", f.money("-50"))
    ]


def test_what_was_spent_beyond_the_right_amount_is_owed_until_the_package_is_paid(emma: Customer, desk: User) -> None:
    """The money is not there, whatever the credit limit; what was spent of it is not asked for twice."""
    sale = f.pay(f.save(emma, (f.piano(), None), by=desk), ("cash", "450"), by=desk)
    f.pay(lessons(emma, "4", by=desk), ("account", "180"), by=desk)
    correct(of(sale), "cash", "45", by=desk)
    assert (f.funds(f.bought(emma)), f.general(emma)) == (0, f.money("-135"))
    assert f.due(sale) == f.money("405")
    f.pay(sale, ("card", "405"), by=desk, on=LATER)
    assert not checks.faults()
    assert (f.funds(f.bought(emma)), f.general(emma)) == (f.money("270"), 0)


def test_more_than_was_entered(emma: Customer, desk: User) -> None:
    invoice = f.pay(f.save(emma, "80", by=desk), ("cash", "30"), by=desk)
    with pytest.raises(DomainError, match=r"At most .*80\.00"):
        correct(of(invoice), "cash", "80.01", by=desk)
    correct(of(invoice), "cash", "80", by=desk)
    assert Invoice.get_by_id(invoice.id).status == "paid"
    assert held_by("cash") == f.money("80")


def test_nothing_was_received(emma: Customer, desk: User) -> None:
    f.add(emma, f.piano(), by=desk)
    invoice = f.pay(lessons(emma, "1", by=desk), ("card", "45"), by=desk)
    assert correct(of(invoice), "card", "0", by=desk) is None
    assert (Invoice.get_by_id(invoice.id).status, f.due(invoice)) == ("open", f.money("45"))
    unit = MembershipItem.get(MembershipItem.membership == f.bought(emma))
    assert (unit.reserved_milli, unit.used_milli) == (1000, 0)
    with pytest.raises(Changed, match="already"):
        correct(Payment.get(), "cash", "45", by=desk)


def test_what_it_completed_is_completed_still_or_active_again(emma: Customer, desk: User) -> None:
    membership = f.add(emma, f.trio(), by=desk)
    invoice = f.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=desk)
    f.pay(invoice, ("check", "100"), by=desk)
    correct(of(invoice), "transfer", "100", by=desk)
    assert f.fresh(membership).reason == "completed"
    correct(of(invoice), "transfer", "99.99", by=desk)
    assert f.fresh(membership).is_active
    assert f.due(invoice) == 1


def test_from_the_account_to_the_till(emma: Customer, desk: User) -> None:
    """What Account paid goes back to where it came from; the lesson is paid in cash."""
    f.pay(f.save(emma, (f.piano(), None), by=desk), ("cash", "450"), by=desk)
    lesson = f.pay(lessons(emma, "1", by=desk), ("account", "45"), by=desk)
    correct(of(lesson), "cash", "45", by=desk)
    assert f.funds(f.bought(emma)) == f.money("450")
    assert held_by("cash") == f.money("495")
    with pytest.raises(DomainError, match="then pay the invoice by Account"):
        correct(of(lesson), "account", "45", by=desk)


def test_a_deposit(emma: Customer, desk: User) -> None:
    funds.deposit(emma, f.method("cash"), f.money("500"), by=desk, on=f.DAY)
    correct(Payment.get(), "check", "50", by=desk)
    assert (held_by("cash"), held_by("check"), f.general(emma)) == (0, 5000, 5000)
    funds.withdraw(emma, f.method("cash"), f.money("20"), by=desk, on=LATER, reason="Change")
    right = Payment.select().order_by(Payment.id.desc()).get()
    correct(right, "check", "20", by=desk)
    assert f.general(emma) == 0
    correct(Payment.select().order_by(Payment.id.desc()).get(), "check", "0", by=desk)
    assert f.general(emma) == f.money("-20")


def test_the_right_one_can_bounce_and_be_voided(emma: Customer, desk: User) -> None:
    invoice = f.pay(f.save(emma, "20", by=desk), ("cash", "20"), by=desk)
    right = correct(of(invoice), "check", "20", by=desk)
    assert right is not None
    bounces.bounce(right.id, by=desk, on=LATER)
    f.pay(invoice, ("cash", "20"), by=desk, on=LATER)
    correct(of(invoice), "card", "20", by=desk)
    voids.void(invoice.id, reason="Twice", by=desk, on=LATER)
    assert not checks.faults()
    assert (f.general(emma), held_by("card"), held_by("cash"), held_by("check")) == (2000, 2000, 0, 0)


def test_only_the_day(emma: Customer, desk: User) -> None:
    invoice = f.pay(f.save(emma, "20", by=desk), ("cash", "20"), by=desk)
    cash, day = f.method("cash"), date(2026, 5, 30)
    with pytest.raises(DomainError, match="how it was entered"):
        correct(of(invoice), "cash", "20", by=desk)
    with pytest.raises(DomainError, match="after today"):
        correcting.correct(of(invoice).id, cash, 2000, by=desk, on=f.DAY, received_on=LATER)
    right = correcting.correct(of(invoice).id, cash, 2000, by=desk, on=LATER, received_on=day)
    assert right is not None
    assert right.received_on == day


def test_what_cannot_be(emma: Customer, desk: User) -> None:
    invoice = f.pay(f.save(emma, (f.item("Copy", "1"), "20"), by=desk), ("check", "20"), by=desk)
    with pytest.raises(DomainError, match="below 0"):
        correct(of(invoice), "cash", "-1", by=desk)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "card").execute()
    with pytest.raises(DomainError, match="switched off"):
        correct(of(invoice), "card", "20", by=desk)
    version = Invoice.get_by_id(invoice.id).version
    crediting.credit(invoice.id, 1, 1000, version=version, by=desk, on=LATER, reason="Torn")
    with pytest.raises(DomainError, match="credited since"):
        correct(of(invoice), "cash", "19", by=desk)
    voids.void(invoice.id, reason="x", by=desk, on=LATER)
    with pytest.raises(Changed, match="voided"):
        correct(of(invoice), "cash", "19", by=desk)
    bounced = f.pay(f.save(emma, "5", by=desk), ("check", "5"), by=desk)
    bounces.bounce(of(bounced).id, by=desk, on=LATER)
    with pytest.raises(Changed, match="bounced"):
        correct(of(bounced), "cash", "5", by=desk)


def test_what_a_refund_may_pay_out_is_what_came_by_the_right_method(emma: Customer, desk: User) -> None:
    sale = f.pay(f.save(emma, (f.piano(), None), by=desk), ("cash", "450"), by=desk)
    correct(of(sale), "card", "450", by=desk)
    assert pay_outs.received(Membership.get()) == {f.method("card").id: f.money("450")}


@pytest.mark.parametrize("policy", ["return", "forfeit"])
def test_by_account_out_of_what_has_expired_since(emma: Customer, desk: User, policy: str) -> None:
    """Its money would go on to general funds, and what is forfeited would pay the same lessons once more."""
    Company.update(expiry_policy=policy).where(Company.id == 1).execute()
    piano = f.piano(validity="date", last_day=LATER)
    f.pay(f.save(emma, (piano, None), by=desk), ("cash", "450"), by=desk)
    used = f.settle(lessons(emma, "4", by=desk), by=desk)
    after = date(2026, 6, 4)
    memberships.expire_due(after)
    before = (f.general(emma), ledger.balance(FORFEITED))
    for amount, received_on in ((f.money("180"), date(2026, 5, 30)), (f.money("100"), f.DAY)):
        with pytest.raises(DomainError, match="has ended"):
            correcting.correct(of(used).id, f.method("account"), amount, by=desk, on=after, received_on=received_on)
    assert (f.general(emma), ledger.balance(FORFEITED)) == before
    correct(of(used), "cash", "180", by=desk, on=after)
    assert (f.general(emma), ledger.balance(FORFEITED)) == (before[0] + f.money("180"), before[1])


def test_a_method_that_is_switched_off_since(emma: Customer, desk: User) -> None:
    invoice = f.pay(f.save(emma, "20", by=desk), ("check", "20"), by=desk)
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "check").execute()
    correct(of(invoice), "check", "10", by=desk)
    assert (held_by("check"), f.due(invoice)) == (1000, 1000)


def test_by_an_owner_who_has_left_the_group_since(emma: Customer, desk: User) -> None:
    """Their money came, whatever they own today; but Account is not spent for whom they may not pay."""
    boss = f.somebody("Boss")
    group = f.group("Piano class", emma)
    Group.update(owner=boss).where(Group.id == group.id).execute()
    funds.deposit(boss, f.method("cash"), f.money("10"), by=desk, on=f.DAY)
    f.piano()
    invoice = lessons(emma, "1", by=desk)
    tenders = [Tender(f.method("cash"), 2000), Tender(f.method("account"), 1000)]
    cash, account = payments.pay(invoice.id, tenders, by=desk, on=f.DAY, payer=boss)
    Group.update(owner=None).where(Group.id == group.id).execute()
    right = correct(cash, "card", "15", by=desk)
    assert right is not None
    assert (right.customer_id, held_by("card"), f.due(invoice)) == (boss.id, 1500, f.money("25"))
    with pytest.raises(DomainError, match="Boss owns no group"):
        correct(account, "account", "5", by=desk)
    correct(account, "account", "0", by=desk)
    assert f.general(boss) == 1000


def test_a_check_that_was_put_right_cannot_bounce(emma: Customer, desk: User) -> None:
    funds.deposit(emma, f.method("check"), f.money("20"), by=desk, on=f.DAY)
    wrong = Payment.get()
    right = correct(wrong, "check", "10", by=desk)
    assert right is not None
    with pytest.raises(DomainError, match="was put right"):
        bounces.bounce(wrong.id, by=desk, on=LATER)
    bounces.bounce(right.id, by=desk, on=LATER)
    assert f.general(emma) == 0


def test_whose_payment_was_wrong_did_not_pay_for_it(emma: Customer, desk: User) -> None:
    """What the owner of the group gave in cash for something else does not make up for what Emma took out in cash."""
    boss = f.somebody("Boss")
    group = f.group("Piano class", emma)
    Group.update(owner=boss).where(Group.id == group.id).execute()
    funds.deposit(boss, f.method("cash"), f.money("500"), by=desk, on=f.DAY)
    sale = f.save(emma, (f.piano(), None), by=desk)
    [wrong] = payments.pay(sale.id, [Tender(f.method("cash"), f.money("450"))], by=desk, on=f.DAY, payer=boss)
    correct(wrong, "cash", "0", by=desk)
    f.pay(sale, ("cash", "450"), by=desk)
    membership = f.bought(emma)
    funds.out_of_package(membership.id, f.money("450"), by=desk, on=LATER)
    funds.withdraw(emma, f.method("cash"), f.money("450"), by=desk, on=LATER, reason="Asked for it")
    assert pay_outs.received(membership) == {f.method("cash").id: 0}


@pytest.mark.parametrize("policy", ["return", "forfeit"])
def test_what_is_active_again_after_its_last_day_has_expired_at_once(emma: Customer, desk: User, policy: str) -> None:
    """What is stated of the correction is all that comes of it: no look at the next moment ends it."""
    Company.update(expiry_policy=policy).where(Company.id == 1).execute()
    trio = f.package("Trio", (f.item("Lesson", "50"), "3", "@45"), validity="days", validity_count=10)
    sale = f.pay(f.save(emma, (trio, None), by=desk), ("cash", "135"), by=desk)
    used = f.pay(lessons(emma, "3", by=desk), ("card", "135"), by=desk)
    membership = f.bought(emma)
    assert (membership.reason, f.general(emma)) == ("completed", f.money("135"))
    july = date(2026, 7, 1)
    correct(of(used), "card", "134", by=desk, on=july)
    assert f.fresh(membership).reason == "expired"
    assert memberships.expire_due(july) == 0
    assert f.general(emma) == (f.money("135") if policy == "return" else 0)
    assert (f.due(sale), f.due(used)) == (0, 100)
