"""Every two acts on one customer's money at the same moment: each is done or refused, and the books are right."""

from itertools import combinations_with_replacement
from typing import Any

import pytest

from tests import factories as f
from tests.at_once import at_once
from tests.conftest import Once
from tests.deals import ACTS, Act, Deal, deal, pay_by_account, pay_cash, withdraw
from webapp.domain import adding, correcting, invoicing, undoing
from webapp.domain.consequences import Consequences, consequences
from webapp.models import Invoice, Item, Membership, Payment, User

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture(name="deal")
def before_two(once: Once, desk: User) -> Deal:
    return once(deal, desk)


@pytest.mark.parametrize("one, other", list(combinations_with_replacement(ACTS[:7], 2)), ids=lambda act: act.__name__)
def test_any_two(deal: Deal, one: Act, other: Act) -> None:
    outcomes = at_once(lambda: one(deal), lambda: other(deal))
    assert any(not isinstance(outcome, Exception) for outcome in outcomes), "one of two goes through"


def test_all_of_it_together(deal: Deal) -> None:
    at_once(*[lambda act=act: act(deal) for act in ACTS[:7] * 2])


def test_an_invoice_is_paid_once_by_ten(deal: Deal) -> None:
    outcomes = at_once(*[lambda: pay_cash(deal)] * 10)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert Payment.select().where(Payment.invoice == deal.lessons).count() == 1


def test_a_payment_is_put_right_once_by_four(deal: Deal) -> None:
    """What was paid in is spent and paid out by others meanwhile; whoever is late finds it put right already."""
    sale = Payment.get(Payment.invoice == deal.sale)
    rights = [("cash", 35_000), ("check", 35_000), ("card", 34_000), ("card", 34_500)]
    acts = [
        lambda kind=kind, amount=amount: correcting.correct(sale.id, f.method(kind), amount, by=deal.desk, on=f.DAY)
        for kind, amount in rights
    ]
    outcomes = at_once(*acts, lambda: pay_by_account(deal), lambda: withdraw(deal))
    assert sum(isinstance(outcome, Payment) for outcome in outcomes) == 1
    assert Payment.select().where(Payment.invoice == deal.sale).count() == 2


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


def test_what_others_commit_while_several_are_planned_to_be_voided_is_no_obstacle(
    desk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One invoice is read after the other only if a read is left open while somebody commits."""
    invoices = [f.save(f.somebody(name), "50", by=desk) for name in ("Ana", "Ben")]

    def after_another_commit(*args: Any, **kwargs: Any) -> Consequences:
        at_once(lambda: f.somebody("Cleo"))
        return consequences(*args, **kwargs)

    monkeypatch.setattr(undoing, "consequences", after_another_commit)
    planned = undoing.plan([it.id for it in invoices], by=desk, on=f.DAY)
    assert [(it.invoice.id, it.refusal) for it in planned] == [(it.id, None) for it in invoices]
