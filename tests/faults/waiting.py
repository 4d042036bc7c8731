"""Waiting: for a locked database, for a free connection, for a network that was cut, for others' transactions."""

import threading
import time
from collections import Counter
from contextlib import closing

import peewee
import psycopg

from tests.faults import engines, network
from tests.faults.history import DONE, History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Answer, Served, Shop, serve

PATIENCE = 10
"""Seconds that somebody waits for another's lock, then hears that it is busy."""

READERS_WAIT = 1.0
"""Seconds that a reader may take meanwhile."""


def locked(engine: str, runs: int) -> Outcome:
    """F6: somebody else holds the database, shorter and longer than anybody waits; readers do not notice."""
    history, wrong = History(), list[str]()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        with serve(shop) as served:
            served.get("/")
            for number in range(runs):
                seconds = (2, PATIENCE + 5)[number % 2]
                lock = threading.Thread(target=_hold, args=(shop, seconds))
                lock.start()
                time.sleep(0.3)
                payment, began = history.begin(shop.debtors[0]), time.monotonic()
                reader = threading.Thread(target=_read, args=(served, seconds, wrong))
                reader.start()
                answer = served.pay(payment.debtor, payment.minor, payment.key)
                waited = time.monotonic() - began
                history.note(payment, answer)
                wrong += _of_waiting(answer, seconds, waited)
                reader.join()
                lock.join()
        return _judged("F6 locked database", shop, history, runs, wrong)


def _of_waiting(answer: Answer, seconds: int, waited: float) -> list[str]:
    is_longer = seconds > PATIENCE
    if answer.status != (503 if is_longer else DONE):
        return [f"held for {seconds} s: answered {answer.status} after {waited:.1f} s"]
    if is_longer and not (answer.headers.get("Retry-After") and waited < PATIENCE + 3):
        return [f"said that it is busy after {waited:.1f} s, Retry-After {answer.headers.get('Retry-After')}"]
    return []


def _hold(shop: Shop, seconds: float) -> None:
    """Somebody else's transaction that writes and does not end; on PostgreSQL on a row that everybody pays from."""
    if isinstance(shop.engine, engines.Sqlite):
        other = vars(peewee)["sqlite3"].connect(shop.engine.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(shop.engine.url) as connection:
        connection.execute("SELECT * FROM invoice FOR UPDATE")
        connection.execute("LOCK TABLE journal IN SHARE MODE")
        time.sleep(seconds)
        connection.rollback()


def _read(served: Served, seconds: float, wrong: list[str]) -> None:
    until = time.monotonic() + seconds - 0.5
    while time.monotonic() < until:
        began = time.monotonic()
        status, took = served.get("/customers").status, time.monotonic() - began
        if status != 200 or took > READERS_WAIT:
            wrong.append(f"a reader was answered {status} after {took:.1f} s")
        time.sleep(0.1)


def _judged(fault: str, shop: Shop, history: History, runs: int, wrong: list[str]) -> Outcome:
    """By an app that was started anew, and with the outage left out: nobody paid all the time."""
    with serve(shop) as served:
        return judge(fault, served, history, runs, wrong)._replace(outage=None)


def pool(engine: str, runs: int) -> Outcome:
    """F23: a pool of a few connections, all of them held up in a slow request; the others hear within seconds."""
    history, wrong = History(), list[str]()
    longest = 0.0
    with engines.postgresql() as cluster:
        shop = Shop(cluster)
        for number in range(runs):
            size = 2 + number % 4
            with serve(shop, "--threads=64", CARNET_DATABASE_POOL=str(size)) as served:
                served.get("/")
                answers = _all_held_up(shop, served)
                statuses = Counter(answer.status for answer, _ in answers)
                longest = max(longest, *(took for answer, took in answers if answer.status == 503))
                if set(statuses) - {200, 503} or not statuses[503] or statuses[200] < size:
                    wrong.append(f"a pool of {size}: {dict(statuses)}")
                began = time.monotonic()
                if served.get("/billing/invoices").status != 200 or time.monotonic() - began > 1:
                    wrong.append("it did not recover at once")
                payment = history.begin(shop.debtors[0])
                history.note(payment, served.pay(payment.debtor, payment.minor, payment.key))
        if longest > 6:
            wrong.append(f"somebody waited {longest:.1f} s to hear that it is busy")
        return _judged("F23 pool exhausted", shop, history, runs, wrong)


def _all_held_up(shop: Shop, served: Served, people: int = 50) -> list[tuple[Answer, float]]:
    answers: list[tuple[Answer, float]] = []

    def ask() -> None:
        began = time.monotonic()
        answer = served.get("/billing/invoices")
        answers.append((answer, time.monotonic() - began))

    with closing(psycopg.connect(shop.engine.url)) as other:
        other.execute("LOCK TABLE invoice IN ACCESS EXCLUSIVE MODE")
        crowd = [threading.Thread(target=ask) for _ in range(people)]
        for person in crowd:
            person.start()
        time.sleep(6.5)
        other.rollback()
    for person in crowd:
        person.join()
    return answers


def cut(engine: str, runs: int) -> Outcome:
    """F24: the network to PostgreSQL is cut: at any moment, and at the very moment of a COMMIT, before and after it."""
    history, wrong = History(), list[str]()
    unknown = 0
    with engines.postgresql() as cluster, network.line(cluster.socket) as line:
        shop = Shop(cluster)
        with serve(shop, url=line.url) as served:
            workers = served.workers()
            for number in range(runs):
                unknown += _cut_at_commit(served, line, history, "before" if number % 2 else "after", wrong)
            with Tills(served, history) as tills:
                for _ in range(runs):
                    tills.until(10)
                    line.cut()
                    time.sleep(0.5)
                    line.mend()
                if not tills.until(20):
                    wrong.append("nobody could pay when the network was back")
            if served.workers() != workers:
                wrong.append("the app did not go on by itself")
            outcome = judge("F24 network cut", served, history, runs * 2, wrong)
    return outcome._replace(note=f"{unknown} times it was not known whether it was saved, and said so")


def _cut_at_commit(served: Served, line: network.Line, history: History, when: str, wrong: list[str]) -> int:
    payment = history.begin(served.shop.debtors[0])
    line.cuts_at_commit = when
    answer = served.pay(payment.debtor, payment.minor, payment.key)
    line.cuts_at_commit = ""
    history.note(payment, answer)
    if answer.status == 500 and "It is not known whether this was saved" in answer.text and "done once" in answer.text:
        return 1
    wrong.append(f"cut {when} a COMMIT it answered {answer.status}")
    return 0


def serialization(engine: str, runs: int) -> Outcome:
    """F22: twenty who all pay from one invoice, so that PostgreSQL refuses most of their transactions at first."""
    history, wrong = History(), list[str]()
    with engines.postgresql() as cluster:
        shop = Shop(cluster, debtors=20)
        shop.debtors = [shop.debtors[0]] * 20
        with serve(shop, "--workers=2") as served:
            with Tills(served, history) as tills:
                if not tills.until(runs, within=300):
                    wrong.append("they kept each other from paying")
            outcome = judge("F22 serialization failures", served, history, runs, wrong)
    busy = f"{history.statuses[503]} of {sum(history.statuses.values())} heard that it is busy after three seconds"
    too_many = [busy] if history.statuses[503] > runs // 20 else []
    return outcome._replace(note=busy, wrong=[*outcome.wrong, *too_many])
