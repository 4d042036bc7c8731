"""Two people at one customer's money: what lies before them, and what each of them may do to it."""

from collections.abc import Callable
from typing import NamedTuple

from tests import factories as make
from webapp.domain import funds, invoicing, memberships, payments, voids
from webapp.domain.memberships import Removal
from webapp.domain.tendering import Tender
from webapp.models import Customer, Invoice, Item, Membership, User


class Deal(NamedTuple):
    """A customer with a package part sold, its last lessons on an open invoice, and drafts for more."""

    customer: Customer
    membership: Membership
    sale: Invoice
    lessons: Invoice
    drafts: list[Invoice]
    desk: User


def deal(desk: User) -> Deal:
    who, piano = make.somebody(), make.piano()
    lesson = Item.get(Item.name == "Lesson")
    sale = make.pay(make.save(who, (piano, "400"), by=desk), ("card", "350"), by=desk)
    make.settle(make.save(who, (lesson, "6"), by=desk), by=desk)
    lessons = make.save(who, (lesson, "3"), by=desk)
    funds.deposit(who, make.method(), make.money("100"), by=desk, on=make.DAY)
    drafts = [make.draft(who, (lesson, "1"), by=desk), make.draft(who, (piano, "50"), (lesson, "1"), by=desk)]
    return Deal(who, make.bought(who), sale, lessons, drafts, desk)


def pay_cash(deal: Deal) -> object:
    return payments.pay(deal.lessons.id, [Tender(make.method(), 13500)], by=deal.desk, on=make.DAY)


def pay_by_account(deal: Deal) -> object:
    return payments.pay(deal.lessons.id, [Tender(make.method("account"), 8000)], by=deal.desk, on=make.DAY)


def pay_the_sale(deal: Deal) -> object:
    return payments.pay(deal.sale.id, [Tender(make.method(), 5000)], by=deal.desk, on=make.DAY)


def void(deal: Deal) -> object:
    return voids.void(deal.lessons.id, reason="twice", by=deal.desk, on=make.DAY)


def save_a_lesson(deal: Deal) -> object:
    return invoicing.issue(deal.drafts[0].id, by=deal.desk, on=make.DAY)


def save_a_sale(deal: Deal) -> object:
    return invoicing.issue(deal.drafts[1].id, by=deal.desk, on=make.DAY)


def remove(deal: Deal) -> object:
    version = make.fresh(deal.membership).version
    return memberships.remove([Removal(deal.membership.id, version)], by=deal.desk, on=make.DAY)


def deposit(deal: Deal) -> object:
    return funds.deposit(deal.customer, make.method(), 2500, by=deal.desk, on=make.DAY)


def withdraw(deal: Deal) -> object:
    return funds.withdraw(deal.customer, make.method(), 10_000, by=deal.desk, on=make.DAY, reason="asked for it")


def fund(deal: Deal) -> object:
    return funds.into_package(deal.membership.id, 5000, by=deal.desk, on=make.DAY)


Act = Callable[[Deal], object]
ACTS: list[Act] = [
    *(pay_cash, pay_by_account, pay_the_sale, void, save_a_lesson, save_a_sale, remove, deposit, withdraw, fund),
]
