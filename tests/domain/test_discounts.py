"""Discounts on lines and packages, customers who pay no tax, and prices that include it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories as f
from webapp.domain import checks, drafts, terms
from webapp.domain.quoting import quote
from webapp.models import Company, Customer, DraftLine, Invoice, InvoiceLine, Item, Membership, MembershipItem, User
from webapp.money import parse_rate

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def discounted(invoice: Invoice, *, minor: int | None = None, percent: str | None = None) -> Invoice:
    line = DraftLine.get(DraftLine.invoice == invoice)
    drafts.discount(line.id, amount_minor=minor, percent_e4=None if percent is None else parse_rate(percent))
    return Invoice.get_by_id(invoice.id)


def save(invoice: Invoice, *, by: User) -> Invoice:
    from webapp.domain import invoicing

    saved = invoicing.issue(invoice.id, by=by, on=f.DAY)
    assert not checks.faults()
    return saved


def test_an_amount_or_a_percentage_off_a_line(desk: User) -> None:
    emma, lesson = f.somebody(), f.item("Lesson", "50", tax="8")
    by_amount = save(discounted(f.draft(emma, (lesson, "1"), by=desk), minor=1000), by=desk)
    assert (by_amount.net_minor, by_amount.tax_minor) == (4000, 320)
    by_percent = save(discounted(f.draft(emma, (lesson, "1"), by=desk), percent="12.5"), by=desk)
    assert by_percent.net_minor == 4375
    assert InvoiceLine.get(InvoiceLine.invoice == by_percent).discount_minor == 625


def test_a_discount_never_makes_a_line_negative_and_leaves_package_rates_alone(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.add(emma, piano, by=desk)
    lesson = Item.get(Item.name == "Lesson")
    covered = discounted(f.draft(emma, (lesson, "2"), by=desk), minor=100)
    assert "all of this line is at a package rate" in (quote(covered).problem(1) or "")
    split = discounted(f.draft(emma, (lesson, "11"), by=desk), percent="10")
    assert quote(split).total_minor == f.money("495")
    too_much = discounted(f.draft(emma, (lesson, "11"), by=desk), minor=5001)
    assert "at most 50.00" in (quote(too_much).problem(1) or "")


def test_a_package_discount_is_spread_and_its_draws_add_up_to_the_price(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl(tax="8")
    sale = save(discounted(f.draft(emma, (ppl, None), by=desk), percent="10"), by=desk)
    membership = Membership.get(Membership.customer == emma)
    items = list(MembershipItem.select().where(MembershipItem.membership == membership).order_by(MembershipItem.id))
    assert [i.amount_minor for i in items] == [f.money("4320"), f.money("990")]
    assert membership.price_minor == sale.total_minor == f.money("5655.60")
    f.pay(sale, by=desk)
    c172, teacher = Item.get(Item.name == "C172"), Item.get(Item.name == "Instruction")
    used = f.save(emma, (c172, "40"), (teacher, "20"), by=desk)
    assert used.total_minor == sale.total_minor
    f.pay(used, ("account", "5655.60"), by=desk)
    assert (f.fresh(membership).reason, f.general(emma)) == ("completed", 0)
    assert not checks.faults()


def test_no_discount_on_a_package_that_is_sold_already(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.add(emma, piano, by=desk)
    late = discounted(f.draft(emma, (piano, None), by=desk), minor=100)
    assert "first line of PIANO" in (quote(late).problem(1) or "")


def test_a_package_discount_is_at_most_what_the_items_cost(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    too_much = discounted(f.draft(emma, (piano, None), by=desk), minor=45001)
    assert quote(too_much).problem(1) == "The discount can be at most 450.00."
    free = save(discounted(f.draft(emma, (piano, None), by=desk), minor=45000), by=desk)
    assert (free.status, free.total_minor) == ("paid", 0)
    drawn = f.save(emma, (Item.get(Item.name == "Lesson"), "10"), by=desk)
    assert (drawn.total_minor, drawn.status) == (0, "paid")
    assert Membership.get().reason == "completed"
    assert not checks.faults()


@pytest.mark.parametrize("inclusive, price", [(False, "450.00"), (True, "416.66")])
def test_a_percentage_is_off_what_an_exempt_customer_pays(desk: User, inclusive: bool, price: str) -> None:
    Company.update(tax_inclusive=inclusive).execute()
    emma = f.somebody()
    Customer.update(tax_exempt=True).where(Customer.id == emma.id).execute()
    pack = f.package("Ten", (f.item("Lesson", "50", tax="8"), "10", "@50"))
    sale = save(discounted(f.draft(Customer.get_by_id(emma.id), (pack, None), by=desk), percent="10"), by=desk)
    assert sale.total_minor == f.money(price)


@pytest.mark.parametrize("inclusive, price", [(False, "50.00"), (True, "46.30")])
def test_exempt_customers_pay_no_tax(desk: User, inclusive: bool, price: str) -> None:
    Company.update(tax_inclusive=inclusive).execute()
    emma, lesson = f.somebody(), f.item("Lesson", "50", tax="8")
    pack = f.package("Ten", (lesson, "10", "@50"))
    Customer.update(tax_exempt=True).where(Customer.id == emma.id).execute()
    emma = Customer.get_by_id(emma.id)
    single = f.save(emma, (lesson, "1"), by=desk)
    assert (single.total_minor, single.tax_minor) == (f.money(price), 0)
    f.pay(f.save(emma, (pack, None), by=desk), by=desk)
    drawn = f.save(emma, (lesson, "10"), by=desk)
    assert (drawn.tax_minor, drawn.total_minor) == (0, f.money("500.00") if not inclusive else f.money("462.96"))
    assert not checks.faults()


def test_prices_that_include_the_tax(desk: User) -> None:
    Company.update(tax_inclusive=True).execute()
    emma, lesson = f.somebody(), f.item("Lesson", "50", tax="20")
    pack = f.package("Three", (lesson, "3", "100.00"))
    single = f.save(emma, (lesson, "1"), by=desk)
    assert (single.total_minor, single.net_minor, single.tax_minor) == (5000, 4167, 833)
    f.pay(f.save(emma, (pack, None), by=desk), by=desk)
    drawn = [f.save(emma, (lesson, "1"), by=desk) for _ in range(3)]
    assert [x.total_minor for x in drawn] == [3333, 3334, 3333]
    assert sum(x.tax_minor for x in drawn) == 1667
    for invoice in drawn:
        f.pay(invoice, ("account", f"{invoice.total_minor // 100}.{invoice.total_minor % 100:02d}"), by=desk)
    assert Membership.get().reason == "completed"
    assert not checks.faults()


AMOUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)


@given(AMOUNTS, st.integers(0, 10**10), st.integers(0, 500_000), st.booleans())
def test_a_discount_is_spread_to_the_last_cent(
    amounts: list[int], discount_minor: int, percent_e4: int, inclusive: bool
) -> None:
    before = [
        terms.Term(n, "", "", 1000, 1, amount, percent_e4, terms.tax_on(amount, percent_e4, tax_inclusive=inclusive))
        for n, amount in enumerate(amounts)
    ]
    after = terms.discounted(before, discount_minor, tax_inclusive=inclusive)
    assert sum(term.amount_minor for term in after) == max(0, sum(amounts) - discount_minor)
    for was, now in zip(before, after, strict=True):
        assert 0 <= now.amount_minor <= was.amount_minor
        assert 0 <= now.tax_minor <= was.tax_minor
