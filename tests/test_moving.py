"""A business that moves to another engine is the same there, to the last character, and can go on."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask

from tests import factories as make
from tests import naughty, postgres
from tests.bench import scratch
from tests.business import CHEAP_HASH, PASSWORD, address
from tests.clients import Client, client_for
from tests.conftest import Running, disconnect
from tests.schema import NOW, with_one_more
from webapp import create_app, db, moving
from webapp.cli.copying import copy_database
from webapp.config import from_environment
from webapp.db import execute, rows
from webapp.domain import checks
from webapp.domain.errors import DomainError
from webapp.migrations import migrate
from webapp.models import MODELS, Customer, User

sqlite3 = vars(peewee)["sqlite3"]
Make = Callable[[str], str]


@pytest.fixture
def postgresql(engine: Running) -> Iterator[Make]:
    """Makes empty databases on PostgreSQL, by name."""
    opened = []

    def make_one(name: str) -> str:
        opened.append(postgres.database(engine.engine.url, f"carnet_move_{os.getpid()}_{name}"))
        return opened[-1].__enter__()

    yield make_one
    db.db.initialize(engine.database)
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small business: two customers, an invoice paid, another one open."""
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with scratch.business(f"sqlite:///{path}"):
        owner = User.get(User.email == address("owner"))
        make.pay(make.save(make.somebody("Ann"), (make.piano(), "100.00"), by=owner), by=owner)
        make.save(make.somebody("Bea"), (make.trio(), "50.00"), by=owner)
    return path


@pytest.fixture
def shop(shop_file: Path, tmp_path: Path) -> str:
    """The URL of a copy of that business."""
    return f"sqlite:///{shutil.copyfile(shop_file, tmp_path / 'shop.db')}"


def dump(url: str) -> list[str]:
    """Everything that an SQLite file holds, the schema too, each value with its type, in any order."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        tables = [name for kind, name, *_ in schema if kind == "table"]
        found = [(table, row) for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]
        return sorted(map(repr, [*schema, *found]))
    finally:
        connection.close()


def held(url: str) -> dict[str, list[Any]]:
    """All rows on PostgreSQL that are there before or after a copy, read by psycopg alone."""
    with psycopg.connect(url) as connection:
        tables = [str(model._meta.table_name) for model in MODELS]
        known = {t for (t,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        return {t: connection.execute(f'SELECT * FROM "{t}" ORDER BY 1').fetchall() for t in tables if t in known}


def is_empty(url: str) -> bool:
    return not any(held(url).values())


def add_everything() -> None:
    """To the sample business: the names that nobody has, and customers who were merged into later and merged ones."""
    for text in naughty.strings():
        if "\0" not in text and "\ud800" not in text:
            make.somebody(text)
    first, second, third = (make.somebody(name).id for name in ("one", "two", "three"))
    for one, into in ((first, third), (third, second)):
        Customer.update(merged_into=into, active=False).where(Customer.id == one).execute()


@pytest.mark.postgres_only
def test_there_and_back_again(
    tmp_path: Path, postgresql: Make, sample_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "BATCH", 97)
    start, there, back = f"sqlite:///{tmp_path / 'a.db'}", postgresql("there"), f"sqlite:///{tmp_path / 'b.db'}"
    shutil.copyfile(sample_file, tmp_path / "a.db")
    database = db.connect(start)
    with database.atomic():
        add_everything()
    disconnect(database)
    moved = moving.copy(start, there)
    assert moved == moving.copy(there, back)
    assert dump(back) == dump(start)
    assert [one.table for one in moved] == [model._meta.table_name for model in MODELS]
    assert {one.table: one.rows for one in moved} == {table: len(found) for table, found in held(there).items()}
    assert next(one.sums["amount_minor"] for one in moved if one.table == "transfer") > 10_000_000
    go_on(there, tmp_path)
    go_on(back, tmp_path)


def go_on(url: str, folder: Path) -> None:
    """Sign in on the copy, sell, be paid, and look at the books: new rows stand behind those that came along."""
    app = create_app({
        "TESTING": True, "DATABASE_URL": url, "INSTANCE": folder, "SECRET_KEY": "x", "PASSWORD_METHOD": CHEAP_HASH,
    })  # fmt: skip
    try:
        app.test_client_class = Client
        signing_in = {"email": address("owner"), "password": PASSWORD}
        assert client_for(app).post("/sign-in", data=signing_in).status_code == 303
        owner = User.get(User.email == address("owner"))
        tables = ("customer", "invoice", "journal", "transfer", "membership", "audit")
        highest = {table: rows(f"SELECT MAX(id) FROM {table}")[0][0] for table in tables}
        make.pay(make.save(make.somebody("Ann"), (make.piano(), "450.00"), by=owner), by=owner)
        assert {table: rows(f"SELECT MAX(id) > ? FROM {table}", (highest[table],))[0][0] for table in tables} == (
            dict.fromkeys(tables, True)
        )
        with pytest.raises((peewee.IntegrityError, peewee.InternalError), match="append-only"):
            execute("UPDATE transfer SET amount_minor = amount_minor + 1")
        assert checks.faults() == []
    finally:
        disconnect(app.extensions["carnet.database"])


def test_what_is_referred_to_is_copied_first() -> None:
    copied: set[Any] = set()
    for model in MODELS:
        copied.add(model)
        assert {field.rel_model for field in model._meta.sorted_fields if hasattr(field, "rel_model")} <= copied


# What is refused


@pytest.mark.sqlite_only
def test_a_target_that_holds_a_business_is_left_alone(shop: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'target.db'}"
    moving.copy(shop, target)
    before = dump(target)
    with pytest.raises(DomainError, match="holds a business already"):
        moving.copy(shop, target)
    with pytest.raises(DomainError, match="holds a business already"):
        moving.copy(shop, shop)
    assert dump(target) == before


@pytest.mark.sqlite_only
def test_a_target_of_something_else_is_left_alone(shop: str, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(DomainError, match="Give Carnet a database of its own"):
        moving.copy(shop, f"sqlite:///{tmp_path / 'other.db'}")


@pytest.mark.sqlite_only
def test_another_schema_is_refused(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = f"sqlite:///{tmp_path / 'target.db'}"
    with monkeypatch.context() as later:
        later.setattr("webapp.migrations.names", with_one_more)
        with pytest.raises(DomainError, match=f"at schema {NOW}, this program needs {NOW + 1}"):
            moving.copy(shop, target)
    moving.copy(shop, target)
    for url in (target, shop):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("UPDATE schema_version SET version = 99")
        connection.commit()
        connection.close()
        with pytest.raises(DomainError, match="at schema 99"):
            moving.copy(shop, target)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "source, target, sentence",
    [
        ("sqlite:///{}/nothing.db", "sqlite:///{}/new.db", "There is no file"),
        ("mysql://somewhere/carnet", "sqlite:///{}/new.db", "is named sqlite:///"),
        ("sqlite:///{}/shop.db", "carnet.db", "is named sqlite:///"),
        ("sqlite:///{}/empty.db", "sqlite:///{}/new.db", "holds no business"),
        ("sqlite:///{}/migrated.db", "sqlite:///{}/new.db", "holds no business"),
        ("sqlite:///{}/text.db", "sqlite:///{}/new.db", "cannot be opened: file is not a database"),
        ("sqlite:///{}/shop.db", "sqlite:///{}/text.db", "cannot be opened: file is not a database"),
        ("postgresql://me:secret@127.0.0.1:1/carnet", "sqlite:///{}/new.db", "postgresql://127.0.0.1/carnet cannot be"),
        ("sqlite:///{}/shop.db", "cockroachdb://me:secret@127.0.0.1:1/carnet", "cockroachdb://127.0.0.1/carnet cannot"),
    ],
)
def test_what_cannot_be_copied(shop: str, tmp_path: Path, source: str, target: str, sentence: str) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("This is a letter, and no database at all. " * 20)
    migrated = db.connect(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrate(migrated)
    disconnect(migrated)
    result = CliRunner().invoke(copy_database, [source.format(tmp_path), target.format(tmp_path)])
    assert (result.exit_code, sentence in result.output, "secret" in result.output) == (1, True, False), result.output
    assert not (tmp_path / "new.db").exists()


@pytest.mark.postgres_only
def test_what_postgresql_cannot_hold_is_said(shop: str, postgresql: Make) -> None:
    connection = sqlite3.connect(shop.removeprefix("sqlite:///"))
    connection.execute("UPDATE customer SET note = 'nothing' || char(0) || 'more'")
    connection.commit()
    connection.close()
    target = postgresql("null")
    with pytest.raises(DomainError, match=r"Nothing was copied: .*NUL"):
        moving.copy(shop, target)
    assert is_empty(target)


@pytest.mark.sqlite_only
def test_books_that_are_wrong_are_not_moved(shop: str, tmp_path: Path) -> None:
    connection = sqlite3.connect(shop.removeprefix("sqlite:///"))
    connection.execute("UPDATE account SET credits = credits + 1 WHERE kind = 'P'")
    connection.commit()
    connection.close()
    target = f"sqlite:///{tmp_path / 'target.db'}"
    with pytest.raises(DomainError, match="the books are not right:\ntransfers: "):
        moving.copy(shop, target)
    assert rows_in(target) == 0


def rows_in(url: str) -> int:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        counts = [connection.execute(f"SELECT COUNT(*) FROM {model._meta.table_name}") for model in MODELS]
        return sum(found.fetchone()[0] for found in counts)
    finally:
        connection.close()


def test_the_app_s_own_database_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["flask", "--app", "wsgi", "copy-database", "sqlite:///a.db", "sqlite:///b.db"])
    assert from_environment()["SKIP_SCHEMA_CHECK"]


# What goes wrong on the way


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "harm, sentence",
    [
        ("UPDATE customer SET name = 'Bee' WHERE name = 'Bea'", "the rows of customer are not alike"),
        ("UPDATE customer SET version = version + 1", "customer is not alike on both sides: version 0 and 2"),
        ("DELETE FROM draft_line", "draft_line is not alike on both sides: rows"),
        ("UPDATE membership_item SET used_milli = used_milli + 1", "membership_item is not alike on both sides"),
    ],
)
def test_a_copy_that_is_not_alike_is_not_kept(
    shop: str, tmp_path: Path, harm: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_table = moving._copy_table

    def harmed(model: Any, source: peewee.Database) -> str:
        mark = copy_table(model, source)
        if model is MODELS[-1]:
            execute(harm)
        return mark

    monkeypatch.setattr(moving, "_copy_table", harmed)
    target = f"sqlite:///{tmp_path / 'target.db'}"
    with pytest.raises(DomainError, match=sentence):
        moving.copy(shop, target)
    assert rows_in(target) == 0


@pytest.mark.sqlite_only
def test_what_is_sold_meanwhile_is_not_in_the_copy(shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, before = moving._write, dump(shop)

    def busy(model: Any, page: Any) -> None:
        if model is MODELS[0]:
            connection = sqlite3.connect(shop.removeprefix("sqlite:///"), timeout=0)
            connection.execute("UPDATE customer SET name = 'Zoe', version = version + 1")
            connection.commit()
            connection.close()
        write(model, page)

    monkeypatch.setattr(moving, "_write", busy)
    target = f"sqlite:///{tmp_path / 'target.db'}"
    moving.copy(shop, target)
    assert dump(target) == before != dump(shop)


CUT_OFF = """
import os, signal, sys
from webapp import moving
from webapp.cli.copying import copy_database
write, left = moving._write, [int(sys.argv[3])]
def cut_off(model, page):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), int(sys.argv[4]))
    write(model, page)
moving._write = cut_off
copy_database([sys.argv[1], sys.argv[2]])
"""


def cut_off(source: str, target: str, pages: int, sign: signal.Signals) -> int:
    """Run the command in a process of its own, to which this happens before that page is written; its exit code."""
    words = [sys.executable, "-c", CUT_OFF, source, target, str(pages), str(int(sign))]
    return subprocess.run(words, cwd=scratch.INSTANCE.parent, capture_output=True, check=False).returncode


@pytest.mark.postgres_only
@pytest.mark.parametrize("sign, code", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 1)])
def test_cut_off_on_the_way_to_postgresql(shop: str, postgresql: Make, sign: signal.Signals, code: int) -> None:
    before, target = dump(shop), postgresql("cut")
    assert cut_off(shop, target, 12, sign) == code
    assert (is_empty(target), dump(shop) == before) == (True, True)
    moving.copy(shop, target)
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'transfer_post'").fetchall() == (
            [("O",)]
        )


@pytest.mark.sqlite_only
@pytest.mark.parametrize("sign, code", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 1)])
def test_cut_off_on_the_way_to_a_file(shop: str, tmp_path: Path, sign: signal.Signals, code: int) -> None:
    before, target = dump(shop), f"sqlite:///{tmp_path / 'target.db'}"
    assert cut_off(shop, target, 12, sign) == code
    assert (rows_in(target), dump(shop) == before) == (0, True)
    moving.copy(shop, target)
    assert dump(target) == before


# What it says


@pytest.mark.sqlite_only
def test_the_command_says_what_it_compared(app: Flask, shop: str, tmp_path: Path) -> None:
    own, target = app.extensions["carnet.database"], f"sqlite:///{tmp_path / 'target.db'}"
    db.db.initialize(own)
    result = app.test_cli_runner().invoke(args=["copy-database", shop, target])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "customer                  2   credit_limit_minor 0" in lines
    assert "transfer                  4   amount_minor 35,000" in lines
    assert lines[-3] == "Every row was read back and is alike, the sums of both sides agree, and the books are right."
    assert lines[-2].startswith(f"What was changed in {shop} after ")
    assert lines[-1] == f"Set DATABASE_URL to {target} and start Carnet."
    assert (db.db.obj is own, Customer.select().count()) == (True, 0)
