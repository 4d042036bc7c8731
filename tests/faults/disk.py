"""The disk: full, failing to write, for reading only, and with a bit of it flipped."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import psycopg

from tests.conftest import disconnect
from tests.faults import engines
from tests.faults.history import DONE, History, judge
from tests.faults.report import Outcome
from tests.faults.shop import Answer, Served, Shop, serve
from tests.web.money_forms import deposit
from webapp import db as databases
from webapp.db import rows
from webapp.domain import checks
from webapp.models import MODELS

MEGABYTES = {"sqlite": 24, "postgres": 160, "log": 64}
MOST = 500
"""Payments until a full disk is noticed: what is there already has room in it."""


def full(engine: str, runs: int) -> Outcome:
    """F3: no room on the disk of the database, then room again."""
    name, history, wrong = "F3 disk full", History(), list[str]()
    if os.geteuid():
        return Outcome(name, engine, 0, note="not run: only root can make a disk that is small")
    with _on_a_small_disk(engine) as (opened, disk), serve(Shop(opened)) as served:
        for number in range(runs):
            _fill(disk)
            refused = _pay_until(507, served, history)
            if not refused:
                wrong.append(f"round {number}: nobody was told that the disk is full")
            elif "Send again" not in refused.text:
                wrong.append("what was typed was not kept")
            wrong += [f"{path} could not be read" for path in ("/", "/customers") if served.get(path).status != 200]
            (disk / "filler").unlink()
            began = time.monotonic()
            if not _pay_until(DONE, served, history):
                wrong.append(f"round {number}: nobody could pay when there was room again")
            elif time.monotonic() - began > 5:
                wrong.append(f"it took {time.monotonic() - began:.1f} s to go on when there was room again")
        return judge(name, served, history, runs, wrong)._replace(outage=None)


def log_full(engine: str, runs: int) -> Outcome:
    """F3: no room on the disk of PostgreSQL's log. It ends itself then; somebody makes room and starts it again."""
    name, history, wrong = "F3 log disk full", History(), list[str]()
    if os.geteuid():
        return Outcome(name, engine, 0, note="not run: only root can make a disk that is small")
    with (
        engines.small_disk(MEGABYTES["log"]) as disk,
        engines.postgresql(disk, is_for_the_log=True) as opened,
        serve(Shop(opened)) as served,
    ):
        for number in range(runs):
            _to_the_last_segment(opened)
            _fill(disk)
            refused = _pay_until(503, served, history)
            if not refused:
                wrong.append(f"round {number}: nobody was told")
            elif "Send again" not in refused.text:
                wrong.append("what was typed was not kept")
            if not _has_ended(opened):
                wrong.append(f"round {number}: PostgreSQL went on without its log")
            (disk / "filler").unlink()
            opened.launch()
            if not _pay_until(DONE, served, history):
                wrong.append(f"round {number}: nobody could pay when there was room again")
        return judge(name, served, history, runs, wrong)._replace(outage=None)


def _to_the_last_segment(cluster: engines.Postgres) -> None:
    """Of those that the log has room for already."""
    last = max(file.name for file in cluster.log_ahead.iterdir() if file.is_file())
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        while admin.execute("SELECT pg_walfile_name(pg_current_wal_lsn()) < %s", (last,)).fetchall() == [(True,)]:
            admin.execute("SELECT pg_logical_emit_message(false, '', 'x')")
            admin.execute("SELECT pg_switch_wal()")


def _has_ended(cluster: engines.Postgres) -> bool:
    """It begins anew once by itself, finds no room again, and gives up."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return cluster.process is not None and cluster.process.wait(10) != 0
    return False


@contextlib.contextmanager
def _on_a_small_disk(engine: str) -> Iterator[tuple[engines.Sqlite | engines.Postgres, Path]]:
    with engines.small_disk(MEGABYTES[engine]) as disk:
        if engine == "sqlite":
            yield engines.Sqlite(disk), disk
            return
        with engines.postgresql(disk) as cluster:
            yield cluster, disk


def _fill(disk: Path) -> None:
    """Not a block is left."""
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while filler.write(b"\0" * size):
                    pass


def _pay_until(status: int, served: Served, history: History) -> Answer | None:
    for number in range(MOST):
        payment = history.begin(served.shop.debtors[number % len(served.shop.debtors)])
        answer = served.pay(payment.debtor, payment.minor, payment.key)
        history.note(payment, answer)
        if answer.status == status:
            return answer
    return None


def failing(engine: str, runs: int) -> Outcome:
    """F4: what was written does not reach the disk: fsync fails under a commit."""
    name, history, wrong = "F4 fsync fails", History(), list[str]()
    strace = shutil.which("strace")
    if not strace:
        return Outcome(name, engine, 0, note="not run: strace is not installed")
    with engines.engine(engine) as opened, serve(Shop(opened)) as served:
        for number in range(runs):
            _pay_until(DONE, served, history)
            before = served.workers()
            with _fsync_fails(strace, lambda: _who_writes(opened, served)) as is_attached:
                if not is_attached:
                    return Outcome(name, engine, 0, note="not run: this machine lets nobody trace a process")
                payment = history.begin(served.shop.debtors[0])
                answer = served.pay(payment.debtor, payment.minor, payment.key)
                history.note(payment, answer)
            is_known = "It is not known whether this was saved" not in answer.text
            if answer.status == DONE or (is_known and engine == "sqlite"):
                wrong.append(f"round {number}: answered {answer.status}")  # PostgreSQL may have ended before the COMMIT
            if not _pay_until(DONE, served, history):
                wrong.append(f"round {number}: nobody could pay afterwards")
            if engine == "sqlite" and not _have_ended(before, served):
                wrong.append(f"round {number}: the process went on with what it believed to be written")
        return judge(name, served, history, runs, wrong)._replace(outage=None)


def _who_writes(opened: engines.Sqlite | engines.Postgres, served: Served) -> list[int]:
    if isinstance(opened, engines.Postgres) and opened.process:
        return engines.children(opened.process.pid)
    return served.workers()


def _have_ended(before: list[int], served: Served) -> bool:
    deadline = time.monotonic() + 10
    while set(before) & set(served.workers()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def _fsync_fails(strace: str, writers: Callable[[], list[int]]) -> Iterator[bool]:
    """Whether it does; PostgreSQL's processes come and go, so one may be gone before it is reached."""
    command = [strace, "-f", "-q", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    for _ in range(5):
        victims = [f"--attach={process}" for process in writers()]
        tracer = subprocess.Popen([*command, *victims], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)
        if tracer.poll() is None:
            break
    try:
        yield tracer.poll() is None
    finally:
        tracer.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(10)
        tracer.kill()
        tracer.wait()


def read_only(engine: str, runs: int) -> Outcome:
    """F5: the database takes no changes for a while."""
    history, wrong = History(), list[str]()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        with serve(shop) as served:
            for number in range(runs):
                if isinstance(opened, engines.Sqlite):
                    wrong += _sqlite_reads_only(shop)
                    _pay_until(DONE, served, history)
                    continue
                _set_read_only(opened, "on")
                if not _pay_until(503, served, history):
                    wrong.append(f"round {number}: nobody was told")
                wrong += [f"{path} could not be read" for path in ("/", "/customers") if served.get(path).status != 200]
                _set_read_only(opened, "off")
                if not _pay_until(DONE, served, history):
                    wrong.append(f"round {number}: nobody could pay afterwards")
            return judge("F5 read-only", served, history, runs, wrong)._replace(outage=None)


def _set_read_only(cluster: engines.Postgres, value: str) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)


def _sqlite_reads_only(shop: Shop) -> Iterator[str]:
    """In this process: no other way to say it reaches a connection that is open for writing already."""
    with shop.desk() as desk:
        sent = deposit(desk)
        shop.database.execute_sql("PRAGMA query_only = 1")
        answer = desk.client.post(sent.path, data=sent.fields)
        if answer.status_code != 503 or "nothing was saved" not in answer.text or "Send again" not in answer.text:
            yield f"answered {answer.status_code}"
        if desk.client.get("/customers").status_code != 200:
            yield "nobody could read"
        shop.database.execute_sql("PRAGMA query_only = 0")
        if desk.client.post(sent.path, data=sent.fields).status_code != DONE:
            yield "could not be sent again"
    shop.close()


UNREADABLE = (peewee.PeeweeException, vars(peewee)["sqlite3"].Error, ValueError, TypeError, ArithmeticError)
"""What a damaged file ends in: fetching a text that is none any more, the driver says so itself."""

MONEY = ("account", "journal", "transfer", "payment", "allocation", "invoice", "invoice_line", "membership_item")


def flipped(engine: str, runs: int) -> Outcome:
    """F27: one bit of a copy of the file is another: that is found, or no sum of money or units is another."""
    wrong, found = list[str](), Counter[str]()
    with engines.sqlite() as opened:
        shop = Shop(opened)
        with shop.desk() as desk:
            for _ in range(5):
                desk.member()
        shop.close()
        with shop.connected():
            rows("PRAGMA wal_checkpoint(TRUNCATE)")
        shop.close()
        copy, chance = opened.folder / "copy.db", random.Random()
        right = _money(opened.file)
        for _ in range(runs):
            place = _flip_a_bit(opened.file, copy, chance)
            what = _found(copy) or _compared(copy, right)
            found[what] += 1
            if what == "OTHER MONEY":
                wrong.append(f"bit {place} changed the money and nobody noticed")
    note = ", ".join(f"{what}: {count}" for what, count in found.most_common())
    return Outcome("F27 bit flips", "sqlite", runs, None, len(wrong), 0, None, wrong, note)


def _flip_a_bit(file: Path, copy: Path, chance: random.Random) -> int:
    content = bytearray(file.read_bytes())
    place = chance.randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    for old in copy.parent.glob("copy.db*"):
        old.unlink()
    copy.write_bytes(content)
    return place


def _found(copy: Path) -> str:
    """What says that the file is damaged."""
    with opened(f"sqlite:///{copy}") as database:
        try:
            with database.connection_context():
                if [row[0] for row in rows("PRAGMA integrity_check(1)")] != ["ok"]:
                    return "found by integrity_check"
                if rows("PRAGMA foreign_key_check"):
                    return "found by foreign_key_check"
                return "found by check-ledger" if checks.faults() else ""
        except UNREADABLE:
            return "cannot be read"


def _compared(copy: Path, right: dict[str, list[tuple[Any, ...]]]) -> str:
    try:
        return "no figure is another" if _money(copy) == right else "OTHER MONEY"
    except UNREADABLE:
        return "cannot be read"


EXPLAINED = {"rate_e4", "standard_rate_e4", "leaves_milli", "discount_minor"}
"""What a line says of how its amount came about. Nothing is held or owed by it: no sum proves it to its last digit."""


def _money(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every amount, quantity and reference of the books; a text with another letter is no other balance."""
    columns = {
        str(model._meta.table_name): [
            f.column_name for f in model._meta.sorted_fields if f.column_name not in EXPLAINED
        ]
        for model in MODELS
    }
    with opened(f"sqlite:///{file}") as database, database.connection_context():
        found = {table: rows(f"SELECT {', '.join(columns[table])} FROM {table} ORDER BY id") for table in MONEY}
    return {table: [tuple(v for v in row if isinstance(v, int)) for row in found[table]] for table in found}


@contextlib.contextmanager
def opened(url: str) -> Iterator[peewee.Database]:
    """Another database in the place of the one at hand; whoever needs that again says so afterwards."""
    database = databases.connect(url)
    try:
        yield database
    finally:
        with contextlib.suppress(peewee.PeeweeException):
            disconnect(database)
