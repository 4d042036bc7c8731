from datetime import date

from flask import Blueprint, Response, request, url_for

from webapp.access import requires
from webapp.blueprints.reports import expired, period
from webapp.domain import holdings, statements
from webapp.hypermedia import render
from webapp.periods import asked_day
from webapp.permissions import Permission
from webapp.presentation import money_input, today
from webapp.spreadsheet import csv_file

blueprint = Blueprint("reports", __name__)
blueprint.add_url_rule("/reports/expired", "expired", expired.index)
blueprint.add_url_rule("/reports/expired/export", "expired_export", expired.export)
blueprint.add_url_rule("/reports/period", "period", period.index)
blueprint.add_url_rule("/reports/period/export", "period_export", period.export)

EXPORTED = ("Customer", "Package funds", "General funds", "Money held", "Owed on account")


@blueprint.get("/reports")
@requires(Permission.VIEW_REPORTS)
def index() -> Response:
    """Money held for customers at the end of a day, one by one, and apart from it what others owe."""
    on, view, cursor = _day(), _view(), request.args.get("cursor", "")
    page = holdings.holdings(on, view, cursor)
    return render(
        "reports/index.html",
        region="reports/_held.html",
        on=on,
        view=view,
        held=statements.money_held(on),
        page=page,
        total=holdings.count(on, view),
        here=_address(on, view, cursor),
        previous=_address(on, view, page.previous) if page.previous else "",
        next=_address(on, view, page.next) if page.next else "",
        views=[(label, _address(on, name), name == view) for name, label in VIEWS.items()],
    )


@blueprint.get("/reports/money-held/export")
@requires(Permission.VIEW_REPORTS)
def export() -> Response:
    """The same as a file, all pages of it."""
    on, view = _day(), _view()
    found = holdings.all_holdings(on, view)
    amounts = ((h.name, h.package_minor, h.general_minor, h.total_minor, h.owed_minor) for h in found)
    rows = ((name, *(money_input(minor) for minor in minors)) for name, *minors in amounts)
    return csv_file(f"money-held-{on}-{view}.csv", EXPORTED, rows)


VIEWS = {"held": "Held", "owed": "Owed on account"}


def _view() -> str:
    asked = request.args.get("show", "")
    return asked if asked in VIEWS else "held"


def _day() -> date:
    """The day that is asked for; today where there is none, or none that could be read."""
    return asked_day("on") or today()


def _address(on: date, view: str, cursor: str = "") -> str:
    return url_for(
        ".index",
        on=None if on == today() else on.isoformat(),
        show=None if view == "held" else view,
        cursor=cursor or None,
    )
