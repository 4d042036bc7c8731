"""Records and acts for tests, as plain functions that go through the same verbs as the screens."""

from datetime import date

from webapp.db import transactional, utcnow
from webapp.domain import drafts, invoicing, ledger, memberships, packages, payments
from webapp.domain.search import sort_key
from webapp.domain.tendering import Tender
from webapp.models import (
    Company,
    Customer,
    Group,
    GroupMember,
    Invoice,
    InvoiceLine,
    Item,
    Membership,
    MembershipItem,
    Package,
    PackageItem,
    PaymentMethod,
    Role,
    User,
)
from webapp.money import parse_money, parse_rate, times
from webapp.quantity import parse_quantity

DAY = date(2026, 6, 1)
"""A Monday on which nothing special happens."""


def money(text: str) -> int:
    """Minor units from text in the company's currency."""
    return parse_money(text, Company.get_by_id(1).decimals)


def somebody(name: str = "Emma Jones", *, role: str = "Customer", active: bool = True) -> Customer:
    """A customer."""
    return Customer.create(
        name=name, sort_name=sort_key(name), role=Role.get(Role.name == role), active=active, created_at=utcnow()
    )


def group(name: str, *customers: Customer, active: bool = True) -> Group:
    """A group of customers."""
    made = Group.create(name=name, sort_name=sort_key(name), active=active, created_at=utcnow())
    for customer in customers:
        GroupMember.create(group=made, customer=customer)
    return made


def item(name: str, standard: str | None, *, unit: str = "each", tax: str = "0", category: str = "Sales") -> Item:
    """An item with its standard rate as text; None for one that is only sold in packages."""
    return Item.create(
        name=name,
        sort_name=sort_key(name),
        unit=unit,
        standard_rate_e4=None if standard is None else parse_rate(standard),
        tax_percent_e4=parse_rate(tax),
        category=category,
    )


def package(name: str, *contents: tuple[Item, str, str], **validity: object) -> Package:
    """A package of (item, included quantity, price); the price is ``@120.00`` for a rate, else the whole amount."""
    made = Package.create(name=name, sort_name=sort_key(name), **validity)
    for position, (thing, quantity, price) in enumerate(contents):
        included = parse_quantity(quantity)
        rate = parse_rate(price[1:]) if price.startswith("@") else None
        amount = money(price) if rate is None else times(rate, included, Company.get_by_id(1).decimals)
        PackageItem.create(
            package=made, item=thing, position=position, included_milli=included, rate_e4=rate, amount_minor=amount
        )
    return made


def ppl(*, tax: str = "0") -> Package:
    """The flight school's bundle: 40.0 h C172 @ 120.00 and 20.0 h instruction @ 55.00, 5,900.00 before tax."""
    aircraft = item("C172", "150.00", unit="hour", tax=tax, category="Aircraft")
    teacher = item("Instruction", "65.00", unit="hour", category="Instruction")
    return package("PPL", (aircraft, "40", "@120"), (teacher, "20", "@55"))


def piano(**validity: object) -> Package:
    """Ten lessons @ 45.00, standard 50.00."""
    return package("PIANO", (item("Lesson", "50.00", unit="lesson"), "10", "@45"), **validity)


def trio() -> Package:
    """Three lessons for a typed 100.00, standard 40.00."""
    return package("TRIO", (item("Trio lesson", "40.00", unit="lesson"), "3", "100.00"))


def add(customer: Customer, to: Package, *, by: User, on: date = DAY) -> Membership:
    """Put a customer into a package, as Add to Package does."""
    return memberships.start(customer, to, start_on=on, by=by)


@transactional
def draft(
    customer: Customer,
    *lines: tuple[Item, str] | tuple[Package, str | None] | str,
    by: User,
    on: date = DAY,
) -> Invoice:
    """A draft with lines: (item, quantity), (package, amount or None for all of it), or the amount of a deposit."""
    made = drafts.begin(customer, by=by, on=on)
    for line in lines:
        if isinstance(line, str):
            drafts.add_deposit(made.id, money(line))
        elif isinstance(line[0], Item):
            drafts.add_item(made.id, line[0], parse_quantity(str(line[1])))
        else:
            drafts.add_package(made.id, line[0], None if line[1] is None else money(line[1]))
    return made


def save(customer: Customer, *lines: object, by: User, on: date = DAY, today: date | None = None) -> Invoice:
    """An invoice saved with these lines (see `draft`) for the service date `on`; the books are dated `today`."""
    made = draft(customer, *lines, by=by, on=on)  # type: ignore[arg-type]  # the same lines
    return invoicing.issue(made.id, by=by, on=today or on)


def method(kind: str = "cash") -> PaymentMethod:
    """The payment method of a kind."""
    return PaymentMethod.get(PaymentMethod.kind == kind)


def pay(invoice: Invoice, *tenders: tuple[str, str], by: User, on: date = DAY, keep_rest: bool = False) -> Invoice:
    """Pay by (kind of method, amount) pairs; without any, all that is due in cash."""
    due = Invoice.get_by_id(invoice.id).due_minor
    taken = [Tender(method(kind), money(amount)) for kind, amount in tenders] or [Tender(method("cash"), due)]
    payments.pay(invoice.id, taken, by=by, on=on, keep_rest=keep_rest)
    return Invoice.get_by_id(invoice.id)


def settle(invoice: Invoice, *, by: User, on: date = DAY) -> Invoice:
    """Pay all that is due by Account, if anything is."""
    due_minor = due(invoice)
    if due_minor:
        payments.pay(invoice.id, [Tender(method("account"), due_minor)], by=by, on=on)
    return Invoice.get_by_id(invoice.id)


def due(invoice: Invoice) -> int:
    """What an invoice asks for now."""
    return Invoice.get_by_id(invoice.id).due_minor


def lines(invoice: Invoice) -> list[tuple[str, int, int]]:
    """What an invoice says: (source, thousandths, total in minor units) a line."""
    rows = InvoiceLine.fetch("invoice_id = ? ORDER BY position, part", (invoice.id,))
    return [(x.source, x.quantity_milli, x.total_minor) for x in rows]


def left(membership: Membership, name: str | None = None) -> int:
    """Thousandths left of an item of the membership, of its only one when it is not named."""
    items = list(MembershipItem.select().where(MembershipItem.membership == membership))
    return next(i.left_milli for i in items if name is None or i.name == name)


def used(membership: Membership, name: str | None = None) -> int:
    """Thousandths used of an item of the membership, of its only one when it is not named."""
    items = list(MembershipItem.select().where(MembershipItem.membership == membership))
    return next(i.used_milli for i in items if name is None or i.name == name)


def funds(membership: Membership) -> int:
    """What is in the membership's package funds."""
    return ledger.balance(ledger.package_funds(membership.id))


def general(customer: Customer) -> int:
    """A customer's general funds."""
    return ledger.balance(ledger.general(customer.id))


def bought(customer: Customer) -> Membership:
    """The customer's latest membership."""
    return Membership.fetch("customer_id = ? ORDER BY id DESC LIMIT 1", (customer.id,))[0]


def fresh(membership: Membership) -> Membership:
    """The membership as the database has it now."""
    return Membership.get_by_id(membership.id)


def income(category: str = "Sales") -> int:
    """What was earned in a category."""
    return ledger.balance(ledger.income(category))


def tax(percent: str) -> int:
    """Tax payable at a rate."""
    return ledger.balance(ledger.tax(parse_rate(percent)))


def reprice(package: Package, thing: Item, rate: str) -> None:
    """Sell an item of the package at another rate from now on, as Catalogue does."""
    lines = [
        line._replace(rate_e4=parse_rate(rate.removeprefix("@"))) if line.item == thing else line
        for line in packages.lines_of(package)
    ]
    facts = packages.PackageFacts(package.name, lines, package.validity, package.validity_count, package.last_day)
    decimals = Company.get_by_id(1).decimals
    packages.edit_package(package, facts, version=package.version, decimals=decimals, by=User.get_by_id(1), on=DAY)


def use_currency(code: str, decimals: int) -> None:
    """Let the business count in another currency, as set-up would have done. Before anything is sold."""
    Company.update(currency=code, decimals=decimals).where(Company.id == 1).execute()


def credit_limit(amount: str) -> None:
    """Let customers owe so much on account."""
    Company.update(credit_limit_minor=money(amount)).where(Company.id == 1).execute()
