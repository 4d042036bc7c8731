"""What a fault came to, as a row of the table."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.bench import table


class Outcome(NamedTuple):
    """Of one fault on one engine. Anything `wrong` fails the whole command."""

    fault: str
    engine: str
    runs: int
    acknowledged: int | None = None
    lost: int = 0
    partial: int = 0
    outage: float | None = None
    wrong: Sequence[str] = ()
    note: str = ""

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.partial or self.wrong)


HEADS = ("fault", "engine", "runs", "acknowledged", "lost", "partial", "longest outage (s)", "")


def show(outcomes: Sequence[Outcome]) -> None:
    """The table, then what was wrong and what else is to be said, fault by fault."""
    table.show("Faults", HEADS, [_cells(outcome) for outcome in outcomes])
    for outcome in outcomes:
        for sentence in (*outcome.wrong[:20], *filter(None, [outcome.note])):
            print(f"{outcome.fault}, {outcome.engine}: {sentence}")


def line(outcome: Outcome) -> str:
    """One outcome as soon as it is there, as a row of a table in Markdown."""
    return f"| {' | '.join(map(str, _cells(outcome)))} | {'; '.join([*outcome.wrong[:5], outcome.note])}"


def _cells(o: Outcome) -> tuple[object, ...]:
    return o.fault, o.engine, o.runs, _or_dash(o.acknowledged), o.lost, o.partial, _seconds(o.outage), _verdict(o)


def _verdict(outcome: Outcome) -> str:
    return "well" if outcome.is_well else "WRONG"


def _or_dash(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"
