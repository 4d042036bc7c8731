"""Expired value: what packages still held when they expired, where it went, and what came back."""

from datetime import date
from typing import Any

from flask import Response, request, url_for

from webapp.access import requires
from webapp.domain import expiries
from webapp.forms import EARLIEST, LATEST
from webapp.hypermedia import render
from webapp.periods import asked_day
from webapp.permissions import Permission
from webapp.presentation import money_input
from webapp.spreadsheet import csv_file

EXPORTED = (
    "Expired on", "Customer", "Package", "Number", "Last day", "Returned to account", "Forfeited", "Unpaid, credited",
    "Came back since",
)  # fmt: skip


@requires(Permission.VIEW_REPORTS)
def index() -> Response:
    """The list, or the page of it that is asked for, with the sums of all pages."""
    first, last = asked_day("from"), asked_day("to")
    cursor = request.args.get("cursor", "")
    page = expiries.expiries(first or EARLIEST, last or LATEST, cursor)
    return render(
        "reports/expired.html",
        region="reports/_expired.html",
        first=first,
        last=last,
        page=page,
        sums=expiries.sums(first or EARLIEST, last or LATEST),
        here=_address("expired", first, last, cursor),
        export_url=_address("expired_export", first, last),
        previous=_address("expired", first, last, page.previous) if page.previous else "",
        next=_address("expired", first, last, page.next) if page.next else "",
    )


@requires(Permission.VIEW_REPORTS)
def export() -> Response:
    """The same as a file, all pages of it."""
    found = expiries.every_expiry(asked_day("from") or EARLIEST, asked_day("to") or LATEST)
    lines = (
        (it.day, it.name, it.package, f"M-{it.membership:04d}", it.last_day or "", *map(money_input, it[-4:]))
        for it in found
    )
    return csv_file("expired-value.csv", EXPORTED, lines)


def _address(view: str, first: date | None, last: date | None, cursor: str = "") -> str:
    asked: dict[str, Any] = {"from": first, "to": last, "cursor": cursor or None}
    return url_for(f"reports.{view}", **asked)
