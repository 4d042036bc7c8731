"""Fields that pick records by typing a part of their name. In the browser a list opens beneath; without JavaScript the
typed text is sent, and what it finds comes back to be ticked. `ui.pick` and `ui.pick_many` show them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask import request
from wtforms import Field
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from webapp.forms import RecordField, tidy

MOST = 5_000
"""How many records may be chosen one by one; a statement takes only so many values."""


class Found(NamedTuple):
    """One record that may be picked."""

    value: str
    text: str
    hint: str = ""
    icon: str = "user"


Search = Callable[[str], Sequence[Found]]


def _typed(name: str) -> str:
    return " ".join((tidy(request.form.get(f"{name}_text", "")) or "").split())


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


class PickField(RecordField):
    """One record; `data` is the record. `options` is the endpoint that answers `?q=` with `ui.option` rows."""

    def __init__(
        self,
        label: str = "",
        validators: Sequence[Any] = (),
        *,
        find: Callable[[int], Any],
        search: Search,
        options: str,
        name_of: Callable[[Any], str] = lambda record: str(record.name),
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, find=find, **kwargs)
        self.search = search
        self.options = options
        self.name_of = name_of
        self.found: Sequence[Found] = ()

    @property
    def text(self) -> str:
        """What stands in the box: what was typed, else the name of the record."""
        typed = _typed(self.name) if self.raw_data is not None else ""
        return typed or ("" if self.data is None else self.name_of(self.data))

    def _value(self) -> str:
        return "" if self.data is None else str(self.data.id)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the ticked record; when other text was typed than its name, look for that text instead."""
        typed = _typed(self.name)
        sent = [value for value in valuelist if value.strip()]
        super().process_formdata(sent)
        ticked = request.form.getlist(self.name)[:-1]  # the hidden field comes last; before it stand ticked answers
        if any(ticked) or not typed or (self.data is not None and _same(typed, self.name_of(self.data))):
            self.raw_data = sent
            return
        self.data = None
        self.raw_data = [typed]
        self.found = self.search(typed)
        exact = [it for it in self.found if _same(it.text, typed)]
        if len(exact) == 1:
            self.found = ()
            super().process_formdata([exact[0].value])
            return
        raise ValidationError("Choose one of those found." if self.found else f"Nothing found for “{typed}”.")


class PickManyField(Field):
    """Several records of one or more kinds, each as a value such as ``customer:12``; `data` is the list of values.

    `name_all` says for values what they are, leaving out those that do not exist.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str = "",
        validators: Sequence[Any] = (),
        *,
        name_all: Callable[[Sequence[str]], Sequence[Found]],
        search: Search,
        options: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, list(validators), **kwargs)
        self.name_all = name_all
        self.search = search
        self.options = options
        self.found: Sequence[Found] = ()
        self.text = ""

    @property
    def chosen(self) -> Sequence[Found]:
        """The picked records, to be shown as tokens."""
        return self.name_all(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what is ticked, and look for text that was typed but not chosen."""
        sent = list(dict.fromkeys(value for value in valuelist if value))
        if len(sent) > MOST:
            self.data = []
            raise ValidationError(f"At most {MOST:,} at once.")
        known = self.name_all(sent)
        self.data = [it.value for it in known]
        self.text = "" if self._is_answered(valuelist) else _typed(self.name)
        self.raw_data = [*self.data, self.text] if self.text else self.data
        if len(self.data) < len(sent):
            raise ValidationError("Some of those chosen do not exist any more. Choose again.")
        if not self.text:
            return
        self.found = [it for it in self.search(self.text) if it.value not in self.data]
        exact = [it for it in self.found if _same(it.text, self.text)]
        if len(exact) == 1:
            self.data.append(exact[0].value)
            self.found, self.text = (), ""
            return
        raise ValidationError(
            "Choose from those found, or empty the box." if self.found else f"Nothing found for “{self.text}”."
        )

    def _is_answered(self, valuelist: list[str]) -> bool:
        """Whether the text still stands in the box, but something that it found was ticked: those come after a gap."""
        ticked = "" in valuelist and any(valuelist[valuelist.index("") :])
        return ticked and request.form.get(f"{self.name}_found", "") == _typed(self.name)
