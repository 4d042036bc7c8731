from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, Field, HiddenField

from webapp.domain.payments import Tender
from webapp.forms import DayField, MoneyField, OnceForm, required
from webapp.models import PaymentMethod


class PayForm(OnceForm):
    """What was received. An amount for each payment method is added by `pay_form`; `shown` is a sign of the effect on
    the account that the person has seen."""

    received_on = DayField("Received on", [required("Choose the day.")])
    keep_rest = BooleanField("Keep the rest on account")
    shown = HiddenField()
    methods: Sequence[PaymentMethod]

    def tenders(self) -> list[Tender]:
        """What was typed, in the order of the methods."""
        return [Tender(method, self[field_of(method)].data) for method in self.methods if self[field_of(method)].data]

    def fill(self, method: PaymentMethod, amount_minor: int) -> None:
        """Put an amount beside a method as if it had been typed."""
        field = self[field_of(method)]
        field.raw_data, field.data = None, amount_minor or None


def field_of(method: PaymentMethod) -> str:
    """The name of a method's field, as `Tender.field` has it."""
    return Tender(method, 0).field


def pay_form(methods: Sequence[PaymentMethod], **kwargs: Any) -> PayForm:
    """The form with a field for each method."""
    fields: dict[str, Field] = {field_of(method): MoneyField(method.name) for method in methods}
    form: PayForm = type("PayForm", (PayForm,), fields)(**kwargs)
    form.methods = methods
    return form
