"""A period for the accountant: what came in, what was sold and taxed, what is held and open, and that it adds up."""

from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from webapp.db import as_day, rows
from webapp.domain import movements, sold, statements
from webapp.domain.movements import Change, Taking
from webapp.domain.sold import Base, Figures, Sold
from webapp.domain.statements import Held
from webapp.models import PaymentMethod
from webapp.models.invoice import invoice_code

SHOWN: Final = 100
"""So many open invoices and credit notes are listed on the screen; all of them are counted and added up."""


class Unpaid(NamedTuple):
    """An invoice that was open at the end of a day, with what was due of it then."""

    invoice: int
    code: str
    customer: int
    name: str
    due_on: date | None
    due_minor: int


class Open(NamedTuple):
    """The open invoices at the end of a day: the oldest due dates first, how many they are and what is due of them."""

    shown: list[Unpaid]
    number: int
    due_minor: int


class Note(NamedTuple):
    """A credit note: of a line of an invoice, or the refund of a package."""

    id: int
    day: date | None
    invoice: int | None
    membership: int | None
    code: str
    customer: int
    name: str
    about: str
    amount_minor: int


class Notes(NamedTuple):
    """The credit notes of a period, the first of them, with how many they are and what they come to."""

    shown: list[Note]
    number: int
    amount_minor: int
    refunds_minor: int

    @property
    def credits_minor(self) -> int:
        return self.amount_minor - self.refunds_minor


class Check(NamedTuple):
    """Two figures that come from different places and have to be the same."""

    what: str
    minor: int
    other_minor: int

    @property
    def agrees(self) -> bool:
        return self.minor == self.other_minor


class Summary(NamedTuple):
    """All figures of a period, both days included."""

    takings: list[Taking]
    by_account_minor: int
    steps: dict[str, Figures]
    income: dict[str, int]
    items: list[Sold]
    taxes: list[Base]
    ahead: list[Sold]
    forfeited_minor: int
    held_before: Held
    held_changes: list[Change]
    held: Held
    due_before_minor: int
    open_changes: list[Change]
    open: Open
    notes: Notes

    @property
    def taken(self) -> Taking:
        """All methods together."""
        figures = zip(*(it[1:] for it in self.takings), strict=True)
        return Taking("Total", *(map(sum, figures) if self.takings else (0, 0, 0)))

    @property
    def sold(self) -> Figures:
        """What all items came to."""
        return sold.together(it.figures for it in self.items)

    @property
    def checks(self) -> list[Check]:
        """That what is listed leads from the first figure to the last, and agrees with the accounts."""
        changed = sum(it.amount_minor for it in self.held_changes)
        moved = sum(it.amount_minor for it in self.open_changes)
        before, due = self.held_before.total_minor, self.due_before_minor
        return [
            Check("What was sold, and what the income accounts moved", self.sold.net_minor, sum(self.income.values())),
            Check(
                "Its tax, and what the tax accounts moved", self.sold.tax_minor, sum(it.tax_minor for it in self.taxes)
            ),
            Check("Money held at the start with its changes, and at the end", before + changed, self.held.total_minor),
            Check("Open invoices at the start with their changes, and at the end", due + moved, self.open.due_minor),
        ]


# What is due of an invoice at the end of a day is its receivable now, less what was posted on it since.
_OPEN: Final = """
SELECT i.id, i.series, i.number, i.customer_id, i.customer_name, i.due_on, owed.other,
    SUM(CASE WHEN owed.other > 0 THEN 1 ELSE 0 END) OVER (), SUM(owed.other) OVER (), SUM(owed.one) OVER ()
FROM (SELECT invoice, SUM(amount) AS one, SUM(CASE WHEN since <= ? THEN 0 ELSE amount END) AS other FROM (
        SELECT i.id AS invoice, '9999-12-31' AS since, a.debits - a.credits AS amount
        FROM invoice i JOIN account a ON a.kind = 'R' AND a.ref = i.id AND a.label = '' WHERE i.status = 'open'
        UNION ALL
        SELECT a.ref, j.posted_on, CASE WHEN a.id = t.debit_id THEN -t.amount_minor ELSE t.amount_minor END
        FROM journal j CROSS JOIN transfer t CROSS JOIN account a
        WHERE j.posted_on > ? AND t.journal_id = j.id AND a.id IN (t.debit_id, t.credit_id) AND a.kind = 'R'
    ) posting GROUP BY invoice) owed
JOIN invoice i ON i.id = owed.invoice
ORDER BY CASE WHEN owed.other > 0 THEN 0 ELSE 1 END, i.due_on, i.id LIMIT ?"""

# The numbers of credit notes begin anew each year, and their index leads to those of the years concerned.
_NOTES: Final = """
SELECT n.id, n.issued_on, n.invoice_id, n.membership_id, n.series, n.number, n.customer_id, n.customer_name, i.series,
    i.number, m.package_name, n.amount_minor, COUNT(*) OVER (), SUM(n.amount_minor) OVER (),
    SUM(CASE WHEN n.kind = 'refund' THEN n.amount_minor ELSE 0 END) OVER ()
FROM credit_note n LEFT JOIN invoice i ON i.id = n.invoice_id LEFT JOIN membership m ON m.id = n.membership_id
WHERE n.series BETWEEN ? AND ? AND n.issued_on BETWEEN ? AND ? ORDER BY n.id LIMIT ?"""
EVERYTHING: Final = 10**9
OWED: Final = "Spent beyond what was held: owed on account"
"""It is not taken off what others have, so it comes back on what was used."""


def summary(first: date, last: date, shown: int = SHOWN) -> Summary:
    """The period from the first day to the last; so many open invoices and credit notes are listed."""
    names = PaymentMethod.select().order_by(PaymentMethod.position, PaymentMethod.id)
    moved, parts, before = movements.movements(first, last), sold.parts(first, last), first - timedelta(days=1)
    held_before, held = statements.money_held_on_both(before, last)
    due_before, open_ = open_invoices(before, last, shown)
    owed = held.owed_minor - held_before.owed_minor
    return Summary(
        takings=movements.takings(moved, {method.id: method.name for method in names}),
        by_account_minor=movements.paid_by_account(moved),
        steps=sold.by_step(parts),
        income=movements.earned(moved),
        items=sold.items(parts),
        taxes=sold.bases(parts, movements.taxed(moved)),
        ahead=sold.ahead(parts),
        forfeited_minor=movements.forfeited(moved),
        held_before=held_before,
        held_changes=movements.held_changes(moved) + ([Change(OWED, owed)] if owed else []),
        held=held,
        due_before_minor=due_before,
        open_changes=movements.open_changes(moved),
        open=open_,
        notes=notes(first, last, shown),
    )


def open_invoices(before: date, last: date, shown: int = EVERYTHING) -> tuple[int, Open]:
    """What was due at the end of one day, and the invoices that were open at the end of another."""
    found = rows(_OPEN, (last.isoformat(), before.isoformat(), max(shown, 1)))
    number, due, due_before = map(int, found[0][-3:]) if found else (0, 0, 0)
    unpaid = [_unpaid(row) for row in found]
    return due_before, Open([it for it in unpaid if it.due_minor > 0][:shown], number, due)


def _unpaid(row: tuple[Any, ...]) -> Unpaid:
    invoice, series, number, customer, name, due_on, due, *_ = row
    return Unpaid(invoice, invoice_code(series, number), customer, name, as_day(due_on), int(due))


def notes(first: date, last: date, shown: int = EVERYTHING) -> Notes:
    """The credit notes of the days from the first to the last."""
    series = (f"CN-{first.year}", f"CN-{last.year}")
    found = rows(_NOTES, (*series, first.isoformat(), last.isoformat(), shown))
    number, amount, refunds = map(int, found[0][-3:]) if found else (0, 0, 0)
    return Notes([_note(row) for row in found], number, amount, refunds)


def _note(row: tuple[Any, ...]) -> Note:
    note, day, invoice, membership, series, number, customer, name, of_series, of_number, package, amount, *_ = row
    about = package if invoice is None else invoice_code(of_series, of_number)
    return Note(
        note, as_day(day), invoice, membership, invoice_code(series, number), customer, name, about, int(amount)
    )
