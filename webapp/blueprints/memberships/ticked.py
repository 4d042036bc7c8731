"""The rows of the Packages tab that are ticked, as the request names them."""

from flask import request, url_for

from webapp.access import can
from webapp.domain.memberships import Removal
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.stating import SENT_BEFORE

AT_ONCE = 200


def ticked() -> list[Removal]:
    """The memberships that the request names, each as ``12.3``: of that version."""
    named = dict.fromkeys(request.values.getlist("membership"))
    found = (value.partition(".") for value in named)
    return [Removal(int(id_), int(version)) for id_, _, version in found if _is_number(id_) and _is_number(version)]


def ticked_ids() -> list[int]:
    """Their ids, as many as are done at once."""
    return [each.membership for each in ticked()][:AT_ONCE]


def list_or_here() -> str:
    """Back to the list, for whoever may see it."""
    return url_for("memberships.index") if can(Permission.ACCESS_BILLING_TAB) else request.path


def told(done_to: list[Membership], verb: str) -> str:
    """What was done to them, in a sentence."""
    if not done_to:
        return SENT_BEFORE
    packages = {membership.package_name for membership in done_to}
    what = packages.pop() if len(packages) == 1 else "their packages"
    if len(done_to) == 1:
        return f"{done_to[0].customer.name} was {verb} {what}."
    return f"{len(done_to)} customers were {verb} {what}."


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
