"""Whether this installation is sound: one finding for each thing that was looked at, with what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import peewee

from webapp.backups.files import said
from webapp.db import db, is_sqlite
from webapp.doctor import business, place, postgres, schema, sqlite
from webapp.doctor.finding import FAULT, Finding, fault
from webapp.migrations import DRIVER_ERRORS

Look = Callable[[Mapping[str, Any]], Iterator[Finding]]


def findings(config: Mapping[str, Any]) -> Iterator[Finding]:
    """Look at everything, at the database only when it can be reached. A look that fails is a finding itself."""
    yield from _looked(place.LOOKS, config)
    reached = list(_looked((database,), config))
    yield from reached
    if not any(one.level == FAULT for one in reached):
        yield from _looked((*(sqlite.LOOKS if is_sqlite() else postgres.LOOKS), *schema.LOOKS, *business.LOOKS), config)


def _looked(looks: tuple[Look, ...], config: Mapping[str, Any]) -> Iterator[Finding]:
    for look in looks:
        try:
            yield from look(config)
        except (peewee.PeeweeException, OSError, *DRIVER_ERRORS) as error:
            yield fault(look.__name__.replace("_", "-"), f"This could not be looked at. {said(error)}")


def database(_: Mapping[str, Any]) -> Iterator[Finding]:
    if is_sqlite() and not Path(str(db.obj.database)).exists():  # to look would make an empty one
        yield fault("database", f"There is no {db.obj.database}. A first start makes one; else look at DATABASE_URL.")
        return
    try:
        db.obj.connect(reuse_if_open=True)
        db.execute_sql("SELECT 1")
    except peewee.PeeweeException as error:
        yield fault("database", f"It cannot be reached: {said(error)} Look at DATABASE_URL, and whether it runs.")
    else:
        yield Finding("ok", "database", "It can be reached.")
