"""The record of who did what: one row for each act, written in the act's own transaction."""

import json
from typing import Any

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


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Only what differs, as ``{name: [before, after]}``."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
