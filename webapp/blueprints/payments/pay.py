"""Pay: one amount for each method, and what it does to the account, stated before it is done."""

from typing import Any

from flask import Response, request, url_for

from webapp.access import actor, requires
from webapp.blueprints.payments.forms import PayForm, field_of, pay_form
from webapp.blueprints.payments.planning import CHANGED, begin, facts, fill, take
from webapp.domain import tendering
from webapp.domain.errors import Changed, DomainError
from webapp.domain.paying import likely_payer, methods_in_use, payers_for
from webapp.domain.tendering import Open
from webapp.hypermedia import done, fragment, render
from webapp.lists import asked_id
from webapp.models import Invoice, Payment, PaymentMethod
from webapp.permissions import Permission
from webapp.places import correct_link, invoice_page
from webapp.presentation import money_text, today
from webapp.records import load


@requires(Permission.ADD_INVOICE)
def new(invoice_id: int) -> Response:
    """Take a payment for an invoice."""
    invoice = load(Invoice, invoice_id)
    opened = {} if request.method == "POST" else {"paid_by": asked_id("payer") or likely_payer(invoice.customer).id}
    form = _form(invoice, data={"received_on": today(), **opened})
    open_ = _open(invoice, form)
    begin(open_, form)
    filled = fill(open_, form)
    if not filled and form.validate_on_submit():
        taken: list[Payment] = []

        def act() -> str:
            taken[:] = take([invoice], form, form.payer, by=actor(), on=today())
            return invoice_page(invoice)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_message(invoice), link=correct_link(taken))
        except DomainError as error:
            form.refuse(error)
    return _screen(invoice, form, 422 if form.errors or form.form_errors else 200, filled)


@requires(Permission.ADD_INVOICE)
def preview(invoice_id: int) -> Response:
    """What would happen, while it is typed."""
    invoice = load(Invoice, invoice_id)
    form = _form(invoice)
    form.validate()
    shown = {"preview_url": _preview_url(invoice), **facts(_open(invoice, form), form)}
    return fragment("payments/_preview.html", invoice=invoice, form=form, focus="", **shown)


def _form(invoice: Invoice, **kwargs: Any) -> PayForm:
    form: PayForm = pay_form(methods_in_use(), payers_for(invoice.customer), **kwargs)
    return form


def _open(invoice: Invoice, form: PayForm) -> Open:
    return tendering.open_invoice(invoice, form.payer)


def _screen(invoice: Invoice, form: PayForm, status: int, focus: str) -> Response:
    if invoice.status != "open":
        raise Changed("A draft asks for no money yet." if invoice.is_draft else f"Invoice {invoice.code} is not open.")
    open_ = _open(invoice, form)
    shown = {"preview_url": _preview_url(invoice), **facts(open_, form)}
    focus = focus or (field_of(_likely(form, open_, invoice)) if form.methods else "")
    return render("payments/new.html", status, invoice=invoice, form=form, focus=focus, **shown)


def _likely(form: PayForm, open_: Open, invoice: Invoice) -> PaymentMethod:
    """Account where it can pay all that is due, since that money is there already; else the first."""
    account = [method for method in form.methods if method.is_account]
    return account[0] if account and open_.account_most_minor >= invoice.due_minor else form.methods[0]


def _preview_url(invoice: Invoice) -> str:
    return url_for("payments.preview", invoice_id=invoice.id)


def _message(invoice: Invoice) -> str:
    now = Invoice.get_by_id(invoice.id)
    if now.status == "paid":
        return f"Invoice {now.code} is paid."
    return f"Payment taken; {money_text(now.due_minor)} of invoice {now.code} is still due."
