"""The geometry of a small chart: two amounts, one on top of the other, as the attributes of a drawing.

Everything is whole numbers, in tenths of the drawing's unit, so that no rounding differs from one machine to another.
"""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 3000, 1360
LEFT, RIGHT, TOP, BOTTOM = 0, 2640, 80, 1160
MOST_LINES = 3


class Tick(NamedTuple):
    """A line across the chart, and the amount that it stands for."""

    y: str
    label_y: str
    amount_minor: int


class Chart(NamedTuple):
    """Paths and places; `xs` are those of the points."""

    lower_area: str
    upper_area: str
    lower_line: str
    upper_line: str
    ticks: list[Tick]
    xs: list[str]
    last: tuple[str, str]


def stacked(points: Sequence[tuple[int, int]]) -> Chart:
    """Draw at least two points: the lower amount, and the upper one on top of it, both at least zero."""
    step = _step(max(lower + upper for lower, upper in points))
    lines = max(1, -(-max(lower + upper for lower, upper in points) // step))
    top = step * lines
    xs = [LEFT + (RIGHT - LEFT) * index // (len(points) - 1) for index in range(len(points))]
    lower = [(x, _y(point[0], top)) for x, point in zip(xs, points, strict=True)]
    total = [(x, _y(sum(point), top)) for x, point in zip(xs, points, strict=True)]
    return Chart(
        lower_area=f"{_line(lower)}V{_unit(BOTTOM)}H{_unit(LEFT)}Z",
        upper_area=f"{_line(total)}L{_path(lower[::-1])}Z",
        lower_line=_line(lower),
        upper_line=_line(total),
        ticks=[_tick(step * number, top) for number in range(lines + 1)],
        xs=[_unit(x) for x in xs],
        last=(_unit(total[-1][0]), _unit(total[-1][1])),
    )


def _step(most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20 … that reaches the largest amount in a few lines."""
    power = 1
    while power * 10 * MOST_LINES < most:
        power *= 10
    return next(step for digit in (1, 2, 5, 10) if (step := digit * power) * MOST_LINES >= most)


def _tick(amount_minor: int, top: int) -> Tick:
    y = _y(amount_minor, top)
    return Tick(_unit(y), _unit(y + 40), amount_minor)


def _y(amount_minor: int, top: int) -> int:
    return BOTTOM - (BOTTOM - TOP) * amount_minor // top


def _line(places: Sequence[tuple[int, int]]) -> str:
    return f"M{_path(places)}"


def _path(places: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{_unit(x)} {_unit(y)}" for x, y in places)


def _unit(tenths: int) -> str:
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}" if rest else str(whole)
