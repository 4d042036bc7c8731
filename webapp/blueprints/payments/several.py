"""Pay several invoices at once: which ones, one amount for each method, and what of it goes to which invoice."""

from collections.abc import Sequence
from typing import Any

from flask import Response, url_for
from wtforms import SelectMultipleField

from webapp.access import actor, can, requires
from webapp.blueprints.payments.forms import PayForm, field_of, pay_form
from webapp.blueprints.payments.planning import CHANGED, begin, facts, fill, take
from webapp.domain import tendering
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import Changed, DomainError
from webapp.domain.paying import Owed, methods_in_use, owed_by
from webapp.domain.tendering import Open
from webapp.hypermedia import done, fragment, render
from webapp.models import Customer, Invoice
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE

GONE = "Some of these invoices are not open any more. Look at what is left, then press Pay again."


class SeveralForm(PayForm):
    """Which invoices are paid, besides what was received."""

    invoice = SelectMultipleField("Invoices", coerce=int, validate_choice=False)


@requires(Permission.ADD_INVOICE)
def new(customer_id: int) -> Response:
    """Take one payment for several invoices of a customer, and of members of the groups they own."""
    customer = load(Customer, customer_id)
    owed = owed_by(customer.id)
    form = _form(customer, owed)
    open_ = _open(customer, owed, form)
    begin(open_, form)
    filled = fill(open_, form)
    if not filled and form.validate_on_submit():
        paid: list[Invoice] = []

        def act() -> str:
            _refuse_gone(owed, form)
            chosen = _chosen(owed, form)
            take(chosen, form, customer, by=actor(), on=today(), stated=True)
            paid[:] = [Invoice.get_by_id(invoice.id) for invoice in chosen]
            return _back(customer)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(paid))
        except DomainError as error:
            form.refuse(error)
    refuse_merged(customer)
    status = 422 if form.errors or form.form_errors else 200
    focus = filled or (field_of(form.methods[0]) if form.methods else "")
    return render(
        "payments/several.html", status, form=form, focus=focus, **_facts(customer, owed_by(customer.id), form)
    )


@requires(Permission.ADD_INVOICE)
def preview(customer_id: int) -> Response:
    """What would happen, while it is typed and ticked."""
    customer = load(Customer, customer_id)
    owed = owed_by(customer.id)
    form = _form(customer, owed)
    form.validate()
    return fragment("payments/_several.html", form=form, focus="", **_facts(customer, owed, form))


def _form(customer: Customer, owed: Sequence[Owed]) -> SeveralForm:
    """All that the customer owes is ticked, or all that the members of their groups do where they owe nothing."""
    own = [it.invoice for it in owed if it.customer == customer.id] or [it.invoice for it in owed]
    return pay_form(methods_in_use(), [customer], SeveralForm, data={"received_on": today(), "invoice": own})


def _chosen(owed: Sequence[Owed], form: SeveralForm) -> list[Invoice]:
    ids = [it.invoice for it in owed if it.invoice in (form.invoice.data or [])]
    return list(Invoice.select().where(Invoice.id.in_(ids or [0])))


def _refuse_gone(owed: Sequence[Owed], form: SeveralForm) -> None:
    if set(form.invoice.data or []) - {it.invoice for it in owed}:
        raise Changed(GONE)


def _open(customer: Customer, owed: Sequence[Owed], form: SeveralForm) -> Open:
    return tendering.open_invoices(_chosen(owed, form), customer)


def _facts(customer: Customer, owed: Sequence[Owed], form: SeveralForm) -> dict[str, Any]:
    """What the screen and its preview show alike; `pays` is what of the payment goes to which invoice."""
    shown = facts(_open(customer, owed, form), form)
    plan, pays = shown["would"].plan, dict.fromkeys((it.invoice for it in owed), 0)
    for line in plan.allocation.fills if plan else ():
        pays[line.line.invoice] += line.amount_minor
    return {
        "customer": customer,
        "owed": owed,
        "pays": pays,
        "due_minor": sum(it.due_minor for it in owed if it.invoice in (form.invoice.data or [])),
        "back": _back(customer),
        "preview_url": url_for("payments.several_preview", customer_id=customer.id),
        **shown,
    }


def _back(customer: Customer) -> str:
    """The customer's page, for whoever may see it."""
    if can(*SEES_RECORDS):
        return url_for("customers.show", customer_id=customer.id)
    return url_for("home.index")


def _told(paid: Sequence[Invoice]) -> str:
    if not paid:
        return SENT_BEFORE
    left = sum(invoice.due_minor for invoice in paid)
    settled = [invoice for invoice in paid if invoice.status == "paid"]
    if not left:
        return f"Invoice {settled[0].code} is paid." if len(settled) == 1 else f"{len(settled)} invoices are paid."
    return f"Payment taken; {len(settled)} of {len(paid)} invoices are paid, {money_text(left)} is still due."
