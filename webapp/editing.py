"""Forms that edit one record, remembering which version of it they showed."""

from typing import Any

from wtforms import IntegerField
from wtforms.widgets import HiddenInput

from webapp.domain.errors import Changed, DomainError
from webapp.forms import Form


class EditForm(Form):
    """A form for a record, new or kept already. What is typed stays when somebody else was faster, and saving again
    is then meant."""

    version = IntegerField(widget=HiddenInput(), default=0)

    def __init__(self, record: Any = None, **kwargs: Any) -> None:
        self.record = record
        super().__init__(obj=record, **kwargs)

    @property
    def seen(self) -> int:
        """The version of the record that the form showed; one that never was, when that was not sent."""
        return int(self.version.data) if self.version.raw_data and self.version.data is not None else -1

    def refuse(self, error: DomainError) -> None:
        """As any form; and after `Changed` take the record as it is now for what was seen."""
        super().refuse(error)
        if isinstance(error, Changed) and self.record is not None:
            self.version.data = type(self.record).get_by_id(self.record.id).version
            self.version.raw_data = None
