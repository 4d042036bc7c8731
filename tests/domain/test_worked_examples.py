"""The worked examples that fix the rules, each through the verbs that the screens use."""

import peewee
import pytest

from tests import factories as f
from webapp.domain.errors import DomainError
from webapp.models import Item, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def test_01_split_at_the_boundary_and_account_takes_package_funds_first(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    c172 = Item.get(Item.name == "C172")
    f.pay(f.save(emma, (ppl, "4800"), by=desk), by=desk)
    f.pay(f.save(emma, (c172, "38.5"), by=desk), ("account", "4620"), by=desk)
    membership = emma.memberships.get()
    assert f.left(membership, "C172") == 1500
    assert f.funds(membership) == f.money("180.00")
    invoice = f.save(emma, (c172, "2.0"), by=desk)
    assert f.lines(invoice) == [("draw", 1500, 18000), ("standard", 500, 7500)]
    assert f.left(membership, "C172") == 0
    f.pay(invoice, ("account", "180"), by=desk)
    assert f.funds(membership) == 0
    with pytest.raises(DomainError, match="at most 0.00"):
        f.pay(invoice, ("account", "75"), by=desk)
    assert f.pay(invoice, ("card", "75"), by=desk).status == "paid"


def test_05_trio(desk: User) -> None:
    from webapp.domain import voids

    emma, trio = f.somebody(), f.trio()
    lesson = Item.get(Item.name == "Trio lesson")
    f.pay(f.save(emma, (trio, None), by=desk), by=desk)
    m = emma.memberships.get()
    invoices = [f.save(emma, (lesson, "1"), by=desk) for _ in range(3)]
    assert [i.total_minor for i in invoices] == [3333, 3334, 3333]
    voids.void(invoices[1].id, reason="x", by=desk, on=f.DAY)
    again = f.save(emma, (lesson, "1"), by=desk)
    assert again.total_minor == 3334
    for i in (invoices[0], invoices[2], again):
        f.pay(i, ("account", str(i.total_minor / 100)), by=desk)
    assert f.funds(m) == 0
    assert f.fresh(m).reason == "completed"
    voids.void(again.id, reason="x", by=desk, on=f.DAY)
    assert f.fresh(m).state == "active"
    assert f.funds(m) == 3334
    assert f.left(m) == 1000
