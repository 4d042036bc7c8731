"""Several people at the same moment: each act in a thread and on a connection of its own."""

import threading
from collections.abc import Callable

from webapp.db import db
from webapp.domain.errors import DomainError


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment, at most as many as the pool has connections; what each gave, or the refusal that
    it met. Any other exception is raised."""
    outcomes: list[object] = [None] * len(acts)
    crashes: list[BaseException] = []
    ready = threading.Barrier(len(acts), timeout=60)

    def do(number: int) -> None:
        with db.connection_context():
            ready.wait()
            try:
                outcomes[number] = acts[number]()
            except DomainError as refusal:
                outcomes[number] = refusal
            except BaseException as crash:
                crashes.append(crash)

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if crashes:
        raise crashes[0]
    return outcomes
