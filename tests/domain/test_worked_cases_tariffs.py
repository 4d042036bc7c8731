"""Cases from published prices that need more than one act or one package: refunds, tiers, and a whole price list."""

import pytest

from tests import factories as f
from tests import published
from webapp.domain import drafts, invoicing, pay_outs, refunds
from webapp.domain.packages import PackageFacts, PackageLine, create_package
from webapp.models import Customer, DraftLine, Invoice, Item, Membership, Package, User
from webapp.money import parse_rate
from webapp.quantity import parse_quantity

pytestmark = pytest.mark.usefixtures("proven")


# S6, the refund rule that a business prints


def test_s6_used_hours_count_at_the_default_rate(desk: User) -> None:
    richard, chosen = f.somebody("Richard Cunningham"), published.package("trex", "h35-16")
    pack, items = published.make(chosen)
    f.pay(f.save(richard, (pack, None), by=desk), by=desk)
    membership = f.bought(richard)
    assert membership.price_minor == f.money("512.00")
    f.settle(f.save(richard, (items["h35"], "5"), by=desk), by=desk)
    keep, standard = refunds.offers(membership)
    assert (keep.refund_minor, standard.refund_minor) == (f.money("352.00"), f.money("337.00"))
    note = refunds.refund(
        membership.id,
        refunds.AT_STANDARD,
        pay_outs.back_to_methods(membership, standard.refund_minor),
        version=f.fresh(membership).version,
        by=desk,
        on=f.DAY,
        reason="moves away",
    )
    assert (note.amount_minor, f.general(richard)) == (f.money("337.00"), 0)
    charged = sum(i.total_minor for i in Invoice.select().where(Invoice.customer == richard) if not _sells(i))
    assert charged == f.money("512.00") - f.money("337.00") == 5 * f.money("35.00")


def _sells(invoice: Invoice) -> bool:
    return any(source == "sale" for source, _, _ in f.lines(invoice))


# S8, dearer first and free in the end: the tiers are packages that are used up one after the other


@pytest.fixture
def pilot(desk: User) -> Customer:
    """In the first ten hours, then in hours 11 to 50, then in what is free: who is in several uses the oldest first."""
    published.use_currency("EUR")
    customer = f.somebody("Philippe Martin")
    first, items = published.make(published.package("cvvm", "h10"))
    hour = items["hour-11-50"]
    for pack in (first, tier("Hours 11 to 50", hour, "40", rate="30"), tier("Free hours", hour, "500", amount="0")):
        f.add(customer, pack, by=desk)
    return customer


def tier(name: str, hour: Item, included: str, *, rate: str = "", amount: str = "") -> Package:
    line = PackageLine(
        hour,
        parse_quantity(included),
        parse_rate(rate) if rate else None,
        f.money(amount) if amount else None,
    )
    return create_package(PackageFacts(name, [line]), decimals=2, by=None, on=f.DAY)


def hours(customer: Customer, quantity: str, *, by: User) -> Invoice:
    invoice = f.save(customer, (Item.get(Item.name == "cvvm hour-11-50"), quantity), by=by)
    return f.pay(invoice, by=by) if invoice.due_minor else invoice


@pytest.mark.parametrize("flown, total", [("10", "350.00"), ("12.25", "417.50"), ("50", "1550.00"), ("60", "1550.00")])
def test_s8_on_one_invoice(pilot: Customer, desk: User, flown: str, total: str) -> None:
    assert hours(pilot, flown, by=desk).total_minor == f.money(total)


def test_s8_flight_by_flight(pilot: Customer, desk: User) -> None:
    flights = [hours(pilot, "1.25", by=desk) for _ in range(48)]
    assert sum(flight.total_minor for flight in flights) == f.money("1550.00")
    across = flights[39]
    assert f.lines(across) == [("draw", 1250, f.money("37.50"))]
    assert (flights[40].total_minor, flights[40].status) == (0, "paid")
    ended = Membership.select().where((Membership.customer == pilot) & (Membership.reason == "completed"))
    assert [membership.package_name for membership in ended.order_by(Membership.id)] == ["cvvm/h10", "Hours 11 to 50"]


def test_s8_the_flight_that_crosses_both_tiers_says_so(pilot: Customer, desk: User) -> None:
    hours(pilot, "9.5", by=desk)
    assert f.lines(hours(pilot, "41", by=desk)) == [
        ("draw", 500, f.money("17.50")),
        ("draw", 40000, f.money("1200.00")),
        ("draw", 500, 0),
    ]


# S9, a whole price list as a property


AWSS = [one for one in published.packages() if one.business == "awss"]


def test_s9_the_list_has_fifteen_rows() -> None:
    assert len(AWSS) == 30


@pytest.mark.parametrize("chosen", AWSS, ids=str)
def test_s9_published_totals_follow_from_the_single_price(desk: User, chosen: published.Published) -> None:
    """Four classes cost four times the single price; twelve cost 5 % less, whichever way the package is typed."""
    [content] = chosen.contents
    published.use_currency(chosen.currency)
    pack, items = published.make(chosen)
    item, printed = items[content.item], f.money(content.price)
    single = f.save(f.somebody("Single"), (item, content.quantity), by=desk).total_minor
    assert f.save(f.somebody("Pack"), (pack, None), by=desk).total_minor == printed
    if content.quantity == "4":
        assert printed == single
        return
    assert printed * 100 == single * 95
    undiscounted = f.package(
        "Undiscounted", (item, content.quantity, f"@{published.standard_rates()['awss', content.item]}")
    )
    assert _sold_with_five_percent_off(undiscounted, by=desk) == printed


def _sold_with_five_percent_off(pack: Package, *, by: User) -> int:
    draft = f.draft(f.somebody("Discount"), (pack, None), by=by)
    drafts.discount(DraftLine.get(DraftLine.invoice == draft).id, percent_e4=50_000)
    return invoicing.issue(draft.id, by=by, on=f.DAY).total_minor
