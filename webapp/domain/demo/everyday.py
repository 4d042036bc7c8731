"""The ordinary year of the sample business: people who come again and again, each in their own way of paying."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from webapp.domain import memberships
from webapp.domain.demo.shop import Shop, Story
from webapp.models import Customer, Item, Package
from webapp.quantity import format_quantity

CARDS = (
    # package, item, days between visits, how it is paid, whether another one follows, how many people
    ("c10", "class", 13, "card", True, 6),
    ("c5", "class", 18, "cash", True, 4),
    ("c10-off", "offpeak", 15, "card", False, 3),
    ("c30", "class", 8, "transfer", False, 1),
    ("r4", "reformer", 14, "card", True, 3),
    ("r8", "reformer", 9, "card", False, 3),
    ("m5", "mat", 16, "check", False, 2),
    ("a6", "adult", 17, "cash", True, 3),
    ("k6", "kid", 15, "cash", True, 3),
    ("b4", "lesson", 12, "check", True, 3),
    ("a-60-10", "a-60", 12, "transfer", False, 3),
)
AS_IT_COMES = (("c10", "class", 12, "card", 4), ("b4", "lesson", 13, "cash", 2), ("a6", "adult", 20, "card", 3))
DROP_IN = ("community", "class", "mat", "kid", "adult", "h30", "lesson")
CASH_ONLY = 7
"""How many of those who may not buy on account come at all."""


def stories(shop: Shop, customers: Iterator[Customer], cash_only: list[Customer]) -> Iterator[Story]:
    """Everybody's story of the year."""
    for name, item, every, kind, again, people in CARDS:
        for customer in islice(customers, people):
            yield card(shop, customer, name, item, every=every, kind=kind, again=again)
    for name, item, every, kind, people in AS_IT_COMES:
        for customer in islice(customers, people):
            yield as_it_comes(shop, customer, name, item, every=every, kind=kind)
    for aircraft, customer in zip(("c152", "c172p", "c172p", "c172s"), customers, strict=False):
        yield pilot(shop, customer, aircraft)
    for tell, people in ((student, 4), (pupil, 5), (potter, 2), (depositor, 3), (drop_in, 8)):
        yield from (tell(shop, customer) for customer in islice(customers, people))
    yield from (drop_in(shop, customer) for customer in cash_only[:CASH_ONLY])


def some_day(shop: Shop) -> date:
    """When somebody comes for the first time: any day of the year before the last weeks of it."""
    return shop.ago(shop.rng.randint(40, 360))


def card(shop: Shop, customer: Customer, name: str, item: str, *, every: int, kind: str, again: bool) -> Story:
    """Pays for a card in advance and comes until it is over; some then buy the next one, others pay by the visit."""
    yield some_day(shop)
    membership = shop.sell(customer, shop.packages[name], kind)
    for _ in range(14):
        yield shop.later(every)
        if again and not shop.is_active(membership):
            membership = shop.sell(customer, shop.packages[name], kind)
        shop.visit(customer, shop.items[item], "1", kind)
        if not again and not shop.is_active(membership):
            return


def as_it_comes(shop: Shop, customer: Customer, name: str, item: str, *, every: int, kind: str) -> Story:
    """Was added to a package and pays each visit at its rate, without ever having bought it."""
    yield some_day(shop)
    (membership,) = shop.add(shop.packages[name], customer)
    while shop.is_active(membership):
        yield shop.later(every)
        invoice = shop.bill(customer, (shop.items[item], "1"))
        shop.pay(invoice, (kind, shop.due(invoice)))


def student(shop: Shop, customer: Customer) -> Story:
    """Learns to fly with the bundle, billed a part at a time, and flies from what was paid in."""
    yield some_day(shop)
    bundle = shop.packages["ppl-c152"]
    membership = shop.sell(customer, bundle, "transfer", shop.amount(1200))
    for flight in range(1, 26):
        yield shop.later(12)
        milli = shop.rng.choice((700, 900, 1100, 1300, 1400))
        hours, taught = format_quantity(milli), format_quantity(milli + 200)
        shop.collect(shop.bill(customer, (shop.items["c152"], hours), (shop.items["cfi"], taught)), "card")
        rest = memberships.unbilled(membership)
        if flight % 6 == 0 and rest:
            yield shop.later(3)
            shop.sell(customer, bundle, "transfer", min(rest, shop.amount(900)))


def pilot(shop: Shop, customer: Customer, aircraft: str) -> Story:
    """Hires by the block of five hours; the flight that goes beyond it is split."""
    yield some_day(shop)
    block: Package = shop.packages[f"block5-{aircraft}"]
    membership = shop.sell(customer, block, "card")
    for _ in range(12):
        yield shop.later(15)
        if not shop.is_active(membership) and shop.rng.randint(0, 2):
            membership = shop.sell(customer, block, "card")
        hours = format_quantity(shop.rng.choice((900, 1200, 1400, 1700)))
        shop.visit(customer, shop.items[aircraft], hours, "card")


def pupil(shop: Shop, customer: Customer) -> Story:
    """Has four guitar lessons a month on one invoice; what the ten paid in advance do not cover comes by transfer."""
    yield some_day(shop)
    shop.sell(customer, shop.packages["b10"], "transfer")
    for _ in range(6):
        yield shop.later(29)
        invoice = shop.bill(customer, (shop.items["h60"], "4"))
        yield shop.later(9)
        shop.collect(invoice, "transfer")


def drop_in(shop: Shop, customer: Customer) -> Story:
    """Comes now and then, pays the standard rate at the desk, and takes some sheet music home."""
    favourite: Item = shop.items[shop.rng.choice(DROP_IN)]
    day = some_day(shop)
    for _ in range(5):
        yield day
        sheets = [(shop.items["bw"], str(shop.rng.randint(2, 14)))] if favourite.category == "Music" else []
        invoice = shop.bill(customer, (favourite, "1"), *sheets)
        shop.collect(invoice, shop.rng.choice(("cash", "cash", "card")))
        day = shop.later(35)


def depositor(shop: Shop, customer: Customer) -> Story:
    """Pays in money for nothing in particular and lives on it."""
    yield some_day(shop)
    for _ in range(3):
        invoice = shop.bill(customer, shop.amount(200))
        shop.pay(invoice, ("transfer", shop.due(invoice)))
        for item in ("ground", "reformer", "l45"):
            yield shop.later(20)
            shop.visit(customer, shop.items[item], "1", "card")
        yield shop.later(12)


def potter(shop: Shop, customer: Customer) -> Story:
    """Sits at the wheel by the half hour, on a card whose hours do not divide into cents."""
    yield some_day(shop)
    shop.sell(customer, shop.packages["p30"], "check")
    for hours in ("2.5", "1.5", "3", "2", "2.5", "3.5"):
        yield shop.later(16)
        firing = [(shop.items["fire"], "0.5")] if shop.today < shop.ago(10) else []
        shop.collect(shop.bill(customer, (shop.items["hour"], hours), *firing), "check")
