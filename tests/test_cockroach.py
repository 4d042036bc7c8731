"""The client's half of CockroachDB, tried on PostgreSQL, which speaks its protocol. The server's half is not tested."""

import os
from collections.abc import Iterator

import peewee
import pytest

from tests import factories as make
from tests import postgres
from tests.bench import scratch
from tests.business import address
from tests.conftest import Running
from webapp import db, moving
from webapp.db import execute, rows, transactional
from webapp.domain import checks
from webapp.models import User

pytestmark = pytest.mark.postgres_only


@pytest.fixture
def url(engine: Running) -> Iterator[str]:
    """An empty database, named as one of CockroachDB."""
    with postgres.database(engine.engine.url, f"carnet_cockroach_{os.getpid()}") as made:
        yield made.replace("postgresql://", "cockroachdb://")
    db.db.initialize(engine.database)


def test_a_business_lives_there(url: str) -> None:
    with scratch.business(url):
        owner = User.get(User.email == address("owner"))
        make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
        assert checks.faults() == []
        assert transactional(lambda: rows("SHOW transaction_isolation"))() == [("serializable",)]
        with pytest.raises(peewee.PeeweeException, match="transfer is append-only"):
            execute("UPDATE transfer SET amount_minor = amount_minor + 1")
        assert rows("SELECT COUNT(*) FROM pg_trigger WHERE tgname LIKE '%_no_truncate'") == [(0,)]


def test_a_business_moves_there_and_away(url: str, tmp_path: object) -> None:
    start, back = f"sqlite:///{tmp_path}/start.db", f"sqlite:///{tmp_path}/back.db"
    with scratch.business(start):
        owner = User.get(User.email == address("owner"))
        make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    assert moving.copy(start, url) == moving.copy(url, back)
