"""Taking several invoices back at once: a class written down by mistake, packages billed too early."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from webapp.db import transactional
from webapp.domain.consequences import Consequences, consequences
from webapp.domain.errors import Changed, DomainError
from webapp.domain.memberships import hold
from webapp.domain.paying import concerned
from webapp.domain.voids import void
from webapp.models import Invoice, PaymentMethod, User


class Undone(NamedTuple):
    """An invoice with what voiding it would do, or why it is left out, in a sentence."""

    invoice: Invoice
    said: Consequences
    refusal: str | None

    @property
    def back_minor(self) -> int:
        """What goes back to the funds that it was paid from, in minor units."""
        return sum(amount for _, amount in self.said.payments)


def plan(ids: Sequence[int], *, by: User, on: date) -> list[Undone]:
    """What `void_several` would do to each of these invoices, in the order of customers. Changes nothing."""
    chosen = Invoice.select().where((Invoice.id << list(ids)) & (Invoice.status != "draft"))
    account = {method.name for method in PaymentMethod.select() if method.is_account}
    # All of them are read first: SQLite begins no transaction inside a read that somebody else's commit has outdated.
    in_order = list(chosen.order_by(Invoice.customer_sort, Invoice.id))
    return [_would_undo(it, account, by, on) for it in in_order]


def mark(planned: Iterable[Undone]) -> str:
    """A short sign of what a plan takes back; who is left out of it does not matter."""
    done = [(it.invoice.id, it.invoice.version, it.said) for it in planned if not it.refusal]
    return hashlib.sha256(repr(done).encode()).hexdigest()[:24]


@transactional
def void_several(ids: Sequence[int], *, shown: str, reason: str, by: User, on: date) -> list[Invoice]:
    """Void those of these invoices that can be, all of them or none: what they took goes back to where it came from.

    `shown` is the `mark` of the plan that the person saw. One that money was received for is left out: where that goes
    is asked when it is voided by itself. Raises `Changed` when it would do something else than was shown.
    """
    held = {customer for it in Invoice.select().where(Invoice.id << list(ids)) for customer in concerned(it)}
    hold(on, *held)
    planned = plan(ids, by=by, on=on)
    if mark(planned) != shown:
        raise Changed("What this does changed since it was shown. Look at it again; nothing was voided yet.")
    able = [it.invoice.id for it in planned if not it.refusal]
    if not able:
        raise DomainError("There is nothing to void.")
    return [void(id_, reason=reason, by=by, on=on) for id_ in sorted(able, reverse=True)]


def _would_undo(invoice: Invoice, account: set[str], by: User, on: date) -> Undone:
    said = consequences(invoice, by=by, on=on)
    received = [name for name, _ in said.payments if name not in account]
    if received and not said.refusal:
        return Undone(invoice, said, f"Money was received by {received[0]}. Void this one by itself.")
    return Undone(invoice, said, said.refusal)
