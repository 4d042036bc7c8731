"""SQLite: the library, how a connection is set, and the file."""

from collections.abc import Iterator, Mapping
from typing import Any

import peewee

from webapp.backups.files import said
from webapp.db import db, rows
from webapp.doctor.finding import Finding, fault, ok, warning
from webapp.engines import SAFE_WAL
from webapp.migrations import DRIVER_ERRORS

BACKPORTS = {(3, 44): 6, (3, 50): 7}
"""Older lines in which the fault was mended, and since which release."""

WANTED = {"synchronous": (2, "FULL"), "foreign_keys": (1, "ON"), "recursive_triggers": (1, "ON")}


def is_free_of_the_wal_fault(version: tuple[int, ...]) -> bool:
    """Whether WAL mode loses nothing in that release when a checkpoint meets a commit."""
    mended = BACKPORTS.get((version[0], version[1]))
    return version >= SAFE_WAL or (mended is not None and version[2] >= mended)


def sqlite_library(_: Mapping[str, Any]) -> Iterator[Finding]:
    version = tuple(vars(peewee)["sqlite3"].sqlite_version_info)
    told = f"This is SQLite {'.'.join(map(str, version))}"
    affected = f"{told}, which can lose what was saved in WAL mode"
    mend = "Install pysqlite3, as requirements.txt says."
    if is_free_of_the_wal_fault(version):
        yield ok("sqlite-library", f"{told}, free of the fault by which WAL mode can lose what was saved.")
    elif _pragma("journal_mode") == "wal":
        yield fault("sqlite-library", f"{affected}, and the file is in WAL mode. Stop Carnet now. {mend}")
    else:
        yield warning("sqlite-library", f"{affected}, so Carnet does without: who reads waits for who writes. {mend}")


def pragmas(_: Mapping[str, Any]) -> Iterator[Finding]:
    wrong = [f"{name} is {found}, not {word}" for name, (value, word) in WANTED.items()
             if (found := _pragma(name)) != value]  # fmt: skip
    safe = tuple(vars(peewee)["sqlite3"].sqlite_version_info) >= SAFE_WAL
    mode, wanted = _pragma("journal_mode"), "wal" if safe else "truncate"
    if mode != wanted and str(db.obj.database) != ":memory:":
        wrong.append(f"journal_mode is {mode}, not {wanted}")
    if wrong:
        yield fault("pragmas", f"{'; '.join(wrong)}. Something else sets this database up: end it, and restart Carnet.")
    else:
        yield ok("pragmas", f"Saved is saved, also when the power goes (journal_mode {mode}, synchronous FULL).")


def file(_: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        broken = [told for (told,) in rows("PRAGMA quick_check(3)") if told != "ok"]
        broken += [f"a row of {table} points nowhere" for table, *_ in rows("PRAGMA foreign_key_check")]
    except (peewee.DatabaseError, *DRIVER_ERRORS) as error:
        broken = [said(error).rstrip(".")]
    if broken:
        yield fault("file", f"The database is damaged ({'; '.join(broken[:3])}). Stop Carnet and restore a backup.")
    else:
        yield ok("file", "Every page can be read, and every reference leads somewhere.")


def _pragma(name: str) -> Any:
    return rows(f"PRAGMA {name}")[0][0]


LOOKS = (sqlite_library, pragmas, file)
