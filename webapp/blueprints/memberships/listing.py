"""What the address of the Packages tab asks for, and the addresses of its other views."""

from typing import Any

from flask import request, url_for

from webapp.domain.membership_history import Posting
from webapp.domain.membership_list import ENDING, LOW, ORDERS, OWING, STATUSES, UNBILLED, Filter
from webapp.lists import typed
from webapp.presentation import today

WORDS = {
    "active": ("ok", "circle-check", "Active"),
    "completed": ("idle", "check", "Completed"),
    "removed": ("idle", "user-minus", "Removed"),
    "expired": ("idle", "hourglass", "Expired"),
    "voided": ("idle", "undo-2", "Voided"),
}
"""How a status is shown: kind of badge, icon, word."""

FILTERED = {
    "active": "Active",
    LOW: "Runs out soon",
    ENDING: "Expires soon",
    UNBILLED: "Not billed yet",
    OWING: "Not paid yet",
    **{status: WORDS[status][2] for status in STATUSES[1:]},
}
"""What the list can be narrowed to, in words."""

SORTED = {
    "": "Active first",
    "customer": "Customer, A to Z",
    "-customer": "Customer, Z to A",
    "start": "Start, oldest first",
    "-start": "Start, newest first",
    "end": "Last day, soonest first",
    "-end": "Last day, latest first",
}


POSTINGS = {
    "pay": ("Paid in", "Paid from package funds"),
    "completed": ("", "Completed: the rest to general funds"),
    "removed": ("", "Removed: to general funds"),
    "expired": ("", "Expired: to general funds"),
    "sweep": ("", "To general funds"),
    "refund": ("", "Refunded"),
    "reinstate": ("Reinstated", ""),
    "forfeit": ("", "Forfeited"),
    "restore": ("From forfeited money", ""),
    "credit": ("Credited", ""),
    "transfer": ("Handed over to this", "Handed over"),
    "move": ("From general funds", "To general funds"),
}
"""What went into the package funds and out of them, by the kind of the journal."""


def told(posting: Posting) -> str:
    """A movement of package funds in words."""
    kind = posting.kind.removeprefix("mirror-")
    mirrored = kind != posting.kind
    into, out = POSTINGS.get(kind, ("", ""))
    words = (into if (posting.amount_minor > 0) != mirrored else out) or kind.replace("-", " ").capitalize()
    return f"Taken back: {words[:1].lower()}{words[1:]}" if mirrored else words


def asked() -> Filter:
    """Read the address; what it does not know is as if it were not there."""
    status, order = request.args.get("status", ""), request.args.get("sort", "")
    return Filter(
        typed(),
        status if status in FILTERED else "",
        _number("package"),
        _number("group"),
        order if order in ORDERS else "",
        today(),
    )


def url(endpoint: str, wanted: Filter, cursor: str = "") -> str:
    """The address of a view of the list."""
    kept: dict[str, Any] = {
        "q": wanted.typed,
        "status": wanted.status,
        "package": wanted.package,
        "group": wanted.group,
        "sort": wanted.order,
        "cursor": cursor,
    }
    return url_for(endpoint, **{name: value for name, value in kept.items() if value not in ("", None)})


def turned(wanted: Filter, column: str) -> Filter:
    """The same list sorted by a column, or the other way round when it is already."""
    return wanted._replace(order=f"-{column}" if wanted.order == column else column)


def direction(wanted: Filter, column: str) -> str:
    """How the list is sorted by a column, as a heading says it."""
    return {column: "ascending", f"-{column}": "descending"}.get(wanted.order, "")


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
