"""Every published package, sold and used up: whatever its price, its draws end at that price to the last cent."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from tests import factories as f
from tests import published
from tests.published import Published
from webapp.domain.errors import DomainError
from webapp.models import Company, Customer, Invoice, InvoiceLine, Item, User
from webapp.money import parse_rate, percent_of, percent_within

pytestmark = pytest.mark.usefixtures("proven")

OFFERS = [offer for offer in published.packages() if offer.has_quantities]


def test_these_are_all_that_have_a_quantity() -> None:
    """The other six are unlimited."""
    assert (len(published.packages()), len(OFFERS)) == (123, 117)


EACH = [pytest.param(it, marks=[] if n % 3 == 0 else [pytest.mark.sqlite_only]) for n, it in enumerate(OFFERS)]
"""All of them on SQLite, every third on PostgreSQL: nothing in these sums depends on the engine."""


AT_ONCE = 12
"""Units of one invoice, each on a line of its own."""


@pytest.mark.parametrize("offer", EACH, ids=str)
def test_one_unit_at_a_time_ends_at_the_published_price(offer: Published, desk: User) -> None:
    published.use_currency(offer.currency)
    package, items = published.make(offer)
    emma = f.somebody()
    paid = f.pay(f.save(emma, (package, None), by=desk), by=desk).total_minor
    membership = f.bought(emma)
    for content in offer.contents:
        price, quantity = f.money(content.price), int(content.quantity)
        drawn = list(unit_by_unit(emma, items[content.item], quantity, desk))
        assert len(drawn) == quantity
        assert sum(drawn) == price
        assert {price // quantity <= amount <= price // quantity + 1 for amount in drawn} == {True}
        paid -= price
        assert f.funds(membership) == paid
    assert (paid, f.general(emma)) == (0, 0)
    assert f.fresh(membership).reason == "completed"
    for content in offer.contents:
        assert_standard_rate(offer, emma, items, content.item, desk)


def unit_by_unit(customer: Customer, item: Item, quantity: int, desk: User) -> Iterator[int]:
    """Invoice the first unit alone and the others line by line, pay them from what was paid in, and answer what each
    came to. Every unit on an invoice of its own is what the taxed ones below do."""
    left = quantity
    while left:
        count = min(AT_ONCE, left) if left < quantity else 1
        invoice = f.settle(f.save(customer, *[(item, "1")] * count, by=desk), by=desk)
        units = f.lines(invoice)
        assert [(source, milli) for source, milli, _ in units] == [("draw", 1000)] * count
        assert invoice.total_minor == sum(amount for _, _, amount in units)
        yield from (amount for _, _, amount in units)
        left -= count


def use_one(customer: Customer, item: Item, desk: User) -> int:
    """Invoice one unit, pay it from what was paid in, and answer what it came to."""
    return f.settle(f.save(customer, (item, "1"), by=desk), by=desk).total_minor


def assert_standard_rate(offer: Published, customer: Customer, items: dict[str, Item], item: str, desk: User) -> None:
    """What comes after the package costs the standard rate, or is refused where none is published."""
    standard = published.standard_rates()[offer.business, item]
    if standard is None:
        with pytest.raises(DomainError, match="has no standard rate"):
            f.save(customer, (items[item], "1"), by=desk)
    else:
        assert f.lines(f.save(customer, (items[item], "1"), by=desk)) == [("standard", 1000, f.money(standard))]


PORTIONS = [
    ("turning-clay", "p30", {"hour": "2.5"}),
    ("stick-rudder", "ppl-c152", {"c152": "1.3", "cfi": "1.5"}),
    ("midwest-clay", "k6", {"kid": "0.7"}),
    ("enso", "limited", {"class": "0.333"}),
    ("trex", "h35-16", {"h35": "1.5"}),
    ("cvvm", "disc3", {"init": "0.25"}),
]


@pytest.mark.parametrize("seller, package_id, portions", PORTIONS)
def test_odd_portions_end_at_the_published_price(
    seller: str, package_id: str, portions: dict[str, str], desk: User
) -> None:
    """Lessons as people take them, several items on one invoice, added but never sold as a package."""
    offer = published.package(seller, package_id)
    published.use_currency(offer.currency)
    package, items = published.make(offer)
    emma = f.somebody()
    membership = f.add(emma, package, by=desk)
    invoices = [f.pay(f.save(emma, *lesson, by=desk), by=desk) for lesson in lessons(offer, items, portions)]
    assert sum(invoice.total_minor for invoice in invoices) == sum(f.money(c.price) for c in offer.contents)
    assert {source for invoice in invoices for source, _, _ in f.lines(invoice)} == {"draw"}
    assert f.fresh(membership).reason == "completed"


def lessons(offer: Published, items: dict[str, Item], portions: dict[str, str]) -> Iterator[list[tuple[Item, str]]]:
    """Portions of every item until nothing is left; the last one takes what is there."""
    left = {content.item: Decimal(content.quantity) for content in offer.contents}
    while any(left.values()):
        taken = {item: min(rest, Decimal(portions[item])) for item, rest in left.items() if rest}
        yield [(items[item], str(quantity)) for item, quantity in taken.items()]
        left = {item: rest - taken.get(item, 0) for item, rest in left.items()}


TAXED = [("midwest-clay", "k6", "8"), ("stick-rudder", "ppl-c152", "5.5"), ("huntington", "intro", "6.25")]


@pytest.mark.parametrize("tax_inclusive", [False, True], ids=["tax added", "tax included"])
@pytest.mark.parametrize("seller, package_id, percent", TAXED)
def test_the_prepaid_tax_is_drawn_to_the_last_cent(
    seller: str, package_id: str, percent: str, tax_inclusive: bool, desk: User
) -> None:
    Company.update(tax_inclusive=tax_inclusive).where(Company.id == 1).execute()
    offer = published.package(seller, package_id)
    package, items = published.make(offer, tax=percent)
    emma = f.somebody()
    amounts = [f.money(content.price) for content in offer.contents]
    rate = parse_rate(percent)
    taxes = [percent_within(a, rate) if tax_inclusive else percent_of(a, rate) for a in amounts]
    price = sum(amounts) + (0 if tax_inclusive else sum(taxes))
    assert f.pay(f.save(emma, (package, None), by=desk), by=desk).total_minor == price
    for content in offer.contents:
        for _ in range(int(content.quantity)):
            use_one(emma, items[content.item], desk)
    drawn = lines_of(emma)
    assert sum(line.tax_minor for line in drawn) == sum(taxes) == f.tax(percent)
    assert sum(line.total_minor for line in drawn) == price
    assert f.funds(f.bought(emma)) == 0


def lines_of(customer: Customer) -> Sequence[InvoiceLine]:
    """Every line at a package rate that the customer was invoiced."""
    mine = InvoiceLine.select().join(Invoice).where((Invoice.customer == customer) & (InvoiceLine.source == "draw"))
    return list(mine)
