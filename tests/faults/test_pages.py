"""What a person sees when the database fails: what is wrong, whether anything was saved, and what they typed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import peewee
import psycopg
import pytest
from werkzeug.test import TestResponse

from tests.clients import Client
from tests.conftest import disconnect
from tests.web.billing import MODAL, filled
from tests.web.money_forms import Desk, Fields, deposit, pay
from webapp.db import OutcomeUnknown, is_sqlite, transactional
from webapp.domain import checks
from webapp.models import Customer, Payment, User
from webapp.trouble import Trouble, needs_a_new_process, trouble_of


@pytest.fixture
def desk(owner: Client, cast: dict[str, User]) -> Desk:
    return Desk(owner, cast["owner"])


@contextmanager
def switched(database: peewee.Database, switch: str, on: object, off: object) -> Iterator[None]:
    """App and test share one connection: SQLite keeps one for the thread, and the pool is left with one."""
    disconnect(database)
    for value in (on, off):
        database.connect(reuse_if_open=True)
        database.execute_sql(f"{switch} = {value}")
        if not is_sqlite():
            database.close()
        if value == on:
            yield


@contextmanager
def only_reading(database: peewee.Database) -> Iterator[None]:
    with switched(database, "PRAGMA query_only" if is_sqlite() else "SET default_transaction_read_only", "on", "off"):
        yield


def offered(answer: TestResponse, path: str) -> Fields:
    """What the page would send again, but for the token."""
    return {name: value for name, value in filled(answer, path).items() if name != "csrf_token"}


def typed(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name != "csrf_token"}


def test_a_database_that_only_reads(desk: Desk, business: peewee.Database) -> None:
    sent = deposit(desk)
    with only_reading(business):
        answer = desk.client.post(sent.path, data=sent.fields)
        in_dialog = desk.client.post(sent.path, data=sent.fields, htmx=MODAL)
        assert desk.client.get("/customers").status_code == 200
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Only reading is possible now" in answer.text
    assert "nothing was saved" in answer.text
    assert offered(answer, sent.path) == typed(sent.fields)
    assert "data-toast" in in_dialog.text
    assert "Only reading is possible now" in in_dialog.text
    assert desk.client.post(sent.path, data=filled(answer, sent.path)).status_code == 303


@pytest.mark.sqlite_only
def test_a_full_disk(desk: Desk, business: peewee.Database) -> None:
    """SQLite counts the pages of its file as a disk counts blocks."""
    sent = pay(desk)
    with switched(business, "PRAGMA max_page_count", 1, 1073741823):
        for _ in range(100):  # until the file has no free page left
            answer = desk.client.post(sent.path, data=sent.fields)
            if answer.status_code == 507:
                break
            sent = desk.form(sent.path, **{key.replace("-", "_"): "0.01" for key in sent.fields if key == "method-1"})
        assert desk.client.get("/customers").status_code == 200
    assert "The disk is full" in answer.text
    before = Payment.select().count()
    assert desk.client.post(sent.path, data=filled(answer, sent.path)).status_code == 303
    assert Payment.select().count() == before + 1
    assert checks.faults() == []


@pytest.mark.parametrize("is_carried_out", [False, True])
@pytest.mark.postgres_only
def test_a_connection_lost_while_committing(
    desk: Desk, business: peewee.Database, monkeypatch: pytest.MonkeyPatch, is_carried_out: bool
) -> None:
    """Nobody knows whether it happened; sent again it happens once."""
    sent, before, commit = pay(desk), Payment.select().count(), business.commit

    def lose() -> None:
        if is_carried_out:
            commit()
        _end_connection(business)
        commit()

    monkeypatch.setattr(business, "commit", lose)
    answer = desk.client.post(sent.path, data=sent.fields)
    monkeypatch.undo()
    assert answer.status_code == 500
    assert "It is not known whether this was saved" in answer.text
    assert "as often as you like, it is done once" in answer.text
    assert Payment.select().count() == before + is_carried_out
    assert desk.client.post(sent.path, data=filled(answer, sent.path)).status_code == 303
    assert Payment.select().count() == before + 1
    assert checks.faults() == []


@pytest.mark.postgres_only
def test_a_connection_lost_before_committing(
    desk: Desk, business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, before, run = pay(desk), Payment.select().count(), business.execute_sql

    def lose(text: str, *args: object) -> object:
        if text.startswith("INSERT"):
            _end_connection(business)
        return run(text, *args)

    monkeypatch.setattr(business, "execute_sql", lose)
    answer = desk.client.post(sent.path, data=sent.fields)
    monkeypatch.undo()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The database cannot be reached" in answer.text
    assert Payment.select().count() == before
    assert desk.client.post(sent.path, data=filled(answer, sent.path)).status_code == 303


def _end_connection(database: peewee.Database) -> None:
    with psycopg.connect(str(database.database), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [database.connection().info.backend_pid])


@pytest.mark.postgres_only
def test_what_fails_after_the_commit_does_not_say_that_nothing_was_saved(
    desk: Desk, business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, commit = deposit(desk), business.commit

    def lose() -> None:
        commit()
        monkeypatch.setattr(business, "commit", commit)
        _end_connection(business)

    monkeypatch.setattr(business, "commit", lose)
    answer = desk.client.post(sent.path, data=sent.fields)
    assert answer.status_code == 503
    assert "It was saved" in answer.text
    assert "Send again" not in answer.text


def test_a_process_without_memory(desk: Desk, business: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the act: none of it is there, it can be sent again, and another process takes over."""
    sent, before, run = pay(desk), Payment.select().count(), business.execute_sql

    def fail(text: str, *args: object) -> object:
        if text.startswith('INSERT INTO "transfer"'):
            raise MemoryError
        return run(text, *args)

    monkeypatch.setattr(business, "execute_sql", fail)
    answer = desk.client.post(sent.path, data=sent.fields)
    monkeypatch.undo()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "There is no memory left" in answer.text
    assert Payment.select().count() == before
    assert desk.client.post(sent.path, data=filled(answer, sent.path)).status_code == 303
    assert needs_a_new_process(MemoryError())
    assert checks.faults() == []


def test_a_secret_is_never_shown_again(visitor: Client, business: peewee.Database) -> None:
    form = {"email": "new@carnet.test", "password": "a long and secret word"}
    with only_reading(business):
        answer = visitor.post("/sign-in", data=form)
    assert answer.status_code == 503
    assert "secret word" not in answer.text


@pytest.mark.postgres_only
def test_a_pool_in_full_use_is_busy(business: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    disconnect(business)
    monkeypatch.setattr(business, "_max_connections", 1)
    monkeypatch.setattr(business, "_in_use", {"somebody": "else"})
    monkeypatch.setattr(business, "_wait_timeout", 0.01)
    with pytest.raises(peewee.OperationalError) as caught:
        business.connect()
    assert trouble_of(caught.value) is Trouble.BUSY


@pytest.mark.parametrize(
    "state, trouble",
    [("53100", Trouble.FULL), ("58030", Trouble.FAILING), ("40001", Trouble.BUSY), ("08006", Trouble.LOST)],
)
def test_what_postgresql_says(state: str, trouble: Trouble) -> None:
    assert trouble_of(peewee.OperationalError(_said("sqlstate", state))) is trouble


@pytest.mark.parametrize(
    "code, trouble",
    [(13, Trouble.FULL), (5, Trouble.BUSY), (10 | 4 << 8, Trouble.FAILING), (11, Trouble.DAMAGED)],
)
def test_what_sqlite_says(code: int, trouble: Trouble) -> None:
    assert trouble_of(peewee.OperationalError(_said("sqlite_errorcode", code))) is trouble


def test_a_fault_of_the_program_is_none_of_the_database() -> None:
    assert trouble_of(peewee.ProgrammingError(_said("sqlstate", "42601"))) is None


def _said(name: str, value: object) -> Exception:
    error = Exception()
    setattr(error, name, value)
    return error


@pytest.mark.parametrize("state, times", [("40001", 12), ("40P01", 12), ("53100", 1)])
def test_only_what_another_try_can_mend_is_tried_again(
    business: peewee.Database, monkeypatch: pytest.MonkeyPatch, state: str, times: int
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    tries: list[int] = []

    def act() -> None:
        tries.append(1)
        raise peewee.OperationalError(_said("sqlstate", state))

    with pytest.raises(peewee.OperationalError):
        transactional(act)()
    assert len(tries) == times


def test_nobody_is_kept_waiting_by_tries_without_end(
    business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 100, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    tries: list[int] = []

    def act() -> None:
        tries.append(1)
        raise peewee.OperationalError(_said("sqlstate", "40001"))

    with pytest.raises(peewee.OperationalError):
        transactional(act)()
    assert len(tries) <= 3


def _fails_once(database: peewee.Database, error: Exception) -> Callable[[], None]:
    commit, left = database.commit, [error]

    def fail() -> None:
        if left:
            raise left.pop()
        commit()

    return fail


@pytest.mark.parametrize("says, is_known", [("40001", True), ("23505", True), ("57P01", False), (None, False)])
@pytest.mark.postgres_only
def test_a_commit_that_was_refused_is_known_not_to_have_happened(
    business: peewee.Database, monkeypatch: pytest.MonkeyPatch, says: str | None, is_known: bool
) -> None:
    monkeypatch.setattr("webapp.db._ATTEMPTS", 1)
    monkeypatch.setattr(business, "commit", _fails_once(business, peewee.OperationalError(_said("sqlstate", says))))
    with pytest.raises(peewee.OperationalError) as caught:
        transactional(lambda: Customer.select().count())()
    assert isinstance(caught.value, OutcomeUnknown) is not is_known


@pytest.mark.sqlite_only
def test_a_disk_that_fails_under_a_commit_leaves_it_unknown(
    business: peewee.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = peewee.OperationalError(_said("sqlite_errorcode", 10 | 4 << 8))
    monkeypatch.setattr(business, "commit", _fails_once(business, failed))
    with pytest.raises(OutcomeUnknown):
        transactional(lambda: Customer.select().count())()


@pytest.mark.parametrize("code, ends", [(10, True), (10 | 4 << 8, True), (13, False), (5, False)])
def test_a_process_that_cannot_trust_its_disk_ends(code: int, ends: bool) -> None:
    assert needs_a_new_process(peewee.OperationalError(_said("sqlite_errorcode", code))) is ends
