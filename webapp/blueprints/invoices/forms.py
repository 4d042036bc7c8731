from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import request
from wtforms import Field, HiddenField, RadioField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import TextInput

from webapp.domain.customers import offered_customers
from webapp.domain.offers import Offer
from webapp.domain.rows import AS_IT_STANDS
from webapp.forms import (
    DayField,
    Form,
    LineField,
    MoneyField,
    NoteField,
    OnceForm,
    QuantityField,
    RateField,
    ScaledField,
    required,
    tidy,
)
from webapp.models import Customer, DraftLine, Invoice
from webapp.picking import Found, PickField
from webapp.presentation import quantity_text
from webapp.stating import StatingForm

BEFORE = "was-"
"""In front of a field's name: what the field held when it was shown."""


class CustomerChoice(Form):
    """Whom the invoice is for."""

    customer = PickField(
        "Customer",
        [required("Choose a customer.")],
        find=lambda customer_id: Customer.get_or_none(Customer.id == customer_id),
        search=lambda typed: [Found(str(it.id), it.name, it.hint) for it in offered_customers(typed)],
        options="customers.options",
    )


class OfferField(Field):
    """What to add to an invoice: a value such as ``item:12``, or typed text that is looked for among the offers."""

    widget = TextInput()

    def __init__(self, label: str = "", *, search: Callable[[str], Sequence[Offer]], **kwargs: Any) -> None:
        super().__init__(label, [InputRequired("Type what to add.")], **kwargs)
        self.search = search
        self.text = ""
        self.found: Sequence[Found] = ()

    def _value(self) -> str:
        return str(self.data or "")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take the chosen offer; else look for the typed text, and take what alone is called so."""
        self.text = tidy(request.form.get(f"{self.name}_text", "")) or ""
        chosen = [value for value in valuelist if value.strip()]
        self.data = chosen[0] if chosen else ""
        self.raw_data = chosen or ([self.text] if self.text else [])
        if self.data or not self.text:
            return
        usable = [offer for offer in self.search(self.text) if not offer.refusal]
        exact = [offer for offer in usable if offer.name.casefold() == self.text.casefold()]
        if len(exact) == 1 or len(usable) == 1:
            self.data = (exact or usable)[0].value
            return
        self.found = [Found(offer.value, offer.name, offer.unit) for offer in usable]
        raise ValidationError("Choose one of those found." if usable else f"Nothing found for “{self.text}”.")


class AddForm(OnceForm):
    """The search field under the lines. Sent again because its answer was lost, it adds nothing twice."""

    offer = OfferField("Add Items", search=lambda _: ())

    def __init__(self, search: Callable[[str], Sequence[Offer]], **kwargs: Any) -> None:
        self._search = search
        super().__init__(**kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        """The search depends on the draft, so it is put in before what was sent is read."""
        self.offer.search = self._search
        super().process(*args, **kwargs)


class FirstLineForm(AddForm):
    """The first line of an invoice, with which it begins to be kept."""

    service_on = DayField("Service date", [required("Choose the service date.")])
    due_on = DayField("Due date", [required("Choose the due date.")])


class DraftForm(OnceForm):
    """A whole draft. The fields of its lines are added by `draft_form`; `kept` is what the draft holds, by field."""

    service_on = DayField("Service date", [required("Choose the service date.")])
    due_on = DayField("Due date", [required("Choose the due date.")])
    note = NoteField("Note")
    shown = HiddenField()
    kept: dict[str, Any]

    def typed_into(self, name: str) -> bool:
        """Whether this person changed the field: nobody overwrites what only somebody else has changed."""
        return name in request.form and request.form[name] != request.form.get(BEFORE + name)

    def show(self, kept: dict[str, Any]) -> None:
        """Show what is kept, but leave what was typed as it was typed: it may be wrong, or not finished yet."""
        self.kept = kept
        for name, value in kept.items():
            field = self[name]
            typed = self.typed_into(name) and bool(request.form[name].strip())
            if not (field.errors or typed):
                field.raw_data, field.data = None, value

    def unseen(self, invoice: Invoice) -> list[str]:
        """What of the dates and the note is kept otherwise than the page had it, by label. Only for a valid form."""
        had = {name: date.fromisoformat(request.form[name].strip()) for name in ("service_on", "due_on")}
        other = [name for name, day in had.items() if day != getattr(invoice, name)]
        if tidy(request.form.get("note", invoice.note)) != tidy(invoice.note):
            other.append("note")
        return [self[name].label.text for name in other]

    def before(self, name: str) -> str:
        """What to send along as the text that the field held when it was shown."""
        field = self[name]
        if not field.errors:
            return str(field._value() or "")
        value = self.kept[name]
        return str(field.write(value) if isinstance(field, ScaledField) else value or "")


class UnitsField(QuantityField):
    """A quantity of an item, written as its unit wants it: 2.0 hours, but 2 lessons."""

    def __init__(self, label: str, validators: Sequence[Any] = (), *, unit: str, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.unit = unit

    def write(self, value: int | None) -> str:
        return quantity_text(value, self.unit)


def field_of(line: DraftLine) -> str:
    """The name of the field in which a line is changed: its quantity, or its amount."""
    return f"{'quantity' if line.kind == 'item' else 'amount'}-{line.id}"


def draft_form(lines: Sequence[DraftLine], kept: dict[str, Any], *, is_sent: bool = True) -> DraftForm:
    """The form of a draft with these lines, holding what is kept and, if it `is_sent`, what the request says."""
    fields: dict[str, Field] = {}
    for line in lines:
        if line.item:
            checks, unit = [required("Type the quantity.")], line.item.unit
            fields[field_of(line)] = UnitsField(f"Quantity of {line.item.name}", checks, unit=unit)
        else:
            fields[field_of(line)] = MoneyField(f"Amount of {line.package.name if line.package else 'the deposit'}")
    form: DraftForm = type("DraftForm", (DraftForm,), fields)(data=kept, **({} if is_sent else {"formdata": None}))
    form.kept = kept
    return form


class SeenForm(Form):
    """Changes what somebody else may have changed since; `seen` is a sign of what it showed."""

    seen = HiddenField()

    def show_anew(self, sign: str, now: str) -> None:
        """Say what it is now. What was typed stays, and saving again is then meant."""
        self.form_errors.append(f"Somebody changed this meanwhile: {now}. {AS_IT_STANDS}")
        self.seen.raw_data, self.seen.data = None, sign


class RateForm(SeenForm):
    """How a line finds its rate: by itself, from one membership, at the standard rate, or as typed."""

    choice = RadioField("Rate", [required("Choose a rate.")])
    rate = RateField("Typed rate")
    reason = LineField("Reason", longest=200)


class VoidForm(StatingForm):
    """Why an invoice is voided, and where its money goes."""

    money = RadioField(
        "Money that was paid",
        choices={"account": "Goes to the customer's general funds", "refunded": "Is paid back the way it came"},
        default="account",
    )
    reason = LineField("Reason", longest=200)


class UndoForm(StatingForm):
    """Why several invoices are voided."""

    reason = LineField("Reason", [required("Say why they are voided.")], longest=200)
