"""The clock jumps: a year on, a day back, to and fro."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from tests import factories as make
from tests.business import PASSWORD, address
from tests.clients import Client, client_for
from tests.faults import engines, jumping
from tests.faults.history import History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Served, Shop, serve
from tests.web.billing import filled
from tests.web.money_forms import Desk, pay
from webapp.db import rows

ENDINGS = "SELECT subject_id, COUNT(*) FROM audit WHERE act = 'Expired'"
JUMPS = (timedelta(0), timedelta(days=366), timedelta(days=-1), timedelta(hours=5), timedelta(days=40))


def jumps(engine: str, runs: int) -> Outcome:
    """F7: whatever the clock says, nothing ends twice, no number is used twice, and a sign-in ends as one does."""
    wrong, chance, done = list[str](), random.Random(), 0
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        shop.app.config.update(SESSION_HOURS=168, SESSION_IDLE_MINUTES=720)
        members, client = _members(shop), client_for(shop.app)
        for number in range(runs):
            moment = datetime.now(UTC) + (JUMPS[number] if number < len(JUMPS) else chance.choice(JUMPS))
            with time_machine.travel(moment, tick=True):
                client = _signed_in(shop, client, wrong)
                statuses = [client.get(path).status_code for path in ("/", "/billing/packages", "/billing/invoices")]
                if statuses != [200] * 3:
                    wrong.append(f"on {moment:%Y-%m-%d} pages were answered {statuses}")
                with shop.connected():
                    desk = Desk(client, shop.owner)
                    sent = pay(desk)
                    done += client.post(sent.path, data=sent.fields).status_code == 303
        partial = _done_twice(shop, members, wrong)
        if done != runs:
            wrong.append(f"{runs - done} payments did not go through")
        books = shop.books()
        shop.close()
    return Outcome("F7 clock jumps", engine, runs, done, 0, partial + len(books), None, [*wrong, *books])


def jumps_under_load(engine: str, runs: int) -> Outcome:
    """F7: the clock of the served process jumps amid payments."""
    name, history, wrong = "F7 clock jumps under load", History(), list[str]()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        members, said = _members(shop), opened.folder / "clock"
        shop.today -= timedelta(days=2)  # no payment is of a day that is to come, on whatever day it arrives
        _say(said, JUMPS[0])
        with serve(shop, f"--config={jumping.__file__}", CLOCK_FILE=str(said)) as served:
            before = served.workers()
            with Tills(served, history) as tills:
                for number in range(runs):
                    _say(said, JUMPS[number % len(JUMPS)])
                    if not tills.until(8):
                        wrong.append(f"nobody could pay after {number} jumps")
                        break
                    wrong += [f"{path} was not shown" for path in ("/", "/billing/packages") if _is_ill(served, path)]
            if served.workers() != before:
                wrong.append("the process did not outlive the jumps")
            twice = _done_twice(shop, members, wrong)
            outcome = judge(name, served, history, runs, wrong)
            return outcome._replace(partial=outcome.partial + twice, outage=None)


def _say(file: Path, away: timedelta) -> None:
    """What the clock says from now on; the file is replaced, so that nobody reads half of it."""
    new = file.with_suffix(".new")
    new.write_text(f"{away.total_seconds():.0f}", encoding="ascii")
    new.rename(file)


def _is_ill(served: Served, path: str) -> bool:
    return served.get(path).status != 200


def _done_twice(shop: Shop, members: int, wrong: list[str]) -> int:
    """How much happened twice that may happen only once."""
    with shop.connected():
        ended = rows(f"{ENDINGS} GROUP BY subject_id HAVING COUNT(*) > 1")
        happened = len(rows(f"{ENDINGS} GROUP BY subject_id"))
        twice = rows("SELECT series, number FROM invoice WHERE number IS NOT NULL GROUP BY 1, 2 HAVING COUNT(*) > 1")
    if happened != members:
        wrong.append(f"{happened} of {members} memberships ended")
    wrong += [f"membership {row[0]} ended {row[1]} times" for row in ended]
    wrong += [f"number {row[0]}-{row[1]} was used twice" for row in twice]
    return len(ended) + len(twice)


def _members(shop: Shop) -> int:
    """Some whose last day is near, with money in them; how many they are."""
    with shop.desk() as desk:
        package = make.piano(validity="days", validity_count=30)
        for _ in range(3):
            desk.sold((package, None), paid_by="card")
    shop.close()
    return 3


def _signed_in(shop: Shop, before: Client, wrong: list[str]) -> Client:
    """Somebody who signs in now; whoever did so before the jump is asked to do so again, and no more."""
    if before.get("/").status_code not in (200, 302):
        wrong.append("a sign-in from another time ended in a fault")
    fresh = client_for(shop.app)
    form = {**filled(fresh.get("/sign-in"), "/sign-in"), "email": address("owner"), "password": PASSWORD}
    status = fresh.post("/sign-in", data=form).status_code
    if status != 303:
        wrong.append(f"signing in was answered {status}")
    return fresh
