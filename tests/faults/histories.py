"""Random histories of a business, far more of them than the tests have time for."""

from tests.conftest import open_engine
from tests.domain.histories import live_through
from tests.faults.report import Outcome

STEPS = 50


def many(engine: str, runs: int) -> Outcome:
    """So many histories; the first that goes wrong ends it."""
    with open_engine(engine, "histories") as running:
        try:
            live_through(running, runs, STEPS)
        except Exception as error:
            told = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])]
            return Outcome("histories", engine, runs, wrong=told)
    return Outcome("histories", engine, runs, note=f"of {STEPS} acts each")
