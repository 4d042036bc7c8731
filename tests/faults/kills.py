"""Kills: of the worker amid payments, of the whole of PostgreSQL, of a migration half way."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import run
from tests import postgres as cluster
from tests.conftest import disconnect
from tests.faults import engines
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Served, Shop, serve
from webapp import db
from webapp.migrations import migrate, state
from webapp.models import MODELS


def workers(engine: str, runs: int) -> Outcome:
    """F1: kill -9 of the worker amid payments; gunicorn starts another."""
    history, wrong = History(), list[str]()
    with engines.engine(engine) as opened, serve(Shop(opened)) as served:
        with Tills(served, history) as tills:
            for number in range(runs):
                if not tills.until(3):
                    wrong.append(f"nobody could pay after {number} kills")
                    break
                _a_moment()
                _kill_worker(served)
            tills.until(10)
        return judge("F1 kill a worker", served, history, runs, wrong)


def _a_moment() -> None:
    """Somewhere in the middle of what is going on."""
    time.sleep(random.uniform(0, 0.03))


def _kill_worker(served: Served) -> None:
    for worker in served.workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def postgres(engine: str, runs: int) -> Outcome:
    """F2: kill -9 of all of PostgreSQL; the app goes on by itself when it is back."""
    history, wrong = History(), list[str]()
    with engines.postgresql() as opened, serve(Shop(opened)) as served:
        workers_before = served.workers()
        with Tills(served, history) as tills:
            for number in range(runs):
                if not tills.until(20):
                    wrong.append(f"nobody could pay after {number} kills")
                    break
                _a_moment()
                opened.kill()
                opened.launch()
            tills.until(20)
        if served.workers() != workers_before:
            wrong.append("the app did not go on by itself")
        return judge("F2 kill PostgreSQL", served, history, runs, wrong)


READY = "ready"
MIGRATING = f"""
import sys
from webapp import db
from webapp.migrations import migrate
database = db.connect(sys.argv[1])
with database.connection_context():
    print({READY!r}, flush=True)
    migrate(database)
    print("done", flush=True)
"""


def migration(engine: str, runs: int) -> Outcome:
    """F18: kill -9 of a migration at any moment: the old schema or the new one, and the next try completes it."""
    wrong, found, longest = list[str](), Counter[str](), 0.0
    with engines.engine(engine) as opened:
        for number in range(runs):
            with _empty(opened, number) as url:
                seconds = _migrate_for(url, 0 if number == 0 else random.uniform(0, longest))
                if number == 0:
                    longest = seconds * 1.1
                database = db.connect(url)
                with database.connection_context():
                    before = state(database)
                    migrate(database)
                    after = state(database)
                    tables = set(database.get_tables())
                disconnect(database)
                found["the old schema" if before.is_empty else "the new schema"] += 1
                if not (before.is_empty or before.is_current):
                    wrong.append(f"kill {number} left schema {before.found}")
                if not after.is_current or len(tables) < len(MODELS):
                    wrong.append(f"after kill {number} the next try came to schema {after.found}, {len(tables)} tables")
    note = ", ".join(f"{what}: {count}" for what, count in found.most_common())
    return Outcome("F18 kill a migration", engine, runs, None, 0, len(wrong), None, wrong, note)


@contextlib.contextmanager
def _empty(opened: engines.Sqlite | engines.Postgres, number: int) -> Iterator[str]:
    if isinstance(opened, engines.Sqlite):
        yield f"sqlite:///{opened.folder / f'{number}.db'}"
        return
    with cluster.database(opened.url, f"migrated_{number}") as url:
        yield url


def _migrate_for(url: str, seconds: float) -> float:
    """Let a migration run for so long, or to its end for 0; how long it ran."""
    command = [sys.executable, "-c", MIGRATING, url]
    with subprocess.Popen(command, cwd=run.ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != READY:
            raise RuntimeError("the migration did not begin")
        began = time.monotonic()
        if seconds:
            time.sleep(seconds)
            process.kill()
        process.stdout.readline()
        return time.monotonic() - began
