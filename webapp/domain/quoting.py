"""What an invoice would be if it were saved now: its typed lines priced from top to bottom (spec sections 4 and 5)."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows
from webapp.domain.rates import (
    AUTO,
    MEMBERSHIP,
    STANDARD,
    Basis,
    Cover,
    DiscountTooLarge,
    NoRate,
    Priced,
    Wanted,
    price,
)
from webapp.domain.selling import Sale, sales
from webapp.models import (
    Company,
    Customer,
    DraftLine,
    Invoice,
    Item,
)
from webapp.money import LARGEST


class Line(NamedTuple):
    """One line as it would be issued; a typed line may become several parts."""

    position: int
    part: int
    kind: str
    source: str
    description: str
    unit: str
    quantity_milli: int
    rate_e4: int | None
    standard_rate_e4: int | None
    amount_minor: int
    net_minor: int
    tax_minor: int
    tax_percent_e4: int
    reason: str
    leaves_milli: int | None
    category: str
    discount_minor: int = 0
    item: int | None = None
    package: int | None = None
    membership: int | None = None
    """The membership drawn from or sold; minus the package's id when it will be made on Save."""
    left_to_bill_minor: int | None = None
    """For a package line: what can be billed of the package at most, this line included."""
    terms: tuple[Cover, ...] = ()
    """For a package line that makes a membership: what that will cover."""

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


class Problem(NamedTuple):
    """Why a line cannot be saved, in a sentence."""

    position: int
    sentence: str


class Quote(NamedTuple):
    """The whole invoice as it would be saved now."""

    lines: list[Line]
    problems: list[Problem]

    @property
    def net_minor(self) -> int:
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        return sum(line.tax_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor

    @property
    def digest(self) -> str:
        """A short sign of everything that was shown, line by line; another digest is another price."""
        positions = sorted({x.position for x in self.lines} | {p.position for p in self.problems})
        return " ".join(f"{n}-{sum(x.total_minor for x in self.of(n))}-{self._sign(n)}" for n in positions)

    def changed_since(self, shown: str) -> dict[int, int | None]:
        """The lines that are not as an earlier digest showed them, each with its total then; None where it was new."""
        before, now = _read(shown), _read(self.digest)
        return {n: before[n][0] if n in before else None for n in now if before.get(n) != now[n]}

    def _sign(self, position: int) -> str:
        parts = [
            (x.source, x.quantity_milli, x.membership, x.net_minor, x.tax_minor, x.left_to_bill_minor, x.terms)
            for x in self.of(position)
        ]
        return hashlib.sha256(repr((parts, self.problem(position))).encode()).hexdigest()[:16]

    def of(self, position: int) -> list[Line]:
        """The parts that a typed line became."""
        return [line for line in self.lines if line.position == position]

    def problem(self, position: int) -> str | None:
        """What is wrong with a typed line, if anything."""
        return next((p.sentence for p in self.problems if p.position == position), None)


def _read(digest: str) -> dict[int, tuple[int, str]]:
    """By line what a digest says of it: the total, and a sign of all the rest. Text that is no digest says nothing."""
    said = (one.split("-") for one in digest.split())
    return {int(n): (int(total), sign) for n, total, sign in filter(_is_said, said)}


def _is_said(one: list[str]) -> bool:
    return len(one) == 3 and all(text.isascii() and text.isdigit() and len(text) < 19 for text in one[:2])


def quote(invoice: Invoice) -> Quote:
    """Price a draft as it stands. Reads only; the same facts always give the same quote."""
    typed = DraftLine.fetch("invoice_id = ? ORDER BY position, id", (invoice.id,))
    return quote_lines(invoice.customer, typed, invoice.service_on)


def quote_lines(customer: Customer, typed: Sequence[DraftLine], service_on: date) -> Quote:
    """Price typed lines for a customer on a service date. Package lines first: what they sell covers the item lines."""
    company = Company.of_act()
    basis = Basis(company.decimals, company.tax_inclusive)
    problems: list[Problem] = []
    sold, new_covers = sales(customer, [t for t in typed if t.kind == "package"], service_on)
    wanted_items = sorted({t.item_id for t in typed if t.item_id is not None})
    items = {item.id: item for item in Item.fetch(f"id IN ({marks(wanted_items)})", wanted_items)}
    covers = [*covers_for(customer, wanted_items, service_on), *new_covers]
    lines: list[Line] = []
    for position, line in ((t.position, t) for t in typed):
        if line.kind == "package":
            sale = sold[position]
            if sale.refusal is None:
                lines.append(_sale_line(position, sale, new_covers))
            else:
                problems.append(Problem(position, sale.refusal))
        elif line.kind == "deposit" and line.amount_minor is None:
            problems.append(Problem(position, "Type how much money goes to the account."))
        elif line.kind == "deposit":
            lines.append(_plain(position, "deposit", "deposit", "Account deposit", line.amount_minor or 0))
        else:
            item = items[line.item_id or 0]
            wanted = _wanted(line, item, customer)
            try:
                parts, covers = price(wanted, covers, basis)
            except NoRate:
                problems.append(Problem(position, _no_rate(item, customer, wanted.source)))
                continue
            except DiscountTooLarge as error:
                problems.append(Problem(position, _less_discount(error.most_minor, company)))
                continue
            lines += [_item_line(position, n, item, part) for n, part in enumerate(parts)]
    too_large = _too_large(lines)
    problems += [Problem(position, "With this line the total is too large.") for position in too_large]
    return Quote([line for line in lines if line.position not in too_large], sorted(problems))


def _too_large(lines: Sequence[Line]) -> list[int]:
    """The typed lines with which the total would be more than any amount may be."""
    total, found = 0, []
    for position, parts in groupby(lines, key=lambda line: line.position):
        amount = sum(part.total_minor for part in parts)
        if total + amount > LARGEST:
            found.append(position)
        else:
            total += amount
    return found


def covers_for(customer: Customer, item_ids: Iterable[int], on: date) -> list[Cover]:
    """The customer's membership items that may price those items on that day, used up ones included."""
    ids = list(item_ids)
    found = rows(
        "SELECT m.id, mi.item_id, m.package_name, m.start_on, m.end_on, mi.included_milli,"  # noqa: S608  # marks only
        " mi.reserved_milli + mi.used_milli, mi.amount_minor, mi.drawn_minor, mi.tax_percent_e4, mi.tax_minor,"
        " mi.drawn_tax_minor, mi.rate_e4"
        " FROM membership m JOIN membership_item mi ON mi.membership_id = m.id"
        " WHERE m.customer_id = ? AND (m.state = 'active' OR m.reason = 'expired')"
        " AND m.start_on <= ? AND (m.end_on IS NULL OR m.end_on >= ?)"
        f" AND mi.item_id IN ({marks(ids)}) ORDER BY m.id",
        (customer.id, on.isoformat(), on.isoformat(), *ids),
    )
    return [_cover(row) for row in found]


def _cover(row: Sequence[Any]) -> Cover:
    start_on, end_on = as_day(row[3]), as_day(row[4])
    assert start_on is not None  # noqa: S101  # the column is NOT NULL
    return Cover(row[0], row[1], row[2], start_on, end_on, *row[5:])


def _wanted(line: DraftLine, item: Item, customer: Customer) -> Wanted:
    return Wanted(
        item.id,
        line.quantity_milli or 0,
        item.standard_rate_e4,
        item.tax_percent_e4,
        line.source,
        line.membership_id if line.source == MEMBERSHIP else None,
        line.rate_e4 if line.source not in (AUTO, MEMBERSHIP) else None,
        line.rate_reason,
        line.discount_minor or 0,
        line.discount_percent_e4 or 0,
        customer.tax_exempt,
    )


def _less_discount(most_minor: int, company: Company) -> str:
    if most_minor == 0:
        return "A discount applies to standard and typed rates; all of this line is at a package rate."
    return f"The discount can be at most {company.amount(most_minor)}."


def _no_rate(item: Item, customer: Customer, source: str) -> str:
    if source == STANDARD:
        return f"{item.name} has no standard rate. Type a rate, or let packages be used first."
    return (
        f"{item.name} has no standard rate and {customer.name} has not enough of it left in a package."
        " Sell a package first, or ask somebody with Manage Catalogue for a standard rate."
    )


def _item_line(position: int, part: int, item: Item, priced: Priced) -> Line:
    return Line(
        position=position,
        part=part,
        kind="item",
        source=priced.source,
        description=item.name,
        unit=item.unit,
        quantity_milli=priced.quantity_milli,
        rate_e4=priced.rate_e4,
        standard_rate_e4=item.standard_rate_e4,
        amount_minor=priced.amount_minor,
        net_minor=priced.net_minor,
        tax_minor=priced.tax_minor,
        tax_percent_e4=priced.tax_percent_e4,
        reason=priced.reason,
        discount_minor=priced.discount_minor,
        leaves_milli=priced.leaves_milli,
        category=item.category,
        item=item.id,
        membership=priced.membership,
    )


def _sale_line(position: int, sale: Sale, new_covers: Sequence[Cover]) -> Line:
    line = _plain(position, "package", "sale", sale.package.name, sale.amount_minor)
    return line._replace(
        package=sale.package.id,
        membership=sale.membership,
        left_to_bill_minor=sale.most_minor,
        discount_minor=sale.discount_minor,
        terms=tuple(cover for cover in new_covers if cover.membership == sale.membership),
    )


def _plain(position: int, kind: str, source: str, description: str, amount_minor: int) -> Line:
    """A package or deposit line: an amount without tax."""
    return Line(
        position, 0, kind, source, description, "", 1000, None, None, amount_minor, amount_minor, 0, 0, "", None, ""
    )
