"""Finding by name: every typed word must be the beginning of one of the record's words, whatever accents it has."""

import unicodedata
from collections.abc import Iterable
from typing import Protocol, TypeVar

from webapp.db import rows, transactional
from webapp.models import SearchWord

LONGEST_WORD = 40
MOST_WORDS = 40
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ŧ": "t", "ħ": "h"}
)


def fold(text: str) -> str:
    """Lower case without accents: what is compared and sorted.

    >>> fold("Łódź Straße Ørsted")
    'lodz strasse orsted'
    """
    lowered = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    bare = "".join(c for c in lowered if not unicodedata.combining(c) and c.isprintable())
    return unicodedata.normalize("NFC", bare)


def sort_key(name: str) -> str:
    """How a name is ordered in a list, on every engine alike."""
    return " ".join(fold(name).split())[:200]


def words(text: str) -> list[str]:
    """The folded words of a text. Letters of scripts written without spaces begin a word at every character."""
    parts = "".join(c if c.isalnum() else " " for c in fold(text)).split()
    found: dict[str, None] = {}
    for part in parts:
        for start in range(len(part) if _has_no_spaces(part) else 1):
            found.setdefault(part[start : start + LONGEST_WORD])
    return list(found)[:MOST_WORDS]


def _has_no_spaces(word: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" for c in word)


class Named(Protocol):
    """Whatever has a name."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def nearest_first(typed: str, found: Iterable[N]) -> list[N]:
    """Whose name was typed in full, then whose name begins with it, then the rest; within these as they came."""
    wanted = sort_key(typed)
    names = [(it, sort_key(it.name)) for it in found]
    return [it for it, name in sorted(names, key=lambda pair: (pair[1] != wanted, not pair[1].startswith(wanted)))]


@transactional
def index(kind: str, ref: int, *texts: str) -> None:
    """Make a record findable by these texts, and no longer by what it was called before."""
    new = set(words(" ".join(texts)))
    found = rows("SELECT word FROM search_word WHERE kind = ? AND ref = ?", (kind, ref))
    old: set[str] = {row[0] for row in found}
    gone = list(old - new)
    if gone:
        SearchWord.delete().where(
            (SearchWord.kind == kind) & (SearchWord.ref == ref) & SearchWord.word.in_(gone)
        ).execute()
    SearchWord.create_many({"kind": kind, "word": word, "ref": ref} for word in sorted(new - old))


def condition(kind: str, typed: str, column: str) -> tuple[str, list[str]]:
    """SQL text and values that keep the rows whose `column` is an id found by what was typed.

    Nothing typed keeps every row; text with no letter or digit in it keeps none.
    """
    if not typed.strip():
        return "1 = 1", []
    prefixes = typed_words(typed)
    if not prefixes:
        return "1 = 0", []
    clause = f"{column} IN (SELECT ref FROM search_word WHERE kind = ? AND word >= ? AND word < ?)"  # noqa: S608  # own text
    params: list[str] = []
    for prefix in prefixes:
        params += [kind, prefix, after(prefix)]
    return " AND ".join([clause] * len(prefixes)), params


def typed_words(typed: str) -> list[str]:
    """What was typed as prefixes to look for, at most eight."""
    parts = "".join(c if c.isalnum() else " " for c in fold(typed)).split()
    return [part[:LONGEST_WORD] for part in parts[:8]]


def after(prefix: str) -> str:
    """The first text that sorts behind everything beginning with `prefix`, by code point."""
    return prefix + "\U0010ffff"
