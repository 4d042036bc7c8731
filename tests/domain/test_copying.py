"""Void and copy."""

import pytest

from tests import factories as f
from webapp.domain import checks, copying, drafts, invoicing
from webapp.domain.quoting import quote
from webapp.models import DraftLine, Invoice, Item, User

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


def test_a_discounted_sale_is_sold_again_with_its_discount(cast: dict[str, User]) -> None:
    desk, emma = cast["owner"], f.somebody()
    draft = f.draft(emma, (f.piano(), None), by=desk)
    drafts.discount(DraftLine.get(DraftLine.invoice == draft).id, percent_e4=100_000)
    sale = f.pay(invoicing.issue(draft.id, by=desk, on=f.DAY), by=desk)
    copy = copying.void_and_copy(sale.id, reason="wrong day", by=desk, on=f.DAY, money="refunded")
    assert (quote(copy).problems, quote(copy).total_minor) == ([], sale.total_minor)
    assert invoicing.issue(copy.id, by=desk, on=f.DAY).total_minor == f.money("405")
    assert not checks.faults()
