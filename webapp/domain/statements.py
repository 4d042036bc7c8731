"""What a customer's money did, and how much the business holds for its customers, as of any day (spec section 6).

A statement is the postings on the customer's general funds and package funds, and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.models.invoice import invoice_code

GENERAL_FUNDS: Final = "General funds"
CORRECTED: Final = "Corrected"


class Used(NamedTuple):
    """So much of an item that an invoice took from a membership, less what was credited."""

    name: str
    unit: str
    quantity_milli: int


class Row(NamedTuple):
    """One posting: what happened to which fund, and what the customer's funds came to after it.

    `invoice`, `membership` and `payment` are the ids of what a link may lead to; `membership` is the one whose package
    funds or end this is about. `code` is the invoice's number, `reason` what was said when it was done, and `used` what
    package funds paid for.
    """

    day: date
    journal: int
    what: str
    fund: str
    amount_minor: int
    balance_minor: int
    invoice: int | None
    membership: int | None
    payment: int | None
    code: str
    reason: str
    used: tuple[Used, ...]


class Charge(NamedTuple):
    """So much of an item on an issued invoice, or a package; `package` is what the item came out of, if anything."""

    day: date | None
    name: str
    unit: str
    quantity_milli: int
    package: str
    invoice: int
    code: str
    amount_minor: int
    due_minor: int
    is_package: bool


class Statement(NamedTuple):
    """A customer's postings from one day to another, both included, between two balances."""

    opening_minor: int
    rows: list[Row]
    closing_minor: int


class Balances(NamedTuple):
    """General funds, and package funds by membership, at the end of a day."""

    general_minor: int
    packages: dict[int, int]

    @property
    def total_minor(self) -> int:
        """The account balance."""
        return self.general_minor + sum(self.packages.values())


class Held(NamedTuple):
    """Money held for all customers at the end of a day, and beside it what others owe on account."""

    package_minor: int
    general_minor: int
    owed_minor: int

    @property
    def total_minor(self) -> int:
        return self.package_minor + self.general_minor


_OWN = """
WITH own AS (
    SELECT id, kind, ref FROM account WHERE kind = 'G' AND ref = ?
    UNION ALL
    SELECT account.id, account.kind, account.ref FROM membership
    JOIN account ON account.kind = 'P' AND account.ref = membership.id WHERE membership.customer_id = ?
), touched AS (
    SELECT own.kind, own.ref, t.journal_id, -t.amount_minor AS amount FROM own JOIN transfer t ON t.debit_id = own.id
    UNION ALL
    SELECT own.kind, own.ref, t.journal_id, t.amount_minor FROM own JOIN transfer t ON t.credit_id = own.id
), posting AS (
    SELECT kind, ref, journal_id, SUM(amount) AS amount FROM touched GROUP BY kind, ref, journal_id
)"""

_BALANCES = (
    _OWN
    + """
SELECT posting.kind, posting.ref, SUM(posting.amount) FROM posting JOIN journal j ON j.id = posting.journal_id
WHERE j.posted_on <= ? GROUP BY posting.kind, posting.ref ORDER BY posting.kind, posting.ref"""
)

_OPENING = (
    _OWN
    + """
SELECT COALESCE(SUM(posting.amount), 0) FROM posting JOIN journal j ON j.id = posting.journal_id
WHERE j.posted_on < ?"""
)

# The origin of a mirror or a return is the journal that it takes back or gives back. Money that was paid out has no
# payment of its own; its method is that of the account.
_POSTINGS = f"""{_OWN}
SELECT j.posted_on, j.id, j.kind, origin.kind, a.act, a.reason, posting.kind, posting.amount, COALESCE(i.id, oi.id),
    COALESCE(i.series, oi.series), COALESCE(i.number, oi.number), COALESCE(i.customer_id, oi.customer_id),
    COALESCE(i.customer_name, oi.customer_name), m.id, m.package_name, p.id, COALESCE(method.name, (
        SELECT out.name FROM transfer t JOIN account til ON til.id IN (t.debit_id, t.credit_id) AND til.kind = 'M'
        JOIN payment_method out ON out.id = til.ref WHERE t.journal_id = j.id ORDER BY t.line LIMIT 1)),
    second.name, remaining.name, posting.ref = second.id, a.id, posting.ref
FROM posting JOIN journal j ON j.id = posting.journal_id JOIN audit a ON a.id = j.audit_id
LEFT JOIN journal origin ON j.source = 'journal' AND origin.id = j.source_id
LEFT JOIN invoice i ON i.id = j.invoice_id
LEFT JOIN invoice oi ON oi.id = origin.invoice_id
LEFT JOIN membership m ON m.id = CASE WHEN posting.kind = 'P' THEN posting.ref ELSE j.membership_id END
LEFT JOIN payment p ON p.journal_id = j.id
LEFT JOIN payment op ON op.journal_id = origin.id
LEFT JOIN payment_method method ON method.id = COALESCE(p.method_id, op.method_id)
LEFT JOIN customer second ON j.kind = 'merge' AND second.id = j.source_id
LEFT JOIN customer remaining ON remaining.id = second.merged_into_id
WHERE j.posted_on BETWEEN ? AND ? AND posting.amount <> 0
ORDER BY j.posted_on, j.id, posting.amount, posting.kind, posting.ref"""  # noqa: S608  # own text

_USED = """
SELECT l.invoice_id, l.membership_id, l.description, l.unit, SUM(l.quantity_milli - l.credited_milli)
FROM invoice_line l JOIN membership m ON m.id = l.membership_id WHERE m.customer_id = ? AND l.source = 'draw'
GROUP BY l.invoice_id, l.membership_id, l.description, l.unit ORDER BY l.invoice_id, MIN(l.position)"""

# By the journal of what was entered wrongly, that of what stands instead and its method.
_CORRECTIONS = f"""
SELECT undone.mirrors_id, p.journal_id, method.name FROM payment p JOIN audit a ON a.id = p.audit_id
JOIN journal undone ON undone.audit_id = a.id AND undone.kind = 'mirror'
JOIN payment_method method ON method.id = p.method_id
WHERE a.subject = 'payment' AND a.act = '{CORRECTED}' AND p.id IN (
    SELECT id FROM payment WHERE customer_id = ? UNION
    SELECT payment.id FROM invoice i JOIN payment ON payment.invoice_id = i.id WHERE i.customer_id = ?)"""  # noqa: S608  # own text

_CHARGES = """
SELECT i.service_on, l.description, l.unit, SUM(l.quantity_milli - l.credited_milli), COALESCE(m.package_name, ''),
    i.id, i.series, i.number, SUM(l.total_minor - l.credited_net_minor - l.credited_tax_minor),
    SUM(l.total_minor - l.paid_minor - l.cancelled_minor - l.credited_net_minor - l.credited_tax_minor), l.kind
FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
LEFT JOIN membership m ON m.id = l.membership_id AND l.source = 'draw'
WHERE i.customer_id = ? AND i.status IN ('open', 'paid') AND i.service_on BETWEEN ? AND ?
  AND l.kind IN ('item', 'package')
GROUP BY i.service_on, i.id, i.series, i.number, l.position, l.description, l.unit, l.kind, m.package_name
HAVING SUM(l.quantity_milli - l.credited_milli) > 0 OR l.kind = 'package'
ORDER BY i.service_on, i.id, l.position, MIN(l.part)"""

# What an account holds at the end of a day is what it holds now, less what was posted on it since: of a day that is
# not long ago that is little, and the index by day leads to it.
_HELD = """
SELECT COALESCE(SUM(CASE WHEN kind = 'P' AND one > 0 THEN one ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' AND one > 0 THEN one ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' AND one < 0 THEN -one ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'P' AND other > 0 THEN other ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' AND other > 0 THEN other ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN kind = 'G' AND other < 0 THEN -other ELSE 0 END), 0)
FROM (SELECT id, kind, SUM(amount) AS one, SUM(CASE WHEN since <= ? THEN 0 ELSE amount END) AS other FROM (
    SELECT id, kind, '9999-12-31' AS since, credits - debits AS amount FROM account WHERE kind IN ('G', 'P')
    UNION ALL
    SELECT a.id, a.kind, j.posted_on, CASE WHEN a.id = t.debit_id THEN t.amount_minor ELSE -t.amount_minor END
    FROM journal j CROSS JOIN transfer t CROSS JOIN account a
    WHERE j.posted_on > ? AND t.journal_id = j.id AND a.id IN (t.debit_id, t.credit_id) AND a.kind IN ('G', 'P')
) posting GROUP BY id, kind) balance"""


def statement(customer_id: int, first: date, last: date) -> Statement:
    """The customer's statement from the first to the last day, both included, in the order of the books."""
    whose = (customer_id, customer_id)
    opening = int(rows(_OPENING, (*whose, first.isoformat()))[0][0])
    used: dict[tuple[int, int], list[Used]] = defaultdict(list)
    for invoice, membership, name, unit, quantity in rows(_USED, (customer_id,)):
        used[invoice, membership].append(Used(name, unit, int(quantity)))
    balance, listed = opening, []
    found = rows(_POSTINGS, (*whose, first.isoformat(), last.isoformat()))
    methods = _right_methods(customer_id)
    for posting in _corrections_as_one(_Posting(*row) for row in found):
        posting = posting._replace(method=methods.get(posting.journal, posting.method))
        balance += int(posting.amount)
        what_for = used.get((posting.invoice or 0, posting.membership or 0), []) if posting.spends_funds else []
        listed.append(_row(posting, balance, customer_id, what_for))
    return Statement(opening, listed, balance)


def charges(customer_id: int, first: date, last: date) -> list[Charge]:
    """What the customer had on the days from the first to the last, by service date, whoever paid it and how."""
    found = rows(_CHARGES, (customer_id, first.isoformat(), last.isoformat()))
    return [
        Charge(
            as_day(day),
            name,
            unit,
            int(quantity or 0),
            package,
            invoice,
            invoice_code(series, number),
            int(amount),
            int(due),
            kind == "package",
        )
        for day, name, unit, quantity, package, invoice, series, number, amount, due, kind in found
    ]


def balances(customer_id: int, on: date) -> Balances:
    """A customer's general and package funds at the end of a day."""
    general, packages = 0, {}
    for kind, ref, amount in rows(_BALANCES, (customer_id, customer_id, on.isoformat())):
        if kind == "G":
            general = int(amount)
        else:
            packages[int(ref)] = int(amount)
    return Balances(general, packages)


def money_held(on: date) -> Held:
    """What the business holds for its customers at the end of a day, and what they owe on account: never posting."""
    return money_held_on_both(on, on)[1]


def money_held_on_both(one: date, other: date) -> tuple[Held, Held]:
    """The same for two days, of which the other is not before the one, by reading the books once."""
    package, general, owed, *at_other = map(int, rows(_HELD, (other.isoformat(), one.isoformat()))[0])
    return Held(package, general, owed), Held(*at_other)


class _Posting(NamedTuple):
    day: Any
    journal: int
    kind: str
    origin: str | None
    act: str
    reason: str
    account: str
    amount: Any
    invoice: int | None
    series: str | None
    number: int | None
    owner: int | None
    owner_name: str | None
    membership: int | None
    package: str | None
    payment: int | None
    method: str | None
    second: str | None
    remaining: str | None
    is_second: Any
    act_id: int
    ref: int

    @property
    def fund(self) -> str:
        return self.package or "" if self.account == "P" else GENERAL_FUNDS

    @property
    def spends_funds(self) -> bool:
        """Whether package funds paid for what an invoice took."""
        return self.kind == "pay" and self.account == "P" and self.amount < 0

    @property
    def code(self) -> str:
        return invoice_code(self.series or "", self.number or 0) if self.invoice else ""


def _right_methods(customer_id: int) -> dict[int, str]:
    """By the journal of each payment that was put right, the method that it was received by."""
    instead = {wrong: (right, method) for wrong, right, method in rows(_CORRECTIONS, (customer_id, customer_id))}
    found = {}
    for wrong, (right, method) in instead.items():
        while right in instead:
            right, method = instead[right]
        found[wrong] = method
    return found


def _corrections_as_one(postings: Iterable[_Posting]) -> list[_Posting]:
    """What a correction takes back and does again is one posting on each fund, and none where it comes to nothing."""
    found: dict[tuple[object, ...], _Posting] = {}
    for number, posting in enumerate(postings):
        if posting.act != CORRECTED:
            found[number,] = posting
            continue
        key = (posting.act_id, posting.account, posting.ref)
        before = found.get(key, posting._replace(amount=0))
        said = posting if posting.invoice or not before.invoice else before
        found[key] = said._replace(kind="corrected", amount=int(before.amount) + int(posting.amount))
    return [posting for posting in found.values() if posting.amount]


def _row(posting: _Posting, balance: int, customer_id: int, used: Sequence[Used]) -> Row:
    day = as_day(posting.day)
    assert day is not None  # noqa: S101  # the column is NOT NULL
    return Row(
        day,
        posting.journal,
        _what(posting, customer_id),
        posting.fund,
        int(posting.amount),
        balance,
        posting.invoice,
        posting.membership,
        posting.payment,
        posting.code,
        posting.reason,
        tuple(each for each in used if each.quantity_milli),
    )


def _what(posting: _Posting, customer_id: int) -> str:
    """What happened, in words."""
    if posting.kind == "pay":
        return _paid(posting, customer_id)
    if posting.kind == "mirror":
        return _taken_back(posting)
    went_in = posting.amount > 0
    package, code, method = posting.package, posting.code, posting.method
    said = {
        "return": f"Invoice {code} voided: back to account, received by {method}",
        "keep": f"Kept on account, received by {method}",
        "completed": f"{package} completed",
        "removed": f"Removed from {package}",
        "expired": f"{package} expired",
        "forfeit": f"{package} expired, forfeited",
        "restore": f"Forfeited funds of {package} back for invoice {code}",
        "sweep": f"Package funds of {package}, which is inactive",
        "reinstate": f"{package} reinstated",
        "credit": f"Credit on invoice {code}",
        "refund": f"{package} refunded",
        "transfer": f"{package} {'taken over' if went_in else 'handed over'}",
        "move": f"Moved {'into' if went_in == (posting.account == 'P') else 'out of'} {package}",
        "deposit": f"Deposit by {method}",
        "withdrawal": f"Withdrawal by {method}",
        "adjustment": f"Adjusted {'up' if went_in else 'down'}",
        "bounce": f"{method} bounced",
        "cover": f"Check bounced: spent funds of {package} covered",
        "uncover": f"{package} paid: covered funds back",
        "merge": f"Merged into {posting.remaining}" if posting.is_second else f"Merged: balance of {posting.second}",
        "corrected": f"Payment corrected, invoice {code}" if code else "Payment corrected",
        "opening": "Brought in from before",
    }
    return said.get(posting.kind, posting.kind.capitalize())


def _taken_back(posting: _Posting) -> str:
    if posting.origin == "completed":
        return f"{posting.package} active again"
    if posting.act == "Bounced":
        return f"{posting.method} bounced, invoice {posting.code}"
    return f"Invoice {posting.code} voided"


def _paid(posting: _Posting, customer_id: int) -> str:
    if posting.amount < 0 and posting.payment is None:
        return f"Invoice {posting.code} of the refund"
    if posting.amount < 0:
        whose = "" if posting.owner == customer_id else f" for {posting.owner_name}"
        return f"Invoice {posting.code} paid by Account{whose}"
    what = posting.package if posting.account == "P" else "Deposit"
    return f"{what} paid by {posting.method}, invoice {posting.code}"
