"""The two databases that every test runs on, each put back to a known state before every test.

A state is made once for each worker (the migrated empty database; a business with its cast) and kept under a name.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from tests import memory, postgres


class Engine(Protocol):
    """One database, by its URL, with the states it can go back to."""

    name: str
    url: str

    def has(self, state: str) -> bool:
        """Whether there is a state of that name to go back to."""

    def keep(self, state: str) -> None:
        """Remember the rows as they are now. Nobody may be connected."""

    def restore(self, state: str) -> None:
        """Put the rows back as they were. Nobody may be in a transaction."""


class Sqlite:
    """A file, in memory where the system allows it; a state is a copy of the file."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "test.db"
        self.url = f"sqlite:///{self.file}"

    def has(self, state: str) -> bool:
        return (self.folder / state).exists()

    def keep(self, state: str) -> None:
        if self.file.with_name("test.db-wal").exists():
            raise RuntimeError("a connection is still open, so the file does not hold everything yet")
        shutil.copyfile(self.file, self.folder / state)

    def adopt(self, state: str, file: Path) -> None:
        """Take a file that somebody else made as a state."""
        shutil.copyfile(file, self.folder / state)

    def restore(self, state: str) -> None:
        for side in ("-wal", "-shm", "-journal"):
            self.file.with_name(f"test.db{side}").unlink(missing_ok=True)
        # A new file: a connection that somebody forgot to close goes on with the old one and harms nobody.
        self.file.unlink(missing_ok=True)
        shutil.copyfile(self.folder / state, self.file)


class Postgres:
    """A database in a cluster of ours; a state is a schema with a copy of each table.

    Deleting and inserting rows takes a twentieth of the time of making a database from a template. Triggers and foreign
    keys are off meanwhile, because the books rightly refuse to be deleted; that takes a superuser.
    """

    name = "postgres"

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("SET lock_timeout = '20s'")
        self.ways_back: dict[str, sql.Composed] = {}

    def has(self, state: str) -> bool:
        return state in self.ways_back

    def keep(self, state: str) -> None:
        schema = sql.Identifier(state)
        self.connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        tables = self._all("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        back = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for (table,) in tables]
        for (table,) in tables:
            names = {"here": sql.Identifier("public", table), "kept": sql.Identifier(state, table)}
            if self._all(sql.SQL("SELECT FROM {here} LIMIT 1").format(**names)):
                self.connection.execute(sql.SQL("CREATE TABLE {kept} AS TABLE {here}").format(**names))
                back.append(sql.SQL("INSERT INTO {here} TABLE {kept}").format(**names))
        sequences = self._all("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        for name, last in sequences:
            reset = sql.SQL("SELECT setval({}, {}, {})")
            back.append(
                reset.format(sql.Literal(f"public.{name}"), sql.Literal(last or 1), sql.Literal(last is not None))
            )
        self.ways_back[state] = sql.SQL("; ").join(
            [sql.SQL("BEGIN; SET LOCAL session_replication_role = replica"), *back, sql.SQL("COMMIT")]
        )

    def restore(self, state: str) -> None:
        self.connection.execute(self.ways_back[state])

    def close(self) -> None:
        self.connection.close()

    def _all(self, query: sql.Composed | str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@contextlib.contextmanager
def sqlite() -> Iterator[Sqlite]:
    with tempfile.TemporaryDirectory(prefix="carnet-sqlite-", dir=memory.place()) as folder:
        yield Sqlite(Path(folder))


@contextlib.contextmanager
def postgresql(worker: str) -> Iterator[Postgres]:
    with postgres.server() as server, postgres.database(server, f"carnet_test_{os.getpid()}_{worker}") as url:
        engine = Postgres(url)
        try:
            yield engine
        finally:
            engine.close()
