"""The office behind the front desk: everything that happens to money after the sale."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests import factories as f
from tests.domain.machine import FrontDesk
from tests.domain.machine_shop import ANY, LATE, QUARTERS, TENDERS, late, pick
from webapp.domain import (
    bounces,
    copying,
    correcting,
    crediting,
    funds,
    memberships,
    merging,
    pay_outs,
    refunds,
    reinstating,
    transferring,
    using,
)
from webapp.domain.using import Taking
from webapp.models import Company, Customer, DraftLine, Invoice, Item, Membership, Payment

DAYS = st.sampled_from((None, -1, 0, 5, 30, 30))
"""How far away a last day is; None is no change where it expired, and no end where it is moved."""
ENDED = ("removed", "expired")
LOST = ("completed", "removed", "expired", "voided")


class Office(FrontDesk):
    """All acts on money."""

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE, any_item=ANY, thirds=st.sampled_from((1, 1, 2, 3, 4)), together=st.booleans())
    def use_one(self, which: int, any_item: int, thirds: int, together: bool) -> None:
        """Some of an item, or of all those that something is left of."""
        number = late(self.funded() or self.in_state("active"), which)
        terms = self.model.memberships[number]["terms"]
        left = [it for it in terms if self.model.left(number, it)] or list(terms)
        items = left if together else [pick(left, any_item)]
        taken = [
            (it, max(1, min(terms[it].included, self.model.left(number, it) * 3) * thirds // 3 // len(items)))
            for it in items
        ]
        membership = Membership.get_by_id(number)
        takings = [Taking(Item.get(Item.name == it), quantity) for it, quantity in taken]
        used = self.both(
            lambda: self.model.use(number, taken, self.today),
            lambda: using.use(number, takings, version=membership.version, by=self.desk, on=self.today),
        )
        if used:
            self.saved(used[1], used[0], [("item", it, quantity, None) for it, quantity in taken])
            if self.model.due(used[1].id):
                by_account = [("account", self.model.due(used[1].id))]
                [paid] = self.model.pay([used[1].id], by_account, keep=False, today=self.today)
                paid["id"] = Payment.get(Payment.invoice == used[1]).id

    def funded(self) -> list[int]:
        return [number for number in self.in_state("active") if self.model.memberships[number]["funds"]]

    @precondition(lambda self: self.live_invoices())
    @rule(which=LATE, position=ANY, tenths=st.sampled_from((3, 5, 10, 10, 11)))
    def credit(self, which: int, position: int, tenths: int) -> None:
        """Some of what is left of a line, all of it, or more."""
        charged = {n for n, it in self.model.invoices.items() if any(x["item"] for x in it["lines"])}
        number = late([n for n in self.live_invoices() if n in charged] or self.live_invoices(), which)
        self.catch_up(self.model.invoices[number]["customer"])
        line = pick(self.model.invoices[number]["lines"], position)
        whole = sum(x["quantity"] for x in self.model.invoices[number]["lines"] if x["position"] == line["position"])
        quantity, version = max(1, whole * tenths // 10), Invoice.get_by_id(number).version
        credited = self.both(
            lambda: self.model.credit(number, line["position"], quantity, self.today),
            lambda: crediting.credit(
                number, line["position"], quantity, version=version, by=self.desk, on=self.today, reason="ill"
            ),
        )
        if credited:
            assert credited[0] == credited[1].amount_minor

    @precondition(lambda self: self.cheques())
    @rule(which=LATE)
    def bounce(self, which: int) -> None:
        payment = late(self.cheques(), which)
        self.both(
            lambda: self.model.bounce(payment["key"], self.today),
            lambda: bounces.bounce(payment["id"], by=self.desk, on=self.today),
        )

    @precondition(lambda self: self.standing())
    @rule(
        which=LATE,
        method=st.sampled_from(("same", "cash", "card", "check", "account")),
        quarters=st.sampled_from((4, 4, 3, 0, 1, 5)),
    )
    def correct(self, which: int, method: str, quarters: int) -> None:
        """A payment was by another method, or less or more than was entered."""
        payment = late(self.standing(), which)
        right = payment["method"] if method == "same" else method
        amount = payment["amount"] * quarters // 4
        given = self.both(
            lambda: self.model.correct(payment["key"], right, amount, self.today),
            lambda: correcting.correct(payment["id"], f.method(right), amount, by=self.desk, on=self.today),
        )
        if given and given[1]:
            [made], taken = given
            made["id"] = taken.id
            assert (taken.amount_minor, taken.method.kind) == (made["amount"], made["method"])

    def standing(self) -> list[dict[str, Any]]:
        """Payments that nothing took back, or when there is none those that something did; none that a refund made."""
        found = [payment for payment in self.model.payments.values() if "id" in payment]
        return [payment for payment in found if payment["live"]] or found

    def cheques(self) -> list[dict[str, Any]]:
        found = [payment for payment in self.model.payments.values() if payment["method"] == "check"]
        return [payment for payment in found if not payment["bounced"]]

    @precondition(lambda self: self.in_state("active"))
    @rule(
        which=LATE,
        policy=st.sampled_from((refunds.KEEP, refunds.AT_STANDARD)),
        fee=st.sampled_from((0, 0, 1, 500)),
        quarters=st.lists(st.sampled_from((4, 4, 4, 2, 5)), min_size=3, max_size=3),
    )
    def refund(self, which: int, policy: str, fee: int, quarters: list[int]) -> None:
        """Back by each method up to what came by it, or a little less or more than that."""
        number = late(self.funded() or self.in_state("active"), which)
        held, outs = self.model.memberships[number]["funds"], []
        for (method, most), part in zip(sorted(self.model.received(number).items()), quarters, strict=False):
            amount = min(max(0, most), held) if part == 4 else max(0, most) * part // 4
            held = max(0, held - amount)
            outs += [(method, amount)] if amount else []
        version = Membership.get_by_id(number).version
        given = self.both(
            lambda: self.model.refund(number, policy, outs, fee, self.today),
            lambda: refunds.refund(
                number,
                policy,
                [pay_outs.PayOut(f.method(method), amount) for method, amount in outs],
                version=version,
                by=self.desk,
                on=self.today,
                reason="moves away",
                fee_minor=fee,
            ),
        )
        if given:
            (amount, charges), note = given
            assert note.amount_minor == amount
            if charges:
                settlement = Invoice.select().where(Invoice.kind == "settlement").order_by(Invoice.id.desc()).get()
                assert settlement.total_minor == sum(line["net"] + line["tax"] for line in charges)
                self.model.settled(settlement.id, number, charges, self.today)

    @precondition(lambda self: self.in_state(*LOST))
    @rule(which=LATE, days=DAYS)
    def reinstate(self, which: int, days: int | None) -> None:
        number = late(self.in_state(*ENDED) or self.in_state(*LOST), which)
        end = None if days is None else self.today + timedelta(days=days)
        version = Membership.get_by_id(number).version
        self.both(
            lambda: self.model.reinstate(number, end, self.today),
            lambda: reinstating.reinstate(
                number, version=version, by=self.desk, on=self.today, reason="came back", end_on=end
            ),
        )

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE, days=DAYS)
    def extend(self, which: int, days: int | None) -> None:
        number = late(self.in_state("active"), which)
        end = None if days is None else self.today + timedelta(days=days)
        version = Membership.get_by_id(number).version
        self.both(
            lambda: self.model.extend(number, end, self.today),
            lambda: reinstating.extend(number, end, version=version, by=self.desk, on=self.today, reason="was ill"),
        )

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE, quarters=QUARTERS, into=st.booleans())
    def move(self, which: int, quarters: int, into: bool) -> None:
        number = late(self.in_state("active"), which)
        it = self.model.memberships[number]
        most = min(max(0, self.model.general[it["customer"]]), self.model.unbilled(number)) if into else it["funds"]
        amount = max(1, most * quarters // 4)
        planned, done = (
            (self.model.into_package, funds.into_package) if into else (self.model.out_of_package, funds.out_of_package)
        )
        self.both(
            lambda: planned(number, amount, self.today),
            lambda: done(number, amount, by=self.desk, on=self.today),
        )

    @rule(
        whose=ANY,
        act=st.sampled_from(("deposit", "deposit", "withdraw", "adjust")),
        method=st.sampled_from(("cash", "check", "check")),
        amount=st.sampled_from((1, 4000, 9999, -1, -2000)),
        quarters=QUARTERS,
    )
    def own_money(self, whose: int, act: str, method: str, amount: int, quarters: int) -> None:
        customer = pick(self.customers, whose)
        if act == "deposit":
            self.deposit(customer, method, abs(amount))
        elif act == "withdraw":
            self.withdraw(customer, method, max(1, self.model.general[customer] * quarters // 4))
        else:
            self.adjust(customer, amount)

    def deposit(self, customer: int, method: str, amount: int) -> None:
        somebody = Customer.get_by_id(customer)
        taken = self.both(
            lambda: self.model.deposit(customer, method, amount, self.today),
            lambda: funds.deposit(somebody, f.method(method), amount, by=self.desk, on=self.today),
        )
        if taken:
            taken[0]["id"] = Payment.get(Payment.journal == taken[1]).id

    def withdraw(self, customer: int, method: str, amount: int) -> None:
        somebody, by = Customer.get_by_id(customer), f.method(method)
        self.both(
            lambda: self.model.withdraw(customer, method, amount, self.today),
            lambda: funds.withdraw(somebody, by, amount, by=self.desk, on=self.today, reason="asked"),
        )

    def adjust(self, customer: int, amount: int) -> None:
        somebody = Customer.get_by_id(customer)
        self.both(
            lambda: self.model.adjust(customer, amount, self.today),
            lambda: funds.adjust(somebody, amount, by=self.desk, on=self.today, reason="a mistake"),
        )

    @precondition(lambda self: self.open_invoices())
    @rule(which=st.lists(LATE, min_size=1, max_size=3), tenders=TENDERS, keep=st.booleans(), payer=ANY)
    def pay_several(self, which: list[int], tenders: list[tuple[str, int]], keep: bool, payer: int) -> None:
        """Open invoices of anybody, paid at once by somebody."""
        numbers = list(dict.fromkeys(late(self.open_invoices(), n) for n in which))
        due = sum(map(self.model.due, numbers))
        amounts = [(method, max(1, due * quarters // 4)) for method, quarters in tenders]
        self.take(numbers, amounts, keep=keep, payer=pick(self.customers, payer))

    @precondition(lambda self: self.live_invoices())
    @rule(which=LATE)
    def void_and_copy(self, which: int) -> None:
        """Taken back, and what was typed is saved once more."""
        number = late(self.live_invoices(), which)
        copied = self.both(
            lambda: self.model.void(number, refunded=False, today=self.today),
            lambda: copying.void_and_copy(number, reason="a mistake", by=self.desk, on=self.today),
        )
        typed = self.model.invoices[number]["typed"]
        if copied and typed and DraftLine.get(DraftLine.invoice == copied[1]).source == "auto":
            self.issue(copied[1], typed)

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE, to=ANY)
    def hand_over(self, which: int, to: int) -> None:
        number = late(self.in_state("active"), which)
        others = [customer for customer in self.customers if customer != self.model.memberships[number]["customer"]]
        other = pick(others or self.customers, to)
        version, customer = Membership.get_by_id(number).version, Customer.get_by_id(other)
        given = self.both(
            lambda: self.model.may_hand_over(number, other, self.today),
            lambda: transferring.transfer(
                number, customer, version=version, by=self.desk, on=self.today, reason="moves away"
            ),
        )
        if given:
            self.model.hand_over(number, given[1].id, other)

    @precondition(lambda self: len(self.customers) > 1)
    @rule(second=ANY, into=ANY, really=st.sampled_from((False, False, True)))
    def merge(self, second: int, into: int, really: bool) -> None:
        one, other = pick(self.customers, second), pick(self.customers, into)
        if one == other or not really:
            return
        merged = self.both(
            lambda: self.model.merge(one, other, self.today),
            lambda: merging.merge(Customer.get_by_id(one), Customer.get_by_id(other), by=self.desk, on=self.today),
        )
        if merged:
            self.customers.remove(one)

    @rule(policy=st.sampled_from(("return", "forfeit")))
    def policy(self, policy: str) -> None:
        """From now on what expires goes there."""
        self.model.expire(self.today)
        memberships.expire_due(self.today)
        Company.update(expiry_policy=policy).where(Company.id == 1).execute()
        self.model.policy = policy
