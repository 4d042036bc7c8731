"""Backups of an SQLite file, made and read by the one SQLite library that the program itself uses."""

import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee

from webapp import presence
from webapp.backups import files
from webapp.backups.proof import Proven, instead, prove, prove_file
from webapp.db import execute
from webapp.domain.errors import DomainError
from webapp.migrations import DRIVER_ERRORS

SQLITE: Any = vars(peewee)["sqlite3"]
ELSEWHERE = "Another program has the database open. End it first."


def own_files(database: peewee.SqliteDatabase) -> list[Path]:
    path = Path(str(database.database))
    return [path, *files.sides(path)]


def copy(database: peewee.SqliteDatabase, target: Path, *, with_faults: bool) -> Proven:
    """Write the database as it is at one moment into an empty file, and prove it."""
    if not Path(str(database.database)).is_file():
        raise DomainError(f"There is no database {database.database}.")
    with presence.shared(database):
        execute("VACUUM INTO ?", (str(target),))
    return _proven(target, with_faults=with_faults)


def restore(database: peewee.SqliteDatabase, source: Path, *, with_faults: bool) -> tuple[Proven, Path | None]:
    """Prove a copy of the backup, then put it in the place of the database by one rename."""
    place = Path(str(database.database)).absolute()
    database.close()
    with presence.alone(database), files.arriving(place, replace=True) as unfinished:
        shutil.copyfile(source, unfinished)
        proven = _proven(unfinished, with_faults=with_faults)
        _end_sign_ins(unfinished)
        files.keep(unfinished)
        return proven, _keep_old(place)


def _proven(path: Path, *, with_faults: bool) -> Proven:
    copied = peewee.SqliteDatabase(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    try:
        with instead(copied), copied.connection_context():
            prove_file()
            return prove(copied, with_faults=with_faults)
    except (peewee.DatabaseError, *DRIVER_ERRORS) as error:
        raise DomainError(f"It is damaged. {files.said(error)}") from error


def _end_sign_ins(path: Path) -> None:
    """Those that were ended after the backup stay ended: everybody signs in anew."""
    copied = peewee.SqliteDatabase(str(path), pragmas={"journal_mode": "memory"})
    with instead(copied), copied.connection_context():
        execute("DELETE FROM sign_in_session")


def _keep_old(place: Path) -> Path | None:
    """Give the old database a second name, so that it is there when its own name goes to the new one.

    What SQLite keeps beside it goes into it first: frames left there would be taken for the new one's. Where it is too
    damaged for that they are kept beside it, copied before SQLite throws away what it cannot read.
    """
    if not place.exists():
        return None
    kept = place.with_name(f"{place.name}.{files.dated('before-restore')}")
    beside = [
        shutil.copyfile(side, kept_side)
        for side, kept_side in zip(files.sides(place), files.sides(kept), strict=True)
        if side.exists()
    ]
    is_needless = True
    try:
        is_needless = _settle(place)
    finally:
        for copied in beside if is_needless else []:
            copied.unlink()
    _second_name(place, kept)
    for side in files.sides(place):
        side.unlink(missing_ok=True)
    files.keep(kept)
    return kept


def _settle(place: Path) -> bool:
    """Take everything into the file; SQLite refuses while any other program has it open. False where it is damaged."""
    connection = SQLITE.connect(str(place), timeout=2, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    except SQLITE.DatabaseError as error:
        if str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise presence.InUse(ELSEWHERE) from error
        return False  # damaged, which may be why there is a restore
    finally:
        connection.close()
    return True


def _second_name(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except FileExistsError:
        raise
    except OSError:  # a file system that knows one name for each file
        shutil.copyfile(path, other)
        files.keep(other)
