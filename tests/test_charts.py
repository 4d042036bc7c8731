"""The geometry of a chart of two amounts, and figures that are kept for a while."""

import re

import pytest

from webapp.charts import stacked
from webapp.kept import Kept


def test_one_amount_on_top_of_the_other() -> None:
    chart = stacked([(0, 0), (100, 50), (200, 100)])
    assert chart.xs == ["0", "132", "264"]
    assert chart.lower_line == "M0 116 132 80 264 44"
    assert chart.upper_line == "M0 116 132 62 264 8"
    assert chart.lower_area == "M0 116 132 80 264 44V116H0Z"
    assert chart.upper_area == "M0 116 132 62 264 8L264 44 132 80 0 116Z"
    assert chart.last == ("264", "8")


@pytest.mark.parametrize(
    "most, lines",
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4, [0, 2, 4]),
        (7, [0, 5, 10]),
        (30, [0, 10, 20, 30]),
        (31, [0, 20, 40]),
        (1_847_250, [0, 1_000_000, 2_000_000]),
        (1_063_548, [0, 500_000, 1_000_000, 1_500_000]),
        (10**14, [0, 5 * 10**13, 10**14]),
    ],
)
def test_round_amounts_stand_at_a_few_lines(most: int, lines: list[int]) -> None:
    chart = stacked([(0, 0), (most, 0)])
    assert [tick.amount_minor for tick in chart.ticks] == lines
    assert chart.ticks[0].y == "116"
    assert chart.ticks[-1].y == "8"


def test_nothing_lies_outside() -> None:
    chart = stacked([(number * 7919 % 1000, number * 104_729 % 1000) for number in range(12)])
    for figure in re.findall(r"[\d.]+", chart.upper_area + chart.lower_area):
        assert 0 <= int(figure.split(".")[0]) <= 264


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now * 10**9


def test_figures_are_worked_out_again_when_they_are_old_or_about_something_else() -> None:
    clock = Clock()
    kept = Kept[int](60, clock)
    figures = iter(range(9))

    def work_out() -> int:
        return next(figures)

    assert [kept.get("a", work_out), kept.get("a", work_out)] == [0, 0]
    clock.now = 59
    assert kept.get("a", work_out) == 0
    clock.now = 60
    assert kept.get("a", work_out) == 1
    assert [kept.get("b", work_out), kept.get("a", work_out)] == [2, 3]


def test_figures_kept_for_no_time_are_worked_out_each_time() -> None:
    figures = iter(range(9))
    kept = Kept[int](0, Clock())
    assert [kept.get("a", lambda: next(figures)), kept.get("a", lambda: next(figures))] == [0, 1]
