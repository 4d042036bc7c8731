"""What a list says in a spreadsheet: text stays text, whatever the spreadsheet parts cells by."""

import pytest

from webapp.spreadsheet import guarded

FORMULA = "=HYPERLINK(A1)"


@pytest.mark.parametrize("sign", [";", ",", "\t", "|", "\n", '; "', ";  ", ';"'])
def test_a_formula_behind_what_may_part_cells_is_text(sign: str) -> None:
    assert guarded(f"Emma{sign}{FORMULA}") == f"Emma{sign}'{FORMULA}"


@pytest.mark.parametrize(
    "piece", ["=1+1", "-2+3", "+A1*2", "@SUM(A1)", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "＝1+1", "＠SUM(1)"]
)
def test_each_kind_of_formula(piece: str) -> None:
    assert guarded(f"Emma;{piece};{piece}") == f"Emma;'{piece};'{piece}"


@pytest.mark.parametrize(
    "text",
    [
        "a; -5",
        "10,-20",
        "Smith, Emma",
        "shoes; - late",
        "Tel; +43 1 555 01 00",
        "me, @emma",
        "a;b",
        "milk\n- eggs\n- tea",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_what_is_no_text_stays_as_it_is() -> None:
    assert [guarded(cell) for cell in (-5, None, "-5", "-5,50")] == [-5, None, "-5", "-5,50"]
