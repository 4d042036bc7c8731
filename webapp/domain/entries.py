"""The entries of the books in words: what happened, who did it, and which money went where."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from webapp import money
from webapp.db import as_day, marks, rows
from webapp.models import Customer, Membership, PaymentMethod
from webapp.models.invoice import invoice_code


class Posting(NamedTuple):
    """One transfer of the books."""

    debit: str
    credit: str
    amount_minor: int


class Entry(NamedTuple):
    """One journal of the books: the day, what happened in words, and its transfers."""

    journal: int
    day: date | None
    what: str
    postings: list[Posting]


class Cause(NamedTuple):
    """What a journal is about: of each the id that a link leads to, and its name."""

    customer: tuple[int, str] | None
    invoice: tuple[int, str] | None
    membership: tuple[int, str] | None


class Story(NamedTuple):
    """One journal with all there is to say about it.

    `mirror` is the journal that takes it back, `origin` the one that it takes back; `others` came with the same act.
    """

    entry: Entry
    at: datetime
    who: str
    act: str
    reason: str
    cause: Cause
    mirror: Entry | None
    origin: Entry | None
    others: list[Entry]


WHAT: Final = {
    "issue": "Saved",
    "pay": "Payment",
    "keep": "Rest kept on account",
    "return": "Back to the account",
    "completed": "Package completed",
    "removed": "Removed from package",
    "expired": "Package expired",
    "forfeit": "Package expired, forfeited",
    "restore": "Forfeited money back",
    "sweep": "On to general funds",
    "cancel": "Unpaid rest of the package credited",
    "uncancel": "Credited rest of the package owed again",
    "credit": "Line credited",
    "refund": "Refund paid out",
    "reinstate": "Package reinstated",
    "transfer": "Package handed over",
    "move": "Moved between general and package funds",
    "deposit": "Deposit",
    "withdrawal": "Withdrawal",
    "adjustment": "Balance adjusted",
    "bounce": "Check bounced",
    "cover": "Spent package funds covered",
    "uncover": "Covered funds back",
    "merge": "Customer merged",
    "mirror": "Taken back",
}
"""What happened, by the kind of a journal."""

_ENTRIES = """
SELECT j.id, j.posted_on, j.kind, origin.kind, debit.kind, debit.ref, debit.label, credit.kind, credit.ref,
  credit.label, t.amount_minor
FROM journal j JOIN transfer t ON t.journal_id = j.id
JOIN account debit ON debit.id = t.debit_id JOIN account credit ON credit.id = t.credit_id
LEFT JOIN journal origin ON origin.id = j.mirrors_id
WHERE j.id IN ({}) ORDER BY j.id, t.line"""

_OF_INVOICE = """SELECT id FROM journal WHERE invoice_id = ?
  UNION SELECT journal.id FROM audit JOIN journal ON journal.audit_id = audit.id
  WHERE audit.subject = 'invoice' AND audit.subject_id = ?"""

_TOGETHER = """SELECT other.id FROM journal j JOIN journal other ON other.audit_id = j.audit_id WHERE j.id = ?
  UNION SELECT mirrors_id FROM journal WHERE id = ? AND mirrors_id IS NOT NULL
  UNION SELECT id FROM journal WHERE mirrors_id = ?"""

_STORY = """
SELECT j.recorded_at, COALESCE(staff.name, a.actor), a.act, a.reason, j.mirrors_id, mirror.id,
  c.id, c.name, i.id, i.series, i.number, m.id, m.package_name
FROM journal j JOIN audit a ON a.id = j.audit_id LEFT JOIN staff ON staff.id = a.user_id
LEFT JOIN journal mirror ON mirror.mirrors_id = j.id
LEFT JOIN invoice i ON i.id = j.invoice_id LEFT JOIN membership m ON m.id = j.membership_id
LEFT JOIN customer c ON c.id = COALESCE(i.customer_id, m.customer_id, a.customer_id)
WHERE j.id = ?"""


def entries_of_invoice(invoice_id: int) -> list[Entry]:
    """Every journal of an invoice and of what was done to it, in the order of posting."""
    return _entries(_OF_INVOICE, (invoice_id, invoice_id))


def story(journal_id: int) -> Story | None:
    """One journal in full, with what came with it; None when there is no such journal."""
    found = rows(_STORY, (journal_id,))
    if not found:
        return None
    at, who, act, reason, origin, mirror, *about = found[0]
    entries = {entry.journal: entry for entry in _entries(_TOGETHER, (journal_id,) * 3)}
    return Story(
        entry=entries.pop(journal_id),
        at=datetime.fromisoformat(at) if isinstance(at, str) else at,
        who=who,
        act=act,
        reason=reason,
        cause=_cause(about),
        mirror=entries.pop(mirror, None),
        origin=entries.pop(origin, None),
        others=list(entries.values()),
    )


def _cause(about: Sequence[Any]) -> Cause:
    customer, name, invoice, series, number, membership, package = about
    return Cause(
        (customer, name) if customer else None,
        (invoice, invoice_code(series, number)) if invoice else None,
        (membership, package) if membership else None,
    )


def _entries(which: str, params: Sequence[int]) -> list[Entry]:
    found = rows(_ENTRIES.format(which), params)
    names = _account_names({(row[n], row[n + 1]) for row in found for n in (4, 7)})
    entries: dict[int, Entry] = {}
    for journal, day, kind, origin, *accounts, amount in found:
        what = WHAT.get(kind, kind.capitalize()) + (f": {WHAT.get(origin, origin).lower()}" if origin else "")
        entry = entries.setdefault(journal, Entry(journal, as_day(day), what, []))
        debit, credit = (_account(names, *accounts[n : n + 3]) for n in (0, 3))
        entry.postings.append(Posting(debit, credit, int(amount)))
    return list(entries.values())


def _account_names(keys: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The names of the records that accounts belong to, by kind of account and id."""
    names = {("M", method.id): method.name for method in PaymentMethod.select()}
    of_kind = {kind: [ref for k, ref in keys if k == kind] for kind in "RAGP"}
    codes = of_kind["R"] + of_kind["A"]
    for found, series, number in rows(
        f"SELECT id, series, number FROM invoice WHERE id IN ({marks(codes)})",  # noqa: S608  # marks only
        codes,
    ):
        names["R", found] = names["A", found] = invoice_code(series, number)
    names |= {("G", c.id): c.name for c in Customer.select().where(Customer.id.in_(of_kind["G"] or [0]))}
    memberships = Membership.select().where(Membership.id.in_(of_kind["P"] or [0]))
    return names | {("P", m.id): m.package_name for m in memberships}


def _account(names: dict[tuple[str, int], str], kind: str, ref: int, label: str) -> str:
    """An account of the chart in words."""
    name = names.get((kind, ref), "")
    if kind == "T":
        return f"Tax payable {money.plain(ref, 4)} %"
    said = {
        "M": name,
        "R": f"Receivable {name}",
        "A": f"Awaiting payment {name}",
        "G": f"General funds of {name}",
        "P": f"Package funds {name}",
        "I": f"Income {label}",
        "opening": "Brought in from before",
    }
    return said.get(kind, kind.capitalize())
