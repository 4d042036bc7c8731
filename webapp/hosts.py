"""Hosts that serve one business must sign with one secret; PostgreSQL's list of connections tells whether they do."""

import hmac
import logging
from typing import Any

import peewee
from psycopg.conninfo import conninfo_to_dict

from webapp.db import rows
from webapp.engines import Cockroach

log = logging.getLogger(__name__)

_OTHERS = """SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'carnet %'
    AND application_name <> current_setting('application_name')"""


def introduce(database: Any, secret: str) -> None:
    """Let every connection say that it is Carnet's, with a mark of the secret from which nobody can find the secret."""
    if _is_postgresql(database) and "application_name" not in conninfo_to_dict(database.database):
        mark = hmac.new(secret.encode(), b"which secret this is", "sha256").hexdigest()[:8]
        database.connect_params["application_name"] = f"carnet {mark}"


def warn_of_other_secrets(database: peewee.Database) -> None:
    """Write into the log when another process works on this database with another secret."""
    if not _is_postgresql(database):
        return
    with database.connection_context():
        [(others,)] = rows(_OTHERS)
    if others:
        log.warning(
            "Another process works on this database with another SECRET_KEY. Whoever is sent from the one to the other"
            " is signed out there: give every host the same."
        )


def _is_postgresql(database: peewee.Database) -> bool:
    return isinstance(database, peewee.PostgresqlDatabase) and not isinstance(database, Cockroach)
