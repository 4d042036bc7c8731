"""Writing an edited record only over the version that the edit was checked against (spec section 6)."""

from typing import Any

from webapp import known
from webapp.db import BaseModel
from webapp.domain.errors import Changed


def write(record: Any, **values: Any) -> None:
    """Update the row if it is still of the record's version, and count the version on.

    The record in hand is left as it was, so that the verb around this can run again.
    """
    model: type[BaseModel] = type(record)
    version = int(record.version)
    guard = (model._meta.primary_key == record.id) & (model._meta.fields["version"] == version)
    known.forget()
    if model.update(**values, version=version + 1).where(guard).execute() != 1:
        raise Changed("Somebody changed this meanwhile. Nothing was saved; open it again.")
