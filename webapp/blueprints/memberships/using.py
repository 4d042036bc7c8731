"""Use one: charge units at their package rates and pay them from package funds, in one confirmed step."""

from datetime import date
from typing import Any

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import UseForm, left_of, use_form
from webapp.domain import ledger, reinstating, using
from webapp.domain.errors import DomainError
from webapp.domain.membership_history import items_of
from webapp.domain.offering import Acts, acts, can_be_billed
from webapp.domain.selling import open_invoices, refuse_sale
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
    """Charge so much of one or more items and pay it from the package funds."""
    membership = load(Membership, membership_id)
    form = _form(membership)
    if form.is_confirmed():
        used: list[Invoice] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, _sign(now))
            by, on, service_on = actor(), today(), form.service_on.data
            used[:] = [using.use(now.id, form.takings, version=now.version, by=by, on=on, service_on=service_on)]
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
    """What can be used, and what somebody typed a quantity of, so that a refusal can say why."""
    return use_form([each for each in items_of(membership) if _is_usable(each) or _is_typed(each)])


def _is_usable(item: MembershipItem) -> bool:
    return bool(item.left_milli and item.item.active)


def _is_typed(item: MembershipItem) -> bool:
    return bool(request.form.get(using.field_of(item.item_id)))


def _sign(membership: Membership) -> str:
    items = [(each.item_id, each.left_milli, each.drawn_minor, each.drawn_tax_minor) for each in items_of(membership)]
    return sign(membership, items, ledger.balance(ledger.package_funds(membership.id)))


def _facts(membership: Membership, form: UseForm) -> dict[str, Any]:
    """What the screen and its preview state alike."""
    closed = _closed(membership)
    would: Use | None = None
    if form.takings and form.service_on.data:
        would = using.would_use(membership, form.takings, on=today(), service_on=form.service_on.data)
    short = would is not None and would.is_short
    return {
        "membership": membership,
        "sign": _sign(membership),
        "back": after(membership),
        "left_of": left_of,
        "would": would,
        "unpaid": using.unpaid_sales([membership.id]).get(membership.id, []) if short else [],
        "bills": short and can_be_billed(membership, today()),
        "closed": closed,
        "acts": acts(membership, today()) if closed else Acts(),
        "began_on": _began_on(membership, form),
        **_before_the_next(membership),
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
    if not any(map(_is_usable, items_of(membership))):
        return f"Nothing is left in {name}."
    return None


def _began_on(membership: Membership, form: UseForm) -> date | None:
    """The day by which it should have started for this use, where its start date is later and can be corrected."""
    service_on = min(form.service_on.data or today(), today())
    if membership.start_on <= service_on or reinstating.why_not_move_start(membership):
        return None
    return service_on


def _before_the_next(membership: Membership) -> dict[str, Any]:
    """Why a package of which nothing is left cannot be sold again yet, and the invoices that have to be paid first."""
    if not membership.is_active or any(each.left_milli for each in items_of(membership)):
        return {"not_again": None, "owed": []}
    refusal = refuse_sale(membership.customer, membership.package, membership, today())
    return {"not_again": refusal, "owed": open_invoices(membership)}


def _told(form: UseForm, used: list[Invoice]) -> str:
    if not used:
        return SENT_BEFORE
    now, [invoice] = Membership.get_by_id(form.items[0].membership_id), used
    left = {each.item_id: each for each in items_of(now)}
    taken = [(left[item.id], milli) for item, milli in form.takings]
    amounts = "; ".join(
        f"{so_much_text(milli, it.name, it.unit)} used, {quantity_text(it.left_milli, it.unit)} left"
        for it, milli in taken
    )
    said = f"{invoice.customer_name}: {amounts}. {money_text(invoice.total_minor)} from package funds."
    return said if now.is_active else f"{said} {now.package_name} is {now.reason}."
