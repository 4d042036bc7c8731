"""Saving an invoice: number, postings and reserved units in one transaction (spec section 5)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, ledger, numbers
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import hold, start
from webapp.domain.quoting import Line, Quote, quote
from webapp.domain.settling import settle
from webapp.models import Audit, Company, Invoice, InvoiceLine, Package, User
from webapp.money import LARGEST


class PriceChanged(Changed):
    """The price is no longer what was shown; `quote` is what it is now. Nothing was saved."""

    def __init__(self, now: Quote) -> None:
        super().__init__("Prices changed since they were shown. Look at them again; nothing was saved yet.")
        self.quote = now


@transactional
def issue(invoice_id: int, *, by: User, on: date, shown: str | None = None) -> Invoice:
    """Save a draft: it gets a number and is open, or paid when it asks for nothing.

    `shown` is the digest of the quote that the person saw; another price raises `PriceChanged`. A line that cannot be
    sold raises `DomainError` on ``line-<position>``.
    """
    hold(on, Invoice.get_by_id(invoice_id).customer_id)
    invoice = Invoice.get_by_id(invoice_id)
    if not invoice.is_draft:
        raise Changed(f"This invoice was saved already as {invoice.code}.")
    now = quote(invoice)
    if shown is not None and shown != now.digest:
        raise PriceChanged(now)
    if now.problems:
        raise DomainError(now.problems[0].sentence, f"line-{now.problems[0].position}")
    if not now.lines:
        raise DomainError("Add at least one item before you save.", "add")
    _refuse_over(now, on)
    if now.total_minor > LARGEST:
        raise DomainError("The total is too large.", f"line-{now.lines[0].position}")
    series, number = str(on.year), numbers.take(str(on.year))
    entry = audit.record(
        "Saved",
        "invoice",
        invoice.id,
        by=by,
        customer=invoice.customer_id,
        number=f"{series}-{number:04d}",
        total_minor=now.total_minor,
        service_on=invoice.service_on,
    )
    _write_lines(invoice, now.lines, by=by)
    saved = _open(invoice, now, series, number, on)
    _post(saved, now.lines, entry, on)
    if not now.total_minor:
        settle(saved.id, entry=entry, on=on)
    return saved


def _refuse_over(now: Quote, on: date) -> None:
    """A package that a past service date would begin, and whose last day is past too, would end before it is paid."""
    for line in now.lines:
        last_day = line.terms[0].end_on if line.terms else None
        if last_day is not None and last_day < on:
            ended = f"{line.description} would have ended on {Company.of_act().day(last_day)} already."
            raise DomainError(f"{ended} Choose a later service date.", f"line-{line.position}")


def _write_lines(invoice: Invoice, quoted: list[Line], *, by: User) -> None:
    """Make the memberships that are sold here, reserve the units that are drawn, and write every line."""
    made: dict[int, int] = {}
    for line in quoted:
        if line.package and line.membership is not None and line.membership < 0 and line.membership not in made:
            package = Package.get_by_id(line.package)
            made[line.membership] = start(
                invoice.customer, package, start_on=invoice.service_on, by=by, discount_minor=line.discount_minor
            ).id
    reserved = _reserve([line for line in quoted if line.source == "draw"], made)
    written = []
    for line in quoted:
        membership = made.get(line.membership, line.membership) if line.membership is not None else None
        written.append(
            {
                "invoice": invoice.id,
                "position": line.position,
                "part": line.part,
                "kind": line.kind,
                "source": line.source,
                "item": line.item,
                "package": line.package,
                "membership": membership,
                "membership_item": reserved[line.membership, line.item] if line.source == "draw" else None,
                "description": line.description,
                "unit": line.unit,
                "quantity_milli": line.quantity_milli,
                "rate_e4": line.rate_e4,
                "standard_rate_e4": line.standard_rate_e4,
                "reason": line.reason,
                "leaves_milli": line.leaves_milli,
                "category": line.category,
                "tax_percent_e4": line.tax_percent_e4,
                "discount_minor": line.discount_minor,
                "net_minor": line.net_minor,
                "tax_minor": line.tax_minor,
                "total_minor": line.total_minor,
            }
        )
    InvoiceLine.create_many(written)


def _reserve(draws: Iterable[Line], made: Mapping[int, int]) -> dict[tuple[int | None, int | None], int]:
    """Take the units of the draws, or nothing when somebody else has just taken them; answers with the membership items
    by the memberships and items that the lines name."""
    inclusive = Company.of_act().tax_inclusive
    wanted: dict[tuple[int | None, int | None], list[Line]] = defaultdict(list)
    for line in draws:
        wanted[line.membership, line.item].append(line)
    found = {}
    for (membership, item), lines in wanted.items():
        quantity, tax = sum(line.quantity_milli for line in lines), sum(line.tax_minor for line in lines)
        drawn = sum(line.net_minor for line in lines) + (tax if inclusive else 0)
        taken = rows(
            "UPDATE membership_item SET reserved_milli = reserved_milli + ?, drawn_minor = drawn_minor + ?,"
            " drawn_tax_minor = drawn_tax_minor + ? WHERE membership_id = ? AND item_id = ?"
            " AND reserved_milli + used_milli + ? <= included_milli RETURNING id",
            (quantity, drawn, tax, made.get(membership or 0, membership), item, quantity),
        )
        if not taken:
            raise Changed("Units of this package were used by somebody else meanwhile. Look at the prices again.")
        found[membership, item] = int(taken[0][0])
    return found


def _open(invoice: Invoice, now: Quote, series: str, number: int, on: date) -> Invoice:
    total = now.total_minor
    sums = (now.net_minor, now.tax_minor, total, total)
    saved = rows(
        "UPDATE invoice SET status = ?, series = ?, number = ?, issued_on = ?, customer_name = ?, net_minor = ?,"  # noqa: S608  # names of the schema
        " tax_minor = ?, total_minor = ?, due_minor = ?, changed_at = ?, version = version + 1"
        f" WHERE id = ? AND status = 'draft' RETURNING {', '.join(Invoice.columns('invoice'))}",
        (
            *("open" if total else "paid", series, number, on.isoformat(), invoice.customer.name),
            *sums,
            *(utcnow().isoformat(), invoice.id),
        ),
    )
    if not saved:
        raise Changed("This invoice was saved by somebody else meanwhile.")
    return Invoice.of_row(saved[0])


def _post(invoice: Invoice, lines: list[Line], entry: Audit, on: date) -> None:
    due: dict[ledger.Key, int] = defaultdict(int)
    for line in lines:
        if line.kind == "item":
            due[ledger.income(line.category)] += line.net_minor
            due[ledger.tax(line.tax_percent_e4)] += line.tax_minor
        else:
            due[ledger.awaiting(invoice.id)] += line.total_minor
    ledger.post(
        "issue",
        "invoice",
        invoice.id,
        [Move(ledger.receivable(invoice.id), account, amount) for account, amount in sorted(due.items())],
        audit=entry,
        on=on,
        invoice_id=invoice.id,
    )
