"""The database behind everything: opened from ``DATABASE_URL``, one transaction per act, one connection per thread."""

import functools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import peewee
from playhouse.cockroachdb import PooledCockroachDatabase
from playhouse.pool import PooledPostgresqlDatabase

P = ParamSpec("P")
T = TypeVar("T")

db = peewee.DatabaseProxy()

SAFE_WAL = (3, 51, 3)
"""Older SQLite can lose committed pages in WAL mode when a checkpoint meets a commit; those keep a rollback journal."""

_RETRIED = {"40001", "40P01"}
_ATTEMPTS = 12


class InstantField(peewee.Field):
    """A moment in UTC: text on SQLite, ``timestamptz`` on PostgreSQL."""

    field_type = "INSTANT"

    def db_value(self, value: datetime | None) -> Any:
        return value.astimezone(UTC).isoformat(timespec="seconds") if value is not None else None

    def python_value(self, value: Any) -> datetime | None:
        return datetime.fromisoformat(value) if isinstance(value, str) else value


class BaseModel(peewee.Model):
    """What every table shares; an update writes only what was changed.

    One row is read and written with SQL text that is made once: Peewee spends many times longer on making the text
    of such a statement than the database does on running it.
    """

    id: Any
    DoesNotExist: type[peewee.DoesNotExist]
    _dirty: set[str]

    class Meta:
        database = db
        legacy_table_names = False
        only_save_dirty = True

    @classmethod
    def get_by_id(cls, pk: Any) -> Self:
        """The row of that id; raises the model's `DoesNotExist`."""
        found = cls.fetch(_by_primary_key(cls), (pk,))
        if not found:
            raise cls.DoesNotExist(f"There is no {cls.__name__} {pk}.")
        return found[0]

    @classmethod
    def get(cls, *query: Any, **filters: Any) -> Self:
        """As Peewee's own; following a foreign key, which asks for one primary key, goes the short way."""
        match query:
            case (peewee.Expression(lhs=column, op="=", rhs=int() | str() as pk),) if (
                column is cls._meta.primary_key and not filters
            ):
                return cls.get_by_id(pk)
        return super().get(*query, **filters)

    @classmethod
    def fetch(cls, condition: str, params: Sequence[Any] = ()) -> list[Self]:
        """The rows that a condition keeps, as fixed SQL text: what comes behind WHERE, with ``?`` for each value."""
        fields = cls._meta.sorted_fields
        records = []
        for values in rows(_select_text(cls) + condition, params):
            record = cls(__no_default__=True)
            record.__data__ = {f.name: f.python_value(value) for f, value in zip(fields, values, strict=True)}
            records.append(record)
        return records

    @classmethod
    def create(cls, **values: Any) -> Self:
        """Write a new row, with the defaults of what is not given."""
        if not cls._meta.auto_increment:
            return super().create(**values)
        record = cls(**values)
        text = _insert_text(cls, tuple(record.__data__), 1) + " RETURNING id"
        record.id = rows(text, record._column_values())[0][0]
        record._dirty.clear()
        return record

    @classmethod
    def create_many(cls, records: Iterable[Mapping[str, Any]]) -> None:
        """Write several rows of the same columns by one statement, with the defaults of what is not given."""
        made = [cls(**values) for values in records]
        if made:
            text = _insert_text(cls, tuple(made[0].__data__), len(made))
            execute(text, [value for record in made for value in record._column_values()])

    def _column_values(self) -> list[Any]:
        fields = self._meta.fields
        return [fields[name].db_value(value) for name, value in self.__data__.items()]


@functools.cache
def _select_text(model: type[BaseModel]) -> str:
    meta: Any = model._meta
    columns = ", ".join(f'"{field.column_name}"' for field in meta.sorted_fields)
    return f'SELECT {columns} FROM "{meta.table_name}" WHERE '  # noqa: S608  # names of the schema


@functools.cache
def _by_primary_key(model: type[BaseModel]) -> str:
    meta: Any = model._meta
    return f'"{meta.primary_key.column_name}" = ?'


@functools.cache
def _insert_text(model: type[BaseModel], names: tuple[str, ...], count: int) -> str:
    columns = ", ".join(f'"{model._meta.fields[name].column_name}"' for name in names)
    values = ", ".join([f"({marks(names)})"] * count)
    return f'INSERT INTO "{model._meta.table_name}" ({columns}) VALUES {values}'  # noqa: S608  # as above


def connect(url: str, *, pool: int = 16) -> peewee.Database:
    """Make the database for a URL and put it behind `db`. Opens no connection yet.

    Raises ValueError for a URL of a kind that is not known.
    """
    if url.startswith("sqlite:///"):
        database = _sqlite(url.removeprefix("sqlite:///"))
    elif url.startswith(("postgresql://", "postgres://")):
        url = "postgresql://" + url.split("://", 1)[1]
        database = PooledPostgresqlDatabase(
            url, max_connections=pool, stale_timeout=300, timeout=5, prefer_psycopg3=True
        )
    elif url.startswith("cockroachdb://"):
        url = "postgresql://" + url.split("://", 1)[1]
        database = PooledCockroachDatabase(url, max_connections=pool, stale_timeout=300, timeout=5)
    else:
        raise ValueError("DATABASE_URL must begin with sqlite:///, postgresql:// or cockroachdb://")
    db.initialize(database)
    return database


def _sqlite(path: str) -> peewee.SqliteDatabase:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    safe = tuple(vars(peewee)["sqlite3"].sqlite_version_info) >= SAFE_WAL
    return peewee.SqliteDatabase(
        path,
        lock_type="IMMEDIATE",
        timeout=10,
        pragmas={
            "journal_mode": "wal" if safe else "truncate",
            "synchronous": "full",
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "cache_size": -65536,
        },
    )


def is_sqlite() -> bool:
    """Whether the database is the embedded one."""
    return isinstance(db.obj, peewee.SqliteDatabase)


def rows(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run fixed SQL text, written with ``?`` for each value on every engine, and fetch all its rows."""
    return db.execute_sql(_spelt(sql, is_sqlite()), tuple(params)).fetchall()  # type: ignore[no-any-return]  # DB-API


def execute(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one changing statement and return how many rows it changed."""
    return db.execute_sql(_spelt(sql, is_sqlite()), tuple(params)).rowcount  # type: ignore[no-any-return]  # DB-API


@functools.cache
def _spelt(sql: str, sqlite: bool) -> str:
    return sql if sqlite else sql.replace("%", "%%").replace("?", "%s")


def transactional(verb: Callable[P, T]) -> Callable[P, T]:
    """Run a verb in one transaction, or as a part of the one already open.

    SQLite takes the writer's place at the start (IMMEDIATE); PostgreSQL and CockroachDB run SERIALIZABLE, and the whole
    verb runs again when the engine reports a serialization failure. So a verb must be safe to run again: it changes
    nothing but the database.
    """

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if db.in_transaction():
            return verb(*args, **kwargs)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with db.atomic(*(() if is_sqlite() else ("SERIALIZABLE",))):
                    return verb(*args, **kwargs)
            except (peewee.OperationalError, peewee.IntegrityError, peewee.InternalError) as error:
                if attempt == _ATTEMPTS or not _worth_retrying(error):
                    raise
                time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 7)))  # noqa: S311  # jitter, not a secret
        raise AssertionError("unreachable")

    return run


def _worth_retrying(error: Exception) -> bool:
    origin = getattr(error, "orig", None) or error.__cause__ or error
    return getattr(origin, "sqlstate", None) in _RETRIED


_stamp: ContextVar[datetime | None] = ContextVar("stamp", default=None)


def utcnow() -> datetime:
    """Now, in UTC, to the second. For stamps only: the order of the books is the order of their ids."""
    return _stamp.get() or datetime.now(UTC).replace(microsecond=0)


@contextmanager
def stamped(moment: datetime) -> Iterator[None]:
    """Stamp what is written inside with another moment. For making up a past, as the sample business does."""
    token = _stamp.set(moment.astimezone(UTC).replace(microsecond=0))
    try:
        yield
    finally:
        _stamp.reset(token)


def as_day(value: Any) -> date | None:
    """A day from a fixed-SQL row: text on SQLite, a date on PostgreSQL."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def marks(values: Sequence[Any]) -> str:
    """``?, ?, ?`` for an IN list of that many values; an empty list matches nothing."""
    return ", ".join("?" * len(values)) or "NULL"
