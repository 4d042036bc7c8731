"""Use one: charge a unit at the package rate and pay it from package funds, in one confirmed step."""

from typing import Any

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import UseForm
from webapp.domain import ledger, using
from webapp.domain.errors import DomainError
from webapp.domain.membership_history import items_of
from webapp.domain.offering import acts, can_be_billed
from webapp.domain.tendering import why_no_account
from webapp.domain.using import Use
from webapp.hypermedia import done, fragment, render
from webapp.models import Invoice, Membership, MembershipItem
from webapp.permissions import Permission
from webapp.places import undo_link
from webapp.presentation import day_text, money_text, quantity_text, so_much_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.ADD_INVOICE)
def use(membership_id: int) -> Response:
    """Charge so much of an item and pay it from the package funds."""
    membership = load(Membership, membership_id)
    form = _form(membership)
    if form.is_confirmed():
        used: list[Invoice] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, _sign(now))
            item, version = _item(form).item, now.version
            used[:] = [
                using.use(
                    now.id,
                    item,
                    form.quantity.data,
                    version=version,
                    by=actor(),
                    on=today(),
                    service_on=form.service_on.data,
                )
            ]
            return after(now)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(form, used), link=undo_link(used))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/use.html", status, form=form, **_facts(Membership.get_by_id(membership.id), form))


@requires(Permission.ADD_INVOICE)
def preview(membership_id: int) -> Response:
    """What it would take and leave, while it is typed."""
    membership = load(Membership, membership_id)
    form = _form(membership)
    form.validate()
    return fragment("memberships/_use.html", form=form, live=True, **_facts(membership, form))


def _form(membership: Membership) -> UseForm:
    """What can be used; everything when the form comes back, so that a refusal can say why."""
    return UseForm(items_of(membership) if request.method == "POST" else _usable(membership))


def _usable(membership: Membership) -> list[MembershipItem]:
    """The items that something is left of."""
    return [each for each in items_of(membership) if each.left_milli and each.item.active]


def _item(form: UseForm) -> MembershipItem:
    chosen = form.chosen
    assert chosen is not None  # noqa: S101  # the field's own check has passed
    return chosen


def _sign(membership: Membership) -> str:
    items = [(each.item_id, each.left_milli, each.drawn_minor, each.drawn_tax_minor) for each in items_of(membership)]
    return sign(membership, items, ledger.balance(ledger.package_funds(membership.id)))


def _facts(membership: Membership, form: UseForm) -> dict[str, Any]:
    """What the screen and its preview state alike."""
    closed = _closed(membership)
    chosen = form.chosen
    would: Use | None = None
    if chosen and form.quantity.data and form.service_on.data:
        on, service_on = today(), form.service_on.data
        would = using.would_use(membership, chosen.item, form.quantity.data, on=on, service_on=service_on)
    return {
        "membership": membership,
        "sign": _sign(membership),
        "back": after(membership),
        "chosen": chosen,
        "would": would,
        "unpaid": using.unpaid_sales([membership.id]).get(membership.id, []) if would and would.refusal else [],
        "bills": bool(would and would.refusal) and can_be_billed(membership, today()),
        "closed": closed,
        "reinstates": bool(closed) and acts(membership, today()).reinstate,
        "funds_minor": ledger.balance(ledger.package_funds(membership.id)),
    }


def _closed(membership: Membership) -> str | None:
    """Why nothing at all can be used of it now, in a sentence."""
    name = membership.package_name
    if not membership.is_active:
        return f"{name} is {membership.reason}; later invoices take the standard rates."
    if membership.start_on > today():
        return f"{name} starts on {day_text(membership.start_on)}. Nothing can be used before."
    no_account = why_no_account(membership.customer)
    if no_account:
        return no_account
    if not _usable(membership):
        return f"Nothing is left in {name}."
    return None


def _told(form: UseForm, used: list[Invoice]) -> str:
    if not used:
        return SENT_BEFORE
    item, [invoice] = _item(form), used
    amount = so_much_text(form.quantity.data, item.name, item.unit)
    left = quantity_text(MembershipItem.get_by_id(item.id).left_milli, item.unit)
    said = f"{invoice.customer_name}: {amount} used, {left} left. {money_text(invoice.total_minor)} from package funds."
    membership = Membership.get_by_id(item.membership_id)
    return said if membership.is_active else f"{said} {membership.package_name} is {membership.reason}."
