"""Packages as they are offered, and what they cost."""

import csv
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories as make
from tests.trail import latest
from webapp import money
from webapp.domain import packages, terms
from webapp.domain.errors import Changed, DomainError
from webapp.domain.packages import PackageFacts, PackageLine, price_sheet
from webapp.models import Item, MembershipItem, Package, PackageItem, User

TODAY = date(2026, 11, 22)
PRICES = Path(__file__).parents[1] / "data" / "prices"


@pytest.fixture
def c172(desk: User) -> Item:
    return make.item("C172", "150.00", unit="hour", tax="8")


@pytest.fixture
def teacher(desk: User) -> Item:
    return make.item("Instruction", "65.00", unit="hour")


@pytest.fixture
def lines(c172: Item, teacher: Item) -> list[PackageLine]:
    return [PackageLine(c172, 40_000, 1_200_000), PackageLine(teacher, 20_000, 550_000)]


@pytest.fixture
def ppl(desk: User, lines: list[PackageLine]) -> Package:
    return create(desk, "PPL", lines)


def create(by: User, name: str, lines: list[PackageLine], **facts: Any) -> Package:
    return packages.create_package(PackageFacts(name, lines, **facts), decimals=2, by=by, on=TODAY)


def edit(package: Package, by: User, lines: list[PackageLine], version: int = 0, **facts: Any) -> None:
    usual = PackageFacts(package.name, lines)._replace(**facts)
    packages.edit_package(package, usual, version=version, decimals=2, by=by, on=TODAY)


# Price


def thing(standard_e4: int | None, tax_e4: int, number: int = 1) -> Item:
    return Item(id=number, name=f"Item {number}", unit="each", standard_rate_e4=standard_e4, tax_percent_e4=tax_e4)


RATES = st.integers(0, 10**8)
LINES = st.builds(
    lambda included, rate, amount, standard, tax: PackageLine(
        thing(standard, tax), included, rate, amount if rate is None else None
    ),
    included=st.integers(1, 10**6),
    rate=st.none() | RATES,
    amount=st.integers(0, 10**9),
    standard=st.none() | RATES,
    tax=st.integers(0, 10**6),
)
CURRENCIES = st.sampled_from([0, 2, 3])


def rounded(value: Decimal, decimals: int) -> int:
    return int((value * 10**decimals).quantize(Decimal(1), ROUND_HALF_UP))


@given(LINES, CURRENCIES)
def test_an_amount_is_the_rate_for_the_quantity_rounded_half_up_once(line: PackageLine, decimals: int) -> None:
    if line.rate_e4 is None:
        assert line.amount(decimals) == line.amount_minor
    else:
        exact = Decimal(line.rate_e4) / 10_000 * Decimal(line.included_milli) / 1_000
        assert line.amount(decimals) == rounded(exact, decimals)


@given(st.lists(LINES, max_size=6), CURRENCIES, st.booleans())
def test_a_price_is_its_amounts_and_the_tax_that_is_not_in_them(
    lines: list[PackageLine], decimals: int, inclusive: bool
) -> None:
    sheet = price_sheet(lines, tax_inclusive=inclusive, decimals=decimals)
    amounts = [line.amount(decimals) for line in lines]
    taxes = []
    for line, amount in zip(lines, amounts, strict=True):
        share = Decimal(line.item.tax_percent_e4) / 1_000_000
        taxes.append(rounded(amount * (share / (1 + share) if inclusive else share), 0))
    assert [line.term.tax_minor for line in sheet.lines] == taxes
    assert sheet.tax_minor == sum(taxes)
    assert sheet.price_minor == sum(amounts) + (0 if inclusive else sum(taxes))
    assert sheet.net_minor + sheet.tax_minor == sheet.price_minor
    assert sheet.price_minor == terms.price([line.term for line in sheet.lines], inclusive)


@given(st.lists(LINES, max_size=6), CURRENCIES)
def test_a_saving_is_known_where_every_item_has_a_standard_rate(lines: list[PackageLine], decimals: int) -> None:
    sheet = price_sheet(lines, tax_inclusive=False, decimals=decimals)
    for line, priced in zip(lines, sheet.lines, strict=True):
        standard = line.item.standard_rate_e4
        if standard is None:
            assert priced.saving_minor is None
        else:
            assert priced.saving_minor == money.times(standard, line.included_milli, decimals) - line.amount(decimals)
    if any(line.item.standard_rate_e4 is None for line in lines):
        assert sheet.saving_minor is None
    else:
        assert sheet.saving_minor == sum(priced.saving_minor or 0 for priced in sheet.lines)


def test_dearer_is_below_nothing() -> None:
    dearer = PackageLine(thing(300_000, 0), 10_000, 350_000)
    assert price_sheet([dearer], tax_inclusive=False, decimals=2).saving_minor == -5_000


def test_worked_example_16() -> None:
    lines = [PackageLine(thing(None, 80_000), 40_000, 1_200_000), PackageLine(thing(None, 0, 2), 20_000, 550_000)]
    assert price_sheet(lines, tax_inclusive=False, decimals=2).price_minor == 628_400
    inclusive = price_sheet(lines, tax_inclusive=True, decimals=2)
    assert (inclusive.price_minor, inclusive.tax_minor) == (590_000, 35_556)


def published() -> list[dict[str, str]]:
    """Packages of real businesses that print both a rate and a price for a quantity."""
    with (PRICES / "packages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row["included_quantity"] and row["package_rate"] and row["package_price"]]


@pytest.mark.parametrize("row", published(), ids=lambda row: f"{row['business_id']}-{row['package_id']}")
def test_published_prices_come_out(row: dict[str, str]) -> None:
    decimals = 0 if row["currency"] == "JPY" else 2
    included = int(Decimal(row["included_quantity"]) * 1000)
    line = PackageLine(thing(None, 0), included, money.parse_rate(row["package_rate"]))
    assert line.amount(decimals) == money.parse_money(row["package_price"], decimals)


# Keeping


def test_new(ppl: Package, c172: Item, teacher: Item) -> None:
    kept = [
        (row.item_id, row.position, row.included_milli, row.rate_e4, row.amount_minor)
        for row in PackageItem.select().order_by(PackageItem.position)
    ]
    assert kept == [(c172.id, 0, 40_000, 1_200_000, 480_000), (teacher.id, 1, 20_000, 550_000, 110_000)]
    act, detail = latest()
    assert act == "package added"
    assert detail["items"][0] == {
        "item": c172.id,
        "included_milli": 40_000,
        "rate_e4": 1_200_000,
        "amount_minor": 480_000,
    }


def test_what_is_kept_is_what_is_shown_and_sold(ppl: Package) -> None:
    kept = packages.lines_of(ppl)
    for inclusive in (False, True):
        sheet = price_sheet(kept, tax_inclusive=inclusive, decimals=2)
        sold = terms.terms_of(ppl, tax_inclusive=inclusive)
        assert [line.term for line in sheet.lines] == sold
        assert terms.terms_of_many([ppl.id, ppl.id], tax_inclusive=inclusive) == {ppl.id: sold}
        assert sheet.price_minor == terms.price(sold, inclusive)
    assert terms.terms_of_many([], tax_inclusive=False) == {}


def test_a_typed_amount_is_the_truth(desk: User, teacher: Item) -> None:
    trio = create(desk, "TRIO", [PackageLine(teacher, 3_000, None, 10_000)])
    assert packages.lines_of(trio) == [PackageLine(teacher, 3_000, None, 10_000)]


@pytest.mark.parametrize(
    "change, field, sentence",
    [
        ({"included_milli": 0}, "included", "above 0"),
        ({"included_milli": -1}, "included", "above 0"),
        ({"rate_e4": None}, "rate", "Type a rate, or an amount"),
        ({"amount_minor": 5}, "amount", "not both"),
        ({"rate_e4": money.LARGEST, "included_milli": money.LARGEST}, "rate", "too large"),
        ({"rate_e4": None, "amount_minor": money.LARGEST}, "amount", "too large"),
    ],
)
def test_a_line_that_cannot_be(
    desk: User, c172: Item, teacher: Item, change: dict[str, Any], field: str, sentence: str
) -> None:
    wrong = PackageLine(c172, 40_000, 1_200_000)._replace(**change)
    with pytest.raises(DomainError, match=sentence) as refusal:
        create(desk, "PPL", [PackageLine(teacher, 1_000, 1), wrong])
    assert refusal.value.field == f"lines-1-{field}"
    assert Package.select().count() == 0


def test_the_same_item_only_once(desk: User, lines: list[PackageLine]) -> None:
    with pytest.raises(DomainError, match="C172 is in this package already") as refusal:
        create(desk, "PPL", [*lines, lines[0]])
    assert refusal.value.field == "lines-2-item"


def test_at_least_one_item(desk: User) -> None:
    with pytest.raises(DomainError, match="at least one item") as refusal:
        create(desk, "PPL", [])
    assert refusal.value.field == "lines"


def test_the_whole_price_has_a_limit_too(desk: User, c172: Item, teacher: Item) -> None:
    half = money.LARGEST // 2
    with pytest.raises(DomainError, match="price is too large"):
        create(desk, "PPL", [PackageLine(c172, 1_000, None, half), PackageLine(teacher, 1_000, None, half)])


def test_an_inactive_item_is_not_put_in_but_may_stay(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    Item.update(active=False).where(Item.name == "C172").execute()
    gone = Item.get(Item.name == "C172")
    with pytest.raises(DomainError, match="C172 is inactive"):
        create(desk, "Other", [PackageLine(gone, 1_000, 1)])
    edit(ppl, desk, [lines[0]._replace(item=gone, included_milli=30_000)])
    assert packages.lines_of(ppl)[0].included_milli == 30_000


def test_one_package_per_name(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    with pytest.raises(DomainError, match="this name already") as refusal:
        create(desk, "PPL", lines)
    assert refusal.value.field == "name"
    other = create(desk, "CPL", lines)
    with pytest.raises(DomainError, match="this name already"):
        edit(other, desk, lines[:1], name="PPL")
    assert len(packages.lines_of(other)) == 2


# Validity


@pytest.mark.parametrize(
    "validity, field, sentence",
    [
        ({"validity": "date"}, "last_day", "Choose the last day"),
        ({"validity": "date", "last_day": date(2026, 11, 21)}, "last_day", "passed already"),
        ({"validity": "days"}, "validity_count", "how many days"),
        ({"validity": "months", "validity_count": 0}, "validity_count", "how many months"),
        ({"validity": "days", "validity_count": 36_501}, "validity_count", "At most 36,500 days"),
        ({"validity": "months", "validity_count": 10**15}, "validity_count", "At most 1,200 months"),
        ({"validity": "weeks", "validity_count": 1}, "validity", "how long"),
    ],
)
def test_a_validity_that_cannot_be(
    desk: User, lines: list[PackageLine], validity: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(DomainError, match=sentence) as refusal:
        create(desk, "PPL", lines, **validity)
    assert refusal.value.field == field


def test_only_what_the_kind_of_validity_needs_is_kept(desk: User, lines: list[PackageLine]) -> None:
    both = {"validity_count": 6, "last_day": TODAY}
    kept = {kind: create(desk, kind, lines, validity=kind, **both) for kind in ("none", "date", "days", "months")}
    assert {kind: (made.validity_count, made.last_day) for kind, made in kept.items()} == {
        "none": (None, None),
        "date": (None, TODAY),
        "days": (6, None),
        "months": (6, None),
    }
    start = date(2026, 1, 31)
    ends = {kind: Package.get_by_id(made.id).last_day_from(start) for kind, made in kept.items()}
    assert ends == {"none": None, "date": TODAY, "days": date(2026, 2, 6), "months": date(2026, 7, 31)}


def test_the_longest_validity_still_has_a_last_day(desk: User, lines: list[PackageLine]) -> None:
    for kind, count in packages.LONGEST.items():
        made = create(desk, kind, lines, validity=kind, validity_count=count)
        assert made.last_day_from(date(2200, 12, 31)) is not None


def test_a_last_day_that_has_passed_may_stay(desk: User, lines: list[PackageLine]) -> None:
    made = create(desk, "Summer", lines, validity="date", last_day=TODAY)
    later = date(2027, 1, 1)
    facts = PackageFacts("Summer 2026", lines, "date", None, TODAY)
    packages.edit_package(made, facts, version=0, decimals=2, by=desk, on=later)
    assert Package.get_by_id(made.id).name == "Summer 2026"
    with pytest.raises(DomainError, match="passed already"):
        edit(made, desk, lines, version=1, validity="date", last_day=date(2026, 11, 1))


# Editing


def test_edit(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    later = [lines[1], lines[0]._replace(rate_e4=None, amount_minor=470_000)]
    edit(ppl, desk, later, name="PPL 2027", active=False, note="New rates")
    kept = Package.get_by_id(ppl.id)
    assert (kept.name, kept.active, kept.note, kept.version) == ("PPL 2027", False, "New rates", 1)
    assert packages.lines_of(kept) == later
    told = latest()[1]["changes"]
    assert told["name"] == ["PPL", "PPL 2027"]
    assert [row["amount_minor"] for row in told["items"][0]] == [480_000, 110_000]
    assert [row["amount_minor"] for row in told["items"][1]] == [110_000, 470_000]


def test_memberships_keep_their_terms(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    membership = make.add(make.somebody(), ppl, by=desk)
    assert packages.active_memberships(ppl) == 1
    edit(ppl, desk, [lines[0]._replace(rate_e4=1_000_000)])
    rows = MembershipItem.select().where(MembershipItem.membership == membership)
    kept = [(row.included_milli, row.amount_minor) for row in rows]
    assert sorted(kept) == [(20_000, 110_000), (40_000, 480_000)]
    assert make.fresh(membership).price_minor == 628_400


def test_the_second_of_two_edits_is_told(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    edit(ppl, desk, [lines[0]])
    with pytest.raises(Changed, match=r"items is now “C172 40 @ 120.00 = 4,800.00”"):
        edit(ppl, desk, lines, note="Later")
    assert packages.lines_of(ppl) == [lines[0]]


def test_listed_and_offered(desk: User, ppl: Package, lines: list[PackageLine]) -> None:
    create(desk, "Old", lines, active=False)
    make.add(make.somebody(), ppl, by=desk)
    rows = packages.package_page("", "all", "").rows
    assert [(row.name, bool(row.active), row.memberships) for row in rows] == [("Old", False, 0), ("PPL", True, 1)]
    assert str(packages.package_total("pp", "active")) == "1"
    assert [it.name for it in packages.offered_packages("")] == ["PPL"]
