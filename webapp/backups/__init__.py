"""Copies of the whole business: made while it works, proven before they count, put back where nobody is at work."""

from pathlib import Path
from typing import NamedTuple

import peewee
from playhouse.cockroachdb import CockroachDatabase

from webapp.backups import files, postgres, sqlite
from webapp.backups.proof import Proven, instead
from webapp.domain.errors import DomainError


class Restored(NamedTuple):
    """What is in place now, and where the database lies as it was before; None where there was none."""

    now: Proven
    kept: Path | None


def back_up(
    database: peewee.Database, target: Path, *, replace: bool = False, with_faults: bool = False, programs: str = ""
) -> Proven:
    """Write a proven copy of the database as it is at one moment, whoever goes on working; all of it or nothing.

    `programs` is the folder of pg_dump and pg_restore, when it is not on the path. Raises `DomainError`.
    """
    _refuse_cockroach(database)
    if isinstance(database, peewee.SqliteDatabase) and files.is_same(target, *sqlite.own_files(database)):
        raise DomainError(f"{target} is the database itself. Give the backup a name of its own.")
    with instead(database), files.arriving(target, replace=replace) as unfinished:
        if isinstance(database, peewee.SqliteDatabase):
            return sqlite.copy(database, unfinished, with_faults=with_faults)
        return postgres.dump(database, unfinished, with_faults=with_faults, programs=programs)


def restore(
    database: peewee.Database, source: Path, *, keep_in: Path, with_faults: bool = False, programs: str = ""
) -> Restored:
    """Put a backup in the place of the database, which is kept: beside itself on SQLite, else as a dump in `keep_in`.

    Killed at any moment it leaves the old or the new one. Raises `DomainError`, and then nothing has changed.
    """
    _refuse_cockroach(database)
    files.refuse_other_kind(source, sqlite=isinstance(database, peewee.SqliteDatabase))
    if isinstance(database, peewee.SqliteDatabase):
        return Restored(*sqlite.restore(database, source, with_faults=with_faults))
    keep_in.mkdir(parents=True, exist_ok=True)
    kept = keep_in / f"carnet-{files.dated('before-restore')}.dump"
    with instead(database):
        return Restored(*postgres.restore(database, source, kept, with_faults=with_faults, programs=programs))


def before_schema(database: peewee.Database, version: int, *, keep_in: Path, programs: str = "") -> Path:
    """Back up what a migration to that version is about to change, and say where."""
    stamp = files.dated(f"before-schema-{version}")
    if isinstance(database, peewee.SqliteDatabase):
        target = Path(f"{database.database}.{stamp}")
    else:
        keep_in.mkdir(parents=True, exist_ok=True)
        target = keep_in / f"carnet-{stamp}.dump"
    back_up(database, target, with_faults=True, programs=programs)
    return target


def _refuse_cockroach(database: peewee.Database) -> None:
    if isinstance(database, CockroachDatabase):
        raise DomainError("CockroachDB makes its own backups: see its BACKUP and RESTORE statements.")
