"""Nothing is ever half done: each act is cut off after its first statement, its second, and so on to its last."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peewee
import pytest

from tests import factories as f
from webapp.db import rows
from webapp.domain import adding, checks, invoicing, memberships, payments, voids
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import MODELS, Item, User

pytestmark = pytest.mark.usefixtures("proven")


class CutOff(Exception):
    """The power went off."""


@contextmanager
def cut_off_after(database: peewee.Database, statements: int) -> Iterator[None]:
    run, left = database.execute_sql, statements

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise CutOff
        return run(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "execute_sql", counted)
        yield


def everything() -> dict[str, list[tuple[Any, ...]]]:
    tables = [str(model._meta.table_name) for model in MODELS]
    return {table: sorted(rows(f"SELECT * FROM {table}"), key=repr) for table in tables}


def save(desk: User) -> Callable[[], object]:
    emma, piano = f.somebody(), f.piano()
    draft = f.draft(emma, (piano, None), (Item.get(Item.name == "Lesson"), "11"), "10", by=desk)
    return lambda: invoicing.issue(draft.id, by=desk, on=f.DAY)


def pay(desk: User) -> Callable[[], object]:
    """The last payment of a package's last lessons, which completes it and credits the rest of its sale."""
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "400"), by=desk)
    lessons = f.save(emma, (Item.get(Item.name == "Lesson"), "10"), by=desk)
    tenders = [Tender(f.method("cash"), f.money("60")), Tender(f.method("account"), f.money("390"))]
    return lambda: payments.pay(lessons.id, tenders, by=desk, on=f.DAY)


def void(desk: User) -> Callable[[], object]:
    """Of those last lessons, so that the package is active and its sale due again."""
    pay(desk)()
    paid = next(row[0] for row in rows("SELECT invoice_id FROM invoice_line WHERE source = 'draw'"))
    return lambda: voids.void(paid, reason="twice", by=desk, on=f.DAY)


def remove(desk: User) -> Callable[[], object]:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "400"), by=desk)
    membership = f.bought(emma)
    shown = [Removal(membership.id, f.fresh(membership).version)]
    return lambda: memberships.remove(shown, by=desk, on=f.DAY)


def add(desk: User) -> Callable[[], object]:
    piano, people = f.piano(), f.group("Choir", f.somebody("Ann"), f.somebody("Ben"))
    seen = adding.preview(piano, adding.Chosen(groups=frozenset({people.id})), f.DAY)
    return lambda: adding.add(piano, seen.chosen, start_on=f.DAY, shown=seen.mark, by=desk)


def expire(desk: User) -> Callable[[], object]:
    emma, piano = f.somebody(), f.piano(validity="days", validity_count=30)
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "400"), by=desk)
    return lambda: memberships.expire_due(f.DAY.replace(month=8))


@pytest.mark.parametrize("prepare", [save, pay, void, remove, add, expire], ids=lambda act: act.__name__)
def test_all_or_nothing(business: peewee.Database, desk: User, prepare: Callable[[User], Callable[[], object]]) -> None:
    act = prepare(desk)
    before = everything()
    for statements in range(400):
        try:
            with cut_off_after(business, statements):
                act()
            break
        except CutOff:
            assert everything() == before, f"something stayed after statement {statements}"
    assert statements > 5
    assert everything() != before
    assert checks.faults() == []
