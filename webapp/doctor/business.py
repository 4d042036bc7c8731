"""What is in the database, as far as it must be for a working day."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.db import db, rows
from webapp.doctor.finding import Finding, fault, ok, warning
from webapp.migrations import state
from webapp.models import Company, PaymentMethod

PATIENCE = timedelta(minutes=5)


def clock(_: Mapping[str, Any]) -> Iterator[Finding]:
    """Only what is on record tells whether the clock went back."""
    if not state(db.obj).is_current:
        return
    last = rows("SELECT max(recorded_at) FROM journal")[0][0]
    moment = datetime.fromisoformat(last) if isinstance(last, str) else last
    if moment and moment > datetime.now(UTC) + PATIENCE:
        yield fault("clock", f"The books have an entry of {moment:%Y-%m-%d %H:%M} UTC, which is still to come for this"
                    " machine's clock. Set the clock, and let it keep time by NTP.")  # fmt: skip
    else:
        yield ok("clock", f"It says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, after the last entry of the books.")


def time_zone(_: Mapping[str, Any]) -> Iterator[Finding]:
    if not state(db.obj).is_current or not (company := Company.current()):
        return
    try:
        ZoneInfo(company.timezone)
    except (KeyError, ValueError, OSError):
        yield fault("time-zone", f"Nothing is known of {company.timezone}, the zone of the business. Install tzdata,"
                    " as requirements.txt says.")  # fmt: skip
    else:
        yield ok("time-zone", f"{company.timezone} is known.")


def account_method(_: Mapping[str, Any]) -> Iterator[Finding]:
    if not state(db.obj).is_current or not Company.current():
        return
    if PaymentMethod.account_is_active():
        yield ok("account-method", "Customers can pay from their account.")
    else:
        yield warning("account-method", "No active payment method is the account, so no package can be sold. Look at"
                      " Settings, Payment methods.")  # fmt: skip


LOOKS = (clock, time_zone, account_method)
