"""The forms of what is done for several memberships at once; whose they are stands in the request."""

from collections.abc import Sequence

from flask import request
from wtforms import RadioField

from webapp.domain.using import Usable
from webapp.forms import DayField, QuantityField, required
from webapp.models import Item
from webapp.presentation import today
from webapp.stating import StatingForm


class SeveralForm(StatingForm):
    """What both share: they may also be sent only to see what they would do."""

    def is_confirmed(self) -> bool:
        """Whether it was sent to be done, and is filled in well."""
        return bool(self.validate_on_submit()) and "show" not in request.form


class UsesForm(SeveralForm):
    """How much of which item was used by all of them, and when."""

    item = RadioField("Item", [required("Choose what was used.")])
    quantity = QuantityField("Quantity for each", [required("Type how much each used.")], default=1000)
    service_on = DayField("Service date", [required("Choose the service date.")], default=today)

    def __init__(self, items: Sequence[Usable]) -> None:
        super().__init__()
        self.items = [each.item for each in items]
        self.item.choices = {str(item.id): f"{item.name} · {many} of them" for item, many in items}
        if not self.is_submitted() and items:
            self.item.data = str(items[0].item.id)

    @property
    def chosen(self) -> Item | None:
        """The item that is chosen, if one is."""
        return next((item for item in self.items if str(item.id) == self.item.data), None)


class BillsForm(SeveralForm):
    """When the invoices fall due."""

    due_on = DayField("Due date", [required("Choose the due date.")])
