"""Voiding an invoice, with everything that it would do stated before it is done; and copying it in the same act."""

from typing import NamedTuple

from flask import Response, abort, request

from webapp.access import actor, can, requires
from webapp.blueprints.invoices.forms import VoidForm
from webapp.domain import copying, voids
from webapp.domain.consequences import Consequences, consequences
from webapp.domain.errors import Changed, DomainError
from webapp.hypermedia import done, fragment, render
from webapp.models import Invoice, PaymentMethod
from webapp.permissions import Permission
from webapp.places import invoice_page
from webapp.presentation import today
from webapp.records import load
from webapp.stating import sign

COPY = "copy"
CHANGED = ("invoices-changed", "memberships-changed", "account-changed")


class Would(NamedTuple):
    """What would follow from the choice made; `received` are the methods whose money has to go somewhere."""

    said: Consequences
    money: str
    received: list[str]
    sign: str


@requires(Permission.MANAGE_INVOICES)
def void(invoice_id: int) -> Response:
    """Take an invoice back: a reason, where the money goes, and what follows."""
    invoice = load(Invoice, invoice_id)
    form = VoidForm()
    if form.validate_on_submit():
        copies = request.form.get("do") == COPY
        if copies and not _may_copy(invoice):
            abort(403)
        try:
            to = form.once(lambda: _void(Invoice.get_by_id(invoice.id), form, copies))
            message = f"Invoice {invoice.code} is void." + (" This is its copy." if copies else "")
            return done(*CHANGED, to=to, message=message, stay=not copies)
        except DomainError as error:
            form.refuse(error)
    elif request.args.get("undo") and not form.is_submitted():
        form.reason.data = "Undone at once"
    _refuse_what_is_not_issued(invoice)
    return render(
        "invoices/void.html",
        422 if form.errors or form.form_errors else 200,
        form=form,
        invoice=invoice,
        would=_would(invoice, form),
        may_copy=_may_copy(invoice),
    )


@requires(Permission.MANAGE_INVOICES)
def preview(invoice_id: int) -> Response:
    """What would follow from the choice made so far."""
    invoice = load(Invoice, invoice_id)
    return fragment("invoices/_consequences.html", invoice=invoice, would=_would(invoice, VoidForm()))


def _void(invoice: Invoice, form: VoidForm, copies: bool) -> str:
    _refuse_what_is_not_issued(invoice)
    form.confirm(_would(invoice, form).sign)
    act = copying.void_and_copy if copies else voids.void
    return invoice_page(act(invoice.id, reason=form.reason.data or "", by=actor(), on=today(), money=form.money.data))


def _may_copy(invoice: Invoice) -> bool:
    """Whether it can be typed again: not what Carnet made up by itself, and only by who may make invoices."""
    return invoice.kind == "sale" and can(Permission.ADD_INVOICE)


def _would(invoice: Invoice, form: VoidForm) -> Would:
    money = form.money.data if form.money.data in (voids.TO_ACCOUNT, voids.REFUNDED) else voids.TO_ACCOUNT
    said = consequences(invoice, by=actor(), on=today(), money=money)
    account = {method.name for method in PaymentMethod.select() if method.is_account}
    received = [name for name, _ in said.payments if name not in account]
    return Would(said, money, received, sign(invoice.id, invoice.version, money, said))


def _refuse_what_is_not_issued(invoice: Invoice) -> None:
    if invoice.is_draft:
        raise Changed("This is a draft. It has no number yet; discard it instead.")
    if invoice.status == "void":
        raise Changed(f"Invoice {invoice.code} is void already.")
