"""The card of a membership, to be printed and carried by the customer."""

from urllib.parse import urlsplit

from flask import Response

from webapp import codes
from webapp.access import requires
from webapp.addresses import ONLY_HERE, public_address
from webapp.domain import ledger
from webapp.domain.membership_history import items_of
from webapp.hypermedia import render
from webapp.models import Membership
from webapp.permissions import Permission
from webapp.records import load


@requires(Permission.ACCESS_BILLING_TAB)
def card(membership_id: int) -> Response:
    """What the customer has, on the day it is printed, and a code that opens the membership for staff."""
    membership = load(Membership, membership_id)
    address = public_address("memberships.show", membership_id=membership.id)
    return render(
        "memberships/card.html",
        membership=membership,
        items=items_of(membership),
        funds_minor=ledger.balance(ledger.package_funds(membership.id)),
        code=codes.svg(address, f"QR code that opens {membership.code} for staff"),
        only_here=urlsplit(address).hostname in ONLY_HERE,
    )
