"""Commands for the person who runs Carnet."""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from tests import factories as make
from tests.apart import another_program, leave
from tests.business import address
from tests.clients import client_for
from tests.conftest import Running
from tests.postgres import programs
from tests.schema import NOW, with_one_more
from webapp import presence
from webapp.config import from_environment
from webapp.db import db, execute, is_sqlite
from webapp.domain.checks import Fault
from webapp.domain.errors import DomainError
from webapp.models import Company, Membership, Role, User

WORDS = "three green herons"


def run(app: Flask, *words: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def new_user(app: Flask, *more: str, typed: str | None = None) -> Result:
    return run(app, "create-user", "--email", "Ana@Carnet.Test", "--name", "Ana Silva", *more, typed=typed)


# create-user


def test_create_user(app: Flask) -> None:
    result = new_user(app, "--role", "Owner", "--password", WORDS)
    assert (result.exit_code, result.output) == (0, "Ana Silva can sign in as ana@carnet.test.\n")
    assert User.get(User.email == "ana@carnet.test").role.name == "Owner"
    signing_in = {"email": "ana@carnet.test", "password": WORDS}
    assert client_for(app).post("/sign-in", data=signing_in).status_code == 303


def test_create_user_asks_for_what_is_missing(app: Flask) -> None:
    result = run(app, "create-user", typed=f"ana@carnet.test\nAna Silva\n\n{WORDS}\n{WORDS}\n")
    assert result.exit_code == 0
    assert WORDS not in result.output
    assert User.get(User.email == "ana@carnet.test").role.name == "Front Desk"


def test_create_user_makes_up_a_password(app: Flask) -> None:
    result = new_user(app, "--role", "Manager", "--generate")
    assert result.exit_code == 0
    password = result.output.strip().removesuffix(".").rpartition(" ")[2]
    signing_in = {"email": "ana@carnet.test", "password": password}
    assert client_for(app).post("/sign-in", data=signing_in).status_code == 303


@pytest.mark.parametrize(
    "more, sentence",
    [
        (("--role", "Pilot", "--generate"), "There is no staff role Pilot. There are: Owner, Manager,"),
        (("--role", "Customer", "--generate"), "There is no staff role Customer."),
        (("--role", "Manager", "--password", "short"), "at least 12 characters"),
        (("--role", "Manager", "--password", "Ana Silva 2026"), "anybody would try"),
        (("--role", "Manager", "--generate", "--email", address("owner")), "Somebody here has this email already."),
        (("--role", "Manager", "--generate", "--name", " "), "Type a name."),
    ],
)
def test_create_user_refuses(app: Flask, more: tuple[str, ...], sentence: str) -> None:
    result = new_user(app, *more)
    assert result.exit_code == 1
    assert sentence in result.output
    assert User.select().count() == 4


@pytest.mark.parametrize("command", [("create-user", "--email", "a@b.test", "--name", "A", "--role", "Owner",
                                      "--generate"), ("expire",)])  # fmt: skip
def test_commands_need_a_business(empty_app: Flask, command: tuple[str, ...]) -> None:
    result = run(empty_app, *command)
    assert result.exit_code == 1
    assert "There is no business here yet." in result.output


# demo


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """A sample business that only notes who asked for it, and how many were there by then."""
    asked: list[tuple[str, int]] = []

    def fill(*, owner: User, on: date) -> None:
        asked.append((owner.email, User.select().count()))

    monkeypatch.setattr("webapp.domain.demo.fill", fill)
    return asked


def test_demo(empty_app: Flask, filled: list[tuple[str, int]]) -> None:
    result = run(empty_app, "demo", "--password", "demo")
    assert result.exit_code == 0
    assert "demo@" not in result.output
    assert "The password" not in result.output
    assert filled == [("owner@demo.test", 4)]
    for name, role in (
        ("owner", "Owner"),
        ("manager", "Manager"),
        ("frontdesk", "Front Desk"),
        ("bookkeeper", "Bookkeeper"),
    ):
        assert User.get(User.email == f"{name}@demo.test").role.name == role
    signing_in = {"email": "frontdesk@demo.test", "password": "demo"}
    assert client_for(empty_app).post("/sign-in", data=signing_in).status_code == 303


def test_demo_makes_up_a_password(empty_app: Flask, filled: list[tuple[str, int]]) -> None:
    result = run(empty_app, "demo")
    password = result.output.strip().rpartition(" ")[2]
    signing_in = {"email": "owner@demo.test", "password": password}
    assert client_for(empty_app).post("/sign-in", data=signing_in).status_code == 303


def test_demo_needs_an_empty_database(app: Flask, filled: list[tuple[str, int]]) -> None:
    result = run(app, "demo")
    assert result.exit_code == 1
    assert "holds a business already" in result.output
    assert filled == []
    assert Company.get_by_id(1).name == "Test Flight School"


# expire


@pytest.fixture
def the_third_of_june() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 6, 3, 1, tzinfo=UTC), tick=False):
        yield


def test_expire(app: Flask, the_third_of_june: None) -> None:
    owner = User.get(User.email == address("owner"))
    over = make.add(make.somebody("Ann"), make.piano(validity="days", validity_count=1), by=owner)
    never = make.add(make.somebody("Bea"), make.trio(), by=owner)
    assert run(app, "expire").output == "1 membership was ended.\n"
    assert run(app, "expire").output == "0 memberships were ended.\n"
    assert Membership.get_by_id(over.id).reason == "expired"
    assert Membership.get_by_id(never.id).is_active


# check-ledger


def test_the_books_are_right(app: Flask) -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    result = run(app, "check-ledger")
    assert (result.exit_code, result.output) == (0, "The books are right.\n")


def test_a_fault_in_the_books(app: Flask) -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    execute("UPDATE account SET credits = credits + 1 WHERE kind = 'P'")
    result = run(app, "check-ledger")
    assert result.exit_code == 1
    assert "The books are right." not in result.output
    assert result.output.startswith("transfers: ")


def test_every_fault_is_printed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Fault("draws", "This is wrong."), Fault("numbers", "And this.")]
    monkeypatch.setattr("webapp.domain.checks.faults", lambda: found)
    result = run(app, "check-ledger")
    assert (result.exit_code, result.output) == (1, "draws: This is wrong.\nnumbers: And this.\n")


# migrate


def test_migrate(app: Flask) -> None:
    assert run(app, "migrate").output == "The database is up to date.\n"
    assert Role.select().exists()


@pytest.fixture
def stale(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application of the next version, whose migration makes a table, on the database of this one."""

    def up() -> None:
        execute("CREATE TABLE novelty (id INTEGER)")

    following = SimpleNamespace(import_module=lambda name: SimpleNamespace(up=up))
    monkeypatch.setattr("webapp.migrations.names", with_one_more)
    monkeypatch.setattr("webapp.migrations.importlib", following)
    monkeypatch.setitem(app.config, "INSTANCE", tmp_path)
    monkeypatch.setitem(app.config, "PG_BIN", str(programs()))
    leave(db.obj)
    yield app
    execute("DROP TABLE IF EXISTS novelty")
    execute(f"UPDATE schema_version SET version = {NOW}")
    leave(db.obj)


def backups_of(app: Flask) -> list[Path]:
    folder = Path(app.config["INSTANCE"]) if not is_sqlite() else Path(str(db.database)).parent
    return [path for path in folder.iterdir() if f"before-schema-{NOW + 1}" in path.name]


def test_migrate_makes_a_backup_first(stale: Flask) -> None:
    result = run(stale, "migrate")
    assert result.exit_code == 0, result.output
    (kept,) = backups_of(stale)
    assert result.output == f"Backed up as {kept}\nApplied {with_one_more()[-1]}\n"
    assert kept.stat().st_mode & 0o077 == 0
    assert db.table_exists("novelty")
    kept.unlink()


def test_migrate_without_a_backup_only_when_told_so(stale: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DomainError("There is no pg_dump on this machine.")

    monkeypatch.setattr("webapp.backups.back_up", refuse)
    result = run(stale, "migrate")
    assert result.exit_code == 1
    assert "There is no pg_dump" in result.output
    assert "add --without-backup" in result.output
    assert not db.table_exists("novelty")
    assert run(stale, "migrate", "--without-backup").exit_code == 0
    assert db.table_exists("novelty")
    assert backups_of(stale) == []


def test_migrate_waits_for_nobody(stale: Flask, engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who works with the database goes on by the old schema, so it must not change under them."""
    with another_program(engine.engine.url) as other, presence.shared(other):
        result = run(stale, "migrate", "--without-backup")
    assert result.exit_code == 1
    assert "Carnet is running on this database" in result.output
    assert not db.table_exists("novelty")


def test_migrate_can_start_on_a_database_that_nothing_else_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("migrate", "backup", "restore", "doctor"):
        monkeypatch.setattr(sys, "argv", ["flask", "--app", "wsgi", command])
        assert from_environment()["SKIP_SCHEMA_CHECK"]
    monkeypatch.setattr(sys, "argv", ["flask", "--app", "wsgi", "expire"])
    assert not from_environment()["SKIP_SCHEMA_CHECK"]


def test_migrate_leaves_the_database_of_a_newer_program_alone(app: Flask) -> None:
    execute("UPDATE schema_version SET version = version + 1")
    result = run(app, "migrate")
    assert result.exit_code == 1
    assert "newer than this program" in result.output
