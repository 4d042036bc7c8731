"""What the audit log says of the act that a test has just done."""

import json
from typing import Any

from webapp.models import Audit


def acts() -> list[str]:
    """All acts so far, the latest last; the business itself was set up first."""
    return [row.act for row in Audit.select().order_by(Audit.id)]


def latest() -> tuple[str, dict[str, Any]]:
    """The latest act with its detail."""
    row = Audit.select().order_by(Audit.id.desc()).get()
    return row.act, json.loads(row.detail)
