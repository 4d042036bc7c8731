"""The first page of all, and that it is gone afterwards."""

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from tests.clients import Client, client_for
from webapp.models import Company, PaymentMethod, User

PASSWORD = "three green herons"


def payload(**changes: str) -> dict[str, str]:
    valid = {
        "company_name": "Blue Heron",
        "currency": "USD",
        "timezone": "America/New_York",
        "locale": "en_US",
        "tax_style": "without",
        "name": "Dana Reyes",
        "email": "dana@blueheron.test",
        "password": PASSWORD,
        "start": "empty",
    }
    return valid | changes


@pytest.fixture
def first(empty_app: Flask) -> Client:
    """The first visitor of a fresh installation."""
    empty_app.extensions.pop("carnet.set_up", None)
    return client_for(empty_app)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/profile"])
def test_everything_leads_there_first(first: Client, path: str) -> None:
    response = first.get(path)
    assert (response.status_code, response.location) == (302, "/setup")


def test_it_knows_the_language_of_the_browser(first: Client) -> None:
    page = first.get("/setup", headers={"Accept-Language": "de-AT,de;q=0.8"}).text
    assert '<option selected value="de_AT">' in page
    assert '<option selected value="EUR">' in page
    page = first.get("/setup", headers={"Accept-Language": "xx"}).text
    assert '<option selected value="USD">' in page


def test_set_up(first: Client) -> None:
    response = first.post("/setup", data=payload(currency="KWD", tax_style="included"))
    assert (response.status_code, response.location) == (303, "/")
    company = Company.get()
    assert (company.name, company.currency, company.decimals) == ("Blue Heron", "KWD", 3)
    assert (company.timezone, company.locale, company.tax_inclusive) == ("America/New_York", "en_US", True)
    assert PaymentMethod.select().count() == 5
    owner = User.get()
    assert (owner.name, owner.email, owner.role.name) == ("Dana Reyes", "dana@blueheron.test", "Owner")
    assert first.get("/profile").status_code == 200
    assert client_for(first.application).post(
        "/sign-in", data={"email": owner.email, "password": PASSWORD}
    ).status_code == 303  # fmt: skip


def test_then_it_is_gone(first: Client) -> None:
    first.post("/setup", data=payload())
    assert first.get("/setup").status_code == 404
    late = client_for(first.application)
    assert late.get("/setup").status_code == 404
    assert late.post("/setup", data=payload(email="eve@example.test")).status_code == 404
    assert User.select().count() == 1


def test_gone_where_there_is_a_business(visitor: Client, owner: Client) -> None:
    assert visitor.get("/setup").status_code == 404
    assert owner.get("/setup").status_code == 404


def test_second_of_two_at_the_same_moment(first: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first.post("/setup", data=payload())
    seen_a_moment_earlier = SimpleNamespace(current=lambda: None)
    monkeypatch.setattr("webapp.blueprints.setup.routes.Company", seen_a_moment_earlier)
    late = client_for(first.application)
    response = late.post("/setup", data=payload(email="eve@example.test"))
    assert (response.status_code, response.location) == (303, "/sign-in")
    assert User.select().count() == 1


def test_the_time_zone_is_one_of_a_list_of_cities(first: Client) -> None:
    """Nothing typed there can be wrong and cost the password; the browser looks at the rest before it is sent."""
    page = first.get("/setup").text
    assert re.search(r'<option value="America/New_York">New York · America, UTC−0[45]:00</option>', page)
    assert not re.search("<form[^>]*novalidate", page)
    page = first.post("/setup", data=payload(email="")).text
    assert '<option selected value="America/New_York">' in page


@pytest.mark.parametrize(
    "typed, zone",
    [
        ("New York", "America/New_York"),
        ("são paulo", "America/Sao_Paulo"),
        ("Buenos Aires", "America/Buenos_Aires"),
        ("asia/kolkata", "Asia/Kolkata"),
        ("utc", "UTC"),
    ],
)
def test_a_time_zone_is_known_by_its_city(first: Client, typed: str, zone: str) -> None:
    assert first.post("/setup", data=payload(timezone=typed)).status_code == 303
    assert Company.get().timezone == zone


REFUSED = [
    ("company_name", "", "Type the name of the business."),
    ("currency", "XXX", "Not a valid choice"),
    ("timezone", "", "Choose the time zone."),
    ("timezone", "Atlantis/Central", "Choose a time zone from the list."),
    ("timezone", "West", "Choose a time zone from the list."),
    ("locale", "tlh_QO", "Not a valid choice"),
    ("tax_style", "none", "Not a valid choice"),
    ("name", "", "Type your name."),
    ("email", "", "Type your email."),
    ("email", "dana", "Type it like name@example.com."),
    ("password", "", "Choose a password."),
    ("password", "short", "at least 12 characters"),
    ("password", "Blue Heron 2026", "anybody would try"),
]


def test_refused_and_kept(first: Client, subtests: pytest.Subtests) -> None:
    for field, value, sentence in REFUSED:
        with subtests.test(field=field, value=value, sentence=sentence):
            response = first.post("/setup", data=payload(**{field: value}))
            assert response.status_code == 422
            assert sentence in response.text
            kept = {name: text for name, text in payload().items() if name in ("company_name", "name", "email")} | {
                field: value
            }
            assert all(
                f'value="{kept[name]}"' in response.text for name in ("company_name", "name", "email") if kept[name]
            )
            assert PASSWORD not in response.text
            assert Company.current() is None


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A sample business that only notes who asked for it."""
    asked: list[Any] = []

    def fill(*, owner: User, on: date) -> None:
        asked.append(owner.name)

    monkeypatch.setattr("webapp.domain.demo.fill", fill)
    return asked


def test_the_sample_business_on_request(first: Client, filled: list[Any]) -> None:
    assert "The sample business" in first.get("/setup").text
    assert first.post("/setup", data=payload(start="sample")).status_code == 303
    assert filled == ["Dana Reyes"]


def test_otherwise_empty(first: Client, filled: list[Any]) -> None:
    assert first.post("/setup", data=payload()).status_code == 303
    assert filled == []


def test_through_htmx_it_is_a_navigation(first: Client) -> None:
    assert first.post("/setup", data=payload(), htmx="dialog#modal").headers["HX-Redirect"] == "/"


def test_only_looked_at_and_posted(first: Client) -> None:
    assert first.put("/setup").status_code == 405
