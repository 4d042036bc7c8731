"""Moving a business to another engine: every row as it is, in one transaction, compared before it is kept."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import peewee
import psycopg
from psycopg.conninfo import conninfo_to_dict

from webapp.db import BaseModel, InstantField, connect, db, execute, is_sqlite, marks
from webapp.domain import checks
from webapp.domain.errors import DomainError
from webapp.migrations import migrate, state
from webapp.models import MODELS

BATCH = 500

Row = tuple[Any, ...]


class Copied(NamedTuple):
    """One table, alike on both sides: how many rows, and what its columns of numbers add up to."""

    table: str
    rows: int
    sums: dict[str, int]


def copy(source: str, target: str) -> list[Copied]:
    """Copy the business at one URL to the empty database at another; all of it or nothing.

    Raises `DomainError` when there is nothing to copy, when the target is not empty, and when the copy is not alike.
    """
    before, copied = db.obj, None
    try:
        with _snapshot(source) as there, _opened(target) as here:
            _make_ready(here)
            with here.atomic():
                _wait_without_end()
                copied = _fill(there, here)
        return copied
    except (peewee.PeeweeException, psycopg.Error) as error:
        if copied is not None:
            raise DomainError(
                "The connection was lost while the copy was being kept. It is there as a whole or not at all:"
                " try again, and if the target holds the business already, it is."
            ) from error
        raise DomainError(f"Nothing was copied: {' '.join(str(error).split())}") from error
    finally:
        db.initialize(before)


def without_password(url: str) -> str:
    """A database's URL as it may be shown."""
    if url.startswith("sqlite:"):
        return url
    kind, _, rest = url.partition("://")
    known = conninfo_to_dict(f"postgresql://{rest}")
    return f"{kind}://{known.get('host', '')}/{known.get('dbname', '')}"


# The two databases


@contextmanager
def _opened(url: str) -> Iterator[peewee.Database]:
    """The database with a connection, as the one that everything here asks."""
    try:
        database = connect(url, pool=1)
    except ValueError:
        raise DomainError("A database is named sqlite:///…, postgresql://… or cockroachdb://….") from None
    try:
        database.connect()
    except peewee.PeeweeException as error:
        raise DomainError(f"{without_password(url)} cannot be opened: {' '.join(str(error).split())}") from error
    try:
        yield database
    finally:
        getattr(database, "close_all", database.close)()


@contextmanager
def _snapshot(url: str) -> Iterator[peewee.Database]:
    """The business to be copied, as it is at one moment, whoever goes on writing."""
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).is_file():
        raise DomainError(f"There is no file {path}.")
    with _opened(url) as database:
        execute("BEGIN DEFERRED" if is_sqlite() else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _wait_without_end()
        found = state(database)
        if found.is_empty or (found.is_current and not _count(database, "company")):
            raise DomainError(f"{without_password(url)} holds no business.")
        if found.fault:
            raise DomainError(found.fault)
        yield database  # closing the connection ends what only reads


def _wait_without_end() -> None:
    """One side waits while the other works, in a transaction that has every reason to stay open."""
    if not is_sqlite():
        execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _make_ready(target: peewee.Database) -> None:
    """Bring an empty database to the schema; refuse one that holds anything."""
    try:
        migrate(target)
    except ValueError as error:
        raise DomainError(str(error)) from error
    if any(_count(target, _name(model)) for model in MODELS):
        raise DomainError("The target holds a business already. Name an empty database.")


# Copying


def _fill(source: peewee.Database, target: peewee.Database) -> list[Copied]:
    with _posted_already():
        marks_of = {model: _copy_table(model, source) for model in MODELS}
        if not is_sqlite():
            _count_on_from_here()
            execute("ANALYZE")
        copied = [_compared(model, source, target, marks_of[model]) for model in MODELS]
        faults = checks.faults()
        if faults:
            found = "\n".join(f"{fault.name}: {fault.sentence}" for fault in faults[:20])
            raise DomainError(f"Nothing was copied, because the books are not right:\n{found}")
    return copied


def _copy_table(model: type[BaseModel], source: peewee.Database) -> str:
    """Write every row of a table, and return the mark of what was read."""
    own = [number for number, field in enumerate(_fields(model)) if getattr(field, "rel_model", None) is model]
    later: list[Row] = []
    mark = hashlib.sha256()
    for page in _pages(model, source):
        mark.update(repr(page).encode("utf-8", "surrogatepass"))
        for number in own:
            later += [(row[number], row[0]) for row in page if row[number] is not None and row[number] > row[0]]
        _write(model, [_pointing_back(row, own) for row in page] if later else page)
    for number in own:
        column = _fields(model)[number].column_name
        for values in later:
            execute(f'UPDATE "{_name(model)}" SET "{column}" = ? WHERE id = ?', values)  # noqa: S608  # of the schema
    return mark.hexdigest()


def _pointing_back(row: Row, own: Sequence[int]) -> Row:
    """A row that points at none of its own table that is not there yet."""
    return tuple(
        None if number in own and value is not None and value > row[0] else value for number, value in enumerate(row)
    )


def _write(model: type[BaseModel], page: Sequence[Row]) -> None:
    if is_sqlite():
        values = ", ".join([f"({marks(page[0])})"] * len(page))
        text = f'INSERT INTO "{_name(model)}" ({_columns(model)}) VALUES {values}'  # noqa: S608  # names of the schema
        execute(text, [value for row in page for value in row])
        return
    with db.connection().cursor() as cursor, cursor.copy(f'COPY "{_name(model)}" ({_columns(model)}) FROM STDIN') as to:
        for row in page:
            to.write_row(row)


@contextmanager
def _posted_already() -> Iterator[None]:
    """Accounts are copied with their balances, so what adds each transfer to them is away meanwhile.

    A failure puts it back with the rest of the transaction. CockroachDB can do this from 26.2 on.
    """
    if is_sqlite():
        [(text,)] = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'transfer_post'").fetchall()
        execute("DROP TRIGGER transfer_post")
        yield
        execute(text)
    else:
        execute("ALTER TABLE transfer DISABLE TRIGGER transfer_post")
        yield
        execute("ALTER TABLE transfer ENABLE TRIGGER transfer_post")


def _count_on_from_here() -> None:
    """Let new rows take the numbers behind the highest that was copied."""
    for model in MODELS:
        if model._meta.auto_increment:
            name = _name(model)
            execute(f"""SELECT setval(pg_get_serial_sequence('"{name}"', 'id'), MAX(id)) FROM "{name}" """)  # noqa: S608


# Comparing


def _compared(model: type[BaseModel], source: peewee.Database, target: peewee.Database, mark: str) -> Copied:
    table = _name(model)
    there, here = _figures(model, source), _figures(model, target)
    if there != here:
        unlike = [f"{name} {there[name]} and {here[name]}" for name in there if there[name] != here[name]]
        raise DomainError(f"Nothing was copied: {table} is not alike on both sides: {', '.join(unlike)}.")
    read_again = hashlib.sha256()
    for page in _pages(model, target):
        read_again.update(repr(page).encode("utf-8", "surrogatepass"))
    if read_again.hexdigest() != mark:
        raise DomainError(f"Nothing was copied: the rows of {table} are not alike on both sides.")
    return Copied(table, here.pop("rows"), here)


def _figures(model: type[BaseModel], database: peewee.Database) -> dict[str, int]:
    """How many rows a table has, under "rows", and the sum of every column of numbers."""
    columns = [field.column_name for field in _fields(model) if _kind(field) == "number"]
    asked = ", ".join(["COUNT(*)", *(f'COALESCE(SUM("{column}"), 0)' for column in columns)])
    [found] = _rows(database, f'SELECT {asked} FROM "{_name(model)}"')  # noqa: S608  # names of the schema
    return dict(zip(["rows", *columns], map(int, found), strict=True))


# Reading


def _pages(model: type[BaseModel], database: peewee.Database) -> Iterator[list[Row]]:
    """All rows of a table in the order of their keys, some at a time, as plain values alike on every engine."""
    fields = _fields(model)
    meta: Any = model._meta
    keys = [field.column_name for field in meta.get_primary_keys()]
    places = [[field.column_name for field in fields].index(key) for key in keys]
    key = ", ".join(f'"{name}"' for name in keys)
    start = f'SELECT {_columns(model)} FROM "{_name(model)}"'  # noqa: S608  # names of the schema
    end = f"ORDER BY {key} LIMIT {BATCH}"
    plain = [_PLAIN.get(_kind(field)) for field in fields]
    found = _rows(database, f"{start} {end}")
    while found:
        yield [
            tuple(how(value) if how and value is not None else value for how, value in zip(plain, row, strict=True))
            for row in found
        ]
        after = [found[-1][place] for place in places]
        found = _rows(database, f"{start} WHERE ({key}) > ({marks(after)}) {end}", after)


def _kind(field: peewee.Field) -> str:
    if isinstance(field, peewee.ForeignKeyField):
        return _kind(field.rel_field)
    if isinstance(field, peewee.BooleanField):
        return "truth"
    if isinstance(field, peewee.IntegerField):
        return "number"
    if isinstance(field, InstantField):
        return "instant"
    return "day" if isinstance(field, peewee.DateField) else "text"


def _plain_day(value: str | date) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _plain_instant(value: str | datetime) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).isoformat()


_PLAIN: dict[str, Callable[[Any], Any]] = {"truth": bool, "day": _plain_day, "instant": _plain_instant}


def _fields(model: type[BaseModel]) -> list[peewee.Field]:
    return list(model._meta.sorted_fields)


def _columns(model: type[BaseModel]) -> str:
    return ", ".join(f'"{field.column_name}"' for field in _fields(model))


def _name(model: type[BaseModel]) -> str:
    return str(model._meta.table_name)


def _count(database: peewee.Database, table: str) -> int:
    return int(_rows(database, f'SELECT COUNT(*) FROM "{table}"')[0][0])  # noqa: S608  # a name of the schema


def _rows(database: Any, sql: str, params: Sequence[Any] = ()) -> list[Row]:
    return list(database.execute_sql(sql.replace("?", database.param), tuple(params)).fetchall())
