"""One invoice: the editor while it is a draft, afterwards what was issued and what became of it."""

from flask import Response, request

from webapp.access import can, requires
from webapp.blueprints.invoices import editor
from webapp.blueprints.invoices.editor import Draft, Notice
from webapp.domain import accounts, issued
from webapp.domain.invoice_list import status_on
from webapp.domain.payments import why_no_account
from webapp.domain.quoting import quote
from webapp.domain.taxes import by_rate
from webapp.hypermedia import render, wants_region
from webapp.models import Invoice
from webapp.permissions import Permission
from webapp.presentation import today
from webapp.records import load


@requires(Permission.ACCESS_BILLING_TAB, Permission.ADD_INVOICE)
def show(invoice_id: int) -> Response:
    """The invoice; a draft is opened to be edited by whoever may."""
    invoice = load(Invoice, invoice_id)
    if invoice.is_draft and can(Permission.ADD_INVOICE):
        return _editor(invoice)
    draft_quote, invoiced = quote(invoice) if invoice.is_draft else None, issued.issued(invoice)
    return render(
        "invoices/show.html",
        region="invoices/_invoice.html",
        invoice=invoice,
        state=status_on(invoice.status, invoice.due_on, today()),
        quote=draft_quote,
        issued=invoiced,
        balance=accounts.balance_of(invoice.customer_id),
        no_account=why_no_account(invoice.customer),
        taxes=by_rate(draft_quote.lines if draft_quote else invoiced.lines),
        alone=wants_region(),
    )


def _editor(invoice: Invoice) -> Response:
    draft = Draft(invoice)
    shown, notice = invoice.shown_digest, None
    if shown and shown != draft.quote.digest:
        notice = Notice("warn", "Prices changed since this draft was last kept.", invoice.shown_minor)
    added = request.args.get("line", "")
    focus = int(added) if added.isascii() and added.isdigit() else None if draft.lines else "add"
    return editor.show(draft, notice=notice, since=shown if notice else None, focus=focus)
