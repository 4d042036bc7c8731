"""What can be done with one line of a draft: another rate, or off with it."""

from collections.abc import Sequence
from typing import Any

from flask import Response

from webapp.access import requires
from webapp.blueprints.invoices.editor import Draft
from webapp.blueprints.invoices.forms import RateForm
from webapp.domain import drafts
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.domain.quoting import covers_for
from webapp.domain.rates import AUTO, MEMBERSHIP, STANDARD, TYPED, Cover
from webapp.forms import Form
from webapp.hypermedia import done, render
from webapp.models import DraftLine, Invoice, Item, Membership
from webapp.permissions import Permission
from webapp.places import invoice_page
from webapp.presentation import quantity_text, rate_text, unit_text


@requires(Permission.ADD_INVOICE)
def actions(invoice_id: int, line_id: int) -> Response:
    """The menu of a line."""
    line = load_line(invoice_id, line_id)
    return render("invoices/line_actions.html", line=line, name=name_of(line))


@requires(Permission.ADD_INVOICE)
def remove(invoice_id: int, line_id: int) -> Response:
    """Take the line off the draft."""
    line = load_line(invoice_id, line_id)
    if Form().validate_on_submit():
        drafts.drop_line(line.id)
        Draft(line.invoice).read_again()
    to = invoice_page(line.invoice)
    return done("draft-changed", to=to, message=f"{name_of(line)} is off the invoice.")


@requires(Permission.MANAGE_INVOICES)
def rate(invoice_id: int, line_id: int) -> Response:
    """Another rate for an item line: that of a certain membership, the standard rate, or a typed one with a reason."""
    line = load_line(invoice_id, line_id)
    if line.item is None:
        raise NotFound
    covers = [
        c for c in covers_for(line.invoice.customer, [line.item_id or 0], line.invoice.service_on) if c.left_milli
    ]
    kept = {"choice": _chosen(line), "rate": line.rate_e4, "reason": line.rate_reason, "seen": drafts.rate_sign(line)}
    form = RateForm(data=kept)
    form.choice.choices = _choices(line.item, covers)
    if form.validate_on_submit():
        try:
            _choose(line, form)
            Draft(Invoice.get_by_id(invoice_id)).read_again()
            to = invoice_page(line.invoice)
            return done("draft-changed", to=to, message=f"{line.item.name} has another rate now.")
        except Changed:
            now = load_line(invoice_id, line_id)
            form.show_anew(drafts.rate_sign(now), _rate_of(now))
        except DomainError as error:
            form.refuse(error)
    return render(
        "invoices/rate.html", 422 if form.errors else 200, form=form, line=line, item=line.item, invoice=line.invoice
    )


def load_line(invoice_id: int, line_id: int) -> DraftLine:
    """A line of a draft, or 404; once the draft is saved, a sentence that it is."""
    line = DraftLine.get_or_none((DraftLine.id == line_id) & (DraftLine.invoice == invoice_id))
    if line is None:
        raise NotFound
    if not line.invoice.is_draft:
        raise Changed(f"This invoice was saved already as {line.invoice.code}.")
    return line


def name_of(line: DraftLine) -> str:
    """What people call the line."""
    thing = line.item or line.package
    return thing.name if thing else "Account deposit"


def _chosen(line: DraftLine) -> str:
    return f"{MEMBERSHIP}:{line.membership_id}" if line.source == MEMBERSHIP else line.source


def _rate_of(line: DraftLine) -> str:
    if line.source == TYPED:
        return f"the rate is typed, {rate_text(line.rate_e4)}, {line.rate_reason}"
    if line.membership:
        return f"the rate is that of {line.membership.package_name}"
    return "it is the standard rate" if line.source == STANDARD else "it is the rate that applies by itself"


def _choices(item: Item, covers: Sequence[Cover]) -> list[tuple[str, str]]:
    standard = [(STANDARD, f"Standard rate · {rate_text(item.standard_rate_e4)}")]
    return [
        (AUTO, "The rate that applies by itself"),
        *((f"{MEMBERSHIP}:{cover.membership}", _words(cover, item)) for cover in covers),
        *(standard if item.standard_rate_e4 is not None else []),
        (TYPED, "A rate typed here"),
    ]


def _words(cover: Cover, item: Item) -> str:
    left = f"{quantity_text(cover.left_milli, item.unit)} {unit_text(item.unit)}".strip()
    at = f" · {rate_text(cover.rate_e4)}" if cover.rate_e4 is not None else ""
    return f"{cover.label}{at} · {left} left"


def _choose(line: DraftLine, form: RateForm) -> None:
    source, _, membership_id = form.choice.data.partition(":")
    facts: dict[str, Any] = {"seen": form.seen.data or ""}
    if source == TYPED:
        facts |= {"rate_e4": form.rate.data, "reason": form.reason.data or ""}
    if membership_id:
        facts |= {"membership": Membership.get_by_id(int(membership_id))}
    drafts.choose_rate(line.id, source, **facts)
