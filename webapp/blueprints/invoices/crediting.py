"""Crediting a part of an invoice line, with everything that follows stated before it is done."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.invoices.correction_forms import CreditForm, credit_form
from webapp.domain import crediting
from webapp.domain.consequences import Would, of_credit
from webapp.domain.crediting import Creditable, Credited
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.hypermedia import done, fragment, render
from webapp.models import CreditNote, Invoice
from webapp.permissions import Permission
from webapp.places import invoice_page
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE, sign

CHANGED = ("invoices-changed", "memberships-changed", "account-changed")


@requires(Permission.MANAGE_INVOICES)
def new(invoice_id: int) -> Response:
    """Credit so much of a line; without a line in the address, choose one."""
    invoice = _issued(invoice_id)
    lines = crediting.creditable(invoice)
    line = _asked(lines)
    if line is None:
        return render("invoices/credit_lines.html", invoice=invoice, lines=lines, back=invoice_page(invoice))
    form = credit_form(line)
    if form.validate_on_submit() and request.form.get("do") != "show":
        notes: list[CreditNote] = []
        try:
            to = form.once(lambda: _credit(invoice, line, form, notes))
            return done(*CHANGED, to=to, message=_told(notes))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("invoices/credit.html", status, form=form, **_facts(Invoice.get_by_id(invoice.id), line, form))


@requires(Permission.MANAGE_INVOICES)
def preview(invoice_id: int) -> Response:
    """What crediting as much as is typed so far would do."""
    invoice = _issued(invoice_id)
    line = _asked(crediting.creditable(invoice))
    if line is None:
        raise NotFound
    form = credit_form(line)
    form.validate()
    return fragment("invoices/_credit.html", form=form, **_facts(invoice, line, form))


def _issued(invoice_id: int) -> Invoice:
    invoice = load(Invoice, invoice_id)
    if invoice.is_draft:
        raise Changed("This is a draft: change its lines instead of crediting them.")
    if invoice.status == "void":
        raise Changed(f"Invoice {invoice.code} is void. Nothing of it is charged any more.")
    return invoice


def _asked(lines: Sequence[Creditable]) -> Creditable | None:
    """The line that the address names; without one, the only one there is."""
    if "line" not in request.args:
        possible = [line for line in lines if line.why_not is None]
        return possible[0] if len(possible) == 1 else None
    for line in lines:
        if request.args["line"] == str(line.position):
            return line
    raise NotFound


def _credit(invoice: Invoice, line: Creditable, form: CreditForm, notes: list[CreditNote]) -> str:
    now = Invoice.get_by_id(invoice.id)
    quantity, on = form.quantity.data, today()
    form.confirm(_sign(now, quantity, *of_credit(now, line.position, quantity, by=actor(), on=on)))
    reason = form.reason.text
    notes[:] = [
        crediting.credit(now.id, line.position, quantity, version=now.version, by=actor(), on=on, reason=reason)
    ]
    return invoice_page(invoice)


def _sign(invoice: Invoice, quantity_milli: int, parts: Sequence[Credited], said: Would) -> str:
    """The quantity, and a short sign of all that is stated about crediting it."""
    amounts = [(part.line.id, *part[1:]) for part in parts]
    stated = (invoice.version, amounts, said[:-1], said.refusal.message if said.refusal else "")
    return f"{quantity_milli}-{sign(*stated)}"


def _facts(invoice: Invoice, line: Creditable, form: CreditForm) -> dict[str, Any]:
    """What the screen and its preview state alike."""
    quantity, signed = form.quantity.data, ""
    parts: list[Credited] = []
    said: Would | None = None
    if quantity is not None and line.why_not is None:
        parts, said = of_credit(invoice, line.position, quantity, by=actor(), on=today())
        signed = _sign(invoice, quantity, parts, said)
    several = sum(each.why_not is None for each in crediting.creditable(invoice)) > 1
    return {
        "invoice": invoice,
        "line": line,
        "parts": parts,
        "said": said,
        "sign": signed,
        "several": several,
        "back": invoice_page(invoice),
    }


def _told(notes: Sequence[CreditNote]) -> str:
    if not notes:
        return SENT_BEFORE
    [note] = notes
    return f"{money_text(note.amount_minor)} credited. Credit note {note.code}."
