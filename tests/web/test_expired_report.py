"""Reports: what packages still held when they expired."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta

import peewee
import pytest
from flask import Flask

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.conftest import Once
from tests.web.billing import on_the_day, words
from webapp.domain import checks, expiries, memberships
from webapp.models import Company, Package, Role, User
from webapp.permissions import Permission

URL = "/reports/expired"
SOLD, ENDED = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day(date(2026, 6, 1)):
        yield
    assert checks.faults() == []


@pytest.fixture
def sold(cast: dict[str, User], once: Once) -> None:
    return once(sell, cast)


def sell(cast: dict[str, User]) -> None:
    """Ann's goes back to her account, with 50.00 never paid; Bea's is forfeited a week later."""
    by, piano = cast["owner"], make.piano(validity="days", validity_count=30)
    for name, paid, shift in (("Ann", "400", 0), ("Bea", "450", 7)):
        on = SOLD + timedelta(days=shift)
        make.pay(make.save(make.somebody(name), (piano, None), by=by, on=on), ("cash", paid), by=by, on=on)
    memberships.expire_due(ENDED)
    Company.update(expiry_policy="forfeit").execute()
    memberships.expire_due(ENDED + timedelta(days=7))


def names(text: str) -> list[str]:
    return re.findall(r"<bdi>(Ann|Bea)</bdi>", text)


def test_nothing_yet(bookkeeper: Client) -> None:
    assert "No package has expired with value in it" in words(bookkeeper.get(URL))


@pytest.mark.usefixtures("sold")
def test_what_went_where(bookkeeper: Client) -> None:
    page = bookkeeper.get(URL)
    text = words(page)
    assert names(page.text) == ["Bea", "Ann"]
    assert "Returned to account $400.00 Forfeited $450.00 Unpaid, credited $50.00 Came back since $0.00" in text
    assert "1 Apr 2026 Ann PIANO 31 Mar 2026 400.00 — 50.00 —" in text
    assert "8 Apr 2026 Bea PIANO 7 Apr 2026 — 450.00 — —" in text
    assert "2 expired with value" in text
    assert f'href="{URL}"' in bookkeeper.get("/reports").text


@pytest.mark.usefixtures("sold")
def test_a_period(bookkeeper: Client) -> None:
    page = bookkeeper.get(f"{URL}?from=2026-04-02&to=2026-04-30")
    assert names(page.text) == ["Bea"]
    assert "Returned to account $0.00 Forfeited $450.00" in words(page)
    assert names(bookkeeper.get(f"{URL}?to=2026-04-01").text) == ["Ann"]
    assert "Nothing expired in this period" in words(bookkeeper.get(f"{URL}?to=2026-03-31"))
    for query in ("from=soon", "to=2026-02-30", "from=0001-01-01", "cursor=%00", "cursor=x&from="):
        assert names(bookkeeper.get(f"{URL}?{query}").text) == ["Bea", "Ann"]


@pytest.mark.usefixtures("sold")
def test_htmx_gets_the_region_alone(bookkeeper: Client) -> None:
    region = bookkeeper.get(f"{URL}?from=2026-04-02", htmx="div#expired-value").text
    assert region.lstrip().startswith('<div id="expired-value"')
    assert f'hx-get="{URL}?from=2026-04-02"' in region
    assert "<html" not in region


@pytest.mark.usefixtures("sold")
def test_page_by_page(bookkeeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiries, "SHOWN", 1)
    first = bookkeeper.get(f"{URL}?to=2026-05-01").text
    following = re.search(r'id="expired-value-next" href="([^"]*)"', first)
    assert following
    assert "to=2026-05-01" in following[1]
    second = bookkeeper.get(following[1].replace("&amp;", "&"))
    assert (names(first), names(second.text)) == (["Bea"], ["Ann"])
    assert "Forfeited $450.00" in words(second), "the sums are of all pages"


@pytest.mark.usefixtures("sold")
def test_as_a_file(bookkeeper: Client) -> None:
    answer = bookkeeper.get(f"{URL}/export?from=2026-04-01&to=2026-04-07")
    assert answer.mimetype == "text/csv"
    found = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert found[0][:5] == ["Expired on", "Customer", "Package", "Number", "Last day"]
    assert found[1:] == [
        ["2026-04-01", "Ann", "PIANO", "M-0001", "2026-03-31", "400.00", "0.00", "50.00", "0.00"],
    ]


@pytest.mark.usefixtures("sold")
def test_names_are_no_links_for_whoever_may_not_see_them(bookkeeper: Client) -> None:
    assert 'href="/customers/1"' in bookkeeper.get(URL).text
    held = frozenset({Permission.VIEW_REPORTS})
    Role.update(permissions=held).where(Role.name == "Bookkeeper").execute()
    page = bookkeeper.get(URL).text
    assert names(page) == ["Bea", "Ann"]
    assert "/customers/1" not in page
    assert "/billing/memberships/" not in page


@pytest.mark.parametrize("name", CAST)
def test_who_may(app: Flask, name: str) -> None:
    client = client_for(app, name)
    may = Permission.VIEW_REPORTS in Role.get(Role.name == CAST[name]).permissions
    for address in (URL, f"{URL}/export"):
        assert client.get(address).status_code == (200 if may else 403)
        assert client.post(address).status_code == 405


def test_what_never_held_anything_is_not_there(bookkeeper: Client, cast: dict[str, User]) -> None:
    make.add(make.somebody("Ann"), make.piano(validity="days", validity_count=30), by=cast["owner"], on=SOLD)
    assert memberships.expire_due(ENDED) == 1
    assert names(bookkeeper.get(URL).text) == []
    assert Package.select().count() == 1
