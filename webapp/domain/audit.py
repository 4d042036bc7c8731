"""The record of who did what: one row for each act, written in the act's own transaction."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from webapp.db import utcnow
from webapp.models import Audit, Customer, User

AUTOMATIC = "Carnet"
"""The actor of what happens by itself, such as an expiry."""


def record(
    act: str,
    subject: str,
    subject_id: int,
    *,
    by: User | None,
    customer: Customer | int | None = None,
    reason: str = "",
    **detail: Any,
) -> Audit:
    """Write down an act on ``subject`` (``customer``, ``invoice``, …) with what it changed. Holds ids, never names."""
    return Audit.create(
        at=utcnow(),
        user=by,
        actor=f"user:{by.id}" if by else AUTOMATIC,
        act=act,
        subject=subject,
        subject_id=subject_id,
        customer=customer,
        reason=reason,
        detail=json.dumps(detail, default=str, sort_keys=True),
    )


class Latest(NamedTuple):
    """Who did the latest act on something, and when."""

    actor: str
    at: datetime


def latest(subject: str, subject_id: int) -> Latest | None:
    """The latest act that was written down about a record."""
    is_it = (Audit.subject == subject) & (Audit.subject_id == subject_id)
    found = Audit.select().where(is_it).order_by(Audit.id.desc()).first()
    return Latest(found.user.name if found.user_id else AUTOMATIC, found.at) if found else None


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Only what differs, as ``{name: [before, after]}``."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
