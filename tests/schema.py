"""The schema of this program, and that of its next version, for tests of what happens between two."""

from webapp import migrations

NAMES = tuple(migrations.names())
NOW = len(NAMES)


def with_one_more() -> list[str]:
    """The migrations of the next version, which has one more."""
    return [*NAMES, f"{NOW + 1:04d}_next"]
