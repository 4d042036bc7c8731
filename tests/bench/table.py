"""Small tables of text for the terminal, and what a series of measurements comes to."""

import statistics
from collections.abc import Sequence


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table whose first column is words and whose others are figures."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        said = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(said).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def milliseconds(seconds: Sequence[float]) -> str:
    """The median of some times."""
    return f"{statistics.median(seconds) * 1000:.2f}"


def ratio(these: Sequence[float], those: Sequence[float]) -> str:
    """The median over rounds of one time to the other of the same round."""
    return f"{statistics.median(a / b for a, b in zip(these, those, strict=True)):.2f}"
