"""Copies made amid payments: each is the business of one moment, with all that was acknowledged before it was begun."""

import os
import subprocess
import sys

import run
from tests.faults import engines
from tests.faults.disk import opened_file
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Shop, serve
from webapp.db import rows
from webapp.domain import checks

WRITERS = 20


def backups(engine: str, runs: int) -> Outcome:
    """F17: flask backup, one after the other, under twenty who pay."""
    history, wrong, missing = History(), list[str](), 0
    with engines.sqlite() as opened, serve(shop := Shop(opened, debtors=WRITERS)) as served:
        with Tills(served, history) as tills:
            for number in range(runs):
                tills.until(WRITERS)
                file = opened.folder / f"{number}.backup"
                acknowledged = {payment.minor for payment in history.acknowledged}
                command = [sys.executable, "-m", "flask", "--app", "wsgi", "backup", str(file)]
                environment = {**os.environ, **shop.environment}
                said = subprocess.run(
                    command, cwd=run.ROOT, env=environment, capture_output=True, text=True, check=False
                )
                if said.returncode:
                    wrong.append(f"backup {number}: {said.stderr.strip()[-300:]}")
                    continue
                with opened_file(file) as database, database.connection_context():
                    there = {row[0] for row in rows("SELECT amount_minor FROM payment")}
                    faults = checks.faults()
                missing += len(acknowledged - there)
                wrong += [f"backup {number}: {fault.name}: {fault.sentence}" for fault in faults]
                file.unlink()
        shop.reopen()
        outcome = judge("F17 backup under load", served, history, runs, wrong)
    return outcome._replace(lost=outcome.lost + missing)
