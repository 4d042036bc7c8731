"""Forms: the shape of what is typed. Fields hand over domain values: minor units, thousandths, days, records."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import request
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import DateField, Field, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp, StopValidation, ValidationError
from wtforms.widgets import TextInput

from webapp import money, presentation, quantity
from webapp.domain.errors import DomainError
from webapp.domain.once import once

FORM_KEY = re.compile(r"[ -~]{16,64}\Z")
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 12, 31)


class Form(FlaskForm):
    """What every form shares: a CSRF token, and a place for a refusal of the domain."""

    class Meta(FlaskForm.Meta):
        """Reads what a form sends and nothing else: no JSON, whose numbers are no text, and no files."""

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """What was sent, unless the view says what to read; then that."""
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            return (request.form or None) if form.is_submitted() else None

    def refuse(self, error: DomainError) -> None:
        """Put the sentence beside the field it is about, or on top of the form."""
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors.append(error.message)
        else:
            field.errors = [*field.errors, error.message]


class OnceForm(Form):
    """A form that moves money or units: however often it is sent, it acts once."""

    form_key = HiddenField(default=lambda: secrets.token_urlsafe(18), validators=[InputRequired(), Regexp(FORM_KEY)])

    def once(self, act: Callable[[], str]) -> str:
        """Do `act`, which answers with a URL, or give the answer it gave when this same form was sent before."""
        return once(self.form_key.data or "", self._digest(), act)

    def _digest(self) -> str:
        sent = sorted((k, v) for k, v in request.form.items(multi=True) if k not in ("csrf_token", "form_key"))
        user = current_user.get_id() if current_user.is_authenticated else ""
        return hashlib.sha256(repr((request.path, user, sent)).encode()).hexdigest()


class Filled(InputRequired):
    """Something was typed that can be seen: spaces are nothing."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __call__(self, form: Any, field: Any) -> None:
        if field.raw_data and not tidy(str(field.raw_data[0])):
            field.errors[:] = []
            raise StopValidation(self.sentence)
        super().__call__(form, field)


def required(sentence: str) -> InputRequired:
    """The field must be filled in; the sentence says with what."""
    return Filled(sentence)


def tidy(text: str | None) -> str | None:
    """Composed, without control characters or spaces around it; lines are kept."""
    if text is None:
        return None
    kept = "".join(c for c in text.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", kept).strip()


class LineField(StringField):
    """One line of text."""

    def __init__(self, label: str, validators: Sequence[Any] = (), *, longest: int = 120, **kwargs: Any) -> None:
        checks = [*validators, Length(max=longest, message=f"At most {longest} characters.")]
        super().__init__(label, checks, filters=[tidy, lambda t: t and t.replace("\n", " ")], **kwargs)

    @property
    def text(self) -> str:
        """What was typed; nothing is empty text."""
        return self.data or ""


class SecretField(PasswordField):
    """A password, kept as typed and never shown again."""

    def __init__(self, label: str, validators: Sequence[Any] = (), *, longest: int = 256, **kwargs: Any) -> None:
        checks = [*validators, Length(max=longest, message=f"At most {longest} characters.")]
        super().__init__(label, checks, **kwargs)

    @property
    def text(self) -> str:
        """What was typed; nothing is empty text."""
        return self.data or ""


class NoteField(TextAreaField):
    """Several lines of text."""

    def __init__(self, label: str, validators: Sequence[Any] = (), *, longest: int = 2000, **kwargs: Any) -> None:
        checks = [*validators, Length(max=longest, message=f"At most {longest} characters.")]
        super().__init__(label, checks, filters=[tidy], **kwargs)


class ScaledField(Field):
    """A typed number kept as a scaled integer; what was typed stays in the field when it is refused."""

    widget = TextInput()

    def __init__(self, label: str = "", validators: Sequence[Any] = (), *, negative: bool = False, **kwargs: Any):
        super().__init__(label, list(validators), **kwargs)
        self.negative = negative

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else self.write(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            self.data = self.read(valuelist[0])
        except money.NotAnAmount as error:
            raise ValidationError(str(error)) from error
        if self.data < 0 and not self.negative:
            self.data = None
            raise ValidationError("This cannot be below 0.")

    def read(self, text: str) -> int:
        raise NotImplementedError

    def write(self, value: int | None) -> str:
        raise NotImplementedError


class MoneyField(ScaledField):
    """An amount in the company's currency; data is minor units."""

    def read(self, text: str) -> int:
        return money.parse_money(
            presentation.without_currency(text), presentation.company().decimals, point=presentation.point()
        )

    def write(self, value: int | None) -> str:
        return presentation.money_input(value)


class RateField(ScaledField):
    """A rate for one unit, up to four decimals; data is ten-thousandths."""

    def read(self, text: str) -> int:
        return money.parse_rate(presentation.without_currency(text), point=presentation.point())

    def write(self, value: int | None) -> str:
        if value is None:
            return ""
        return money.format_rate(value, presentation.company().decimals, group="", point=presentation.point())


class QuantityField(ScaledField):
    """A quantity, up to three decimals; data is thousandths."""

    def read(self, text: str) -> int:
        return quantity.parse_quantity(text, point=presentation.point())

    def write(self, value: int | None) -> str:
        return "" if value is None else quantity.format_quantity(value, point=presentation.point())


class TaxField(ScaledField):
    """A tax rate in percent; data is ten-thousandths of a percent, at most 100 %."""

    what = "tax rate"

    def read(self, text: str) -> int:
        value = money.scaled(text.replace("%", ""), 4, what=self.what, point=presentation.point())
        if value > 100 * money.PERCENT_SCALE:
            raise money.NotAnAmount(f"The {self.what} can be at most 100 %.")
        return value

    def write(self, value: int | None) -> str:
        return presentation.percent_text(value)


class DayField(DateField):
    """A calendar day."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        self.data = None
        self.data = typed_day(valuelist[0].strip())


def typed_day(text: str) -> date:
    """A day as somebody typed it, or as a link carries it."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError("Type the day as year-month-day, for example 2026-11-22.") from error
    if not EARLIEST <= day <= LATEST:
        raise ValidationError(f"The day must be between {EARLIEST} and {LATEST}.")
    return day


def day_of(field: DayField) -> date:
    """The day of a compulsory field that is filled in."""
    assert field.data is not None  # noqa: S101  # the field's own check has passed
    return field.data


class RecordField(Field):
    """The id of one record, checked by loading it; data is the record."""

    widget = TextInput()

    def __init__(
        self, label: str = "", validators: Sequence[Any] = (), *, find: Callable[[int], Any], **kwargs: Any
    ) -> None:
        super().__init__(label, list(validators), **kwargs)
        self.find = find

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data.id)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        text = valuelist[0].strip()
        if text.isascii() and text.isdigit() and len(text) < 19:
            self.data = self.find(int(text))
        if self.data is None:
            raise ValidationError("Choose one from the list.")
