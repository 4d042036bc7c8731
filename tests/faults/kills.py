"""Kills: of the worker amid payments, of the whole of PostgreSQL, of a migration half way."""

import contextlib
import os
import random
import signal
import time

from tests.faults import engines
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Served, Shop, serve


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
    with engines.postgresql() as cluster, serve(Shop(cluster)) as served:
        workers_before = served.workers()
        with Tills(served, history) as tills:
            for number in range(runs):
                if not tills.until(20):
                    wrong.append(f"nobody could pay after {number} kills")
                    break
                _a_moment()
                cluster.kill()
                cluster.launch()
            tills.until(20)
        if served.workers() != workers_before:
            wrong.append("the app did not go on by itself")
        return judge("F2 kill PostgreSQL", served, history, runs, wrong)
