"""The first schema: tables from the people outward to the books, then the triggers that keep the books append-only."""

from webapp.db import db, is_sqlite
from webapp.engines import Cockroach
from webapp.migrations import run
from webapp.migrations.initial.books import BOOKS, INVOICES
from webapp.migrations.initial.tables import CATALOGUE, MEMBERSHIPS, PEOPLE
from webapp.migrations.initial.triggers import postgres_triggers, sqlite_triggers


def up() -> None:
    """Make every table, then the triggers."""
    triggers = sqlite_triggers() if is_sqlite() else postgres_triggers(cockroach=isinstance(db.obj, Cockroach))
    for statement in (*PEOPLE, *CATALOGUE, *MEMBERSHIPS, *INVOICES, *BOOKS, *triggers):
        run(statement)
