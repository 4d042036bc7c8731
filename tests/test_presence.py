"""Who uses the database shares it; who swaps or migrates it is alone with it, whoever dies meanwhile."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest
from flask import Flask

from tests.apart import another_program, leave
from tests.clients import Client, client_for
from tests.conftest import Running
from webapp import presence
from webapp.db import db, execute
from webapp.models import Customer

SHARING = (
    "import sys; from webapp import db, presence\n"
    "presence.enter(db.connect(sys.argv[1])); print('in', flush=True); sys.stdin.read()"
)


@pytest.fixture
def here(business: peewee.Database) -> Iterator[peewee.Database]:
    """The database, which nobody has entered yet, whatever this process did for other tests."""
    leave(business)
    yield business
    leave(business)


@pytest.fixture
def other(here: peewee.Database, engine: Running) -> Iterator[peewee.Database]:
    """The same database as another program has it: locks know files and connections, not processes."""
    with another_program(engine.engine.url) as opened:
        yield opened


@pytest.fixture
def visiting(app: Flask, here: peewee.Database) -> Client:
    return client_for(app, "owner")


def test_many_share(here: peewee.Database, other: peewee.Database) -> None:
    presence.enter(here)
    with presence.shared(other), presence.shared(here):
        presence.enter(other)


def test_nobody_is_alone_where_somebody_works(here: peewee.Database, other: peewee.Database) -> None:
    presence.enter(here)
    with pytest.raises(presence.InUse, match="Stop it first"), presence.alone(other):
        pass


def test_nobody_is_alone_beside_a_command(here: peewee.Database, other: peewee.Database) -> None:
    with presence.shared(here), pytest.raises(presence.InUse), presence.alone(other):
        pass
    with presence.alone(other):
        pass


def test_two_are_not_alone(here: peewee.Database, other: peewee.Database) -> None:
    with presence.alone(here), pytest.raises(presence.InUse), presence.alone(other):
        pass


def test_who_is_killed_lets_go(here: peewee.Database, engine: Running) -> None:
    command = [sys.executable, "-c", SHARING, engine.engine.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "in\n"
        with pytest.raises(presence.InUse), presence.alone(here):
            pass
        os.kill(process.pid, signal.SIGKILL)
    with presence.alone(here, wait=10):
        pass


def test_a_page_is_an_honest_503_meanwhile(visiting: Client, other: peewee.Database) -> None:
    with presence.alone(other):
        answer = visiting.get("/customers")
        said = visiting.post("/customers/new", data={"name": "Emma Jones"}, htmx="dialog#modal")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "being restored or migrated" in answer.text
    assert said.status_code == 503
    assert "Nothing was saved" in said.text
    assert "data-toast" in said.text
    assert visiting.get("/customers").status_code == 200


def test_a_command_is_refused_meanwhile(app: Flask, here: peewee.Database, other: peewee.Database) -> None:
    with presence.alone(other):
        result = app.test_cli_runner().invoke(args=["check-ledger"])
    assert result.exit_code == 1
    assert "being restored or migrated" in result.output


def test_a_program_older_than_the_schema_serves_nothing_and_writes_nothing(visiting: Client) -> None:
    """It was idle while the database was migrated, or comes back to it later."""
    execute("UPDATE schema_version SET version = version + 1")
    before = Customer.select().count()
    leave(db.obj)
    try:
        for _ in range(2):
            answer = visiting.post("/customers/new", data={"name": "Emma Jones", "role": "5", "active": "y"})
            assert answer.status_code == 503
            assert "newer than this program" in answer.text
        assert Customer.select().count() == before
    finally:
        execute("UPDATE schema_version SET version = version - 1")


def test_the_schema_cannot_move_under_a_program_that_works(visiting: Client, other: peewee.Database) -> None:
    assert visiting.get("/customers").status_code == 200
    with pytest.raises(presence.InUse), presence.alone(other):
        pass


@pytest.mark.sqlite_only
def test_where_no_file_can_be_made_nobody_is_alone(here: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that takes no writes is read from as before."""
    monkeypatch.setattr(presence, "lock_file", lambda database: Path("/nowhere/carnet.db-lock"))
    presence.enter(here)
    with pytest.raises(presence.InUse, match=r"/nowhere/carnet.db-lock cannot be written"), presence.alone(here):
        pass
