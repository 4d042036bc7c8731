"""The list of customers in packages: which rows, in which order, found by which words. Its SQL is fixed text, and every
order of it walks an index, so that a hundred thousand memberships are listed as fast as a hundred."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows
from webapp.domain import paging
from webapp.domain.attention import LOW_ITEM, SOON
from webapp.domain.memberships import BILLED, UNPAID
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.domain.search import after, typed_words

ACTIVE = "active"
STATUSES = (ACTIVE, "completed", "removed", "expired", "voided")
LOW, ENDING, UNBILLED, OWING = "low", "ending", "unbilled", "unpaid"
"""Active ones of which an item is nearly used up, those whose last day is near, those not billed in full, and those
billed and not paid in full."""
ORDERS = ("", "customer", "-customer", "start", "-start", "end", "-end")
"""``""`` is active ones first, then by customer; a minus turns the order round."""

EXPORTED_AT_ONCE = 500
FEW = 1_000
"""A word that finds no more memberships than this is looked up first; any other is checked along the way."""


class Filter(NamedTuple):
    """Which memberships, and in which order; None and ``""`` leave everything in.

    `status` is one of `STATUSES`, `LOW`, `UNBILLED`, `OWING`, or `ENDING`, which needs `today` to tell what is near.
    """

    typed: str = ""
    status: str = ""
    package: int | None = None
    group: int | None = None
    order: str = ""
    today: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more memberships than those asked for."""
        return any((self.typed.strip(), self.status, self.package is not None, self.group is not None))


class Progress(NamedTuple):
    """What became of one included item, in thousandths, in the order in which a template draws it."""

    name: str
    used_milli: int
    reserved_milli: int
    included_milli: int
    unit: str


class MembershipRow(NamedTuple):
    """A membership as the list shows one."""

    id: int
    version: int
    customer_id: int
    customer: str
    package: str
    status: str
    start_on: date
    end_on: date | None
    price_minor: int
    funds_minor: int
    billed_minor: int
    unpaid_minor: int
    items: tuple[Progress, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def unbilled_minor(self) -> int:
        """What may still be billed of it (spec section 1); nothing once it ended."""
        return max(0, self.price_minor - self.billed_minor - self.funds_minor) if self.is_active else 0

    @property
    def mark(self) -> str:
        """What a form carries of the row: which, and of which version."""
        return f"{self.id}.{self.version}"


STATUS = "COALESCE(membership.reason, 'active')"
"""One word for state and reason, as the indexes have it."""

_FUNDS = """COALESCE((SELECT credits - debits FROM account
 WHERE account.kind = 'P' AND account.ref = membership.id AND account.label = ''), 0)"""
_COLUMNS = f"""membership.version, membership.customer_id, customer.name, membership.package_name, {STATUS},
 membership.start_on, membership.end_on, membership.price_minor, {_FUNDS}, {BILLED}, {UNPAID}"""
# CROSS JOIN makes SQLite begin with the membership, whose index has the order, and not with the customer; the funds are
# asked for row by row, because for a join it would read every account first.
_SHOWN = " CROSS JOIN customer"
_ID = Key("membership.id", int)
_BY_CUSTOMER = (Key("membership.customer_sort", str), _ID)
_KEYS = {
    "": (Key("membership.state", str), *_BY_CUSTOMER),
    "customer": _BY_CUSTOMER,
    "start": (Key("membership.start_on", date), _ID),
    "end": (Key("membership.end_sort", str), _ID),
}

# What one typed word finds: the memberships of the customers it begins a word of, and those in such packages.
_OF_WORD = """SELECT membership.id AS id FROM search_word CROSS JOIN membership
 WHERE search_word.kind = 'customer' AND search_word.word >= ? AND search_word.word < ?
 AND membership.customer_id = search_word.ref
 UNION SELECT membership.id FROM search_word CROSS JOIN membership
 WHERE search_word.kind = 'package' AND search_word.word >= ? AND search_word.word < ?
 AND membership.package_id = search_word.ref"""
_HOW_MANY = f"(SELECT COUNT(*) FROM (SELECT 1 FROM ({_OF_WORD}) AS each LIMIT {FEW + 1}) AS few)"  # noqa: S608  # own text
# The plus keeps SQLite on the index of the order; it would look up each customer found, and sort them all, otherwise.
_HAS_WORD = """(+membership.customer_id IN (
 SELECT ref FROM search_word WHERE kind = 'customer' AND word >= ? AND word < ?)
 OR +membership.package_id IN (
 SELECT ref FROM search_word WHERE kind = 'package' AND word >= ? AND word < ?))"""

_IS_LOW = f"membership.id IN (SELECT i.membership_id FROM membership_item i WHERE {LOW_ITEM})"  # noqa: S608  # own text
_STATE_OF = {LOW: ACTIVE, ENDING: ACTIVE, UNBILLED: ACTIVE, OWING: ACTIVE, **{status: status for status in STATUSES}}

_IS_LEFT = "reserved_milli + used_milli < included_milli"
_IN_GROUP = f"""SELECT membership.id, {_COLUMNS} FROM group_member
 JOIN customer ON customer.id = group_member.customer_id JOIN membership ON membership.customer_id = customer.id
 WHERE group_member.group_id = ? AND membership.state = 'active'
 ORDER BY membership.customer_sort, membership.customer_id, membership.end_sort, membership.start_on, membership.id"""  # noqa: S608  # own text

_CHOICES = """SELECT kind, id, name FROM (
 SELECT 1 AS kind, id, name, sort_name FROM package
 WHERE EXISTS (SELECT 1 FROM membership WHERE membership.package_id = package.id)
 UNION ALL SELECT 2, id, name, sort_name FROM customer_group
 WHERE EXISTS (SELECT 1 FROM membership WHERE membership.group_id = customer_group.id)
) AS choices ORDER BY kind, sort_name, id"""


class _Query(NamedTuple):
    """Where to look and what must hold, with the values for both in their order."""

    source: str
    condition: str
    params: tuple[Any, ...]
    keys: tuple[Key, ...]
    descending: bool

    @property
    def listing(self) -> Listing:
        return Listing(_COLUMNS, self.source + _SHOWN, self.keys, self.descending)


def membership_page(wanted: Filter, cursor: str) -> Page[MembershipRow]:
    """One page of the list."""
    return _page(_query(wanted), cursor, paging.PAGE)


def membership_total(wanted: Filter) -> Total:
    """How many the list holds on all its pages; counted up to a limit when it is narrowed."""
    if not wanted.is_narrowed:
        return Total(rows("SELECT COUNT(*) FROM membership")[0][0], more=False)
    query = _query(wanted)
    return paging.total(query.source, query.condition, query.params)


def every_membership(wanted: Filter) -> Iterator[MembershipRow]:
    """All of them in order, read a few hundred at a time: a long export needs little memory and holds no lock."""
    query, cursor = _query(wanted), ""
    while True:
        page = _page(query, cursor, EXPORTED_AT_ONCE)
        yield from page.rows
        cursor = page.next
        if not cursor:
            return


def active_in_group(group_id: int) -> list[MembershipRow]:
    """The active memberships of those who are in a group, by customer, and of one customer what is used first."""
    found = [_row(row[0], row[1:]) for row in rows(_IN_GROUP, (group_id,))]
    items = _items([row.id for row in found], len(found))
    return [row._replace(items=tuple(items.get(row.id, ()))) for row in found]


def to_use_of(memberships: Sequence[MembershipRow], on: date) -> set[int]:
    """Which of these, in the order of `active_in_group`, are meant when each of the customers uses one: of those that
    hold the same item only the first that began."""
    ids = [it.id for it in memberships]
    text = f"SELECT membership_id, item_id FROM membership_item WHERE membership_id IN ({marks(ids)}) AND {_IS_LEFT}"  # noqa: S608
    items: dict[int, set[int]] = {}
    for membership, item in rows(text, ids) if ids else ():
        items.setdefault(membership, set()).add(item)
    meant, taken = set(), set[tuple[int, int]]()
    for it in memberships:
        holds = {(it.customer_id, item) for item in items.get(it.id, ())}
        if it.start_on <= on and not holds & taken:
            meant.add(it.id)
            taken |= holds
    return meant


def filter_choices() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The packages and the groups, by id and name, that the list can be narrowed to: those that somebody came into."""
    found = rows(_CHOICES)
    return [(id_, name) for kind, id_, name in found if kind == 1], [
        (id_, name) for kind, id_, name in found if kind == 2
    ]


def _query(wanted: Filter) -> _Query:
    order = wanted.order if wanted.order in ORDERS else ""
    descending, name = order.startswith("-"), order.removeprefix("-")
    if wanted.status and not name:
        name = "end" if wanted.status == ENDING else "customer"  # with one status there are no active ones to put first
    source, conditions, params = _found(wanted.typed)
    if wanted.status == LOW:
        conditions.append(_IS_LOW)
    if wanted.status == UNBILLED:
        conditions.append(f"membership.price_minor > {_FUNDS} + {BILLED}")
    if wanted.status == OWING:
        conditions.append(f"{UNPAID} > 0")
    if wanted.status == ENDING and wanted.today:
        conditions.append("membership.end_on BETWEEN ? AND ?")
        params += [wanted.today.isoformat(), (wanted.today + SOON).isoformat()]
    for condition, value in (
        (f"{STATUS} = ?", _STATE_OF.get(wanted.status)),
        ("membership.package_id = ?", wanted.package),
        ("membership.group_id = ?", wanted.group),
    ):
        if value is not None:
            conditions.append(condition)
            params.append(value)
    return _Query(source, " AND ".join(conditions) or "1 = 1", tuple(params), _KEYS[name], descending)


def _found(typed: str) -> tuple[str, list[str], list[Any]]:
    """The tables to look in, the conditions and the values that keep what the typed words find."""
    words = typed_words(typed)
    if not words:
        return "membership", ["1 = 0"] if typed.strip() else [], []
    rarest, count = _rarest(words)
    source, params = "membership", []
    if count <= FEW:
        source, params = f"({_OF_WORD}) AS found CROSS JOIN membership", _range(words.pop(rarest))
    conditions = ["membership.id = found.id"] if count <= FEW else []
    for word in words:
        conditions.append(_HAS_WORD)
        params += _range(word)
    return source, conditions, params


def _rarest(words: Sequence[str]) -> tuple[int, int]:
    """Which of the words finds the fewest memberships, and how many, counted no further than needed."""
    text = "SELECT " + ", ".join(_HOW_MANY for _ in words)
    counts = rows(text, [value for word in words for value in _range(word)])[0]
    return min(enumerate(counts), key=lambda counted: counted[1])


def _range(word: str) -> list[Any]:
    """The values of a word in any of the texts above: the same range for customers and for packages."""
    return [word, after(word)] * 2


def _page(query: _Query, cursor: str, size: int) -> Page[MembershipRow]:
    keys = len(query.keys)
    condition = f"{query.condition} AND customer.id = membership.customer_id"
    page = paging.page(
        query.listing, condition, query.params, cursor, lambda row: _row(row[keys - 1], row[keys:]), size=size
    )
    items = _items([row.id for row in page.rows], size)
    return page._replace(rows=[row._replace(items=tuple(items.get(row.id, ()))) for row in page.rows])


def _row(membership_id: int, columns: Sequence[Any]) -> MembershipRow:
    version, customer_id, customer, package, status, start_on, end_on, price, funds, billed, unpaid = columns
    start = as_day(start_on)
    assert start is not None  # noqa: S101  # the column is NOT NULL
    money = price, funds, int(billed), int(unpaid)
    return MembershipRow(membership_id, version, customer_id, customer, package, status, start, as_day(end_on), *money)


def _items(ids: Sequence[int], size: int) -> dict[int, list[Progress]]:
    """What became of the items of up to `size` memberships, in one query whose text is always the same."""
    if not ids:
        return {}
    padded = [*ids, *[ids[0]] * (size - len(ids))]
    items: dict[int, list[Progress]] = {}
    for membership_id, *facts in rows(_items_text(size), padded):
        items.setdefault(membership_id, []).append(Progress(*facts))
    return items


def _items_text(size: int) -> str:
    return f"""SELECT membership_id, name, used_milli, reserved_milli, included_milli, unit FROM membership_item
 WHERE membership_id IN ({marks(range(size))}) ORDER BY membership_id, position, id"""  # noqa: S608  # only question marks
