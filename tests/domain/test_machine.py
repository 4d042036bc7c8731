"""Random histories: after every act the business stands where rules on plain dicts say, and its books are proven.

Here are as many as there is time for with every change; `python3 run.py faults histories` lives through many more.
"""

from tests.conftest import Running
from tests.domain.histories import live_through

SIZES = {"sqlite": (70, 40), "postgres": (25, 30)}
"""How many histories of how many acts."""


def test_random_histories(engine: Running) -> None:
    live_through(engine, *SIZES[engine.engine.name])
