"""Billing packages: what is unbilled of memberships, each made an open invoice; a whole group at once."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import transactional
from webapp.domain import drafts, invoicing
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import hold, owners
from webapp.domain.quoting import Quote, quote_lines
from webapp.models import Customer, DraftLine, Invoice, Membership, Package, User


class Bill(NamedTuple):
    """A membership with the invoice that it would get, or why it gets none, in a sentence."""

    membership: Membership
    quote: Quote
    refusal: str | None


def plan(ids: Sequence[int], *, on: date) -> list[Bill]:
    """What `bill` would do for each of these memberships, in the order of customers. Reads only."""
    named = Membership.select(Membership, Customer, Package).join(Customer).switch(Membership).join(Package)
    chosen = named.where(Membership.id << list(ids)).order_by(Membership.customer_sort, Membership.id)
    return [_would_bill(membership, on) for membership in chosen]


def mark(planned: Iterable[Bill]) -> str:
    """A short sign of the invoices that a plan makes; who is left out of it does not matter."""
    made = [(it.membership.id, it.quote.digest) for it in planned if not it.refusal]
    return hashlib.sha256(repr(made).encode()).hexdigest()[:24]


@transactional
def bill(ids: Sequence[int], *, shown: str, by: User, on: date, due_on: date) -> list[Invoice]:
    """Make an open invoice for what is unbilled of each of these memberships, for all who can be billed or for nobody.

    `shown` is the `mark` of the plan that the person saw; who cannot be billed is left out, as the plan said. Raises
    `Changed` when it would do something else than was shown.
    """
    hold(on, *owners(ids))
    planned = plan(ids, on=on)
    if mark(planned) != shown:
        raise Changed("What this does changed since it was shown. Look at it again; nothing was billed yet.")
    made = [_bill(it, by=by, on=on, due_on=due_on) for it in planned if not it.refusal]
    if not made:
        raise DomainError("There is nothing to bill for any of those.")
    return made


def _bill(planned: Bill, *, by: User, on: date, due_on: date) -> Invoice:
    draft = drafts.begin(planned.membership.customer, by=by, on=on)
    drafts.change_dates(draft.id, service_on=on, due_on=due_on)
    drafts.add_package(draft.id, planned.membership.package)
    return invoicing.issue(draft.id, by=by, on=on, shown=planned.quote.digest)


def _would_bill(membership: Membership, on: date) -> Bill:
    line = DraftLine(position=1, kind="package", package=membership.package)
    quoted = quote_lines(membership.customer, [line], on)
    if not membership.is_active:
        return Bill(membership, quoted, f"{membership.package_name} is {membership.reason}.")
    return Bill(membership, quoted, quoted.problems[0].sentence if quoted.problems else None)
