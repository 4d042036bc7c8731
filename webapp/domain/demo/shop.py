"""The front desk of the sample business: what its people do in a day, and days that pass one after the other."""

import heapq
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from webapp.db import stamped
from webapp.domain import adding, customers, drafts, invoicing, memberships, payments, tendering
from webapp.domain.demo.catalogue import Catalogue
from webapp.domain.tendering import Tender
from webapp.models import Company, Customer, Group, Invoice, Item, Membership, Package, PaymentMethod, User
from webapp.permissions import Permission
from webapp.quantity import parse_quantity

Line = tuple[Item, str] | tuple[Package, int | None] | int
"""An item with a quantity, a package with the amount billed of it (None for all), or an amount for the account."""

Story = Iterator[date]
"""Something that goes on for a while: it does a piece and then names the day on which it goes on."""

OPENS = time(8, 30)
ACTS_A_DAY = 60


class Shop:
    """The desk with its calendar. Stories are told to it, then `live` lets the days pass until `now`."""

    def __init__(self, catalogue: Catalogue, owner: User, rng: Random, now: date) -> None:
        self.items, self.packages = catalogue
        self.owner, self.rng = owner, rng
        self.now = self.today = now
        self.company = Company.get_by_id(1)
        self.methods = {method.kind: method for method in PaymentMethod.select()}
        staff = User.select().where(User.active).order_by(User.id)
        self.desk = [user for user in staff if user.may(Permission.ADD_INVOICE)]
        self._calendar: list[tuple[date, int, Story]] = []
        self._told = count()

    # Time

    def tell(self, story: Story) -> None:
        """Let a story begin on the day it names first."""
        for day in story:
            heapq.heappush(self._calendar, (day, next(self._told), story))
            return

    def live(self) -> None:
        """Let every day before now pass; stories that would go on then or later stay unfinished."""
        acts = 0
        while self._calendar and self._calendar[0][0] < self.now:
            day, _, story = heapq.heappop(self._calendar)
            acts = acts + 1 if day == self.today else 0
            if day != self.today:
                self._begin(day)
            with stamped(self._moment(acts)):
                self.tell(story)
        self.today = self.now
        memberships.expire_due(self.now)

    def ago(self, days: int) -> date:
        """So many days before now."""
        return self.now - timedelta(days)

    def later(self, days: int) -> date:
        """About so many days from today."""
        return self.today + timedelta(max(1, days + self.rng.randint(-days // 4, days // 4)))

    def _begin(self, day: date) -> None:
        """A new day ends what was valid until the one before."""
        self.today = day
        with stamped(self._moment(0)):
            memberships.expire_due(day)

    def _moment(self, act: int) -> datetime:
        opened = datetime.combine(self.today, OPENS, ZoneInfo(self.company.timezone))
        return opened + timedelta(minutes=9 * min(act, ACTS_A_DAY))

    # What the desk does

    def somebody(self) -> User:
        """Whoever is at the desk just now."""
        return self.rng.choice(self.desk)

    def amount(self, major: int) -> int:
        """So many whole units of the currency."""
        return int(major * 10**self.company.decimals)

    def add(self, package: Package, *customers: Customer, group: Group | None = None) -> list[Membership]:
        """Add to Package: those who can be added."""
        ids = frozenset(customer.id for customer in customers)
        chosen = adding.Chosen(ids, frozenset([group.id] if group else []))
        shown = adding.preview(package, chosen, self.today).mark
        return adding.add(package, chosen, start_on=self.today, shown=shown, by=self.somebody())

    def change(self, customer: Customer, **changes: Any) -> None:
        """Change what is kept of a customer."""
        now = Customer.get_by_id(customer.id)
        kept = ("name", "email", "phone", "address", "note", "role", "credit_limit_minor", "tax_exempt", "active")
        facts: dict[str, Any] = {name: getattr(now, name) for name in kept} | changes
        customers.edit_customer(now, version=now.version, by=self.somebody(), **facts)

    def draft(self, customer: Customer, *lines: Line, on: date | None = None) -> Invoice:
        """An invoice that is not saved yet."""
        draft = drafts.begin(customer, by=self.somebody(), on=self.today, service_on=on)
        for line in lines:
            if isinstance(line, int):
                drafts.add_deposit(draft.id, line)
            elif isinstance(line[0], Item):
                drafts.add_item(draft.id, line[0], parse_quantity(str(line[1])))
            else:
                drafts.add_package(draft.id, line[0], line[1] if isinstance(line[1], int) else None)
        return draft

    def bill(self, customer: Customer, *lines: Line, on: date | None = None) -> Invoice:
        """An invoice with these lines, saved."""
        return self.save(self.draft(customer, *lines, on=on))

    def save(self, draft: Invoice) -> Invoice:
        """Save a draft at the price it has now."""
        return invoicing.issue(draft.id, by=self.somebody(), on=self.today)

    def pay(self, invoice: Invoice, *tenders: tuple[str, int], keep_rest: bool = False) -> Invoice:
        """Take payment by kinds of method; without any amount, all that is due in cash."""
        taken = [Tender(self.methods[kind], minor) for kind, minor in tenders or [("cash", self.due(invoice))]]
        payments.pay(invoice.id, taken, by=self.somebody(), on=self.today, keep_rest=keep_rest)
        return Invoice.get_by_id(invoice.id)

    def due(self, invoice: Invoice) -> int:
        """What an invoice asks for now."""
        return Invoice.get_by_id(invoice.id).due_minor

    def collect(self, invoice: Invoice, kind: str) -> None:
        """Take what the customer's account has for it, and the rest by another method."""
        now = Invoice.get_by_id(invoice.id)
        due, held = now.due_minor, min(now.due_minor, tendering.open_invoice(now).account_most_minor)
        wanted = [("account", held), (kind, due - held)]
        tenders = [(method, minor) for method, minor in wanted if minor]
        if tenders:
            self.pay(invoice, *tenders)

    def sell(self, customer: Customer, package: Package, kind: str, amount_minor: int | None = None) -> Membership:
        """Sell a package, or so much of it, and take the money."""
        invoice = self.bill(customer, (package, amount_minor))
        self.pay(invoice, (kind, self.due(invoice)))
        return self.latest(customer)

    def visit(self, customer: Customer, item: Item, quantity: str, kind: str) -> Invoice:
        """Somebody comes, and pays from the account as far as it goes."""
        invoice = self.bill(customer, (item, quantity))
        self.collect(invoice, kind)
        return invoice

    def latest(self, customer: Customer) -> Membership:
        """The customer's newest membership."""
        newest = Membership.select().where(Membership.customer == customer).order_by(Membership.id.desc())
        return next(iter(newest))

    def is_active(self, membership: Membership) -> bool:
        """Whether the membership goes on."""
        return Membership.get_by_id(membership.id).is_active


Exhibit = Callable[[Shop, Customer], Story]
"""A story about one customer."""
