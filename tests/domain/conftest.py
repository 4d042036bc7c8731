"""What tests of the money ask for: somebody to act, and books that are proven when the test is over."""

from collections.abc import Iterator

import peewee
import pytest

from webapp.domain import checks
from webapp.models import User

pytest.register_assert_rewrite("tests.domain.machine", "tests.domain.machine_office")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    """Whoever does the acts of a test."""
    return cast["owner"]


@pytest.fixture
def proven(business: peewee.Database) -> Iterator[None]:
    """A business whose books are proven, by every named check, after the test."""
    yield
    assert checks.faults() == []
