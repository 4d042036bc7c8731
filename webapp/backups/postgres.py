"""Backups of a PostgreSQL database by its own pg_dump and pg_restore; nothing secret stands on a command line."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import peewee
import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict

from webapp import presence
from webapp.backups import files
from webapp.backups.proof import Proven, prove
from webapp.config import surroundings
from webapp.db import execute, rows
from webapp.domain.errors import DomainError

PARTS = ("pre-data", "data", "post-data")
"""Tables, rows, then what holds them together, as pg_restore divides a backup."""

_COPY = re.compile(rb"COPY .+ FROM stdin;\n")

DROPPED = """
    SELECT 'DROP ' || CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
           ELSE 'TABLE' END || ' IF EXISTS ' || c.oid::regclass || ' CASCADE'
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT 'DROP ROUTINE IF EXISTS ' || p.oid::regprocedure || ' CASCADE'
    FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""

OTHERS = """
    SELECT count(*), coalesce(string_agg(DISTINCT nullif(application_name, ''), ', '), '') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def program(name: str, folder: str) -> str:
    """Where one of PostgreSQL's programs lies. Raises `DomainError` when it is not there."""
    found = shutil.which(name, path=folder or None)
    if found is None:
        where = f"in {folder}" if folder else "on this machine"
        raise DomainError(
            f"There is no {name} {where}. Install PostgreSQL's client programs, of the server's version or newer, or"
            " name their folder in CARNET_PG_BIN."
        )
    return found


def dump(database: peewee.Database, target: Path, *, with_faults: bool, programs: str) -> Proven:
    """Let pg_dump write the database into an empty file: the same moment's state that is proven here."""
    pg_dump, pg_restore = program("pg_dump", programs), program("pg_restore", programs)
    with presence.shared(database), database.atomic("REPEATABLE READ"):
        execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it waits for pg_dump
        proven = prove(database, with_faults=with_faults)
        snapshot, schema = rows("SELECT pg_export_snapshot(), current_schema()")[0]
        _run(
            pg_dump,
            "--format=custom",
            "--no-password",
            f"--snapshot={snapshot}",
            f'--schema="{schema}"',
            f"--file={target}",
            environment=environment(database),
        )
    _run(pg_restore, "--file=/dev/null", str(target))  # reads all of it
    return proven


def restore(
    database: peewee.Database, source: Path, kept: Path, *, with_faults: bool, programs: str
) -> tuple[Proven, Path | None]:
    """Put the backup in the place of what is there, in one transaction that is only committed when it was proven."""
    pg_restore = program("pg_restore", programs)
    _run(pg_restore, "--file=/dev/null", str(source))
    with presence.alone(database):
        _refuse_others()
        is_empty = not rows(DROPPED)
        if not is_empty:
            with files.arriving(kept) as unfinished:
                _keep_old(database, unfinished, programs)
        with database.atomic():
            proven = _replace(database, pg_restore, source, with_faults=with_faults)
        execute("RESET ALL")  # what the backup's own statements set for this connection
    return proven, None if is_empty else kept


def environment(database: peewee.Database) -> dict[str, str]:
    """How PostgreSQL's programs are told what to connect to: by their environment, which nobody else can read."""
    known = {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    given = conninfo_to_dict(str(database.database))
    return {known[name]: str(value) for name, value in given.items() if name in known and value is not None}


def _refuse_others() -> None:
    count, names = rows(OTHERS)[0]
    if count:
        told = f" ({names})" if names else ""
        raise presence.InUse(f"Others are connected to this database: {count}{told}. End them first.")


def _keep_old(database: peewee.Database, target: Path, programs: str) -> None:
    schema = rows("SELECT current_schema()")[0][0]
    _run(
        program("pg_dump", programs),
        "--format=custom",
        "--no-password",
        f'--schema="{schema}"',
        f"--file={target}",
        environment=environment(database),
    )


def _replace(database: peewee.Database, pg_restore: str, source: Path, *, with_faults: bool) -> Proven:
    schema = rows("SELECT current_schema()")[0][0]
    for (statement,) in rows(DROPPED):
        execute(statement)
    connection: psycopg.Connection[Any] = database.connection()  # type: ignore[no-untyped-call]  # in Peewee's stubs
    for part in PARTS:
        command = [pg_restore, "--file=-", f"--section={part}", f"--schema={schema}", "--no-owner", "--no-privileges"]
        with _reading([*command, str(source)]) as lines:
            _play(connection, lines)
    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
    execute("DELETE FROM sign_in_session")  # those that were ended after the backup stay ended
    return prove(database, with_faults=with_faults)


def _play(connection: psycopg.Connection[Any], lines: Iterator[bytes]) -> None:
    """Carry out what pg_restore writes for psql: statements, and rows behind COPY up to a line with ``\\.``."""
    statements: list[bytes] = []
    try:
        for line in lines:
            if line.startswith((b"\\restrict", b"\\unrestrict")):
                continue  # orders to psql, which would keep the rest from giving it any
            if not _COPY.fullmatch(line):
                statements.append(line)
                continue
            _execute(connection, statements)
            with connection.cursor().copy(line) as rows_in:
                for row in lines:
                    if row == b"\\.\n":
                        break
                    rows_in.write(row)
        _execute(connection, statements)
    except psycopg.Error as error:
        raise DomainError(f"PostgreSQL refused the backup: {error.diag.message_primary or error}.") from error


def _execute(connection: psycopg.Connection[Any], statements: list[bytes]) -> None:
    if statements:
        connection.execute(b"".join(statements))
        statements.clear()


@contextlib.contextmanager
def _reading(command: list[str]) -> Iterator[Iterator[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603  # fixed
        output: IO[bytes] = process.stdout  # type: ignore[assignment]  # there is a pipe
        yield iter(output)
        says = process.communicate()[1].decode(errors="replace")
        _refuse_failed(command, process.returncode, says)


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL, words of ours
        command,
        env=surroundings(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    _refuse_failed(command, done.returncode, done.stderr)


def _refuse_failed(command: Sequence[str], code: int, says: str) -> None:
    if code:
        name = Path(command[0]).name
        raise DomainError(f"{name} did not succeed: {_plain(says.splitlines()) or f'it ended with {code}'}")


def _plain(lines: Iterable[str]) -> str:
    return " ".join(line.split(": ", 1)[-1].strip() for line in lines if line.strip())
