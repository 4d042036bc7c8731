"""Random histories of the shop: as many as are asked for, each of so many acts, the same ones each time."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Running, disconnect, kept
from tests.domain.machine_office import Office
from tests.domain.machine_shop import catalogue
from webapp.db import db


def live_through(running: Running, examples: int, steps: int) -> None:
    """Raises what the first history raises that goes wrong, with the shortest one that does so in its notes."""
    db.initialize(running.database)
    kept(running, "shop", catalogue)
    machine = type("Machine", (Office,), {"running": running})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        disconnect(running.database)
