"""What most tests of the screens begin with: a business on a day on which nothing special happens, and who acts."""

from collections.abc import Iterator

import pytest

from tests.conftest import Once
from tests.web.billing import on_the_day
from webapp.domain import checks
from webapp.models import User

PROVEN: set[tuple[str, ...]] = set()
"""What tests begin with whose books were proven as they are."""


@pytest.fixture
def day(once: Once) -> Iterator[None]:
    """That day; the books are proven at its end, unless they are what others began with too and left as they were."""
    with on_the_day():
        yield
    if once.is_written or once.made not in PROVEN:
        assert checks.faults() == []
    if not once.is_written:
        PROVEN.add(once.made)


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    """Who does what came before, where nothing else is said."""
    return cast["manager"]
