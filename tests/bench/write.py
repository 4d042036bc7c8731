"""An invoice and its payment through the verbs, beside plain sqlite3 writing the same rows; alone and eight at once."""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from itertools import islice

from tests.bench import raw_write, table
from tests.bench.listing import Timing, filled
from tests.bench.raw_write import Flow
from webapp.db import db, rows, transactional, utcnow
from webapp.domain import checks, drafts, invoicing, payments
from webapp.domain.tendering import Tender
from webapp.models import Customer, Invoice, Item, PaymentMethod, User

TODAY = date.today()  # noqa: DTZ011  # any day will do
CLIENTS = (1, 8)
TABLES = (
    *("invoice", "draft_line", "invoice_line", "audit", "journal", "transfer", "account", "payment", "allocation"),
    *("membership", "membership_item", "number_series"),
)
Client = Callable[[list[Flow]], None]


def take_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=6, help="how often each is measured (6)")
    parser.add_argument(
        "--flows", type=int, default=160, help="how many invoices with payment are one measurement (160)"
    )
    parser.add_argument("--memberships", type=int, default=1_000, help="how large the business is (1000)")


def run(options: argparse.Namespace) -> int:
    """Measure in turn, then see that both wrote the same and that the books are right."""
    with filled(options.memberships) as path:
        work = iter(flows(options))
        ways: dict[str, Callable[[], Client]] = {"app": lambda: app_client, "raw": lambda: raw_client(str(path))}
        written = {name: rows_of_one(way(), next(work)) for name, way in ways.items()}
        timings = {(name, many): Timing([], []) for name in ways for many in CLIENTS}
        failed = 0
        for number in range(-1, options.rounds):
            for many in CLIENTS:
                for name in sorted(ways, reverse=bool(number % 2)):
                    clock, worked, failures = measure(ways[name], many, list(islice(work, options.flows)))
                    failed += failures
                    if number >= 0:  # the first round only warms up
                        timings[name, many].clock.append(clock / options.flows)
                        timings[name, many].work.append(worked / options.flows)
        faults = checks.faults()
    show(options, timings)
    print(f"rows written by one flow alike: {written['app'] == written['raw']} ({sum(written['app'].values())})")
    print(f"failed: {failed}; faults in the books afterwards: {len(faults)}")
    return int(bool(failed or faults or written["app"] != written["raw"]))


def flows(options: argparse.Namespace) -> Iterator[Flow]:
    """Customers with one active membership, in turn: an item of it of which nothing was used, and one not in it."""
    found = rows(
        "SELECT m.customer_id, m.id, mi.item_id, (SELECT MIN(i.id) FROM item i WHERE i.id NOT IN"
        " (SELECT item_id FROM membership_item WHERE membership_id = m.id)) FROM membership m"
        " JOIN membership_item mi ON mi.membership_id = m.id AND mi.position = 3 WHERE m.state = 'active'"
        " AND m.customer_id NOT IN (SELECT customer_id FROM membership GROUP BY customer_id HAVING COUNT(*) > 1)"
        " ORDER BY m.id LIMIT ?",
        (2 + (options.rounds + 1) * len(CLIENTS) * 2 * options.flows,),
    )
    for _ in range(10):  # units of each
        yield from (Flow(*row) for row in found)


def app_client(work: list[Flow]) -> None:
    """The verbs of the screens."""
    staff, cash = User.get_by_id(1), PaymentMethod.get_by_id(raw_write.CASH)
    for flow in work:
        draft = _draft(flow, staff)
        invoice = invoicing.issue(draft.id, by=staff, on=TODAY)
        payments.pay(invoice.id, [Tender(cash, invoice.due_minor)], by=staff, on=TODAY)


@transactional
def _draft(flow: Flow, staff: User) -> Invoice:
    draft = drafts.begin(Customer.get_by_id(flow.customer), by=staff, on=TODAY)
    for item in (flow.draw_item, flow.standard_item):
        drafts.add_item(draft.id, Item.get_by_id(item), 1000)
    return draft


def raw_client(path: str) -> Client:
    """Plain SQL on a connection of its own."""

    def client(work: list[Flow]) -> None:
        connection = raw_write.connect(path)
        for flow in work:
            raw_write.sell_and_pay(connection, flow, utcnow().isoformat(), TODAY.isoformat())
        connection.close()

    return client


def rows_of_one(client: Client, flow: Flow) -> dict[str, int]:
    """How many rows of each table one flow writes."""
    before = {name: rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in TABLES}
    client([flow])
    return {name: rows(f"SELECT COUNT(*) FROM {name}")[0][0] - count for name, count in before.items()}


def measure(way: Callable[[], Client], many: int, work: list[Flow]) -> tuple[float, float, int]:
    """Seconds for all the flows, shared among clients: on the clock and at work; and how many clients failed."""
    shares = [work[number::many] for number in range(many)]
    began, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(many) as pool:
        ends = [pool.submit(_with_connection, way(), share) for share in shares]
    clock, worked = time.perf_counter() - began, time.process_time() - worked
    return clock, worked, sum(end.exception() is not None for end in ends)


def _with_connection(client: Client, work: list[Flow]) -> None:
    with _connected():
        client(work)


@contextmanager
def _connected() -> Iterator[None]:
    db.connect(reuse_if_open=True)
    yield
    db.close()


def show(options: argparse.Namespace, timings: dict[tuple[str, int], Timing]) -> None:
    """A row for each number of clients."""
    lines = []
    for many in CLIENTS:
        app, raw = timings["app", many], timings["raw", many]
        share = statistics.median(b / a for a, b in zip(app.clock, raw.clock, strict=True))
        clock = [*map(table.milliseconds, (app.clock, raw.clock)), table.ratio(app.clock, raw.clock), f"{share:.0%}"]
        work = [*map(table.milliseconds, (app.work, raw.work)), table.ratio(app.work, raw.work)]
        lines.append((f"{many} at once", *clock, *work))
    title = (
        f"Invoice with payment, {options.memberships:,} memberships, {options.flows} in each of {options.rounds} rounds"
    )
    heads = ("", "ms", "raw ms", "x raw", "of raw's speed", "ms at work", "raw at work", "x raw")
    table.show(title, heads, lines)
