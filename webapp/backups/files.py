"""Files that appear complete or not at all, and what went wrong with one, in a sentence."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import peewee

from webapp.db import utcnow
from webapp.domain.errors import DomainError
from webapp.migrations import DRIVER_ERRORS

SQLITE_MAGIC, POSTGRES_MAGIC = b"SQLite format 3\0", b"PGDMP"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SQLITE_SAYS = {
    "SQLITE_FULL": "The disk is full.",
    "SQLITE_IOERR": "The disk is full, or it could not be read or written.",
    "SQLITE_CANTOPEN": "It cannot be opened.",
    "SQLITE_READONLY": "It cannot be written to.",
    "SQLITE_CORRUPT": "The database is damaged.",
    "SQLITE_NOTADB": "It is no database.",
    "SQLITE_BUSY": "Another program keeps it locked.",
}


@contextlib.contextmanager
def arriving(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new empty file beside `target`, for its owner's eyes only, that becomes `target` when the block ends well.

    Raises `DomainError`, with nothing left behind, for whatever the disk or the database refuse inside.
    """
    if target.is_dir():
        raise DomainError(f"{target} is a folder. Name the file to write.")
    if not target.parent.is_dir():
        raise DomainError(f"There is no folder {target.parent}.")
    if target.exists() and not replace:
        raise DomainError(f"{target} is there already, and stays as it is. Choose another name, or add --replace.")
    unfinished = target.with_name(f"{target.name}.unfinished-{os.getpid()}-{secrets.token_hex(3)}")
    try:
        _sweep(target)
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        yield unfinished
        keep(unfinished)
        _appear(unfinished, target, replace=replace)
    except (OSError, peewee.DatabaseError, *DRIVER_ERRORS) as error:
        raise DomainError(f"{target} could not be written. {said(error)}") from error
    finally:
        for left in (unfinished, *sides(unfinished)):
            with contextlib.suppress(OSError):  # the first one is what is told
                left.unlink(missing_ok=True)


def keep(path: Path) -> None:
    """Wait until the file, and that there is such a file, would outlive a power cut."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sides(path: Path) -> list[Path]:
    """Where SQLite keeps what belongs to a file but is not in it yet, or was just taken out of it."""
    return [path.with_name(path.name + side) for side in ("-wal", "-shm", "-journal")]


def dated(what: str) -> str:
    """The end of a name that is used once: ``before-restore-20261128T031500Z-3f9a``."""
    return f"{what}-{utcnow():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def is_same(path: Path, *others: Path) -> bool:
    return any(other.exists() and path.exists() and path.samefile(other) for other in others)


def refuse_other_kind(source: Path, *, sqlite: bool) -> None:
    """Tell from the first bytes of a backup whether it is one, and of this engine."""
    try:
        with source.open("rb") as file:
            begins = file.read(16)
    except OSError as error:
        raise DomainError(f"{source} cannot be read. {said(error)}") from error
    wal = source.with_name(f"{source.name}-wal")
    if sqlite and wal.exists() and wal.stat().st_size:
        raise DomainError(f"{source} is a database in use, not a backup: {wal.name} beside it holds a part of it.")
    mine, other = (SQLITE_MAGIC, POSTGRES_MAGIC) if sqlite else (POSTGRES_MAGIC, SQLITE_MAGIC)
    if begins.startswith(other):
        engine = "PostgreSQL" if sqlite else "SQLite"
        raise DomainError(f"{source} is a backup of {engine}, and DATABASE_URL names another engine.")
    if not begins.startswith(mine):
        raise DomainError(f"{source} is no backup of Carnet.")


def said(error: BaseException) -> str:
    """What a fault of the disk or of the database means, in a sentence."""
    origin = getattr(error, "orig", None) or error
    name = str(getattr(origin, "sqlite_errorname", ""))
    for known, sentence in _SQLITE_SAYS.items():
        if name.startswith(known):
            return sentence
    if isinstance(origin, OSError):
        if origin.errno in _FULL:
            return "The disk is full."
        if origin.errno in (errno.ENOENT, errno.ENOTDIR):
            return "There is no such file or folder."
        if origin.errno == errno.EROFS:
            return "The disk is read-only."
        if origin.errno in (errno.EACCES, errno.EPERM):
            return "It may not be written or read by whom this runs as."
        return f"{origin.strerror}."
    return " ".join(str(error).split()).rstrip(".") + "."


def _appear(unfinished: Path, target: Path, *, replace: bool) -> None:
    if replace:
        unfinished.replace(target)
    else:
        try:
            os.link(unfinished, target)  # refuses, where a rename would overwrite what came there meanwhile
        except FileExistsError:
            raise
        except OSError:  # a file system that knows one name for each file
            unfinished.rename(target)
    keep(target)


def _sweep(target: Path) -> None:
    """Remove what a killed run left behind."""
    for left in target.parent.glob(f"{target.name}.unfinished-*"):
        found = re.fullmatch(r"(\d+)-[0-9a-f]{6}(-\w+)?", left.name.removeprefix(f"{target.name}.unfinished-"))
        if found and not _is_running(int(found[1])):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
