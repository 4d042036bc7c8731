"""Void and copy."""

import pytest

from tests import factories as f
from webapp.domain import checks, copying
from webapp.domain.quoting import quote
from webapp.models import Invoice, Item, User

pytestmark = pytest.mark.usefixtures("business")


def test_the_copy_holds_what_was_typed_and_prices_it_anew(cast: dict[str, User]) -> None:
    desk, emma, piano = cast["owner"], f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    lesson = Item.get(Item.name == "Lesson")
    wrong = f.save(emma, (lesson, "11"), "20", by=desk)
    copy = copying.void_and_copy(wrong.id, reason="wrong pupil", by=desk, on=f.DAY)
    assert Invoice.get_by_id(wrong.id).status == "void"
    assert (copy.status, copy.service_on) == ("draft", wrong.service_on)
    assert [(x.source, x.quantity_milli) for x in quote(copy).lines] == [
        ("draw", 10000),
        ("standard", 1000),
        ("deposit", 1000),
    ]
    assert f.left(membership) == 10000
    assert not checks.faults()
