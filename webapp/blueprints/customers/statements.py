"""A customer's statement: every posting of a period between two balances, and what leads to each."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from flask import Response, request, url_for

from webapp.access import requires
from webapp.domain import accounts, statements
from webapp.domain.statements import Statement
from webapp.forms import EARLIEST, LATEST
from webapp.hypermedia import render
from webapp.models import Customer, Membership
from webapp.permissions import Permission
from webapp.presentation import money_input, so_much_text, today
from webapp.records import load
from webapp.spreadsheet import csv_file

EXPORTED = ("Day", "What", "Used", "Reason", "Funds", "Amount", "Balance", "Entry")


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date


@requires(Permission.ACCESS_BILLING_TAB)
def statement(customer_id: int) -> Response:
    """The statement on the screen and on paper, with the funds as they were at its end."""
    customer, period = load(Customer, customer_id), _asked()
    held = statements.balances(customer.id, period.last)
    names = {m.id: m.package_name for m in Membership.select().where(Membership.id.in_(list(held.packages) or [0]))}
    return render(
        "customers/statement.html",
        region="customers/_statement.html",
        customer=customer,
        period=period,
        statement=statements.statement(customer.id, *period),
        general_minor=held.general_minor,
        packages=[(it, names[it], amount) for it, amount in held.packages.items() if amount],
        total_minor=held.total_minor,
        charges=statements.charges(customer.id, *period),
        account=accounts.overview(customer.id) if period.last >= today() else None,
        views=[(label, _address("statement", customer, it), it == period) for label, it in _usual().items()],
        here=_address("statement", customer, period),
        export_url=_address("statement_export", customer, period),
    )


@requires(Permission.ACCESS_BILLING_TAB)
def export(customer_id: int) -> Response:
    """The same as a file."""
    customer, period = load(Customer, customer_id), _asked()
    found = statements.statement(customer.id, *period)
    name = f"statement-{customer.id}-{period.first}-{period.last}.csv"
    return csv_file(name, EXPORTED, _exported(found, period))


def _exported(found: Statement, period: Period) -> Iterator[tuple[Any, ...]]:
    yield period.first, "Opening balance", "", "", "", "", money_input(found.opening_minor), ""
    for row in found.rows:
        amounts = money_input(row.amount_minor), money_input(row.balance_minor)
        used = ", ".join(so_much_text(it.quantity_milli, it.name, it.unit) for it in row.used)
        yield row.day, row.what, used, row.reason, row.fund, *amounts, f"J{row.journal}"
    yield period.last, "Closing balance", "", "", "", "", money_input(found.closing_minor), ""


def _asked() -> Period:
    """The period that the address asks for; this month where there is none. The earlier day is the first."""
    usual = _usual()["This month"]
    days = _day("from", usual.first), _day("to", usual.last)
    return Period(min(days), max(days))


def _day(name: str, otherwise: date) -> date:
    day = request.args.get(name, type=date.fromisoformat)
    return day if day and EARLIEST <= day <= LATEST else otherwise


def _usual() -> dict[str, Period]:
    """The periods that people ask for."""
    month = today().replace(day=1)
    before = month - timedelta(days=1)
    ends = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return {
        "This month": Period(month, ends),
        "Last month": Period(before.replace(day=1), before),
        "This year": Period(date(month.year, 1, 1), date(month.year, 12, 31)),
    }


def _address(view: str, customer: Customer, period: Period) -> str:
    days: dict[str, Any] = {"from": period.first, "to": period.last}
    return url_for(f"customers.{view}", customer_id=customer.id, **days)
