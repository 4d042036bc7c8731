"""What a watcher is told: nothing about anybody, and soon, whatever the database does."""

import threading
import time

import peewee
import pytest
from flask import Flask

from tests.apart import another_program, leave
from tests.clients import Client, client_for
from tests.conftest import Running
from webapp import health, presence
from webapp.db import db, execute


@pytest.mark.parametrize("name", ["owner", None])
@pytest.mark.parametrize("path, word", [("/healthz", "alive"), ("/readyz", "ready")])
def test_all_is_well(app: Flask, path: str, word: str, name: str | None) -> None:
    answer = client_for(app, name).get(path)
    assert (answer.status_code, answer.text) == (200, f"{word}\n")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_before_the_business_is_set_up(empty_app: Flask) -> None:
    """A new installation is ready: to be set up."""
    empty_app.extensions.pop("carnet.set_up", None)
    client = empty_app.test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_database_that_is_gone(app: Flask, business: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise peewee.OperationalError("connection refused to ana@10.0.0.7")

    monkeypatch.setattr(business, "connect", refuse)
    client = client_for(app, "owner")
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "The database cannot be reached.\n")


def test_a_database_that_hangs(app: Flask, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, and it is not asked again while it hangs."""
    asked, begun, hanging = [], threading.Event(), threading.Event()

    def hang() -> None:
        asked.append(1)
        begun.set()
        hanging.wait(20)

    monkeypatch.setattr(health, "SECONDS", 0)
    monkeypatch.setattr(health, "_fault", hang)
    try:
        for _ in range(3):
            began = time.monotonic()
            answer = visitor.get("/readyz")
            assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
            assert time.monotonic() - began < 5
            assert visitor.get("/healthz").status_code == 200
            assert begun.wait(20), "a busy machine may begin the look after the answer"
        assert len(asked) == 1
    finally:
        hanging.set()
        monkeypatch.undo()
        app.extensions["carnet.readiness"].result(20)
    assert visitor.get("/readyz").status_code == 200


def test_a_schema_of_another_program(app: Flask, visitor: Client, business: peewee.Database) -> None:
    leave(business)
    execute("UPDATE schema_version SET version = version + 1")
    try:
        answer = visitor.get("/readyz")
    finally:
        execute("UPDATE schema_version SET version = version - 1")
    assert answer.status_code == 503
    assert "newer than this program" in answer.text
    assert visitor.get("/readyz").status_code == 200


def test_a_database_that_is_being_restored(app: Flask, visitor: Client, engine: Running) -> None:
    leave(db.obj)
    with another_program(engine.engine.url) as other, presence.alone(other):
        answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert "being restored" in answer.text
