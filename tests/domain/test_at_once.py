"""Every two acts on one customer's money at the same moment: each is done or refused, and the books are right."""

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import NamedTuple

import pytest

from tests import factories as f
from tests.at_once import at_once
from webapp.domain import adding, invoicing, memberships, payments, voids
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import Customer, Invoice, Item, Membership, Package, Payment, User

pytestmark = pytest.mark.usefixtures("proven")


class Deal(NamedTuple):
    """A customer with a package part sold, its last lessons on an open invoice, and drafts for more."""

    emma: Customer
    piano: Package
    membership: Membership
    sale: Invoice
    lessons: Invoice
    drafts: list[Invoice]
    desk: User


@pytest.fixture
def deal(desk: User) -> Deal:
    emma, piano = f.somebody(), f.piano()
    lesson = Item.get(Item.name == "Lesson")
    sale = f.pay(f.save(emma, (piano, "400"), by=desk), ("card", "350"), by=desk)
    f.settle(f.save(emma, (lesson, "6"), by=desk), by=desk)
    open_ = f.save(emma, (lesson, "3"), by=desk)
    drafts = [f.draft(emma, (lesson, "1"), by=desk), f.draft(emma, (piano, "50"), (lesson, "1"), by=desk)]
    return Deal(emma, piano, f.bought(emma), sale, open_, drafts, desk)


def cash(deal: Deal) -> object:
    return payments.pay(deal.lessons.id, [Tender(f.method("cash"), 13500)], by=deal.desk, on=f.DAY)


def by_account(deal: Deal) -> object:
    return payments.pay(deal.lessons.id, [Tender(f.method("account"), 8000)], by=deal.desk, on=f.DAY)


def pay_sale(deal: Deal) -> object:
    return payments.pay(deal.sale.id, [Tender(f.method("cash"), 5000)], by=deal.desk, on=f.DAY)


def void(deal: Deal) -> object:
    return voids.void(deal.lessons.id, reason="twice", by=deal.desk, on=f.DAY)


def save_a_lesson(deal: Deal) -> object:
    return invoicing.issue(deal.drafts[0].id, by=deal.desk, on=f.DAY)


def save_a_sale(deal: Deal) -> object:
    return invoicing.issue(deal.drafts[1].id, by=deal.desk, on=f.DAY)


def remove(deal: Deal) -> object:
    version = f.fresh(deal.membership).version
    return memberships.remove([Removal(deal.membership.id, version)], by=deal.desk, on=f.DAY)


ACTS: list[Callable[[Deal], object]] = [cash, by_account, pay_sale, void, save_a_lesson, save_a_sale, remove]


@pytest.mark.parametrize("one, other", list(combinations_with_replacement(ACTS, 2)), ids=lambda act: act.__name__)
def test_any_two(deal: Deal, one: Callable[[Deal], object], other: Callable[[Deal], object]) -> None:
    outcomes = at_once(lambda: one(deal), lambda: other(deal))
    assert any(not isinstance(outcome, Exception) for outcome in outcomes), "one of two goes through"


def test_all_of_it_together(deal: Deal) -> None:
    at_once(*[lambda act=act: act(deal) for act in ACTS * 2])


def test_an_invoice_is_paid_once_by_ten(deal: Deal) -> None:
    outcomes = at_once(*[lambda: cash(deal)] * 10)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert Payment.select().where(Payment.invoice == deal.lessons).count() == 1


def test_the_same_package_is_sold_once_by_five(desk: User) -> None:
    """To somebody who has none: the second bills what is left of the first, which is nothing."""
    emma, piano = f.somebody(), f.piano()
    drafts = [f.draft(emma, (piano, None), by=desk) for _ in range(5)]
    outcomes = at_once(*[lambda draft=draft: invoicing.issue(draft.id, by=desk, on=f.DAY) for draft in drafts])
    assert sum(isinstance(outcome, Invoice) for outcome in outcomes) == 1
    assert Membership.select().count() == 1


def test_a_customer_is_added_once_by_five(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    chosen = adding.Chosen(customers=frozenset({emma.id}))
    mark = adding.preview(piano, chosen, f.DAY).mark
    at_once(*[lambda: adding.add(piano, chosen, start_on=f.DAY, shown=mark, by=desk)] * 5)
    assert Membership.select().count() == 1


def test_numbers_have_no_gap_when_ten_are_saved_together(desk: User) -> None:
    f.piano()
    lesson = Item.get(Item.name == "Lesson")
    drafts = [f.draft(f.somebody(f"Customer {n}"), (lesson, "1"), by=desk) for n in range(10)]
    saved = at_once(*[lambda draft=draft: invoicing.issue(draft.id, by=desk, on=f.DAY) for draft in drafts])
    assert sorted(i.number or 0 for i in saved if isinstance(i, Invoice)) == list(range(1, 11))
