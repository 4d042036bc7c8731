"""The Payments tab."""

from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.access import requires
from webapp.domain import accounts, payment_list
from webapp.domain.payment_list import Asked, PaymentRow
from webapp.hypermedia import fragment, render, wants_region
from webapp.lists import asked_day, asked_id, typed
from webapp.models import Customer, PaymentMethod
from webapp.money import plain
from webapp.permissions import Permission
from webapp.presentation import company
from webapp.records import load
from webapp.spreadsheet import csv_file

EXPORTED = ("Received on", "Customer", "Method", "Amount", "Invoice", "State")
FATES = {
    payment_list.KEPT: "",
    payment_list.VOIDED: "Voided, kept on account",
    payment_list.REFUNDED: "Voided, refunded",
    payment_list.BOUNCED: "Bounced",
    payment_list.CORRECTED: "Corrected",
}


@requires(Permission.ACCESS_BILLING_TAB)
def index() -> Response:
    """The list, or the page of it that is asked for, day by day."""
    asked = _asked()
    page = payment_list.payment_page(asked, request.args.get("cursor", ""))
    days = [row.received_on for row in page.rows if row.received_on]
    return render(
        "payments/index.html",
        region="payments/_table.html",
        asked=asked,
        methods=PaymentMethod.fetch("1 = 1 ORDER BY position, id"),
        page=page,
        days=payment_list.taken_by_day(asked, min(days), max(days)) if days else {},
        paid_out=payment_list.paid_out_by_day(asked, min(days), max(days)) if days else {},
        total=payment_list.payment_total(asked),
        url=lambda **changes: _url("payments.index", asked, **changes),
        export_url=_url("payments.export", asked),
        here=_url("payments.index", asked, cursor=request.args.get("cursor", "")),
    )


@requires(Permission.ACCESS_BILLING_TAB)
def export() -> Response:
    """The list as it is filtered, all pages of it."""
    return csv_file("payments.csv", EXPORTED, map(_exported, payment_list.exported_payments(_asked())))


def _asked() -> Asked:
    """Read the address of the list; what it does not know is as if it were not there."""
    return Asked(typed(), asked_id("method"), asked_day("from"), asked_day("to"))


def _url(endpoint: str, asked: Asked, **changes: Any) -> str:
    """The address of the same list with something else about it."""
    kept = {"q": asked.typed, "method": asked.method, "from": asked.first, "to": asked.last, **changes}
    return url_for(endpoint, **{name: value for name, value in kept.items() if value})


def _exported(row: PaymentRow) -> tuple[Any, ...]:
    decimals = company().decimals
    day = row.received_on.isoformat() if row.received_on else ""
    amount = plain(row.amount_minor, decimals, least=decimals)
    return (day, row.name, row.method, amount, row.code or "kept on account", FATES[row.fate])


@requires(Permission.ACCESS_BILLING_TAB)
def account(customer_id: int) -> AnyResponse:
    """The part of a customer's page that shows the account, when something about it changed."""
    customer = load(Customer, customer_id)
    if not wants_region():
        return redirect(url_for("customers.show", customer_id=customer_id))
    return fragment("customers/_account.html", customer=customer, account=accounts.overview(customer_id))
