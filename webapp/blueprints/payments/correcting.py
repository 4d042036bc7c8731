"""A payment that was entered wrongly: what putting it right does is stated while it is typed, then done."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from wtforms import RadioField

from webapp.access import actor, requires
from webapp.blueprints.payments.bouncing import About, back_to, reserved_again
from webapp.blueprints.payments.planning import CHANGED
from webapp.domain.consequences import Would, would
from webapp.domain.correcting import correct, whom, why_not_correct
from webapp.domain.errors import DomainError
from webapp.domain.merging import owner_of
from webapp.domain.paying import methods_in_use
from webapp.forms import DayField, LineField, MoneyField, required
from webapp.hypermedia import done, fragment, render
from webapp.models import Customer, Invoice, Payment, PaymentMethod
from webapp.permissions import Permission
from webapp.places import pay_link, void_link
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE, AskingForm, sign


class CorrectForm(AskingForm):
    """How it was received."""

    method = RadioField("Method", [required("Choose a method.")], coerce=int)
    amount = MoneyField("Amount", [required("Type what was received; 0 when it was nothing.")])
    received_on = DayField("Received on", [required("Choose the day.")])
    reason = LineField("Reason", longest=500)
    methods: dict[int, PaymentMethod]

    def __init__(self, payment: Payment) -> None:
        super().__init__(method=payment.method_id, amount=payment.amount_minor, received_on=payment.received_on)
        in_use = [method for method in methods_in_use() if not method.is_account]
        self.methods = {method.id: method for method in [*in_use, payment.method]}
        self.method.choices = {method.id: method.name for method in self.methods.values()}

    @property
    def typed(self) -> tuple[Any, Any, Any]:
        """The method, the amount and the day; None for what was not understood."""
        return self.method.data, self.amount.data, self.received_on.data

    @property
    def right(self) -> PaymentMethod | None:
        return self.methods.get(self.method.data)

    def is_as_entered(self, payment: Payment) -> bool:
        return self.typed == (payment.method_id, payment.amount_minor, payment.received_on)


@requires(Permission.MANAGE_INVOICES)
def new(payment_id: int) -> Response:
    """Put a payment right."""
    payment = load(Payment, payment_id)
    form = CorrectForm(payment)
    if form.validate_on_submit() and request.form.get("do") != "show":
        right: list[Payment | None] = []

        def act() -> str:
            if not form.is_as_entered(payment):
                form.confirm(_sign(form, _would(payment, form)))
            right[:] = [_correct(payment, form)]
            return back_to(payment)

        try:
            to = form.once(act)
            link = _still_due(payment, right[0]) if right else None
            return done(*CHANGED, to=to, message=_told(payment, right), link=link)
        except DomainError as error:
            form.refuse(error)
    return render("payments/correct.html", 422 if form.errors else 200, form=form, **_facts(payment, form))


@requires(Permission.MANAGE_INVOICES)
def preview(payment_id: int) -> Response:
    """What putting it right as it is typed so far would do."""
    payment = load(Payment, payment_id)
    form = CorrectForm(payment)
    form.validate()
    return fragment("payments/_correct.html", form=form, **_facts(payment, form))


def _correct(payment: Payment, form: CorrectForm) -> Payment | None:
    _, amount, received = form.typed
    reason = form.reason.data or ""
    method = form.methods[form.method.data]
    return correct(payment.id, method, amount, by=actor(), on=today(), received_on=received, reason=reason)


def _would(payment: Payment, form: CorrectForm) -> Would:
    return would(lambda: _correct(payment, form), whom(payment))


def _facts(payment: Payment, form: CorrectForm) -> dict[str, Any]:
    """What the screen and its preview state alike."""
    customer = owner_of(payment.customer_id)
    refusal = why_not_correct(payment)
    said = None
    if not refusal and form.right and None not in form.typed and not form.is_as_entered(payment):
        said = _would(payment, form)
    return {
        "payment": payment,
        "customer": Customer.get_by_id(customer),
        "about": About(0, customer),
        "refusal": refusal,
        "right": form.right,
        "said": said,
        "reserved": reserved_again(payment, said) if said else [],
        "sign": _sign(form, said) if said else "",
        "back": back_to(payment),
    }


def _sign(form: CorrectForm, said: Would) -> str:
    return f"{sign(form.typed)}-{sign(said[:-1], said.refusal.message if said.refusal else '')}"


def _still_due(payment: Payment, right: Payment | None) -> tuple[str, str] | None:
    """Pay what is due now, where nothing was received; else it may be that the invoice asks for too much."""
    invoice = Invoice.get_by_id(payment.invoice_id) if payment.invoice_id else None
    if invoice is None or invoice.status != "open":
        return None
    if right is None:
        return pay_link(invoice)
    return None if right.method.is_account else void_link(invoice)


def _told(payment: Payment, right: Sequence[Payment | None]) -> str:
    if not right:
        return SENT_BEFORE
    [now] = right
    said = f"{money_text(now.amount_minor)} by {now.method.name}" if now else "nothing was received"
    invoice = Invoice.get_by_id(payment.invoice_id) if payment.invoice_id else None
    due = f" Invoice {invoice.code} is due: {money_text(invoice.due_minor)}." if invoice and invoice.due_minor else ""
    return f"The payment is put right: {said}.{due}"
