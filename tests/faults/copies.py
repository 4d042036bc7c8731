"""Copies made amid payments: each is the business of one moment, with all that was acknowledged before it was begun."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import run
from tests import postgres
from tests.faults import engines
from tests.faults.disk import opened
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Shop, serve
from webapp.db import rows
from webapp.domain import checks

WRITERS = 20


def backups(engine: str, runs: int) -> Outcome:
    """F17: flask backup, one after the other, under twenty who pay."""
    history, wrong, missing = History(), list[str](), 0
    with engines.engine(engine) as place, serve(shop := Shop(place, debtors=WRITERS)) as served:
        with Tills(served, history) as tills:
            for number in range(runs):
                tills.until(WRITERS)
                file = place.folder / f"{number}.backup"
                acknowledged = {payment.minor for payment in history.acknowledged}
                try:
                    _run(sys.executable, "-m", "flask", "--app", "wsgi", "backup", file, **shop.environment)
                    with _looked_into(file, place):
                        there = {row[0] for row in rows("SELECT amount_minor FROM payment")}
                        faults = checks.faults()
                except RuntimeError as refused:
                    wrong.append(f"backup {number}: {refused}")
                    continue
                missing += len(acknowledged - there)
                wrong += [f"backup {number}: {fault.name}: {fault.sentence}" for fault in faults]
                file.unlink()
        shop.reopen()
        outcome = judge("F17 backup under load", served, history, runs, wrong)
    return outcome._replace(lost=outcome.lost + missing)


@contextlib.contextmanager
def _looked_into(file: Path, place: engines.Engine) -> Iterator[None]:
    """What a backup holds, in the place of the database: on PostgreSQL in another one of the same server."""
    if place.name == "sqlite":
        with opened(f"sqlite:///{file}") as database, database.connection_context():
            yield
        return
    with postgres.database(place.url, "what_the_backup_holds") as url:
        inside = ("--exit-on-error", "--no-owner", "--schema=public", "--dbname", url)  # the schema itself is there
        _run(postgres.programs() / "pg_restore", *inside, file)
        with opened(url) as database, database.connection_context():
            yield


def _run(*command: str | Path, **environment: str) -> None:
    """A program to its end; raises `RuntimeError` with what it says when it fails."""
    named = {"CARNET_PG_BIN": str(postgres.programs()), **os.environ, **environment}
    said = subprocess.run(command, cwd=run.ROOT, env=named, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(said.stderr.strip()[-300:])
