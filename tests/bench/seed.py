"""Businesses of any size, made by direct SQL in a few seconds: the same rows that years of selling would have left.

For a number of memberships: 1.2 of them for each customer, 50 packages of 4 items each, 60 items, 3 invoices for each
membership with 2.5 lines, nine of ten paid, all of it posted so that the books are right; then ANALYZE.
"""

from datetime import date
from itertools import product
from typing import Any

from pysqlite3 import dbapi2 as sqlite3

from webapp.db import db
from webapp.domain import items, packages
from webapp.domain.items import ItemFacts
from webapp.domain.packages import PackageFacts, PackageLine
from webapp.domain.search import fold, sort_key
from webapp.models import Role, User

ITEMS, PACKAGES, EACH = 60, 50, 4
FORENAMES = [
    *("Maren", "Mattis", "Ada", "Bela", "Carla", "Daria", "Edda", "Finn", "Gesa", "Hanno", "Ida", "Jonna"),
    *("Kaja", "Lars", "Nele", "Ole", "Pia", "Rana", "Sina", "Tilda", "Ulla", "Vera", "Wanda", "Xenia"),
    *("Yara", "Zita", "Anton", "Bruno", "Emil", "Frida", "Henri", "Juna", "Karla", "Levi", "Nora"),
]
_PARTS = (
    ("Bra", "Ekl", "Hol", "Kju", "Lin", "Nor", "Sol"),
    ("ber", "den", "gaard", "man", "ström", "vik"),
    ("", "a", "en", "is", "o", "sen"),
)
SURNAMES = ["".join(parts) for parts in product(*_PARTS)]

SALE, DRAW, STANDARD = 90_000, 4_500, 5_000
"""What was billed of each package, a unit drawn from it, and a unit at the standard rate, in cents."""

_MEMBERSHIP = """SELECT n AS id, (n - 1) % :customers + 1 AS customer_id,
    (n * 7 + (n - 1) / :customers) % 50 + 1 AS package_id,
    CASE WHEN n % 10 > 6 THEN 'inactive' ELSE 'active' END AS state,
    CASE n % 10 WHEN 7 THEN 'removed' WHEN 8 THEN 'expired' WHEN 9 THEN 'expired' END AS reason,
    date(:today, '-' || (n * 37 % 200 + 100) || ' days') AS start_on,
    CASE WHEN n % 10 > 7 THEN date(:today, '-' || (n % 30 + 1) || ' days')
         WHEN n % 2 THEN date(:today, '+' || (n * 37 % 200) || ' days') END AS end_on
    FROM seq WHERE n <= :memberships"""
_INVOICE = f"""SELECT n AS id, (n - 1) / 3 + 1 AS membership_id, (n - 1) % 3 AS turn,
    CASE WHEN (n - 1) % 3 = 2 AND ((n - 1) / 3 + 1) % 10 < 3 THEN 'open' ELSE 'paid' END AS status,
    CASE (n - 1) % 3 WHEN 0 THEN {SALE} WHEN 1 THEN {3 * DRAW + STANDARD}
        ELSE {DRAW + 2 * STANDARD} + CASE WHEN ((n - 1) / 3 + 1) % 2 THEN 0 ELSE {STANDARD} END END AS total
    FROM seq WHERE n <= 3 * :memberships"""
_LINES = f"""SELECT i.id AS invoice_id, i.membership_id, i.status, k.position, k.item AS position_drawn, k.milli,
    k.milli / 1000 * k.rate AS total FROM ({_INVOICE}) i JOIN
    (SELECT 1 AS turn, 1 AS position, 0 AS item, 2000 AS milli, {DRAW} AS rate UNION ALL SELECT 1, 2, 1, 1000, {DRAW}
    UNION ALL SELECT 1, 3, NULL, 1000, {STANDARD} UNION ALL SELECT 2, 1, 2, 1000, {DRAW}
    UNION ALL SELECT 2, 2, NULL, 1000, {STANDARD} UNION ALL SELECT 2, 3, NULL, 1000, {STANDARD}
    UNION ALL SELECT 2, 4, NULL, 1000, {STANDARD}) k
    ON k.turn = i.turn AND (k.position < 4 OR i.membership_id % 2 = 0)"""
_ACCOUNT = "SELECT id FROM account WHERE kind = '{}' AND ref = {} AND label = ''"

STATEMENTS = f"""
INSERT INTO membership (id, customer_id, customer_sort, package_id, package_name, start_on, end_on, end_sort, state,
    reason, inactive_on, price_minor, note, created_by_id, created_at, version)
SELECT m.id, customer_id, c.sort_name, package_id, p.name, start_on, end_on, COALESCE(end_on, '9999-12-31'), state,
    reason, CASE state WHEN 'inactive' THEN date(COALESCE(end_on, :today), '+1 days') END, 180000, '', 1, :now, 0
FROM ({_MEMBERSHIP}) m JOIN customer c ON c.id = customer_id JOIN package p ON p.id = package_id;

INSERT INTO membership_item (id, membership_id, item_id, position, name, unit, included_milli, rate_e4, amount_minor,
    tax_percent_e4, tax_minor, reserved_milli, used_milli, drawn_minor, drawn_tax_minor)
SELECT (m.id - 1) * 4 + position + 1, m.id, item_id, position, item.name, item.unit, 10000, 450000, 45000, 0, 0,
    CASE WHEN position = 2 AND m.id % 10 < 3 THEN 1000 ELSE 0 END,
    CASE position WHEN 0 THEN 2000 WHEN 1 THEN 1000 WHEN 2 THEN CASE WHEN m.id % 10 < 3 THEN 0 ELSE 1000 END ELSE 0 END,
    CASE position WHEN 0 THEN {2 * DRAW} WHEN 3 THEN 0 ELSE {DRAW} END, 0
FROM membership m JOIN package_item USING (package_id) JOIN item ON item.id = item_id ORDER BY 1;

INSERT INTO invoice (id, customer_id, customer_name, customer_sort, status, series, number, kind, service_on, due_on,
    issued_on, note, net_minor, total_minor, due_minor, created_by_id, created_at, changed_at, version)
SELECT i.id, customer_id, c.name, c.sort_name, i.status, '2026', i.id, 'sale', start_on, date(start_on, '+14 days'),
    start_on, '', total, total, CASE i.status WHEN 'open' THEN total ELSE 0 END, 1, :now, :now, 0
FROM ({_INVOICE}) i JOIN membership m ON m.id = i.membership_id JOIN customer c ON c.id = customer_id;

INSERT INTO number_series VALUES ('2026', 3 * :memberships + 1);

INSERT INTO invoice_line (invoice_id, position, part, kind, source, package_id, membership_id, description, unit,
    quantity_milli, reason, category, tax_percent_e4, discount_minor, net_minor, tax_minor, total_minor, paid_minor)
SELECT i.id, 1, 0, 'package', 'sale', package_id, m.id, package_name, '', 1000, '', '', 0, 0, total, 0, total, total
FROM ({_INVOICE}) i JOIN membership m ON m.id = i.membership_id WHERE i.turn = 0;

INSERT INTO invoice_line (invoice_id, position, part, kind, source, item_id, membership_id, membership_item_id,
    description, unit, quantity_milli, rate_e4, standard_rate_e4, reason, leaves_milli, category, tax_percent_e4,
    discount_minor, net_minor, tax_minor, total_minor, paid_minor)
SELECT l.invoice_id, l.position, 0, 'item', 'draw', item_id, l.membership_id, mi.id, mi.name, mi.unit, milli, 450000,
    500000, '', 10000 - milli, 'Sales', 0, 0, total, 0, total, CASE status WHEN 'paid' THEN total ELSE 0 END
FROM ({_LINES}) l JOIN membership_item mi ON mi.membership_id = l.membership_id AND mi.position = l.position_drawn;

INSERT INTO invoice_line (invoice_id, position, part, kind, source, item_id, description, unit, quantity_milli, rate_e4,
    standard_rate_e4, reason, category, tax_percent_e4, discount_minor, net_minor, tax_minor, total_minor, paid_minor)
SELECT l.invoice_id, l.position, 0, 'item', 'standard', item.id, item.name, item.unit, milli, 500000, 500000, '',
    'Sales', 0, 0, total, 0, total, CASE status WHEN 'paid' THEN total ELSE 0 END
FROM ({_LINES}) l JOIN item ON item.id = l.membership_id % 60 + 1 WHERE position_drawn IS NULL;

INSERT INTO account (kind, ref, label, side, floor_zero, debits, credits)
SELECT 'R', id, '', 'D', 1, total, CASE status WHEN 'paid' THEN total ELSE 0 END FROM ({_INVOICE})
UNION ALL SELECT 'A', id, '', 'C', 1, total, total FROM ({_INVOICE}) WHERE turn = 0
UNION ALL SELECT 'P', id, '', 'C', 1, CASE state WHEN 'inactive' THEN {SALE} ELSE 0 END, {SALE} FROM membership
UNION ALL SELECT 'G', customer_id, '', 'C', 0, 0, COUNT(*) * {SALE} FROM membership WHERE state = 'inactive' GROUP BY 2
UNION ALL SELECT 'M', 1, '', 'D', 0, SUM(total), 0 FROM ({_INVOICE}) WHERE status = 'paid'
UNION ALL SELECT 'I', 0, 'Sales', 'C', 0, 0, SUM(total) FROM ({_INVOICE}) WHERE turn > 0;

INSERT INTO audit (id, at, user_id, actor, act, subject, subject_id, customer_id, reason, detail)
SELECT 10000000 + i.id, :now, 1, 'user:1', 'Saved', 'invoice', i.id, customer_id, '', '{{}}' FROM invoice i
UNION ALL SELECT 20000000 + i.id, :now, 1, 'user:1', 'Paid', 'invoice', i.id, customer_id, '', '{{}}' FROM invoice i
    WHERE status = 'paid'
UNION ALL SELECT 30000000 + m.id, :now, 1, 'user:1', 'Ended', 'membership', m.id, customer_id, '', '{{}}'
    FROM membership m WHERE state = 'inactive';

INSERT INTO journal (id, kind, source, source_id, part, invoice_id, membership_id, audit_id, posted_on, recorded_at)
SELECT id, 'issue', 'invoice', subject_id, 0, subject_id, NULL, id, :today, at FROM audit WHERE act = 'Saved'
UNION ALL SELECT id, 'pay', 'act', id, 0, subject_id, NULL, id, :today, at FROM audit WHERE act = 'Paid'
UNION ALL SELECT a.id, m.reason, 'membership', m.id, 0, NULL, m.id, a.id, :today, at
    FROM audit a JOIN membership m ON m.id = a.subject_id WHERE act = 'Ended';

INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor)
SELECT 10000000 + id, 1, ({_ACCOUNT.format("R", "i.id")}), CASE turn WHEN 0 THEN ({_ACCOUNT.format("A", "i.id")})
    ELSE (SELECT id FROM account WHERE kind = 'I') END, total FROM ({_INVOICE}) i
UNION ALL SELECT 20000000 + id, 1, (SELECT id FROM account WHERE kind = 'M'), ({_ACCOUNT.format("R", "i.id")}), total
    FROM ({_INVOICE}) i WHERE status = 'paid'
UNION ALL SELECT 20000000 + id, 2, ({_ACCOUNT.format("A", "i.id")}), ({_ACCOUNT.format("P", "i.membership_id")}), total
    FROM ({_INVOICE}) i WHERE turn = 0
UNION ALL SELECT 30000000 + id, 1, ({_ACCOUNT.format("P", "m.id")}), ({_ACCOUNT.format("G", "m.customer_id")}), {SALE}
    FROM membership m WHERE state = 'inactive';

INSERT INTO payment (audit_id, journal_id, customer_id, invoice_id, method_id, amount_minor, received_on)
SELECT 20000000 + id, 20000000 + id, customer_id, id, 1, total_minor, issued_on FROM invoice WHERE status = 'paid';

INSERT INTO allocation (journal_id, line_id, amount_minor, source)
SELECT 20000000 + invoice_id, id, paid_minor, 'method' FROM invoice_line WHERE paid_minor > 0;

ANALYZE;
"""


def fill(path: str, memberships: int, today: date) -> None:
    """Put so many memberships and all that belongs to them into a business that was just set up."""
    _catalogue(today)
    role = Role.get(Role.name == "Customer").id
    db.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = off")
    customers, now = memberships * 10 // 12, f"{today}T08:00:00+00:00"
    facts = {"memberships": memberships, "customers": customers, "today": today.isoformat(), "now": now}
    connection.execute("BEGIN")
    connection.execute("CREATE TEMP TABLE seq (n INTEGER PRIMARY KEY)")
    counted = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?)"
    connection.execute(f"{counted} INSERT INTO seq SELECT n FROM s", (3 * memberships,))
    (counting,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'transfer_post'").fetchone()
    connection.execute("DROP TRIGGER transfer_post")  # the balances are written as they end
    _customers(connection, customers, role, now)
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            connection.execute(statement, facts)
    connection.execute(counting)
    connection.execute("COMMIT")
    connection.close()


def name(number: int) -> tuple[str, str]:
    """The forename and the surname of a customer."""
    return FORENAMES[number % len(FORENAMES)], SURNAMES[number * 97 % len(SURNAMES)]


def _catalogue(today: date) -> None:
    owner = User.get_by_id(1)
    made = [items.create_item(ItemFacts(f"Item {n:02d}", "hour", 500_000), by=owner) for n in range(ITEMS)]
    for number in range(PACKAGES):
        chosen = [made[(number * EACH + k) % ITEMS] for k in range(EACH)]
        lines = [PackageLine(item, 10_000, 450_000) for item in chosen]
        packages.create_package(PackageFacts(f"Package {number:02d}", lines), decimals=2, by=owner, on=today)


def _customers(connection: Any, count: int, role: int, now: str) -> None:
    people = [(n + 1, *name(n)) for n in range(count)]
    connection.executemany(
        "INSERT INTO customer (id, name, sort_name, email, phone, address, note, role_id, tax_exempt, active,"
        " created_at, version) VALUES (?, ?, ?, '', '', '', '', ?, 0, 1, ?, 0)",
        [(n, f"{first} {last}", sort_key(f"{first} {last}"), role, now) for n, first, last in people],
    )
    connection.executemany(
        "INSERT INTO search_word (kind, word, ref) VALUES ('customer', ?, ?)",
        sorted((fold(word), n) for n, first, last in people for word in (first, last)),
    )
