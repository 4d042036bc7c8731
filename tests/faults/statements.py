"""Every act on money, cut off at its first statement, its second, and so on to its COMMIT."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import peewee
import pytest

from tests.faults.laid_out import LaidOut, figures, laid_out
from tests.faults.report import Outcome
from tests.web.money_forms import FORMS, Desk, Sent
from webapp.db import is_sqlite
from webapp.domain import checks

Build = Callable[[Desk], Sent]
BUILDS: list[Build] = [build for builds in FORMS.values() for build in builds]


class Refused(Exception):
    """What the engine says for itself, with its SQLSTATE or SQLite's code if it said any."""

    def __init__(self, sqlstate: str | None = None, sqlite_errorcode: int | None = None) -> None:
        super().__init__("the engine refused it")
        self.sqlstate, self.sqlite_errorcode = sqlstate, sqlite_errorcode


FSYNC_FAILED = 10 | 4 << 8


class Way(NamedTuple):
    """How an act is cut off."""

    name: str
    sqlstate: str | None
    is_for_good: bool


WAYS = (
    Way("lost for good", None, True),
    Way("lost once", None, False),
    Way("refused once", "40001", False),
)


class Cutting:
    """Fails the n-th statement that the database is given, or all from the n-th on; a COMMIT before or after it is."""

    def __init__(self, database: peewee.Database) -> None:
        self.database = database
        self.given = 0

    @contextmanager
    def at(self, number: int, way: Way) -> Iterator[None]:
        run = self.database.execute_sql
        self.given = 0

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.given += 1
            if self.given == number or (way.is_for_good and self.given > number):
                raise peewee.OperationalError(Refused(way.sqlstate))
            return run(*args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.database, "execute_sql", counted)
            yield

    @contextmanager
    def at_commit(self, *, is_carried_out: bool) -> Iterator[None]:
        commit = self.database.commit

        def lost() -> None:
            if is_carried_out:
                commit()
            raise peewee.OperationalError(Refused(sqlite_errorcode=FSYNC_FAILED) if is_sqlite() else Refused("08006"))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.database, "commit", lost)
            yield


class Trial:
    """One act, tried over and over from the same beginning."""

    def __init__(self, place: LaidOut, build: Build) -> None:
        self.place, self.name = place, build.__name__
        self.cutting = Cutting(place.database)
        self.sent = build(place.desk)
        self.wrong: list[str] = []
        self.said: Counter[int] = Counter()
        self.runs = 0
        self.start = place.keep(f"before_{self.name}")
        self.before = figures()
        with self.cutting.at(0, WAYS[1]):
            self._send()
        self.statements = self.cutting.given
        self.after = figures()
        self._back()
        if self.after == self.before:
            self.wrong.append(f"{self.name} did nothing")

    def _send(self) -> Any:
        return self.place.desk.client.post(self.sent.path, data=self.sent.fields)

    def _back(self) -> None:
        self.place.restore(self.start)

    def try_statement(self, number: int, way: Way) -> None:
        with self.cutting.at(number, way):
            answer = self._send()
        self._look(f"{way.name} at statement {number} of {self.statements}", answer)

    def try_commit(self, *, is_carried_out: bool) -> None:
        with self.cutting.at_commit(is_carried_out=is_carried_out):
            answer = self._send()
        self._look(f"lost at its COMMIT, {'after' if is_carried_out else 'before'} it", answer)

    def _look(self, where: str, answer: Any) -> None:
        """Nothing or everything is there, as the page says; sent again, everything is there once."""
        self.runs += 1
        self.said[answer.status_code] += 1
        now = figures()
        may_be = _what_it_says(answer, self.before, self.after)
        if now not in may_be:
            self.wrong.append(f"{self.name}, {where}: {_differences(now, self.before)} after {answer.status_code}")
        if now == self.before and answer.status_code != 303 and self.runs % 8:
            return
        if self._send().status_code != 303 or figures() != self.after:
            self.wrong.append(f"{self.name}, {where}: sent again it came to {_differences(figures(), self.after)}")
        self._back()

    def finish(self) -> None:
        self._send()
        self.wrong += [f"{self.name}: {fault.name}: {fault.sentence}" for fault in checks.faults()]


def _what_it_says(answer: Any, before: object, after: object) -> list[object]:
    text = answer.text
    if answer.status_code == 303 or "It was saved" in text:
        return [after]
    if "It is not known" in text:
        return [before, after]
    return [before] if "othing was saved" in text else []


def _differences(these: list[tuple[str, int]], those: list[tuple[str, int]]) -> str:
    return str({what: figure for what, figure in these if (what, figure) not in those} or "the same")


def every_act(engine: str, every: int) -> Outcome:
    """Each act, each way, at each statement (at every so many, at small size), then at its COMMIT."""
    wrong, said, runs, statements = list[str](), Counter[int](), 0, 0
    with laid_out(engine) as place:
        for build in BUILDS:
            trial = Trial(place, build)
            cut_everywhere(trial, every)
            wrong += trial.wrong
            said += trial.said
            runs, statements = runs + trial.runs, statements + trial.statements
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(said.items()))
    note = f"{len(BUILDS)} acts, {statements} statements; answered {answers}"
    return Outcome("n-th statement fails", engine, runs, said[303], 0, len(wrong), None, wrong, note)


def cut_everywhere(trial: Trial, every: int) -> None:
    for way in WAYS:
        for number in range(1, trial.statements + 1, every):
            trial.try_statement(number, way)
    for is_carried_out in (False, True):
        trial.try_commit(is_carried_out=is_carried_out)
    trial.finish()
