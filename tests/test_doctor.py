"""The doctor finds each damage by its name, says what to do, and finds nothing where nothing is wrong."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import peewee
import pytest
from flask import Flask

from tests import factories as make
from tests.apart import another_program
from tests.business import address
from tests.conftest import Running
from tests.postgres import programs
from webapp import create_app
from webapp.backups.proof import instead
from webapp.config import is_guessable, secret_key
from webapp.db import db, execute, is_sqlite, rows
from webapp.doctor import business as business_looks
from webapp.doctor import postgres, schema, sqlite
from webapp.models import PaymentMethod, User
from webapp.starting import GuessableSecret

SQLITE = vars(peewee)["sqlite3"]


@pytest.fixture
def examined_anew(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``flask doctor``: its exit code, and what it found that is not all right, by name."""
    monkeypatch.setitem(app.config, "INSTANCE", tmp_path)
    monkeypatch.setitem(app.config, "PG_BIN", str(programs()))
    monkeypatch.setitem(app.config, "SECRET_KEY", secret_key(tmp_path))
    if is_sqlite():
        Path(str(db.obj.database)).chmod(0o600)

    def run() -> tuple[int, dict[str, tuple[str, str]]]:
        result = app.test_cli_runner().invoke(args=["doctor"])
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        found = {}
        for line in result.output.splitlines()[:-1]:
            level, _, rest = line.partition(" ")
            name, _, sentence = rest.strip().partition(": ")
            assert level in ("ok", "warning", "fault"), line
            if level != "ok":
                found[name] = (level, sentence)
        return result.exit_code, found

    return run


Examined = Callable[[], tuple[int, dict[str, tuple[str, str]]]]
WANTED: dict[str, schema.Parts] = {}
"""The schema as it should be, by engine."""


@pytest.fixture
def examined(examined_anew: Examined, engine: Running, monkeypatch: pytest.MonkeyPatch) -> Examined:
    """The same for tests of something else than the schema: how that should be is worked out for the first of them."""
    made = schema._wanted

    def wanted() -> schema.Parts:
        name = engine.engine.name
        if name not in WANTED:
            WANTED[name] = made()
        return WANTED[name]

    monkeypatch.setattr(schema, "_wanted", wanted)
    return examined_anew


def careless(found: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Without what is true of the tests' own PostgreSQL: it does not wait for the disk."""
    return {name: said for name, said in found.items() if "fsync is off" not in said[1]}


def only(examined: Examined, level: str, name: str, sentence: str) -> None:
    code, found = examined()
    found = careless(found)
    assert set(found) == {name}, found
    assert found[name][0] == level
    assert sentence in found[name][1]
    assert code == 1 or level == "warning"


def test_nothing_is_wrong(examined_anew: Examined, app: Flask) -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    code, found = examined_anew()
    assert careless(found) == {}
    assert code == (0 if is_sqlite() else 1)
    said = app.test_cli_runner().invoke(args=["doctor"]).output
    names = {line.split()[1].rstrip(":") for line in said.splitlines()[:-1]}
    assert {"secret", "folders", "disk", "database", "schema-version", "schema", "clock", "time-zone"} <= names
    assert names >= ({"sqlite-library", "pragmas", "file"} if is_sqlite() else {"server", "server-clock", "programs"})


# The machine


@pytest.mark.parametrize("key", ["", "short", "changeme-changeme-changeme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                 "your-secret-key-goes-here-for-ever", "dev"])  # fmt: skip
def test_a_secret_that_is_none(examined: Examined, app: Flask, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_guessable(key)
    monkeypatch.setitem(app.config, "SECRET_KEY", key)
    only(examined, "fault", "secret", "can be guessed")


def test_a_start_refuses_a_secret_that_is_none(business: peewee.Database, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'carnet.db'}", "INSTANCE": tmp_path, "SECRET_KEY": "dev"}
    with pytest.raises(GuessableSecret, match="or set at least 32 random characters"):
        create_app(settings)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_short(examined: Examined, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SECRET_KEY", "three green herons fly")
    only(examined, "warning", "secret", "fewer than 32 characters")


def test_a_secret_that_others_read(examined: Examined, tmp_path: Path) -> None:
    (tmp_path / "secret-key").chmod(0o640)
    only(examined, "fault", "secret", "Run: chmod 600")


def test_a_folder_that_takes_no_writes(examined: Examined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    only(examined, "fault", "folders", f"{tmp_path} cannot be written to")


@pytest.mark.parametrize("free, level", [(100, "warning"), (10, "fault")])
def test_a_disk_that_fills(examined: Examined, free: int, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * 1024**2))
    only(examined, level, "disk", f"{free} MB are free")


@pytest.mark.sqlite_only
def test_a_database_that_others_read(examined: Examined, business: peewee.SqliteDatabase) -> None:
    path = Path(str(business.database))
    before = path.parent.stat().st_mode
    path.chmod(0o644)
    path.parent.chmod(0o755)
    try:
        only(examined, "warning", "database-file", f"Run: chmod 600 {path}")
    finally:
        path.parent.chmod(before)


def test_a_database_that_is_gone(
    examined: Examined, business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise peewee.OperationalError("connection refused")

    monkeypatch.setattr(business, "connect", refuse)
    only(examined, "fault", "database", "Look at DATABASE_URL")


@pytest.mark.sqlite_only
def test_a_database_that_is_not_there_is_not_made_by_looking(
    examined: Examined, business: peewee.SqliteDatabase, tmp_path: Path
) -> None:
    with another_program(f"sqlite:///{tmp_path / 'carnet.db'}") as other, instead(other):
        only(examined, "fault", "database", "There is no")
    assert not (tmp_path / "carnet.db").exists()


# The clock and the business


def test_a_clock_that_went_back(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    clock = SimpleNamespace(now=lambda _: yesterday, fromisoformat=datetime.fromisoformat)
    monkeypatch.setattr(business_looks, "datetime", clock)
    only(examined, "fault", "clock", "Set the clock")


def test_a_zone_that_nobody_knows(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> ZoneInfo:
        raise KeyError(name)

    monkeypatch.setattr(business_looks, "ZoneInfo", unknown)
    only(examined, "fault", "time-zone", "Install tzdata")


def test_no_account_to_pay_from(examined: Examined) -> None:
    PaymentMethod.update(active=False).where(PaymentMethod.kind == "account").execute()
    only(examined, "warning", "account-method", "no package can be sold")


# The schema


DAMAGES = {
    "a trigger is gone": ("DROP TRIGGER journal_no_update", "trigger journal_no_update"),
    "a trigger does nothing": (
        "DROP TRIGGER journal_no_update;CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT 1; END",
        "changed: trigger journal_no_update",
    ),
    "an index is gone": ("DROP INDEX invoice_due", "index invoice_due"),
    "a table is gone": ("DROP TABLE sign_in_attempt", "table sign_in_attempt"),
}
POSTGRES_DAMAGES = {
    "a trigger is gone": ("DROP TRIGGER journal_no_update ON journal", "missing: trigger journal.journal_no_update"),
    "a trigger is off": (
        "ALTER TABLE journal DISABLE TRIGGER journal_no_update",
        "changed: trigger journal.journal_no_update",
    ),
    "a trigger does nothing": (
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "changed: function refuse",
    ),
    "an index is gone": ("DROP INDEX invoice_due", "missing: index invoice_due"),
    "a check is gone": (
        "ALTER TABLE invoice DROP CONSTRAINT due_within_total",
        "missing: constraint invoice.due_within_total",
    ),
    "a reference is gone": (
        "ALTER TABLE transfer DROP CONSTRAINT transfer_journal_id_fkey",
        "missing: constraint transfer.transfer_journal_id_fkey",
    ),
    "a column is another": ("ALTER TABLE invoice ALTER COLUMN note DROP NOT NULL", "column invoice.note"),
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_schema_that_was_damaged(examined_anew: Examined, damage: str) -> None:
    statements, named = DAMAGES[damage]
    for statement in statements.split(";") if "CREATE" not in statements else statements.split(";", 1):
        execute(statement)
    only(examined_anew, "fault", "schema", named)


@pytest.mark.sqlite_only
def test_a_check_that_was_taken_out(examined_anew: Examined, business: peewee.SqliteDatabase) -> None:
    execute("PRAGMA writable_schema = ON")
    execute("UPDATE sqlite_master SET sql = replace(sql, 'due_minor BETWEEN 0 AND total_minor', '1')"
            " WHERE name = 'invoice'")  # fmt: skip
    execute("PRAGMA writable_schema = RESET")
    only(examined_anew, "fault", "schema", "changed: table invoice")


@pytest.mark.postgres_only
@pytest.mark.parametrize("damage", POSTGRES_DAMAGES)
def test_a_schema_that_was_damaged_on_postgresql(
    examined_anew: Examined, damage: str, business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a transaction that is taken back, since the schema is kept for the other tests."""
    statement, named = POSTGRES_DAMAGES[damage]
    monkeypatch.setattr(business, "close", lambda: None)  # the doctor would end the transaction
    with business.atomic() as transaction:
        execute(statement)
        only(examined_anew, "fault", "schema", named)
        transaction.rollback()


def test_what_carnet_did_not_make(examined_anew: Examined) -> None:
    execute("CREATE TABLE novelty (id INTEGER)")
    try:
        only(examined_anew, "warning", "schema", "table novelty")
    finally:
        execute("DROP TABLE novelty")


def test_a_schema_of_another_program(examined: Examined) -> None:
    execute("UPDATE schema_version SET version = version + 1")
    try:
        only(examined, "fault", "schema-version", "newer than this program")
    finally:
        execute("UPDATE schema_version SET version = version - 1")


def test_a_look_that_fails_is_a_finding_of_its_name(examined_anew: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> list[str]:
        raise peewee.ProgrammingError("permission denied for database")

    monkeypatch.setattr("webapp.doctor.schema.migrate", refuse)
    only(examined_anew, "fault", "schema", "This could not be looked at. permission denied for database.")


# SQLite


@pytest.mark.parametrize(
    "version, is_free",
    [((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 6), False),
     ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True), ((4, 0, 0), True)],
)  # fmt: skip
def test_which_sqlite_is_free_of_the_fault(version: tuple[int, ...], is_free: bool) -> None:
    assert sqlite.is_free_of_the_wal_fault(version) == is_free


@pytest.mark.sqlite_only
@pytest.mark.parametrize("mode, level", [("wal", "fault"), ("truncate", "warning")])
def test_an_sqlite_with_the_fault(examined: Examined, mode: str, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(f"PRAGMA journal_mode = {mode}")
    monkeypatch.setattr(SQLITE, "sqlite_version_info", (3, 40, 1))
    code, found = examined()
    assert found["sqlite-library"][0] == level
    assert "can lose what was saved" in found["sqlite-library"][1]
    assert ("pragmas" in found) == (mode == "wal")
    assert code == (1 if level == "fault" else 0)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("pragma", ["synchronous = 1", "foreign_keys = 0", "recursive_triggers = 0"])
def test_a_connection_that_is_set_otherwise(examined: Examined, pragma: str) -> None:
    execute(f"PRAGMA {pragma}")
    only(examined, "fault", "pragmas", pragma.split(maxsplit=1)[0])


@pytest.mark.sqlite_only
def test_a_file_with_a_broken_page(examined: Examined, business: peewee.SqliteDatabase) -> None:
    page = rows("SELECT rootpage FROM sqlite_master WHERE name = 'role'")[0][0]
    size = rows("PRAGMA page_size")[0][0]
    rows("PRAGMA wal_checkpoint(TRUNCATE)")
    business.close()
    with Path(str(business.database)).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    code, found = examined()
    assert code == 1
    assert found["file"][0] == "fault"
    assert "restore a backup" in found["file"][1]


# PostgreSQL


@pytest.mark.postgres_only
@pytest.mark.parametrize(
    "answer, level, sentence",
    [
        (("180006", "18.6", "on", "on"), "fault", "takes no writes"),
        (("180006", "18.6", "off", "off"), "fault", "fsync is off"),
        (("130001", "13.1", "off", "on"), "warning", "Upgrade it"),
        (("180006", "18.6", "off", "on"), "ok", "waits for its disk"),
    ],
)
def test_the_server(answer: tuple[str, ...], level: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "rows", lambda _: [answer])
    (found,) = postgres.server({})
    assert (found.level, found.name) == (level, "server")
    assert sentence in found.sentence


@pytest.mark.postgres_only
def test_a_server_with_another_clock(examined: Examined, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr(postgres, "datetime", SimpleNamespace(now=lambda _: later))
    only(examined, "fault", "server-clock", "seconds apart")


@pytest.mark.postgres_only
def test_no_programs_for_backups(examined: Examined, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PG_BIN", "/nowhere")
    only(examined, "warning", "programs", "There is no pg_dump in /nowhere")
