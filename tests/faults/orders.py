"""Two acts on the money of one customer, stepped statement by statement, in many orders: PostgreSQL's own isolation
tester in small. Each act has a thread and a connection of its own and waits at a gate before every statement.

The orders that are tried for each ordered pair (A, B), an act with itself among them: A is stopped before each of its
statements, in turn; B runs to its end, or until it waits for A; then A runs to its end, then B. Since every act first
holds the customer, B waits as soon as A has: no other order could end otherwise. To see that it is so, a third as many
orders, by chance, stop B as well. Every end must be that of one after the other, and the books must be right.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Any

import peewee
import pytest

from tests import engines
from tests.deals import ACTS, Act, deal
from tests.faults.laid_out import LaidOut, laid_out
from tests.faults.report import Outcome
from webapp.db import db, rows
from webapp.domain import checks
from webapp.domain.errors import DomainError

NO_STOP = 10_000


class Actor(threading.Thread):
    """Does one act, a statement at a time: before each it waits to be let on."""

    def __init__(self, act: Callable[[], object], is_held_up: Callable[[int], bool] = lambda _: False) -> None:
        super().__init__(daemon=True)
        self.act, self.is_held_up = act, is_held_up
        self.server_process = 0
        self.said: list[str] = []
        self.outcome = ""
        self.crash: BaseException | None = None
        self._go, self._waits = threading.Semaphore(0), threading.Event()
        self._is_let_go = False

    def run(self) -> None:
        here.actor = self
        try:
            self.act()
            self.outcome = "done"
        except DomainError as refusal:
            self.outcome = type(refusal).__name__
        except BaseException as crash:
            self.crash = crash
        finally:
            here.actor = None
            if not db.is_closed():
                db.close()
            self.outcome = self.outcome or "crashed"
            self._waits.set()

    def gate(self, statement: str) -> None:
        """Called by the act before it gives a statement to the database."""
        self.said.append(statement)
        self.server_process = 0 if db.is_closed() else db.connection().info.backend_pid
        if not self._is_let_go:
            self._waits.set()
            self._go.acquire()

    def step(self) -> bool:
        """Let it on by one statement; whether it came to the next one, or to its end, and waits for nobody's lock."""
        self._waits.clear()
        self._go.release()
        until = time.monotonic() + 30
        while not self._waits.wait(0.003):
            if self.is_held_up(self.server_process):
                return False
            if time.monotonic() > until:
                raise RuntimeError(f"does not come back from {self.said[-1]}")
        return True

    def to(self, statements: int) -> None:
        """Until it is about to give that statement (counted from 0), or waits, or is over."""
        self._waits.wait(10)
        while len(self.said) <= statements and not self.outcome and self.step():
            pass

    def let_go(self) -> None:
        """No gate stops it any more."""
        self._is_let_go = True
        self._go.release()

    def to_its_end(self) -> None:
        self.let_go()
        self.join(30)
        if self.is_alive():
            raise RuntimeError(f"waits for ever at {self.said[-1]}")


here = threading.local()


@contextmanager
def gates(database: peewee.Database) -> Iterator[None]:
    """Every statement of an actor passes its gate; of everybody else, none does."""

    def gated(name: str) -> Callable[..., Any]:
        given = getattr(database, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            actor = getattr(here, "actor", None)
            if actor:
                actor.gate(str(args[0]) if name == "execute_sql" else name.upper())
            return given(*args, **kwargs)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute_sql", "begin", "commit"):
            patch.setattr(database, name, gated(name))
        yield


End = tuple[object, ...]


def end() -> End:
    """What there is afterwards, but for the ids of what is new: money by kind of account, units, invoices, counts."""
    return (
        tuple(sorted((kind, int(held)) for kind, held in rows("SELECT kind, credits - debits FROM account") if held)),
        tuple(rows("SELECT used_milli, reserved_milli, included_milli FROM membership_item ORDER BY 1, 2, 3")),
        tuple(rows("SELECT state, COALESCE(reason, '') FROM membership ORDER BY 1, 2")),
        tuple(rows("SELECT status, total_minor, due_minor FROM invoice ORDER BY 1, 2, 3")),
        tuple(rows("SELECT amount_minor FROM payment ORDER BY 1")),
        int(rows("SELECT COUNT(*) FROM journal")[0][0]),
    )


class Explorer:
    """The orders of two acts, each from the same beginning."""

    def __init__(self, place: LaidOut, wrong: list[str], acts: Sequence[Act]) -> None:
        self.place, self.wrong, self.ends = place, wrong, Counter[str]()
        self.deal = deal(place.desk.by)
        self.start = place.keep("deal")
        self.serial: dict[tuple[str, str], tuple[End, tuple[str, str]]] = {}
        self.said: dict[str, list[str]] = {}
        self.runs = 0
        for act in acts:
            self.said[act.__name__] = self._alone(act)

    def _alone(self, act: Act) -> list[str]:
        actor = Actor(partial(act, self.deal))
        with gates(self.place.database):
            actor.start()
            actor.to_its_end()
        self.place.restore(self.start)
        return actor.said

    def one_after_the_other(self, one: Act, other: Act) -> tuple[End, tuple[str, str]]:
        key = one.__name__, other.__name__
        if key not in self.serial:
            outcomes = []
            for act in (one, other):
                actor = Actor(partial(act, self.deal))
                actor.start()
                actor.to_its_end()
                outcomes.append(actor.outcome)
            self.serial[key] = end(), (outcomes[0], outcomes[1])
            self.place.restore(self.start)
        return self.serial[key]

    def try_order(self, one: Act, other: Act, stop: int, other_stop: int | None = None) -> None:
        """One act is stopped, and the other runs as far as it can; or both are stopped, the first to come first."""
        self.one_after_the_other(one, other)
        self.one_after_the_other(other, one)
        first, second = (Actor(partial(act, self.deal), self._is_held_up) for act in (one, other))
        with gates(self.place.database):
            first.start()
            first.to(stop)
            second.start()
            second.to(NO_STOP if other_stop is None else other_stop)
            first.to(NO_STOP)
            second.let_go()  # the first may be waiting for it
            first.to_its_end()
            second.to_its_end()
        self._look(first, second, one, other, stop)
        self.place.restore(self.start)
        self.runs += 1

    def _is_held_up(self, server_process: int) -> bool:
        assert isinstance(self.place.engine, engines.Postgres)
        asked = self.place.engine.connection.execute("SELECT pg_blocking_pids(%s) <> '{}'", [server_process])
        return asked.fetchone() == (True,)

    def _look(self, first: Actor, second: Actor, one: Act, other: Act, stop: int) -> None:
        where = f"{one.__name__} stopped at {stop} of {len(self.said[one.__name__])} for {other.__name__}"
        for crash in filter(None, (first.crash, second.crash)):
            self.wrong.append(f"{where}: {crash!r}")
        self.wrong += [f"{where}: {fault.name}: {fault.sentence}" for fault in checks.faults()]
        found = end(), (first.outcome, second.outcome)
        there, back = self._both_ways(one, other)
        self.ends[" and ".join(sorted(found[1]))] += 1
        if found not in (there, back):
            self.wrong.append(f"{where}: ended {found[1]} as neither {there[1]} nor {back[1]} would")

    def _both_ways(self, one: Act, other: Act) -> list[tuple[End, tuple[str, str]]]:
        """Both ways round, as they were found before; the outcomes in the order of the first pair."""
        there = self.serial[one.__name__, other.__name__]
        state, (second, first) = self.serial[other.__name__, one.__name__]
        return [there, (state, (first, second))]


def explore(engine: str, runs: int, *, isolation: str = "SERIALIZABLE") -> Outcome:
    """Every stop of every ordered pair (or every so many); then a third as many, by chance, with two stops."""
    wrong = list[str]()
    began = time.monotonic()
    with laid_out("postgres") as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.db.ISOLATION", isolation)
        explorer = Explorer(place, wrong, ACTS)
        pairs = list(product(ACTS, ACTS))
        single = [(*pair, stop) for pair in pairs for stop in range(len(explorer.said[pair[0].__name__]))]
        for one, other, stop in single[::runs]:
            explorer.try_order(one, other, stop)
        chance = random.Random(1)
        for _ in range(len(single) // 3 // runs):
            one, other = chance.choice(pairs)
            stop, other_stop = (chance.randrange(len(explorer.said[act.__name__])) for act in (one, other))
            explorer.try_order(one, other, stop, other_stop)
    name = "interleavings" if isolation == "SERIALIZABLE" else f"interleavings, {isolation.lower()}"
    statements = sum(map(len, explorer.said.values()))
    ends = ", ".join(f"{count} x {what}" for what, count in explorer.ends.most_common())
    took = time.monotonic() - began
    note = f"{len(pairs)} ordered pairs of {len(ACTS)} acts, {statements} statements in all; {took:.0f} s; {ends}"
    return Outcome(name, "postgres", explorer.runs, None, 0, len(wrong), None, wrong, note)


def explore_read_committed(engine: str, runs: int) -> Outcome:
    """The same where PostgreSQL keeps acts apart no better than it does by default: then the guards stand alone."""
    return explore(engine, runs, isolation="READ COMMITTED")
