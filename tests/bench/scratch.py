"""Scratch databases with a business in them, on the disk where the real one would be."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import peewee

from tests import postgres
from tests.business import set_up_business
from tests.conftest import disconnect
from webapp import db
from webapp.migrations import migrate

INSTANCE = Path(__file__).resolve().parents[2] / "instance"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards, beside the app's own database."""
    INSTANCE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=INSTANCE) as made:
        yield Path(made)


@contextlib.contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a database file that is not there yet."""
    with folder() as made:
        yield f"sqlite:///{made / 'bench.db'}"


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database in a PostgreSQL of our own, which does not wait for the disk."""
    with postgres.server() as server, postgres.database(server, "carnet_bench") as url:
        yield url


@contextlib.contextmanager
def business(url: str) -> Iterator[peewee.Database]:
    """A company with its staff in the database, which is connected meanwhile."""
    database = db.connect(url)
    migrate(database)
    set_up_business()
    try:
        yield database
    finally:
        disconnect(database)
