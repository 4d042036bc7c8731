"""Two things that may go wrong whenever a row is written: somebody was faster, or the name is taken."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import peewee

from webapp.db import db
from webapp.domain.errors import Changed, DomainError

AS_IT_STANDS = "Nothing was saved yet. Change it here, or save again as it stands."


class Versioned(Protocol):
    """A row that counts its edits."""

    version: Any


def unchanged(record: Versioned, version: int, edits: Mapping[str, tuple[Any, Any]]) -> None:
    """Refuse an edit of a record that is no longer as the form showed it.

    `edits` holds, by the name people read, how the record is now and what was typed. The sentence names what differs;
    where nothing does, both wanted the same and there is nothing to refuse.
    """
    if record.version == version:
        return
    differs = {name: (current, typed) for name, (current, typed) in edits.items() if current != typed}
    if differs:
        now = ", ".join(f"{name} is now “{current}”" for name, (current, _) in differs.items())
        raise Changed(f"Somebody changed this meanwhile: {now}. {AS_IT_STANDS}", differs=differs)


@contextmanager
def unique(sentence: str, field: str) -> Iterator[None]:
    """Turn the database's refusal of a second row of the same name into a sentence beside that field."""
    try:
        with db.atomic():
            yield
    except peewee.IntegrityError as error:
        raise DomainError(sentence, field) from error
