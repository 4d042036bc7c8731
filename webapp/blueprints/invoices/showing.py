"""One invoice: what was issued, and what became of it."""

from flask import Response

from webapp.access import can, requires
from webapp.domain import accounts, issued
from webapp.domain.invoice_list import PART_PAID, status_on
from webapp.domain.quoting import quote
from webapp.domain.taxes import by_rate
from webapp.domain.tendering import why_no_account
from webapp.hypermedia import done, render, wants_region
from webapp.models import Invoice
from webapp.permissions import Permission
from webapp.places import invoice_page
from webapp.presentation import today
from webapp.records import load


@requires(Permission.ACCESS_BILLING_TAB)
def show(invoice_id: int) -> Response:
    """The invoice. A draft is opened to be edited by whoever may, and shown as it stands to others."""
    invoice = load(Invoice, invoice_id)
    if invoice.is_draft and can(Permission.ADD_INVOICE):
        return done(to=invoice_page(invoice), stay=False)
    draft_quote, invoiced = quote(invoice) if invoice.is_draft else None, issued.issued(invoice)
    return render(
        "invoices/show.html",
        region="invoices/_invoice.html",
        invoice=invoice,
        state=_state(invoice, any(it.paid_minor for it in invoiced.lines)),
        quote=draft_quote,
        issued=invoiced,
        balance=accounts.balance_of(invoice.customer_id),
        no_account=why_no_account(invoice.customer),
        taxes=by_rate(draft_quote.lines if draft_quote else invoiced.lines),
        alone=wants_region(),
    )


def _state(invoice: Invoice, is_paid_of: bool) -> str:
    """Its status in the list's words; `is_paid_of` says whether something of it is paid, and still is."""
    if invoice.status == "paid" and invoice.total_minor and not is_paid_of:
        return "credited"
    return status_on(PART_PAID if invoice.status == "open" and is_paid_of else invoice.status, invoice.due_on, today())
