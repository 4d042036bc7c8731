"""Correct the start date: another first day for a membership that nothing was drawn from, with the reason."""

from typing import Any

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import StartForm
from webapp.domain import reinstating
from webapp.domain.errors import DomainError
from webapp.forms import day_of, typed_day
from webapp.hypermedia import done, fragment, render
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.presentation import day_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.MANAGE_INVOICES)
def start(membership_id: int) -> Response:
    """Move the first day, and the last one with it where the package counts it from there."""
    membership = load(Membership, membership_id)
    form = StartForm()
    if not form.is_submitted():
        form.start_on.data = request.args.get("start_on", membership.start_on, type=typed_day)
    if form.is_confirmed():
        moved: list[Membership] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, sign(now))
            day, reason = day_of(form.start_on), form.reason.text
            moved[:] = [reinstating.move_start(now.id, day, version=now.version, by=actor(), on=today(), reason=reason)]
            return after(now)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(moved))
        except DomainError as error:
            form.refuse(error)
    now = Membership.get_by_id(membership.id)
    return render("memberships/start.html", 422 if form.errors else 200, form=form, **_facts(now, form))


@requires(Permission.MANAGE_INVOICES)
def preview(membership_id: int) -> Response:
    """From when to when, while it is typed."""
    membership = load(Membership, membership_id)
    form = StartForm()
    form.validate()
    return fragment("memberships/_start.html", form=form, **_facts(membership, form))


def _facts(membership: Membership, form: StartForm) -> dict[str, Any]:
    start_on = form.start_on.data
    return {
        "membership": membership,
        "sign": sign(membership),
        "back": after(membership),
        "closed": reinstating.why_not_move_start(membership),
        "end_on": reinstating.last_day_from(membership, start_on) if start_on else None,
    }


def _told(moved: list[Membership]) -> str:
    if not moved:
        return SENT_BEFORE
    [membership] = moved
    whose = f"{membership.package_name} of {membership.customer.name}"
    through = f", valid through {day_text(membership.end_on)}" if membership.end_on else ""
    return f"{whose} starts on {day_text(membership.start_on)} now{through}."
