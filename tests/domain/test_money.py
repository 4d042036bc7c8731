"""Whole minor units: rounding in one place, and text that comes back as it went."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp import money, quantity
from webapp.money import NotAnAmount, half_up, percent_of, percent_within, share, times

MINOR = st.integers(-money.LARGEST, money.LARGEST)
POSITIVE = st.integers(0, money.LARGEST)
DECIMALS = st.integers(0, 4)
MILLI = st.integers(1, 100_000_000)
SIGNS = st.sampled_from([(",", "."), (".", ","), ("\u00a0", ","), ("\u202f", "."), ("", "."), ("", ",")])


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_half_up_is_decimals_half_up(numerator: int, denominator: int) -> None:
    # The quotient rounded to 60 digits is exact wherever a half could be.
    with_rest, rest = divmod(abs(numerator), denominator)
    expected = with_rest + (1 if Decimal(rest) / denominator >= Decimal("0.5") else 0)
    assert half_up(numerator, denominator) == (expected if numerator >= 0 else -expected)


@given(st.integers(-(10**9), 10**9), st.sampled_from([2, 4, 5, 8, 10, 16, 20, 25, 1000]))
def test_half_up_on_exact_decimals(numerator: int, denominator: int) -> None:
    exact = (Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP)
    assert half_up(numerator, denominator) == int(exact)


@pytest.mark.parametrize("denominator", [0, -1])
def test_half_up_divides_by_something(denominator: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        half_up(1, denominator)


@given(st.integers(0, 10**9), MILLI, DECIMALS)
def test_times_is_the_exact_product_rounded_once(rate_e4: int, milli: int, decimals: int) -> None:
    exact = Decimal(rate_e4).scaleb(-4) * Decimal(milli).scaleb(-3) * 10**decimals
    assert times(rate_e4, milli, decimals) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(POSITIVE, st.integers(1, 10**7), st.data())
def test_a_share_lies_between_nothing_and_all_and_never_shrinks(whole: int, of: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, of - 1))
    assert 0 <= share(whole, part, of) <= share(whole, part + 1, of) <= whole
    assert (share(whole, 0, of), share(whole, of, of)) == (0, whole)


@given(st.integers(0, 10**12), st.integers(0, 1_000_000))
def test_tax_within_an_amount_is_the_tax_on_the_rest(amount: int, percent_e4: int) -> None:
    tax = percent_within(amount, percent_e4)
    assert 0 <= tax <= amount
    assert abs(percent_of(amount - tax, percent_e4) - tax) <= 1


def test_tax_by_hand() -> None:
    assert percent_of(24000, 80_000) == 1920
    assert percent_within(12000, 200_000) == 2000
    assert (percent_of(5, 100_000), percent_of(4, 100_000)) == (1, 0)


@given(MINOR, DECIMALS, SIGNS)
def test_money_comes_back_from_its_text(minor: int, decimals: int, signs: tuple[str, str]) -> None:
    group, point = signs
    text = money.format_money(minor, decimals, group=group, point=point)
    assert money.parse_money(text, decimals, point=point) == minor


@given(POSITIVE, st.sampled_from([0, 2, 3]))
def test_a_rate_comes_back_from_its_text(rate_e4: int, decimals: int) -> None:
    assert money.parse_rate(money.format_rate(rate_e4, decimals)) == rate_e4


@given(POSITIVE, st.integers(0, 3))
def test_a_quantity_comes_back_from_its_text(milli: int, least: int) -> None:
    assert quantity.parse_quantity(quantity.format_quantity(milli, least=least)) == milli


@given(st.text(max_size=12), DECIMALS, st.sampled_from([".", ","]))
def test_whatever_is_typed_is_read_or_refused_with_a_sentence(text: str, decimals: int, point: str) -> None:
    try:
        minor = money.parse_money(text, decimals, point=point)
    except NotAnAmount as refusal:
        minor, sentence = 0, str(refusal)
    else:
        sentence = "."
    assert sentence.endswith(".")
    assert abs(minor) <= money.LARGEST


@pytest.mark.parametrize(
    "text, decimals, minor",
    [
        ("1234.5", 2, 123450),
        ("1,234.50", 2, 123450),
        (" 1 234.50 ", 2, 123450),
        ("\u22125.00", 2, -500),
        ("5.000", 2, 500),
        ("007", 0, 7),
        ("100.0", 0, 100),
        ("1.5", 3, 1500),
        ("1000000000000", 2, 10**14),
    ],
)
def test_what_is_typed(text: str, decimals: int, minor: int) -> None:
    assert money.parse_money(text, decimals) == minor


@pytest.mark.parametrize(
    "text, decimals, sentence",
    [
        ("", 2, "as a number"),
        ("twelve", 2, "as a number"),
        ("1e3", 2, "as a number"),
        ("0x10", 2, "as a number"),
        ("nan", 2, "as a number"),
        ("--5", 2, "as a number"),
        (".5", 2, "as a number"),
        ("\u0661\u0662", 2, "as a number"),
        ("\uff11\uff12", 2, "as a number"),
        ("1.005", 2, "at most 2 decimals"),
        ("6600.50", 0, "no decimals"),
        ("1.25", 1, "at most 1 decimal"),
        ("12,50", 2, "before the decimals"),
        ("1,23,456.00", 2, "before the decimals"),
        ("1000000000000.01", 2, "too large"),
        ("9" * 40, 2, "too large"),
    ],
)
def test_what_is_refused(text: str, decimals: int, sentence: str) -> None:
    with pytest.raises(NotAnAmount, match=sentence):
        money.parse_money(text, decimals)


def test_a_comma_where_commas_are_decimals() -> None:
    assert money.parse_money("1.234,50", 2, point=",") == 123450
    with pytest.raises(NotAnAmount, match="before the decimals"):
        money.parse_money("12.50", 2, point=",")


@pytest.mark.parametrize(
    "minor, decimals, text", [(123450, 2, "1,234.50"), (-5, 2, "-0.05"), (6600, 0, "6,600"), (3333, 3, "3.333")]
)
def test_what_is_shown(minor: int, decimals: int, text: str) -> None:
    assert money.format_money(minor, decimals) == text
