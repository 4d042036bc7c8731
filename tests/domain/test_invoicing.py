"""Saving an invoice: what it takes, and what it refuses."""

import pytest

from tests import factories as f
from webapp.domain import voids
from webapp.domain.errors import DomainError
from webapp.models import Company, Invoice, Item, Membership, MembershipItem, User

pytestmark = pytest.mark.usefixtures("proven")


def test_a_package_is_sold_once_on_an_invoice(desk: User) -> None:
    """A second line can bill the rest of it, but not nothing."""
    emma, piano = f.somebody(), f.piano()
    invoice = f.save(emma, (piano, "200"), (piano, None), by=desk)
    assert f.lines(invoice) == [("sale", 1000, 20000), ("sale", 1000, 25000)]
    assert Membership.select().count() == 1
    with pytest.raises(DomainError, match="All of PIANO is billed already"):
        f.save(f.somebody("Second Customer"), (piano, None), (piano, None), by=desk)


def test_a_free_package_can_be_sold(desk: User) -> None:
    emma, gift = f.somebody(), f.item("Trial", "20.00")
    invoice = f.save(emma, (f.package("Free trial", (gift, "2", "0")), None), by=desk)
    assert (invoice.status, f.left(f.bought(emma))) == ("paid", 2000)


def test_a_total_that_is_too_large_is_refused(desk: User) -> None:
    emma, dear = f.somebody(), f.item("Moon", "9999999999")
    with pytest.raises(DomainError, match="too large"):
        f.save(emma, (dear, "100000"), by=desk)
    assert Invoice.get().is_draft


@pytest.mark.parametrize("price", ["0.06", "0.10", "1.00"])
def test_prepaid_tax_within_a_price_is_never_more_than_the_draw(desk: User, price: str) -> None:
    """With prices that include the tax, a draw of a fraction of a cent may reach the tax's step before its own."""
    Company.update(tax_inclusive=True).execute()
    emma, copy = f.somebody(), f.item("Copy", "0.02", tax="20")
    card = f.package("Copies", (copy, "100", price))
    membership = f.add(emma, card, by=desk)
    for number in range(20):
        invoice = f.save(emma, (copy, "5"), by=desk)
        assert invoice.net_minor >= 0
        if number % 5 == 1:
            voids.void(invoice.id, reason="misprint", by=desk, on=f.DAY)
    f.save(emma, (copy, str(f.left(membership) // 1000)), by=desk)
    drawn = MembershipItem.get(MembershipItem.membership == membership)
    assert (drawn.drawn_minor, drawn.drawn_tax_minor) == (drawn.amount_minor, drawn.tax_minor)


def test_two_packages_with_the_same_last_day(desk: User) -> None:
    """The older start goes first, then the lower number."""
    emma, hour = f.somebody(), f.item("Hour", "150.00")
    last = {"validity": "date", "last_day": f.DAY.replace(month=12)}
    third = f.add(emma, f.package("Third", (hour, "1", "@130"), **last), by=desk)
    fourth = f.add(emma, f.package("Fourth", (hour, "1", "@140"), **last), by=desk)
    first = f.add(emma, f.package("First", (hour, "1", "@110"), **last), by=desk, on=f.DAY.replace(day=1, month=5))
    assert [f.left(m) for m in (first, third, fourth)] == [1000] * 3
    invoice = f.save(emma, (hour, "4"), by=desk)
    assert [total for _, _, total in f.lines(invoice)] == [11000, 13000, 14000, 15000]


def test_an_invoice_is_numbered_when_it_is_saved_and_numbers_have_no_gap(desk: User) -> None:
    emma = f.somebody()
    f.piano()
    lesson = Item.get(Item.name == "Lesson")
    draft = f.draft(emma, (lesson, "1"), by=desk)
    with pytest.raises(DomainError):
        f.save(emma, (f.item("Sold in packages", None), "1"), by=desk)
    first, second = f.save(emma, (lesson, "1"), by=desk), f.save(emma, (lesson, "1"), by=desk)
    voids.void(first.id, reason="twice", by=desk, on=f.DAY)
    third = f.save(emma, (lesson, "1"), by=desk)
    assert [draft.code, first.code, second.code, third.code] == ["Draft", "2026-0001", "2026-0002", "2026-0003"]


def test_prices_that_include_the_tax(desk: User) -> None:
    """The customer pays what is printed; the tax in it is booked when the lesson is."""
    Company.update(tax_inclusive=True).execute()
    emma, lesson = f.somebody(), f.item("Lesson", "50.00", tax="20")
    f.pay(f.save(emma, (f.package("PIANO", (lesson, "10", "@45")), None), by=desk), by=desk)
    membership = f.bought(emma)
    assert (membership.price_minor, f.funds(membership), f.tax("20")) == (45000, 45000, 0)
    one = f.save(emma, (lesson, "1"), by=desk)
    assert (one.net_minor, one.tax_minor, one.total_minor) == (3750, 750, 4500)
    rest = f.save(emma, (lesson, "10"), by=desk)
    assert f.lines(rest) == [("draw", 9000, 40500), ("standard", 1000, 5000)]
    assert (f.income(), f.tax("20")) == (37500 + 4167, 7500 + 833)
    f.settle(one, by=desk)
    f.pay(rest, ("card", "50"), ("account", "405"), by=desk)
    assert (f.fresh(membership).reason, f.funds(membership), f.general(emma)) == ("completed", 0, 0)
