"""Moving a customer's own money: in, out, adjusted, and between general and package funds (spec sections 5 and 6)."""

from datetime import date

from webapp.db import transactional
from webapp.domain import audit, ledger
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.limits import refuse_overdrawn
from webapp.domain.memberships import hold, owners, unbilled
from webapp.domain.tendering import why_no_account
from webapp.models import Company, Customer, Journal, Membership, Payment, PaymentMethod, User


@transactional
def deposit(
    customer: Customer, method: PaymentMethod, amount_minor: int, *, by: User, on: date, received_on: date | None = None
) -> Journal:
    """Take money into a customer's general funds."""
    hold(on, customer.id)
    refuse_merged(customer)
    _refuse_method(method)
    _refuse_amount(amount_minor)
    if received_on and received_on > on:
        raise DomainError("Money cannot be received after today.", "received_on")
    return _by_method("deposit", "Deposit", customer, method, amount_minor, by=by, on=on, received_on=received_on)


@transactional
def withdraw(
    customer: Customer, method: PaymentMethod, amount_minor: int, *, by: User, on: date, reason: str
) -> Journal:
    """Pay money out of a customer's general funds, at most what is there."""
    hold(on, customer.id)
    refuse_merged(customer)
    _refuse_method(method)
    _refuse_amount(amount_minor)
    _refuse_without(reason)
    _refuse_more_than_general(customer, amount_minor)
    return _by_method("withdrawal", "Withdrawal", customer, method, amount_minor, by=by, on=on, reason=reason)


@transactional
def adjust(customer: Customer, amount_minor: int, *, by: User, on: date, reason: str) -> Journal:
    """Correct general funds up or down; what goes below the credit limit is refused."""
    hold(on, customer.id)
    refuse_merged(customer)
    if amount_minor == 0:
        raise DomainError("Type an amount other than 0.", "amount")
    _refuse_without(reason)
    before = ledger.balance(ledger.general(customer.id))
    entry = audit.record(
        "Adjusted", "customer", customer.id, by=by, customer=customer, reason=reason.strip(), amount_minor=amount_minor
    )
    general, adjustments = ledger.general(customer.id), ledger.Key("adjustments")
    move = Move(adjustments, general, amount_minor) if amount_minor > 0 else Move(general, adjustments, -amount_minor)
    journal = ledger.post("adjustment", "act", entry.id, [move], audit=entry, on=on)
    refuse_overdrawn(customer, before, "amount")
    return _written(journal)


@transactional
def into_package(membership_id: int, amount_minor: int, *, by: User, on: date) -> Journal:
    """Move general funds into the package funds of an active membership, at most what is there and unbilled.

    It spends the customer's own money on a package, so it needs what paying by Account needs.
    """
    membership = _active(membership_id, on)
    _refuse_amount(amount_minor)
    no_account = why_no_account(membership.customer)
    if no_account:
        raise DomainError(no_account)
    _refuse_more_than_general(membership.customer, amount_minor)
    most = unbilled(membership)
    if amount_minor > most:
        raise DomainError(
            f"At most {Company.get_by_id(1).amount(most)} can still be paid into {membership.package_name}.", "amount"
        )
    return _between(membership, amount_minor, by=by, on=on, into=True)


@transactional
def out_of_package(membership_id: int, amount_minor: int, *, by: User, on: date) -> Journal:
    """Move package funds of an active membership back to general funds."""
    membership = _active(membership_id, on)
    _refuse_amount(amount_minor)
    held = ledger.balance(ledger.package_funds(membership.id))
    if amount_minor > held:
        raise DomainError(f"Package funds are {Company.get_by_id(1).amount(held)}.", "amount")
    return _between(membership, amount_minor, by=by, on=on, into=False)


def _between(membership: Membership, amount_minor: int, *, by: User, on: date, into: bool) -> Journal:
    entry = audit.record(
        "Moved into package" if into else "Moved out of package",
        "membership",
        membership.id,
        by=by,
        customer=membership.customer_id,
        amount_minor=amount_minor,
    )
    general, package = ledger.general(membership.customer_id), ledger.package_funds(membership.id)
    move = Move(general, package, amount_minor) if into else Move(package, general, amount_minor)
    return _written(ledger.post("move", "act", entry.id, [move], audit=entry, on=on, membership_id=membership.id))


def _by_method(
    kind: str,
    act: str,
    customer: Customer,
    method: PaymentMethod,
    amount_minor: int,
    *,
    by: User,
    on: date,
    reason: str = "",
    received_on: date | None = None,
) -> Journal:
    entry = audit.record(
        act,
        "customer",
        customer.id,
        by=by,
        customer=customer,
        reason=reason.strip(),
        method=method.id,
        amount_minor=amount_minor,
    )
    cash, general = ledger.method(method.id), ledger.general(customer.id)
    move = Move(cash, general, amount_minor) if kind == "deposit" else Move(general, cash, amount_minor)
    journal = _written(ledger.post(kind, "act", entry.id, [move], audit=entry, on=on))
    if kind == "deposit":
        Payment.create(
            audit=entry,
            journal=journal,
            customer=customer,
            method=method,
            amount_minor=amount_minor,
            received_on=received_on or on,
        )
    return journal


def _active(membership_id: int, on: date) -> Membership:
    hold(on, *owners([membership_id]))
    membership = Membership.get_by_id(membership_id)
    if not membership.is_active:
        raise Changed(f"{membership.package_name} is inactive ({membership.reason}).")
    return membership


def _refuse_method(method: PaymentMethod) -> None:
    if method.is_account or not method.active:
        raise DomainError("Choose a payment method that brings money in or pays it out.", "method")


def _refuse_amount(amount_minor: int) -> None:
    if amount_minor <= 0:
        raise DomainError("The amount must be above 0.", "amount")


def _refuse_without(reason: str) -> None:
    if not reason.strip():
        raise DomainError("Say why.", "reason")


def _refuse_more_than_general(customer: Customer, amount_minor: int) -> None:
    held = max(0, ledger.balance(ledger.general(customer.id)))
    if amount_minor > held:
        raise DomainError(f"General funds are {Company.get_by_id(1).amount(held)}.", "amount")


def _written(journal: Journal | None) -> Journal:
    assert journal is not None  # noqa: S101  # the amount is above zero, so there is a journal
    return journal
