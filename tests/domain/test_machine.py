"""Random histories: after every act the business stands where rules on plain dicts say, and its books are proven."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Running, disconnect, kept
from tests.domain.machine_office import Office
from tests.domain.machine_shop import catalogue
from webapp.db import db

SIZES = {"sqlite": (300, 40), "postgres": (100, 30)}
"""How many histories of how many acts."""


@pytest.fixture(scope="module")
def shop(engine: Running) -> Iterator[Running]:
    """The engine with the shop of these tests kept as a state to go back to."""
    db.initialize(engine.database)
    kept(engine, "shop", catalogue)
    yield engine
    disconnect(engine.database)


def test_random_histories(shop: Running) -> None:
    machine = type("Machine", (Office,), {"running": shop})
    examples, steps = SIZES[shop.engine.name]
    if os.environ.get("N"):
        examples = int(os.environ["N"])
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
