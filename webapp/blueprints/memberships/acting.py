"""What the acts on one membership share: a sign of what was stated, the words of the answer, and where to go then."""

import hashlib

from flask import url_for

from webapp.access import can
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.presentation import quantity_text, unit_text

CHANGED = ("memberships-changed", "account-changed", "invoices-changed")


def sign(membership: Membership, *facts: object) -> str:
    """A short sign of the figures that a screen states, the version of the membership among them."""
    return hashlib.sha256(repr((membership.id, membership.version, facts)).encode()).hexdigest()[:24]


def after(membership: Membership) -> str:
    """The page of the membership, for whoever may see it."""
    if can(Permission.ACCESS_BILLING_TAB):
        return url_for("memberships.show", membership_id=membership.id)
    return url_for("home.index")


def counted(milli: int, name: str, unit: str) -> str:
    """So much of an item in words: 1 lesson, 1.5 h C172, 2 × Lesson."""
    short = unit_text(unit)
    if 0 < len(short) < 4:
        return f"{quantity_text(milli, unit)} {short} {name}"
    return f"1 {unit}" if milli == 1000 and short else f"{quantity_text(milli, unit)} × {name}"
