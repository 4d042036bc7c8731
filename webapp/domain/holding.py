"""Who is in the middle of an act on a customer's money keeps others waiting until it is over."""

from collections.abc import Iterable

from webapp.db import is_sqlite, marks, rows


def hold_rows(customers: Iterable[int]) -> list[int]:
    """Keep these customers to this transaction until it ends; waits for whoever has them. Answers the ids, in the order
    in which everybody takes them. On SQLite who writes has everything.

    It stands even where the engine keeps transactions apart no better than READ COMMITTED: what is read after it is as
    the others left it.
    """
    wanted = sorted(set(customers))
    if wanted and not is_sqlite():
        rows(f"SELECT id FROM customer WHERE id IN ({marks(wanted)}) ORDER BY id FOR NO KEY UPDATE", wanted)  # noqa: S608
    return wanted
