"""What is done for the ticked rows of the Packages tab at once: a class that was held, and packages not billed yet."""

from datetime import timedelta
from typing import Any

from flask import Response, url_for

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED
from webapp.blueprints.memberships.several_forms import BillsForm, UsesForm
from webapp.blueprints.memberships.ticked import list_or_here, ticked_ids
from webapp.domain import billing, reinstating, using
from webapp.domain.errors import DomainError
from webapp.domain.offering import can_be_billed
from webapp.domain.using import Planned, Taking
from webapp.forms import day_of
from webapp.hypermedia import done, fragment, render
from webapp.models import Invoice, Item
from webapp.permissions import Permission
from webapp.places import undo_link
from webapp.presentation import company, money_text, so_much_text, today
from webapp.stating import SENT_BEFORE


@requires(Permission.ADD_INVOICE)
def use() -> Response:
    """Charge so much of an item to each of them, paid from their package funds."""
    ids = ticked_ids()
    form = UsesForm(using.usable(ids))
    if form.is_confirmed():
        used: list[Invoice] = []

        def act() -> str:
            used[:] = using.use_several(
                ids,
                Taking(_item(form), form.quantity.data),
                shown=form.shown.data or "",
                by=actor(),
                on=today(),
                service_on=form.service_on.data,
            )
            return list_or_here()

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told_uses(form, used), link=undo_link(used))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/uses.html", status, form=form, back=list_or_here(), **_uses(ids, form))


@requires(Permission.ADD_INVOICE)
def use_preview() -> Response:
    """Who could use it, what it would take and leave, while it is typed."""
    ids = ticked_ids()
    form = UsesForm(using.usable(ids))
    form.validate()
    return fragment("memberships/_uses.html", form=form, **_uses(ids, form))


def _uses(ids: list[int], form: UsesForm) -> dict[str, Any]:
    planned: list[Planned] = []
    if form.chosen and form.quantity.data and form.service_on.data:
        taking = Taking(form.chosen, form.quantity.data)
        planned = using.plan(ids, taking, on=today(), service_on=form.service_on.data)
    left_out = [(it.membership, it.use.refusal.message) for it in planned if it.use.refusal]
    short = [it.membership for it in planned if it.use.is_short]
    early = [it.membership.id for it in planned if it.use.is_early and it.membership.is_active]
    return {
        "ids": ids,
        "item": form.chosen,
        "able": [it for it in planned if not it.use.refusal],
        "left_out": left_out,
        "unpaid": using.unpaid_sales([membership.id for membership in short]),
        "begun": dict.fromkeys(set(early) - reinstating.drawn_from(early), form.service_on.data),
        "unbilled": [membership.id for membership in short if can_be_billed(membership, today())],
        "mark": using.mark(planned),
    }


def _item(form: UsesForm) -> Item:
    chosen = form.chosen
    assert chosen is not None  # noqa: S101  # the field's own check has passed
    return chosen


def _told_uses(form: UsesForm, used: list[Invoice]) -> str:
    if not used:
        return SENT_BEFORE
    item = _item(form)
    amount = so_much_text(form.quantity.data, item.name, item.unit)
    total = money_text(sum(invoice.total_minor for invoice in used))
    if len(used) == 1:
        return f"{used[0].customer_name}: {amount} used. {total} from package funds."
    return f"{len(used)} customers used {amount} each. {total} from package funds."


@requires(Permission.ADD_INVOICE)
def bill() -> Response:
    """Make an open invoice for what is unbilled of each of them."""
    ids = ticked_ids()
    form = BillsForm()
    if not form.is_submitted():
        form.due_on.data = today() + timedelta(days=company().due_days)
    if form.is_confirmed():
        made: list[Invoice] = []

        def act() -> str:
            made[:] = billing.bill(ids, shown=form.shown.data or "", by=actor(), on=today(), due_on=day_of(form.due_on))
            return list_or_here()

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told_bills(made), link=_pay(made) or undo_link(made))
        except DomainError as error:
            form.refuse(error)
    planned = billing.plan(ids, on=today())
    return render(
        "memberships/bills.html",
        422 if form.errors else 200,
        form=form,
        back=list_or_here(),
        able=[it for it in planned if not it.refusal],
        left_out=[(it.membership, it.refusal) for it in planned if it.refusal],
        mark=billing.mark(planned),
    )


def _pay(made: list[Invoice]) -> tuple[str, str] | None:
    return ("Pay", url_for("payments.new", invoice_id=made[0].id)) if len(made) == 1 else None


def _told_bills(made: list[Invoice]) -> str:
    if not made:
        return SENT_BEFORE
    total = money_text(sum(invoice.total_minor for invoice in made))
    if len(made) == 1:
        return f"{made[0].code} for {made[0].customer_name} is made: {total}."
    return f"{len(made)} invoices are made, {total} in all."
