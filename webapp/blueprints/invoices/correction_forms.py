"""The forms of what corrects an invoice: a credit of a line, and a discount while it is still a draft."""

from collections.abc import Sequence
from typing import Any

from webapp.blueprints.invoices.forms import SeenForm, UnitsField
from webapp.domain.crediting import Creditable
from webapp.forms import LineField, MoneyField, TaxField, required
from webapp.stating import AskingForm


class CreditForm(AskingForm):
    """How much of a line is credited, and why. The quantity is added by `credit_form`."""

    reason = LineField("Reason", [required("Say why this is credited.")], longest=500)


def credit_form(line: Creditable) -> CreditForm:
    """The form for a line, with all that is left of it to credit."""
    checks: Sequence[Any] = [required("Type how much is credited.")]
    quantity = UnitsField("Quantity", checks, unit=line.unit, default=line.left_milli or None)
    form: CreditForm = type("CreditForm", (CreditForm,), {"quantity": quantity})()
    return form


class PercentField(TaxField):
    """A percentage; data is ten-thousandths of a percent, at most 100 %."""

    what = "percentage"


class DiscountForm(SeenForm):
    """So much off a line: a percentage or an amount."""

    percent = PercentField("Percent off")
    amount = MoneyField("Amount off")

    def validate(self, extra_validators: Any = None) -> bool:
        good = bool(super().validate(extra_validators))
        if good and self.percent.data is None and self.amount.data is None:
            self.percent.errors = ["Type a percentage or an amount."]
            return False
        return good
