"""How far general funds may go below zero (spec section 5): a rule of acts, not of state."""

from webapp.domain import ledger
from webapp.domain.errors import DomainError
from webapp.models import Company, Customer


def limit_of(customer: Customer) -> int:
    """What a customer may owe on account: their own limit, or the company's where they have none."""
    if customer.credit_limit_minor is not None:
        return customer.credit_limit_minor
    return int(Company.of_act().credit_limit_minor)


def refuse_overdrawn(customer: Customer, before_minor: int, field: str | None = None) -> None:
    """Raise `DomainError`, naming the amount, when an act left general funds lower than before and below the limit."""
    after = ledger.balance(ledger.general(customer.id))
    limit = limit_of(customer)
    if after < min(before_minor, -limit):
        short = Company.of_act().amount(-limit - after)
        raise DomainError(f"General funds would be {short} short. Nothing was changed.", field)
