"""The period summary: a month, or other days, for whoever keeps the books."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response

from webapp import periods
from webapp.access import requires
from webapp.domain import summaries
from webapp.domain.movements import Change
from webapp.domain.sold import Figures, Sold
from webapp.domain.summaries import Summary
from webapp.forms import EARLIEST
from webapp.hypermedia import render
from webapp.periods import Period
from webapp.permissions import Permission
from webapp.presentation import money_input, month_text, percent_text, quantity_text, today
from webapp.spreadsheet import csv_file

EXPORTED = (
    *("Part", "What", "About", "Day", "Quantity", "Unit", "From packages", "Discount"),
    *("Net", "Tax", "Amount"),
)
Cells = dict[str, Any]


@requires(Permission.VIEW_REPORTS)
def index() -> Response:
    """The summary on the screen and on paper."""
    period = periods.asked()
    return render(
        "reports/period.html",
        region="reports/_period.html",
        period=period,
        summary=summaries.summary(*period),
        months=_months(period),
        here=period.url("reports.period"),
        export_url=period.url("reports.period_export"),
    )


def _months(period: Period) -> list[tuple[str, Period]]:
    """The months around it that have begun, and this one."""
    before, after, this = period.before, period.after, Period.month(today())
    months = [(f"‹ {_named(before)}", before), ("This month", this), (f"{_named(after)} ›", after)]
    return [(label, month) for label, month in months if EARLIEST <= month.first <= this.first]


def _named(month: Period) -> str:
    return f"{month_text(month.first)} {month.first.year}"


@requires(Permission.VIEW_REPORTS)
def export() -> Response:
    """The same as a file, with every open invoice and every credit note."""
    period = periods.asked()
    found = summaries.summary(*period, shown=summaries.EVERYTHING)
    lines = ([cells.get(name, "") for name in EXPORTED] for cells in _exported(found))
    return csv_file(f"period-{period.first}-{period.last}.csv", EXPORTED, lines)


def _exported(found: Summary) -> Iterator[Cells]:
    for it in found.takings:
        yield _line("Takings: received", it.method, it.received_minor)
        yield _line("Takings: paid out", it.method, it.paid_out_minor)
        yield _line("Takings: bounced", it.method, it.bounced_minor)
        yield _line("Takings: net", it.method, it.net_minor)
    yield _line("Takings: net", "All methods", found.taken.net_minor)
    yield _line("Paid by Account", "From money held", found.by_account_minor)
    for step, figures in found.steps.items():
        yield _line("Income and tax", step, figures.total_minor) | _net_and_tax(figures)
    yield _line("Income and tax", "All", found.sold.total_minor) | _net_and_tax(found.sold)
    yield from (_line("Income account", category, amount) for category, amount in found.income.items())
    yield from (_sold("Sold", it) for it in found.items)
    for rate in found.taxes:
        figures = Figures(0, 0, rate.net_minor, rate.tax_minor)
        yield _line("Tax rate", f"{percent_text(rate.percent_e4)} %", figures.total_minor) | _net_and_tax(figures)
    yield from (_sold("Billed, no income", it) for it in found.ahead)
    yield _line("Forfeited", "Less what came back", found.forfeited_minor)
    yield from _changed("Money held", found.held_before.total_minor, found.held_changes)
    yield _line("Money held", "At the end", found.held.total_minor)
    yield from _changed("Open invoices", found.due_before_minor, found.open_changes)
    yield _line("Open invoices", "At the end", found.open.due_minor)
    for unpaid in found.open.shown:
        yield _line("Open invoice", unpaid.code, unpaid.due_minor) | {"About": unpaid.name, "Day": unpaid.due_on}
    for note in found.notes.shown:
        about = {"About": f"{note.about}, {note.name}", "Day": note.day}
        yield _line("Credit note", note.code, note.amount_minor) | about


def _line(part: str, what: str, minor: int) -> Cells:
    return {"Part": part, "What": what, "Amount": money_input(minor)}


def _net_and_tax(figures: Figures) -> Cells:
    return {"Net": money_input(figures.net_minor), "Tax": money_input(figures.tax_minor)}


def _sold(part: str, it: Sold) -> Cells:
    line = _line(part, it.name, it.figures.total_minor) | _net_and_tax(it.figures)
    line |= {"About": it.category, "Discount": money_input(it.figures.discount_minor)}
    if it.figures.quantity_milli:
        quantities = {"Quantity": it.figures.quantity_milli, "From packages": it.from_packages_milli}
        line |= {"Unit": it.unit} | {name: quantity_text(milli) for name, milli in quantities.items()}
    return line


def _changed(part: str, before_minor: int, changes: Sequence[Change]) -> Iterator[Cells]:
    yield _line(part, "At the start", before_minor)
    yield from (_line(part, it.what, it.amount_minor) for it in changes)
