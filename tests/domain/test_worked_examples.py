"""The worked examples that fix the rules: which rate a line gets, and what it takes from the package.

Each goes through the verbs that the screens use. Examples about paying, voiding and ending are in
test_worked_payments.py, those about people and moments in test_worked_preconditions.py.
"""

from datetime import date

import pytest

from tests import factories as f
from webapp.domain import drafts, invoicing, memberships, voids
from webapp.domain.errors import DomainError
from webapp.domain.items import ItemFacts, edit_item
from webapp.domain.memberships import Removal, unbilled
from webapp.domain.quoting import quote
from webapp.models import Customer, Invoice, Item, Membership, Package, User

pytestmark = pytest.mark.usefixtures("proven")


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


def sold(customer: Customer, package: Package, *, used: dict[str, str], by: User) -> Membership:
    """A package sold and paid in full, of which so much was used and paid from its funds."""
    f.pay(f.save(customer, (package, None), by=by), by=by)
    for name, quantity in used.items():
        f.settle(f.save(customer, (thing(name), quantity), by=by), by=by)
    return f.bought(customer)


def test_01_split_at_the_boundary_and_account_takes_package_funds_first(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, "4800"), by=desk), by=desk)
    f.pay(f.save(emma, (thing("C172"), "38.5"), by=desk), ("account", "4620"), by=desk)
    membership = f.bought(emma)
    assert (f.left(membership, "C172"), f.funds(membership)) == (1500, f.money("180"))
    invoice = f.save(emma, (thing("C172"), "2.0"), by=desk)
    assert f.lines(invoice) == [("draw", 1500, 18000), ("standard", 500, 7500)]
    assert f.left(membership, "C172") == 0
    with pytest.raises(DomainError, match=r"at most 180\.00"):
        f.pay(invoice, ("account", "180.01"), by=desk)
    f.pay(invoice, ("account", "180"), by=desk)
    assert (f.funds(membership), f.general(emma), f.due(invoice)) == (0, 0, f.money("75"))
    with pytest.raises(DomainError, match=r"at most 0\.00"):
        f.pay(invoice, ("account", "75"), by=desk)
    assert f.pay(invoice, ("card", "75"), by=desk).status == "paid"


def test_01_the_rest_from_general_funds(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = sold(emma, ppl, used={"C172": "38.5", "Instruction": "20"}, by=desk)
    f.pay(f.save(emma, "75", by=desk), by=desk)
    assert (f.left(membership, "C172"), f.funds(membership), f.general(emma)) == (1500, 18000, 7500)
    invoice = f.pay(f.save(emma, (thing("C172"), "2.0"), by=desk), ("account", "255"), by=desk)
    assert invoice.status == "paid"
    assert (f.funds(membership), f.general(emma)) == (0, 0)
    assert f.fresh(membership).reason == "completed"


def test_02_exactly_what_is_left_is_one_line(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    sold(emma, ppl, used={"C172": "38"}, by=desk)
    assert f.lines(f.save(emma, (thing("C172"), "2.0"), by=desk)) == [("draw", 2000, 24000)]


def test_03_one_item_used_up_and_the_other_not(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = sold(emma, ppl, used={"C172": "40", "Instruction": "14"}, by=desk)
    assert (f.left(membership, "C172"), f.left(membership, "Instruction")) == (0, 6000)
    invoice = f.save(emma, (thing("C172"), "1.0"), (thing("Instruction"), "1.0"), by=desk)
    assert f.lines(invoice) == [("standard", 1000, 15000), ("draw", 1000, 5500)]
    f.pay(invoice, by=desk)
    assert f.fresh(membership).is_active


def test_04_tenths_of_hours_add_up_exactly(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = f.add(emma, ppl, by=desk)
    for hours in ("1.1", "1.2", "1.3"):
        f.pay(f.save(emma, (thing("C172"), hours), by=desk), by=desk)
    assert (f.used(membership, "C172"), f.left(membership, "C172")) == (3600, 36400)


def test_05_an_amount_that_does_not_divide(desk: User) -> None:
    emma, trio = f.somebody(), f.trio()
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership = f.bought(emma)
    invoices = [f.save(emma, (thing("Trio lesson"), "1"), by=desk) for _ in range(3)]
    assert [i.total_minor for i in invoices] == [3333, 3334, 3333]
    voids.void(invoices[1].id, reason="typed twice", by=desk, on=f.DAY)
    again = f.save(emma, (thing("Trio lesson"), "1"), by=desk)
    assert again.total_minor == 3334
    for invoice in (invoices[0], invoices[2], again):
        f.settle(invoice, by=desk)
    assert f.funds(membership) == 0
    assert (f.fresh(membership).reason, f.general(emma)) == ("completed", 0)


def test_10_two_memberships_soonest_end_first(desk: User) -> None:
    emma, hour = f.somebody(), f.item("Hour", "150.00")
    second = f.package("P2", (hour, "10", "@115"), validity="date", last_day=date(2026, 12, 31))
    first = f.package("P1", (hour, "5", "@120"), validity="date", last_day=date(2026, 6, 30))
    f.add(emma, first, by=desk)
    f.pay(f.save(emma, (hour, "4"), by=desk), by=desk)
    f.add(emma, second, by=desk)
    invoice = f.save(emma, (hour, "2.5"), by=desk)
    assert f.lines(invoice) == [("draw", 1000, 12000), ("draw", 1500, 17250)]
    assert invoice.total_minor == f.money("292.50")


def test_11_a_new_standard_rate_and_a_new_package_rate(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    sold(emma, ppl, used={"C172": "38.5"}, by=desk)
    c172 = thing("C172")
    dearer = ItemFacts("C172", "hour", 1_650_000, 0, "Aircraft")
    edit_item(c172, dearer, version=c172.version, by=desk)
    f.reprice(ppl, c172, "@130")
    later = f.somebody("Later Buyer")
    f.add(later, ppl, by=desk)
    assert f.lines(f.save(later, (c172, "1"), by=desk)) == [("draw", 1000, 13000)]
    invoice = f.save(emma, (c172, "2.0"), by=desk)
    assert f.lines(invoice) == [("draw", 1500, 18000), ("standard", 500, 8250)]


def test_12_removed_while_a_draft_is_open(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = f.add(emma, ppl, by=desk)
    unpaid = f.save(emma, (thing("C172"), "1.0"), by=desk)
    draft = f.draft(emma, (thing("C172"), "2.0"), by=desk)
    shown = quote(draft)
    assert shown.total_minor == f.money("240")
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)
    with pytest.raises(invoicing.PriceChanged) as changed:
        invoicing.issue(draft.id, by=desk, on=f.DAY, shown=shown.digest)
    assert changed.value.quote.total_minor == f.money("300")
    assert Invoice.get_by_id(draft.id).is_draft
    saved = invoicing.issue(draft.id, by=desk, on=f.DAY, shown=changed.value.quote.digest)
    assert f.lines(saved) == [("standard", 2000, 30000)]
    assert (f.due(unpaid), f.lines(unpaid)) == (12000, [("draw", 1000, 12000)])
    assert f.pay(unpaid, by=desk).status == "paid"
    assert f.used(membership, "C172") == 1000


def test_16_tax_is_prepaid_with_the_item(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl(tax="8")
    f.pay(f.save(emma, (ppl, None), by=desk), by=desk)
    membership = f.bought(emma)
    assert membership.price_minor == f.money("6284") == f.funds(membership)
    invoice = f.save(emma, (thing("C172"), "2.0"), by=desk)
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (24000, 1920, 25920)
    f.pay(invoice, ("account", "259.20"), by=desk)
    assert f.funds(membership) == f.money("6284") - f.money("259.20")
    assert (f.income("Aircraft"), f.tax("8")) == (24000, 1920)


def test_16_forty_single_hours_draw_the_tax_exactly(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl(tax="8")
    f.pay(f.save(emma, (ppl, None), by=desk), by=desk)
    membership = f.bought(emma)
    hours = [f.save(emma, *[(thing("C172"), "1")] * 8, by=desk) for _ in range(5)]
    assert sum(i.tax_minor for i in hours) == f.money("384")
    for invoice in hours:
        f.settle(invoice, by=desk)
    assert f.tax("8") == f.money("384")
    assert f.funds(membership) == f.money("1100")


@pytest.mark.parametrize(
    "currency, decimals, price, draws",
    [("JPY", 0, "10000", [3333, 3334, 3333]), ("KWD", 3, "10.000", [3333, 3334, 3333])],
)
def test_21_currencies_with_other_decimals(
    desk: User, currency: str, decimals: int, price: str, draws: list[int]
) -> None:
    f.use_currency(currency, decimals)
    emma, lesson = f.somebody(), f.item("Lesson", "4000" if decimals == 0 else "4.000")
    trio = f.package("Three", (lesson, "3", price))
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    membership = f.bought(emma)
    assert f.funds(membership) == 10000
    invoices = [f.save(emma, (lesson, "1"), by=desk) for _ in range(3)]
    assert [i.total_minor for i in invoices] == draws
    for invoice in invoices:
        f.settle(invoice, by=desk)
    assert (f.funds(membership), f.fresh(membership).reason) == (0, "completed")


def test_22_the_last_day_counts(desk: User) -> None:
    emma, piano = f.somebody(), f.piano(validity="date", last_day=date(2026, 6, 30))
    membership = f.add(emma, piano, by=desk)
    f.pay(f.save(emma, (thing("Lesson"), "5"), by=desk), by=desk)
    assert f.left(membership) == 5000
    july = date(2026, 7, 2)
    within = f.save(emma, (thing("Lesson"), "1"), by=desk, on=date(2026, 6, 30), today=july)
    after = f.save(emma, (thing("Lesson"), "1"), by=desk, on=date(2026, 7, 1), today=july)
    assert f.lines(within) == [("draw", 1000, 4500)]
    assert f.lines(after) == [("standard", 1000, 5000)]
    assert f.fresh(membership).reason == "expired"
    assert f.left(membership) == 4000


def test_27_less_than_a_cent_a_unit_with_voids_in_between(desk: User) -> None:
    emma, copy = f.somebody(), f.item("Copy", "0.02")
    card = f.package("Ten copies", (copy, "10", "0.05"))
    f.pay(f.save(emma, (card, None), by=desk), by=desk)
    membership = f.bought(emma)
    kept: list[Invoice] = []
    for turn in range(30):
        if f.left(membership) == 0:
            break
        invoice = f.save(emma, (copy, "1"), by=desk)
        assert invoice.total_minor >= 0
        if turn % 3 == 1:
            voids.void(invoice.id, reason="misprint", by=desk, on=f.DAY)
        elif turn % 7 == 4 and kept:
            voids.void(kept.pop(0).id, reason="misprint", by=desk, on=f.DAY)
            kept.append(invoice)
        else:
            kept.append(invoice)
    assert len(kept) == 10
    assert sum(i.total_minor for i in kept) == 5
    for invoice in kept:
        f.settle(invoice, by=desk)
    assert (f.funds(membership), f.fresh(membership).reason) == (0, "completed")


def test_drafts_take_nothing(desk: User) -> None:
    """Left is of saved invoices only: a draft is a quotation."""
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    draft = f.draft(emma, (thing("Lesson"), "10"), by=desk)
    assert (f.left(membership), unbilled(membership)) == (10000, f.money("450"))
    drafts.discard(draft.id)
    assert Invoice.get_or_none(Invoice.id == draft.id) is None
