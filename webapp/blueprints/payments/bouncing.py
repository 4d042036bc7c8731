"""A check that bounced: what follows from it is stated first, found by doing it and taking it back."""

from typing import Any, NamedTuple

from flask import Response, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.payments.planning import CHANGED
from webapp.domain.bounces import bounce, comes_from_general, why_not_bounce
from webapp.domain.consequences import Would, would
from webapp.domain.errors import DomainError
from webapp.domain.issued import Units, issued
from webapp.domain.merging import owner_of
from webapp.domain.paying import concerned
from webapp.forms import LineField, required
from webapp.hypermedia import done, render
from webapp.models import Customer, Invoice, Payment
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE, StatingForm, sign


class BounceForm(StatingForm):
    """Why the bank sent it back."""

    reason = LineField("Reason", [required("Say why, for example what the bank wrote.")], longest=500)


class About(NamedTuple):
    """The invoice that the check paid, as the words of the screen ask for it; id 0 where it paid none."""

    id: int
    customer_id: int


@requires(Permission.MANAGE_INVOICES)
def new(payment_id: int) -> Response:
    """Take a check back that the bank did not honour."""
    payment = load(Payment, payment_id)
    form = BounceForm()
    if form.validate_on_submit():
        taken: list[Payment] = []

        def act() -> str:
            form.confirm(_sign(payment, _would(payment)))
            bounce(payment.id, by=actor(), on=today(), reason=form.reason.data or "")
            taken[:] = [payment]
            return back_to(payment)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(payment) if taken else SENT_BEFORE)
        except DomainError as error:
            form.refuse(error)
    return render("payments/bounce.html", 422 if form.errors else 200, form=form, **_facts(payment))


def _facts(payment: Payment) -> dict[str, Any]:
    customer = owner_of(payment.customer_id)
    refusal = why_not_bounce(payment)
    said = None if refusal else _would(payment)
    if said and said.refusal:
        refusal = said.refusal.message
    return {
        "payment": payment,
        "customer": Customer.get_by_id(customer),
        "about": About(payment.invoice_id or 0, customer),
        "refusal": refusal,
        "said": said,
        "others": _others(payment, said) if said else None,
        "from_general": comes_from_general(payment),
        "reserved": reserved_again(payment, said) if said else [],
        "sign": _sign(payment, said) if said else "",
        "back": back_to(payment),
    }


def _would(payment: Payment) -> Would:
    customers = {owner_of(payment.customer_id), *(concerned(payment.invoice) if payment.invoice else ())}
    return would(lambda: bounce(payment.id, by=actor(), on=today(), reason="rehearsal"), customers)


def _others(payment: Payment, said: Would) -> Would:
    """The same without the invoice that it paid, which is spoken of in words of its own."""
    return said._replace(invoices=[it for it in said.invoices if it.invoice != payment.invoice_id])


def reserved_again(payment: Payment, said: Would) -> list[Units]:
    """The units that are reserved again, because the invoice is no longer paid."""
    reopened = [it for it in said.invoices if it.invoice == payment.invoice_id and it.before == "paid"]
    return issued(Invoice.get_by_id(payment.invoice_id)).units if reopened else []


def _sign(payment: Payment, said: Would) -> str:
    return sign(payment.id, said[:-1], said.refusal.message if said.refusal else "")


def back_to(payment: Payment) -> str:
    """The invoice that it paid or the customer, for whoever may see that."""
    if payment.invoice_id and can(Permission.ACCESS_BILLING_TAB):
        return url_for("invoices.show", invoice_id=payment.invoice_id)
    if can(*SEES_RECORDS):
        return url_for("customers.show", customer_id=owner_of(payment.customer_id))
    return url_for("home.index")


def _told(payment: Payment) -> str:
    amount = money_text(payment.amount_minor)
    invoice = Invoice.get_by_id(payment.invoice_id) if payment.invoice_id else None
    if invoice and invoice.status == "open":
        return f"The check of {amount} bounced. Invoice {invoice.code} is due again: {money_text(invoice.due_minor)}."
    return f"The check of {amount} bounced and was taken from general funds."
