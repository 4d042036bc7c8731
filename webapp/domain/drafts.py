"""Invoices while they are typed: kept from the first line on, priced live, reserving nothing (spec section 5)."""

import hashlib
from datetime import date, timedelta

from webapp.db import execute, rows, transactional, utcnow
from webapp.domain import rates
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import Changed, DomainError
from webapp.domain.quoting import Quote
from webapp.models import Company, Customer, DraftLine, Invoice, Item, Membership, Package, User
from webapp.permissions import Permission


@transactional
def begin(customer: Customer, *, by: User, on: date, service_on: date | None = None) -> Invoice:
    """Open a draft for a customer; its service date is today and it is due after the company's usual days."""
    refuse_merged(customer)
    return Invoice.create(
        customer=customer,
        customer_name=customer.name,
        customer_sort=customer.sort_name,
        service_on=service_on or on,
        due_on=max(service_on or on, on) + timedelta(days=Company.of_act().due_days),
        created_by=by,
        created_at=utcnow(),
        changed_at=utcnow(),
    )


@transactional
def add_item(invoice_id: int, item: Item, quantity_milli: int) -> DraftLine:
    """Put so much of an item on the draft, at the rate that applies."""
    _touch(invoice_id)
    if not item.active:
        raise DomainError(f"{item.name} is inactive. Somebody with Manage Catalogue can make it active.", "item")
    _refuse_quantity(quantity_milli)
    return DraftLine.create(
        invoice=invoice_id, position=_next_position(invoice_id), kind="item", item=item, quantity_milli=quantity_milli
    )


@transactional
def add_package(invoice_id: int, package: Package, amount_minor: int | None = None) -> DraftLine:
    """Sell a package, or bill more of it; without an amount, all that is not billed yet."""
    _touch(invoice_id)
    _refuse_amount(amount_minor)
    return DraftLine.create(
        invoice=invoice_id,
        position=_next_position(invoice_id),
        kind="package",
        package=package,
        amount_minor=amount_minor,
    )


@transactional
def add_deposit(invoice_id: int, amount_minor: int | None = None) -> DraftLine:
    """Money for the customer's general funds. The amount may be typed later, but not after saving."""
    _touch(invoice_id)
    _refuse_amount(amount_minor)
    return DraftLine.create(
        invoice=invoice_id, position=_next_position(invoice_id), kind="deposit", amount_minor=amount_minor
    )


@transactional
def change_quantity(line_id: int, quantity_milli: int, *, by: User) -> None:
    """Another quantity for an item line. A rate or a discount that was given holds for more only by Manage Invoices."""
    line = _line(line_id)
    _refuse_quantity(quantity_milli)
    if quantity_milli > (line.quantity_milli or 0) and _is_given(line) and not by.may(Permission.MANAGE_INVOICES):
        raise DomainError(
            "A rate or a discount was given for the quantity there was. Manage Invoices is needed to raise it.",
            "quantity",
        )
    DraftLine.update(quantity_milli=quantity_milli).where(
        (DraftLine.id == line.id) & (DraftLine.kind == "item")
    ).execute()


@transactional
def change_amount(line_id: int, amount_minor: int | None) -> None:
    """Another amount for a package or deposit line; None bills all of a package that is not billed yet, and leaves a
    deposit to be typed."""
    line = _line(line_id)
    _refuse_amount(amount_minor)
    DraftLine.update(amount_minor=amount_minor).where((DraftLine.id == line.id) & (DraftLine.kind != "item")).execute()


@transactional
def choose_rate(
    line_id: int,
    source: str,
    *,
    membership: Membership | None = None,
    rate_e4: int | None = None,
    reason: str = "",
    seen: str | None = None,
) -> None:
    """Override how an item line finds its rate: ``auto``, ``standard``, a membership, or a typed rate with a reason.

    `seen` is the `rate_sign` that whoever chooses has seen; raises `Changed` when it is another one now.
    """
    line = _line(line_id)
    _refuse_unseen(seen, rate_sign(line))
    if line.kind != "item":
        raise DomainError("Only item lines have a rate.")
    if source == rates.TYPED and rate_e4 is None:
        raise DomainError("Type the rate.", "rate")
    if source == rates.TYPED and not reason.strip():
        raise DomainError("Say why this rate is charged.", "reason")
    if source == rates.MEMBERSHIP and (membership is None or membership.customer_id != line.invoice.customer_id):
        raise DomainError("Choose one of the customer's packages.", "membership")
    DraftLine.update(
        source=source,
        membership=membership if source == rates.MEMBERSHIP else None,
        rate_e4=rate_e4 if source == rates.TYPED else None,
        rate_reason=reason.strip() if source == rates.TYPED else "",
    ).where(DraftLine.id == line.id).execute()


@transactional
def discount(
    line_id: int, *, amount_minor: int | None = None, percent_e4: int | None = None, seen: str | None = None
) -> None:
    """Give an amount or a percentage off an item line at standard or typed rate, or off a package when first sold.

    `seen` is the `discount_sign` that whoever gives it has seen; raises `Changed` when it is another one now.
    """
    line = _line(line_id)
    _refuse_unseen(seen, discount_sign(line))
    if line.kind == "deposit":
        raise DomainError("A deposit has no discount.", "discount")
    if amount_minor is not None and percent_e4 is not None:
        raise DomainError("Give either an amount or a percentage.", "discount")
    if amount_minor is not None and amount_minor <= 0:
        raise DomainError("The discount must be above 0.", "discount")
    if percent_e4 is not None and not 0 < percent_e4 <= 1_000_000:
        raise DomainError("The discount must be above 0 % and at most 100 %.", "discount")
    DraftLine.update(discount_minor=amount_minor, discount_percent_e4=percent_e4).where(
        DraftLine.id == line.id
    ).execute()


def rate_sign(line: DraftLine) -> str:
    """A short sign of how a line finds its rate."""
    return _sign(line.source, line.membership_id, line.rate_e4, line.rate_reason)


def discount_sign(line: DraftLine) -> str:
    """A short sign of what is given off a line."""
    return _sign(line.discount_minor, line.discount_percent_e4)


@transactional
def drop_line(line_id: int) -> None:
    """Take a line off the draft."""
    DraftLine.delete().where(DraftLine.id == _line(line_id).id).execute()


@transactional
def change_dates(invoice_id: int, *, service_on: date, due_on: date) -> None:
    """Another service date or due date; prices follow the service date."""
    _touch(invoice_id)
    if due_on < service_on:
        raise DomainError("The due date cannot be before the service date.", "due_on")
    _write(invoice_id, service_on=service_on, due_on=due_on)


@transactional
def change_note(invoice_id: int, note: str) -> None:
    """Another note, which is printed on the invoice."""
    _touch(invoice_id)
    _write(invoice_id, note=note)


@transactional
def keep_shown(invoice_id: int, shown: Quote) -> None:
    """Remember the quote as the person sees it, so that whoever opens the draft later is told what changed since."""
    execute(
        "UPDATE invoice SET shown_digest = ?, shown_minor = ? WHERE id = ? AND status = 'draft'",
        (shown.digest, shown.total_minor, invoice_id),
    )


@transactional
def discard(invoice_id: int, *, version: int | None = None) -> None:
    """Throw a draft away; it had no number and moved nothing. Raises `Changed` when it is not of the `version` seen."""
    invoice = Invoice.get_or_none(Invoice.id == invoice_id)
    _touch(invoice_id)
    if version is not None and invoice and invoice.version != version:
        raise Changed("This draft was changed since. Look at what it holds now; nothing is gone yet.")
    DraftLine.delete().where(DraftLine.invoice == invoice_id).execute()
    Invoice.delete().where((Invoice.id == invoice_id) & (Invoice.status == "draft")).execute()


def _touch(invoice_id: int) -> None:
    changed = execute(
        "UPDATE invoice SET changed_at = ?, version = version + 1 WHERE id = ? AND status = 'draft'",
        (utcnow().isoformat(), invoice_id),
    )
    if changed != 1:
        raise Changed("This invoice was saved or discarded meanwhile; it cannot be edited any more.")


def _write(invoice_id: int, **facts: date | str) -> None:
    Invoice.update(**facts).where((Invoice.id == invoice_id) & (Invoice.status == "draft")).execute()


def _line(line_id: int) -> DraftLine:
    line = DraftLine.get_or_none(DraftLine.id == line_id)
    if line is None:
        raise Changed("This line was taken off the invoice meanwhile.")
    _touch(line.invoice_id)
    return line


def _next_position(invoice_id: int) -> int:
    return int(rows("SELECT COALESCE(MAX(position), 0) + 1 FROM draft_line WHERE invoice_id = ?", (invoice_id,))[0][0])


def _is_given(line: DraftLine) -> bool:
    """Whether somebody with Manage Invoices chose the rate, or gave something off."""
    return line.source != rates.AUTO or bool(line.discount_minor or line.discount_percent_e4)


def _sign(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _refuse_unseen(seen: str | None, now: str) -> None:
    if seen is not None and seen != now:
        raise Changed("Somebody changed this meanwhile. Nothing was saved yet.")


def _refuse_quantity(quantity_milli: int) -> None:
    if not 0 < quantity_milli <= 100_000_000:
        raise DomainError("The quantity must be above 0 and at most 100,000.", "quantity")


def _refuse_amount(amount_minor: int | None) -> None:
    if amount_minor is not None and amount_minor <= 0:
        raise DomainError("The amount must be above 0.", "amount")
