"""Reinstate: a removed or expired membership comes back with what its ending moved."""

from typing import Any

from flask import Response

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import ReinstatementForm
from webapp.domain import ledger
from webapp.domain import reinstating as domain
from webapp.domain.errors import DomainError
from webapp.domain.membership_history import items_of
from webapp.hypermedia import done, render
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.presentation import today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.MANAGE_INVOICES)
def reinstate(membership_id: int) -> Response:
    """Bring it back."""
    membership = load(Membership, membership_id)
    form = ReinstatementForm(membership)
    if form.is_confirmed():
        back: list[Membership] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, _sign(now))
            version, reason, end_on = now.version, form.reason.data or "", form.end_on.data
            back[:] = [domain.reinstate(now.id, version=version, by=actor(), on=today(), reason=reason, end_on=end_on)]
            return after(now)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(back))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/reinstatement.html", status, form=form, **_facts(Membership.get_by_id(membership.id)))


def _sign(membership: Membership) -> str:
    items = [(each.item_id, each.left_milli) for each in items_of(membership)]
    return sign(membership, items, domain.returning(membership), *_funds(membership))


def _funds(membership: Membership) -> tuple[int, int]:
    """General funds and package funds."""
    general = ledger.balance(ledger.general(membership.customer_id))
    return general, ledger.balance(ledger.package_funds(membership.id))


def _facts(membership: Membership) -> dict[str, Any]:
    general, package = _funds(membership)
    return {
        "membership": membership,
        "sign": _sign(membership),
        "back": after(membership),
        "closed": domain.why_not_reinstate(membership),
        "items": items_of(membership),
        "returning": domain.returning(membership),
        "general_minor": general,
        "package_minor": package,
        "is_past": membership.end_on is not None and membership.end_on < today(),
    }


def _told(back: list[Membership]) -> str:
    if not back:
        return SENT_BEFORE
    return f"{back[0].customer.name} is in {back[0].package_name} again."
