"""The primary dies, or its replica: two apps go on by themselves, and nothing acknowledged is lost.

Every time round, a dead primary becomes the replica of the new one, by pg_rewind, as docs/growing.md tells it.
"""

import contextlib
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.faults import engines, report
from tests.faults.history import DONE, History, Tills, judge
from tests.faults.report import Outcome
from tests.faults.shop import Answer, Debtor, Served, Shop, serve

PATIENCE = 60


class Node(engines.Postgres):
    """One of two PostgreSQL servers, reached over TCP as if it were a host of its own."""

    def __init__(self, called: str) -> None:
        super().__init__()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment["PGPORT"] = str(self.port)
        self.called = called
        self.settings |= {"listen_addresses": "127.0.0.1", "cluster_name": called}

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def follow(self, primary: "Node") -> None:
        """Begin as a copy of the primary."""
        self._do("pg_basebackup", "--dbname", primary.url, "--write-recovery-conf", "--checkpoint=fast")

    def follow_again(self, primary: "Node") -> None:
        """After it died as a primary: take back what the new one does not know, and follow it."""
        self._do("pg_rewind", "--source-server", primary.url, "--write-recovery-conf")

    def _do(self, program: str, *arguments: str) -> None:
        data = "--target-pgdata" if program == "pg_rewind" else "--pgdata"
        done = self._run(program, *arguments, data, self.folder / "data")
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        self.launch()

    def wait_for(self, replica: "Node") -> None:
        """Acknowledge from now on only what the replica has on its disk."""
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{replica.called}'", "SELECT pg_reload_conf()")
        deadline = time.monotonic() + PATIENCE
        while not self.ask("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"):
            if time.monotonic() > deadline:
                raise RuntimeError("the replica does not follow")
            time.sleep(0.02)

    def wait_for_nobody(self) -> None:
        self.ask("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")

    def take_over(self) -> None:
        """Become the primary."""
        self.wait_for_nobody()
        self.ask("SELECT pg_promote()")

    def ask(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, one by one; the rows of the last."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


class Pair:
    """A primary and its replica, as the one database that the apps are told of."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.primary, self.replica = Node("north"), Node("south")
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in (self.primary, self.replica))
        self.url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def start(self) -> None:
        self.primary.start()
        # In the server's own file: the recovery by pg_rewind reads no options, and would throw the WAL away. A replica
        # that has just lost its primary obeys a promotion when this interval is over, and by itself it is 5 s.
        self.primary.ask(
            "ALTER SYSTEM SET wal_keep_size = '512MB'",
            "ALTER SYSTEM SET wal_retrieve_retry_interval = '500ms'",
            "SELECT pg_reload_conf()",
        )
        self.replica.follow(self.primary)
        self.primary.wait_for(self.replica)

    def fail_over(self) -> None:
        """The primary is gone from one moment to the next, and the replica is told to take over."""
        self.primary.kill()
        self.replica.take_over()
        self.primary, self.replica = self.replica, self.primary

    def mend(self) -> None:
        """Have a replica again, that every payment waits for."""
        self.replica.follow_again(self.primary)
        self.primary.wait_for(self.replica)


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="carnet-pair-") as folder:
        both = Pair(Path(folder))
        try:
            both.start()
            yield both
        finally:
            for node in (both.primary, both.replica):
                node.kill()
                node.stop()


class TwoHosts(Served):
    """Two apps of one business. Whoever pays asks one, then the other."""

    def __init__(self, *apps: Served) -> None:
        super().__init__(apps[0].shop, apps[0].port, apps[0].process, apps[0].log)
        self.apps, self.taken = apps, Counter[Served]()
        self.turn = 0

    def pay(self, debtor: Debtor, minor: int, key: str | None = None) -> Answer:
        self.turn += 1
        app = self.apps[self.turn % len(self.apps)]
        answer = app.pay(debtor, minor, key)
        self.taken[app] += answer.status == DONE
        return answer

    def workers(self) -> list[int]:
        return [worker for app in self.apps for worker in app.workers()]

    def all_go_on(self) -> bool:
        """Whether each of the apps takes payments again, in some time."""
        before, deadline = self.taken.copy(), time.monotonic() + PATIENCE
        while not all(self.taken[app] >= before[app] + 5 for app in self.apps):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True


def primary(_engine: str, runs: int) -> Outcome:
    """Kill -9 of the whole primary amid payments through two apps, and pg_promote() on its replica."""
    history, wrong, moments = History(), list[str](), list[tuple[float, float]]()
    with pair() as servers, two_hosts(Shop(servers)) as apps:
        workers_before = apps.workers()
        with Tills(apps, history) as tills:
            for number in range(runs):
                if not tills.until(20):
                    wrong.append(f"nobody could pay after {number} kills")
                    break
                time.sleep(random.uniform(0, 0.03))
                killed = time.monotonic()
                servers.fail_over()
                moments.append((killed, time.monotonic()))
                if not apps.all_go_on():
                    wrong.append("an app did not go on by itself")
                    break
                if number < runs - 1:
                    servers.mend()
        if apps.workers() != workers_before:
            wrong.append("an app was started again")
        told = "; ".join(_outage(history, *pair) for pair in moments)
        outcome = judge("kill the primary", apps, history, runs, wrong)
    return outcome._replace(note=f"seconds from the kill to the promotion, and to the first payment: {told}")


def _outage(history: History, killed: float, promoted: float) -> str:
    first = min((moment for moment in history.acknowledged_at if moment > promoted), default=promoted)
    return f"{promoted - killed:.2f}, {first - killed:.2f}"


def replica(_engine: str, runs: int) -> Outcome:
    """Kill -9 of the replica: pages are shown, payments wait, and go on as soon as the primary waits for nobody."""
    history, wrong = History(), list[str]()
    with pair() as servers, two_hosts(Shop(servers)) as apps:
        with Tills(apps, history) as tills:
            for number in range(runs):
                if not tills.until(20):
                    wrong.append(f"nobody could pay after {number} kills")
                    break
                servers.replica.kill()
                time.sleep(0.5)
                acknowledged = len(history.acknowledged_at)
                shown = [app.get("/billing/invoices").status for app in apps.apps]
                time.sleep(1)
                if shown != [200, 200]:
                    wrong.append(f"a page answered {shown} while payments waited")
                if len(history.acknowledged_at) > acknowledged:
                    wrong.append("a payment was acknowledged that no replica has")
                servers.primary.wait_for_nobody()
                if not apps.all_go_on():
                    wrong.append("an app did not go on by itself")
                    break
                servers.replica.launch()
                servers.primary.wait_for(servers.replica)
        return judge("kill the replica", apps, history, runs, wrong)


@contextlib.contextmanager
def two_hosts(shop: Shop) -> Iterator[TwoHosts]:
    with serve(shop) as one, serve(shop) as other:
        yield TwoHosts(one, other)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    outcomes = [primary("postgres", runs), replica("postgres", runs)]
    report.show(outcomes)
    sys.exit(not all(outcome.is_well for outcome in outcomes))
