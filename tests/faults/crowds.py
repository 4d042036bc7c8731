"""Crowds: many who want the last of something at the same moment, slow clients, and what no browser sends."""

import contextlib
import secrets
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import factories as make
from tests.faults import engines
from tests.faults.report import Outcome
from tests.faults.shop import Answer, Served, Shop, serve
from tests.web.money_forms import Desk, Sent, cash
from webapp.db import rows
from webapp.models import Customer, Item
from webapp.serving import REQUEST_SECONDS

PAYERS, SLOW = 50, 200
LONGEST_SECONDS = 1.0
"""What the others may wait, nineteen times of twenty, while slow clients are there."""


def at_once(served: Served, forms: Sequence[Sent]) -> list[Answer]:
    """All of them at the same moment, each on a connection of its own."""
    answers: list[Answer] = []
    ready = threading.Barrier(len(forms))

    def send(form: Sent) -> None:
        ready.wait()
        answers.append(served.post(form.path, form.fields))

    people = [threading.Thread(target=send, args=(form,)) for form in forms]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return answers


def of_the_last(engine: str, runs: int) -> Outcome:
    """F11: fifty for one invoice, for the last unit of a package, for one balance: one gets it, the others hear no."""
    wrong, acknowledged, slowest = list[str](), 0, 0.0
    options = ("--workers=2",) if engine == "postgres" else ()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        with serve(shop, *options) as served:
            for number in range(runs):
                for scene in (_invoice, _unit, _balance):
                    with shop.connected(), shop.desk() as desk:
                        forms, happened = scene(desk)
                    began = time.monotonic()
                    statuses = Counter(answer.status for answer in at_once(served, forms))
                    slowest = max(slowest, time.monotonic() - began)
                    with shop.connected():
                        count = happened()
                    acknowledged += statuses[303]
                    refused = statuses[422] + statuses[409]
                    if (count, statuses[303], refused) != (1, 1, PAYERS - 1):
                        wrong.append(f"round {number}, {scene.__name__.strip('_')}: {count} happened, {dict(statuses)}")
            books = shop.books()
            shop.close()
    doubled = sum("happened" in sentence for sentence in wrong)
    name = "F11 fifty for the last"
    return Outcome(name, engine, runs * 3, acknowledged, 0, doubled + len(books), slowest, [*wrong, *books])


Scene = tuple[list[Sent], Callable[[], int]]
"""The forms, and how often what they ask for has happened by now."""


def _invoice(desk: Desk) -> Scene:
    """All of what is due, in cash."""
    invoice = desk.sold()
    form = desk.form(f"/billing/invoices/{invoice.id}/payments/new", **{cash(): "50"})
    return _many(form), lambda: int(rows("SELECT COUNT(*) FROM payment WHERE invoice_id = ?", (invoice.id,))[0][0])


def _unit(desk: Desk) -> Scene:
    """The tenth lesson of ten."""
    owner = desk.rich()
    desk.sold((desk.piano(), None), to=owner, paid_by="card")
    membership = make.bought(owner)
    desk.sold((Item.get(Item.name == "Lesson"), "9"), to=owner)
    before = make.used(membership)
    form = desk.form(f"/billing/memberships/{membership.id}/uses/new")
    return _many(form), lambda: (make.used(membership) - before) // 1000


def _balance(desk: Desk) -> Scene:
    """All of the general funds."""
    who = desk.rich()
    form = desk.form(f"/customers/{who.id}/withdrawals/new", amount="500", reason="asked for it")
    return _many(form), lambda: (50_000 - make.general(Customer.get_by_id(who.id))) // 50_000


def _many(form: Sent) -> list[Sent]:
    """The same from that many people, who each opened it for themselves."""
    return [Sent(form.path, {**form.fields, "form_key": secrets.token_urlsafe(18)}) for _ in range(PAYERS)]


def slow(engine: str, runs: int) -> Outcome:
    """F12: two hundred clients who send a header or a body a byte at a time; the others hardly notice."""
    wrong, waits = list[str](), list[float]()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        with serve(shop) as served:
            served.get("/")
            with SlowClients(served, runs) as clients:
                for number in range(40):
                    began = time.monotonic()
                    status = (
                        served.pay(shop.debtors[0], 100 + number).status if number % 4 == 0 else served.get("/").status
                    )
                    waits.append(time.monotonic() - began)
                    if status not in (200, 303):
                        wrong.append(f"somebody else was answered {status}")
                longest = statistics.quantiles(waits, n=20)[-1]
                if longest > LONGEST_SECONDS:
                    wrong.append(f"nineteen of twenty others were served within {longest:.2f} s only")
                if kept := clients.kept():
                    wrong.append(f"{kept} slow clients were never let go")
        books = shop.books()
        shop.close()
    note = f"the others waited {longest:.2f} s at most, nineteen times of twenty"
    return Outcome("F12 slow clients", engine, runs, None, 0, len(books), max(waits), [*wrong, *books], note)


class SlowClients:
    """Connections that say a byte a second: half of them a header without end, half a body."""

    def __init__(self, served: Served, count: int) -> None:
        self.served = served
        self.sockets = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(count)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._trickle)

    def __enter__(self) -> "SlowClients":
        for number, client in enumerate(self.sockets):
            head = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            body = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4096\r\n\r\n"
            client.sendall((head + (body if number % 2 else "")).encode())
        self._thread.start()
        return self

    def _trickle(self) -> None:
        while not self._stop.wait(1):
            for number, client in enumerate(self.sockets):
                with contextlib.suppress(OSError):
                    client.sendall(b"a" if number % 2 else b"X-a: b\r\n")

    def kept(self) -> int:
        """How many the server has not let go after its patience is over."""
        deadline = time.monotonic() + REQUEST_SECONDS + 10
        while self._open() and time.monotonic() < deadline:
            time.sleep(0.5)
        return self._open()

    def _open(self) -> int:
        return sum(not _is_over(client) for client in self.sockets)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for client in self.sockets:
            client.close()


def _is_over(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return not client.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


# Slower or stranger than any browser


def strange(engine: str, runs: int) -> Outcome:
    """F13: bodies, fields, addresses and headers beyond every measure: refused, and no memory is kept for them."""
    wrong = list[str]()
    with engines.engine(engine) as opened:
        shop = Shop(opened)
        with serve(shop) as served:
            _send_strange(served, wrong)
            before = _memory(served)
            for _ in range(runs):
                _send_strange(served, wrong)
            grown = _memory(served) - before
            if grown > MOST_GROWTH:
                wrong.append(f"the worker grew by {grown >> 20} MB")
            if served.get("/").status != 200:
                wrong.append("nobody is served any more")
        books = shop.books()
        shop.close()
    note = f"{len(STRANGE)} kinds; the worker grew by {grown / 2**20:.1f} MB meanwhile"
    return Outcome("F13 huge requests", engine, runs, None, 0, len(books), None, [*wrong, *books], note)


MOST_GROWTH = 40 << 20
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_POST, _GET = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def _posted(body: bytes) -> bytes:
    return _POST + _FORM + b"Content-Length: %d\r\n\r\n" % len(body) + body


STRANGE: dict[str, tuple[Callable[[], bytes], set[int]]] = {
    "a body of 30 MB": (lambda: _posted(b"email=" + b"a" * (30 << 20)), {413}),
    "a body of 30 MB in chunks": (
        lambda: _POST + _FORM + b"Transfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b"a" * (1 << 20) + b"\r\n" * 30,
        {400, 413},
    ),
    "ten thousand fields": (lambda: _posted(b"&".join(b"f%d=1" % n for n in range(10_000))), {200, 400, 413, 422}),
    "an address of 100 kB": (lambda: b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", {400, 414}),
    "a header of 100 kB": (lambda: _GET + b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n", {400, 431}),
    "a thousand headers": (lambda: _GET + b"".join(b"X-%d: 1\r\n" % n for n in range(1000)) + b"\r\n", {400, 431}),
    "two lengths": (lambda: _POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
    "a length that is none": (lambda: _POST + b"Content-Length: many\r\n\r\n", {400}),
    "no HTTP at all": (lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
}
"""What is sent, and what may come back; a connection that is cut without a word is an answer too."""


def _send_strange(served: Served, wrong: list[str]) -> None:
    for name, (make_request, allowed) in STRANGE.items():
        status = _raw(served, make_request())
        if status and status not in allowed:
            wrong.append(f"{name} was answered {status}")


def _raw(served: Served, request: bytes) -> int:
    """The status of the answer to these bytes; 0 when the connection was cut."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        with contextlib.suppress(OSError):
            client.sendall(request)
        with contextlib.suppress(OSError):
            said = client.recv(4096).split(b" ")
            return int(said[1]) if len(said) > 1 and said[1].isdigit() else 0
    return 0


def _memory(served: Served) -> int:
    """What the worker keeps, in bytes."""
    [worker] = served.workers()
    pages = Path(f"/proc/{worker}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096
