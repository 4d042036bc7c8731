"""Numbers without gaps: taken in the transaction that uses them, so one that is rolled back was never taken."""

from webapp.db import execute, rows


def take(series: str) -> int:
    """The next number of a series, from 1."""
    execute("INSERT INTO number_series (series, next_number) VALUES (?, 1) ON CONFLICT DO NOTHING", (series,))
    taken = rows(
        "UPDATE number_series SET next_number = next_number + 1 WHERE series = ? RETURNING next_number - 1", (series,)
    )
    return int(taken[0][0])
