"""The shop of the random histories: what it sells, to whom, and what may be asked of it at a time."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from hypothesis import strategies as st

from tests import factories as f
from tests.domain.model_prices import NOTHING_OFF, Off
from tests.domain.model_prices import Item as ItemTerms
from tests.domain.model_prices import Package as PackageTerms
from webapp.models import Group

T = TypeVar("T")

FIRST_DAY = date(2026, 6, 1)

ITEMS = {"Lesson": ItemTerms(4000, 0), "Hour": ItemTerms(6501, 8), "Copy": ItemTerms(None, 20)}
PACKAGES = {
    "Trio": PackageTerms({"Lesson": (3000, 10000)}, None),
    "Pair": PackageTerms({"Hour": (1500, 7777), "Lesson": (2000, 6500)}, 20),
    "Strip": PackageTerms({"Copy": (10000, 5)}, 10),
}
CUSTOMERS = ("Emma Jones", "Jack Smith", "Jack Smyth")
"""The first owns the group that the others are in; the last is the second once more."""

FOCUS = st.sampled_from((("Trio",), ("Pair",), ("Strip", "Trio"), ("Pair", "Trio"), ("Pair", "Strip", "Trio")))
"""The packages of a history: with few of them, more happens to each."""
ANY = st.integers(0, 10**6)
"""Picks one of what there is at that moment."""
LATE = st.sampled_from((1, 1, 1, 2, 2, 3, 4, 6, 9, 13))
"""Picks one counted from the last: most acts are about what happened lately."""
QUARTERS = st.integers(1, 5)
BILLED = st.lists(st.sampled_from((0, 1, 3, 4, 4)), min_size=2, max_size=2)
ITEM_OFF = st.sampled_from((*[NOTHING_OFF] * 6, Off(percent=10), Off(percent=33), Off(percent=100), Off(1), Off(2500)))
PACKAGE_OFF = st.sampled_from((*[NOTHING_OFF] * 4, Off(1), Off(999), Off(percent=15)))
ITEM_LINE = st.tuples(
    st.just("item"),
    st.sampled_from(("Lesson", "Lesson", "Hour", "Copy")),
    st.sampled_from((500, 1000, 1500, 3000)),
    ITEM_OFF,
)
PACKAGE_LINE = st.tuples(st.just("package"), ANY, st.one_of(st.none(), QUARTERS), PACKAGE_OFF)
DEPOSIT_LINE = st.tuples(st.just("deposit"), st.sampled_from((1, 5000, 12000)))
LINES = st.lists(st.one_of(ITEM_LINE, ITEM_LINE, ITEM_LINE, PACKAGE_LINE, DEPOSIT_LINE), min_size=1, max_size=3)
TENDERS = st.lists(
    st.tuples(st.sampled_from(("cash", "card", "check", "account")), QUARTERS),
    min_size=1,
    max_size=3,
    unique_by=lambda tender: tender[0],
)
PAID_BY = st.sampled_from(("cash", "card", "check", "check"))


def catalogue() -> None:
    """What the business sells, and to whom."""
    made = {
        name: f.item(name, None if it.rate is None else f"{it.rate // 100}.{it.rate % 100:02}", tax=str(it.percent))
        for name, it in ITEMS.items()
    }
    for name, terms in PACKAGES.items():
        lines = [(made[i], str(milli / 1000), f"{minor / 100:.2f}") for i, (milli, minor) in terms.items.items()]
        validity = {} if terms.days is None else {"validity": "days", "validity_count": terms.days}
        f.package(name, *lines, **validity)
    owner, *members = [f.somebody(name) for name in CUSTOMERS]
    Group.update(owner=owner).where(Group.id == f.group("Family", *members)).execute()


def pick(some: Sequence[T], which: int) -> T:
    return some[which % len(some)]


def late(some: Sequence[T], which: int) -> T:
    return some[-1 - (which - 1) % len(some)]
