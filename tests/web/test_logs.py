"""The log tells what was asked and how it went, and nothing about anybody."""

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import peewee
import pytest
from flask import Flask

from tests import factories as make
from tests.business import CHEAP_HASH, PASSWORD, address
from tests.clients import Client, client_for
from tests.conftest import Running, disconnect
from webapp import create_app, logs
from webapp.db import db, execute, rows
from webapp.models import User

SECRETS = ("Zebedee", "zebedee", "Quagmire", "hunter2", "8675309", PASSWORD)


@pytest.fixture(scope="module")
def built(engine: Running, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application as it is served: with its log, and with a page for faults nobody thought of."""
    engine.engine.restore("business")
    settings = {
        "DATABASE_URL": engine.engine.url,
        "INSTANCE": tmp_path_factory.mktemp("instance"),
        "SECRET_KEY": "a key for the tests alone",
        "PASSWORD_METHOD": CHEAP_HASH,
        "REQUEST_LOG": True,
        "PROXY_HOPS": 0,
        "SESSION_IDLE_MINUTES": 60 * 24 * 365 * 200,
        "SESSION_HOURS": 24 * 365 * 200,
    }
    before = db.obj
    app = create_app(settings)
    disconnect(app.extensions["carnet.database"])
    db.initialize(before)
    app.extensions["carnet.database"] = engine.database
    app.test_client_class = Client

    @app.route("/faulty", methods=["GET", "POST"])
    def faulty() -> str:
        raise ValueError("Zebedee Quagmire typed hunter2")

    faulty.access = "public"  # type: ignore[attr-defined]  # as the decorator would
    return app


@pytest.fixture
def served(built: Flask, business: peewee.Database) -> Iterator[Flask]:
    business.query_hooks.append(logs._count)
    yield built
    business.query_hooks.clear()


@pytest.fixture
def lines(served: Flask) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What was written since it was last asked for."""
    (handler,) = [one for one in logging.getLogger("webapp").handlers if isinstance(one.formatter, logs.Lines)]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)

    def read() -> list[dict[str, Any]]:
        text = written.getvalue()
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in text.splitlines()]

    yield read
    handler.setStream(before)


def test_a_line_for_each_request(served: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    customer = make.somebody("Zebedee")
    client = client_for(served, "owner")
    client.get("/")  # whatever is only looked up once
    lines()
    answer = client.get(f"/customers/{customer.id}?from=8675309")
    (line,) = lines()
    assert answer.status_code == 200
    assert line["id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/customers/<int:customer_id>", 200)
    assert line["user"] == User.get(User.email == address("owner")).id
    assert line["queries"] > 3
    assert 0 <= line["ms"] < 60_000
    assert line["bytes"] == len(answer.data)
    assert time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")


def test_the_queries_are_those_that_were_asked(
    served: Flask, lines: Callable[[], list[dict[str, Any]]], business: peewee.Database
) -> None:
    client = client_for(served, "owner")
    client.get("/customers")
    lines()
    asked: list[str] = []
    business.query_hooks.append(lambda event: asked.append(event.sql))
    client.get("/customers")
    (line,) = lines()
    assert line["queries"] == len(asked) > 2
    lines()
    client.get("/sign-out-nowhere")
    assert lines()[0]["queries"] < line["queries"]  # counted anew for each request


def test_an_export_is_counted_to_its_end(served: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    client_for(served, "owner").get("/customers/export")
    (line,) = lines()
    assert (line["route"], line["status"]) == ("/customers/export", 200)


def test_nobody_is_looked_up_for_the_log(served: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    answer = client_for(served).get("/nothing/of/Zebedee?email=zebedee@example.test")
    (line,) = lines()
    assert (answer.status_code, line["status"], line["route"], line["user"]) == (404, 404, None, None)


def test_files_and_watchers_are_quiet(served: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    client = client_for(served)
    for path in ("/static/app.css", "/healthz", "/readyz"):
        assert client.get(path).status_code == 200
    assert lines() == []


def test_the_log_knows_nobody_and_keeps_no_secret(
    served: Flask, lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = {"name": "Zebedee Quagmire", "email": "zebedee@example.test", "phone": "8675309", "role": "5"}
    client = client_for(served, "owner")
    assert client.post("/customers/new", data={**typed, "active": "y"}).status_code == 303
    assert client.post("/customers/new", data={**typed, "role": "0"}).status_code == 422
    assert client.get("/customers?q=Quagmire").status_code == 200
    assert client.get("/search?q=zebedee@example.test").status_code in (200, 302, 404)
    assert client.post("/faulty?q=Zebedee", data=typed).status_code == 500
    visitor = client_for(served)
    visitor.post("/sign-in", data={"email": "zebedee@example.test", "password": "hunter2"})
    visitor.post("/sign-in", data={"email": address("owner"), "password": PASSWORD})
    token = rows("SELECT token_hash FROM sign_in_session")
    visitor.open("/customers", method="ZEBEDEE")
    written = json.dumps(lines(), ensure_ascii=False)
    assert len(written) > 1000
    assert [word for word in SECRETS if word.casefold() in written.casefold()] == []
    assert address("owner") not in written
    assert not any(kept in written for (kept,) in token)
    assert "csrf" not in written


def test_a_database_error_names_its_constraint_and_quotes_no_row(
    served: Flask, lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice() -> str:
        execute("UPDATE staff SET email = 'zebedee@example.test', name = 'Zebedee Quagmire'")
        return ""

    twice.access = "public"  # type: ignore[attr-defined]  # as the decorator would
    monkeypatch.setitem(served.view_functions, "faulty", twice)
    answer = client_for(served).get("/faulty", lint=False)
    fault, line = lines()
    assert answer.status_code >= 500
    assert "IntegrityError" in fault["fault"][0]
    assert any("staff_email" in kind or "SQLITE_CONSTRAINT" in kind for kind in fault["fault"])
    assert fault["id"] == line["id"]
    assert "zebedee" not in json.dumps([fault, line]).casefold()


def test_a_fault_has_the_number_that_the_page_shows(served: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    answer = client_for(served).get("/faulty")
    fault, line = lines()
    number = answer.headers["X-Request-Id"]
    assert fault["id"] == line["id"] == number
    assert f"<code>{number}</code>" in answer.text
    assert fault["fault"] == ["builtins.ValueError"]
    assert fault["at"][-1].endswith(" faulty")
    assert line["status"] == 500
    assert "number" not in client_for(served).get("/nowhere").text.partition("Error 404")[2][:30]


@pytest.mark.parametrize("given", ["abcdefgh-1234", "short", "x" * 65, 'a"b<script>c', "Zebedee Quagmire"])
def test_a_number_from_outside_is_not_believed(
    served: Flask, lines: Callable[[], list[dict[str, Any]]], given: str
) -> None:
    answer = client_for(served).get("/nowhere", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == lines()[0]["id"] != given


@pytest.mark.parametrize("given, is_taken", [("abcdefgh-1234", True), ("short", False), ('a"b<script>c', False)])
def test_a_number_from_the_proxy_is_taken_when_it_is_one(
    served: Flask, lines: Callable[[], list[dict[str, Any]]], given: str, is_taken: bool
) -> None:
    answer = client_for(served).get(
        "/nowhere", headers={"X-Request-Id": given}, environ_overrides={"werkzeug.proxy_fix.orig": {}}
    )
    assert (answer.headers["X-Request-Id"] == given) == is_taken
    assert lines()[0]["id"] == answer.headers["X-Request-Id"]


def test_switched_off(app: Flask, lines: Callable[[], list[dict[str, Any]]]) -> None:
    answer = client_for(app, "owner").get("/customers")
    assert answer.headers["X-Request-Id"]
    assert lines() == []
