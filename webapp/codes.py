"""QR codes: an address on paper that a phone's camera opens."""

from itertools import groupby

import segno
from markupsafe import Markup

QUIET = 4
"""The white margin that a reader needs around the code, in squares."""


def svg(address: str, label: str) -> Markup:
    """The code of an address as a drawing; `label` says what it opens."""
    squares = segno.make(address, error="m", micro=False).matrix
    size = len(squares) + 2 * QUIET
    head = Markup('<svg class="qr" role="img" aria-label="{}" viewBox="0 0 {} {}">').format(label, size, size)
    return head + Markup('<path d="{}"/></svg>').format(_path(squares))


def _path(squares: tuple[bytearray, ...]) -> str:
    """Each run of dark squares in a row as one bar."""
    bars = []
    for y, row in enumerate(squares, QUIET):
        x = QUIET
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                bars.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return "".join(bars)
