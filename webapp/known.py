"""What many steps of an act ask for, and acts on money never change: read once in each act, and afresh outside."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def afresh() -> Iterator[None]:
    """Around an act: nothing is known when it begins, and nothing of it afterwards."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def known(what: Hashable, read: Callable[[], T]) -> T:
    """What `read` answers, or answered before in the same act."""
    found = _known.get()
    if found is None:
        return read()
    if what not in found:
        found[what] = read()
    answer: T = found[what]
    return answer


def forget() -> None:
    """A record was written that may be among what is known."""
    (_known.get() or {}).clear()
