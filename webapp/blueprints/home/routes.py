from flask import Blueprint, Response

from webapp.access import can, signed_in
from webapp.blueprints.home import held
from webapp.blueprints.home.shortcuts import shortcuts
from webapp.domain import attention, first_steps
from webapp.domain.paging import Total
from webapp.hypermedia import render
from webapp.permissions import Permission
from webapp.presentation import today

blueprint = Blueprint("home", __name__)
blueprint.add_url_rule("/shortcuts", "shortcuts", shortcuts, methods=["GET", "POST"])
blueprint.record_once(held.init_app)


@blueprint.get("/")
@signed_in
def index() -> Response:
    """What needs attention today; nothing of the billing for whoever may not see it."""
    if not can(Permission.ACCESS_BILLING_TAB):
        return render("home/index.html", region="home/_today.html", billing=False)
    day = today()
    running_out, expiring, expired = attention.running_out(), attention.expiring(day), attention.expired(day)
    unbilled, overdue, drafts = attention.unbilled(day), attention.overdue(day), attention.drafts()
    totals = [some.total for some in (running_out, expiring, expired, unbilled, overdue, drafts)]
    things = Total(sum(total.counted for total in totals), any(total.more for total in totals))
    taken = attention.takings(day)
    return render(
        "home/index.html",
        region="home/_today.html",
        billing=True,
        running_out=running_out,
        expiring=expiring,
        expired=expired,
        unbilled=unbilled,
        overdue=overdue,
        drafts=drafts,
        things=things,
        steps=first_steps.steps(),
        held=held.held(),
        takings=[one for one in taken if not one.is_account],
        from_account=sum(one.amount_minor for one in taken if one.is_account),
    )
