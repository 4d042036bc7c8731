"""The address of the business, for what is printed."""

from webapp.migrations import run


def up() -> None:
    """Add the column, empty for who has none yet."""
    run("ALTER TABLE company ADD COLUMN address {TEXT} NOT NULL DEFAULT ''")
