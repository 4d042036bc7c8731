"""Deposit, Withdraw and Adjust Balances: a customer's general funds, before and after stated before it is done."""

from collections.abc import Callable
from typing import Any

from flask import Response, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.customers.fund_forms import AdjustmentForm, DepositForm, FundsForm, WithdrawalForm
from webapp.domain import funds, ledger
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import DomainError
from webapp.domain.limits import limit_of
from webapp.domain.paying import methods_in_use
from webapp.domain.tendering import why_no_account
from webapp.hypermedia import done, fragment, render
from webapp.models import Customer, Journal, Payment, PaymentMethod
from webapp.permissions import SEES_RECORDS, Permission
from webapp.places import correct_link
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE, sign


@requires(Permission.ADD_INVOICE)
def deposit(customer_id: int) -> Response:
    """Take money into general funds."""
    customer, form = _customer(customer_id), DepositForm(_methods())

    def act() -> Journal:
        facts: dict[str, Any] = {"by": actor(), "on": today(), "received_on": form.received_on.data}
        return funds.deposit(customer, form.chosen, form.amount.data, **facts)

    return _answer("deposit", customer, form, act, "deposited for")


@requires(Permission.MANAGE_INVOICES)
def withdraw(customer_id: int) -> Response:
    """Pay general funds out."""
    customer, form = _customer(customer_id), WithdrawalForm(_methods())

    def act() -> Journal:
        facts: dict[str, Any] = {"by": actor(), "on": today(), "reason": form.reason.data or ""}
        return funds.withdraw(customer, form.chosen, form.amount.data, **facts)

    return _answer("withdrawal", customer, form, act, "paid out to")


@requires(Permission.ADJUST_BALANCES)
def adjust(customer_id: int) -> Response:
    """Correct general funds."""
    customer, form = _customer(customer_id), AdjustmentForm()

    def act() -> Journal:
        return funds.adjust(customer, form.change_minor, by=actor(), on=today(), reason=form.reason.data or "")

    told = "taken off the account of" if form.change_minor < 0 else "added to the account of"
    return _answer("adjustment", customer, form, act, told)


@requires(Permission.ADD_INVOICE)
def deposit_preview(customer_id: int) -> Response:
    """General funds before and after the deposit, while it is typed."""
    return _preview("deposit", _customer(customer_id), DepositForm(_methods()))


@requires(Permission.MANAGE_INVOICES)
def withdrawal_preview(customer_id: int) -> Response:
    """General funds before and after the withdrawal, while it is typed."""
    return _preview("withdrawal", _customer(customer_id), WithdrawalForm(_methods()))


@requires(Permission.ADJUST_BALANCES)
def adjustment_preview(customer_id: int) -> Response:
    """General funds before and after the adjustment, while it is typed."""
    return _preview("adjustment", _customer(customer_id), AdjustmentForm())


def _answer(kind: str, customer: Customer, form: FundsForm, act: Callable[[], Journal], told: str) -> Response:
    if form.validate_on_submit():
        written: list[Journal] = []

        def once() -> str:
            form.confirm(_sign(customer))
            written[:] = [act()]
            return _back(customer)

        try:
            to = form.once(once)
            now = money_text(_general(customer))
            message = f"{money_text(form.amount.data)} was {told} {customer.name}. General funds are {now} now."
            link = correct_link(Payment.fetch("journal_id IN (?)", (written[0].id,))) if written else None
            return done("account-changed", to=to, message=message if written else SENT_BEFORE, link=link)
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render(f"customers/{kind}.html", status, form=form, **_facts(kind, customer, form))


def _preview(kind: str, customer: Customer, form: FundsForm) -> Response:
    form.validate()
    return fragment("customers/_effect.html", **_facts(kind, customer, form))


def _facts(kind: str, customer: Customer, form: FundsForm) -> dict[str, Any]:
    """What the screen and its preview show alike."""
    general, change = _general(customer), form.change_minor
    floor = 0 if kind == "withdrawal" else -limit_of(customer)
    return {
        "customer": customer,
        "kind": kind,
        "preview_url": url_for(f"customers.{kind}_preview", customer_id=customer.id),
        "back": _back(customer),
        "general_minor": general,
        "change_minor": change,
        "short_minor": max(0, floor - (general + change)) if change < 0 else 0,
        "sign": _sign(customer),
        "no_account": why_no_account(customer),
    }


def _customer(customer_id: int) -> Customer:
    customer = load(Customer, customer_id)
    refuse_merged(customer)
    return customer


def _methods() -> list[PaymentMethod]:
    return [method for method in methods_in_use() if not method.is_account]


def _general(customer: Customer) -> int:
    return ledger.balance(ledger.general(customer.id))


def _sign(customer: Customer) -> str:
    return sign(customer.id, _general(customer))


def _back(customer: Customer) -> str:
    """The customer's page, for whoever may see it."""
    if can(*SEES_RECORDS):
        return url_for("customers.show", customer_id=customer.id)
    return url_for("home.index")
