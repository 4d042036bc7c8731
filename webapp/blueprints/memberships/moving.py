"""Move funds: between a customer's general funds and the package funds of a membership."""

from typing import Any

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import INTO, OUT, MoveForm
from webapp.domain import funds
from webapp.domain.errors import DomainError
from webapp.domain.offering import Movable, movable
from webapp.hypermedia import done, fragment, render
from webapp.models import Journal, Membership
from webapp.permissions import Permission
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.MANAGE_INVOICES)
def move(membership_id: int) -> Response:
    """Move an amount one way or the other."""
    membership = load(Membership, membership_id)
    form = _form(membership)
    if form.is_confirmed():
        moved: list[Journal] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, sign(now, movable(now)))
            verb = funds.into_package if form.direction.data == INTO else funds.out_of_package
            moved[:] = [verb(now.id, form.amount.data, by=actor(), on=today())]
            return after(now)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(membership, form) if moved else SENT_BEFORE)
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/move.html", status, form=form, **_facts(Membership.get_by_id(membership.id), form))


@requires(Permission.MANAGE_INVOICES)
def preview(membership_id: int) -> Response:
    """Both funds before and after, while it is typed."""
    membership = load(Membership, membership_id)
    form = _form(membership)
    form.validate()
    return fragment("memberships/_move.html", form=form, **_facts(membership, form))


def _form(membership: Membership) -> MoveForm:
    """Only the ways that something can go; both when the form comes back, so that a refusal can say why."""
    open_ = [way for way, most in _most(movable(membership)).items() if most]
    return MoveForm(membership.package_name, (INTO, OUT) if request.method == "POST" else open_)


def _most(now: Movable) -> dict[str, int]:
    return {INTO: now.into_minor, OUT: now.out_minor}


def _facts(membership: Membership, form: MoveForm) -> dict[str, Any]:
    now = movable(membership)
    amount = form.amount.data or 0
    most = _most(now).get(form.direction.data or "", 0)
    change = amount if form.direction.data == INTO else -amount
    return {
        "membership": membership,
        "sign": sign(membership, now),
        "back": after(membership),
        "closed": _closed(membership, now),
        "shut": _shut(membership, now),
        "movable": now,
        "most_minor": most,
        "too_much": amount > most,
        "change_minor": change if amount <= most else 0,
    }


def _shut(membership: Membership, now: Movable) -> str:
    """Why nothing can go into the package, in a sentence; nothing when something can."""
    if now.into_minor:
        return ""
    if now.no_account:
        return now.no_account
    if now.general_minor <= 0:
        return f"There are no general funds to move into {membership.package_name}."
    return f"All of {membership.package_name} is paid in or billed; nothing more can go into it."


def _closed(membership: Membership, now: Movable) -> str | None:
    """Why nothing can be moved either way, in a sentence."""
    if not membership.is_active:
        return f"{membership.package_name} is {membership.reason}; its package funds have gone to general funds."
    if now.into_minor or now.out_minor:
        return None
    return now.no_account or "There are no general funds that could still be paid into it, and no package funds."


def _told(membership: Membership, form: MoveForm) -> str:
    amount = money_text(form.amount.data)
    if form.direction.data == INTO:
        return f"{amount} went from general funds into {membership.package_name}."
    return f"{amount} went from {membership.package_name} back to general funds."
