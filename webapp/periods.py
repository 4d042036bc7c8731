"""From one day to another: what an address asks for, and the periods that people ask for."""

from datetime import date, timedelta
from typing import Any, NamedTuple, Self

from flask import request, url_for

from webapp.forms import EARLIEST, LATEST
from webapp.presentation import today


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    @classmethod
    def month(cls, day: date) -> Self:
        """The month of a day."""
        first = day.replace(day=1)
        return cls(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))

    @property
    def end(self) -> date:
        """The last day of it that has come, or the first when none has."""
        return min(self.last, max(today(), self.first))

    @property
    def before(self) -> "Period":
        """The month before the one in which it begins."""
        return Period.month(self.first.replace(day=1) - timedelta(days=1))

    @property
    def after(self) -> "Period":
        """The month after the one in which it begins."""
        return Period.month(Period.month(self.first).last + timedelta(days=1))

    def url(self, endpoint: str, **values: Any) -> str:
        """The address of a screen for this period."""
        days: dict[str, Any] = {"from": self.first, "to": self.last}
        return url_for(endpoint, **values, **days)


def asked() -> Period:
    """The period that the address asks for; this month where there is none. The earlier day is the first."""
    usual = Period.month(today())
    days = asked_day("from") or usual.first, asked_day("to") or usual.last
    return Period(min(days), max(days))


def asked_day(name: str) -> date | None:
    """A day in the address; None for what is none."""
    day = request.args.get(name, type=date.fromisoformat)
    return day if day and EARLIEST <= day <= LATEST else None


def usual() -> dict[str, Period]:
    """The periods that people ask for."""
    month = Period.month(today())
    year = month.first.year
    return {
        "This month": month,
        "Last month": month.before,
        "This year": Period(date(year, 1, 1), date(year, 12, 31)),
    }
