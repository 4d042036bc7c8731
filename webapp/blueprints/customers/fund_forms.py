"""The forms of money that goes into a customer's account, out of it, or is corrected there."""

from collections.abc import Sequence
from typing import Any

from wtforms import RadioField

from webapp.forms import DayField, LineField, MoneyField, required
from webapp.models import PaymentMethod
from webapp.presentation import today
from webapp.stating import StatingForm

UP, DOWN = "up", "down"


class FundsForm(StatingForm):
    """So much money; `change_minor` is what it does to general funds."""

    amount = MoneyField("Amount", [required("Type the amount.")])

    @property
    def change_minor(self) -> int:
        return self.amount.data or 0


class MethodForm(FundsForm):
    """Money that comes or goes by a method."""

    method = RadioField("Method", [required("Choose a method.")], coerce=int)

    def __init__(self, methods: Sequence[PaymentMethod]) -> None:
        super().__init__()
        self.methods = {method.id: method for method in methods}
        self.method.choices = {method.id: method.name for method in methods}
        if not self.is_submitted():
            self.method.data = next(iter(self.methods), None)

    @property
    def chosen(self) -> PaymentMethod:
        return self.methods[self.method.data]


class DepositForm(MethodForm):
    """What was brought, and when."""

    received_on: Any = DayField("Received on", [required("Choose the day.")], default=today)


class WithdrawalForm(MethodForm):
    """What is paid out, and why."""

    reason = LineField("Reason", [required("Say why it is paid out.")], longest=500)

    @property
    def change_minor(self) -> int:
        return -(self.amount.data or 0)


class AdjustmentForm(FundsForm):
    """A correction up or down, and why."""

    direction = RadioField(
        "Direction",
        [required("Choose up or down.")],
        choices={UP: "Up: the customer has more", DOWN: "Down: the customer has less"},
        default=UP,
    )
    reason = LineField("Reason", [required("Say why it is corrected.")], longest=500)

    @property
    def change_minor(self) -> int:
        return -(self.amount.data or 0) if self.direction.data == DOWN else self.amount.data or 0
