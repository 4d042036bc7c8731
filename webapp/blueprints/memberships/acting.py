"""What the acts on one membership share: a sign of what was stated, the words of the answer, and where to go then."""

import hashlib

from flask import url_for

from webapp.access import can
from webapp.models import Membership
from webapp.permissions import Permission

CHANGED = ("memberships-changed", "account-changed", "invoices-changed")


def sign(membership: Membership, *facts: object) -> str:
    """A short sign of the figures that a screen states, the version of the membership among them."""
    return hashlib.sha256(repr((membership.id, membership.version, facts)).encode()).hexdigest()[:24]


def after(membership: Membership) -> str:
    """The page of the membership, for whoever may see it."""
    if can(Permission.ACCESS_BILLING_TAB):
        return url_for("memberships.show", membership_id=membership.id)
    return url_for("home.index")
