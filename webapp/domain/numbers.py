"""Numbers without gaps: taken in the transaction that uses them, so one that is rolled back was never taken."""

from webapp.db import rows


def take(series: str) -> int:
    """The next number of a series, from 1."""
    taken = rows(
        "INSERT INTO number_series (series, next_number) VALUES (?, 2) ON CONFLICT (series)"
        " DO UPDATE SET next_number = number_series.next_number + 1 RETURNING next_number - 1",
        (series,),
    )
    return int(taken[0][0])
