"""The sample business as a file, which takes long to make: made once for all workers, who copy it."""

import fcntl
import os
from datetime import date
from pathlib import Path

import pytest

from tests.business import address
from webapp.domain import demo
from webapp.models import User

TODAY = date(2026, 11, 22)


def fill() -> None:
    """Fill the business that is connected."""
    demo.fill(owner=User.get(User.email == address("owner")), on=TODAY)


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file with the business of the tests and its sample year. Whoever is first makes it."""
    from tests.bench import scratch

    mine = tmp_path_factory.getbasetemp()
    folder = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    made = folder / "sample.db"
    with (folder / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = made.with_name("making.db")
            making.unlink(missing_ok=True)
            with scratch.business(f"sqlite:///{making}"):
                fill()
            making.rename(made)
    return made
