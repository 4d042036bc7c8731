"""Many people at the same moment, over HTTP: what is sent twenty times happens once; the last one is sold once."""

import http.client
import inspect
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import peewee
import pytest
from flask import Flask

import webapp.blueprints
from tests.bench.servers import Server, serve
from tests.clients import Client, client_for, session_cookie
from tests.conftest import Running
from tests.web.money_forms import FORMS, Desk, Sent, save
from webapp.db import rows
from webapp.domain import checks
from webapp.models import User

TIMES = 20
REFUSED = {False: {409, 422}, True: {303}}
"""What other content under a used key is answered with; a draft that was saved leads to its invoice."""


class Answer(NamedTuple):
    status: int
    location: str
    text: str


class Hands:
    """A served app, and as many people as are wanted who send their forms at the same moment."""

    def __init__(self, server: Server, cookie: str, token: str) -> None:
        self.port = server.connection.port
        self.headers = {"Cookie": cookie, "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded"}

    def send(self, forms: Sequence[Sent]) -> list[Answer]:
        answers: list[Answer] = []
        ready = threading.Barrier(len(forms))
        people = [threading.Thread(target=self._send, args=(form, ready, answers)) for form in forms]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert len(answers) == len(forms)
        return answers

    def _send(self, form: Sent, ready: threading.Barrier, answers: list[Answer]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        ready.wait()
        connection.request("POST", form.path, urlencode(form.fields, doseq=True), self.headers)
        response = connection.getresponse()
        text = response.read().decode()
        answers.append(Answer(response.status, response.getheader("Location", ""), text))
        connection.close()


@pytest.fixture
def hands(app: Flask, engine: Running, business: peewee.Database) -> Iterator[Hands]:
    """As it is served: one process on SQLite, two on PostgreSQL, sixteen threads each; the owner is signed in."""
    environment = {
        "DATABASE_URL": engine.engine.url,
        "SECRET_KEY": str(app.secret_key),
        "CARNET_INSTANCE": str(app.config["INSTANCE"]),
        "CARNET_SESSION_HOURS": str(app.config["SESSION_HOURS"]),
        "CARNET_SESSION_IDLE_MINUTES": str(app.config["SESSION_IDLE_MINUTES"]),
    }
    processes = "--workers=1" if engine.engine.name == "sqlite" else "--workers=2"
    cookie = f"{app.config['SESSION_COOKIE_NAME']}={session_cookie(app, 'owner')}"
    with serve("wsgi:app", processes, **environment) as server:
        yield Hands(server, cookie, client_for(app, "owner").csrf_token())
    assert checks.faults() == []


@pytest.fixture
def desk(owner: Client, cast: dict[str, User]) -> Desk:
    return Desk(owner, cast["owner"])


def state(database: peewee.Database) -> Counter[str]:
    """How many rows every table has, and what stands in the accounts; accounts and series begin when first needed."""
    tables = set(database.get_tables()) - {"account", "number_series"}
    kept = Counter({table: rows(f'SELECT COUNT(*) FROM "{table}"')[0][0] for table in tables})
    for kind, debited, credited in rows("SELECT kind, SUM(debits), SUM(credits) FROM account GROUP BY kind"):
        kept[f"debits of {kind}"], kept[f"credits of {kind}"] = int(debited), int(credited)
    return kept


def changed(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def test_every_form_that_acts_once_is_among_these(app: Flask) -> None:
    """A view that keeps the answer of a form under its key is in a module of a form sent here."""
    here = Path(webapp.blueprints.__file__).parent
    acting = {file for file in here.rglob("*.py") if ".once(" in file.read_text(encoding="utf-8")}
    sent = {Path(inspect.getfile(inspect.unwrap(app.view_functions[endpoint]))) for endpoint in FORMS}
    assert acting == sent


def test_what_is_sent_twenty_times_happens_once(hands: Hands, desk: Desk, business: peewee.Database) -> None:
    """And has one answer; without its key, or under the key of another content, it does nothing at all."""
    wrong: dict[str, object] = {}
    for build in (build for several in FORMS.values() for build in several):
        one, other = build(desk), build(desk)
        start = state(business)
        keyless = hands.send([one.without_key()])
        [first] = hands.send([one])
        between = state(business)
        answers = hands.send([other] * TIMES)
        after = state(business)
        changed_since = hands.send([other.with_more(), one.with_more()])
        effect, of_many, none = changed(start, between), changed(between, after), changed(after, state(business))
        if first.status != 303 or not effect or effect != of_many or set(statuses(answers)) != {303}:
            wrong[build.__name__] = first.status, effect, of_many, statuses(answers)
        if len({answer.location for answer in answers}) > 1:
            wrong[f"{build.__name__} leads to"] = {answer.location for answer in answers}
        if none or set(statuses(keyless)) != {422} or not set(statuses(changed_since)) <= REFUSED[build is save]:
            wrong[f"{build.__name__} without its key"] = none, statuses(keyless), statuses(changed_since)
    assert not wrong, str(wrong)
