"""The worked examples that fix the rules: who may buy what, and two people at the same moment."""

from collections.abc import Callable

import pytest

from tests import factories as f
from tests.at_once import at_once
from webapp.domain import adding, invoicing, memberships, payments, tendering
from webapp.domain.errors import DomainError
from webapp.domain.invoicing import PriceChanged
from webapp.domain.once import once
from webapp.domain.payment_methods import switch_method
from webapp.domain.quoting import quote
from webapp.domain.tendering import Tender
from webapp.models import GroupMember, Invoice, Item, Membership, Payment, User

pytestmark = pytest.mark.usefixtures("proven")


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


def test_14_a_group_of_six(desk: User) -> None:
    piano = f.piano()
    able = [f.somebody(name) for name in ("Ann", "Ben", "Cleo", "Dan")]
    asleep, cash_only = f.somebody("Eve", active=False), f.somebody("Finn", role="Cash Only")
    choir = f.group("Choir", *able, asleep, cash_only)
    seen = adding.preview(piano, adding.Chosen(groups=frozenset({choir.id})), f.DAY)
    assert [entry.customer.name for entry in seen.added] == ["Ann", "Ben", "Cleo", "Dan"]
    assert [(entry.customer.name, entry.reason) for entry in seen.skipped] == [
        ("Eve", "This customer is inactive."),
        ("Finn", "Role Cash Only: no Make Purchases on Account."),
    ]
    made = adding.add(piano, seen.chosen, start_on=f.DAY, shown=seen.mark, by=desk)
    assert [membership.customer for membership in made] == able
    assert {membership.group for membership in made} == {choir}
    late = f.somebody("Late Comer")
    GroupMember.create(group=choir, customer=late)
    assert Membership.select().count() == 4


def test_15_account_switched_off(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, "2000"), by=desk), by=desk)
    switch_method(f.method("account"), False, by=desk)
    with pytest.raises(DomainError, match="Account payment method is switched off") as refused:
        memberships.refuse_package(ppl, f.DAY)
    assert refused.value.field == "package"
    chosen = adding.Chosen(customers=frozenset({f.somebody("Somebody Else").id}))
    with pytest.raises(DomainError, match="Account payment method is switched off"):
        adding.add(ppl, chosen, start_on=f.DAY, shown=adding.preview(ppl, chosen, f.DAY).mark, by=desk)
    with pytest.raises(DomainError, match="Account payment method is switched off"):
        f.save(emma, (ppl, "1000"), by=desk)
    invoice = f.save(emma, (thing("C172"), "1"), by=desk)
    assert f.lines(invoice) == [("draw", 1000, 12000)]
    open_ = tendering.open_invoice(invoice)
    assert open_.account_most_minor == 0
    assert "switched off" in (open_.account_refusal or "")
    with pytest.raises(DomainError, match="switched off"):
        f.pay(invoice, ("account", "120"), by=desk)
    membership = f.bought(emma)
    assert (f.funds(membership), f.due(invoice)) == (f.money("2000"), 12000)
    switch_method(f.method("account"), True, by=desk)
    assert f.settle(invoice, by=desk).status == "paid"


def test_17_the_last_hour_is_sold_once(desk: User) -> None:
    emma, ppl = f.somebody(), f.ppl()
    membership = f.add(emma, ppl, by=desk)
    f.pay(f.save(emma, (thing("C172"), "39"), by=desk), by=desk)
    drafts = [f.draft(emma, (thing("C172"), "1.0"), by=desk) for _ in range(2)]
    shown = {draft.id: quote(draft).digest for draft in drafts}
    assert {quote(draft).total_minor for draft in drafts} == {12000}

    def save(draft: Invoice) -> Callable[[], Invoice]:
        return lambda: invoicing.issue(draft.id, by=desk, on=f.DAY, shown=shown[draft.id])

    outcomes = at_once(*map(save, drafts))
    (saved,) = [x for x in outcomes if isinstance(x, Invoice)]
    (changed,) = [x for x in outcomes if isinstance(x, PriceChanged)]
    assert f.lines(saved) == [("draw", 1000, 12000)]
    assert changed.quote.total_minor == 15000
    assert f.left(membership, "C172") == 0
    other = next(draft for draft in drafts if draft.id != saved.id)
    assert Invoice.get_by_id(other.id).is_draft


def test_18_the_same_payment_form_twice(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    invoice = f.save(emma, (piano, None), by=desk)

    def pay() -> str:
        payments.pay(invoice.id, [Tender(f.method("cash"), f.money("100"))], by=desk, on=f.DAY)
        return "paid"

    assert once("the key of the form", "100 in cash", pay) == "paid"
    assert once("the key of the form", "100 in cash", pay) == "paid"
    assert (Payment.select().count(), f.due(invoice)) == (1, f.money("350"))


def test_18_the_same_payment_form_twice_at_the_same_moment(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    invoice = f.save(emma, (piano, None), by=desk)
    cash = f.method("cash")

    def pay() -> str:
        payments.pay(invoice.id, [Tender(cash, 10000)], by=desk, on=f.DAY)
        return "paid"

    assert at_once(*[lambda: once("the key of the form", "100 in cash", pay)] * 4) == ["paid"] * 4
    assert (Payment.select().count(), f.due(invoice)) == (1, f.money("350"))
