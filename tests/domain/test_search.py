"""Finding by name: beginnings of words, whatever accents, on both engines alike."""

from types import SimpleNamespace

import peewee
import pytest

from tests.naughty import strings
from webapp.db import rows
from webapp.domain import search

pytestmark = pytest.mark.usefixtures("business")

PEOPLE = {
    1: "Łukasz Woźniak",
    2: "Zoë Müller-Lüdenscheidt",
    3: "Søren Ærø Straße",
    4: "王小明",
    5: "Дмитрий Соколов",
    6: "Ελένη Παπαδοπούλου",
    7: "O'Neill, Tom",
    8: "عمر حداد",
}


def found(typed: str) -> set[int]:
    condition, params = search.condition("customer", typed, "numbers.ref")
    text = (
        f"SELECT ref FROM (SELECT DISTINCT ref FROM search_word WHERE kind = 'customer') AS numbers WHERE {condition}"
    )
    return {ref for (ref,) in rows(text, params)}


@pytest.fixture
def people(business: peewee.Database) -> None:
    for ref, name in PEOPLE.items():
        search.index("customer", ref, name)
    search.index("group", 9, "Łukasz and friends")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "typed, refs",
    [
        ("", set(PEOPLE)),
        ("   ", set(PEOPLE)),
        ("luk", {1}),
        ("ŁUK", {1}),
        ("woz luk", {1}),
        ("luk woz x", set()),
        ("uka", set()),
        ("zoe", {2}),
        ("ludensch", {2}),
        ("muller lud", {2}),
        ("soren", {3}),
        ("strasse", {3}),
        ("aero", {3}),
        ("小", {4}),
        ("王小", {4}),
        ("小明", {4}),
        ("明小", set()),
        ("дми", {5}),
        ("СОК", {5}),
        ("ελενη", {6}),
        ("neill", {7}),
        ("o'neill tom", {7}),
        ("عمر", {8}),
        ("!!!", set()),
        ("%", set()),
        ("_", set()),
        ("l", {1, 2}),
        ("z" * 500, set()),
    ],
)
def test_every_typed_word_begins_a_word(typed: str, refs: set[int]) -> None:
    assert found(typed) == refs


def test_a_new_name_replaces_the_old_one() -> None:
    search.index("customer", 1, "Ann Smith", "ann@example.com")
    search.index("customer", 1, "Ann Jones", "ann@example.com")
    assert found("smith") == set()
    assert found("ann jones") == {1}
    assert found("example") == {1}


def test_whatever_somebody_is_called_their_name_finds_them() -> None:
    for ref, text in enumerate(strings(), start=100):
        search.index("customer", ref, text)
        if search.typed_words(text):
            assert ref in found(text), text
        else:
            assert found(text) in (set(), found("")), text


def test_sort_keys_order_as_people_do() -> None:
    names = ["Zoë", "Ærø", "anna", "Łódź", "Ann", "øl", "Lodz"]
    assert sorted(names, key=search.sort_key) == ["Ærø", "Ann", "anna", "Łódź", "Lodz", "øl", "Zoë"]


def test_what_was_typed_in_full_comes_first_then_what_begins_with_it() -> None:
    names = ["Half hour lesson", "Hour lesson", "Hour lesson, advanced", "Élan", "The hour lesson"]
    found = [SimpleNamespace(name=name) for name in names]
    order = [it.name for it in search.nearest_first(" HOUR  lesson", found)]
    assert order == ["Hour lesson", "Hour lesson, advanced", "Half hour lesson", "Élan", "The hour lesson"]
    assert search.nearest_first("elan", found)[0].name == "Élan"
    assert [it.name for it in search.nearest_first("", found)] == names
