"""How each engine is opened: nothing lost, nothing rounded, nobody's act half seen by another's."""

import peewee
import pytest

from webapp.db import rows, transactional
from webapp.engines import SAFE_WAL


@pytest.mark.sqlite_only
def test_every_table_is_strict(business: peewee.Database) -> None:
    found = rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
    assert found
    assert {name for name, strict in found if not strict} == set()


@pytest.mark.sqlite_only
def test_every_connection_is_careful(business: peewee.Database) -> None:
    business.close()
    pragmas = ("foreign_keys", "recursive_triggers", "synchronous", "journal_mode")
    with business.connection_context():
        assert [rows(f"PRAGMA {pragma}")[0][0] for pragma in pragmas] == [1, 1, 2, "wal"]


@pytest.mark.sqlite_only
def test_sqlite_does_not_lose_committed_pages(business: peewee.Database) -> None:
    version = rows("SELECT sqlite_version()")[0][0]
    assert tuple(map(int, version.split("."))) >= SAFE_WAL == (3, 51, 3)


@pytest.mark.postgres_only
def test_acts_are_serializable(business: peewee.Database) -> None:
    assert transactional(lambda: rows("SHOW transaction_isolation")[0][0])() == "serializable"
