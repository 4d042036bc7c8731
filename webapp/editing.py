"""Forms that edit one record, remembering which version of it they showed."""

import re
from typing import Any, NamedTuple

from wtforms import IntegerField
from wtforms.widgets import HiddenInput

from webapp.domain import audit
from webapp.domain.errors import Changed, DomainError
from webapp.domain.rows import AS_IT_STANDS
from webapp.forms import Form
from webapp.presentation import moment_text


class Conflict(NamedTuple):
    """Who changed the record meanwhile; and what differs, each how it is now and how it was typed."""

    said: str
    rows: list[tuple[str, Any, Any]]


class EditForm(Form):
    """A form for a record, new or kept already. What is typed stays when somebody else was faster, and saving again
    is then meant."""

    version = IntegerField(widget=HiddenInput(), default=0)

    conflict: Conflict | None = None

    def __init__(self, record: Any = None, **kwargs: Any) -> None:
        self.record = record
        super().__init__(obj=record, **kwargs)

    @property
    def seen(self) -> int:
        """The version of the record that the form showed; one that never was, when that was not sent."""
        return int(self.version.data) if self.version.raw_data and self.version.data is not None else -1

    def refuse(self, error: DomainError) -> None:
        """As any form; and after `Changed` take the record as it is now for what was seen, and show it beside what was
        typed."""
        if isinstance(error, Changed) and error.differs and self.record is not None:
            self.conflict = _conflict(self.record, error)
            error = Changed(f"{self.conflict.said} {AS_IT_STANDS}")
        super().refuse(error)
        if isinstance(error, Changed) and self.record is not None:
            self.version.data = type(self.record).get_by_id(self.record.id).version
            self.version.raw_data = None


def _conflict(record: Any, error: Changed) -> Conflict:
    subject = re.sub(r"(?<!^)(?=[A-Z])", "_", type(record).__name__).lower()
    last = audit.latest(subject, record.id)
    by = f"{last.actor} changed this on {moment_text(last.at)}." if last else "Somebody changed this meanwhile."
    return Conflict(by, [(name[:1].upper() + name[1:], *both) for name, both in error.differs.items()])
