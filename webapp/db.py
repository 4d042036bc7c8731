"""The database behind everything: its records, fixed SQL text, and one transaction per act."""

import functools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any, ParamSpec, Self, TypeVar

import peewee
from playhouse.pool import PooledDatabase

from webapp import engines, known

P = ParamSpec("P")
T = TypeVar("T")

db = peewee.DatabaseProxy()

ISOLATION = "SERIALIZABLE"
"""How acts are kept apart on PostgreSQL and CockroachDB."""

_RETRIED = {"40001", "40P01"}
_ATTEMPTS, _SECONDS = 12, 3

LOST = {"57P01", "57P02", "57P03", "25P03", "40003"}
"""What PostgreSQL says when it ends a connection, besides the whole class 08; often it has no time to say anything."""

_VERSION = "schema_version"
_TURN = f"LOCK TABLE {_VERSION} IN SHARE UPDATE EXCLUSIVE MODE"
"""Whoever was refused once waits for others who were: twenty who try again at once would only refuse each other. A lock
on a table, since it is the one statement that waits before the transaction decides which moment it sees."""


class OutcomeUnknown(peewee.OperationalError):
    """The connection or the disk failed while the act was being committed: it may have happened, or not at all."""


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
        return cls._of_value(cls._meta.primary_key, pk)

    @classmethod
    def get(cls, *query: Any, **filters: Any) -> Self:
        """As Peewee's own; asking for one value of a column, as following a foreign key does, goes the short way."""
        match query:
            case (peewee.Expression(lhs=peewee.Field() as column, op="=", rhs=int() | str() as value),) if (
                column.model is cls and not filters
            ):
                return cls._of_value(column, cls._meta.fields[column.name].db_value(value))
        return super().get(*query, **filters)

    @classmethod
    def _of_value(cls, column: Any, value: Any) -> Self:
        found = cls.fetch(f'"{column.column_name}" = ? LIMIT 1', (value,))
        if not found:
            raise cls.DoesNotExist(f"There is no {cls.__name__} whose {column.name} is {value}.")
        return found[0]

    @classmethod
    def fetch(cls, condition: str, params: Sequence[Any] = ()) -> list[Self]:
        """The rows that a condition keeps, as fixed SQL text: what comes behind WHERE, with ``?`` for each value."""
        return [cls.of_row(values) for values in rows(_select_text(cls) + condition, params)]

    @classmethod
    def of_row(cls, values: Sequence[Any]) -> Self:
        """The record that a row with its `columns` holds."""
        record = cls(__no_default__=True)
        fields = zip(cls._meta.sorted_fields, values, strict=True)
        record.__data__ = {field.name: field.python_value(value) for field, value in fields}
        return record

    @classmethod
    def columns(cls, alias: str) -> list[str]:
        """All its columns, of the table that goes by the alias in a statement of fixed text."""
        return [f'{alias}."{field.column_name}"' for field in cls._meta.sorted_fields]

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
    table = f'"{model._meta.table_name}"'
    return f"SELECT {', '.join(model.columns(table))} FROM {table} WHERE "  # noqa: S608  # names of the schema


@functools.cache
def _insert_text(model: type[BaseModel], names: tuple[str, ...], count: int) -> str:
    columns = ", ".join(f'"{model._meta.fields[name].column_name}"' for name in names)
    values = ", ".join([f"({marks(names)})"] * count)
    return f'INSERT INTO "{model._meta.table_name}" ({columns}) VALUES {values}'  # noqa: S608  # as above


def connect(url: str, *, pool: int = 16) -> peewee.Database:
    """Make the database for a URL and put it behind `db`. Opens no connection yet.

    Raises ValueError for a URL of a kind that is not known.
    """
    database = engines.make(url, pool)
    db.initialize(database)
    return database


def hang_up(database: peewee.Database) -> None:
    """Close this thread's connection, and those that wait in a pool."""
    database.close()
    if isinstance(database, PooledDatabase):
        database.close_idle()


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
    verb runs again when the engine reports a serialization failure, for some seconds at most. So a verb must be safe to
    run again: it changes nothing but the database. Raises `OutcomeUnknown`, and does not try again, when the connection
    is lost while it commits.
    """

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if db.in_transaction():
            return verb(*args, **kwargs)
        give_up_at = time.monotonic() + _SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _in_one_transaction(functools.partial(verb, *args, **kwargs), in_turn=attempt > 1)
            except (peewee.OperationalError, peewee.IntegrityError, peewee.InternalError) as error:
                if attempt == _ATTEMPTS or time.monotonic() > give_up_at or not _worth_retrying(error):
                    raise
                time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 7)))  # noqa: S311  # jitter, not a secret
        raise AssertionError("unreachable")

    return run


def _in_one_transaction(act: Callable[[], T], *, in_turn: bool) -> T:
    is_done = False
    try:
        with known.afresh(), db.atomic(*(() if is_sqlite() else (ISOLATION,))):
            if in_turn and isinstance(db.obj, engines.Postgres):
                db.execute_sql(_TURN)
            result = act()
            is_done = True
        has_committed.set(True)
        return result
    except (peewee.PeeweeException, MemoryError) as error:
        _leave_broken()
        if is_done and _may_have_happened(error):
            raise OutcomeUnknown(*error.args) from error
        raise


has_committed: ContextVar[bool] = ContextVar("has_committed", default=False)
"""Whether an act was committed since somebody set this to False: what fails after it must not say that it did not."""


def _leave_broken() -> None:
    """An SQLite connection that could not even roll back is given up; the next one puts the file right."""
    if is_sqlite() and not db.is_closed() and db.connection().in_transaction:
        db.close()


def _worth_retrying(error: Exception) -> bool:
    return not isinstance(error, OutcomeUnknown) and any(sign in _RETRIED for sign in signs(error))


def _may_have_happened(error: Exception) -> bool:
    """Whether a COMMIT that ended so may have been carried out: who said no is gone, or the disk failed under it."""
    said = list(signs(error))
    if is_sqlite():
        return any(isinstance(sign, int) and sign & 0xFF == _IOERR for sign in said)
    is_gone = db.is_closed() or db.connection().closed
    return is_gone or not said or any(sign in LOST or str(sign).startswith("08") for sign in said)


_IOERR = 10


def signs(error: BaseException) -> Iterator[str | int]:
    """What the engine said, as SQLSTATEs of PostgreSQL or codes of SQLite; that of a failed rollback comes first."""
    behind: BaseException | None = error
    while behind is not None:
        for said in (behind, getattr(behind, "orig", None)):
            sign = getattr(said, "sqlstate", None) or getattr(said, "sqlite_errorcode", None)
            if sign is not None:
                yield sign
        behind = behind.__cause__ or behind.__context__


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of one moment, and nobody has to wait for it."""
    with db.atomic("DEFERRED" if is_sqlite() else "REPEATABLE READ"):
        yield


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


@contextmanager
def filling() -> Iterator[None]:
    """Around acts of one transaction that together write thousands of rows.

    PostgreSQL plans by what it last saw in its tables. It looks once a minute and sees what is committed, so to it they
    would be empty, and every statement from then on would read all of them from end to end. It passes locked ones by.
    """
    if isinstance(db.obj, engines.Postgres):
        tables = rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> ?", (_VERSION,)
        )
        names = ", ".join(f'"{table}"' for (table,) in tables)
        db.execute_sql(f"LOCK TABLE {names} IN SHARE UPDATE EXCLUSIVE MODE")
    yield
    if isinstance(db.obj, engines.Postgres):
        db.execute_sql("ANALYZE")


def marks(values: Sequence[Any]) -> str:
    """``?, ?, ?`` for an IN list of that many values; an empty list matches nothing."""
    return ", ".join("?" * len(values)) or "NULL"
