"""The packages tab as anybody would write it without a framework: WSGI, sqlite3 and one Jinja template.

The limit to measure against: the SQL is what comes to mind first (OFFSET, COUNT, LIKE), the template is compiled once,
the session is looked up, and nothing else happens. ``CARNET_BENCH`` names the database.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment
from pysqlite3 import dbapi2 as sqlite3

PAGE = 50
SESSION = "raw"
ORDERS = {
    "": "m.state, m.customer_sort, m.id",
    "customer": "c.name, m.id",
    "start": "m.start_on, m.id",
    "end": "m.end_on IS NULL, m.end_on, m.id",
}
_ROWS = """SELECT m.id, c.name, m.package_name, COALESCE(m.reason, m.state), m.start_on, m.end_on,
    (SELECT credits - debits FROM account WHERE kind = 'P' AND ref = m.id AND label = '')
FROM membership m JOIN customer c ON c.id = m.customer_id {} ORDER BY {} LIMIT ? OFFSET ?"""
_FOUND = "WHERE (c.name LIKE ? OR c.name LIKE ?)"
_COUNT_FOUND = f"SELECT COUNT(*) FROM membership m JOIN customer c ON c.id = m.customer_id {_FOUND}"
_COUNT = "SELECT COUNT(*) FROM membership"
_ITEMS = """SELECT membership_id, name, used_milli + reserved_milli, included_milli FROM membership_item
WHERE membership_id IN ({}) ORDER BY membership_id, position"""
_WHO = """SELECT staff.name FROM sign_in_session s JOIN staff ON staff.id = s.user_id
WHERE s.token_hash = ? AND staff.active"""

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Packages</title><link rel="stylesheet" href="/app.css"></head>
<body><nav><a href="/">Home</a> <a href="/customers">Customers</a> <a href="/billing">Billing</a> {{ who }}</nav>
<h1>Billing</h1><form><input type="search" name="q" value="{{ q }}"><button>Search</button></form>
<table><thead><tr><th>Customer<th>Package<th>Status<th>Start<th>Progress<th>Package funds<th>Last day<th></tr></thead>
<tbody>
{% for id, name, package, status, start, end, funds in rows %}
<tr><td><a href="/billing/memberships/{{ id }}">{{ name }}</a></td><td>{{ package }}</td><td>{{ status }}</td>
<td>{{ start }}</td>
<td>{% for item, used, included in items[id] %}<div>{{ item }} {{ used / 1000 }} of {{ included / 1000 }}</div>
{% endfor %}</td>
<td>{{ "%.2f"|format(funds / 100) }}</td><td>{{ end or "" }}</td>
<td><a href="/billing/memberships/{{ id }}/actions">Actions</a></td></tr>
{% endfor %}
</tbody></table>
<p>{{ total }} memberships <a href="?q={{ q }}&sort={{ sort }}&page={{ page + 1 }}">Next</a></p></body></html>"""

template = Environment(autoescape=True).from_string(_TEMPLATE)
_local = threading.local()


def connection() -> Any:
    """One for each thread, set as the app's are."""
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(os.environ["CARNET_BENCH"], timeout=10)
        _local.connection.execute("PRAGMA cache_size = -65536")
    return _local.connection


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with one page of the list."""
    asked = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    q, sort, page = asked.get("q", ""), asked.get("sort", ""), int(asked.get("page", "1"))
    ask = connection().execute
    who = ask(_WHO, (SESSION,)).fetchone()
    like = (f"{q}%", f"% {q}%") if q else ()
    rows = ask(_ROWS.format(_FOUND if q else "", ORDERS[sort]), (*like, PAGE, (page - 1) * PAGE)).fetchall()
    (total,) = ask(_COUNT_FOUND if q else _COUNT, like).fetchone()
    items = defaultdict(list)
    for membership, *facts in ask(_ITEMS.format(",".join("?" * len(rows))), [row[0] for row in rows]):
        items[membership].append(facts)
    body = template.render(
        who=who[0] if who else "", q=q, sort=sort, page=page, rows=rows, items=items, total=total
    ).encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
