"""Figures that cost much and change seldom: worked out once, and again when they are some minutes old."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The latest of such figures with what they were worked out for. Two threads may work out the same at once."""

    def __init__(self, seconds: int, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.seconds = seconds
        self.clock = clock
        self.known: tuple[Hashable, int, T] | None = None

    def get(self, key: Hashable, work_out: Callable[[], T]) -> T:
        """What is known for the key and young enough, or else what `work_out` says."""
        known, now = self.known, self.clock()
        if known and known[0] == key and now < known[1]:
            return known[2]
        figures = work_out()
        self.known = (key, now + self.seconds * 10**9, figures)
        return figures
