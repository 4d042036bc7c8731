"""What every test may ask for: a business on each database engine, and people who are signed in to it.

- `business`: the database with a company, its roles, payment methods and the cast, as it was before any test. Domain
  tests ask for it; `cast` gives its users by name.
- `once`: makes what many tests begin with once for each worker.
- `queries`: counts what is asked of the database.
- `empty`: the migrated database before anybody set it up.
- `app`: the application on `business`; `visitor`, `owner`, `manager`, `frontdesk`, `bookkeeper`: clients of it.

Each of these runs its test twice, on SQLite and on PostgreSQL, unless the test is marked `sqlite_only` or
`postgres_only`. Browser tests run on SQLite: the engines do not differ in what a browser sees.
"""

import copy
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import peewee
import pytest
from flask import Flask
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache, StrictUndefined

from tests import engines, sample
from tests.business import CAST, CHEAP_HASH, address, set_up_business
from tests.clients import Client, client_for
from webapp import create_app, db
from webapp.migrations import migrate
from webapp.models import User

ENGINES = ("sqlite", "postgres")
WRITES = ("INSERT", "UPDATE", "DELETE")
SEEN = "UPDATE sign_in_session SET seen_at"
T = TypeVar("T")

# The same examples everywhere and each time, with no clock in them: a busy machine is no fault of the code.
settings.load_profile("ci")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the half of a test that is about the other engine."""
    fitting: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        fitting[fits_engine(item)].append(item)
    items[:] = fitting[True]
    config.hook.pytest_deselected(items=fitting[False])


def pytest_collection_finish() -> None:
    """The tests and what they loaded stay until the end: the collector of garbage need not walk over them each time."""
    gc.collect()
    gc.freeze()


def fits_engine(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("engine") if callspec else None
    if name == "postgres":
        return not any(item.get_closest_marker(mark) for mark in ("sqlite_only", "browser"))
    return name is None or not item.get_closest_marker("postgres_only")


class Missing(StrictUndefined):
    """A name that a template only hopes for: it may be asked whether it is there, but never shown or walked through."""

    def __bool__(self) -> bool:  # type: ignore[override]  # typed as never answering, which is what changes here
        return False


class Running(NamedTuple):
    """An engine with its states kept, the database object that the whole app talks to it through, the people of the
    business as they are before any test, by the names of their clients, and what `Once` made, by who made it."""

    engine: engines.Sqlite | engines.Postgres
    database: peewee.Database
    cast: dict[str, User]
    made: dict[tuple[str, ...], tuple[str, Any]]


@contextmanager
def open_engine(name: str, worker: str) -> Iterator[Running]:
    """An engine with the two states that everything begins from; `worker` tells its database from those of others."""
    with engines.sqlite() if name == "sqlite" else engines.postgresql(worker) as chosen:
        database = db.connect(chosen.url)
        migrate(database)
        disconnect(database)
        chosen.keep("empty")
        set_up_business()
        cast = {name: User.get(User.email == address(name)) for name in CAST}
        disconnect(database)
        chosen.keep("business")
        yield Running(chosen, database, cast, {})
        disconnect(database)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Running]:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    with open_engine(request.param, worker) as opened:
        yield opened


def close(database: peewee.Database) -> None:
    """Give up the connection, which on SQLite would go on with the file of another state; a pool keeps it open."""
    if not database.is_closed():
        database.close()


def disconnect(database: peewee.Database) -> None:
    """Close every connection, those waiting in a pool too."""
    close(database)
    close_all = getattr(database, "close_all", None)
    if close_all:
        close_all()


def kept(running: Running, state: str, make: Callable[[], object]) -> str:
    """A state that costs more to make than to go back to: made of the business once for each worker. Gives its name."""
    if not running.engine.has(state):
        db.db.initialize(running.database)
        running.engine.restore("business")
        make()
        close(running.database)
        running.engine.keep(state)
    return state


def restored(running: Running, state: str) -> Iterator[peewee.Database]:
    db.db.initialize(running.database)
    close(running.database)
    running.engine.restore(state)
    yield running.database
    close(running.database)


@pytest.fixture
def empty(engine: Running) -> Iterator[peewee.Database]:
    yield from restored(engine, "empty")


@pytest.fixture
def business(engine: Running) -> Iterator[peewee.Database]:
    yield from restored(engine, "business")


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample business in an SQLite file, for copying."""
    return sample.shared(tmp_path_factory)


@pytest.fixture(scope="session")
def filled(engine: Running, request: pytest.FixtureRequest) -> str:
    """The state of a business with the sample year. While it is filled on PostgreSQL, somebody else looks at how large
    its tables are: to them they are still empty."""
    chosen = engine.engine
    if isinstance(chosen, engines.Sqlite):
        chosen.adopt("filled", request.getfixturevalue("sample_file"))
        return "filled"

    def fill() -> None:
        threading.Timer(3, chosen.connection.execute, ["ANALYZE (SKIP_LOCKED)"]).start()
        sample.fill()

    return kept(engine, "filled", fill)


@pytest.fixture
def filled_business(engine: Running, filled: str) -> Iterator[peewee.Database]:
    """The business with the sample year."""
    yield from restored(engine, filled)


class Once:
    """``once(make, …)`` gives what ``make(…)`` makes of the business, and makes it once for each worker: later tests go
    back to its rows and get copies of its records. What one of these makes, the next may go on from; nothing else may
    be written before."""

    def __init__(self, running: Running) -> None:
        self.running, self.states, self.is_written = running, running.made, False
        self.made: tuple[str, ...] = (running.engine.name,)

    def hear(self, event: Any) -> None:
        self.is_written |= event.sql.startswith(WRITES) and not event.sql.startswith(SEEN)

    def __call__(self, make: Callable[..., T], *args: object) -> T:
        if self.is_written:
            raise RuntimeError("something was made since, which would be lost")
        self.made = (*self.made, f"{make.__module__}.{make.__qualname__}")
        if self.made in self.states:
            close(self.running.database)
            self.running.engine.restore(self.states[self.made][0])
        else:
            found, state = make(*args), f"made_{len(self.states)}"
            close(self.running.database)
            self.running.engine.keep(state)
            self.states[self.made] = state, found
            self.is_written = False
        given: T = copy.deepcopy(self.states[self.made][1])
        return given


@pytest.fixture
def once(engine: Running, business: peewee.Database) -> Iterator[Once]:
    found = Once(engine)
    business.query_hooks.append(found.hear)
    yield found
    business.query_hooks.clear()


@pytest.fixture
def queries(business: peewee.Database) -> Callable[[], AbstractContextManager[list[str]]]:
    """``with queries() as asked:`` collects the SQL that runs inside, to assert that its length does not grow."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        asked: list[str] = []

        def hear(event: Any) -> None:
            asked.append(event.sql)

        business.query_hooks.append(hear)
        try:
            yield asked
        finally:
            business.query_hooks.remove(hear)

    return collect


@pytest.fixture
def cast(engine: Running, business: peewee.Database) -> dict[str, User]:
    """The people of the business, by the names of their clients: copies, which a test may change."""
    return copy.deepcopy(engine.cast)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """The templates, compiled once for each worker whichever engine it is at."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session")
def built_app(engine: Running, compiled: FileSystemBytecodeCache, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application for all the tests on an engine, which keeps its templates."""
    instance: Path = tmp_path_factory.mktemp("instance")
    settings: dict[str, Any] = {
        "TESTING": True,
        "DATABASE_URL": engine.engine.url,
        "INSTANCE": instance,
        "SECRET_KEY": "a key for the tests alone",
        "PASSWORD_METHOD": CHEAP_HASH,
        "FIGURES_KEPT_SECONDS": 0,
        # The cast signed in long ago, so that tests may travel to any day.
        "SESSION_IDLE_MINUTES": 60 * 24 * 365 * 200,
        "SESSION_HOURS": 24 * 365 * 200,
    }
    app = create_app(settings)
    disconnect(app.extensions["carnet.database"])
    app.extensions["carnet.database"] = engine.database
    db.db.initialize(engine.database)
    app.test_client_class = Client
    app.jinja_env.undefined = Missing
    app.jinja_env.bytecode_cache = compiled
    return app


@pytest.fixture
def app(built_app: Flask, business: peewee.Database) -> Flask:
    return built_app


@pytest.fixture
def empty_app(built_app: Flask, empty: peewee.Database) -> Flask:
    """The application before anybody set it up."""
    return built_app


@pytest.fixture
def visitor(app: Flask) -> Client:
    """A client who is not signed in."""
    return client_for(app)


@pytest.fixture
def owner(app: Flask) -> Client:
    return client_for(app, "owner")


@pytest.fixture
def manager(app: Flask) -> Client:
    return client_for(app, "manager")


@pytest.fixture
def frontdesk(app: Flask) -> Client:
    return client_for(app, "frontdesk")


@pytest.fixture
def bookkeeper(app: Flask) -> Client:
    return client_for(app, "bookkeeper")
