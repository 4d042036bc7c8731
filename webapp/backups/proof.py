"""Proving a copy: its file is whole, its schema is known, and its books are right."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import peewee

from webapp.db import db, rows
from webapp.domain import checks
from webapp.domain.errors import DomainError
from webapp.migrations import state

SHOWN = 5


class Proven(NamedTuple):
    """A copy that was proven: its schema, whether this program works with it, and the moment of its last entry."""

    version: int
    is_current: bool
    last_entry: str | None
    faults: int


@contextlib.contextmanager
def instead(database: peewee.Database) -> Iterator[None]:
    """Let everything here ask that database for a while. For commands: it changes what every thread asks."""
    before = db.obj
    db.initialize(database)
    try:
        yield
    finally:
        db.initialize(before)


def prove(database: peewee.Database, *, with_faults: bool) -> Proven:
    """Look at the schema and the books of the database that is asked now; those of an older schema are looked at after
    it was migrated. Raises `DomainError`."""
    found = state(database)
    if found.is_empty or (found.fault and not 0 < found.found < found.needed):
        raise DomainError(found.fault or "There is nothing in it.")
    if not found.is_current:
        return Proven(found.found, is_current=False, last_entry=None, faults=0)
    faults = checks.faults()
    if faults and not with_faults:
        told = [f"{fault.name}: {fault.sentence}" for fault in faults[:SHOWN]]
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise DomainError("\n".join(["The books in it are not right:", *told, *more, "With --with-faults it counts."]))
    last = rows("SELECT recorded_at FROM journal ORDER BY id DESC LIMIT 1")
    return Proven(found.found, is_current=True, last_entry=_told(last[0][0]) if last else None, faults=len(faults))


def prove_file() -> None:
    """Look at every page, index and reference of the SQLite database that is asked now. Raises `DomainError`."""
    broken = [str(said) for (said,) in rows("PRAGMA integrity_check") if said != "ok"]
    broken += [f"a row of {table} points nowhere" for table, *_ in rows("PRAGMA foreign_key_check")]
    if broken:
        raise DomainError(f"It is damaged: {'; '.join(broken[:SHOWN])}.")


def _told(moment: str | datetime) -> str:
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{read.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
