"""The worked examples that fix the rules: selling, paying, voiding, and how a membership ends."""

from datetime import date

import pytest

from tests import factories as f
from webapp.domain import ledger, memberships, payments, statements, tendering, voids
from webapp.domain.errors import DomainError
from webapp.domain.memberships import Removal, unbilled
from webapp.domain.quoting import quote
from webapp.domain.tendering import Effect, Tender
from webapp.models import Allocation, Invoice, InvoiceLine, Item, Membership, User

pytestmark = pytest.mark.usefixtures("proven")


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


def remove(membership: Membership, *, by: User, on: date = f.DAY) -> None:
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=by, on=on)


def test_06_a_package_sold_in_parts(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, "2000"), by=desk), ("card", "2000"), by=desk)
    membership = f.bought(emma)
    assert (f.funds(membership), unbilled(membership)) == (f.money("2000"), f.money("3900"))
    invoice = f.save(emma, (thing("C172"), "10.0"), (thing("Instruction"), "5.0"), by=desk)
    assert invoice.total_minor == f.money("1475")
    f.settle(invoice, by=desk)
    assert f.funds(membership) == f.money("525")
    with pytest.raises(DomainError, match=r"[Aa]t most 3,900\.00") as refused:
        f.save(emma, (ppl, "4000"), by=desk)
    assert refused.value.field == "line-1"
    assert f.save(emma, (ppl, "3900"), by=desk).total_minor == f.money("3900")
    assert unbilled(membership) == 0


def test_07_added_and_never_sold(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = f.add(emma, ppl, by=desk)
    first = f.pay(f.save(emma, (thing("C172"), "2.0"), by=desk), ("card", "240"), by=desk)
    assert (first.status, f.funds(membership)) == ("paid", 0)
    assert quote(f.draft(emma, (ppl, None), by=desk)).total_minor == f.money("5660")
    with pytest.raises(DomainError, match=r"[Aa]t most 5,660\.00"):
        f.save(emma, (ppl, "5660.01"), by=desk)
    f.pay(f.save(emma, (thing("C172"), "38.0"), (thing("Instruction"), "20.0"), by=desk), by=desk)
    assert f.fresh(membership).reason == "completed"
    assert not InvoiceLine.select().where(InvoiceLine.source == "sale").exists()


def test_08_active_until_the_last_lesson_is_paid(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    f.pay(f.save(emma, (thing("Lesson"), "9"), by=desk), by=desk)
    last = f.save(emma, (thing("Lesson"), "1"), by=desk)
    assert (last.total_minor, f.left(membership)) == (4500, 0)
    assert f.fresh(membership).is_active
    assert f.lines(f.save(emma, (thing("Lesson"), "1"), by=desk)) == [("standard", 1000, 5000)]
    with pytest.raises(DomainError, match=last.code):
        f.save(emma, (piano, None), by=desk)
    f.pay(last, by=desk)
    assert f.fresh(membership).reason == "completed"
    second = f.save(emma, (piano, None), by=desk)
    assert second.total_minor == f.money("450")
    assert f.bought(emma) != membership


def test_09_a_void_makes_a_completed_membership_active_again(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "450"), by=desk)
    membership = f.bought(emma)
    f.settle(f.save(emma, (thing("Lesson"), "7"), by=desk), by=desk)
    last = f.pay(f.save(emma, (thing("Lesson"), "3"), by=desk), ("cash", "135"), by=desk)
    assert (f.fresh(membership).reason, f.funds(membership), f.general(emma)) == ("completed", 0, f.money("135"))
    voids.void(last.id, reason="wrong customer", by=desk, on=f.DAY, money="refunded")
    assert f.fresh(membership).is_active
    assert (f.left(membership), f.used(membership)) == (3000, 7000)
    assert (f.funds(membership), f.general(emma)) == (f.money("135"), 0)
    assert ledger.balance(ledger.method(f.method("cash").id)) == 0
    assert Invoice.get_by_id(last.id).code == last.code


def test_13_removed_with_package_funds(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, "2000"), by=desk), ("card", "2000"), by=desk)
    membership = f.bought(emma)
    f.settle(f.save(emma, (thing("C172"), "10"), (thing("Instruction"), "5"), by=desk), by=desk)
    before = f.funds(membership) + f.general(emma)
    remove(membership, by=desk)
    assert (f.funds(membership), f.general(emma)) == (0, f.money("525"))
    assert f.funds(membership) + f.general(emma) == before
    assert f.fresh(membership).reason == "removed"


def test_20_a_statement_month_by_month(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    march, end = date(2026, 3, 1), date(2026, 3, 31)
    f.pay(f.save(emma, (ppl, "2000"), by=desk, on=date(2026, 3, 3)), ("card", "2000"), by=desk, on=date(2026, 3, 3))
    hours = f.save(emma, (thing("C172"), "10"), (thing("Instruction"), "5"), by=desk, on=end)
    f.settle(hours, by=desk, on=end)
    in_march = statements.statement(emma.id, march, end)
    assert (in_march.opening_minor, in_march.closing_minor) == (0, f.money("525"))
    assert [row.amount_minor for row in in_march.rows] == [f.money("2000"), -f.money("1475")]
    assert [row.balance_minor for row in in_march.rows] == [f.money("2000"), f.money("525")]
    in_april = statements.statement(emma.id, date(2026, 4, 1), date(2026, 4, 30))
    assert in_april == (f.money("525"), [], f.money("525"))
    assert statements.money_held(end) == (f.money("525"), 0, 0)
    assert statements.money_held(date(2026, 3, 2)).total_minor == 0


def test_23_a_package_and_its_first_lesson_on_one_invoice(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    invoice = f.save(emma, (thing("Lesson"), "1"), (piano, None), by=desk)
    assert f.lines(invoice) == [("draw", 1000, 4500), ("sale", 1000, 45000)]
    assert f.pay(invoice, ("cash", "450"), ("account", "45"), by=desk).status == "paid"
    membership = f.bought(emma)
    assert (f.funds(membership), f.general(emma), f.left(membership)) == (f.money("405"), 0, 9000)


def test_24_the_card_fills_the_standard_line(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, "4800"), by=desk), by=desk)
    membership = f.bought(emma)
    f.settle(f.save(emma, (thing("C172"), "38.5"), by=desk), by=desk)
    invoice = f.save(emma, (thing("C172"), "2.0"), by=desk)
    tenders = [Tender(f.method("card"), 7500), Tender(f.method("account"), 18000)]
    planned = tendering.plan(tendering.open_invoice(invoice), tenders, keep_rest=False)
    assert planned.effects == [Effect(membership.id, "PPL", 18000, 0)]
    payments.pay(invoice.id, tenders, by=desk, on=f.DAY)
    filled = {(a.line.source, a.source, a.amount_minor) for a in Allocation.select() if a.line.invoice_id == invoice.id}
    assert filled == {("standard", "method", 7500), ("draw", "package", 18000)}
    assert (f.funds(membership), f.general(emma)) == (0, 0)


def test_25_the_second_of_three_voided_after_completion(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership = f.bought(emma)
    lessons = [f.settle(f.save(emma, (thing("Trio lesson"), "1"), by=desk), by=desk) for _ in range(3)]
    assert f.fresh(membership).reason == "completed"
    voids.void(lessons[1].id, reason="did not come", by=desk, on=f.DAY)
    assert f.fresh(membership).is_active
    assert (f.left(membership), f.funds(membership)) == (1000, 3334)


def test_26_what_was_never_paid_of_a_completed_package_is_credited(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    sale = f.pay(f.save(emma, (ppl, None), by=desk), ("card", "5400"), by=desk)
    membership = f.bought(emma)
    f.pay(f.save(emma, (thing("C172"), "40"), by=desk), ("account", "4800"), by=desk)
    f.pay(f.save(emma, (thing("Instruction"), "20"), by=desk), ("account", "600"), ("cash", "500"), by=desk)
    assert f.fresh(membership).reason == "completed"
    assert (Invoice.get_by_id(sale.id).status, f.due(sale)) == ("paid", 0)
    assert InvoiceLine.get(InvoiceLine.invoice == sale).cancelled_minor == f.money("500")
    assert (f.funds(membership), f.general(emma)) == (0, 0)


def test_account_is_entered_once(desk: User) -> None:
    invoice = f.save(f.somebody(), (f.item("Book", "20"), "1"), by=desk)
    account = Tender(f.method("account"), 1000)
    with pytest.raises(DomainError, match="entered once"):
        payments.pay(invoice.id, [account, account], by=desk, on=f.DAY)
