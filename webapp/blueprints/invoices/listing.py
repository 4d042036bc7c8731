"""The Invoices tab."""

from typing import Any

from flask import Response, request, url_for

from webapp.access import requires
from webapp.domain import invoice_list
from webapp.domain.invoice_list import KINDS, SORTS, STATUSES, Asked
from webapp.hypermedia import render
from webapp.lists import asked_day, asked_id, typed
from webapp.models import Customer, Invoice
from webapp.money import plain
from webapp.permissions import Permission
from webapp.presentation import company, today
from webapp.records import load
from webapp.spreadsheet import csv_file

EXPORTED = (
    *("Number", "Customer", "Status", "Service date", "Due date", "Saved on"),
    *("Net", "Tax", "Total", "Due"),
)


@requires(Permission.ACCESS_BILLING_TAB)
def index() -> Response:
    """The list, or the page of it that is asked for."""
    asked = _asked()
    page = invoice_list.invoice_page(asked, request.args.get("cursor", ""))
    return render(
        "invoices/index.html",
        region="invoices/_table.html",
        asked=asked,
        whose=Customer.get_or_none(Customer.id == asked.customer) if asked.customer else None,
        page=page,
        used=invoice_list.used_by(page.rows),
        total=invoice_list.invoice_total(asked),
        due_minor=invoice_list.invoice_due(asked),
        url=lambda **changes: _url("invoices.index", asked, **changes),
        export_url=_url("invoices.export", asked),
        here=_url("invoices.index", asked, cursor=request.args.get("cursor", "")),
    )


@requires(Permission.ACCESS_BILLING_TAB)
def export() -> Response:
    """The list as it is filtered, all pages of it."""
    return csv_file("invoices.csv", EXPORTED, (_exported(row) for row in invoice_list.exported_invoices(_asked())))


@requires(Permission.ACCESS_BILLING_TAB)
def actions(invoice_id: int) -> Response:
    """The menu of a row."""
    return render("invoices/actions.html", invoice=load(Invoice, invoice_id))


def _asked() -> Asked:
    """Read the address of the list; what it does not know is as if it were not there."""
    status, sort = request.args.get("status", ""), request.args.get("sort", "")
    status, sort = status if status in STATUSES else "", sort if sort in SORTS else ""
    kind = request.args.get("kind", "")
    kind, days = kind if kind in KINDS else "", (asked_day("from"), asked_day("to"))
    return Asked(today(), typed(), status, sort, asked_id("customer"), kind, *days)


def _url(endpoint: str, asked: Asked, **changes: Any) -> str:
    """The address of the same list with something else about it."""
    kept: dict[str, Any] = {"q": asked.typed, "status": asked.status, "kind": asked.kind, "sort": asked.sort}
    kept |= {"customer": asked.customer, "from": asked.first, "to": asked.last, **changes}
    return url_for(endpoint, **{name: value for name, value in kept.items() if value})


def _exported(row: tuple[Any, ...]) -> tuple[Any, ...]:
    decimals = company().decimals
    code, name, status, *days_and_amounts = row
    days, amounts = days_and_amounts[:3], days_and_amounts[3:]
    said = [day.isoformat() if day else "" for day in days]
    return (code, name, status.capitalize(), *said, *(plain(amount, decimals, least=decimals) for amount in amounts))
