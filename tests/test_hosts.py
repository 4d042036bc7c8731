"""Several hosts must share a secret; one that starts with another says so in its log."""

import logging
from pathlib import Path

import peewee
import pytest

from tests.conftest import Running, disconnect
from webapp import create_app
from webapp.db import db

SECRETS = ("a secret of more than thirty characters", "another secret of more than thirty characters")


def start(url: str, folder: Path, secret: str) -> peewee.Database:
    app = create_app({"TESTING": True, "DATABASE_URL": url, "INSTANCE": folder, "SECRET_KEY": secret})
    database: peewee.Database = app.extensions["carnet.database"]
    return database


@pytest.mark.parametrize("second, warned", [(SECRETS[0], False), (SECRETS[1], True)])
def test_a_host_with_another_secret(
    engine: Running,
    business: peewee.Database,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    second: str,
    warned: bool,
) -> None:
    one = start(engine.engine.url, tmp_path, SECRETS[0])
    one.connect(reuse_if_open=True)
    with caplog.at_level(logging.WARNING, logger="webapp.hosts"):
        other = start(engine.engine.url, tmp_path, second)
    said = [record.getMessage() for record in caplog.records if record.name == "webapp.hosts"]
    assert len(said) == (warned and engine.engine.name == "postgres")
    assert all("another SECRET_KEY" in sentence for sentence in said)
    for database in (one, other):
        disconnect(database)
    db.initialize(engine.database)


@pytest.mark.postgres_only
def test_whoever_names_the_connections_is_left_to_it(
    engine: Running, business: peewee.Database, tmp_path: Path
) -> None:
    sign = "&" if "?" in engine.engine.url else "?"
    database = start(f"{engine.engine.url}{sign}application_name=till", tmp_path, SECRETS[0])
    with database.connection_context():
        assert database.execute_sql("SHOW application_name").fetchone() == ("till",)
    disconnect(database)
    db.initialize(engine.database)


@pytest.mark.postgres_only
def test_an_app_that_was_made_has_no_connection_yet_that_a_fork_would_share(
    engine: Running, business: peewee.Database, tmp_path: Path
) -> None:
    sign = "&" if "?" in engine.engine.url else "?"
    database = start(f"{engine.engine.url}{sign}application_name=forked", tmp_path, SECRETS[0])
    open_ones = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'forked'"
    with business.connection_context():
        assert business.execute_sql(open_ones).fetchone() == (0,)
        with database.connection_context():
            assert business.execute_sql(open_ones).fetchone() == (1,)
    disconnect(database)
    db.initialize(engine.database)
