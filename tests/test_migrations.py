"""The schema: a migrated database is what the models say, on both engines, and only the right one is worked with."""

import datetime
import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import peewee
import pytest

from tests.apart import another_program
from tests.conftest import Running, restored
from tests.schema import NAMES, NOW, with_one_more
from webapp import create_app, migrations
from webapp.db import InstantField, connect, db, execute, is_sqlite, rows
from webapp.migrations import migrate, names, state
from webapp.models import MODELS
from webapp.models.user import PermissionsField
from webapp.starting import StaleDatabase

TYPES = {
    # Field of the model: type of the column on SQLite, on PostgreSQL
    peewee.BigIntegerField: ("INTEGER", "bigint"),
    peewee.IntegerField: ("INTEGER", "bigint"),
    peewee.AutoField: ("INTEGER", "bigint"),
    peewee.ForeignKeyField: ("INTEGER", "bigint"),
    peewee.BooleanField: ("INTEGER", "boolean"),
    peewee.DateField: ("TEXT", "date"),
    InstantField: ("TEXT", "timestamp with time zone"),
    peewee.TextField: ("TEXT", "text"),
    PermissionsField: ("TEXT", "text"),
}


@pytest.fixture
def bare(engine: Running) -> Iterator[peewee.Database]:
    """A database with nothing in it at all."""
    for database in restored(engine, "empty"):
        if not is_sqlite():
            execute("CREATE SCHEMA bare")
            execute("SET search_path TO bare")
            try:
                yield database
            finally:
                execute("SET search_path TO public")
                execute("DROP SCHEMA bare CASCADE")
            return
        database.close()
        Path(database.database).unlink()
        yield database


def tables() -> set[str]:
    return set(db.get_tables(schema=None if is_sqlite() else rows("SELECT current_schema()")[0][0]))


def table_of(model: type[peewee.Model]) -> str:
    return str(model._meta.table_name)


def test_the_tables_are_those_of_the_models(empty: peewee.Database) -> None:
    assert tables() == {table_of(model) for model in MODELS} | {"schema_version"}


@pytest.mark.parametrize("model", MODELS, ids=table_of)
def test_the_columns_are_those_of_the_model(empty: peewee.Database, model: type[peewee.Model]) -> None:
    fields = model._meta.sorted_fields
    expected = {f.column_name: (TYPES[type(f)][0 if is_sqlite() else 1], f.null, f.primary_key) for f in fields}
    key = model._meta.primary_key
    if isinstance(key, peewee.CompositeKey):
        composite = {model._meta.fields[name].column_name for name in key.field_names}
        expected = {name: (kind, null, name in composite) for name, (kind, null, _) in expected.items()}
    found = {
        c.name: (c.data_type, c.null and not c.primary_key, c.primary_key) for c in db.get_columns(table_of(model))
    }
    assert found == expected


@pytest.mark.parametrize("model", MODELS, ids=table_of)
def test_the_foreign_keys_are_those_of_the_model(empty: peewee.Database, model: type[peewee.Model]) -> None:
    expected = {
        (f.column_name, table_of(f.rel_model), f.rel_field.column_name)
        for f in model._meta.sorted_fields
        if isinstance(f, peewee.ForeignKeyField)
    }
    assert {(k.column, k.dest_table, k.dest_column) for k in db.get_foreign_keys(table_of(model))} == expected


@pytest.mark.parametrize("model", MODELS, ids=table_of)
def test_what_is_unique_for_the_model_is_unique_in_the_table(empty: peewee.Database, model: type[peewee.Model]) -> None:
    """The table may hold more to be unique than the model speaks of, never less."""
    found = {tuple(index.columns) for index in db.get_indexes(table_of(model)) if index.unique}
    assert {(f.column_name,) for f in model._meta.sorted_fields if f.unique and not f.primary_key} <= found


def test_migrating_twice_does_nothing(bare: peewee.Database) -> None:
    assert state(bare).is_empty
    assert migrate(bare) == names()
    assert state(bare).is_current
    before = tables()
    assert migrate(bare) == []
    assert tables() == before


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [int(name[:4]) for name in names()] == list(range(1, len(names()) + 1))


def _instead(monkeypatch: pytest.MonkeyPatch, up: Callable[[], None]) -> None:
    """Let this be what every migration does."""
    found = SimpleNamespace(import_module=lambda name: SimpleNamespace(up=up))
    monkeypatch.setattr("webapp.migrations.importlib", found)


def test_a_failing_migration_leaves_nothing(bare: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def up() -> None:
        execute("CREATE TABLE half_done (id INTEGER)")
        execute("INSERT INTO half_done (id) VALUES (1)")
        execute("CREATE TABLE half_done (id INTEGER)")

    _instead(monkeypatch, up)
    with pytest.raises(peewee.DatabaseError):
        migrate(bare)
    assert tables() == set()
    assert state(bare).is_empty


def test_a_failing_second_migration_leaves_the_first(empty: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def up() -> None:
        execute("CREATE TABLE half_done (id INTEGER)")
        raise RuntimeError("the power went off")

    monkeypatch.setattr(migrations, "names", with_one_more)
    _instead(monkeypatch, up)
    before = tables()
    with pytest.raises(RuntimeError):
        migrate(empty)
    assert tables() == before
    assert state(empty) == (NOW, NOW + 1)


class PowerCut(Exception):
    """Nothing that a program could have foreseen."""


@pytest.fixture
def statements(bare: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """Have a function told of each statement, by its number, before it runs."""
    really = bare.execute_sql

    def watch(before: Callable[[int], None]) -> None:
        numbers = itertools.count()

        def execute_sql(sql: str, params: Any = None) -> Any:
            if "ROLLBACK" not in sql:
                before(next(numbers))
            return really(sql, params)

        monkeypatch.setattr(bare, "execute_sql", execute_sql)

    return watch


@pytest.fixture
def the_first_alone(bare: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest of them; each is one transaction, made by the same lines."""
    monkeypatch.setattr(migrations, "names", lambda: [NAMES[0]])


@pytest.mark.usefixtures("the_first_alone")
def test_a_migration_cut_off_at_any_statement_leaves_nothing(
    bare: peewee.Database, statements: Callable[[Callable[[int], None]], None]
) -> None:
    """COMMIT is one of them. Each on SQLite; on PostgreSQL some, since the next test looks at each there."""
    for cut in itertools.count(step=1 if is_sqlite() else 12):

        def before(number: int, cut: int = cut) -> None:
            if number == cut:
                raise PowerCut

        statements(before)
        try:
            done = migrate(bare)
        except PowerCut:
            assert state(bare).is_empty
        else:
            break
    assert done == [NAMES[0]]
    assert cut > 100
    assert state(bare).is_current


@pytest.mark.usefixtures("the_first_alone")
def test_nobody_sees_anything_of_a_migration_before_it_is_complete(
    bare: peewee.Database, engine: Running, statements: Callable[[Callable[[int], None]], None]
) -> None:
    """So at whatever statement the program dies, nothing was there; what the server or the file holds is the same."""
    seen: list[int] = []
    with another_program(engine.engine.url) as other, other.connection_context():
        if not is_sqlite():
            other.execute_sql("SET search_path TO bare")
        statements(lambda _: seen.append(state(other).found))
        migrate(bare)
        assert state(other).is_current
    assert len(seen) > 100
    assert set(seen) == {0}


DYING = """
import os, signal, sys
from webapp import db
from webapp.migrations import migrate

database, left = db.connect(sys.argv[1]), int(sys.argv[2])
really = database.execute_sql

def execute_sql(sql, params=None):
    global left
    left -= 1
    if left == 0 or (sys.argv[2] == "-1" and sql == "COMMIT"):
        os.kill(os.getpid(), signal.SIGKILL)
    return really(sql, params)

database.execute_sql = execute_sql
with database.connection_context():
    if sys.argv[3]:
        database.execute_sql("SET search_path TO bare")
    migrate(database)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("statement, version", [(40, 0), (100, 0), (10_000, NOW)])
def test_a_migration_that_is_killed(bare: peewee.Database, engine: Running, statement: int, version: int) -> None:
    """Really killed, in the middle, near the end, and right behind COMMIT."""
    schema = "" if is_sqlite() else "bare"
    command = [sys.executable, "-c", DYING, engine.engine.url, str(statement), schema]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    assert state(bare).found == version
    migrate(bare)
    assert state(bare).is_current


def test_a_newer_database_is_left_alone(empty: peewee.Database) -> None:
    execute("UPDATE schema_version SET version = 99")
    try:
        with pytest.raises(ValueError, match="newer than this program"):
            migrate(empty)
    finally:
        execute(f"UPDATE schema_version SET version = {NOW}")


@pytest.fixture
def file_of_version(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A database of this program's own schema in a file, and the folder for the rest; `db` is put back afterwards."""
    before = db.obj
    url = f"sqlite:///{tmp_path / 'carnet.db'}"
    database = connect(url)
    with database.connection_context():
        migrate(database)
    yield url, tmp_path
    db.initialize(before)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ("UPDATE schema_version SET version = 98", r"at schema 98, this program needs 99\. .*flask migrate"),
        ("UPDATE schema_version SET version = 100", r"at schema 100, newer .*Upgrade the program"),
        ("UPDATE schema_version SET version = 0", r"none says which schema .*restore a backup"),
        ("INSERT INTO schema_version (version) VALUES (99)", r"none says which schema"),
        ("DELETE FROM schema_version", r"none says which schema"),
        ("DROP TABLE schema_version", r"none says which schema"),
    ],
    ids=["older", "newer", "half", "two versions", "no version", "something else's"],
)
def test_a_database_of_another_version_is_refused_at_start(
    file_of_version: tuple[str, Path], change: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = file_of_version
    with db.obj.connection_context():
        execute(change)
    monkeypatch.setattr(migrations, "names", lambda: [f"{number:04}_next" for number in range(1, 100)])
    with pytest.raises(StaleDatabase, match=sentence):
        create_app({"DATABASE_URL": url, "INSTANCE": folder, "SECRET_KEY": "a key for the tests alone"})


def test_what_is_not_ours_is_not_migrated(bare: peewee.Database) -> None:
    execute("CREATE TABLE ledger (id INTEGER)")
    with pytest.raises(ValueError, match="a database of its own"):
        migrate(bare)
    assert tables() == {"ledger"}


def test_an_empty_database_is_migrated_at_start(tmp_path: Path) -> None:
    before = db.obj
    try:
        url = f"sqlite:///{tmp_path / 'carnet.db'}"
        create_app({"DATABASE_URL": url, "INSTANCE": tmp_path, "SECRET_KEY": "a key for the tests alone"})
        with db.obj.connection_context():
            assert state(db.obj).is_current
    finally:
        db.initialize(before)


def test_dates_and_moments_come_back_as_they_went(business: peewee.Database) -> None:
    """The engines keep them differently; the models give the same."""
    from webapp.models import Company

    moment = datetime.datetime(2026, 2, 28, 23, 30, tzinfo=datetime.UTC)
    Company.update(created_at=moment).execute()
    assert Company.get_by_id(1).created_at == moment
