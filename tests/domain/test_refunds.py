"""Refunds of unused package value: two policies and a fee (worked example 19, case S6)."""

import pytest

from tests import factories as f
from webapp.domain import checks, crediting, funds, merging, pay_outs, payments, refunds, voids
from webapp.domain.errors import Changed, DomainError
from webapp.domain.tendering import Tender
from webapp.models import Customer, Invoice, Item, Membership, User

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def flown(desk: User) -> Membership:
    """PPL paid in full by card, 10.0 h + 5.0 h drawn and paid from its funds."""
    emma, ppl = f.somebody(), f.ppl()
    f.pay(f.save(emma, (ppl, None), by=desk), ("card", "5900"), by=desk)
    c172, teacher = Item.get(Item.name == "C172"), Item.get(Item.name == "Instruction")
    f.pay(f.save(emma, (c172, "10"), (teacher, "5"), by=desk), ("account", "1475"), by=desk)
    return Membership.get(Membership.customer == emma)


def give_back(membership: Membership, policy: str, *, by: User, fee: str = "0") -> tuple[int, Membership]:
    offer = next(o for o in refunds.offers(membership, f.money(fee)) if o.policy == policy)
    outs = pay_outs.back_to_methods(membership, offer.refund_minor)
    note = refunds.refund(
        membership.id, policy, outs, version=membership.version, by=by, on=f.DAY, reason="moves away",
        fee_minor=f.money(fee),
    )  # fmt: skip
    assert not checks.faults()
    return note.amount_minor, f.fresh(membership)


@pytest.mark.parametrize(
    "policy, fee, refund",
    [("keep", "0", "4425"), ("standard", "0", "4075"), ("standard", "35", "4040"), ("keep", "35", "4390")],
)
def test_19_both_policies_with_and_without_a_fee(
    flown: Membership, desk: User, policy: str, fee: str, refund: str
) -> None:
    given, ended = give_back(flown, policy, by=desk, fee=fee)
    assert given == f.money(refund)
    assert (ended.state, ended.reason) == ("inactive", "removed")
    assert f.funds(ended) == 0
    assert f.general(flown.customer) == 0


def test_the_difference_to_the_standard_rate_is_a_settlement_invoice_with_a_number(
    flown: Membership, desk: User
) -> None:
    give_back(flown, "standard", by=desk, fee="35")
    settlement = Invoice.get(Invoice.kind == "settlement")
    assert settlement.status == "paid"
    assert settlement.total_minor == f.money("385")
    assert [x[2] for x in f.lines(settlement)] == [30000, 5000, 3500]


@pytest.mark.parametrize("credited", [False, True])
def test_what_a_settlement_charged_can_be_taken_back(flown: Membership, desk: User, credited: bool) -> None:
    """It was paid by package funds that are closed by then, so it goes on to general funds."""
    give_back(flown, "standard", by=desk, fee="35")
    settlement = Invoice.get(Invoice.kind == "settlement")
    if credited:
        crediting.credit(settlement.id, 3, 1000, version=settlement.version, by=desk, on=f.DAY, reason="as a favour")
    else:
        voids.void(settlement.id, reason="as a favour", by=desk, on=f.DAY)
    assert (f.funds(flown), f.general(flown.customer)) == (0, f.money("35" if credited else "385"))
    assert not checks.faults()


def test_never_more_by_a_method_than_came_by_it(flown: Membership, desk: User) -> None:
    card, cash = f.method("card"), f.method("cash")
    with pytest.raises(DomainError, match=r"At most 0\.00 came by Cash"):
        refunds.refund(
            flown.id, "keep", [pay_outs.PayOut(cash, 100)], version=flown.version, by=desk, on=f.DAY, reason="x"
        )
    with pytest.raises(DomainError, match="more than the refund"):
        refunds.refund(
            flown.id, "keep", [pay_outs.PayOut(card, f.money("4425.01"))],
            version=flown.version, by=desk, on=f.DAY, reason="x",
        )  # fmt: skip
    refunds.refund(
        flown.id, "keep", [pay_outs.PayOut(card, 10000)], version=flown.version, by=desk, on=f.DAY, reason="x"
    )
    assert f.general(flown.customer) == f.money("4325")


def test_open_draws_are_paid_from_the_funds_first(flown: Membership, desk: User) -> None:
    c172 = Item.get(Item.name == "C172")
    late = f.save(flown.customer, (c172, "1"), by=desk)
    given, _ = give_back(flown, "keep", by=desk)
    assert given == f.money("4305")
    assert Invoice.get_by_id(late.id).status == "paid"


def test_money_that_came_from_the_account_goes_back_to_it(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, "500", by=desk), ("cash", "500"), by=desk)
    f.pay(f.save(emma, (piano, None), by=desk), ("account", "450"), by=desk)
    membership = Membership.get(Membership.customer == emma)
    assert pay_outs.received(membership) == {}
    given, _ = give_back(membership, "keep", by=desk)
    assert given == f.money("450")
    assert f.general(emma) == f.money("500")


def test_a_refund_that_lags_behind_is_refused(flown: Membership, desk: User) -> None:
    with pytest.raises(Changed):
        refunds.refund(flown.id, "keep", [], version=flown.version + 1, by=desk, on=f.DAY, reason="x")


def test_nothing_left_is_refused(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    membership = f.add(emma, piano, by=desk)
    with pytest.raises(DomainError, match="Nothing is left to refund"):
        refunds.refund(membership.id, "keep", [], version=membership.version, by=desk, on=f.DAY, reason="x")
    assert isinstance(f.fresh(membership).customer, Customer)
    assert f.fresh(membership).is_active


def test_s6_used_hours_count_at_the_standard_rate(desk: User) -> None:
    tutoring = f.item("Tutoring", "35", unit="hour")
    h16 = f.package("16 hours", (tutoring, "16", "512.00"))
    richard = f.somebody("Richard Cunningham")
    f.pay(f.save(richard, (h16, None), by=desk), ("check", "512"), by=desk)
    f.pay(f.save(richard, (tutoring, "5"), by=desk), ("account", "160"), by=desk)
    given, _ = give_back(Membership.get(Membership.customer == richard), "standard", by=desk)
    assert given == f.money("337")


def test_nothing_unused_is_refused_before_anything_is_paid(desk: User) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), by=desk)
    late = f.save(emma, (Item.get(Item.name == "Lesson"), "10"), by=desk)
    membership = f.bought(emma)
    assert "Nothing unused is left in PIANO" in (refunds.why_not_refund(membership) or "")
    with pytest.raises(DomainError, match="Nothing unused is left in PIANO"):
        refunds.refund(membership.id, "keep", [], version=membership.version, by=desk, on=f.DAY, reason="x")
    assert (Invoice.get_by_id(late.id).status, f.funds(membership)) == ("open", f.money("450"))


def test_a_fee_above_what_is_left_is_refused(flown: Membership, desk: User) -> None:
    with pytest.raises(DomainError, match=r"Nothing is left to refund: .* charged 4,425\.00") as refused:
        refunds.refund(
            flown.id, "keep", [], version=flown.version, by=desk, on=f.DAY, reason="x", fee_minor=f.money("4425")
        )
    assert refused.value.field == "policy"
    assert f.fresh(flown).is_active


def again_in_cash(membership: Membership, *, by: User) -> None:
    """The 450.00 of a package leave it, are paid out by card, and come back in cash."""
    emma = membership.customer
    funds.out_of_package(membership.id, f.money("450"), by=by, on=f.DAY)
    funds.withdraw(emma, f.method("card"), f.money("450"), by=by, on=f.DAY, reason="asked for it")
    funds.deposit(emma, f.method("cash"), f.money("450"), by=by, on=f.DAY)
    funds.into_package(membership.id, f.money("450"), by=by, on=f.DAY)


@pytest.mark.parametrize("merged", [False, True])
def test_what_a_method_paid_out_already_it_does_not_pay_out_again(desk: User, merged: bool) -> None:
    emma, piano = f.somebody(), f.piano()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "450"), by=desk)
    membership = f.bought(emma)
    again_in_cash(membership, by=desk)
    if merged:
        merging.merge(emma, f.somebody("Emma Jones the second"), by=desk, on=f.DAY)
    assert pay_outs.received(f.fresh(membership)) == {f.method("card").id: 0}
    with pytest.raises(DomainError, match=r"At most 0\.00 came by Card"):
        refunds.refund(
            membership.id, "keep", [pay_outs.PayOut(f.method("card"), 45000)],
            version=f.fresh(membership).version, by=desk, on=f.DAY, reason="moves away",
        )  # fmt: skip
    assert give_back(f.fresh(membership), "keep", by=desk)[0] == 45000
    assert f.general(f.fresh(membership).customer) == 45000


def test_what_else_came_by_a_method_can_still_go_back_by_it(desk: User) -> None:
    """Two packages by card, one of them paid out from the account: the card still owes the other."""
    emma, piano, trio = f.somebody(), f.piano(), f.trio()
    f.pay(f.save(emma, (piano, None), by=desk), ("card", "450"), by=desk)
    f.pay(f.save(emma, (trio, None), by=desk), ("card", "100"), by=desk)
    membership = Membership.get(Membership.package == piano)
    again_in_cash(membership, by=desk)
    assert pay_outs.received(membership) == {f.method("card").id: 10000}


def test_what_the_owner_of_a_group_paid_and_the_member_drew_out_is_gone(desk: User) -> None:
    emma, mother, piano = f.somebody(), f.somebody("Mother"), f.piano()
    family = f.group("Family", emma, mother)
    family.owner = mother
    family.save()
    invoice = f.save(emma, (piano, None), by=desk)
    payments.pay(invoice.id, [Tender(f.method("card"), 45000)], by=desk, on=f.DAY, payer=mother)
    again_in_cash(f.bought(emma), by=desk)
    assert pay_outs.received(f.bought(emma)) == {f.method("card").id: 0}


def test_what_was_given_back_of_one_package_is_not_taken_from_another_payers(desk: User) -> None:
    emma, mother, piano, trio = f.somebody(), f.somebody("Mother"), f.piano(), f.trio()
    family = f.group("Family", emma, mother)
    family.owner = mother
    family.save()
    by_mother = f.save(emma, (piano, None), by=desk)
    payments.pay(by_mother.id, [Tender(f.method("card"), 45000)], by=desk, on=f.DAY, payer=mother)
    f.pay(f.save(emma, (trio, None), by=desk), ("card", "100"), by=desk)
    give_back(Membership.get(Membership.package == piano), "keep", by=desk)
    assert pay_outs.received(Membership.get(Membership.package == trio)) == {f.method("card").id: 10000}
