"""The card of a membership: what it says, and what its code opens."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask

from tests import factories as make
from tests.clients import Client, client_for, session_cookie
from tests.test_codes import squares
from webapp import codes
from webapp.config import public_url
from webapp.domain import memberships
from webapp.models import Item, Membership, User


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(make.DAY, tick=False):
        yield


@pytest.fixture
def pilot(cast: dict[str, User]) -> Membership:
    """PPL with 2,000.00 paid in, 10.0 of 40.0 h used."""
    pilot, ppl, desk = make.somebody("Pia Lot"), make.ppl(), cast["owner"]
    make.pay(make.save(pilot, (ppl, "2000"), by=desk), by=desk)
    make.settle(make.save(pilot, (Item.get(Item.name == "C172"), "10"), by=desk), by=desk)
    return make.bought(pilot)


def card(client: Client, membership: Membership, **more: Any) -> str:
    page = client.get(f"/billing/memberships/{membership.id}/card", **more)
    assert page.status_code == 200
    return page.text


def text(page: str) -> str:
    markup = re.findall(r'<section class="member-card".*?</section>', page, re.DOTALL)[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def test_it_says_what_the_customer_has(frontdesk: Client, pilot: Membership) -> None:
    said = text(card(frontdesk, pilot))
    for words in (
        f"{pilot.code} Pia Lot PPL",
        "C172 @ 120.00 30.0 of 40.0 h left",
        "Instruction @ 55.00 20.0 of 20.0 h left",
        "No last day · package funds $800.00",
        "As of 1 Jun 2026",
    ):
        assert words in said


def test_the_last_day_and_an_end_are_said(frontdesk: Client, cast: dict[str, User]) -> None:
    piano = make.add(make.somebody("Ann"), make.piano(validity="days", validity_count=30), by=cast["owner"])
    assert "Last day 1 Jul 2026" in text(card(frontdesk, piano))
    memberships.remove([memberships.Removal(piano.id, piano.version)], by=cast["owner"], on=make.DAY)
    assert "PIANO · removed" in text(card(frontdesk, piano))


def test_the_code_opens_the_membership_at_the_address_people_use(app: Flask, pilot: Membership) -> None:
    client = client_for(app)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], session_cookie(app, "frontdesk"), domain="books.example.test")
    page = card(client, pilot, base_url="http://books.example.test")
    wanted = codes.svg(f"http://books.example.test/billing/memberships/{pilot.id}", f"QR code that opens {pilot.code}")
    assert squares(re.findall(r'<svg class="qr".*?</svg>', page)[0]) == squares(wanted)
    assert "only this machine knows" not in page
    assert "only this machine knows" in card(client_for(app, "frontdesk"), pilot)


def test_a_name_in_a_forwarded_header_is_not_believed(frontdesk: Client, pilot: Membership) -> None:
    plain, forged = (
        card(frontdesk, pilot, headers=headers) for headers in ({}, {"X-Forwarded-Host": "elsewhere.example"})
    )
    assert re.findall(r'<svg class="qr".*?</svg>', plain) == re.findall(r'<svg class="qr".*?</svg>', forged)


def test_the_code_has_the_address_that_is_set(
    app: Flask, frontdesk: Client, pilot: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://books.example.test")
    page = card(frontdesk, pilot)
    wanted = codes.svg(f"https://books.example.test/billing/memberships/{pilot.id}", f"QR code that opens {pilot.code}")
    assert squares(re.findall(r'<svg class="qr".*?</svg>', page)[0]) == squares(wanted)
    assert "only this machine knows" not in page


@pytest.mark.parametrize(
    "host, path, status",
    [
        ("books.example.test", "/sign-in", 200),
        ("books.example.test:8443", "/sign-in", 200),
        ("localhost:8000", "/sign-in", 200),
        ("elsewhere.example", "/sign-in", 421),
        ("elsewhere.example", "/", 421),
        ("elsewhere.example", "/healthz", 200),
    ],
)
def test_where_the_address_is_set_other_names_are_refused(
    app: Flask, visitor: Client, monkeypatch: pytest.MonkeyPatch, host: str, path: str, status: int
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://books.example.test")
    answer = visitor.get(path, base_url=f"http://{host}")
    assert (answer.status_code, "not the name of this site" in answer.text) == (status, status == 421)


@pytest.mark.parametrize("typed", ["", "https://books.example.test", "http://10.0.0.5:8000/"])
def test_addresses_that_can_be_set(typed: str) -> None:
    assert public_url(typed) == typed.rstrip("/")


@pytest.mark.parametrize(
    "typed", ["books.example.test", "ftp://books.example.test", "https://", "https://x.test/carnet"]
)
def test_addresses_that_cannot_be_set(typed: str) -> None:
    with pytest.raises(ValueError, match="CARNET_URL must be an address such as"):
        public_url(typed)


def test_whoever_reads_the_code_must_be_signed_in(app: Flask, pilot: Membership) -> None:
    response = client_for(app).get(f"/billing/memberships/{pilot.id}")
    assert response.status_code in (302, 303)
    assert f"memberships%2F{pilot.id}" in response.location.replace("/", "%2F")


def test_the_page_and_the_menu_lead_to_it(frontdesk: Client, pilot: Membership) -> None:
    link = f'href="/billing/memberships/{pilot.id}/card"'
    assert link in frontdesk.get(f"/billing/memberships/{pilot.id}").text
    assert link in frontdesk.get(f"/billing/memberships/{pilot.id}/actions", htmx="div#menu").text
