from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from wtforms import BooleanField, Field, HiddenField, SelectField

from webapp.domain.tendering import Tender
from webapp.forms import DayField, MoneyField, OnceForm, required
from webapp.models import Customer, PaymentMethod


class PayForm(OnceForm):
    """What was received. An amount for each payment method is added by `pay_form`; `shown` is a sign of the effect on
    the account that the person has seen."""

    received_on = DayField("Received on", [required("Choose the day.")])
    keep_rest = BooleanField("Keep the rest on account")
    shown = HiddenField()
    methods: Sequence[PaymentMethod]
    payers: Sequence[Customer]

    def validate(self, extra_validators: Any = None) -> bool:
        """What was chosen while it was still offered is refused, not left out: the method, or who pays."""
        good = bool(super().validate(extra_validators))
        for name in _typed_methods() - {field_of(method) for method in self.methods}:
            self.form_errors.append(f"{request.form[name]} was typed for a payment method that there is not.")
        chosen = request.form.get("paid_by", "")
        if chosen and chosen not in {str(payer.id) for payer in self.payers}:
            self.form_errors.append(PAYER_GONE)
        return good and not self.form_errors

    @property
    def payer(self) -> Customer:
        """Whose account pays and keeps a rest; the customer unless a group's owner was chosen."""
        chosen = self["paid_by"].data if "paid_by" in self else None
        return next((payer for payer in self.payers if payer.id == chosen), self.payers[0])

    def tenders(self) -> list[Tender]:
        """What was typed, in the order of the methods."""
        return [Tender(method, self[field_of(method)].data) for method in self.methods if self[field_of(method)].data]

    def fill(self, method: PaymentMethod, amount_minor: int) -> None:
        """Put an amount beside a method as if it had been typed."""
        field = self[field_of(method)]
        field.raw_data, field.data = None, amount_minor or None


PAYER_GONE = "Who was to pay cannot pay this any more. Look at who pays now, then press Pay again."

F = TypeVar("F", bound=PayForm)


def field_of(method: PaymentMethod) -> str:
    """The name of a method's field, as `Tender.field` has it."""
    return Tender(method, 0).field


def _typed_methods() -> set[str]:
    """The names of the fields of methods into which something was typed."""
    return {name for name, text in request.form.items() if name.startswith("method-") and text.strip()}


def pay_form(methods: Sequence[PaymentMethod], payers: Sequence[Customer], base: type[F] = PayForm, **kwargs: Any) -> F:
    """The form with a field for each method, and where several may pay a choice of them; the first usually does.

    A method that was switched off after an amount was typed for it keeps its field, and is refused beside it.
    """
    typed = _typed_methods() - {field_of(method) for method in methods}
    off = [it for it in PaymentMethod.select().where(~PaymentMethod.active) if field_of(it) in typed] if typed else []
    methods = sorted([*methods, *off], key=lambda method: method.is_account)
    fields: dict[str, Field] = {field_of(method): MoneyField(method.name) for method in methods}
    if len(payers) > 1:
        owners = {payer.id: f"{payer.name} · group owner" for payer in payers[1:]}
        fields["paid_by"] = SelectField("Paid by", coerce=int, choices={payers[0].id: payers[0].name, **owners})
    form: F = type("PayForm", (base,), fields)(**kwargs)
    form.methods, form.payers = methods, payers
    return form
