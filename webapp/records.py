"""Loading the one record that a URL names."""

from typing import TypeVar

import peewee
from werkzeug.routing import IntegerConverter

from webapp.domain.errors import NotFound

M = TypeVar("M", bound=peewee.Model)


class IdConverter(IntegerConverter):
    """Ids in URLs, no longer than what a column can hold, so that a silly one is simply not found.

    Each is written one way: other scripts have digits too.
    """

    regex = r"[0-9]{1,18}"


def load(model: type[M], record_id: int) -> M:
    """The record, or `NotFound`, which becomes a 404 page."""
    record = model.get_or_none(model._meta.primary_key == record_id)
    if record is None:
        raise NotFound
    return record
