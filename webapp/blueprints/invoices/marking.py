"""Which letters of a name are the ones that were typed, so that they can be shown in bold."""

from typing import NamedTuple

from webapp.domain.search import fold, typed_words


class Piece(NamedTuple):
    """A part of a name; `found` when it is what was typed."""

    text: str
    found: bool


def marked(name: str, typed: str) -> list[Piece]:
    """The name in pieces, found where a word of it begins with a typed one, whatever accents either has."""
    prefixes = typed_words(typed)
    pieces: list[Piece] = []
    at = rest = 0
    while at < len(name):
        begins = at == 0 or (not name[at - 1].isalnum() and name[at].isalnum())
        length = max((_length(name[at:], prefix) for prefix in prefixes), default=0) if begins else 0
        if length:
            pieces += [Piece(name[rest:at], False)] if at > rest else []
            pieces.append(Piece(name[at : at + length], True))
            rest = at + length
        at += length or 1
    return [*pieces, Piece(name[rest:], False)] if rest < len(name) else pieces


def _length(text: str, prefix: str) -> int:
    """How many letters of the text make the prefix; 0 when it begins otherwise."""
    return next((n for n in range(1, len(prefix) + 1) if fold(text[:n]).startswith(prefix)), 0)
