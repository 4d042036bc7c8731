"""The typed letters of an offer, in bold."""

import pytest

from webapp.blueprints.invoices.marking import marked


@pytest.mark.parametrize(
    "name, typed, expected",
    [
        ("Instruction", "inst", "[Inst]ruction"),
        ("Ground instruction", "inst", "Ground [inst]ruction"),
        ("Ground instruction", "inst gr", "[Gr]ound [inst]ruction"),
        ("Łódź straße", "lod stras", "[Łód]ź [straß]e"),
        ("Reinstate", "inst", "Reinstate"),
        ("C172", "", "C172"),
        ("C172", "c172x", "C172"),
        ("", "a", ""),
        ("a-b", "b", "a-[b]"),
    ],
)
def test_found_where_a_word_begins(name: str, typed: str, expected: str):
    pieces = marked(name, typed)
    assert "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces) == expected
