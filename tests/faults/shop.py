"""A business with customers who owe a lot, the app that serves it as run.py does, and how to be signed in to it."""

import contextlib
import http.client
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import run
from tests import factories as make
from tests.business import address, set_up_business
from tests.clients import Client, client_for, session_cookie
from tests.conftest import disconnect
from tests.faults.engines import Engine, children
from tests.web.billing import customer
from tests.web.money_forms import Desk
from webapp import create_app
from webapp.db import db
from webapp.domain import checks
from webapp.migrations import migrate
from webapp.models import User

LONG = {"SESSION_HOURS": 24 * 365 * 200, "SESSION_IDLE_MINUTES": 60 * 24 * 365 * 200}
SECRET = "only for the faults"


class Debtor(NamedTuple):
    """A customer and an invoice of theirs for a million, of which much can be paid in small payments."""

    customer: int
    invoice: int


class Shop:
    """The business, seen from outside: its database is only looked into when a fault is over."""

    def __init__(self, engine: Engine, debtors: int = 8) -> None:
        self.engine = engine
        self.instance = engine.folder / "instance"
        self.instance.mkdir(mode=0o700, exist_ok=True)
        database = _connected(engine.url)
        set_up_business()
        disconnect(database)
        self.app = create_app({"DATABASE_URL": engine.url, "INSTANCE": self.instance, "SECRET_KEY": SECRET, **LONG})
        self.app.test_client_class = Client
        self.database = self.app.extensions["carnet.database"]
        self.cookie = f"{self.app.config['SESSION_COOKIE_NAME']}={session_cookie(self.app, 'owner')}"
        self.token = client_for(self.app, "owner").csrf_token()
        self.today = datetime.now(UTC).date()
        with self.connected():
            self.owner = User.get(User.email == address("owner"))
            self.cash = make.method().id
            self.debtors = [self._debtor(number) for number in range(debtors)]
        self.close()

    def _debtor(self, number: int) -> Debtor:
        who, book = customer(f"Ann {number}"), make.item(f"Book {number}", "1000000")
        return Debtor(who.id, make.save(who, (book, "1"), by=self.owner, on=self.today).id)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """With a connection to the database; the app, asked from here, may close it meanwhile."""
        db.connect(reuse_if_open=True)
        try:
            yield
        finally:
            if not db.is_closed():
                db.close()

    @contextlib.contextmanager
    def desk(self) -> Iterator[Desk]:
        """The owner, who fills in forms without the served app."""
        with self.connected():
            yield Desk(client_for(self.app, "owner"), self.owner)

    def reopen(self) -> None:
        """Look into this business again, after another database was looked into."""
        db.initialize(self.database)

    def close(self) -> None:
        """Leave the database to the app that is served."""
        disconnect(self.database)

    def books(self) -> list[str]:
        """What check-ledger finds wrong."""
        with self.connected():
            return [f"{fault.name}: {fault.sentence}" for fault in checks.faults()]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.engine.url,
            "SECRET_KEY": SECRET,
            "CARNET_INSTANCE": str(self.instance),
            **{f"CARNET_{name}": str(value) for name, value in LONG.items()},
        }


def _connected(url: str) -> Any:
    from webapp import db as databases

    database = databases.connect(url)
    migrate(database)
    return database


class Answer(NamedTuple):
    """What came back; 0 when nothing did."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = {}


NOTHING = Answer(0)


class Served:
    """gunicorn with the app, started as run.py starts it."""

    def __init__(self, shop: Shop, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.shop, self.port, self.process, self.log = shop, port, process, log

    def workers(self) -> list[int]:
        return children(self.process.pid)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, fields: Mapping[str, object], **headers: str) -> Answer:
        return self.send("POST", path, urlencode(fields, doseq=True), headers)

    def send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One request of the owner's on a connection of its own."""
        sent = {"Cookie": self.shop.cookie, "X-CSRFToken": self.shop.token, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            try:
                connection.request(method, path, body, sent)
                response = connection.getresponse()
                return Answer(response.status, response.read().decode(errors="replace"), dict(response.getheaders()))
            except (OSError, http.client.HTTPException):
                return NOTHING

    def pay(self, debtor: Debtor, minor: int, key: str | None = None) -> Answer:
        """A part of a debtor's invoice, in cash."""
        return self.post(f"/billing/invoices/{debtor.invoice}/payments/new", self.payment(minor, key))

    def payment(self, minor: int, key: str | None = None) -> dict[str, str]:
        """The fields of such a payment, as its form would send them."""
        return {
            "form_key": key or secrets.token_urlsafe(18),
            "received_on": self.shop.today.isoformat(),
            "shown": "",
            f"method-{self.shop.cash}": f"{minor // 100}.{minor % 100:02d}",
        }


@contextlib.contextmanager
def serve(
    shop: Shop, *options: str, before: tuple[str, ...] = (), url: str | None = None, **environment: str
) -> Iterator[Served]:
    """The app on a free port; `before` is a program to start it under, `url` another way to the same database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*before, sys.executable, "-m", "gunicorn", *run.GUNICORN, *options]
    command += [f"--bind=127.0.0.1:{port}", "wsgi:app"]
    surroundings = {**os.environ, **shop.environment, **({"DATABASE_URL": url} if url else {}), **environment}
    with tempfile.NamedTemporaryFile(prefix="carnet-log-") as log:
        process = subprocess.Popen(command, cwd=run.ROOT, env=surroundings, stdout=log, stderr=log)
        served = Served(shop, port, process, Path(log.name))
        try:
            _wait(served)
            yield served
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            process.kill()
            process.wait()


def _wait(served: Served) -> None:
    for _ in range(600):
        if served.process.poll() is not None:
            raise RuntimeError(f"The app did not start:\n{served.log.read_text(errors='replace')[-3000:]}")
        if served.workers() and served.send("GET", "/sign-in", timeout=5).status:
            return
        time.sleep(0.05)
    raise RuntimeError("The app did not start.")
