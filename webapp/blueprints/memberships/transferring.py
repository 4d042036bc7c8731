"""Transfer: what is left of a membership becomes another customer's."""

from typing import Any

from flask import Response

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import TransferForm
from webapp.domain import memberships, removing
from webapp.domain import transferring as domain
from webapp.domain.customers import offered_customers
from webapp.domain.errors import DomainError
from webapp.domain.membership_history import items_of
from webapp.hypermedia import done, fragment, render
from webapp.lists import asked_id, typed
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.presentation import company, today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.MANAGE_INVOICES)
def transfer(membership_id: int) -> Response:
    """Hand over what is left."""
    membership = load(Membership, membership_id)
    form = TransferForm(membership.customer_id)
    if form.is_confirmed():
        made: list[Membership] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, _sign(now))
            version, reason = now.version, form.reason.data or ""
            made[:] = [domain.transfer(now.id, form.to.data, version=version, by=actor(), on=today(), reason=reason)]
            return after(made[0])

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(membership, made))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/transfer.html", status, form=form, **_facts(Membership.get_by_id(membership.id), form))


@requires(Permission.MANAGE_INVOICES)
def preview(membership_id: int) -> Response:
    """Whether the customer chosen so far can get it."""
    membership = load(Membership, membership_id)
    form = TransferForm(membership.customer_id)
    form.validate()
    return fragment("memberships/_transfer.html", form=form, live=True, **_facts(membership, form))


@requires(Permission.MANAGE_INVOICES)
def receivers() -> Response:
    """Active customers for the type-ahead, but not who hands over."""
    return fragment("customers/_options.html", found=offered_customers(typed(), but=asked_id("giver")))


def _sign(membership: Membership) -> str:
    items = [(each.item_id, each.left_milli, each.drawn_minor) for each in items_of(membership)]
    return sign(membership, items, removing.consequences([membership.id])[0].funds_minor)


def _facts(membership: Membership, form: TransferForm) -> dict[str, Any]:
    items = [each for each in items_of(membership) if each.left_milli]
    inclusive = company().tax_inclusive
    undrawn = [each.amount_minor - each.drawn_minor for each in items]
    tax = [0 if inclusive else each.tax_minor - each.drawn_tax_minor for each in items]
    return {
        "membership": membership,
        "sign": _sign(membership),
        "back": after(membership),
        "closed": domain.why_not_transfer(membership),
        "items": items,
        "worth_minor": sum(undrawn) + sum(tax),
        "would": removing.consequences([membership.id])[0],
        "unbilled_minor": memberships.unbilled(membership) if membership.is_active else 0,
        "refusal": domain.why_not_to(membership, form.to.data) if form.to.data else None,
    }


def _told(old: Membership, made: list[Membership]) -> str:
    if not made:
        return SENT_BEFORE
    return f"{old.package_name} went from {old.customer.name} to {made[0].customer.name}."
