"""Extend: another last day for an active membership, with the reason."""

from datetime import date, timedelta
from typing import Any

from flask import Response

from webapp.access import actor, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import ExtensionForm
from webapp.domain import reinstating, removing
from webapp.domain.errors import DomainError
from webapp.hypermedia import done, fragment, render
from webapp.models import Membership
from webapp.models.package import months_after
from webapp.permissions import Permission
from webapp.presentation import day_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE


@requires(Permission.MANAGE_INVOICES)
def extend(membership_id: int) -> Response:
    """Move the last day."""
    membership = load(Membership, membership_id)
    form = ExtensionForm()
    if not form.is_submitted():
        form.end_on.data = membership.end_on
    if form.is_confirmed():
        moved: list[Membership] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, sign(now))
            reason = form.reason.data or ""
            moved[:] = [
                reinstating.extend(now.id, form.last_day, version=now.version, by=actor(), on=today(), reason=reason)
            ]
            return after(now)

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(moved))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/extension.html", status, form=form, **_facts(Membership.get_by_id(membership.id)))


@requires(Permission.MANAGE_INVOICES)
def preview(membership_id: int) -> Response:
    """From when to when, while it is typed."""
    membership = load(Membership, membership_id)
    form = ExtensionForm()
    form.validate()
    return fragment("memberships/_extension.html", form=form, **_facts(membership))


def _facts(membership: Membership) -> dict[str, Any]:
    return {
        "membership": membership,
        "sign": sign(membership),
        "back": after(membership),
        "closed": None if membership.is_active else f"{membership.package_name} is {membership.reason}.",
        "would": removing.consequences([membership.id])[0],
        "further": _further(membership.end_on or today()),
    }


def _further(day: date) -> list[tuple[str, date]]:
    """The last days that are asked for most, in words."""
    months = [(f"+{many} month{'s' if many > 1 else ''}", months_after(day, many)) for many in (1, 3, 6)]
    return [("+1 week", day + timedelta(days=7)), *months]


def _told(moved: list[Membership]) -> str:
    if not moved:
        return SENT_BEFORE
    [membership] = moved
    whose = f"{membership.package_name} of {membership.customer.name}"
    if membership.end_on is None:
        return f"{whose} never ends now."
    return f"The last day of {whose} is {day_text(membership.end_on)} now."
