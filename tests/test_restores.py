"""A backup takes the place of the database only where nobody is at work and it was proven; killed at any moment, the
old one or the new one is there."""

import contextlib
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import peewee
import psycopg
import pytest
from click.testing import Result
from flask import Flask

from tests import factories as make
from tests import postgres
from tests.apart import another_program, leave
from tests.business import address
from tests.conftest import Running, disconnect
from tests.schema import NOW, with_one_more
from webapp import backups, migrations, presence
from webapp.backups.proof import instead
from webapp.db import connect, db, execute, is_sqlite, rows
from webapp.doctor import schema
from webapp.domain import checks
from webapp.domain.errors import DomainError
from webapp.models import Payment, SignInSession, User

SQLITE = vars(peewee)["sqlite3"]
BackUp = Callable[..., Path]
Refuse = Callable[[Path, str], None]


@pytest.fixture
def spare(engine: Running, business: peewee.Database, tmp_path: Path) -> Iterator[peewee.Database]:
    """An empty database of the same engine, which nobody else is connected to."""
    with contextlib.ExitStack() as stack:
        if engine.engine.name == "sqlite":
            url = f"sqlite:///{tmp_path / 'place' / 'carnet.db'}"
        else:
            url = stack.enter_context(postgres.database(engine.engine.url, f"carnet_spare_{os.getpid()}"))
        opened = connect(url)
        db.initialize(business)
        yield opened
        disconnect(opened)


@pytest.fixture
def restore(app: Flask, spare: peewee.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``flask restore`` on the spare database."""
    monkeypatch.setitem(app.config, "PG_BIN", str(postgres.programs()))
    monkeypatch.setitem(app.config, "INSTANCE", tmp_path)
    monkeypatch.setitem(app.extensions, "carnet.database", spare)

    def run(*words: object) -> Result:
        return app.test_cli_runner().invoke(args=["restore", *map(str, words)])

    return run


@pytest.fixture
def back_up(business: peewee.Database, tmp_path: Path) -> BackUp:
    def run(name: str, *, with_faults: bool = False) -> Path:
        path = tmp_path / name
        backups.back_up(business, path, with_faults=with_faults, programs=str(postgres.programs()))
        return path

    return run


def sell() -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)


def payments(database: peewee.Database) -> int:
    """How many payments a database holds, whose books must be right."""
    with instead(database), database.connection_context():
        assert checks.faults() == []
        if is_sqlite():
            assert rows("PRAGMA integrity_check") == [("ok",)]
        return int(Payment.select().count())


def place_of(database: peewee.Database) -> Path:
    return Path(str(database.database))


# What it does


def test_the_business_is_back_and_what_was_there_is_kept(
    restore: Callable[..., Result], back_up: BackUp, spare: peewee.Database
) -> None:
    first = back_up("first")
    sell()
    second = back_up("second")
    result = restore(first)
    assert result.exit_code == 0, result.output
    assert "There was no database before." in result.output
    assert payments(spare) == 0
    result = restore(second)
    assert result.exit_code == 0, result.output
    assert f"The database is the business at schema {NOW}, its last entry of 20" in result.output
    assert payments(spare) == 1
    kept = Path(result.output.partition("kept as ")[2].partition(".\n")[0])
    assert kept.stat().st_mode & 0o077 == 0
    assert restore(kept).exit_code == 0
    assert payments(spare) == 0


def test_everybody_signs_in_again(restore: Callable[..., Result], back_up: BackUp, spare: peewee.Database) -> None:
    """Or sign-ins that were ended after the backup would open the books again."""
    assert SignInSession.select().exists()
    assert "Everybody has to sign in again." in restore(back_up("a.backup")).output
    with instead(spare), spare.connection_context():
        assert not SignInSession.select().exists()
        assert User.select().count() == 4


def test_the_database_is_worked_with_as_before(
    restore: Callable[..., Result], back_up: BackUp, spare: peewee.Database
) -> None:
    restore(back_up("a.backup"))
    with instead(spare), spare.connection_context():
        presence.enter(spare)
        assert [found.level for found in schema.schema({})] == ["ok"]
        sell()
        with pytest.raises(peewee.IntegrityError):
            execute("DELETE FROM journal")
    assert payments(spare) == 1


def test_an_older_schema_is_told_to_be_migrated(
    restore: Callable[..., Result], back_up: BackUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = back_up("a.backup")
    monkeypatch.setattr(migrations, "names", with_one_more)
    result = restore(path)
    assert result.exit_code == 0, result.output
    assert "Now run: python3 run.py flask migrate" in result.output


# What it refuses


def refused(result: Result, sentence: str, spare: peewee.Database) -> None:
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert payments(spare) == 0


@pytest.fixture
def full(restore: Callable[..., Result], back_up: BackUp, spare: peewee.Database) -> peewee.Database:
    """The spare database with a business in it, in which nobody has paid yet."""
    assert restore(back_up("empty.backup")).exit_code == 0
    sell()
    return spare


def where_carnet_runs(refuse: Refuse, full: peewee.Database, back_up: BackUp) -> None:
    url = str(full.database) if "://" in str(full.database) else f"sqlite:///{full.database}"
    with another_program(url) as serving:
        presence.enter(serving)
        refuse(back_up("while it runs"), "Carnet is running on this database")
        leave(serving)


def where_another_program_has_it_open(refuse: Refuse, full: peewee.Database, back_up: BackUp) -> None:
    """A shell, a program that copies continuously, or a Carnet that knows of no lock."""
    if isinstance(full, peewee.SqliteDatabase):
        other = SQLITE.connect(place_of(full))
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("SELECT count(*) FROM payment").fetchall()
    else:
        other = psycopg.connect(str(full.database), application_name="a shell")
    with contextlib.closing(other):
        told = "Another program has the database open" if isinstance(full, peewee.SqliteDatabase) else "a shell"
        refuse(back_up("while it is open"), told)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\xa5" * 4000
    path.write_bytes(content)


def no_backup(path: Path) -> None:
    path.write_text("Dear diary,\n" * 1000)


def of_the_other_engine(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0 and more" if path.read_bytes()[:5] == b"PGDMP" else b"PGDMP and more")


NO_BACKUP: dict[Callable[[Path], None], str] = {
    truncated: "",
    garbled: "",
    no_backup: "is no backup of Carnet",
    of_the_other_engine: "names another engine",
    Path.unlink: "cannot be read. There is no such file",
}


def what_is_no_whole_backup(refuse: Refuse, full: peewee.Database, back_up: BackUp) -> None:
    whole = back_up("whole.backup")
    path = whole.with_name("a.backup")
    for damage, sentence in NO_BACKUP.items():
        shutil.copyfile(whole, path)
        damage(path)
        with about(damage.__name__):
            refuse(path, sentence)


@contextlib.contextmanager
def about(case: str) -> Iterator[None]:
    """Name the case in what fails inside."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"the case is {case}")
        raise


def a_backup_of_a_newer_program(refuse: Refuse, full: peewee.Database, back_up: BackUp) -> None:
    execute(f"UPDATE schema_version SET version = {NOW + 1}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "names", with_one_more)
        path = back_up("newer.backup")
    execute(f"UPDATE schema_version SET version = {NOW}")
    with pytest.raises(DomainError, match="newer than this program"):
        backups.restore(full, path, keep_in=path.parent, programs=str(postgres.programs()))
    assert payments(full) == 0


def a_backup_whose_books_are_wrong(refuse: Refuse, full: peewee.Database, back_up: BackUp) -> None:
    execute("UPDATE account SET credits = credits + 1 WHERE kind = 'P'")
    path = back_up("wrong.backup", with_faults=True)
    execute("UPDATE account SET credits = credits - 1 WHERE kind = 'P'")
    refuse(path, "The books in it are not right")


REFUSALS = (
    where_carnet_runs,
    where_another_program_has_it_open,
    what_is_no_whole_backup,
    a_backup_of_a_newer_program,
    a_backup_whose_books_are_wrong,
)


def test_what_is_refused_leaves_the_database_as_it_was(
    full: peewee.Database, restore: Callable[..., Result], back_up: BackUp, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """One after the other on the same database, and then it goes: a backup with faults where they are asked for too."""
    for refusal in REFUSALS:
        with subtests.test(refusal.__name__):
            refusal(lambda path, sentence: refused(restore(path), sentence, full), full, back_up)
    assert "Its books have faults" in restore("--with-faults", tmp_path / "wrong.backup").output
    result = restore(back_up("right.backup"))
    assert result.exit_code == 0, result.output
    assert payments(full) == 1


@pytest.mark.sqlite_only
def test_a_database_in_use_is_no_backup(full: peewee.Database, restore: Callable[..., Result], tmp_path: Path) -> None:
    """A copy of the file alone is old or torn; it is found by what lies beside it."""
    copied = tmp_path / "copied.db"
    shutil.copyfile(place_of(full), copied)
    copied.with_name("copied.db-wal").write_bytes(b"frames")
    refused(restore(copied), "is a database in use, not a backup", full)


@pytest.mark.sqlite_only
def test_in_the_place_of_a_damaged_database(
    full: peewee.SqliteDatabase, restore: Callable[..., Result], back_up: BackUp
) -> None:
    """It is what a restore is for. Nothing of the old one may be read into the new one."""
    disconnect(full)
    place = place_of(full)
    for name, content in {"": b"rust" * 5000, "-wal": b"frames", "-shm": b"index"}.items():
        place.with_name(place.name + name).write_bytes(content)
    result = restore(back_up("a.backup"))
    assert result.exit_code == 0, result.output
    assert payments(full) == 1
    kept = Path(result.output.partition("kept as ")[2].partition(".\n")[0])
    assert kept.read_bytes() == b"rust" * 5000
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"frames"


# Killed


STEPS = {"open", "os.link", "os.rename", "os.remove", "os.truncate", "shutil.copyfile", "subprocess.Popen"}


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Act in a process of its own, which is killed at its n-th dealing with files or PostgreSQL; whether it was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking beside threads, which this child does not need
        child = os.fork()
    if child == 0:
        seen = [0]

        def watch(event: str, _: object) -> None:
            if event in STEPS:
                seen[0] += 1
                if seen[0] == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        really, really_execute = os.fsync, psycopg.Cursor.execute

        def fsync(descriptor: int) -> None:
            watch("open", ())
            really(descriptor)
            watch("open", ())

        def execute(cursor: psycopg.Cursor[object], *words: object, **more: object) -> object:
            watch("open", ())
            return really_execute(cursor, *words, **more)  # type: ignore[call-overload]  # handed on as they came

        os.fsync, psycopg.Cursor.execute = fsync, execute  # type: ignore[method-assign,assignment]
        sys.addaudithook(watch)
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


@pytest.mark.sqlite_only
def test_killed_at_every_step_the_old_or_the_new_one_is_there(
    full: peewee.SqliteDatabase, back_up: BackUp, tmp_path: Path
) -> None:
    new = back_up("new.backup")
    place = place_of(full)
    with instead(full), full.connection_context():
        pass  # in WAL mode, as a service leaves it
    disconnect(full)
    disconnect(db.obj)
    kept = place.read_bytes()
    found: list[int] = []
    while True:
        for left in place.parent.iterdir():
            left.unlink()
        place.write_bytes(kept)
        is_killed = killed_at(len(found) + 1, lambda: backups.restore(full, new, keep_in=tmp_path))
        found.append(payments(full))
        disconnect(full)
        if not is_killed:
            break
        with presence.alone(full):  # the dead hold nothing, and it can be done again
            pass
    assert len(found) > 12
    assert found == sorted(found)  # first always the old one, then always the new one
    assert {found[0], found[-1]} == {0, 1}


@pytest.mark.postgres_only
def test_killed_on_the_way_postgresql_has_the_old_or_the_new_one(
    full: peewee.Database, back_up: BackUp, tmp_path: Path
) -> None:
    new = back_up("new.backup")
    disconnect(full)
    disconnect(db.obj)

    def act() -> object:
        return backups.restore(full, new, keep_in=tmp_path, programs=str(postgres.programs()))

    found: list[int] = []
    while killed_at(1 + 16 * len(found), act):
        found.append(payments(full))
        disconnect(full)
    assert found.count(0) > 3
    assert found == sorted(found)  # the old one until COMMIT, which the server does; after it only settings are reset
    assert payments(full) == 1
