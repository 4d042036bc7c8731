"""Who is at work on the database. Those who use it share it; who swaps or migrates it is alone with it.

So no process goes on writing into a file that was swapped under it, and none by the rules of a schema that is no more:
the schema is looked at once, when a process or connection begins to share, and cannot change until it lets go.

On SQLite each process locks a file beside the database, on PostgreSQL each connection an advisory lock. Both are gone
when their holder dies, however it dies. CockroachDB has no such locks; there only the schema is looked at.
"""

import contextlib
import errno
import fcntl
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import psycopg
from playhouse.cockroachdb import CockroachDatabase

from webapp.domain.errors import DomainError
from webapp.migrations import state

KEY = 0x6361726E6574
"""The number of our advisory lock: the program's name in ASCII."""

IN_USE = "Carnet is running on this database, or one of its commands is. Stop it first."
BEING_CHANGED = "The database is being restored or migrated. Try again in a moment."

_held: dict[Path, contextlib.ExitStack] = {}
_guard = threading.Lock()
_entered: weakref.WeakSet[Any] = weakref.WeakSet()


class Away(Exception):
    """The database may not be used now: somebody is alone with it, or its schema is of another program."""


class InUse(DomainError):
    """Somebody uses the database, and what was asked for needs it alone."""


def lock_file(database: peewee.Database) -> Path | None:
    """What is locked for an SQLite file; None where there is no file."""
    name = str(database.database)
    if not isinstance(database, peewee.SqliteDatabase) or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(f"{name}-lock")


def enter(database: peewee.Database) -> None:
    """Connect and share the database for the rest of this process; costs nothing after the first time.

    Raises `Away`.
    """
    if isinstance(database, peewee.SqliteDatabase):
        _enter_file(database)
    database.connect(reuse_if_open=True)
    if not isinstance(database, peewee.SqliteDatabase) and _connection(database) not in _entered:
        _enter_connection(database)


@contextlib.contextmanager
def shared(database: peewee.Database) -> Iterator[None]:
    """Share the database, with a connection, for a while. Raises `Away` when somebody is alone with it."""
    with contextlib.ExitStack() as stack:
        if path := lock_file(database):
            _share_file(path, stack)
        stack.enter_context(database.connection_context())
        if _has_advisory_locks(database):
            if not _ask(database, "SELECT pg_try_advisory_lock_shared(%s)"):
                raise Away(BEING_CHANGED)
            stack.callback(_ask, database, "SELECT pg_advisory_unlock_shared(%s)")
        yield


@contextlib.contextmanager
def alone(database: peewee.Database, *, wait: int = 0) -> Iterator[None]:
    """Be the only one to use the database, after some seconds at most. Raises `InUse`.

    On PostgreSQL with a connection; on SQLite without, since what is done alone may swap the file.
    """
    with contextlib.ExitStack() as stack:
        if path := lock_file(database):
            locked = stack.enter_context(_lock(path, fcntl.LOCK_EX, wait))
            if not locked:
                raise InUse(IN_USE if locked is False else f"{path} cannot be written, so nobody can be kept away.")
        elif _has_advisory_locks(database):
            stack.enter_context(database.connection_context())
            if not _again(lambda: bool(_ask(database, "SELECT pg_try_advisory_lock(%s)")), wait):
                raise InUse(IN_USE)
            stack.callback(_ask, database, "SELECT pg_advisory_unlock(%s)")
        yield


# SQLite


def _enter_file(database: peewee.SqliteDatabase) -> None:
    path = lock_file(database)
    if path is None or path in _held:
        return
    with _guard, contextlib.ExitStack() as stack:
        if path in _held:
            return
        _share_file(path, stack)
        _look_at_schema(database)
        _held[path] = stack.pop_all()  # which nobody closes: the lock is let go when this process ends


def _share_file(path: Path, stack: contextlib.ExitStack) -> None:
    """Where no file can be made to lock, none can be swapped or migrated either."""
    if stack.enter_context(_lock(path, fcntl.LOCK_SH)) is False:
        raise Away(BEING_CHANGED)


@contextlib.contextmanager
def _lock(path: Path, kind: int, wait: int = 0) -> Iterator[bool | None]:
    """Whether the file is locked now; None when there can be no such file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise  # there could be one
        yield None
        return
    try:
        yield _again(lambda: _flock(descriptor, kind), wait)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _again(attempt: Callable[[], bool], wait: int) -> bool:
    deadline = time.monotonic() + wait
    while not attempt():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


# PostgreSQL


def _has_advisory_locks(database: peewee.Database) -> bool:
    return isinstance(database, peewee.PostgresqlDatabase) and not isinstance(database, CockroachDatabase)


def _enter_connection(database: peewee.Database) -> None:
    if _has_advisory_locks(database) and not _ask(database, "SELECT pg_try_advisory_lock_shared(%s)"):
        raise Away(BEING_CHANGED)
    try:
        _look_at_schema(database)
    except Away:
        if _has_advisory_locks(database):
            _ask(database, "SELECT pg_advisory_unlock_shared(%s)")
        raise
    _entered.add(_connection(database))


def _connection(database: peewee.Database) -> Any:
    return database.connection()  # type: ignore[no-untyped-call]  # in Peewee's stubs


def _ask(database: peewee.Database, question: str) -> bool:
    """Past Peewee, since this belongs to a connection and not to what the requests and tests count."""
    try:
        return bool(_connection(database).execute(question, (KEY,)).fetchone()[0])
    except psycopg.Error as error:
        raise peewee.OperationalError(error) from error


# Both


def _look_at_schema(database: peewee.Database) -> None:
    with contextlib.nullcontext() if not database.is_closed() else database.connection_context():
        fault = state(database).fault
    if fault:
        raise Away(fault)
