"""Pay: one amount for each method, and what it does to the account, stated before it is done."""

import hashlib
from typing import Any, NamedTuple

from flask import Response, request, url_for

from webapp.access import actor, requires
from webapp.blueprints.payments.forms import PayForm, field_of, pay_form
from webapp.domain import accounts, payments
from webapp.domain.allocation import allocate
from webapp.domain.errors import Changed, DomainError
from webapp.domain.paying import Unpaid, methods_in_use, said_of, unpaid_packages
from webapp.domain.payments import Open, Plan, Tender
from webapp.hypermedia import done, fragment, in_dialog, render
from webapp.models import Invoice
from webapp.permissions import Permission
from webapp.presentation import money_text, today
from webapp.records import load

CHECK = "Look at what this does to the account, then press Pay again."


class Preview(NamedTuple):
    """What the amounts typed so far would do, or the sentence why they cannot be taken so, by field."""

    plan: Plan | None
    words: dict[str, str]
    refused: dict[str, str]
    sign: str
    entered_minor: int
    remaining_minor: int
    balance_minor: int
    first: list[Unpaid]


@requires(Permission.ADD_INVOICE)
def new(invoice_id: int) -> Response:
    """Take a payment for an invoice."""
    invoice = load(Invoice, invoice_id)
    form = pay_form(methods_in_use(), data={"received_on": today()})
    filled = _fill(invoice, form)
    if not filled and form.validate_on_submit():
        try:
            to = form.once(lambda: _pay(invoice, form))
            return done("invoices-changed", "memberships-changed", "account-changed", to=to, message=_message(invoice))
        except DomainError as error:
            form.refuse(error)
    return _screen(invoice, form, 422 if form.errors or form.form_errors else 200, filled)


@requires(Permission.ADD_INVOICE)
def preview(invoice_id: int) -> Response:
    """What would happen, while it is typed."""
    invoice = load(Invoice, invoice_id)
    form = pay_form(methods_in_use())
    form.validate()
    open_ = payments.open_invoice(invoice)
    return fragment("payments/_preview.html", invoice=invoice, form=form, focus="", **_facts(invoice, open_, form))


def _pay(invoice: Invoice, form: PayForm) -> str:
    """Take the payment, but not from the account before its effect was seen as it is now."""
    tenders = form.tenders()
    fresh = Invoice.get_by_id(invoice.id)
    if fresh.status == "open" and any(tender.method.is_account for tender in tenders):
        plan = payments.plan(payments.open_invoice(fresh), tenders, keep_rest=form.keep_rest.data)
        if form.shown.data != _sign(plan):
            raise DomainError(CHECK)
    payments.pay(
        invoice.id,
        tenders,
        by=actor(),
        on=today(),
        received_on=form.received_on.data,
        keep_rest=form.keep_rest.data,
    )
    return url_for("invoices.show", invoice_id=invoice.id)


def _fill(invoice: Invoice, form: PayForm) -> str:
    """The button beside a method was pressed: put what is not covered yet there, and say into which field."""
    wanted = request.form.get("fill", "") if form.is_submitted() else ""
    method = next((method for method in form.methods if str(method.id) == wanted), None)
    if method is None:
        return ""
    open_ = payments.open_invoice(invoice)
    others = [tender for tender in form.tenders() if tender.method.id != method.id]
    rest = max(0, invoice.due_minor - sum(tender.amount_minor for tender in others))
    form.fill(method, min(rest, _most(open_, others)) if method.is_account else rest)
    return field_of(method)


def _most(open_: Open, others: list[Tender]) -> int:
    """The most that Account can pay beside other methods."""
    if open_.account_refusal:
        return 0
    taken = allocate(open_.lines, [t.amount_minor for t in others], 10**15, open_.funds, open_.active)
    return 10**15 - taken.account_short_minor


def _screen(invoice: Invoice, form: PayForm, status: int, focus: str) -> Response:
    if invoice.status != "open":
        raise Changed("A draft asks for no money yet." if invoice.is_draft else f"Invoice {invoice.code} is not open.")
    open_ = payments.open_invoice(invoice)
    focus = focus or field_of(form.methods[0])
    return render("payments/new.html", status, invoice=invoice, form=form, focus=focus, **_facts(invoice, open_, form))


def _facts(invoice: Invoice, open_: Open, form: PayForm) -> dict[str, Any]:
    """What the screen and its preview show alike."""
    account = next((method for method in form.methods if method.is_account), None)
    tenders = form.tenders()
    others = [tender for tender in tenders if not tender.method.is_account]
    return {
        "open_": open_,
        "account": account,
        "field_of": field_of,
        "prefix": "d-" if in_dialog() or request.form.get("dialog") else "",
        "most_minor": _most(open_, others),
        "would": _preview(invoice, open_, form, tenders),
    }


def _preview(invoice: Invoice, open_: Open, form: PayForm, tenders: list[Tender]) -> Preview:
    due = sum(line.due_minor for line in open_.lines)
    entered = sum(tender.amount_minor for tender in tenders)
    plan, refused, words = None, {}, {}
    if tenders:
        try:
            plan = payments.plan(open_, tenders, keep_rest=bool(form.keep_rest.data))
            words = _words(invoice, plan, tenders)
        except DomainError as error:
            refused[error.field or ""] = error.message
    return Preview(
        plan,
        words,
        refused,
        _sign(plan) if plan else "",
        entered,
        plan.remaining_minor if plan else max(0, due - entered),
        accounts.balance_of(invoice.customer_id).balance_minor,
        unpaid_packages(invoice),
    )


def _words(invoice: Invoice, plan: Plan, tenders: list[Tender]) -> dict[str, str]:
    """Which lines each method fills, in a few words by field."""
    said: dict[str, str] = {}
    for method, filled in said_of(invoice, plan, tenders).items():
        shown = [f"{money_text(amount)} {what}" for what, amount in filled[:3]]
        more = [f"{len(filled) - 3} more"] if len(filled) > 3 else []
        said[f"method-{method}"] = ", ".join([*shown, *more])
    return said


def _sign(plan: Plan) -> str:
    """A short sign of the effects that were shown: others are to be shown again."""
    return hashlib.sha256(repr((plan.effects, plan.remaining_minor, plan.kept_minor)).encode()).hexdigest()[:24]


def _message(invoice: Invoice) -> str:
    now = Invoice.get_by_id(invoice.id)
    if now.status == "paid":
        return f"Invoice {now.code} is paid."
    return f"Payment taken; {money_text(now.due_minor)} of invoice {now.code} is still due."
