"""A business in this process, whose rows can be kept and put back: for faults that strike between two statements."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import peewee

from tests import engines
from tests.business import CHEAP_HASH, address, set_up_business
from tests.clients import Client, client_for
from tests.conftest import close, disconnect
from tests.faults.shop import LONG, SECRET
from tests.web.money_forms import Desk
from webapp import create_app, db
from webapp.db import rows
from webapp.migrations import migrate
from webapp.models import MODELS, User

_numbers = count(1)
NOT_MONEY = {"sign_in_session", "sign_in_attempt"}
SUMS = {
    "account": ("debits", "credits"),
    "invoice": ("due_minor", "version"),
    "membership": ("version",),
    "membership_item": ("used_milli", "reserved_milli"),
}


class LaidOut(NamedTuple):
    """An engine, the database object that the app talks to it through, and somebody at the desk."""

    engine: engines.Sqlite | engines.Postgres
    database: peewee.Database
    desk: Desk

    def keep(self, what: str) -> str:
        """Remember the rows as they are now, under a name of their own."""
        state = f"{what}_{next(_numbers)}"
        disconnect(self.database)
        self.engine.keep(state)
        return state

    def restore(self, state: str) -> None:
        """Put them back."""
        close(self.database)
        self.engine.restore(state)


@contextlib.contextmanager
def laid_out(name: str) -> Iterator[LaidOut]:
    """On SQLite or PostgreSQL, neither of which waits for the disk."""
    opened = engines.sqlite() if name == "sqlite" else engines.postgresql("faults")
    with opened as engine, tempfile.TemporaryDirectory(prefix="carnet-instance-") as instance:
        database = db.connect(engine.url)
        migrate(database)
        set_up_business()
        disconnect(database)
        settings = {"DATABASE_URL": engine.url, "INSTANCE": Path(instance), "SECRET_KEY": SECRET, **LONG}
        app = create_app({**settings, "TESTING": True, "PASSWORD_METHOD": CHEAP_HASH})
        app.test_client_class = Client
        logging.getLogger("webapp").setLevel(logging.CRITICAL)  # what is provoked on purpose is told by its outcome
        database = app.extensions["carnet.database"]
        try:
            yield LaidOut(engine, database, Desk(client_for(app, "owner"), User.get(User.email == address("owner"))))
        finally:
            disconnect(database)


def figures() -> list[tuple[str, int]]:
    """How many rows every table has, and what its counters add up to: the same figures, the same money and units."""
    parts = [f"SELECT '{table}' AS what, COUNT(*) AS figure FROM {table}" for table in _tables()]
    parts += [
        f"SELECT '{table}.{column}', COALESCE(SUM({column}), 0) FROM {table}"
        for table, columns in SUMS.items()
        for column in columns
    ]
    # An account is opened when it is first needed, and stays; what is in it is counted.
    return [(what, int(figure)) for what, figure in rows(" UNION ALL ".join(parts)) if what != "account"]


def _tables() -> list[str]:
    return sorted({str(model._meta.table_name) for model in MODELS} - NOT_MONEY)
