"""A backup is the whole business of one moment, proven, or it is not there at all."""

import contextlib
import errno
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import peewee
import pytest
from click.testing import Result
from flask import Flask

from tests import factories as make
from tests.apart import another_program, leave
from tests.business import address
from tests.conftest import Running
from tests.postgres import programs
from tests.schema import NOW
from webapp import backups, presence
from webapp.db import connect, db, execute, rows
from webapp.domain.errors import DomainError
from webapp.models import User

PAYING = """
import sys, threading
import peewee
from tests import factories as make
from tests.apart import another_program, leave
from tests.business import address
from webapp import db, presence
from webapp.models import User

presence.enter(db.connect(sys.argv[1]))
owner = User.get(User.email == address("owner"))
piano = make.piano()
stop, speaking = threading.Event(), threading.Lock()

def pay(name):
    while not stop.is_set():
        try:
            somebody = make.somebody(name)
            make.pay(make.save(somebody, (piano, "100.00"), by=owner), by=owner)
        except peewee.OperationalError:  # too many at once on a slow machine; whoever pays tries again
            continue
        last = db.rows("SELECT max(id) FROM payment WHERE customer_id = ?", (somebody.id,))[0][0]
        with speaking:
            print(last, flush=True)
    db.db.close()

threads = [threading.Thread(target=pay, args=(name,)) for name in ("Ann", "Bea", "Cem")]
[thread.start() for thread in threads]
sys.stdin.read()
stop.set()
[thread.join() for thread in threads]
"""


@pytest.fixture
def kept_apart(app: Flask, business: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with PostgreSQL's programs at hand."""
    monkeypatch.setitem(app.config, "PG_BIN", str(programs()))
    return app


@pytest.fixture
def back_up(kept_apart: Flask) -> Callable[..., Result]:
    def run(*words: object) -> Result:
        return kept_apart.test_cli_runner().invoke(args=["backup", *map(str, words)])

    return run


def sell() -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)


def payments_in(path: Path) -> set[int]:
    """The ids of the payments in a backup, read without Carnet."""
    if path.read_bytes()[:5] == b"PGDMP":
        told = subprocess.run(
            [programs() / "pg_restore", "--file=-", "--data-only", "--table=payment", path],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return {int(line.split("\t")[0]) for line in told.splitlines() if line.partition("\t")[0].isdecimal()}
    with contextlib.closing(vars(peewee)["sqlite3"].connect(path)) as connection:
        return {number for (number,) in connection.execute("SELECT id FROM payment")}


def test_a_backup_holds_what_was_paid_and_is_for_its_owner_only(back_up: Callable[..., Result], tmp_path: Path) -> None:
    sell()
    path = tmp_path / "carnet.backup"
    result = back_up(path)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{path} holds the business at schema {NOW}, its last entry of 20")
    assert payments_in(path) == {number for (number,) in rows("SELECT id FROM payment")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(back_up: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "carnet.backup"
    path.write_text("the holiday pictures")
    result = back_up(path)
    assert result.exit_code == 1
    assert "is there already, and stays as it is" in result.output
    assert path.read_text() == "the holiday pictures"
    assert back_up("--replace", path).exit_code == 0
    assert payments_in(path) == set()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_came_meanwhile_stays_too(
    back_up: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, really = tmp_path / "carnet.backup", os.fsync

    def fsync(descriptor: int) -> None:
        path.write_text("another backup")
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert back_up(path).exit_code == 1
    assert path.read_text() == "another backup"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name, sentence", [("nowhere/a.backup", "There is no folder"), ("", "is a folder. Name the file")]
)
def test_where_no_file_can_be(back_up: Callable[..., Result], tmp_path: Path, name: str, sentence: str) -> None:
    result = back_up(tmp_path / name)
    assert result.exit_code == 1
    assert sentence in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number, sentence",
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EDQUOT, "The disk is full."),
        (errno.EROFS, "The disk is read-only."),
        (errno.EACCES, "It may not be written"),
        (errno.EIO, "Input/output error."),
    ],
)
@pytest.mark.parametrize("call", ["fsync", "link", "open"])
def test_what_the_disk_refuses_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, sentence: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    instead = {"fsync": refuse, "link": refuse, "open": refuse}
    really = SimpleNamespace(**{name: getattr(os, name) for name in dir(os) if not name.startswith("__")})
    setattr(really, call, instead[call])
    monkeypatch.setattr(backups.files, "os", really)
    if call == "link":  # there is another way to a new name
        monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(DomainError, match=sentence), backups.files.arriving(tmp_path / "a.backup") as unfinished:
        unfinished.write_bytes(b"half")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the removal of what was never made."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(DomainError, match=r"The disk is read-only"), backups.files.arriving(tmp_path / "a.backup"):
        pass


def test_a_file_system_with_one_name_for_each_file_will_do(
    back_up: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no")

    monkeypatch.setattr(os, "link", refuse)
    assert back_up(tmp_path / "a.backup").exit_code == 0
    assert list(tmp_path.iterdir()) == [tmp_path / "a.backup"]


def test_a_disk_that_takes_no_more_really(back_up: Callable[..., Result], tmp_path: Path) -> None:
    """A limit of the size of files stands for the end of the disk; the writing fails in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        result = back_up(tmp_path / "a.backup")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.exit_code == 1
    assert "The disk is full" in result.output or "pg_dump did not succeed" in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_left_is_swept(back_up: Callable[..., Result], tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    for side in ("", "-journal"):
        (tmp_path / f"a.backup.unfinished-{process.pid}-abc123{side}").touch()
    running = tmp_path / f"a.backup.unfinished-{os.getpid()}-abc123"
    running.touch()
    assert back_up(tmp_path / "a.backup").exit_code == 0
    assert set(tmp_path.iterdir()) == {tmp_path / "a.backup", running}


def test_wrong_books_are_named_and_only_kept_on_request(back_up: Callable[..., Result], tmp_path: Path) -> None:
    sell()
    execute("UPDATE account SET credits = credits + 1 WHERE kind = 'P'")
    path = tmp_path / "a.backup"
    result = back_up(path)
    assert result.exit_code == 1
    assert "The books in it are not right:\ntransfers: " in result.output
    assert list(tmp_path.iterdir()) == []
    result = back_up("--with-faults", path)
    assert result.exit_code == 0
    assert "Its books have faults: 4." in result.output
    assert len(payments_in(path)) == 1


def test_nothing_is_backed_up_while_the_database_is_swapped(
    back_up: Callable[..., Result], engine: Running, tmp_path: Path
) -> None:
    leave(db.obj)
    with another_program(engine.engine.url) as other, presence.alone(other):
        result = back_up(tmp_path / "a.backup")
    assert result.exit_code == 1
    assert "being restored or migrated" in result.output


def test_while_people_pay_every_backup_holds_all_that_was_paid_before(
    business: peewee.Database, engine: Running, tmp_path: Path
) -> None:
    acknowledged: list[int] = []
    command = [sys.executable, "-c", PAYING, engine.engine.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shop:
        listening = threading.Thread(target=lambda: acknowledged.extend(map(int, shop.stdout or ())))
        listening.start()
        copies: list[tuple[set[int], set[int]]] = []
        deadline = time.monotonic() + 120
        while len(copies) < 3:
            assert time.monotonic() < deadline
            assert shop.poll() is None
            time.sleep(0.01)
            if len(acknowledged) > 2 * len(copies):
                before = set(acknowledged)
                path = tmp_path / f"{len(copies)}.backup"
                backups.back_up(business, path, programs=str(programs()))
                copies.append((before, payments_in(path)))
        if shop.stdin:
            shop.stdin.close()
        listening.join()
    assert all(before <= copied for before, copied in copies)
    assert copies[0][1] < copies[-1][1]


# SQLite


@pytest.mark.sqlite_only
@pytest.mark.parametrize("side", ["", "-wal"])
def test_the_database_itself_is_never_the_target(
    back_up: Callable[..., Result], engine: Running, side: str, business: peewee.Database
) -> None:
    rows("SELECT 1")
    path = Path(f"{business.database}{side}")
    before = path.read_bytes() if path.exists() else None
    result = back_up("--replace", path)
    assert result.exit_code == 1
    assert "is the database itself" in result.output
    assert before is not None
    assert path.read_bytes() == before


@pytest.mark.sqlite_only
def test_a_damaged_database_makes_no_backup(kept_apart: Flask, business: peewee.Database, tmp_path: Path) -> None:
    """An index without an entry: VACUUM copies it without a word."""
    damaged = tmp_path / "damaged.db"
    backups.back_up(business, damaged)
    with contextlib.closing(vars(peewee)["sqlite3"].connect(damaged, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
                           " WHERE name = 'customer_role') WHERE name = 'customer_sort'")  # fmt: skip
    opened = connect(f"sqlite:///{damaged}")
    db.initialize(business)
    with pytest.raises(DomainError, match=r"damaged"):
        backups.back_up(opened, tmp_path / "a.backup")
    assert not (tmp_path / "a.backup").exists()


# PostgreSQL


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[list[str], dict[str, str]]]]:
    """The programs that were started, with their words and surroundings."""
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> SimpleNamespace:
        seen.append(([*command], env))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return seen  # type: ignore[return-value]  # nothing to put back


@pytest.mark.postgres_only
def test_the_password_stands_in_no_command(
    business: peewee.Database, started: list[tuple[list[str], dict[str, str]]], tmp_path: Path, monkeypatch
) -> None:
    url = "postgresql://ana:hush@127.0.0.1:5433/books?sslmode=require"
    monkeypatch.setattr(business, "database", url)
    backups.back_up(business, tmp_path / "a.backup", programs=str(programs()))
    (command, surroundings), _ = started
    assert not any("hush" in word or "ana" in word for word in command)
    assert {name: surroundings[name] for name in ("PGPASSWORD", "PGUSER", "PGHOST", "PGPORT", "PGSSLMODE")} == {
        "PGPASSWORD": "hush",
        "PGUSER": "ana",
        "PGHOST": "127.0.0.1",
        "PGPORT": "5433",
        "PGSSLMODE": "require",
    }
    assert surroundings["PGDATABASE"] == "books"
    assert "--no-password" in command


@pytest.mark.postgres_only
def test_without_pg_dump_a_sentence(business: peewee.Database, tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"There is no pg_dump in /nowhere\. Install .* CARNET_PG_BIN"):
        backups.back_up(business, tmp_path / "a.backup", programs="/nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres_only
def test_a_pg_dump_older_than_the_server_is_told_as_it_tells_it(business: peewee.Database, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    says = "pg_dump: error: aborting because of server version mismatch"
    for name in ("pg_dump", "pg_restore"):
        (old / name).write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
        (old / name).chmod(0o755)
    with pytest.raises(DomainError, match=r"pg_dump did not succeed: .*server version mismatch"):
        backups.back_up(business, tmp_path / "a.backup", programs=str(old))
    assert list(tmp_path.iterdir()) == [old]
