"""Saving an invoice: number, postings and reserved units in one transaction (spec section 5)."""

from collections import defaultdict
from datetime import date

from webapp.db import execute, rows, transactional, utcnow
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import expire_due, start
from webapp.domain.quoting import Line, Quote, quote
from webapp.domain.settling import settle
from webapp.models import Audit, Company, Invoice, InvoiceLine, MembershipItem, Package, User


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
    invoice = Invoice.get_by_id(invoice_id)
    if not invoice.is_draft:
        raise Changed(f"This invoice was saved already as {invoice.code}.")
    expire_due(on, customer_id=invoice.customer_id)
    now = quote(invoice)
    if shown is not None and shown != now.digest:
        raise PriceChanged(now)
    if now.problems:
        raise DomainError(now.problems[0].sentence, f"line-{now.problems[0].position}")
    if not now.lines:
        raise DomainError("Add at least one item before you save.", "add")
    series, number = str(on.year), _take_number(str(on.year))
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
    lines = _write_lines(invoice, now.lines, by=by)
    _open(invoice, now, series, number, on)
    _post(invoice, lines, entry, on)
    if not now.total_minor:
        settle(invoice.id, entry=entry, on=on)
    return Invoice.get_by_id(invoice.id)


def _take_number(series: str) -> int:
    execute("INSERT INTO number_series (series, next_number) VALUES (?, 1) ON CONFLICT DO NOTHING", (series,))
    taken = rows(
        "UPDATE number_series SET next_number = next_number + 1 WHERE series = ? RETURNING next_number - 1", (series,)
    )
    return int(taken[0][0])


def _write_lines(invoice: Invoice, quoted: list[Line], *, by: User) -> list[InvoiceLine]:
    """Make the memberships that are sold here, reserve the units that are drawn, and write every line."""
    made: dict[int, int] = {}
    for line in quoted:
        if line.kind == "package" and line.membership is not None and line.membership < 0 and line.package:
            if line.membership not in made:
                package = Package.get_by_id(line.package)
                sold = start(invoice.customer, package, start_on=invoice.service_on, by=by)
                made[line.membership] = sold.id
    inclusive = Company.get_by_id(1).tax_inclusive
    written = []
    for line in quoted:
        membership = made.get(line.membership, line.membership) if line.membership is not None else None
        membership_item = _reserve(line, membership, inclusive) if line.source == "draw" else None
        written.append(
            InvoiceLine.create(
                invoice=invoice,
                position=line.position,
                part=line.part,
                kind=line.kind,
                source=line.source,
                item=line.item,
                package=line.package,
                membership=membership,
                membership_item=membership_item,
                description=line.description,
                unit=line.unit,
                quantity_milli=line.quantity_milli,
                rate_e4=line.rate_e4,
                standard_rate_e4=line.standard_rate_e4,
                reason=line.reason,
                leaves_milli=line.leaves_milli,
                category=line.category,
                tax_percent_e4=line.tax_percent_e4,
                net_minor=line.net_minor,
                tax_minor=line.tax_minor,
                total_minor=line.total_minor,
            )
        )
    return written


def _reserve(line: Line, membership_id: int | None, inclusive: bool) -> int:
    """Take the units of a draw, or nothing when somebody else has just taken them; answers with the membership item."""
    drawn = line.net_minor + (line.tax_minor if inclusive else 0)
    found = MembershipItem.get((MembershipItem.membership == membership_id) & (MembershipItem.item == line.item))
    taken = execute(
        "UPDATE membership_item SET reserved_milli = reserved_milli + ?, drawn_minor = drawn_minor + ?,"
        " drawn_tax_minor = drawn_tax_minor + ? WHERE id = ? AND reserved_milli + used_milli + ? <= included_milli",
        (line.quantity_milli, drawn, line.tax_minor, found.id, line.quantity_milli),
    )
    if taken != 1:
        raise Changed("Units of this package were used by somebody else meanwhile. Look at the prices again.")
    return int(found.id)


def _open(invoice: Invoice, now: Quote, series: str, number: int, on: date) -> None:
    total = now.total_minor
    changed = (
        Invoice.update(
            status="open" if total else "paid",
            series=series,
            number=number,
            issued_on=on,
            customer_name=invoice.customer.name,
            net_minor=now.net_minor,
            tax_minor=now.tax_minor,
            total_minor=total,
            due_minor=total,
            changed_at=utcnow(),
            version=Invoice.version + 1,
        )
        .where((Invoice.id == invoice.id) & (Invoice.status == "draft"))
        .execute()
    )
    if changed != 1:
        raise Changed("This invoice was saved by somebody else meanwhile.")


def _post(invoice: Invoice, lines: list[InvoiceLine], entry: Audit, on: date) -> None:
    credits: dict[ledger.Key, int] = defaultdict(int)
    for line in lines:
        if line.kind == "item":
            credits[ledger.income(line.category)] += line.net_minor
            credits[ledger.tax(line.tax_percent_e4)] += line.tax_minor
        else:
            credits[ledger.awaiting(invoice.id)] += line.total_minor
    ledger.post(
        "issue",
        "invoice",
        invoice.id,
        [Move(ledger.receivable(invoice.id), account, amount) for account, amount in sorted(credits.items())],
        audit=entry,
        on=on,
        invoice_id=invoice.id,
    )
