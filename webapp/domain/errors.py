"""Why an act was refused, in a sentence for the person who asked for it."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A rule says no. `field` names the form field the sentence belongs beside, if one does."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(Exception):
    """There is no such record."""


class Changed(DomainError):
    """Somebody changed the record meanwhile; nothing was saved.

    `differs` holds, by the name people read, how the record is now and what was typed.
    """

    def __init__(self, message: str, field: str | None = None, *, differs: Mapping[str, tuple[Any, Any]] = {}) -> None:
        super().__init__(message, field)
        self.differs = dict(differs)


class Repeated(DomainError):
    """A one-time form key came again with other content."""
