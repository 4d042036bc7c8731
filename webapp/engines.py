"""How each engine is opened: what a connection is told before anybody uses it, and how long it is waited for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
from playhouse.cockroachdb import PooledCockroachDatabase
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase
from psycopg.conninfo import conninfo_to_dict

SAFE_WAL = (3, 51, 3)
"""Older SQLite can lose committed pages in WAL mode when a checkpoint meets a commit; those keep a rollback journal."""

_PATIENCE = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,  # milliseconds for what was sent to arrive; then the network is cut
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_MANNERS = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'"
"""Nobody waits longer for another's lock than on SQLite, and who vanished in the middle of an act lets go."""


def make(url: str, pool: int) -> peewee.Database:
    """The database for a URL, with at most `pool` connections to a server. Opens none yet.

    Raises ValueError for a URL of a kind that is not known.
    """
    if url.startswith("sqlite:///"):
        return _sqlite(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return _pooled(Postgres, url, pool)
    if url.startswith("cockroachdb://"):
        return _pooled(Cockroach, url, pool)
    raise ValueError("DATABASE_URL must begin with sqlite:///, postgresql:// or cockroachdb://")


class Careful:
    """A pool in front of a server: what is full or gone is an `OperationalError`, and no connection is waited for long.

    A connection is asked for a sign of life before it is handed out, and replaced when it gives none; the first one is
    opened for the first request, so after the server process was forked.
    """

    def connect(self, reuse_if_open: bool = False) -> bool:
        try:
            return bool(super().connect(reuse_if_open))  # type: ignore[misc]  # of the pool that this stands before
        except MaxConnectionsExceeded as error:
            raise peewee.OperationalError(error) from error


class _Mannered(peewee.PostgresqlDatabase):
    """Says how long to wait for others as soon as a connection is made."""

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # which the stubs leave out
        connection.execute(_MANNERS)
        return connection


class Postgres(Careful, PooledPostgresqlDatabase, _Mannered):  # type: ignore[misc]  # see pyproject on playhouse
    """PostgreSQL behind a pool."""


class Cockroach(Careful, PooledCockroachDatabase, _Mannered):  # type: ignore[misc]  # as above
    """CockroachDB behind a pool; its transactions begin as those of PostgreSQL do, at the level that is asked for."""

    def atomic(self, *level: str) -> Any:
        return peewee.PostgresqlDatabase.atomic(self, *level)

    def begin(self, isolation_level: str | None = None) -> None:
        peewee.PostgresqlDatabase.begin(self, isolation_level)


def _pooled(kind: Callable[..., peewee.Database], url: str, pool: int) -> peewee.Database:
    url = "postgresql://" + url.split("://", 1)[1]
    said = conninfo_to_dict(url)
    patience = {name: value for name, value in _PATIENCE.items() if name not in said}
    return kind(url, max_connections=pool, stale_timeout=300, timeout=5, prefer_psycopg3=True, **patience)


def _sqlite(path: str) -> peewee.SqliteDatabase:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    safe = tuple(vars(peewee)["sqlite3"].sqlite_version_info) >= SAFE_WAL
    return peewee.SqliteDatabase(
        path,
        lock_type="IMMEDIATE",
        cached_statements=1024,
        timeout=10,
        pragmas={
            "journal_mode": "wal" if safe else "truncate",
            "synchronous": "full",
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "cache_size": -65536,
        },
    )
