from flask import Blueprint, Response

from webapp.access import can, signed_in
from webapp.blueprints.home.shortcuts import shortcuts
from webapp.domain import attention
from webapp.hypermedia import render
from webapp.permissions import Permission
from webapp.presentation import today

blueprint = Blueprint("home", __name__)
blueprint.add_url_rule("/shortcuts", "shortcuts", shortcuts, methods=["GET", "POST"])


@blueprint.get("/")
@signed_in
def index() -> Response:
    """What needs attention today; nothing of the billing for whoever may not see it."""
    if not can(Permission.ACCESS_BILLING_TAB):
        return render("home/index.html", billing=False)
    running_out, expiring = attention.running_out(), attention.expiring(today())
    overdue, drafts = attention.overdue(today()), attention.drafts()
    taken = attention.takings(today())
    return render(
        "home/index.html",
        billing=True,
        running_out=running_out,
        expiring=expiring,
        overdue=overdue,
        drafts=drafts,
        things=running_out.total + expiring.total + overdue.total + drafts.total,
        held=attention.held(),
        takings=[one for one in taken if not one.is_account],
        from_account=sum(one.amount_minor for one in taken if one.is_account),
    )
