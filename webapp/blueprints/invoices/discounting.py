"""A discount on a line of a draft: a percentage or an amount."""

from flask import Response, request

from webapp.access import requires
from webapp.blueprints.invoices.correction_forms import DiscountForm
from webapp.blueprints.invoices.editor import Draft
from webapp.blueprints.invoices.lines import load_line, name_of
from webapp.domain import drafts
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.hypermedia import done, render
from webapp.models import DraftLine, Invoice
from webapp.permissions import Permission
from webapp.places import invoice_page
from webapp.presentation import money_text, percent_text

REMOVE = "remove"


@requires(Permission.MANAGE_INVOICES)
def discount(invoice_id: int, line_id: int) -> Response:
    """Give so much off a line, something else than before, or nothing any more."""
    line = load_line(invoice_id, line_id)
    if line.kind == "deposit":
        raise NotFound
    kept = {"percent": line.discount_percent_e4, "amount": line.discount_minor, "seen": drafts.discount_sign(line)}
    form = DiscountForm(data=kept)
    removes = request.form.get("do") == REMOVE
    if form.validate_on_submit() or (removes and not form.csrf_token.errors):
        try:
            _give(line, form, removes)
            Draft(Invoice.get_by_id(invoice_id)).read_again()
            said = f"{name_of(line)} has {'no discount any more' if removes else 'another price now'}."
            return done("draft-changed", to=invoice_page(line.invoice), message=said)
        except Changed:
            now = load_line(invoice_id, line_id)
            form.show_anew(drafts.discount_sign(now), _discount_of(now))
        except DomainError as error:
            form.refuse(_beside(error, form))
    status = 422 if form.errors else 200
    return render("invoices/discount.html", status, form=form, line=line, name=name_of(line), invoice=line.invoice)


def _give(line: DraftLine, form: DiscountForm, removes: bool) -> None:
    seen = form.seen.data or ""
    if removes:
        drafts.discount(line.id, seen=seen)
    else:
        drafts.discount(line.id, amount_minor=form.amount.data, percent_e4=form.percent.data, seen=seen)


def _discount_of(line: DraftLine) -> str:
    if line.discount_percent_e4:
        return f"the discount is {percent_text(line.discount_percent_e4)} %"
    return f"the discount is {money_text(line.discount_minor)}" if line.discount_minor else "there is no discount"


def _beside(error: DomainError, form: DiscountForm) -> DomainError:
    """The sentence beside the box that was filled in."""
    if error.field != "discount":
        return error
    return DomainError(error.message, "percent" if form.percent.data is not None else "amount")
