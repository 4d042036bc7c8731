"""The packages tab with a thousand and with a hundred thousand memberships, beside a bare page of the same rows."""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from tests.bench import raw_list, scratch, seed, table
from tests.bench.servers import Server, serve
from tests.business import CHEAP_HASH, address
from tests.clients import Client, client_for
from webapp import create_app
from webapp.db import utcnow
from webapp.domain import membership_list, paging
from webapp.domain.membership_list import Filter
from webapp.models import SignInSession, User

SIZES = {"1 k": 1_000, "100 k": 100_000}
PATH = "/billing/packages"
KEY = "only for the bench"


class Scenario(NamedTuple):
    """One view of the list: its address in the app, and the same of the bare page."""

    name: str
    app: str
    raw: str


class Timing(NamedTuple):
    """Seconds for a page, round by round: on the clock and at work in the server."""

    clock: list[float]
    work: list[float]


def take_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=6, help="how often each page is measured (6)")
    parser.add_argument("--pages", type=int, default=20, help="how many requests are in one measurement (20)")
    parser.add_argument("--only", choices=SIZES, help="one size instead of both")


def run(options: argparse.Namespace) -> int:
    """Fill a database of each size, serve it twice, and measure both in turn."""
    for size, memberships in SIZES.items():
        if options.only not in (None, size):
            continue
        with filled(memberships) as path:
            views = scenarios(memberships)
            queries = [count_queries(path, view) for view in views]
            timings = measure(path, views, options)
        show(size, views, queries, timings)
    return 0


@contextmanager
def filled(memberships: int) -> Iterator[Path]:
    """The file of a business of that size, in which the bare page has a session too."""
    with scratch.sqlite() as url, scratch.business(url) as database:
        path = Path(url.removeprefix("sqlite:///"))
        seed.fill(str(path), memberships, date.today())  # noqa: DTZ011  # any day will do
        owner = User.get(User.email == address("owner"))
        SignInSession.create(token_hash=raw_list.SESSION, user=owner, created_at=utcnow(), seen_at=utcnow())
        yield path
        database.close()


def scenarios(memberships: int) -> list[Scenario]:
    """The views: first and deep page, a surname, the beginning of two forenames, and three orders."""
    pages = memberships * 9 // 10 // paging.PAGE
    surname = seed.name(7)[1]
    return [
        Scenario("first page", PATH, "/"),
        Scenario("page at 90 %", f"{PATH}?{urlencode({'cursor': cursor(pages)})}", f"/?page={pages + 1}"),
        Scenario("search, narrow", f"{PATH}?{urlencode({'q': surname})}", f"/?{urlencode({'q': surname})}"),
        Scenario("search, broad", f"{PATH}?q=ma", "/?q=ma"),
        *(Scenario(f"by {order}", f"{PATH}?sort={order}", f"/?sort={order}") for order in ("customer", "start", "end")),
    ]


def cursor(pages: int) -> str:
    """Where so many steps of Next lead to."""
    found = ""
    for _ in range(pages):
        found = membership_list.membership_page(Filter(), found).next
    return found


def count_queries(path: Path, view: Scenario) -> int:
    """How many statements the app asks of the database for a page, the session's look-up included."""
    settings = {"TESTING": True, "DATABASE_URL": f"sqlite:///{path}", "INSTANCE": path.parent, "SECRET_KEY": KEY}
    settings |= {"PASSWORD_METHOD": CHEAP_HASH, "SESSION_IDLE_MINUTES": 10**8, "SESSION_HOURS": 10**6}
    app = create_app(settings)
    app.test_client_class = Client
    client = client_for(app, "owner")
    client.get(view.app, lint=False)
    asked: list[str] = []
    database = app.extensions["carnet.database"]
    database.query_hooks.append(lambda event: asked.append(event.sql))
    client.get(view.app, lint=False)
    database.close()
    return len(asked)


@contextmanager
def served(path: Path) -> Iterator[dict[str, Server]]:
    """The app, signed in to, and the bare page, each by a server of its own."""
    app_environment = {"DATABASE_URL": f"sqlite:///{path}", "CARNET_INSTANCE": str(path.parent), "SECRET_KEY": KEY}
    with ExitStack() as stack:
        app = stack.enter_context(serve("wsgi:app", **app_environment))
        raw = stack.enter_context(serve("tests.bench.raw_list:application", CARNET_BENCH=str(path)))
        app.sign_in()
        yield {"app": app, "raw": raw}


def measure(path: Path, views: list[Scenario], options: argparse.Namespace) -> dict[str, dict[str, Timing]]:
    """Every view of both servers, in rounds that begin with the other one each time."""
    with served(path) as servers:
        timings = {view.name: {name: Timing([], []) for name in servers} for view in views}
        for number in range(-1, options.rounds):
            for view in views:
                for name in sorted(servers, reverse=bool(number % 2)):
                    clock, work = request(servers[name], getattr(view, name), options.pages)
                    if number >= 0:  # the first round only warms up
                        timings[view.name][name].clock.append(clock)
                        timings[view.name][name].work.append(work)
    return timings


def request(server: Server, path: str, pages: int) -> tuple[float, float]:
    """The median time of some requests, and the mean of the server's work for one."""
    before, times = server.work(), []
    for _ in range(pages):
        began = time.perf_counter()
        server.get(path)
        times.append(time.perf_counter() - began)
    return statistics.median(times), (server.work() - before) / pages


def show(size: str, views: list[Scenario], queries: list[int], timings: dict[str, dict[str, Timing]]) -> None:
    """A row for each view: times, how often the bare page's, and queries."""
    rows = []
    for view, asked in zip(views, queries, strict=True):
        app, raw = timings[view.name]["app"], timings[view.name]["raw"]
        rows.append(
            (
                view.name,
                table.milliseconds(app.clock),
                table.milliseconds(raw.clock),
                table.ratio(app.clock, raw.clock),
                table.milliseconds(app.work),
                table.ratio(app.work, raw.work),
                asked,
            )
        )
    heads = ("", "ms", "bare ms", "x bare", "ms at work", "x bare", "queries")
    table.show(f"Packages tab, {size} memberships ({os.cpu_count()} processors)", heads, rows)
