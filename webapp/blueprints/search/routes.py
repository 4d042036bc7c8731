"""The box at the head of every page: its type-ahead, and the page of what was found."""

from flask import Blueprint, Response

from webapp.access import can, signed_in
from webapp.domain import finding
from webapp.hypermedia import render, wants_region
from webapp.lists import typed
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import today

blueprint = Blueprint("search", __name__)

OFFERED = 4
"""Of each kind while somebody types; the page has more."""


@blueprint.get("/search")
@signed_in
def index() -> Response:
    """What was typed, among whatever the person here may open."""
    wanted, kinds = typed(), _kinds()
    at_most = OFFERED if wants_region() else finding.AT_MOST
    return render(
        "search/index.html",
        region="search/_options.html",
        typed=wanted,
        kinds=kinds,
        found=finding.find(wanted, kinds, on=today(), at_most=at_most),
    )


def _kinds() -> set[str]:
    """The kinds of records that have a page which the person here may open."""
    kinds: set[str] = set()
    if can(*SEES_RECORDS):
        kinds |= {finding.CUSTOMERS, finding.PACKAGES, finding.ITEMS, finding.GROUPS}
    if can(Permission.ACCESS_BILLING_TAB):
        kinds |= {finding.INVOICES, finding.MEMBERSHIPS}
    return kinds
