"""The drawing of a QR code, read back square by square. That a camera reads it was tried with a decoder."""

import re

import segno

from webapp import codes

ADDRESS = "https://books.example.test/billing/memberships/58"


def squares(drawing: str) -> set[tuple[int, int]]:
    """The dark squares of a drawing, as places in it."""
    bars = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawing)
    assert "".join(f"M{x} {y}h{long}v1h-{long}z" for x, y, long in bars) == re.findall(r' d="([^"]*)"', drawing)[0]
    return {(int(x) + step, int(y)) for x, y, long in bars for step in range(int(long))}


def test_the_drawing_is_the_code_with_a_white_margin_around_it() -> None:
    drawing, wanted = codes.svg(ADDRESS, "opens"), segno.make(ADDRESS, error="m", micro=False)
    dark = {(x + 4, y + 4) for y, row in enumerate(wanted.matrix) for x, square in enumerate(row) if square}
    assert squares(drawing) == dark
    side = len(wanted.matrix) + 8
    assert f'viewBox="0 0 {side} {side}"' in drawing


def test_what_the_label_says_stays_text() -> None:
    assert '<svg class="qr" role="img" aria-label="a &#34;b&#34; &lt;c&gt;"' in codes.svg(ADDRESS, 'a "b" <c>')
