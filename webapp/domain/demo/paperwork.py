"""Invoices, payments and drafts of every kind, each with a customer of its own."""

from datetime import timedelta

from webapp.domain import bounces, drafts, voids
from webapp.domain.demo.shop import Exhibit, Shop, Story
from webapp.models import Customer, Invoice, Payment
from webapp.money import parse_rate

# Invoices in every state


def overdue(shop: Shop, customer: Customer) -> Story:
    for days in (110, 48, 19):
        yield shop.ago(days)
        shop.bill(customer, (shop.items["dues"], "1"))


def paid_in_part(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(21)
    invoice = shop.bill(customer, (shop.items["c172p"], "2"), (shop.items["cfi"], "2.2"))
    yield shop.ago(16)
    shop.pay(invoice, ("check", shop.amount(100)))


def not_due_yet(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(1)
    shop.bill(customer, (shop.items["l45"], "4"), (shop.items["bw"], "36"))


def voided(shop: Shop, customer: Customer) -> Story:
    """Billed twice and paid: the money stays on the account."""
    yield shop.ago(33)
    shop.pay(shop.bill(customer, (shop.items["adult"], "1")))
    twice = shop.bill(customer, (shop.items["adult"], "1"))
    shop.pay(twice)
    yield shop.ago(31)
    voids.void(twice.id, reason="Billed twice.", by=shop.owner, on=shop.today)


def voided_unpaid(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(23)
    invoice = shop.bill(customer, (shop.items["ground"], "2"))
    yield shop.ago(22)
    voids.void(invoice.id, reason="Fog; the briefing did not take place.", by=shop.owner, on=shop.today)


def first_one_free(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(28)
    typed(shop, customer, "community", "0", "The first class is on the house.")
    yield shop.ago(14)
    shop.pay(typed(shop, customer, "reformer", "30", "Promised on the phone."))


def with_a_discount(shop: Shop, customer: Customer) -> Story:
    """The second child of a family comes for less."""
    yield shop.ago(29)
    draft = drafts.begin(customer, by=shop.owner, on=shop.today)
    line = drafts.add_item(draft.id, shop.items["kid"], 2000)
    drafts.discount(line.id, percent_e4=parse_rate("25"))
    shop.pay(shop.save(draft))


def typed(shop: Shop, customer: Customer, item: str, rate: str, reason: str) -> Invoice:
    """An invoice at a rate that somebody typed, with why."""
    draft = drafts.begin(customer, by=shop.owner, on=shop.today)
    line = drafts.add_item(draft.id, shop.items[item], 1000)
    drafts.choose_rate(line.id, "typed", rate_e4=parse_rate(rate), reason=reason)
    return shop.save(draft)


# Payments of every kind


def mixed(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(40)
    shop.pay(shop.bill(customer, shop.amount(60)), ("transfer", shop.amount(60)))
    yield shop.ago(27)
    invoice = shop.bill(customer, (shop.items["c172s"], "1.5"), (shop.items["cfi"], "1.5"))
    rest = shop.due(invoice) - shop.amount(110)
    shop.pay(invoice, ("cash", shop.amount(50)), ("card", rest), ("account", shop.amount(60)))


def kept_on_account(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(24)
    invoice = shop.bill(customer, (shop.items["c152"], "0.9"))
    shop.pay(invoice, ("cash", shop.amount(100)), keep_rest=True)


def on_the_slate(shop: Shop, customer: Customer) -> Story:
    """May owe something on account, and does."""
    yield shop.ago(60)
    shop.change(customer, credit_limit_minor=shop.amount(150))
    for days, hours in ((37, "0.8"), (7, "0.5")):
        yield shop.ago(days)
        shop.visit(customer, shop.items["c152"], hours, "card")


def without_tax(shop: Shop, customer: Customer) -> Story:
    """A school that pays no tax."""
    yield shop.ago(55)
    shop.change(customer, tax_exempt=True)
    yield shop.ago(53)
    invoice = shop.bill(customer, (shop.items["adult"], "12"), (shop.items["fire"], "3"))
    yield shop.ago(44)
    shop.pay(invoice, ("transfer", shop.due(invoice)))


def bounced(shop: Shop, customer: Customer) -> Story:
    """A check for a card of which some was used: what was used is owed on account."""
    yield shop.ago(46)
    invoice = shop.bill(customer, (shop.packages["c10-off"], None))
    shop.pay(invoice, ("check", shop.due(invoice)))
    for days in (44, 39, 35):
        yield shop.ago(days)
        shop.visit(customer, shop.items["offpeak"], "1", "cash")
    yield shop.ago(32)
    check = Payment.get(Payment.invoice == invoice.id)
    bounces.bounce(check.id, by=shop.owner, on=shop.today, reason="Returned by the bank.")


# Drafts


def draft_of_a_lesson(shop: Shop, customer: Customer) -> Story:
    yield shop.ago(1)
    shop.draft(customer, (shop.items["c172p"], "1.4"), (shop.items["cfi"], "1.6"), on=shop.today - timedelta(1))


def draft_of_a_package(shop: Shop, customer: Customer) -> Story:
    """The first lesson is on it, and takes the rate of the package that is sold above."""
    yield shop.ago(6)
    shop.draft(customer, (shop.packages["b10"], None), (shop.items["h60"], "1"))


def draft_that_cannot_be_saved(shop: Shop, customer: Customer) -> Story:
    """The wheel has no standard rate, and nobody sold a card yet."""
    yield shop.ago(12)
    shop.draft(customer, (shop.items["hour"], "2"))


PAPERWORK: tuple[Exhibit, ...] = (
    overdue,
    paid_in_part,
    not_due_yet,
    voided,
    voided_unpaid,
    first_one_free,
    with_a_discount,
    mixed,
    kept_on_account,
    on_the_slate,
    without_tax,
    bounced,
    draft_of_a_lesson,
    draft_of_a_package,
    draft_that_cannot_be_saved,
)
