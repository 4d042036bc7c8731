"""Selling and being paid as plain sqlite3 would do it: the same rows and guards as the app, and nothing besides.

The limit to measure the verbs against. One unit from a package and one at the standard rate, paid at once in cash; the
draft, the invoice and the payment are a transaction each. That both leave the same rows is checked by the bench.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pysqlite3 import dbapi2 as sqlite3

CASH = 1


class Flow(NamedTuple):
    """What one flow needs to know."""

    customer: int
    membership: int
    draw_item: int
    standard_item: int


def connect(path: str) -> Any:
    """A connection set like the app's."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    for pragma in ("foreign_keys = 1", "synchronous = full", "recursive_triggers = 1", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def transaction(connection: Any) -> Iterator[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection.execute
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def sell_and_pay(connection: Any, flow: Flow, now: str, day: str) -> None:
    """One draft, one invoice, one payment."""
    with transaction(connection) as ask:
        invoice = _draft(ask, flow, now, day)
    with transaction(connection) as ask:
        total = _issue(connection, ask, flow, invoice, now, day)
    with transaction(connection) as ask:
        _pay(connection, ask, flow, invoice, total, now, day)


def _draft(ask: Any, flow: Flow, now: str, day: str) -> int:
    name, sort_name = ask("SELECT name, sort_name FROM customer WHERE id = ?", (flow.customer,)).fetchone()
    (due_days,) = ask("SELECT due_days FROM company").fetchone()
    (invoice,) = ask(
        "INSERT INTO invoice (customer_id, customer_name, customer_sort, status, kind, service_on, due_on, note,"
        " created_by_id, created_at, changed_at, version)"
        " VALUES (?, ?, ?, 'draft', 'sale', ?, date(?, ?), '', 1, ?, ?, 0) RETURNING id",
        (flow.customer, name, sort_name, day, day, f"+{due_days} days", now, now),
    ).fetchone()
    for position, item in enumerate((flow.draw_item, flow.standard_item), start=1):
        ask(
            "INSERT INTO draft_line (invoice_id, position, kind, item_id, quantity_milli, source, rate_reason)"
            " VALUES (?, ?, 'item', ?, 1000, 'auto', '')",
            (invoice, position, item),
        )
    return int(invoice)


def _issue(connection: Any, ask: Any, flow: Flow, invoice: int, now: str, day: str) -> int:
    (number,) = ask(
        "UPDATE number_series SET next_number = next_number + 1 WHERE series = '2026' RETURNING next_number - 1"
    ).fetchone()
    drawn, unit = ask(
        "UPDATE membership_item SET reserved_milli = reserved_milli + 1000, drawn_minor = drawn_minor + 4500"
        " WHERE membership_id = ? AND item_id = ? AND reserved_milli + used_milli + 1000 <= included_milli"
        " RETURNING id, included_milli - reserved_milli - used_milli",
        (flow.membership, flow.draw_item),
    ).fetchone()
    names = dict(ask("SELECT id, name FROM item WHERE id IN (?, ?)", (flow.draw_item, flow.standard_item)))
    draw = (flow.draw_item, flow.membership, drawn, names[flow.draw_item], 450_000, 500_000, unit, 4500)
    standard = (flow.standard_item, None, None, names[flow.standard_item], 500_000, 500_000, None, 5000)
    connection.executemany(
        "INSERT INTO invoice_line (invoice_id, position, part, kind, source, item_id, membership_id,"
        " membership_item_id, description, unit, quantity_milli, rate_e4, standard_rate_e4, reason, leaves_milli,"
        " category, tax_percent_e4, discount_minor, net_minor, tax_minor, total_minor)"
        " VALUES (?, ?, 0, 'item', ?, ?, ?, ?, ?, 'hour', 1000, ?, ?, '', ?, 'Sales', 0, 0, ?, 0, ?)",
        [
            (invoice, 1, "draw", *draw, draw[-1]),
            (invoice, 2, "standard", *standard, standard[-1]),
        ],
    )
    total = 9500
    ask(
        "UPDATE invoice SET status = 'open', series = '2026', number = ?, issued_on = ?, net_minor = ?,"
        " total_minor = ?, due_minor = ?, changed_at = ?, version = version + 1 WHERE id = ? AND status = 'draft'",
        (number, day, total, total, total, now, invoice),
    )
    audit = _audit(ask, "Saved", flow, invoice, now, {"number": number, "total_minor": total})
    journal = _journal(ask, "issue", "invoice", invoice, invoice, audit, now, day)
    receivable = ask(
        "INSERT INTO account (kind, ref, label, side, floor_zero) VALUES ('R', ?, '', 'D', 1) RETURNING id", (invoice,)
    ).fetchone()[0]
    (income,) = ask("SELECT id FROM account WHERE kind = 'I' AND ref = 0 AND label = 'Sales'").fetchone()
    _transfer(ask, journal, receivable, income, total)
    return total


def _pay(connection: Any, ask: Any, flow: Flow, invoice: int, total: int, now: str, day: str) -> None:
    lines = ask(
        "SELECT id, total_minor FROM invoice_line WHERE invoice_id = ? ORDER BY position", (invoice,)
    ).fetchall()
    audit = _audit(ask, "Paid", flow, invoice, now, {"methods": {CASH: total}})
    journal = _journal(ask, "pay", "act", audit, invoice, audit, now, day)
    (cash,) = ask("SELECT id FROM account WHERE kind = 'M' AND ref = ?", (CASH,)).fetchone()
    (receivable,) = ask("SELECT id FROM account WHERE kind = 'R' AND ref = ? AND label = ''", (invoice,)).fetchone()
    _transfer(ask, journal, cash, receivable, total)
    ask(
        "INSERT INTO payment (audit_id, journal_id, customer_id, invoice_id, method_id, amount_minor, received_on)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (audit, journal, flow.customer, invoice, CASH, total, day),
    )
    connection.executemany(
        "INSERT INTO allocation (journal_id, line_id, amount_minor, source) VALUES (?, ?, ?, 'method')",
        [(journal, line, amount) for line, amount in lines],
    )
    connection.executemany(
        "UPDATE invoice_line SET paid_minor = paid_minor + ? WHERE id = ?", [(amount, line) for line, amount in lines]
    )
    ask(
        "UPDATE invoice SET due_minor = due_minor - ?, status = 'paid', version = version + 1"
        " WHERE id = ? AND status = 'open' AND due_minor = ?",
        (total, invoice, total),
    )
    ask(
        "UPDATE membership_item SET reserved_milli = reserved_milli - 1000, used_milli = used_milli + 1000"
        " WHERE membership_id = ? AND item_id = ? AND reserved_milli >= 1000",
        (flow.membership, flow.draw_item),
    )


def _audit(ask: Any, act: str, flow: Flow, invoice: int, now: str, detail: dict[str, Any]) -> int:
    values = (now, act, invoice, flow.customer, json.dumps(detail))
    return int(
        ask(
            "INSERT INTO audit (at, user_id, actor, act, subject, subject_id, customer_id, reason, detail)"
            " VALUES (?, 1, 'user:1', ?, 'invoice', ?, ?, '', ?) RETURNING id",
            values,
        ).fetchone()[0]
    )


def _journal(ask: Any, kind: str, source: str, source_id: int, invoice: int, audit: int, now: str, day: str) -> int:
    return int(
        ask(
            "INSERT INTO journal (kind, source, source_id, part, invoice_id, audit_id, posted_on, recorded_at)"
            " VALUES (?, ?, ?, 0, ?, ?, ?, ?) RETURNING id",
            (kind, source, source_id, invoice, audit, day, now),
        ).fetchone()[0]
    )


def _transfer(ask: Any, journal: int, debit: int, credit: int, amount: int) -> None:
    ask(
        "INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor) VALUES (?, 1, ?, ?, ?)",
        (journal, debit, credit, amount),
    )
