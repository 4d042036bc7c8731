"""Two acts after each other where the second must know of the first: each once gave another figure than the rules."""

from datetime import date, timedelta

import pytest

from tests import factories as f
from webapp.domain import (
    bounces,
    crediting,
    funds,
    invoicing,
    ledger,
    pay_outs,
    payments,
    quoting,
    refunds,
    reinstating,
    voids,
)
from webapp.domain import memberships as ending
from webapp.domain.errors import DomainError
from webapp.domain.invoicing import PriceChanged
from webapp.domain.memberships import Removal
from webapp.domain.settling import FORFEITED
from webapp.domain.tendering import Tender
from webapp.models import Company, Customer, Group, Invoice, Item, Membership, MembershipItem, Payment, Role, User

pytestmark = pytest.mark.usefixtures("proven")

LAST_DAY = date(2026, 6, 30)
LATE = date(2026, 7, 2)


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def sold(desk: User, *, by: str = "cash", **validity: object) -> tuple[Membership, Invoice]:
    """PIANO, paid in full by one method."""
    emma = f.somebody()
    sale = f.save(emma, (f.piano(**validity), None), by=desk)
    return f.bought(emma), f.pay(sale, (by, "450"), by=desk)


def family(member: Customer) -> Customer:
    """The owner of a group that the member is in."""
    owner = f.somebody("Mother Jones")
    Group.update(owner=owner).where(Group.id == f.group("Jones", member)).execute()
    return owner


def by_account(amount: str) -> Tender:
    return Tender(f.method("account"), f.money(amount))


def bounced(invoice: Invoice, desk: User, on: date = f.DAY) -> None:
    check = Payment.get((Payment.invoice == invoice) & (Payment.method == f.method("check")))
    bounces.bounce(check.id, by=desk, on=on)


def credited(invoice: Invoice, position: int, quantity: int, desk: User) -> int:
    version = Invoice.get_by_id(invoice.id).version
    note = crediting.credit(invoice.id, position, quantity, version=version, by=desk, on=f.DAY, reason="not given")
    return int(note.amount_minor)


def reinstated(membership: Membership, desk: User, on: date = f.DAY, end_on: date | None = None) -> None:
    version = f.fresh(membership).version
    reinstating.reinstate(membership.id, version=version, by=desk, on=on, reason="came back", end_on=end_on)


def removed(membership: Membership, desk: User) -> None:
    ending.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)


def forfeit() -> None:
    Company.update(expiry_policy="forfeit").where(Company.id == 1).execute()


def test_one_payment_takes_forfeited_money_for_several_late_invoices(desk: User) -> None:
    forfeit()
    membership, _ = sold(desk, validity="date", last_day=LAST_DAY)
    late = [f.save(membership.customer, (lesson(), "1"), by=desk, on=LAST_DAY, today=LATE) for _ in range(2)]
    payments.pay_all([invoice.id for invoice in late], [by_account("90")], by=desk, on=LATE)
    assert [f.due(invoice) for invoice in late] == [0, 0]
    assert ledger.balance(FORFEITED) == f.money("360")


def test_what_covered_a_bounced_check_does_not_come_back_again(desk: User) -> None:
    membership, sale = sold(desk, by="check")
    removed(membership, desk)
    bounced(sale, desk)
    funds.deposit(membership.customer, f.method("cash"), f.money("450"), by=desk, on=f.DAY)
    reinstated(membership, desk)
    assert (f.funds(membership), f.general(membership.customer), f.due(sale)) == (0, f.money("450"), f.money("450"))


def test_what_was_forfeited_comes_back_once_after_a_bounced_check(desk: User) -> None:
    forfeit()
    membership, sale = sold(desk, by="check", validity="date", last_day=LAST_DAY)
    ending.expire_due(LATE)
    bounced(sale, desk, on=LATE)
    f.pay(sale, by=desk, on=LATE)
    funds.deposit(membership.customer, f.method("cash"), f.money("450"), by=desk, on=LATE)
    reinstated(membership, desk, on=LATE, end_on=LATE + timedelta(30))
    assert (f.funds(membership), f.general(membership.customer)) == (f.money("450"), f.money("450"))


def test_an_owner_pays_from_their_own_funds_while_the_member_may_not_buy_on_account(desk: User) -> None:
    membership, _ = sold(desk)
    member = membership.customer
    owner = family(member)
    invoice = f.save(member, (lesson(), "1"), by=desk)
    Customer.update(role=Role.get(Role.name == "Cash Only")).where(Customer.id == member.id).execute()
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        payments.pay(invoice.id, [by_account("45")], by=desk, on=f.DAY, payer=owner)
    funds.deposit(owner, f.method("cash"), f.money("45"), by=desk, on=f.DAY)
    payments.pay(invoice.id, [by_account("45")], by=desk, on=f.DAY, payer=Customer.get_by_id(owner.id))
    assert (f.funds(membership), f.general(owner), f.due(invoice)) == (f.money("450"), 0, 0)


def test_who_is_exempt_is_refunded_by_the_standard_rate_without_its_tax(desk: User) -> None:
    Company.update(tax_inclusive=True).where(Company.id == 1).execute()
    flight = f.item("Flight", "125", tax="25")
    exempt = f.somebody()
    Customer.update(tax_exempt=True).where(Customer.id == exempt.id).execute()
    exempt = Customer.get_by_id(exempt.id)
    f.pay(f.save(exempt, (f.package("Ten", (flight, "10", "@100")), None), by=desk), by=desk)
    f.settle(f.save(exempt, (flight, "1"), by=desk), by=desk)
    at_standard = refunds.offers(f.bought(exempt))[1]
    assert at_standard.charged_minor == f.money("20")  # 100.00 without tax, less the 80.00 that was drawn


def test_an_item_without_standard_rate_is_not_compared_with_one(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    first = Item.get(Item.name == "Trio lesson")
    f.settle(f.save(emma, (first, "1"), by=desk), by=desk)
    Item.update(standard_rate_e4=None).where(Item.id == first.id).execute()
    f.settle(f.save(emma, (first, "1"), by=desk), by=desk)
    assert refunds.offers(f.bought(emma))[1].charged_minor == f.money("6.67")  # 40.00 − 33.33, of the first alone


def test_general_funds_pay_the_older_invoice_first(desk: User) -> None:
    emma = f.somebody()
    f.add(emma, f.piano(), by=desk)
    funds.deposit(emma, f.method("cash"), f.money("50"), by=desk, on=f.DAY)
    older = f.save(emma, (lesson(), "1"), by=desk)
    newer = f.save(emma, (f.item("Book", "50"), "1"), by=desk, on=f.DAY + timedelta(5), today=f.DAY)
    payments.pay_all([newer.id, older.id], [by_account("50")], by=desk, on=f.DAY)
    assert (f.due(older), f.due(newer)) == (0, f.money("45"))


def test_reinstating_reopens_what_its_invoice_had_completed(desk: User) -> None:
    emma, trio, piano = f.somebody(), f.trio(), f.piano()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    of_trio = f.bought(emma)
    both = f.save(emma, (piano, None), (Item.get(Item.name == "Trio lesson"), "3"), by=desk)
    of_piano = f.bought(emma)
    f.pay(both, ("account", "100"), by=desk)
    removed(of_piano, desk)
    assert f.fresh(of_trio).reason == "completed"
    reinstated(of_piano, desk)
    item = MembershipItem.get(MembershipItem.membership == of_trio)
    assert (f.fresh(of_trio).state, item.reserved_milli, item.used_milli) == ("active", 3000, 0)
    assert f.due(both) == f.money("450")


def test_a_check_that_bounced_pays_nothing_out(desk: User) -> None:
    emma, book = f.somebody(), f.item("Book", "50")
    sale = f.save(emma, (f.piano(), None), (book, "2"), by=desk)
    f.pay(sale, ("check", "550"), by=desk)
    assert credited(sale, 2, 1000, desk) == f.money("50")
    bounced(sale, desk)
    assert pay_outs.received(f.bought(emma)) == {}
    books = f.pay(f.save(emma, (book, "2"), by=desk), ("check", "100"), by=desk)
    credited(books, 1, 1000, desk)
    bounced(books, desk)
    funds.deposit(emma, f.method("cash"), f.money("700"), by=desk, on=f.DAY)
    voids.void(books.id, reason="a mistake", by=desk, on=f.DAY, money="refunded")
    assert (f.general(emma), ledger.balance(ledger.method(f.method("check").id))) == (f.money("200"), 0)


def test_a_void_overdraws_nobody_who_paid(desk: User) -> None:
    member = f.somebody()
    owner = family(member)
    invoice = f.save(member, (f.item("Book", "50"), "2"), by=desk)
    payments.pay(invoice.id, [Tender(f.method(), f.money("100"))], by=desk, on=f.DAY, payer=owner)
    credited(invoice, 1, 1000, desk)
    funds.withdraw(owner, f.method(), f.money("50"), by=desk, on=f.DAY, reason="asked for it")
    with pytest.raises(DomainError, match=r"50\.00 short"):
        voids.void(invoice.id, reason="a mistake", by=desk, on=f.DAY, money="refunded")
    assert f.general(owner) == 0


def test_a_voided_late_line_leaves_its_money_with_who_was_brought_back(desk: User) -> None:
    forfeit()
    membership, _ = sold(desk, validity="date", last_day=LAST_DAY)
    late = f.save(membership.customer, (lesson(), "1"), by=desk, on=LAST_DAY, today=LATE)
    f.pay(late, ("account", "45"), by=desk, on=LATE)
    reinstated(membership, desk, on=LATE, end_on=LATE + timedelta(30))
    voids.void(late.id, reason="a mistake", by=desk, on=LATE)
    assert (f.funds(membership), ledger.balance(FORFEITED), f.left(membership)) == (f.money("450"), 0, 10000)


def test_half_of_a_line_with_its_tax_is_credited_to_the_cent(desk: User) -> None:
    Company.update(tax_inclusive=True).where(Company.id == 1).execute()
    invoice = f.pay(f.save(f.somebody(), (f.item("Tennis", "50", tax="20"), "2"), by=desk), by=desk)
    assert [credited(invoice, 1, 1000, desk), credited(invoice, 1, 1000, desk)] == [f.money("50")] * 2


def test_a_part_of_a_package_is_not_saved_at_a_price_that_was_never_shown(desk: User) -> None:
    piano = f.piano()
    draft = f.draft(f.somebody(), (piano, "100"), by=desk)
    shown = quoting.quote(draft).digest
    f.reprice(piano, lesson(), "@60")
    with pytest.raises(PriceChanged):
        invoicing.issue(draft.id, by=desk, on=f.DAY, shown=shown)


def test_a_package_that_is_over_already_is_not_sold(desk: User) -> None:
    piano = f.piano(validity="days", validity_count=10)
    draft = f.draft(f.somebody(), (piano, None), by=desk, on=f.DAY - timedelta(11))
    with pytest.raises(DomainError, match="would have ended on 31 May 2026 already") as refused:
        invoicing.issue(draft.id, by=desk, on=f.DAY)
    assert refused.value.field == "line-1"
