"""The schema is written by hand and the models mirror it: here they are held against each other, on both engines."""

import peewee
import pytest
from flask import Flask

from tests.conftest import Running, disconnect
from webapp import create_app
from webapp.db import db, execute, is_sqlite, rows
from webapp.migrations import migrate, names, state
from webapp.models import MODELS
from webapp.starting import StaleDatabase

TYPES = {
    "sqlite": {"AUTO": "INTEGER", "BIGINT": "INTEGER", "INT": "INTEGER", "BOOL": "INTEGER"},
    "postgres": {
        "AUTO": "bigint",
        "BIGINT": "bigint",
        "INT": "bigint",
        "BOOL": "boolean",
        "DATE": "date",
        "INSTANT": "timestamp with time zone",
        "TEXT": "text",
    },
}
"""What a field of a model is in the schema; on SQLite whatever is not named here is text."""

APPEND_ONLY = ("audit", "journal", "transfer")


def columns_of(model: type[peewee.Model], engine: str) -> dict[str, tuple[str, bool]]:
    fields = model._meta.sorted_fields
    return {f.column_name: (TYPES[engine].get(f.field_type, "TEXT"), bool(f.null)) for f in fields}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_is_what_its_table_is(empty, engine, model):
    table = model._meta.table_name
    real = {c.name: (c.data_type, c.null and not c.primary_key) for c in empty.get_columns(table)}
    assert real == columns_of(model, engine.engine.name)
    assert set(empty.get_primary_keys(table)) == {f.column_name for f in model._meta.get_primary_keys()}
    assert {(key.column, key.dest_table, key.dest_column) for key in empty.get_foreign_keys(table)} == {
        (f.column_name, f.rel_model._meta.table_name, f.rel_field.column_name) for f in model._meta.refs
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_a_model_calls_unique_is_unique_in_the_schema(empty, model):
    indexes = {tuple(index.columns) for index in empty.get_indexes(model._meta.table_name) if index.unique}
    unique = {(field.column_name,) for field in model._meta.sorted_fields if field.unique}
    assert unique <= indexes | {tuple(empty.get_primary_keys(model._meta.table_name))}


def test_every_table_has_a_model(empty):
    assert set(empty.get_tables()) == {model._meta.table_name for model in MODELS} | {"schema_version"}


@pytest.mark.sqlite_only
def test_sqlite_keeps_to_the_types(empty):
    loose = rows("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
    assert loose == []
    assert rows("PRAGMA foreign_keys") == [(1,)]


def test_the_books_and_the_trail_are_guarded(empty):
    assert set(APPEND_ONLY) <= guarded_tables()


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET id = id + 1"])
def test_the_trail_is_only_added_to(business, change):
    """There is a row since the set-up, and a guard speaks when a statement meets one."""
    with pytest.raises(peewee.IntegrityError, match=r"audit (rows are never|is append-only)"), business.atomic():
        execute(change)


def guarded_tables() -> set[str]:
    """The tables with a trigger against each of UPDATE and DELETE."""
    if is_sqlite():
        found = rows("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        guards = [(table, verb) for table, sql in found for verb in ("UPDATE", "DELETE") if f"BEFORE {verb}" in sql]
    else:
        query = "SELECT event_object_table, event_manipulation FROM information_schema.triggers"
        guards = rows(f"{query} WHERE action_timing = 'BEFORE'")
    return {table for table, _ in guards if {(table, "UPDATE"), (table, "DELETE")} <= set(guards)}


def test_a_database_that_is_up_to_date_is_left_alone(empty):
    assert state(empty).is_current
    assert migrate(empty) == []


def test_migrations_are_numbered_without_a_gap():
    assert [int(name.split("_")[0]) for name in names()] == list(range(1, len(names()) + 1))


def test_a_database_of_a_newer_program_is_refused(engine: Running, built_app: Flask, empty):
    execute("UPDATE schema_version SET version = version + 1")
    empty.close()
    with pytest.raises(StaleDatabase, match=r"run\.py flask migrate"):
        create_app({**built_app.config, "DATABASE_URL": engine.engine.url})
    disconnect(db.obj)  # of the application that was not built
    db.initialize(empty)
    with pytest.raises(ValueError, match="newer than this program"):
        migrate(empty)
