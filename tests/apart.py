"""A second program on the same database, within this process: locks know files and connections, not processes."""

from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from tests.conftest import disconnect
from webapp import presence
from webapp.db import connect, db


def leave(database: peewee.Database) -> None:
    """As if this process had never used the database."""
    for stack in presence._held.values():
        stack.close()
    presence._held.clear()
    presence._entered.clear()
    disconnect(database)


@contextmanager
def another_program(url: str) -> Iterator[peewee.Database]:
    """The database as another program has it; `db` stays what it is."""
    before = db.obj
    opened = connect(url)
    db.initialize(before)
    yield opened
    disconnect(opened)
