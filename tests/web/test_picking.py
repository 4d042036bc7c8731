"""Records picked by typing: chosen in the browser, or typed and found by the server."""

from types import SimpleNamespace

import pytest

from webapp.forms import Form, required
from webapp.picking import Found, PickField, PickManyField

PEOPLE = {"1": "Amara Okafor", "2": "Amara Smith", "3": "Zoë Müller"}


def find(number: int):
    name = PEOPLE.get(str(number))
    return SimpleNamespace(id=number, name=name) if name else None


def search(typed: str) -> list[Found]:
    return [Found(number, name) for number, name in PEOPLE.items() if typed.casefold() in name.casefold()]


def name_all(values) -> list[Found]:
    return [Found(value, PEOPLE[value]) for value in values if value in PEOPLE]


class PickForm(Form):
    who = PickField("Who", [required("Choose somebody.")], find=find, search=search, options="nowhere")
    many = PickManyField("Many", name_all=name_all, search=search, options="nowhere")


@pytest.fixture
def shown() -> list[str]:
    """What stands in the box afterwards."""
    return []


@pytest.fixture
def sent(app, shown):
    """The form as it was sent with these fields, validated."""

    def send(*fields: tuple[str, str]) -> PickForm:
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        with app.test_request_context(method="POST", data=data):
            form = PickForm(meta={"csrf": False})
            form.validate()
            shown.append(form.who.text)  # as the template shows it, while the request lasts
        return form

    return send


def test_what_was_chosen_in_the_browser(sent, shown):
    form = sent(("who_text", "Zoë Müller"), ("who", "3"))
    assert (form.who.errors, form.who.data.id, shown) == ([], 3, ["Zoë Müller"])


def test_nothing(sent):
    form = sent(("who_text", ""), ("who", ""))
    assert (form.who.errors, form.who.data) == (["Choose somebody."], None)


@pytest.mark.parametrize("number", ["4", "-1", "x", "9" * 30])
def test_who_is_not_there(sent, number):
    assert sent(("who_text", ""), ("who", number)).who.errors == ["Choose one from the list."]


def test_the_whole_name_typed(sent):
    form = sent(("who_text", " zoë  müller "), ("who", ""))
    assert (form.who.errors, form.who.data.id) == ([], 3)


def test_a_part_that_fits_several_comes_back_to_be_ticked(sent, shown):
    form = sent(("who_text", "amara"), ("who", ""))
    assert form.who.errors == ["Choose one of those found."]
    assert [it.text for it in form.who.found] == ["Amara Okafor", "Amara Smith"]
    assert shown == ["amara"]


def test_one_of_those_found_ticked(sent):
    form = sent(("who_text", "amara"), ("who", "2"), ("who", ""))
    assert (form.who.errors, form.who.data.id) == ([], 2)


def test_other_text_than_the_name_of_whom_was_chosen_before(sent):
    form = sent(("who_text", "amara"), ("who", "3"))
    assert (form.who.errors, form.who.data) == (["Choose one of those found."], None)


def test_nobody_like_that(sent):
    assert sent(("who_text", "xyz"), ("who", "")).who.errors == ["Nothing found for “xyz”."]


def test_several_chosen_each_once(sent):
    form = sent(("many", "1"), ("many", "3"), ("many", "1"), ("many_text", ""))
    assert (form.many.errors, form.many.data) == ([], ["1", "3"])


def test_several_and_one_more_typed_in_full(sent):
    form = sent(("many", "1"), ("many_text", "Zoë Müller"))
    assert (form.many.errors, form.many.data, form.many.text) == ([], ["1", "3"], "")


def test_several_and_a_part_typed(sent):
    form = sent(("many", "1"), ("many_text", "amara"))
    assert form.many.errors == ["Choose from those found, or empty the box."]
    assert [it.value for it in form.many.found] == ["2"]
    assert form.many.data == ["1"]


def test_one_of_several_is_not_there_any_more(sent):
    form = sent(("many", "1"), ("many", "9"), ("many_text", ""))
    assert form.many.errors == ["Some of those chosen do not exist any more. Choose again."]
    assert form.many.data == ["1"]
