"""What most tests of the screens begin with: a business on a day on which nothing special happens, and who acts."""

from collections.abc import Iterator

import peewee
import pytest

from tests.web.billing import on_the_day
from webapp.domain import checks
from webapp.models import User


@pytest.fixture
def day(business: peewee.Database) -> Iterator[None]:
    """That day; the books are proven at its end."""
    with on_the_day():
        yield
    assert checks.faults() == []


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    """Who does what came before, where nothing else is said."""
    return cast["manager"]
