"""Memory: a worker that gets no more of it, amid payments and long lists."""

import contextlib
import random
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults import engines
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Served, Shop, serve

LISTS = ("/billing/packages/export", "/customers", "/billing/payments", "/reports")
MOST_LEFT = 1 << 20
PATIENCE_SECONDS = 5


def exhausted(engine: str, runs: int) -> Outcome:
    """F19: whatever a worker is at, it gets no more memory; it ends and another begins, and nothing is half done."""
    history, wrong, ended = History(), list[str](), 0
    with engines.engine(engine) as opened, serve(Shop(opened)) as served:
        with Tills(served, history) as tills, _readers(served):
            for number in range(runs):
                if not tills.until(3):
                    wrong.append(f"nobody could pay after {number} times")
                    break
                before = served.workers()
                for worker in before:
                    _no_more(worker)
                ended += _are_gone(before, served)
            tills.until(10)
        if not ended:
            wrong.append("no worker ever ran out of memory")
        note = f"{ended} of {runs} workers ended by it; the others did with what they had"
        return judge("F19 out of memory", served, history, runs, wrong)._replace(note=note)


def _no_more(worker: int) -> None:
    """From now on the process may have what it has, and a little."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        pages = int(Path(f"/proc/{worker}/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + random.randrange(MOST_LEFT)
        resource.prlimit(worker, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def _are_gone(workers: list[int], served: Served) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(workers) & set(served.workers()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def _readers(served: Served) -> Iterator[None]:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            for path in LISTS:
                served.get(path)

    people = [threading.Thread(target=read) for _ in range(4)]
    for person in people:
        person.start()
    try:
        yield
    finally:
        stop.set()
        for person in people:
            person.join()
