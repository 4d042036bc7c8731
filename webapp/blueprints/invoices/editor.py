"""What the invoice editor shows: each typed line with the parts it would become, why, and what changed."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import peewee
from flask import Response, url_for
from wtforms import Field

from webapp.blueprints.invoices.forms import AddForm, DraftForm, draft_form, field_of
from webapp.domain import accounts, drafts, offers
from webapp.domain.offers import Offer
from webapp.domain.packages import PriceSheet, lines_of, price_sheet
from webapp.domain.quoting import Line, Quote, quote_lines
from webapp.domain.taxes import by_rate
from webapp.domain.tendering import why_no_account
from webapp.hypermedia import render, wants_region
from webapp.models import Customer, DraftLine, Invoice, Item, Membership, MembershipItem, Package
from webapp.presentation import company


class Sold(NamedTuple):
    """What a package line sells: a membership that there is, or a new one at the prices of the sheet."""

    membership: Membership | None
    sheet: PriceSheet | None


class EditorLine(NamedTuple):
    """A typed line with its field, its parts, and what it was when it was shown before; None when it was not there."""

    line: DraftLine
    field: Field
    was: str
    parts: list[Line]
    problem: str | None
    changed: bool
    before_minor: int | None
    sold: Sold | None


class Notice(NamedTuple):
    """A sentence over the lines; `kind` as an alert has it."""

    kind: str
    text: str
    before_minor: int | None = None


class Draft:
    """A draft as it is while a page is made of it. If it `is_sent`, its form is read from the request; otherwise that
    sent another form, with a key of its own."""

    def __init__(self, invoice: Invoice, *, is_sent: bool = True) -> None:
        self.invoice = invoice
        self.lines = typed_lines(invoice)
        self.quote = quote_lines(invoice.customer, self.lines, invoice.service_on)
        self._draft_form = partial(draft_form, is_sent=is_sent)
        self.form = self._draft_form(self.lines, self._kept())

    def _kept(self) -> dict[str, Any]:
        """What the fields hold. A package line that bills whatever is left shows how much that is now."""
        kept: dict[str, Any] = {name: getattr(self.invoice, name) for name in ("service_on", "due_on", "note")}
        for line in self.lines:
            billed = sum(part.amount_minor for part in self.quote.of(line.position)) or None
            amount = line.amount_minor if line.amount_minor is not None else billed
            kept[field_of(line)] = line.quantity_milli if line.kind == "item" else amount
        return kept

    def read_again(self) -> None:
        """After a change: the lines, the prices and what the fields show, as they are kept now."""
        self.invoice = Invoice.get_by_id(self.invoice.id)
        self.lines = typed_lines(self.invoice)
        self.quote = quote_lines(self.invoice.customer, self.lines, self.invoice.service_on)
        typed = self.form
        self.form = self._draft_form(self.lines, self._kept()) if self._has_other_lines(typed) else typed
        self.form.show(self._kept())
        drafts.keep_shown(self.invoice.id, self.quote)

    def _has_other_lines(self, form: DraftForm) -> bool:
        return any(field_of(line) not in form for line in self.lines)

    def search(self, typed: str) -> list[Offer]:
        """What may be added to this draft."""
        return offers.offers(self.invoice.customer, self.lines, self.invoice.service_on, typed)


def typed_lines(invoice: Invoice) -> list[DraftLine]:
    """The lines of a draft with what they name, in one query."""
    outer = peewee.JOIN.LEFT_OUTER
    chosen = DraftLine.select(DraftLine, Item, Package).join(Item, outer).switch(DraftLine).join(Package, outer)
    return list(chosen.where(DraftLine.invoice == invoice).order_by(DraftLine.position, DraftLine.id))


def show(
    draft: Draft,
    *,
    status: int = 200,
    notice: Notice | None = None,
    since: str | None = None,
    add: AddForm | None = None,
    focus: int | str | None = None,
    facts_moved: bool = False,
) -> Response:
    """The editor. `since` is the digest of what was shown before, and lines that changed since are marked; `focus` is
    the line, or ``add``, where typing goes on; with `facts_moved` the dates and the note are shown anew too."""
    changed = draft.quote.changed_since(since) if since is not None else {}
    return render(
        "invoices/edit.html",
        status,
        region="invoices/_lines.html",
        here=url_for("invoices.edit", invoice_id=draft.invoice.id),
        add_url=url_for("invoices.add", invoice_id=draft.invoice.id),
        invoice=draft.invoice,
        form=draft.form,
        quote=draft.quote,
        lines=[_line(draft, line, changed) for line in draft.lines],
        notice=notice,
        add=add or adding(draft.search),
        offers_url=url_for("invoices.offers", invoice_id=draft.invoice.id),
        add_again=add is not None or focus is not None,
        focus=focus,
        alone=wants_region(),
        facts_moved=facts_moved,
        due_moved=draft.form.is_submitted() and draft.form.typed_into("service_on"),
        later=_later(draft),
        **about(draft.invoice.customer, draft.quote),
    )


def _later(draft: Draft) -> list[Membership]:
    """The packages of the customer that start after the service date, and hold what an item line charges otherwise."""
    wanted = [part.item for part in draft.quote.lines if part.source == "standard" and part.item]
    if not wanted:
        return []
    has_it = MembershipItem.select(MembershipItem.membership).where(MembershipItem.item << wanted)
    of_customer = (Membership.customer == draft.invoice.customer) & (Membership.state == "active")
    starts_later = Membership.start_on > draft.invoice.service_on
    return list(Membership.select().where(of_customer & starts_later & (Membership.id << has_it)))


def adding(search: Callable[[str], Sequence[Offer]]) -> AddForm:
    """The search field, empty."""
    return AddForm(search, formdata=None)


def about(customer: Customer, quote: Quote) -> dict[str, Any]:
    """The customer's account, what of this invoice it could pay from package funds, and the tax by rate."""
    balance = accounts.balance_of(customer.id)
    no_account = why_no_account(customer)
    held = {fund.membership: fund.held_minor for fund in balance.funds}
    drawn: dict[int, int] = {}
    for line in quote.lines:
        if line.source == "draw" and line.membership is not None:
            drawn[line.membership] = drawn.get(line.membership, 0) + line.total_minor
    payable = sum(min(total, held.get(membership, 0)) for membership, total in drawn.items())
    facts = {"balance": balance, "no_account": no_account, "payable_minor": 0 if no_account else payable}
    return facts | {"taxes": by_rate(quote.lines)}


def _line(draft: Draft, line: DraftLine, changed: dict[int, int | None]) -> EditorLine:
    name = field_of(line)
    parts = draft.quote.of(line.position)
    return EditorLine(
        line,
        draft.form[name],
        draft.form.before(name),
        parts,
        draft.quote.problem(line.position),
        line.position in changed,
        changed.get(line.position),
        _sold(line.package, parts) if line.package else None,
    )


def _sold(package: Package, parts: list[Line]) -> Sold:
    membership = parts[0].membership if parts else None
    if membership is not None and membership > 0:
        return Sold(Membership.get_by_id(membership), None)
    style = company()
    contents = lines_of(package)
    return Sold(None, price_sheet(contents, tax_inclusive=style.tax_inclusive, decimals=style.decimals))
