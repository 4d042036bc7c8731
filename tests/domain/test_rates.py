"""Which rate a line gets: properties of the one function that says so."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.rates import DRAW, STANDARD, Basis, Cover, NoRate, Wanted, draw, price
from webapp.money import percent_of, percent_within

DAY = date(2026, 6, 1)
ADDED, INCLUDED = Basis(2, tax_inclusive=False), Basis(2, tax_inclusive=True)
BASES = st.sampled_from([ADDED, INCLUDED])
DAYS = st.integers(0, 40).map(lambda days: DAY + timedelta(days=days))


def cover(
    included: int, amount: int, percent_e4: int = 0, *, basis: Basis = ADDED, number: int = 1, **facts: Any
) -> Cover:
    """A membership's item of which nothing was drawn yet."""
    tax = (percent_within if basis.tax_inclusive else percent_of)(amount, percent_e4)
    made = Cover(number, 7, f"P{number}", DAY, None, included, 0, amount, 0, percent_e4, tax, 0, None)
    return made._replace(**facts)


@st.composite
def covers(draw_: st.DrawFn) -> list[Cover]:
    """Up to four memberships of one customer, some of them made by this very invoice, some partly used."""
    made = []
    for number in draw_(st.permutations([1, 2, 3, -4]))[: draw_(st.integers(0, 4))]:
        fresh = cover(
            draw_(st.integers(1, 5000)),
            draw_(st.integers(0, 50_000)),
            number=number,
            start_on=draw_(DAYS),
            end_on=draw_(st.none() | DAYS),
            item=draw_(st.sampled_from([7, 7, 7, 8])),
        )
        used = draw_(st.integers(0, fresh.included_milli))
        made.append(draw(fresh, used, ADDED)[1] if used else fresh)
    return made


@given(covers(), st.integers(1, 20_000), st.none() | st.integers(0, 10**7), BASES)
def test_the_parts_of_a_line(found: list[Cover], quantity: int, standard: int | None, basis: Basis) -> None:
    wanted = Wanted(7, quantity, standard, 80_000)
    fitting = [c for c in found if c.item == 7 and c.left_milli]
    available = sum(c.left_milli for c in fitting)
    if standard is None and quantity > available:
        with pytest.raises(NoRate) as refused:
            price(wanted, found, basis)
        assert refused.value.uncovered_milli == quantity - available
        return
    parts, after = price(wanted, found, basis)
    draws = [part for part in parts if part.source == DRAW]
    assert sum(part.quantity_milli for part in parts) == quantity
    assert sum(part.quantity_milli for part in draws) == min(quantity, available)
    assert [part.source for part in parts[len(draws) :]] in ([], [STANDARD])
    assert all(part.quantity_milli > 0 and part.net_minor >= 0 and part.tax_minor >= 0 for part in parts)
    in_turn = sorted(fitting, key=lambda c: (c.end_on or date.max, c.start_on, c.membership < 0, c.membership))
    assert [part.membership for part in draws] == [c.membership for c in in_turn[: len(draws)]]
    assert all(part.leaves_milli == 0 for part in draws[:-1]), "one is used up before the next is touched"
    left = {(c.membership, c.item): c.left_milli for c in after}
    taken = {part.membership: part.quantity_milli for part in draws}
    assert left == {
        (c.membership, c.item): c.left_milli - (taken.get(c.membership, 0) if c.item == 7 else 0) for c in found
    }


@given(
    st.integers(1, 60),
    st.integers(0, 20_000),
    st.sampled_from([0, 77_000, 80_000, 200_000, 1_000_000]),
    BASES,
    st.data(),
)
def test_draws_end_at_the_whole_amount_whatever_was_voided(
    included: int, amount: int, percent_e4: int, basis: Basis, data: st.DataObject
) -> None:
    """Drawn in any portions with any of them taken back in between: never negative, and exact at the end."""
    stands = cover(included, amount, percent_e4, basis=basis)
    live: list[tuple[int, int, int]] = []
    for back in data.draw(st.lists(st.booleans(), max_size=25)):
        if live and back:
            quantity, drawn, tax = live.pop(data.draw(st.integers(0, len(live) - 1)))
            stands = stands._replace(
                live_milli=stands.live_milli - quantity,
                drawn_minor=stands.drawn_minor - drawn,
                drawn_tax_minor=stands.drawn_tax_minor - tax,
            )
        elif stands.left_milli:
            part, stands = draw(stands, data.draw(st.integers(1, stands.left_milli)), basis)
            assert min(part.amount_minor, part.net_minor, part.tax_minor) >= 0
            assert part.net_minor + part.tax_minor == part.amount_minor + (0 if basis.tax_inclusive else part.tax_minor)
            live.append((part.quantity_milli, part.amount_minor, part.tax_minor))
        assert 0 <= stands.drawn_minor <= amount
        assert 0 <= stands.drawn_tax_minor <= stands.tax_minor
    if stands.left_milli:
        last, stands = draw(stands, stands.left_milli, basis)
        live.append((last.quantity_milli, last.amount_minor, last.tax_minor))
        assert min(last.amount_minor, last.net_minor, last.tax_minor) >= 0
    assert stands.left_milli == 0
    assert sum(drawn for _, drawn, _ in live) == stands.drawn_minor == amount
    assert sum(tax for _, _, tax in live) == stands.drawn_tax_minor == stands.tax_minor


@given(st.integers(1, 200), st.integers(0, 10**7))
def test_without_voids_a_draw_is_a_fair_share(included: int, amount: int) -> None:
    """No single draw is more than a cent from its share."""
    stands = cover(included, amount)
    for _ in range(included):
        part, stands = draw(stands, 1, ADDED)
        assert abs(part.amount_minor * included - amount) <= included


def test_standard_and_typed_rates_draw_nothing() -> None:
    stands = [cover(10_000, 45_000)]
    chosen, after = price(Wanted(7, 2000, 500_000, 0, STANDARD), stands, ADDED)
    assert [(p.source, p.net_minor, p.reason) for p in chosen] == [("standard", 10000, "chosen")]
    assert after == stands
    typed, after = price(Wanted(7, 2000, None, 0, "typed", None, 300_000, "a friend"), stands, ADDED)
    assert [(p.source, p.net_minor, p.reason) for p in typed] == [("typed", 6000, "a friend")]
    assert after == stands


def test_a_chosen_membership_goes_before_those_whose_turn_it_is() -> None:
    soon, later = cover(1000, 12_000, end_on=DAY), cover(5000, 57_500, number=2)
    parts, _ = price(Wanted(7, 6000, 1_500_000, 0, "membership", 2), [soon, later], ADDED)
    assert [(p.source, p.membership, p.quantity_milli) for p in parts] == [("draw", 2, 5000), ("standard", None, 1000)]


def test_a_line_says_where_its_rate_comes_from_and_what_it_leaves() -> None:
    parts, after = price(Wanted(7, 2000, 1_500_000, 0), [cover(1500, 18_000)], ADDED)
    assert [(p.reason, p.leaves_milli) for p in parts] == [("P1", 0), ("nothing left in P1", None)]
    again, _ = price(Wanted(7, 1000, 1_500_000, 0), after, ADDED)
    assert [(p.source, p.reason) for p in again] == [("standard", "nothing left in P1")]
