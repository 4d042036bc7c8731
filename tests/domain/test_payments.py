"""Paying: which money goes where, and what is refused."""

from datetime import timedelta

import pytest

from tests import factories as f
from webapp.domain import payments
from webapp.domain.errors import DomainError
from webapp.domain.tendering import Tender
from webapp.models import Invoice, Item, User

pytestmark = pytest.mark.usefixtures("proven")


def lesson() -> Item:
    return Item.get(Item.name == "Lesson")


def test_account_pays_the_package_and_what_is_drawn_from_it_in_one_go(desk: User) -> None:
    """Package funds that are there, general funds for the package line, then the funds just paid in."""
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, "50"), "225", by=desk), by=desk)
    membership = f.bought(emma)
    invoice = f.save(emma, (piano, "200"), (lesson(), "4"), by=desk)
    assert (f.funds(membership), f.general(emma), invoice.total_minor) == (5000, 22500, 38000)
    assert f.pay(invoice, ("account", "380"), by=desk).status == "paid"
    assert (f.funds(membership), f.general(emma)) == (7000, 2500)


def test_general_funds_pay_a_package_down_to_zero_and_items_down_to_the_limit(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.credit_limit("100")
    sale = f.save(emma, (piano, None), by=desk)
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        f.pay(sale, ("account", "50"), by=desk)
    lessons = f.save(emma, (lesson(), "3"), by=desk)
    with pytest.raises(DomainError, match=r"at most 100\.00"):
        f.pay(lessons, ("account", "135"), by=desk)
    f.pay(lessons, ("account", "100"), by=desk)
    assert f.general(emma) == -f.money("100")


def test_account_never_pays_a_deposit(desk: User) -> None:
    emma = f.somebody()
    f.pay(f.save(emma, "100", by=desk), by=desk)
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        f.pay(f.save(emma, "50", by=desk), ("account", "50"), by=desk)


def test_more_than_is_due_is_kept_only_when_that_was_asked_for(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    invoice = f.save(emma, (lesson(), "1"), by=desk)
    with pytest.raises(DomainError, match=r"10\.00 more than is due"):
        f.pay(invoice, ("cash", "60"), by=desk)
    f.pay(invoice, ("card", "30"), ("cash", "60"), by=desk, keep_rest=True)
    assert (f.due(invoice), f.general(emma)) == (0, 4000)


def test_an_invoice_that_asks_for_nothing_is_paid_when_it_is_saved(desk: User) -> None:
    emma, gift = f.somebody(), f.item("Trial", "20.00")
    trial = f.package("Free trial", (gift, "2", "0"))
    membership = f.add(emma, trial, by=desk)
    invoice = f.save(emma, (gift, "2"), by=desk)
    assert (invoice.status, invoice.total_minor, invoice.code) == ("paid", 0, "2026-0001")
    assert f.fresh(membership).reason == "completed"


def test_one_payment_of_two_invoices_completes_what_the_second_sells(desk: User) -> None:
    """What it paid of the sale goes on to general funds, and the rest is credited, in the same act."""
    emma, piano = f.somebody(), f.piano()
    f.add(emma, piano, by=desk)
    nine = f.save(emma, (lesson(), "9"), by=desk)
    sale = f.save(emma, (piano, "100"), by=desk)
    last = f.save(emma, (lesson(), "1"), by=desk)
    f.pay(nine, by=desk)
    tender = Tender(f.method("cash"), f.money("85"))
    payments.pay_all([last.id, sale.id], [tender], by=desk, on=f.DAY)
    assert (f.due(sale), f.due(last)) == (f.money("15"), f.money("45"))
    f.pay(last, by=desk)
    assert (Invoice.get_by_id(sale.id).status, f.due(sale)) == ("paid", 0)
    assert (f.fresh(f.bought(emma)).reason, f.general(emma)) == ("completed", f.money("85"))


def test_one_payment_of_two_invoices_pays_the_older_first(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.add(emma, piano, by=desk)
    last = f.save(emma, (lesson(), "1"), by=desk)
    sale = f.save(emma, (piano, "100"), by=desk, on=f.DAY + timedelta(days=1))
    nine = f.save(emma, (lesson(), "9"), by=desk, on=f.DAY + timedelta(days=1))
    f.pay(nine, by=desk, on=f.DAY + timedelta(days=1))
    tender = Tender(f.method("cash"), f.money("85"))
    payments.pay_all([sale.id, last.id], [tender], by=desk, on=f.DAY + timedelta(days=1))
    assert Invoice.get_by_id(last.id).status == "paid"
    assert (Invoice.get_by_id(sale.id).status, f.due(sale)) == ("paid", 0), "40.00 paid, 60.00 credited"
    assert (f.fresh(f.bought(emma)).reason, f.general(emma)) == ("completed", f.money("40"))
