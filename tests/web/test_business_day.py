"""The business day is that of the company's time zone, wherever the server stands and whatever its clock does."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests import factories as make
from tests.clients import Client
from tests.web.billing import customer, filled
from webapp.domain import checks
from webapp.models import Company, Customer, Membership, User

# The first moment of a business day, in UTC; the second before is still the day before.
MIDNIGHTS = [
    ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29"),  # the day that is an hour short
    ("Europe/Berlin", "2026-03-29T22:00", "2026-03-30"),
    ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25"),  # the day that is an hour longer
    ("Europe/Berlin", "2026-10-25T23:00", "2026-10-26"),
    ("America/New_York", "2026-03-08T05:00", "2026-03-08"),
    ("America/New_York", "2026-03-09T04:00", "2026-03-09"),
    ("America/New_York", "2026-11-01T04:00", "2026-11-01"),
    ("America/New_York", "2026-11-02T05:00", "2026-11-02"),
    ("Pacific/Apia", "2026-06-14T11:00", "2026-06-15"),  # thirteen hours ahead
    ("Asia/Kathmandu", "2026-06-14T18:15", "2026-06-15"),  # five hours and three quarters
    ("Australia/Lord_Howe", "2026-04-04T13:00", "2026-04-05"),  # the clocks change by half an hour
    ("Australia/Lord_Howe", "2026-04-05T13:30", "2026-04-06"),
    ("Australia/Lord_Howe", "2026-10-03T13:30", "2026-10-04"),
    ("Australia/Lord_Howe", "2026-10-04T13:00", "2026-10-05"),
    ("Africa/Casablanca", "2026-02-14T23:00", "2026-02-15"),  # an hour back for Ramadan
    ("Africa/Casablanca", "2026-02-16T00:00", "2026-02-16"),
    ("Africa/Casablanca", "2026-03-22T00:00", "2026-03-22"),
    ("Africa/Casablanca", "2026-03-22T23:00", "2026-03-23"),
]
SERVERS = ["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Australia/Lord_Howe"]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The clock of the machine is set to another time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    assert os.environ["TZ"] == request.param
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def emma(cast: dict[str, User]) -> Customer:
    return customer()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def service_date(client: Client, buyer: Customer) -> str:
    """The day that a new invoice begins with."""
    return filled(client.get(f"/billing/invoices/new?customer={buyer.id}"), "draft-add")["service_on"]


def test_the_day_begins_at_midnight_of_the_company(owner: Client, emma: Customer, server: str) -> None:
    wrong = {}
    for zone, midnight, day in MIDNIGHTS:
        Company.update(timezone=zone).execute()
        began = moment(midnight)
        assert began.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") == f"{day} 00:00"
        before = str(date.fromisoformat(day) - timedelta(days=1))
        for when, expected in ((began - timedelta(seconds=1), before), (began, day)):
            with time_machine.travel(when, tick=False):
                said = service_date(owner, emma)
            if said != expected:
                wrong[f"{zone}, {when}"] = said, expected
    assert not wrong


@pytest.mark.parametrize("zone, midnight, day", MIDNIGHTS[1:4:2] + MIDNIGHTS[8:10] + MIDNIGHTS[13:14])
def test_a_package_ends_at_midnight_of_the_company(
    owner: Client, emma: Customer, cast: dict[str, User], server: str, zone: str, midnight: str, day: str
) -> None:
    Company.update(timezone=zone).execute()
    last = date.fromisoformat(day) - timedelta(days=1)
    make.add(emma, make.piano(validity="days", validity_count=10), by=cast["owner"], on=last - timedelta(days=10))
    assert Membership.get().end_on == last
    with time_machine.travel(moment(midnight) - timedelta(seconds=1), tick=False):
        assert owner.get("/billing/packages").status_code == 200
        assert Membership.get().is_active
    with time_machine.travel(moment(midnight), tick=False):
        assert "Expired" in owner.get("/billing/packages").text
        ended = Membership.get()
        assert (ended.reason, str(ended.inactive_on)) == ("expired", day)
    assert not checks.faults()


@pytest.mark.usefixtures("server")
def test_a_day_that_never_was_on_the_calendar() -> None:
    """Samoa went from the 29th to the 31st of December 2011."""
    samoa = Company(timezone="Pacific/Apia")
    assert samoa.day_of(moment("2011-12-30T09:59:59")) == date(2011, 12, 29)
    assert samoa.day_of(moment("2011-12-30T10:00:00")) == date(2011, 12, 31)
