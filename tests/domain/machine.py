"""A front desk with customers, packages and no mercy: each act is done to the business and to rules on plain dicts.

Later acts on money are `tests.domain.machine_office`; the run of both is `tests.domain.test_machine`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests import factories as f
from tests.conftest import Running, close
from tests.domain.machine_shop import (
    ANY,
    BILLED,
    CUSTOMERS,
    FIRST_DAY,
    FOCUS,
    ITEMS,
    LATE,
    LINES,
    PACKAGE_OFF,
    PACKAGES,
    PAID_BY,
    TENDERS,
    late,
    pick,
)
from tests.domain.model import Model
from tests.domain.model_prices import NOTHING_OFF, Off, Refused, Term, last_day
from webapp.db import rows
from webapp.domain import (
    adding,
    checks,
    drafts,
    invoicing,
    memberships,
    payments,
    statements,
    summaries,
    tendering,
    voids,
)
from webapp.domain.errors import DomainError
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import Company, Customer, Invoice, InvoiceLine, Item, Membership, Package, User

T = TypeVar("T")


class FrontDesk(RuleBasedStateMachine):
    """What a front desk does all day: add, sell, save, take payment, void, remove."""

    running: Running

    def __init__(self) -> None:
        super().__init__()
        self.running.engine.restore("shop")
        self.desk = User.get(User.name == "Owner")
        self.ids = {c.name: c.id for c in Customer.select()} | {p.name: p.id for p in Package.select()}
        self.today = FIRST_DAY

    @initialize(
        inclusive=st.booleans(),
        limits=st.tuples(st.sampled_from((0, 0, 3000)), st.sampled_from((None, None, 5000))),
        customers=st.integers(1, 3),
        exempt=st.sampled_from(((), (), CUSTOMERS[:1], CUSTOMERS[1:])),
        focus=FOCUS,
    )
    def open(
        self,
        inclusive: bool,
        limits: tuple[int, int | None],
        customers: int,
        exempt: tuple[str, ...],
        focus: tuple[str, ...],
    ) -> None:
        company, of_first = limits
        first, *others = [self.ids[name] for name in CUSTOMERS]
        self.customers = [first, *others][:customers]
        self.focus = focus
        Company.update(tax_inclusive=inclusive, credit_limit_minor=company).where(Company.id == 1).execute()
        Customer.update(credit_limit_minor=of_first).where(Customer.id == first).execute()
        Customer.update(tax_exempt=True).where(Customer.name.in_(exempt or [""])).execute()
        self.model = Model(ITEMS, PACKAGES, inclusive=inclusive, exempt=frozenset(self.ids[name] for name in exempt))
        self.model.general = dict.fromkeys([first, *others], 0)
        self.model.limits = {first: company if of_first is None else of_first, **dict.fromkeys(others, company)}
        self.model.family = first, frozenset(others)

    @rule(whose=ANY, any_package=ANY, again=st.booleans())
    def add(self, whose: int, any_package: int, again: bool) -> None:
        customer, which = pick(self.customers, whose), pick(self.focus, any_package)
        self.catch_up(customer)
        if self.model.active(customer, which) is not None and not again:
            return
        package = Package.get_by_id(self.ids[which])
        chosen = adding.Chosen(customers=frozenset({customer}))
        mark = adding.preview(package, chosen, self.today).mark
        made = self.both(
            lambda: self.model.add(customer, which),
            lambda: adding.add(package, chosen, start_on=self.today, shown=mark, by=self.desk),
        )
        if made:
            self.started(made[1][0].id, customer, which, self.today)

    @rule(whose=ANY, typed=LINES, days_ago=st.sampled_from((0, 0, 0, 2, 15)))
    def save(self, whose: int, typed: list[tuple[Any, ...]], days_ago: int) -> None:
        lines = [(k, pick(self.focus, what), *rest) if k == "package" else (k, what, *rest) for k, what, *rest in typed]
        self.invoice(pick(self.customers, whose), lines, self.today - timedelta(days=days_ago))

    @rule(whose=ANY, any_package=ANY, off=PACKAGE_OFF, by=PAID_BY, quarters=st.sampled_from((4, 4, 4, 2)))
    def sell(self, whose: int, any_package: int, off: Off, by: str, quarters: int) -> None:
        """A package, paid at once."""
        customer, which = pick(self.customers, whose), pick(self.focus, any_package)
        self.catch_up(customer)
        if self.model.active(customer, which) is not None:
            off = NOTHING_OFF
        number = self.invoice(customer, [("package", which, quarters, off)], self.today)
        if number in self.open_invoices():
            self.take([number], [(by, self.model.due(number))], keep=False)

    @rule(
        whose=ANY,
        chosen=st.lists(ANY, min_size=1, max_size=2),
        thirds=st.sampled_from((1, 1, 3, 3)),
        billed=BILLED,
        off=PACKAGE_OFF,
    )
    def sell_and_use(self, whose: int, chosen: list[int], thirds: int, billed: list[int], off: Off) -> None:
        """An invoice for a third or all of what is left of packages, with some of what may still be billed of them."""
        customer = pick(self.customers, whose)
        typed: list[tuple[Any, ...]] = []
        for which, quarters in zip(chosen, billed, strict=False):
            package = pick(self.focus, which)
            number = self.model.active(customer, package)
            if quarters and (number is None or self.model.unbilled(number)):
                typed.append(("package", package, quarters, off if number is None else NOTHING_OFF))
            for item, (included, _) in PACKAGES[package].items.items():
                left = self.left(number, item, included)
                if left * thirds // 3:
                    typed.append(("item", item, left * thirds // 3, NOTHING_OFF))
        if typed:
            self.invoice(customer, typed, self.today)

    def left(self, number: int | None, item: str, included: int) -> int:
        """What is left of an item in a membership that there may be; nothing of one that was handed over without it."""
        if number is None:
            return included
        return self.model.left(number, item) if item in self.model.memberships[number]["terms"] else 0

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE, any_item=ANY, tenths=st.sampled_from((5, 10, 10, 10, 15)), paid=st.booleans(), by=PAID_BY)
    def lesson(self, which: int, any_item: int, tenths: int, paid: bool, by: str) -> None:
        """What a front desk does all day: about one unit from a package, often paid at once."""
        it = self.model.memberships[late(self.in_state("active"), which)]
        item = pick(sorted(it["terms"]), any_item)
        number = self.invoice(it["customer"], [("item", item, tenths * 100, NOTHING_OFF)], self.today)
        if paid and number in self.open_invoices():
            self.settle(number, by)

    def invoice(self, customer: int, typed: list[tuple[Any, ...]], service: date) -> int:
        self.catch_up(customer)
        lines = [
            (kind, what, self.to_bill(customer, what, *rest), *rest[1:]) if kind == "package" else (kind, what, *rest)
            for kind, what, *rest in typed
        ]
        draft = self.draft(customer, lines, service)
        self.issue(draft, lines)
        return int(draft.id)

    def catch_up(self, customer: int) -> None:
        """What is over has ended before anybody looks."""
        self.model.expire(self.today, customer)
        memberships.expire_due(self.today, customer_id=customer)

    def issue(self, draft: Invoice, typed: list[tuple[Any, ...]]) -> None:
        expected = self.both(
            lambda: self.model.quote(draft.customer_id, typed, draft.service_on, self.today),
            lambda: invoicing.issue(draft.id, by=self.desk, on=self.today),
        )
        if expected:
            self.saved(expected[1], expected[0], typed)

    def to_bill(self, customer: int, which: str, quarters: int | None, off: Off) -> int | None:
        """So many quarters of what may still be billed, or of the whole price."""
        if quarters is None:
            return None
        active = self.model.active(customer, which)
        if active is None:
            most = self.model.price(self.model.terms(which, customer, off))
        else:
            most = self.model.unbilled(active)
        return max(1, most * quarters // 4)

    def draft(self, customer: int, lines: list[tuple[Any, ...]], service: date) -> Invoice:
        made = drafts.begin(Customer.get_by_id(customer), by=self.desk, on=self.today, service_on=service)
        for kind, what, *rest in lines:
            if kind == "deposit":
                drafts.add_deposit(made.id, what)
                continue
            if kind == "package":
                line = drafts.add_package(made.id, Package.get_by_id(self.ids[what]), rest[0])
            else:
                line = drafts.add_item(made.id, Item.get(Item.name == what), rest[0])
            off = rest[-1]
            if off != NOTHING_OFF:
                drafts.discount(line.id, amount_minor=off.minor or None, percent_e4=off.percent * 10**4 or None)
        return made

    def saved(self, invoice: Invoice, expected: list[dict[str, Any]], typed: list[tuple[Any, ...]]) -> None:
        """Compare the lines with those expected, and put the numbers of new memberships where their names stood."""
        found = InvoiceLine.fetch("invoice_id = ? ORDER BY position, part", (invoice.id,))
        written = [(x.position, x.source, x.quantity_milli, x.net_minor, x.tax_minor) for x in found]
        assert written == [(x["position"], x["source"], x["quantity"], x["net"], x["tax"]) for x in expected]
        sold = {x["membership"]: x["off"] for x in reversed(expected) if x["source"] == "sale"}
        for line, stored in zip(expected, found, strict=True):
            if isinstance(line["membership"], str):
                if stored.membership_id not in self.model.memberships:
                    new, off = stored.membership_id or 0, sold[line["membership"]]
                    self.started(new, invoice.customer_id, line["membership"], invoice.service_on, off)
                line["membership"] = stored.membership_id
            assert line["membership"] == stored.membership_id
        self.model.issue(invoice.id, invoice.customer_id, expected, typed, invoice.due_on)

    @precondition(lambda self: self.open_invoices())
    @rule(which=LATE, tenders=TENDERS, keep=st.booleans())
    def pay(self, which: int, tenders: list[tuple[str, int]], keep: bool) -> None:
        number = late(self.open_invoices(), which)
        amounts = [(method, max(1, self.model.due(number) * quarters // 4)) for method, quarters in tenders]
        self.take([number], amounts, keep=keep)

    @precondition(lambda self: self.open_invoices())
    @rule(which=LATE, by=PAID_BY)
    def pay_in_full(self, which: int, by: str) -> None:
        self.settle(late(self.open_invoices(), which), by)

    def settle(self, number: int, by: str) -> None:
        """As much as possible by Account, the rest by another method."""
        due = self.model.due(number)
        by_account = min(due, tendering.open_invoice(Invoice.get_by_id(number)).account_most_minor)
        amounts = [(by, due - by_account), ("account", by_account)]
        self.take([number], [(method, amount) for method, amount in amounts if amount], keep=False)

    def take(self, numbers: list[int], amounts: list[tuple[str, int]], *, keep: bool, payer: int | None = None) -> None:
        tenders = [Tender(f.method(method), amount) for method, amount in amounts]
        who = None if payer is None else Customer.get_by_id(payer)
        taken = self.both(
            lambda: self.model.pay(numbers, amounts, keep=keep, today=self.today, payer=payer),
            lambda: payments.pay_all(numbers, tenders, by=self.desk, on=self.today, keep_rest=keep, payer=who),
        )
        if taken:
            expected, made = taken
            assert [(it.method.kind, it.invoice_id, it.customer_id, it.amount_minor) for it in made] == [
                (it["method"], it["invoice"], it["payer"], it["amount"]) for it in expected
            ]
            for payment, stored in zip(expected, made, strict=True):
                payment["id"] = stored.id

    @precondition(lambda self: self.live_invoices())
    @rule(which=LATE, refunded=st.booleans())
    def void(self, which: int, refunded: bool) -> None:
        number = late(self.live_invoices(), which)
        money = voids.REFUNDED if refunded else voids.TO_ACCOUNT
        self.both(
            lambda: self.model.void(number, refunded=refunded, today=self.today),
            lambda: voids.void(number, reason="a mistake", by=self.desk, on=self.today, money=money),
        )

    @precondition(lambda self: self.in_state("active"))
    @rule(which=LATE)
    def remove(self, which: int) -> None:
        membership = Membership.get_by_id(late(self.in_state("active"), which))
        self.both(
            lambda: self.model.remove(membership.id, self.today),
            lambda: memberships.remove([Removal(membership.id, membership.version)], by=self.desk, on=self.today),
        )

    @rule(days=st.sampled_from((0, 1, 1, 8, 16)), at_once=st.booleans())
    def a_later_day(self, days: int, at_once: bool) -> None:
        """What is over ends with the daily command, or at the next act of its customer."""
        self.today += timedelta(days=days)
        if at_once:
            memberships.expire_due(self.today)
            self.model.expire(self.today)

    def started(self, number: int, customer: int, which: str, start: date, off: Off = NOTHING_OFF) -> None:
        terms: dict[str, Term] = self.model.terms(which, customer, off)
        self.model.start(number, customer, which, terms, start, last_day(start, PACKAGES[which].days))

    def both(self, expected: Callable[[], T], done: Callable[[], Any]) -> tuple[T, Any] | None:
        """What rules and business gave, when they agree that it goes; None when they agree that it does not."""
        try:
            with self.model.all_or_nothing():
                wanted = expected()
        except Refused as refusal:
            try:
                done()
            except DomainError:
                return None
            raise AssertionError(f"done, though {refusal}") from refusal
        return wanted, done()

    def open_invoices(self) -> list[int]:
        return [number for number, invoice in self.model.invoices.items() if invoice["status"] == "open"]

    def live_invoices(self) -> list[int]:
        return [number for number, invoice in self.model.invoices.items() if invoice["status"] != "void"]

    def in_state(self, *states: str) -> list[int]:
        return [number for number, it in self.model.memberships.items() if it["state"] in states]

    @invariant()
    def units_are_where_the_rules_say(self) -> None:
        found = rows(
            "SELECT mi.membership_id, i.name, mi.included_milli - mi.reserved_milli - mi.used_milli, mi.used_milli"
            " FROM membership_item mi JOIN item i ON i.id = mi.item_id ORDER BY mi.membership_id, i.name"
        )
        assert [tuple(row) for row in found] == [
            (number, item, self.model.left(number, item), self.model.used(number, item))
            for number, it in sorted(self.model.memberships.items())
            for item in sorted(it["terms"])
        ]

    @invariant()
    def money_is_where_the_rules_say(self) -> None:
        held = {
            (kind, ref): int(amount)
            for kind, ref, amount in rows(
                "SELECT kind, ref, credits - debits FROM account"
                " WHERE kind IN ('G', 'P', 'forfeited') AND credits <> debits"
            )
        }
        general = {("G", customer): amount for customer, amount in self.model.general.items() if amount}
        package = {("P", number): it["funds"] for number, it in self.model.memberships.items() if it["funds"]}
        gone = sum(it["forfeited"] for it in self.model.memberships.values())
        assert held == general | package | ({("forfeited", 0): gone} if gone else {})

    @invariant()
    def everything_is_in_the_state_the_rules_say(self) -> None:
        found = rows("SELECT id, COALESCE(reason, state) FROM membership ORDER BY id")
        assert dict(found) == {number: it["state"] for number, it in self.model.memberships.items()}
        issued = rows("SELECT id, status, due_minor FROM invoice WHERE status <> 'draft' ORDER BY id")
        assert [tuple(row) for row in issued] == [
            (number, invoice["status"], self.model.due(number))
            for number, invoice in sorted(self.model.invoices.items())
        ]

    def teardown(self) -> None:
        try:
            assert checks.faults() == []
            held = statements.money_held(self.today)
            closings = [statements.statement(self.ids[name], FIRST_DAY, self.today) for name in CUSTOMERS]
            assert sum(closing.closing_minor for closing in closings) == held.total_minor - held.owed_minor
            self.periods_add_up()
        finally:
            close(self.running.database)

    def periods_add_up(self) -> None:
        """The summary of all days, and those of two parts of them, say what the accounts say."""
        middle = FIRST_DAY + (self.today - FIRST_DAY) // 2
        whole, one, other = (
            summaries.summary(*days)
            for days in ((FIRST_DAY, self.today), (FIRST_DAY, middle), (middle + timedelta(days=1), self.today))
        )
        for it in (whole, one, other):
            assert [check for check in it.checks if not check.agrees] == []
        held = dict(rows("SELECT kind, SUM(credits - debits) FROM account GROUP BY kind"))
        assert whole.taken.net_minor == one.taken.net_minor + other.taken.net_minor == -int(held.get("M", 0))
        assert (whole.sold.net_minor, whole.sold.tax_minor) == (int(held.get("I", 0)), int(held.get("T", 0)))
        assert (whole.forfeited_minor, whole.open.due_minor) == (int(held.get("forfeited", 0)), -int(held.get("R", 0)))
        assert (one.held, one.open.due_minor) == (other.held_before, other.due_before_minor)
        assert whole.open.number == len(self.open_invoices())
