"""Cases worked out by hand from the published prices of real businesses (tests/data/prices)."""

from datetime import date

import pytest

from tests import factories as f
from tests import published
from webapp.domain import adding, memberships
from webapp.domain.errors import DomainError
from webapp.domain.items import ItemFacts, edit_item
from webapp.domain.memberships import Removal
from webapp.models import Customer, Invoice, Item, Membership, Package, User

pytestmark = pytest.mark.usefixtures("proven")


def offered(business: str, package: str, **validity: object) -> tuple[Package, dict[str, Item]]:
    """A published package in the currency of its business, with its items."""
    chosen = published.package(business, package)
    published.use_currency(chosen.currency)
    made, items = published.make(chosen)
    if validity:
        Package.update(**validity).where(Package.id == made.id).execute()
    return Package.get_by_id(made.id), items


def take(customer: Customer, item: Item, quantity: str, *, by: User, on: date = f.DAY) -> Invoice:
    """An invoice for so much, paid at once in cash."""
    return f.pay(f.save(customer, (item, quantity), by=by, on=on), by=by, on=on)


def total(customer: Customer) -> int:
    return sum(
        i.total_minor for i in Invoice.select().where((Invoice.customer == customer) & (Invoice.status != "void"))
    )


def test_s1_a_plain_pack_and_then_one_more(desk: User) -> None:
    emma = f.somebody("Emma Jones")
    pack, items = offered("yoga-west", "c10")
    membership = f.add(emma, pack, by=desk)
    assert membership.price_minor == f.money("125.00")
    assert take(emma, items["class"], "10", by=desk).total_minor == f.money("125.00")
    assert f.fresh(membership).reason == "completed"
    assert take(emma, items["class"], "1", by=desk).total_minor == f.money("15.00")
    assert total(emma) == f.money("140.00")


@pytest.mark.parametrize(
    "day, amount",
    [(date(2027, 1, 3), "12.50"), (date(2027, 1, 4), "12.50"), (date(2027, 1, 5), "15.00")],
    ids=["before the last day", "on the last day", "after the last day"],
)
def test_s1_it_lasts_six_months(desk: User, day: date, amount: str) -> None:
    """Bought on 4 July, the last day is 4 January, and it counts."""
    emma = f.somebody("Emma Jones")
    pack, items = offered("yoga-west", "c10", validity="months", validity_count=6)
    assert f.add(emma, pack, by=desk, on=date(2026, 7, 4)).end_on == date(2027, 1, 4)
    assert take(emma, items["class"], "1", by=desk, on=day).total_minor == f.money(amount)


def test_s2_one_invoice_crosses_the_end_of_the_package(desk: User) -> None:
    michelle = f.somebody("Michelle Brooks")
    pack, items = offered("pilates-firm", "r4")
    membership = f.add(michelle, pack, by=desk)
    assert take(michelle, items["reformer"], "3", by=desk).total_minor == f.money("90.00")
    crossing = take(michelle, items["reformer"], "2", by=desk)
    assert f.lines(crossing) == [("draw", 1000, 3000), ("standard", 1000, 3500)]
    assert total(michelle) == f.money("155.00")
    assert f.fresh(membership).reason == "completed"


def test_s3_six_visits_for_fifty_five(desk: User) -> None:
    customer = f.somebody()
    pack, items = offered("midwest-clay", "k6")
    f.add(customer, pack, by=desk)
    visits = [take(customer, items["kid"], "1", by=desk).total_minor for _ in range(6)]
    assert visits == [917, 916, 917, 917, 916, 917]
    assert sum(visits) == f.money("55.00")
    assert take(customer, items["kid"], "1", by=desk).total_minor == f.money("10.00")
    assert total(customer) == f.money("65.00")


@pytest.mark.parametrize(
    "seller, package, item, quantity, times, amounts, price",
    [
        ("turning-clay", "p30", "hour", "1", 30, {416, 417}, "125.00"),
        ("turning-clay", "p30", "hour", "2.5", 12, {1041, 1042}, "125.00"),
        ("enso", "limited", "class", "1", 8, {687, 688}, "55.00"),
    ],
)
def test_s3_prices_that_do_not_divide(
    desk: User, seller: str, package: str, item: str, quantity: str, times: int, amounts: set[int], price: str
) -> None:
    customer = f.somebody()
    pack, items = offered(seller, package)
    membership = f.add(customer, pack, by=desk)
    taken = [take(customer, items[item], quantity, by=desk).total_minor for _ in range(times)]
    assert set(taken) == amounts
    assert sum(taken) == f.money(price)
    assert f.fresh(membership).reason == "completed"


def test_s4_two_items_used_at_different_speeds(desk: User) -> None:
    jack = f.somebody("Jack Smith")
    pack, items = offered("stick-rudder", "ppl-c152")
    other = published.make_item("stick-rudder", "c172p")
    c152, cfi = items["c152"], items["cfi"]
    membership = f.add(jack, pack, by=desk)
    assert membership.price_minor == f.money("6302.00")
    first = f.pay(f.save(jack, (c152, "1.3"), (cfi, "1.5"), by=desk), by=desk)
    assert f.lines(first) == [("draw", 1300, 10621), ("draw", 1500, 6000)]
    assert first.total_minor == f.money("166.21")
    assert (f.left(membership, c152.name), f.left(membership, cfi.name)) == (58700, 33500)
    assert take(jack, other, "1", by=desk).total_minor == f.money("100.00")
    take(jack, cfi, "33.5", by=desk)
    assert f.fresh(membership).is_active
    assert f.pay(f.save(jack, (c152, "1.0"), (cfi, "1.0"), by=desk), by=desk).total_minor == f.money("121.70")
    take(jack, c152, "57.7", by=desk)
    assert f.fresh(membership).reason == "completed"
    assert f.save(jack, (c152, "1.0"), (cfi, "1.0"), by=desk).total_minor == f.money("126.00")


def test_s5_taken_out_half_way(desk: User) -> None:
    kathy = f.somebody("Kathy Chase")
    pack, items = offered("hope-hooves", "p4")
    membership = f.add(kathy, pack, by=desk)
    lessons = [take(kathy, items["private"], "1", by=desk) for _ in range(2)]
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)
    assert take(kathy, items["private"], "1", by=desk).total_minor == f.money("50.00")
    assert total(kathy) == f.money("140.00")
    assert [f.lines(lesson) for lesson in lessons] == [[("draw", 1000, 4500)]] * 2


def test_s7_each_member_of_a_group_counts_alone(desk: User) -> None:
    first, second = f.somebody("First Rider"), f.somebody("Second Rider")
    family = f.group("Family", first, second)
    pack, items = offered("huntington", "fam2-g4")
    seen = adding.preview(pack, adding.Chosen(groups=frozenset({family.id})), f.DAY)
    adding.add(pack, seen.chosen, start_on=f.DAY, shown=seen.mark, by=desk)
    lessons = [take(first, items["group"], "1", by=desk).total_minor for _ in range(5)]
    assert lessons == [3500] * 4 + [3800]
    assert take(second, items["group"], "4", by=desk).total_minor == f.money("140.00")
    assert (total(first), total(first) + total(second)) == (f.money("178.00"), f.money("318.00"))
    assert {m.reason for m in Membership.select()} == {"completed"}


def test_s10_a_rate_change_in_mid_package(desk: User) -> None:
    customer, aircraft = f.somebody(), f.item("VH-UPG", "405.00", unit="hour")
    pack = f.package("Ten hours", (aircraft, "10", "@405.00"))
    f.add(customer, pack, by=desk)
    early = take(customer, aircraft, "4", by=desk)
    edit_item(aircraft, ItemFacts("VH-UPG", "hour", 4_200_000), version=aircraft.version, by=desk)
    take(customer, aircraft, "6", by=desk)
    assert take(customer, aircraft, "1", by=desk).total_minor == f.money("420.00")
    assert total(customer) == f.money("4470.00")
    assert f.lines(early) == [("draw", 4000, f.money("1620.00"))]


def test_s11_yen_have_no_decimals(desk: User) -> None:
    published.use_currency("JPY")
    customer, lesson = f.somebody(), published.make_item("mizuki", "lesson")
    assert take(customer, lesson, "3", by=desk).total_minor == 6600
    assert take(customer, lesson, "0.5", by=desk).total_minor == 1100


def test_s12_a_package_without_a_discount(desk: User) -> None:
    customer = f.somebody()
    pack, items = offered("basingstoke-guitar", "b10")
    membership = f.add(customer, pack, by=desk)
    take(customer, items["h60"], "6", by=desk)
    assert (f.used(membership), f.left(membership)) == (6000, 4000)
    take(customer, items["h60"], "4", by=desk)
    assert total(customer) == f.money("385.00")
    assert f.fresh(membership).reason == "completed"
    assert take(customer, items["h60"], "1", by=desk).total_minor == f.money("38.50")


def test_s12_an_item_sold_in_packages_only(desk: User) -> None:
    customer = f.somebody()
    pack, items = offered("gitaarles-nick", "a-60-10")
    f.add(customer, pack, by=desk)
    assert take(customer, items["a-60"], "10", by=desk).total_minor == f.money("435.00")
    with pytest.raises(DomainError, match="no standard rate") as refused:
        f.save(customer, (items["a-60"], "1"), by=desk)
    assert refused.value.field == "line-1"
