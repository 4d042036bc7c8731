"""Two processes with one database, as two hosts would have: what is done through one is known to the other at once."""

import http.client
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.bench.servers import serve
from tests.business import PASSWORD, cheap_hash
from tests.clients import Client
from tests.conftest import Running
from tests.web.money_forms import Desk, pay
from webapp.db import is_sqlite, rows, utcnow
from webapp.domain import checks
from webapp.domain.memberships import ACCOUNT_OFF
from webapp.domain.sign_ins import PER_ACCOUNT
from webapp.models import Company, PaymentMethod, Role, User

POOL = 4
HOUSE = {
    "company_name": "Blue Heron",
    "currency": "USD",
    "timezone": "Europe/Vienna",
    "locale": "en_US",
    "tax_style": "without",
    "name": "Dana Reyes",
    "email": "dana@carnet.test",
    "password": PASSWORD,
    "start": "empty",
}


class Answer(NamedTuple):
    status: int
    location: str
    text: str


class There:
    """The other app, in a process of its own. Whoever asks it comes with the cookie that they have here."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, who: Client, path: str) -> Answer:
        return self._ask(who, "GET", path, None)

    def post(self, who: Client, path: str, fields: Any) -> Answer:
        return self._ask(who, "POST", path, urlencode(fields, doseq=True))

    def _ask(self, who: Client, method: str, path: str, body: str | None) -> Answer:
        name = who.application.config["SESSION_COOKIE_NAME"]
        headers = {"X-CSRFToken": who.csrf_token(), "Content-Type": "application/x-www-form-urlencoded"}
        cookie = who.get_cookie(name)  # made, where there was none, with the token
        headers |= {"Cookie": f"{name}={cookie.value}"} if cookie else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            if given := re.match(rf"{name}=([^;]*)", response.getheader("Set-Cookie", "")):
                who.set_cookie(name, given[1])
            return Answer(response.status, response.getheader("Location", ""), response.read().decode())


class Here:
    """This app, with its owner, whom the set-up page signs in."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.owner = self.visitor()

    def visitor(self) -> Client:
        client = self.app.test_client()
        assert isinstance(client, Client)
        return client

    def someone(self, name: str, role: str = "Front Desk") -> Client:
        """A new member of staff, signed in here."""
        User.create(
            email=f"{name}@carnet.test",
            name=name,
            password_hash=cheap_hash(),
            role=Role.get(Role.name == role),
            created_at=utcnow(),
        )
        client = self.visitor()
        assert client.post("/sign-in", data=signing_in(name)).status_code == 303
        return client


def signing_in(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"email": f"{name}@carnet.test", "password": password}


@pytest.fixture
def there(empty_app: Flask, engine: Running) -> Iterator[There]:
    environment = {
        "DATABASE_URL": engine.engine.url,
        "SECRET_KEY": str(empty_app.secret_key),
        "CARNET_INSTANCE": str(empty_app.config["INSTANCE"]),
        "CARNET_DATABASE_POOL": str(POOL),
    }
    with serve("wsgi:app", **environment) as server:
        yield There(server.connection.port)


@pytest.fixture
def here(empty_app: Flask) -> Here:
    empty_app.extensions.pop("carnet.set_up", None)
    return Here(empty_app)


def set_up(here: Here, there: There) -> None:
    assert there.get(here.owner, "/profile").location == "/setup"
    assert here.owner.post("/setup", data=HOUSE).status_code == 303
    assert there.get(here.owner, "/setup").status == 404
    assert there.get(here.owner, "/profile").status == 200


def sign_in_and_out(here: Here, there: There) -> None:
    ann = here.someone("ann")
    assert there.get(ann, "/profile").status == 200
    assert there.post(ann, "/sign-out", {}).status == 303
    assert ann.get("/profile").status_code == 302
    assert there.post(ann, "/sign-in", signing_in("ann")).status == 303
    assert ann.get("/profile").status_code == 200
    other = here.visitor()
    other.post("/sign-in", data=signing_in("ann"))
    assert there.get(other, "/profile").status == 200
    ann.post("/profile/sign-ins/end")
    assert (there.get(other, "/profile").status, there.get(ann, "/profile").status) == (302, 200)


def wrong_passwords(here: Here, there: There) -> None:
    here.someone("bea")
    guesser = here.visitor()
    for _ in range(PER_ACCOUNT // 2):
        assert guesser.post("/sign-in", data=signing_in("bea", "wrong")).status_code == 422
        assert there.post(guesser, "/sign-in", signing_in("bea", "wrong")).status == 422
    assert guesser.post("/sign-in", data=signing_in("bea")).status_code == 429
    assert there.post(guesser, "/sign-in", signing_in("bea")).status == 429


def form_keys(here: Here, there: There) -> None:
    one = pay(Desk(here.owner, User.get(User.email == HOUSE["email"])))
    first = here.owner.post(one.path, data=one.fields)
    again = there.post(here.owner, one.path, one.fields)
    assert (first.status_code, again.status, again.location) == (303, 303, first.location)
    assert rows("SELECT COUNT(*) FROM form_key WHERE form_key = ?", (one.fields["form_key"],)) == [(1,)]
    more = {**one.fields, "more": "typed since"}
    assert there.post(here.owner, one.path, more).status != 303


def permissions(here: Here, there: There) -> None:
    cleo = here.someone("cleo")
    desk = Role.get(Role.name == "Front Desk")
    assert (cleo.get("/reports").status_code, there.get(cleo, "/reports").status) == (403, 403)
    granted = {"name": desk.name, "permissions": ["View Reports"], "version": str(desk.version)}
    assert there.post(here.owner, f"/settings/roles/{desk.id}/edit", granted).status == 303
    assert (cleo.get("/reports").status_code, there.get(cleo, "/reports").status) == (200, 200)
    taken = {"name": desk.name, "permissions": [], "version": str(desk.version + 1)}
    assert here.owner.post(f"/settings/roles/{desk.id}/edit", data=taken).status_code == 303
    assert (cleo.get("/reports").status_code, there.get(cleo, "/reports").status) == (403, 403)


def people(here: Here, there: There) -> None:
    dora = here.someone("dora")
    assert there.get(dora, "/profile").status == 200
    User.update(active=False).where(User.email == "dora@carnet.test").execute()
    assert (dora.get("/profile").status_code, there.get(dora, "/profile").status) == (302, 302)


def company(here: Here, there: There) -> None:
    assert 'value="0.00"' in there.get(here.owner, "/settings/company").text
    version = str(Company.get_by_id(1).version)
    changed = {"company_name": "Grey Heron", "timezone": "Europe/Vienna", "locale": "de_AT", "due_days": "30"}
    changed |= {"credit_limit_minor": "50.00", "expiry_policy": "return", "version": version}
    assert here.owner.post("/settings/company", data=changed).status_code == 303
    page = there.get(here.owner, "/settings/company").text
    assert ('value="50,00"' in page, "Grey Heron" in page) == (True, True)


def account_method(here: Here, there: There) -> None:
    account = PaymentMethod.get(PaymentMethod.kind == "account")
    new = "/billing/packages/new"
    assert ACCOUNT_OFF not in there.get(here.owner, new).text
    assert here.owner.post(f"/settings/payment-methods/{account.id}/switch", data={"on": "0"}).status_code == 303
    assert ACCOUNT_OFF in there.get(here.owner, new).text


def connections(here: Here, there: There) -> None:
    """Twenty pages at once go through a pool of four, and every connection is given back."""
    with ThreadPoolExecutor(20) as people:
        pages = list(people.map(lambda _: there.get(here.owner, "/billing/invoices").status, range(20)))
    assert pages == [200] * 20
    if not is_sqlite():
        [(state, number)] = rows("""SELECT state, COUNT(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'carnet %' GROUP BY state""")
        assert (state, 1 <= number <= POOL) == ("idle", True)


TOPICS: tuple[Callable[[Here, There], None], ...] = (
    set_up, sign_in_and_out, wrong_passwords, form_keys, permissions, people, company, account_method, connections,
)  # fmt: skip


def test_what_one_app_does_the_other_knows(here: Here, there: There) -> None:
    for topic in TOPICS:
        topic(here, there)
    assert checks.faults() == []
