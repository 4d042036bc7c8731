"""Who buys at the sample business: customers with names of many scripts, some of them in groups."""

from random import Random
from typing import NamedTuple

from webapp.domain import customers, groups
from webapp.domain.demo.catalogue import read
from webapp.models import Customer, Group, Role, User

CASH_ONLY = 9


class People(NamedTuple):
    """The customers who may buy on account, in a mixed order; those who may not; and the groups by their names."""

    customers: list[Customer]
    cash_only: list[Customer]
    groups: dict[str, Group]


def make(rng: Random, *, owner: User) -> People:
    """Take everybody in."""
    roles = {role.name: role for role in customers.customer_roles()}
    facts = list(read("names.csv"))
    rng.shuffle(facts)
    cash_only = [_customer(row, number, roles["Cash Only"], owner) for number, row in enumerate(facts[:CASH_ONLY])]
    others = [
        _customer(row, number, roles["Customer"], owner)
        for number, row in enumerate(facts[CASH_ONLY:], start=CASH_ONLY)
    ]
    return People(others, cash_only, _groups(others, cash_only, owner))


def _customer(row: dict[str, str], number: int, role: Role, owner: User) -> Customer:
    return customers.create_customer(
        name=row["name"],
        role=role,
        by=owner,
        email=f"{row['mailbox']}@example.com" if number % 11 else "",
        phone=f"+1 202 555 {100 + number % 100:04d}" if number % 4 else "",
        address=f"{12 + number} Larkspur Lane\nMillbrook" if number % 3 else "",
        note="Prefers to be called in the evening." if number % 17 == 5 else "",
    )


def _groups(others: list[Customer], cash_only: list[Customer], owner: User) -> dict[str, Group]:
    """Groups of every kind: with somebody who pays, with somebody who may not buy packages, empty, and inactive."""
    payer = next(customer for customer in others if customer.name.startswith("Bright"))
    rest = [customer for customer in others if customer != payer]
    made: tuple[tuple[str, list[Customer], Customer | None, bool], ...] = (
        ("Bright & Sons apprentices", [payer, *rest[-5:]], payer, True),
        ("Saturday clay club", [*rest[-11:-5], *cash_only[:2]], None, True),
        ("Sunrise yoga at the boathouse", rest[-18:-11], rest[-12], True),
        ("Conservatory entrance class", rest[-22:-18], None, True),
        ("Summer ground school", rest[-26:-22], None, False),
        ("Waiting list for the potter's wheel", [], None, True),
    )
    return {
        name: groups.create_group(name=name, by=owner, members=members, owner=pays, active=active)
        for name, members, pays, active in made
    }
