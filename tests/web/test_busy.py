"""A database that stays locked: an honest page, and nothing half done."""

from pathlib import Path

import peewee
import pytest

from tests.clients import Client
from webapp.db import transactional
from webapp.domain import customers
from webapp.models import Customer


@pytest.mark.sqlite_only
def test_a_locked_database_is_503_and_changes_nothing(
    owner: Client, business: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    business.execute_sql("PRAGMA busy_timeout = 50")
    other = vars(peewee)["sqlite3"].connect(Path(str(business.database)), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = Customer.select().count()
    form = {"name": "Emma Jones", "role": "5", "active": "y"}
    answer = owner.post("/customers/new", data=form)
    other.execute("ROLLBACK")
    other.close()
    business.execute_sql("PRAGMA busy_timeout = 10000")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Nothing was saved" in answer.text
    assert Customer.select().count() == before


def test_looking_at_something_never_saved_it(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed on the way, such as that memberships expired, is not what the person sent."""

    def busy(*_: object) -> None:
        transactional(Customer.select().count)()
        error = peewee.OperationalError("busy")
        error.sqlite_errorcode = 5  # type: ignore[attr-defined]  # as SQLite's own has it
        raise error

    monkeypatch.setattr(customers, "customer_page", busy)
    answer = owner.get("/customers")
    assert answer.status_code == 503
    assert "Nothing was saved" in answer.text
