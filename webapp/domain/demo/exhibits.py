"""One of everything that can be the case, so that every screen of the sample business has something to show."""

from collections.abc import Iterator

from webapp.domain import items, packages, removing, voids
from webapp.domain.demo.paperwork import PAPERWORK
from webapp.domain.demo.shop import Exhibit, Shop, Story
from webapp.models import Customer, Group, Item, Membership, Package


def stories(shop: Shop, newcomers: Iterator[Customer], groups: dict[str, Group]) -> Iterator[Story]:
    """All of them, each with somebody of its own."""
    for tell, customer in zip((*MEMBERSHIPS, *PAPERWORK, *FAREWELLS), newcomers, strict=False):
        yield tell(shop, customer)
    yield firing_stopped(shop)
    yield whole_group(shop, groups["Sunrise yoga at the boathouse"], "c10", "class")
    yield whole_group(shop, groups["Bright & Sons apprentices"], "r8", "reformer")


# Memberships in every state


def nearly_used_up(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(80)
    shop.sell(customer, shop.packages["b10"], "card")
    for days, lessons in ((60, "4"), (33, "3"), (12, "2")):
        yield shop.ago(days)
        shop.visit(customer, shop.items["h60"], lessons, "card")


def expires_soon(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(56)
    shop.sell(customer, shop.packages["r8"], "card")
    for days in (49, 40, 31, 22, 8):
        yield shop.ago(days)
        shop.visit(customer, shop.items["reformer"], "1", "card")


def expires_this_week(shop: Shop, customer: Customer) -> Story:
    """Nothing of it was used yet."""
    yield shop.ago(59)
    shop.sell(customer, shop.packages["m5"], "cash")


def expired_and_came_back(shop: Shop, customer: Customer) -> Story:
    """A visit of the last day was invoiced only afterwards, and still costs what the package says."""
    yield shop.ago(75)
    membership = shop.sell(customer, shop.packages["r4"], "card")
    yield shop.ago(66)
    shop.visit(customer, shop.items["reformer"], "1", "card")
    yield shop.ago(13)
    last_day = membership.end_on
    shop.collect(shop.bill(customer, (shop.items["reformer"], "1"), on=last_day), "card")


def just_completed(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(41)
    shop.sell(customer, shop.packages["c5"], "cash")
    for days in (38, 31, 24, 10, 3):
        yield shop.ago(days)
        shop.visit(customer, shop.items["class"], "1", "cash")


def completed_but_for_a_payment(shop: Shop, customer: Customer) -> Story:
    """All ten lessons were invoiced; the last two are not paid, so the package cannot be sold again yet."""
    yield shop.ago(95)
    shop.add(shop.packages["b10"], customer)
    yield shop.ago(50)
    shop.collect(shop.bill(customer, (shop.items["h60"], "8")), "card")
    yield shop.ago(5)
    shop.bill(customer, (shop.items["h60"], "2"))


def completed_without_paying_for_the_card(shop: Shop, customer: Customer) -> Story:
    """Paid every class one by one and never the card itself: what was due of that is credited."""
    yield shop.ago(44)
    shop.bill(customer, (shop.packages["c5"], None))
    for days in (43, 36, 29, 22, 15):
        yield shop.ago(days)
        invoice = shop.bill(customer, (shop.items["class"], "1"))
        shop.pay(invoice, ("cash", shop.due(invoice)))


def moved_away(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(47)
    membership = shop.sell(customer, shop.packages["c10"], "card")
    for days in (40, 33):
        yield shop.ago(days)
        shop.visit(customer, shop.items["class"], "1", "card")
    yield shop.ago(9)
    take_out(shop, membership, "Moved to another town.")


def removed_before_paying_it_all(shop: Shop, customer: Customer) -> Story:
    """Half of the card was paid; the other half is credited and what is left goes to the account."""
    yield shop.ago(64)
    invoice = shop.bill(customer, (shop.packages["a6"], None))
    shop.pay(invoice, ("check", shop.due(invoice) // 2))
    yield shop.ago(57)
    shop.visit(customer, shop.items["adult"], "1", "check")
    yield shop.ago(18)
    take_out(shop, shop.latest(customer), "Broke an arm.")


def take_out(shop: Shop, membership: Membership, reason: str) -> None:
    leaving = removing.consequences([membership.id])
    shown = removing.mark(leaving)
    removals = [one.removal for one in leaving]
    removing.remove(removals, shown=shown, by=shop.owner, on=shop.today, reason=reason)


def sold_by_mistake(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(26)
    invoice = shop.bill(customer, (shop.packages["block5-c172s"], None))
    shop.pay(invoice, ("card", shop.due(invoice)))
    yield shop.ago(25)
    voids.void(invoice.id, reason="Sold to the wrong person.", by=shop.owner, on=shop.today, money=voids.REFUNDED)


def added_but_not_sold(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(4)
    shop.add(shop.packages["ppl-c152"], customer)


def added_with_some_used(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(30)
    shop.add(shop.packages["b4"], customer)
    yield shop.ago(16)
    shop.pay(shop.bill(customer, (shop.items["lesson"], "2")))


def billed_in_part(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(38)
    shop.sell(customer, shop.packages["ppl-c152"], "transfer", shop.amount(2000))
    for days in (29, 17):
        yield shop.ago(days)
        shop.collect(shop.bill(customer, (shop.items["c152"], "1.3"), (shop.items["cfi"], "1.5")), "card")


def units_reserved(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(20)
    shop.sell(customer, shop.packages["c10"], "card")
    for days in (13, 6, 2):
        yield shop.ago(days)
        invoice = shop.bill(customer, (shop.items["class"], "1"))
        if days == 13:
            shop.collect(invoice, "card")


def card_not_paid_yet(shop: Shop, customer: Customer) -> Story:
    """The card and a class of it are both open: whoever takes money is asked which to pay first."""
    yield shop.ago(8)
    shop.bill(customer, (shop.packages["c10"], None))
    yield shop.ago(3)
    shop.bill(customer, (shop.items["class"], "1"))


def no_longer_sold(shop: Shop, customer: Customer) -> Story:
    """The package was made inactive when this one was billed in part; the rest can still be billed."""
    yield shop.ago(52)
    shop.sell(customer, shop.packages["a45"], "card", shop.amount(150))
    for days in (45, 38):
        yield shop.ago(days)
        shop.visit(customer, shop.items["l45"], "1", "card")
    yield shop.ago(15)
    package = Package.get_by_id(shop.packages["a45"].id)
    facts = packages.PackageFacts(
        package.name, packages.lines_of(package), package.validity, package.validity_count, active=False
    )
    decimals = shop.company.decimals
    packages.edit_package(package, facts, version=package.version, decimals=decimals, by=shop.owner, on=shop.today)


def two_at_once(shop: Shop, customer: Customer) -> Story:
    """Two packages with the same item: the one that ends sooner is used first."""
    yield shop.ago(70)
    shop.sell(customer, shop.packages["c5"], "card")
    yield shop.ago(35)
    shop.sell(customer, shop.packages["c30"], "card")
    for days in (28, 14):
        yield shop.ago(days)
        shop.visit(customer, shop.items["class"], "3", "card")


def whole_group(shop: Shop, group: Group, name: str, item: str) -> Story:
    """Everybody of the group who may is added at once; some of them have come since."""
    yield shop.ago(36)
    added = shop.add(shop.packages[name], group=group)
    for days in (27, 19, 11):
        yield shop.ago(days)
        for membership in added[: days // 9 + 1]:
            shop.pay(shop.bill(membership.customer, (shop.items[item], "1")))


MEMBERSHIPS: tuple[Exhibit, ...] = (
    nearly_used_up,
    expires_soon,
    expires_this_week,
    expired_and_came_back,
    just_completed,
    completed_but_for_a_payment,
    completed_without_paying_for_the_card,
    moved_away,
    removed_before_paying_it_all,
    sold_by_mistake,
    added_but_not_sold,
    added_with_some_used,
    billed_in_part,
    units_reserved,
    card_not_paid_yet,
    no_longer_sold,
    two_at_once,
)


# What is no longer


def left_for_good(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(210)
    shop.sell(customer, shop.packages["b4"], "cash")
    for days in (200, 185):
        yield shop.ago(days)
        shop.visit(customer, shop.items["lesson"], "2", "cash")
    yield shop.ago(120)
    shop.change(customer, active=False)


def never_came(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(150)
    shop.change(customer, active=False)


def left_with_a_card(shop: Shop, customer: Customer) -> Story:
    """Inactive, but still with classes left and money in the package."""
    yield shop.ago(90)
    shop.sell(customer, shop.packages["c10"], "card")
    yield shop.ago(83)
    shop.visit(customer, shop.items["class"], "1", "card")
    yield shop.ago(34)
    shop.change(customer, active=False)


def firing_stopped(shop: Shop) -> Story:
    """The kiln is gone: an item that is still on old invoices."""
    yield shop.ago(10)
    now = Item.get_by_id(shop.items["fire"].id)
    facts = items.ItemFacts(now.name, now.unit, now.standard_rate_e4, now.tax_percent_e4, now.category, active=False)
    items.edit_item(now, facts, version=now.version, by=shop.owner)


FAREWELLS: tuple[Exhibit, ...] = (left_for_good, never_came, never_came, left_with_a_card)
