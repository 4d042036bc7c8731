"""Writing an invoice: a customer, then a draft that is kept by itself from the first line on, then Save."""

from datetime import date, timedelta
from typing import Any

from flask import Response, flash, request, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.invoices import editor
from webapp.blueprints.invoices.editor import Draft, Notice
from webapp.blueprints.invoices.forms import AddForm, CustomerChoice, DraftForm, FirstLineForm, field_of
from webapp.blueprints.invoices.lines import name_of
from webapp.blueprints.invoices.marking import marked
from webapp.domain import drafts, invoicing
from webapp.domain import offers as offering
from webapp.domain.errors import Changed, DomainError, Repeated
from webapp.domain.invoicing import PriceChanged
from webapp.domain.offers import Offer
from webapp.domain.quoting import Quote
from webapp.editing import EditForm
from webapp.forms import EARLIEST, LATEST, day_of
from webapp.hypermedia import done, fragment, is_htmx, render, wants_region
from webapp.lists import asked_id, typed
from webapp.models import Customer, Invoice, Item, Package
from webapp.permissions import Permission
from webapp.places import invoice_page, invoices_page
from webapp.presentation import company, today
from webapp.records import load

SAVE, SAVE_AND_PAY = "save", "pay"
NOT_AS_SHOWN = "The price is not what was shown, so nothing was saved yet. Look at what is marked, then save again."
WITH_WHAT_WAS_TYPED = "With what you typed the price is this. Look at what is marked, then save: nothing was saved yet."

ADDED_BEFORE = "What was chosen before is on the invoice; its answer was lost. Now choose what else is to be added."


class Unseen(Changed):
    """The dates or the note are kept otherwise than they were shown."""


@requires(Permission.ADD_INVOICE)
def new() -> Response:
    """Choose the customer; with `customer` in the address, the empty editor, with `package` or `item` to begin with."""
    form = CustomerChoice()
    if form.validate_on_submit():
        wanted: dict[str, Any] = {name: request.args.get(name) for name in ("package", "item")}
        return done(to=url_for("invoices.new", customer=form.customer.data.id, **wanted), stay=False)
    if "customer" in request.args and request.method == "GET":
        return _empty_editor(load(Customer, asked_id("customer")))
    return render("invoices/new.html", 422 if form.errors else 200, form=form)


def _empty_editor(customer: Customer, form: FirstLineForm | None = None) -> Response:
    service_on = form.service_on.data if form else None
    form = form or _first_line(customer, data={"service_on": today(), "due_on": _usually_due(today())})
    if not form.is_submitted():
        _offer_first(form)
    nothing = Quote([], [])
    return render(
        "invoices/edit.html",
        422 if form.errors else 200,
        region="invoices/_lines.html",
        here=url_for("invoices.new", customer=customer.id),
        add_url=url_for("invoices.begin", customer=customer.id),
        invoice=Invoice(customer=customer, service_on=service_on or today(), due_on=form.due_on.data),
        form=form,
        quote=nothing,
        lines=[],
        notice=None,
        add=form,
        offers_url=url_for("invoices.first_offers", customer=customer.id),
        add_again=True,
        focus="add",
        alone=wants_region(),
        due_moved=False,
        facts_moved=False,
        later=[],
        **editor.about(customer, nothing),
    )


def _first_line(customer: Customer, **kwargs: object) -> FirstLineForm:
    on = today()
    return FirstLineForm(lambda text: offering.offers(customer, [], on, text), **kwargs)


def _usually_due(service_on: date) -> date:
    return service_on + timedelta(days=company().due_days)


def _offer_first(form: FirstLineForm) -> None:
    """Put what the address names into the search field; it is added when the person says so."""
    for kind, model in (("item", Item), ("package", Package)):
        found = model.get_or_none(model.id == asked_id(kind))
        if found:
            form.offer.data, form.offer.text = f"{kind}:{found.id}", found.name


@requires(Permission.ADD_INVOICE)
def begin() -> Response:
    """The first line: from now on the draft is kept."""
    customer = load(Customer, asked_id("customer"))
    form = _first_line(customer)
    if form.validate_on_submit():
        try:
            return done(to=form.once(lambda: _begin(customer, form)), stay=False)
        except DomainError as error:
            form.refuse(error if error.field in form else DomainError(error.message, "offer"))
    return _empty_editor(customer, form)


def _begin(customer: Customer, form: FirstLineForm) -> str:
    service_on, due_on = day_of(form.service_on), day_of(form.due_on)
    invoice = drafts.begin(customer, by=actor(), on=today(), service_on=service_on)
    drafts.change_dates(invoice.id, service_on=service_on, due_on=due_on)
    added = offering.add(invoice.id, form.offer.data, customer, service_on)
    Draft(Invoice.get_by_id(invoice.id)).read_again()
    return url_for("invoices.edit", invoice_id=invoice.id, line=added.id)


@requires(Permission.ADD_INVOICE)
def edit(invoice_id: int) -> Response:
    """Keep what was typed and show the prices; on Save, issue what was shown."""
    invoice = load(Invoice, invoice_id)
    if not invoice.is_draft:
        return _issued_already(invoice)
    draft = Draft(invoice)
    if request.method != "POST":  # a HEAD is as harmless as a GET
        return _opened(draft)
    draft.form.validate()
    try:
        _keep(draft)
    except Changed as error:
        return _gone(invoice, error)
    act = request.form.get("do", "")
    if any(request.form.get(name, "").strip() for name in ("offer", "offer_text")):  # typed below, without JavaScript
        return _add(draft, act)
    if act in (SAVE, SAVE_AND_PAY) and not draft.form.errors:
        return _save(draft, act)
    focus = "add" if act == "update" and not draft.form.errors else None
    return editor.show(draft, status=422 if draft.form.errors else 200, focus=focus)


def _opened(draft: Draft) -> Response:
    """The draft as it is kept, with what changed since somebody last looked at it."""
    shown, notice = draft.invoice.shown_digest, None
    if shown and shown != draft.quote.digest:
        notice = Notice("warn", "Prices changed since this draft was last kept.", draft.invoice.shown_minor)
    added = request.args.get("line", "")
    focus = int(added) if added.isascii() and added.isdigit() else None if draft.lines else "add"
    return editor.show(draft, notice=notice, since=shown if notice else None, focus=focus)


def _keep(draft: Draft) -> None:
    """Write what this person typed into valid fields, and leave all else as it is kept."""
    form = draft.form
    for line in draft.lines:
        field = form[field_of(line)]
        if form.typed_into(field.name) and not field.errors:
            try:
                if line.kind == "item":
                    drafts.change_quantity(line.id, field.data, by=actor())
                else:
                    drafts.change_amount(line.id, field.data)
            except Changed:
                raise
            except DomainError as error:
                form.refuse(DomainError(error.message, field.name))
    _keep_facts(draft.invoice, form)
    draft.read_again()


def _keep_facts(invoice: Invoice, form: DraftForm) -> None:
    """The dates and the note. A due date that nobody touched goes along with a service date that is still to come:
    what was served before is not overdue when it is saved."""
    touched = {name for name in ("service_on", "due_on", "note") if form.typed_into(name) and not form[name].errors}
    if "note" in touched:
        drafts.change_note(invoice.id, form.note.data or "")
    if not touched & {"service_on", "due_on"}:
        return
    service_on = day_of(form.service_on) if "service_on" in touched else invoice.service_on
    later = max(service_on, today()) - max(invoice.service_on, today())
    due_on = day_of(form.due_on) if "due_on" in touched else invoice.due_on + later
    try:
        drafts.change_dates(invoice.id, service_on=service_on, due_on=due_on)
    except Changed:
        raise
    except DomainError as error:
        form.refuse(error)


def _save(draft: Draft, act: str) -> Response:
    invoice, shown = draft.invoice, draft.form.shown.data or ""
    try:
        to = draft.form.once(lambda: _issue(draft, shown, act))
    except PriceChanged:
        is_typed = any(draft.form.typed_into(field_of(line)) for line in draft.lines)
        return _shown_again(draft, WITH_WHAT_WAS_TYPED if is_typed else NOT_AS_SHOWN, shown)
    except Unseen as error:
        return _shown_again(draft, error.message, shown, facts_moved=True)
    except Changed as error:
        return _gone(invoice, error)
    except DomainError as error:
        draft.read_again()
        return editor.show(draft, status=422, notice=Notice("bad", f"Nothing was saved. {error.message}"))
    saved = Invoice.get_by_id(invoice.id)
    flash(f"Invoice {saved.code} was saved.", "ok")
    return done(to=to, stay=False)


def _issue(draft: Draft, shown: str, act: str) -> str:
    unseen = draft.form.unseen(Invoice.get_by_id(draft.invoice.id))
    if unseen:
        names = " and ".join(name.lower() for name in unseen)
        raise Unseen(f"Not as it was shown: {names}. Nothing was saved yet; look at it, then save again.")
    saved = invoicing.issue(draft.invoice.id, by=actor(), on=today(), shown=shown)
    if act == SAVE or saved.status != "open":
        return invoice_page(saved)
    if is_htmx() and can(Permission.ACCESS_BILLING_TAB):
        return url_for("invoices.show", invoice_id=saved.id, pay=1)
    return url_for("payments.new", invoice_id=saved.id)


def _shown_again(draft: Draft, text: str, shown: str, *, facts_moved: bool = False) -> Response:
    """It is not what was shown: show it as it is kept now, with the lines marked whose price is another."""
    draft.read_again()
    return editor.show(draft, status=422, notice=Notice("warn", text), since=shown, facts_moved=facts_moved)


def _issued_already(invoice: Invoice) -> Response:
    flash(f"This invoice was saved already as {invoice.code}.", "warn")
    return done(to=invoice_page(invoice), stay=False)


def _gone(invoice: Invoice, error: Changed) -> Response:
    """Somebody else saved or discarded the draft while it was being typed."""
    flash(error.message, "warn")
    there = Invoice.get_or_none(Invoice.id == invoice.id)
    return done(to=invoice_page(there) if there else invoices_page(), stay=False)


@requires(Permission.ADD_INVOICE)
def add(invoice_id: int) -> Response:
    """Put an item, a package or a deposit on the draft."""
    invoice = load(Invoice, invoice_id)
    if not invoice.is_draft:
        return _issued_already(invoice)
    return _add(Draft(invoice, is_sent=False))


def _add(draft: Draft, act: str = "") -> Response:
    """Add what is wanted, where nothing else is wrong; what was to be saved with it is looked at first."""
    invoice, form = draft.invoice, AddForm(draft.search)
    if form.validate_on_submit() and not draft.form.errors:
        try:
            line_id = int(form.once(lambda: _offer_onto(invoice, form.offer.data)))
            draft.read_again()
            if not is_htmx():
                added = [name_of(line) for line in draft.lines if line.id == line_id]  # sent again, it may be gone
                if added and act in (SAVE, SAVE_AND_PAY):
                    flash(f"{added[0]} was added, so nothing was saved yet. Look at it, then save again.", "warn")
                return done(to=url_for("invoices.edit", invoice_id=invoice.id, line=line_id), stay=False)
            return editor.show(draft, focus=line_id)
        except Repeated:
            return editor.show(draft, status=422, notice=Notice("warn", ADDED_BEFORE), focus="add")
        except Changed as error:
            return _gone(invoice, error)
        except DomainError as error:
            form.refuse(DomainError(error.message, "offer"))
    return editor.show(draft, status=422, add=form, focus="add")


def _offer_onto(invoice: Invoice, offer: str) -> str:
    """The number of the line that it became."""
    return str(offering.add(invoice.id, offer, invoice.customer, invoice.service_on).id)


@requires(Permission.ADD_INVOICE)
def offers(invoice_id: int) -> Response:
    """What may be added to the draft, for the text typed so far."""
    return _offered(Draft(load(Invoice, invoice_id)).search(typed()))


@requires(Permission.ADD_INVOICE)
def first_offers() -> Response:
    """What an invoice may begin with."""
    customer = Customer.get_or_none(Customer.id == asked_id("customer"))
    on = request.args.get("service_on", type=date.fromisoformat)
    on = on if on and EARLIEST <= on <= LATEST else today()
    return _offered(offering.offers(customer, [], on, typed()) if customer else [])


def _offered(found: list[Offer]) -> Response:
    return fragment("invoices/_offers.html", found=found, typed=typed(), pieces=lambda name: marked(name, typed()))


@requires(Permission.ADD_INVOICE)
def discard(invoice_id: int) -> Response:
    """Throw a draft away."""
    invoice = load(Invoice, invoice_id)
    if not invoice.is_draft:
        return _issued_already(invoice)
    form = EditForm(invoice)
    if form.validate_on_submit():
        try:
            drafts.discard(invoice.id, version=form.seen)
            flash(f"The draft for {invoice.customer_name} is gone.", "ok")
            return done(to=invoices_page(), stay=False)
        except Changed as error:
            now = Invoice.get_or_none(Invoice.id == invoice.id)
            if now is None or not now.is_draft:
                return _gone(invoice, error)
            form.refuse(error)
    draft = Draft(invoice)
    return render(
        "invoices/discard.html",
        422 if form.errors else 200,
        form=form,
        invoice=invoice,
        names=[name_of(line) for line in draft.lines],
        total_minor=draft.quote.total_minor,
    )
