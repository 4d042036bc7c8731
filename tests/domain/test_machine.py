"""Random histories: after every act the business stands where rules on plain dicts say, and its books are proven."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import factories as f
from tests.conftest import Running, disconnect
from tests.domain.model import Model
from tests.domain.model_prices import Item as ItemTerms
from tests.domain.model_prices import Package as PackageTerms
from tests.domain.model_prices import Refused, last_day
from webapp.db import db, rows
from webapp.domain import adding, checks, drafts, invoicing, memberships, payments, statements, voids
from webapp.domain.errors import DomainError
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import Company, Customer, Invoice, InvoiceLine, Item, Membership, Package, User

T = TypeVar("T")

EXAMPLES = {"sqlite": 100, "postgres": 30}
STEPS = 100
FIRST_DAY = date(2026, 6, 1)

ITEMS = {"Lesson": ItemTerms(4000, 0), "Hour": ItemTerms(6501, 8), "Copy": ItemTerms(None, 20)}
PACKAGES = {
    "Trio": PackageTerms({"Lesson": (3000, 10000)}, None),
    "Pair": PackageTerms({"Hour": (1500, 7777), "Lesson": (2000, 6500)}, 20),
    "Strip": PackageTerms({"Copy": (10000, 5)}, 10),
}
CUSTOMERS = ("Emma Jones", "Jack Smith")

FOCUS = st.sampled_from((("Trio",), ("Pair",), ("Strip", "Trio"), ("Pair", "Trio"), ("Pair", "Strip", "Trio")))
"""The packages of a history: with few of them, more happens to each."""
ANY = st.integers(0, 10**6)
"""Picks one of what there is at that moment."""
QUARTERS = st.integers(1, 5)
BILLED = st.lists(st.sampled_from((0, 1, 3, 4, 4)), min_size=2, max_size=2)
ITEM_LINE = st.tuples(
    st.just("item"), st.sampled_from(("Lesson", "Lesson", "Hour", "Copy")), st.sampled_from((500, 1000, 1500, 3000))
)
PACKAGE_LINE = st.tuples(st.just("package"), ANY, st.one_of(st.none(), QUARTERS))
DEPOSIT_LINE = st.tuples(st.just("deposit"), st.sampled_from((1, 5000, 12000)))
LINES = st.lists(st.one_of(ITEM_LINE, ITEM_LINE, ITEM_LINE, PACKAGE_LINE, DEPOSIT_LINE), min_size=1, max_size=3)
TENDERS = st.lists(
    st.tuples(st.sampled_from(("cash", "card", "account")), QUARTERS), min_size=1, max_size=3, unique_by=lambda t: t[0]
)


def catalogue() -> None:
    """What the business sells, and to whom."""
    made = {
        name: f.item(name, None if it.rate is None else f"{it.rate // 100}.{it.rate % 100:02}", tax=str(it.percent))
        for name, it in ITEMS.items()
    }
    for name, terms in PACKAGES.items():
        lines = [(made[i], str(milli / 1000), f"{minor / 100:.2f}") for i, (milli, minor) in terms.items.items()]
        validity = {} if terms.days is None else {"validity": "days", "validity_count": terms.days}
        f.package(name, *lines, **validity)
    for name in CUSTOMERS:
        f.somebody(name)


@pytest.fixture(scope="module")
def shop(engine: Running) -> Iterator[Running]:
    """The engine with the shop of these tests kept as a state to go back to."""
    db.initialize(engine.database)
    engine.engine.restore("business")
    catalogue()
    disconnect(engine.database)
    engine.engine.keep("shop")
    yield engine
    disconnect(engine.database)


def pick(some: Sequence[T], which: int) -> T:
    return some[which % len(some)]


class Shop(RuleBasedStateMachine):
    """A front desk with two customers, three packages, and no mercy."""

    running: Running

    def __init__(self) -> None:
        super().__init__()
        self.running.engine.restore("shop")
        self.desk = User.get(User.name == "Owner")
        self.ids = {c.name: c.id for c in Customer.select()} | {p.name: p.id for p in Package.select()}
        self.today = FIRST_DAY

    @initialize(inclusive=st.booleans(), limit=st.sampled_from((0, 0, 3000)), customers=st.integers(1, 2), focus=FOCUS)
    def open(self, inclusive: bool, limit: int, customers: int, focus: tuple[str, ...]) -> None:
        self.customers = [self.ids[name] for name in CUSTOMERS[:customers]]
        self.focus = focus
        Company.update(tax_inclusive=inclusive, credit_limit_minor=limit).where(Company.id == 1).execute()
        self.model = Model(ITEMS, PACKAGES, inclusive=inclusive, limit=limit)
        self.model.general = {self.ids[name]: 0 for name in CUSTOMERS}

    @rule(whose=ANY, any_package=ANY, again=st.booleans())
    def add(self, whose: int, any_package: int, again: bool) -> None:
        customer, which = pick(self.customers, whose), pick(self.focus, any_package)
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
            self.started(made[0].id, customer, which, self.today)

    @rule(whose=ANY, typed=LINES, days_ago=st.sampled_from((0, 0, 0, 2, 15)))
    def save(self, whose: int, typed: list[tuple[Any, ...]], days_ago: int) -> None:
        lines = [(k, pick(self.focus, what), *rest) if k == "package" else (k, what, *rest) for k, what, *rest in typed]
        self.invoice(pick(self.customers, whose), lines, self.today - timedelta(days=days_ago))

    @rule(whose=ANY, chosen=st.lists(ANY, min_size=1, max_size=2), thirds=st.sampled_from((1, 1, 3, 3)), billed=BILLED)
    def sell_and_use(self, whose: int, chosen: list[int], thirds: int, billed: list[int]) -> None:
        """An invoice for a third or all of what is left of packages, with some of what may still be billed of them."""
        customer = pick(self.customers, whose)
        typed: list[tuple[Any, ...]] = []
        for which, quarters in zip(chosen, billed, strict=False):
            package = pick(self.focus, which)
            number = self.model.active(customer, package)
            if quarters and (number is None or self.model.unbilled(number)):
                typed.append(("package", package, quarters))
            for item, (included, _) in PACKAGES[package].items.items():
                left = included if number is None else self.model.left(number, item)
                if left * thirds // 3:
                    typed.append(("item", item, left * thirds // 3))
        if typed:
            self.invoice(customer, typed, self.today)

    @precondition(lambda self: self.active_memberships())
    @rule(which=ANY, any_item=ANY, tenths=st.sampled_from((5, 10, 10, 10, 15)), paid=st.booleans())
    def lesson(self, which: int, any_item: int, tenths: int, paid: bool) -> None:
        """What a front desk does all day: about one unit from a package, often paid at once."""
        it = self.model.memberships[pick(self.active_memberships(), which)]
        item = pick(sorted(PACKAGES[it["package"]].items), any_item)
        number = self.invoice(it["customer"], [("item", item, tenths * 100)], self.today)
        if paid and number in self.open_invoices():
            self.settle(number)

    def invoice(self, customer: int, typed: list[tuple[Any, ...]], service: date) -> int:
        lines = [
            (kind, what, self.to_bill(customer, what, *rest)) if kind == "package" else (kind, what, *rest)
            for kind, what, *rest in typed
        ]
        draft = self.draft(customer, lines, service)
        self.model.expire(self.today, customer)
        memberships.expire_due(self.today, customer_id=customer)
        expected = self.both(
            lambda: self.model.quote(customer, lines, service),
            lambda: invoicing.issue(draft.id, by=self.desk, on=self.today),
        )
        if expected is not None:
            self.saved(draft.id, customer, expected, service)
        return int(draft.id)

    def to_bill(self, customer: int, which: str, quarters: int | None) -> int | None:
        """So many quarters of what may still be billed, or of the whole price."""
        if quarters is None:
            return None
        active = self.model.active(customer, which)
        most = self.model.whole(which) if active is None else self.model.unbilled(active)
        return max(1, most * quarters // 4)

    def draft(self, customer: int, lines: list[tuple[Any, ...]], service: date) -> Invoice:
        made = drafts.begin(Customer.get_by_id(customer), by=self.desk, on=self.today, service_on=service)
        for kind, what, *rest in lines:
            if kind == "package":
                drafts.add_package(made.id, Package.get_by_id(self.ids[what]), rest[0])
            elif kind == "deposit":
                drafts.add_deposit(made.id, what)
            else:
                drafts.add_item(made.id, Item.get(Item.name == what), rest[0])
        return made

    def saved(self, number: int, customer: int, expected: list[dict[str, Any]], service: date) -> None:
        """Compare the lines with those expected, and put the numbers of new memberships where their names stood."""
        found = list(
            InvoiceLine.select().where(InvoiceLine.invoice == number).order_by(InvoiceLine.position, InvoiceLine.part)
        )
        assert [
            (x.source, x.quantity_milli, x.total_minor, x.tax_minor if x.source == "draw" else 0) for x in found
        ] == [(x["source"], x["quantity"], x["total"], x["tax"]) for x in expected]
        for line, stored in zip(expected, found, strict=True):
            if isinstance(line["membership"], str):
                if stored.membership_id not in self.model.memberships:
                    self.started(stored.membership_id or 0, customer, line["membership"], service)
                line["membership"] = stored.membership_id
            assert line["membership"] == stored.membership_id
        self.model.issue(number, customer, expected)

    @precondition(lambda self: self.open_invoices())
    @rule(which=ANY, tenders=TENDERS, keep=st.booleans())
    def pay(self, which: int, tenders: list[tuple[str, int]], keep: bool) -> None:
        number = pick(self.open_invoices(), which)
        amounts = [(method, max(1, self.model.due(number) * quarters // 4)) for method, quarters in tenders]
        self.take(number, amounts, keep=keep)

    @precondition(lambda self: self.open_invoices())
    @rule(which=ANY)
    def pay_in_full(self, which: int) -> None:
        self.settle(pick(self.open_invoices(), which))

    def settle(self, number: int) -> None:
        """As much as possible by Account, the rest in cash."""
        due = self.model.due(number)
        by_account = min(due, payments.open_invoice(Invoice.get_by_id(number)).account_most_minor)
        amounts = [("cash", due - by_account), ("account", by_account)]
        self.take(number, [(method, amount) for method, amount in amounts if amount], keep=False)

    def take(self, number: int, amounts: list[tuple[str, int]], *, keep: bool) -> None:
        tenders = [Tender(f.method(method), amount) for method, amount in amounts]
        self.both(
            lambda: self.model.pay(number, amounts, keep=keep, today=self.today),
            lambda: payments.pay(number, tenders, by=self.desk, on=self.today, keep_rest=keep),
        )

    @precondition(lambda self: self.live_invoices())
    @rule(which=ANY, latest=st.booleans(), refunded=st.booleans())
    def void(self, which: int, latest: bool, refunded: bool) -> None:
        number = self.live_invoices()[-1] if latest else pick(self.live_invoices(), which)
        money = voids.REFUNDED if refunded else voids.TO_ACCOUNT
        self.both(
            lambda: self.model.void(number, refunded=refunded, today=self.today),
            lambda: voids.void(number, reason="a mistake", by=self.desk, on=self.today, money=money),
        )

    @precondition(lambda self: self.active_memberships())
    @rule(which=ANY, really=st.sampled_from((False, False, False, True)))
    def remove(self, which: int, really: bool) -> None:
        if not really:
            return
        membership = Membership.get_by_id(pick(self.active_memberships(), which))
        self.both(
            lambda: self.model.remove(membership.id),
            lambda: memberships.remove([Removal(membership.id, membership.version)], by=self.desk, on=self.today),
        )

    @rule(days=st.sampled_from((0, 1, 1, 8, 16)), at_once=st.booleans())
    def a_later_day(self, days: int, at_once: bool) -> None:
        """What is over ends with the daily command, or at the next act of its customer."""
        self.today += timedelta(days=days)
        if at_once:
            memberships.expire_due(self.today)
            self.model.expire(self.today)

    def started(self, number: int, customer: int, which: str, start: date) -> None:
        self.model.start(number, customer, which, start, last_day(start, PACKAGES[which].days))

    def both(self, expected: Callable[[], Any], done: Callable[[], Any]) -> Any:
        """What the act gave, when rules and business agree that it goes; None when they agree that it does not."""
        try:
            with self.model.all_or_nothing():
                wanted = expected()
        except Refused as refusal:
            try:
                done()
            except DomainError:
                return None
            raise AssertionError(f"done, though {refusal}") from refusal
        given = done()
        return given if wanted is None else wanted

    def open_invoices(self) -> list[int]:
        return [number for number, invoice in self.model.invoices.items() if invoice["status"] == "open"]

    def live_invoices(self) -> list[int]:
        return [number for number, invoice in self.model.invoices.items() if invoice["status"] != "void"]

    def active_memberships(self) -> list[int]:
        return [number for number, it in self.model.memberships.items() if it["state"] == "active"]

    @invariant()
    def units_are_where_the_rules_say(self) -> None:
        found = rows(
            "SELECT mi.membership_id, i.name, mi.included_milli - mi.reserved_milli - mi.used_milli, mi.used_milli"
            " FROM membership_item mi JOIN item i ON i.id = mi.item_id ORDER BY mi.membership_id, i.name"
        )
        assert [tuple(row) for row in found] == [
            (number, item, self.model.left(number, item), self.model.used(number, item))
            for number, it in sorted(self.model.memberships.items())
            for item in sorted(PACKAGES[it["package"]].items)
        ]

    @invariant()
    def money_is_where_the_rules_say(self) -> None:
        held = {
            (kind, ref): int(amount)
            for kind, ref, amount in rows(
                "SELECT kind, ref, credits - debits FROM account WHERE kind IN ('G', 'P') AND credits <> debits"
            )
        }
        general = {("G", customer): amount for customer, amount in self.model.general.items() if amount}
        package = {("P", number): it["funds"] for number, it in self.model.memberships.items() if it["funds"]}
        assert held == general | package

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
        finally:
            disconnect(self.running.database)


def test_random_histories(shop: Running) -> None:
    machine = type("Machine", (Shop,), {"running": shop})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES[shop.engine.name],
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
