"""What the lists of records have in common: what is searched for, active or inactive ones, and the page."""

from datetime import date
from typing import Any, NamedTuple

from flask import request, url_for

from webapp.forms import tidy

LONGEST_SEARCH = 100
STATUSES = (("", "Active"), ("inactive", "Inactive"), ("all", "Active and inactive"))


class Asked(NamedTuple):
    """What the address asks of a list; `status` is ``active``, ``inactive`` or ``all``."""

    typed: str
    status: str
    cursor: str

    @property
    def is_filtered(self) -> bool:
        """Whether there may be more than is shown, behind the filter."""
        return bool(self.typed) or self.status != "active"

    def url(self, endpoint: str, cursor: str = "") -> str:
        """The address of the same list at that page."""
        status = "" if self.status == "active" else self.status
        kept: dict[str, Any] = {"q": self.typed, "status": status, "cursor": cursor}
        return url_for(endpoint, **{name: value for name, value in kept.items() if value})

    def page_url(self, endpoint: str, cursor: str) -> str:
        """The address of the page that a cursor stands for, or nothing where there is none."""
        return self.url(endpoint, cursor) if cursor else ""


def asked() -> Asked:
    """Read the address of a list; what it does not know is as if it were not there."""
    status = request.args.get("status", "")
    known = status if status in ("inactive", "all") else "active"
    return Asked(typed(), known, request.args.get("cursor", ""))


def typed(name: str = "q") -> str:
    """What was typed into the search field or a type-ahead, or what the address says under another name."""
    return (tidy(request.args.get(name, "")) or "")[:LONGEST_SEARCH]


def asked_id(name: str) -> int:
    """An id in the address; 0, which is nobody's, for what is none."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def asked_day(name: str) -> date | None:
    """A day in the address; None for what is none."""
    return request.args.get(name, type=date.fromisoformat)
