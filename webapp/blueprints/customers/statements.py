"""A customer's statement: every posting of a period between two balances, and what leads to each."""

from collections.abc import Iterator
from typing import Any

from flask import Response

from webapp import periods
from webapp.access import requires
from webapp.domain import accounts, paid_for, statements
from webapp.domain.paid_for import PaidFor
from webapp.domain.statements import Statement
from webapp.hypermedia import render
from webapp.models import Customer, Membership
from webapp.periods import Period
from webapp.permissions import Permission
from webapp.presentation import money_input, so_much_text, today
from webapp.records import load
from webapp.spreadsheet import csv_file

EXPORTED = ("Day", "What", "Used", "Reason", "Funds", "Amount", "Balance", "Entry", "Paid for others")


@requires(Permission.ACCESS_BILLING_TAB)
def statement(customer_id: int) -> Response:
    """The statement on the screen and on paper, with the funds as they were at its end."""
    customer, period = load(Customer, customer_id), periods.asked()
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
        paid_for=paid_for.paid_for_others(customer.id, *period),
        charges=statements.charges(customer.id, *period),
        account=accounts.overview(customer.id) if period.last >= today() else None,
        views=[
            (label, it.url("customers.statement", customer_id=customer.id), it == period)
            for label, it in periods.usual().items()
        ],
        here=period.url("customers.statement", customer_id=customer.id),
        export_url=period.url("customers.statement_export", customer_id=customer.id),
    )


@requires(Permission.ACCESS_BILLING_TAB)
def export(customer_id: int) -> Response:
    """The same as a file."""
    customer, period = load(Customer, customer_id), periods.asked()
    found = statements.statement(customer.id, *period)
    name = f"statement-{customer.id}-{period.first}-{period.last}.csv"
    others = paid_for.paid_for_others(customer.id, *period)
    return csv_file(name, EXPORTED, (*_exported(found, period), *map(_for_another, others)))


def _exported(found: Statement, period: Period) -> Iterator[tuple[Any, ...]]:
    yield period.first, "Opening balance", "", "", "", "", money_input(found.opening_minor), "", ""
    for row in found.rows:
        amounts = money_input(row.amount_minor), money_input(row.balance_minor)
        used = ", ".join(so_much_text(it.quantity_milli, it.name, it.unit) for it in row.used)
        yield row.day, row.what, used, row.reason, row.fund, *amounts, f"J{row.journal}", ""
    yield period.last, "Closing balance", "", "", "", "", money_input(found.closing_minor), "", ""


def _for_another(it: PaidFor) -> tuple[Any, ...]:
    """Beside the account: it has a column of its own, so that the amounts of the account still add up."""
    said = f"Paid by {it.method} for {it.name}, invoice {it.code}"
    if it.what:
        said = f"{it.what.capitalize()}: {it.method + ' ' if it.method else ''}for {it.name}, invoice {it.code}"
    return it.day, said, "", "", "", "", "", f"J{it.journal}", money_input(it.amount_minor)
