"""Which money fills which line: properties of the one function that says so, and the order by hand."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.allocation import (
    ACCOUNT,
    GENERAL,
    KINDS,
    METHOD,
    PACKAGE,
    Allocation,
    Funds,
    OpenLine,
    allocate,
    most_account_can_pay,
)

AMOUNTS = st.integers(1, 500)
MEMBERSHIPS = (11, 12)


@st.composite
def lines(draw: st.DrawFn) -> list[OpenLine]:
    """Up to six lines of up to two invoices, some of them paid already."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        source = draw(st.sampled_from(sorted(KINDS)))
        membership = draw(st.sampled_from(MEMBERSHIPS)) if source in ("draw", "sale") else None
        made.append(OpenLine(number, source, membership, draw(st.integers(0, 300)), draw(st.integers(1, 2))))
    return sorted(made, key=lambda line: line.invoice)


FUNDS = st.builds(
    Funds,
    st.fixed_dictionaries({number: st.integers(0, 400) for number in MEMBERSHIPS}),
    st.integers(-100, 600),
    st.sampled_from([0, 0, 50]),
)
ACTIVE = st.sets(st.sampled_from(MEMBERSHIPS))


@given(lines(), st.lists(AMOUNTS, max_size=3), st.integers(0, 800), FUNDS, ACTIVE)
def test_nothing_is_filled_twice_or_from_nowhere(
    found: list[OpenLine], tenders: list[int], asked: int, funds: Funds, active: set[int]
) -> None:
    planned = allocate(found, tenders, asked, funds, active)
    assert all(fill.amount_minor > 0 for fill in planned.fills)
    for line in found:
        assert sum(fill.amount_minor for fill in planned.fills if fill.line == line) <= line.due_minor
    for number, tender in enumerate(tenders):
        filled = [fill for fill in planned.fills if fill.tender == number]
        assert {fill.source for fill in filled} <= {METHOD}
        assert sum(fill.amount_minor for fill in filled) + planned.rests[number] == tender
    by_account = [fill for fill in planned.fills if fill.tender == ACCOUNT]
    assert sum(fill.amount_minor for fill in by_account) + planned.account_short_minor == asked
    assert planned.account_short_minor >= 0
    assert_funds_reach(planned, funds, active)
    turns = [len(tenders) if fill.tender == ACCOUNT else fill.tender for fill in planned.fills]
    assert turns == sorted(turns), "others in their order, Account last"


def assert_funds_reach(planned: Allocation, funds: Funds, active: set[int]) -> None:
    """Followed fill by fill, package funds never go below zero, nor general funds below the limit."""
    packages, general = dict(funds.packages), funds.general_minor
    for fill in planned.fills:
        line = fill.line
        if fill.source == PACKAGE:
            assert line.source == "draw"
            packages[line.membership or 0] -= fill.amount_minor
            assert packages[line.membership or 0] >= 0
        if fill.source == GENERAL:
            assert line.source != "deposit"
            general -= fill.amount_minor
            assert general >= (0 if line.source == "sale" else -funds.credit_limit_minor)
        if line.source == "sale" and line.membership in active:
            packages[line.membership] += fill.amount_minor


@given(lines(), st.lists(AMOUNTS, max_size=3), FUNDS, ACTIVE)
def test_money_goes_invoice_by_invoice_kind_by_kind_and_from_top_to_bottom(
    found: list[OpenLine], tenders: list[int], funds: Funds, active: set[int]
) -> None:
    planned = allocate(found, tenders, 0, funds, active)
    turns = [(fill.line.invoice, KINDS[fill.line.source], fill.line.line) for fill in planned.fills]
    assert turns == sorted(turns)
    filled = {line.line: 0 for line in found}
    for fill in planned.fills:
        filled[fill.line.line] += fill.amount_minor
    in_turn = sorted(found, key=lambda line: (line.invoice, KINDS[line.source], line.line))
    states = [filled[line.line] == line.due_minor for line in in_turn if line.due_minor]
    assert [full for full, _ in groupby(states)] in ([], [True], [False], [True, False]), "a line waits for those above"


@given(lines(), FUNDS, ACTIVE)
def test_the_most_that_account_can_pay_is_what_it_does_pay(
    found: list[OpenLine], funds: Funds, active: set[int]
) -> None:
    most = most_account_can_pay(found, funds, active)
    assert allocate(found, [], most, funds, active).account_short_minor == 0
    assert allocate(found, [], most + 1, funds, active).account_short_minor == 1


def test_kinds_by_hand() -> None:
    """Standard and typed first, then packages, package rates, deposits; a second card goes on where the first ended."""
    found = [
        OpenLine(1, "deposit", None, 100),
        OpenLine(2, "draw", 11, 100),
        OpenLine(3, "sale", 11, 100),
        OpenLine(4, "typed", None, 100),
        OpenLine(5, "standard", None, 100),
    ]
    planned = allocate(found, [150, 280], 0, Funds({11: 0}, 0), {11})
    assert [(fill.tender, fill.line.line, fill.amount_minor) for fill in planned.fills] == [
        (0, 4, 100), (0, 5, 50), (1, 5, 50), (1, 3, 100), (1, 2, 100), (1, 1, 30),
    ]  # fmt: skip  # one row reads as one payment
    assert planned.rests == [0, 0]


def test_account_spends_the_package_funds_of_that_membership_only() -> None:
    found = [OpenLine(1, "draw", 11, 100), OpenLine(2, "draw", 12, 100), OpenLine(3, "standard", None, 100)]
    planned = allocate(found, [], 250, Funds({11: 60, 12: 500}, 90), {11, 12})
    assert [(fill.line.line, fill.amount_minor, fill.source) for fill in planned.fills] == [
        (1, 60, PACKAGE),
        (2, 100, PACKAGE),
        (3, 90, GENERAL),
    ]
    assert planned.account_short_minor == 0


def test_what_general_funds_pay_for_a_package_pays_its_draws() -> None:
    found = [OpenLine(1, "draw", 11, 80), OpenLine(2, "sale", 11, 100)]
    planned = allocate(found, [], 180, Funds({11: 30}, 100), {11})
    assert [(fill.line.line, fill.amount_minor, fill.source) for fill in planned.fills] == [
        (1, 30, PACKAGE),
        (2, 100, GENERAL),
        (1, 50, PACKAGE),
    ]
    ended = allocate(found, [], 180, Funds({11: 0}, 100), set())
    assert [(fill.line.line, fill.amount_minor) for fill in ended.fills] == [(2, 100)]


def test_only_items_may_use_the_credit_limit() -> None:
    found = [OpenLine(1, "sale", 11, 100), OpenLine(2, "standard", None, 100), OpenLine(3, "deposit", None, 100)]
    planned = allocate(found, [], 300, Funds({11: 0}, 0, 70), {11})
    assert [(fill.line.line, fill.amount_minor) for fill in planned.fills] == [(2, 70)]
    assert planned.account_short_minor == 230
