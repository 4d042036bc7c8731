"""The only writer of the books: journals of transfers, append-only, posted in the transaction of what caused them.

The chart of accounts and the posting of every act are described in docs/books.md.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from webapp.db import execute, marks, rows, utcnow
from webapp.domain.errors import DomainError
from webapp.models import Account, Audit, Journal, Transfer


class Key(NamedTuple):
    """Which account: its kind with the record or the label it belongs to."""

    kind: str
    ref: int = 0
    label: str = ""


class Move(NamedTuple):
    """So much from one account to another: debit, credit, minor units."""

    debit: Key
    credit: Key
    amount_minor: int


SIDES: Final = {"M": "D", "R": "D"}
"""Natural sides; every kind not named here is a credit account."""

FLOORED: Final = frozenset({"R", "A", "P"})
"""Accounts that can never go below zero."""


def method(method_id: int) -> Key:
    """Money received by a payment method."""
    return Key("M", method_id)


def receivable(invoice_id: int) -> Key:
    """What an invoice still asks for."""
    return Key("R", invoice_id)


def awaiting(invoice_id: int) -> Key:
    """The unpaid part of an invoice's package and deposit lines."""
    return Key("A", invoice_id)


def general(customer_id: int) -> Key:
    """A customer's general funds; below zero is owed on account."""
    return Key("G", customer_id)


def package_funds(membership_id: int) -> Key:
    """Money paid in for one membership."""
    return Key("P", membership_id)


def income(category: str) -> Key:
    """Income by category, net of tax and discount."""
    return Key("I", 0, category)


def tax(percent_e4: int) -> Key:
    """Tax payable at a rate."""
    return Key("T", percent_e4)


def post(
    kind: str,
    source: str,
    source_id: int,
    moves: Iterable[Move],
    *,
    audit: Audit,
    on: date,
    part: int = 0,
    invoice_id: int | None = None,
    membership_id: int | None = None,
    mirrors: Journal | None = None,
) -> Journal | None:
    """Write one journal; moves of zero write nothing, and without a move there is no journal."""
    real = [move for move in moves if move.amount_minor]
    if not real:
        return None
    journal = Journal.create(
        kind=kind,
        source=source,
        source_id=source_id,
        part=part,
        invoice=invoice_id,
        membership=membership_id,
        audit=audit,
        posted_on=on,
        recorded_at=utcnow(),
        mirrors=mirrors,
    )
    ids = _account_ids({move.debit for move in real} | {move.credit for move in real})
    Transfer.create_many(
        {
            "journal": journal.id,
            "line": line,
            "debit": ids[move.debit],
            "credit": ids[move.credit],
            "amount_minor": move.amount_minor,
        }
        for line, move in enumerate(real, start=1)
    )
    return journal


def mirror(journal: Journal, *, audit: Audit, on: date) -> Journal:
    """Take a journal back: the same transfers the other way round, dated today.

    Raises `DomainError`, naming the amount, when an account that cannot go below zero would.
    """
    undone = Journal.create(
        kind="mirror",
        source="journal",
        source_id=journal.id,
        part=0,
        invoice=journal.invoice_id,
        membership=journal.membership_id,
        audit=audit,
        posted_on=on,
        recorded_at=utcnow(),
        mirrors=journal,
    )
    lines = Transfer.fetch("journal_id = ? ORDER BY line DESC", (journal.id,))
    for line, transfer in enumerate(lines, start=1):
        _refuse_below_zero(transfer.credit_id, transfer.amount_minor)
        execute(
            "INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor) VALUES (?, ?, ?, ?, ?)",
            (undone.id, line, transfer.credit_id, transfer.debit_id, transfer.amount_minor),
        )
    return undone


def moved(journal: Journal) -> int:
    """What a journal moved in all, in minor units."""
    return sum(transfer.amount_minor for transfer in Transfer.select().where(Transfer.journal == journal))


def live(journals: Sequence[Journal]) -> list[Journal]:
    """Those journals that were not taken back, newest first."""
    ids = [journal.id for journal in journals]
    gone = {row[0] for row in rows(f"SELECT mirrors_id FROM journal WHERE mirrors_id IN ({marks(ids)})", ids)}  # noqa: S608
    return sorted((j for j in journals if j.id not in gone), key=lambda journal: -journal.id)


def balance(key: Key) -> int:
    """An account's balance on its natural side, in minor units; 0 for one that was never used."""
    found = Account.fetch("kind = ? AND ref = ? AND label = ?", key)
    return found[0].balance_minor if found else 0


def balances(kind: str, refs: Sequence[int]) -> dict[int, int]:
    """Balances of several accounts of one kind, by the record each belongs to; 0 where there is none."""
    found = dict.fromkeys(refs, 0)
    if refs:
        for account in Account.fetch(f"kind = ? AND ref IN ({marks(refs)})", (kind, *refs)):
            found[account.ref] = account.balance_minor
    return found


def next_part(kind: str, source: str, source_id: int) -> int:
    """The number of a journal that can come more than once for the same source, such as a second removal."""
    text = "SELECT COUNT(*) FROM journal WHERE kind = ? AND source = ? AND source_id = ?"
    return int(rows(text, (kind, source, source_id))[0][0])


def _refuse_below_zero(account_id: int, debit_minor: int) -> None:
    account = Account.get_by_id(account_id)
    if account.kind == "P" and account.balance_minor < debit_minor:
        raise ShortFunds(debit_minor - account.balance_minor)


class ShortFunds(DomainError):
    """Package funds would go below zero by `short_minor`."""

    def __init__(self, short_minor: int) -> None:
        super().__init__("This would take package funds below zero.")
        self.short_minor = short_minor


def _account_ids(keys: set[Key]) -> dict[Key, int]:
    """Account ids, made where they are missing; in a stable order so that two acts never wait for each other."""
    ordered = sorted(keys)
    one = "(kind = ? AND ref = ? AND label = ?)"
    condition, values = " OR ".join([one] * len(ordered)), [value for key in ordered for value in key]
    found = rows(f"SELECT kind, ref, label, id FROM account WHERE {condition}", values)  # noqa: S608  # fixed text
    ids = {Key(kind, ref, label): account_id for kind, ref, label, account_id in found}
    for key in ordered:
        if key not in ids:
            made = rows(
                "INSERT INTO account (kind, ref, label, side, floor_zero) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING RETURNING id",
                (*key, SIDES.get(key.kind, "C"), int(key.kind in FLOORED)),
            )
            ids[key] = made[0][0]
    return ids
