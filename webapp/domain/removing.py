"""Remove from Package: what it would do, said before anybody confirms it, and done as it was said (spec section 4)."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows, transactional
from webapp.domain import ledger, memberships
from webapp.domain.errors import Changed
from webapp.domain.membership_list import ACTIVE, STATUS, Progress
from webapp.domain.memberships import Removal
from webapp.models import Membership, User
from webapp.models.invoice import invoice_code


class OpenInvoice(NamedTuple):
    """An open invoice with an amount of it in minor units."""

    id: int
    code: str
    amount_minor: int


class Leaving(NamedTuple):
    """A membership, and what removing the customer would do."""

    id: int
    version: int
    customer_id: int
    customer: str
    package: str
    status: str
    inactive_on: date | None
    funds_minor: int
    general_minor: int
    items: tuple[Progress, ...]
    kept: tuple[OpenInvoice, ...]
    """Open invoices that draw from it, with what is due on those draws: they keep their rates."""
    credited: tuple[OpenInvoice, ...]
    """Open invoices of the package, with the unpaid rest that nobody owes any more."""
    drafts: tuple[int, ...]
    """Drafts that hold its items, and are priced anew."""

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def removal(self) -> Removal:
        return Removal(self.id, self.version)

    @property
    def credited_minor(self) -> int:
        return sum(invoice.amount_minor for invoice in self.credited)


def consequences(ids: Sequence[int]) -> list[Leaving]:
    """What removing these would do, in the order of customers; a few queries however many they are."""
    ids = sorted(set(ids))
    items, draws, sales, drafts = _items(ids), _open_lines(ids, "draw"), _open_lines(ids, "sale"), _drafts(ids)
    found = rows(_memberships_text(len(ids)), ids)
    package_funds, general_funds = ledger.balances("P", ids), ledger.balances("G", sorted({row[2] for row in found}))
    return [
        Leaving(
            id_,
            version,
            customer_id,
            customer,
            package,
            status,
            as_day(inactive_on),
            package_funds[id_],
            general_funds[customer_id],
            tuple(items[id_]),
            tuple(draws[id_]),
            tuple(sales[id_]),
            tuple(drafts[id_]),
        )
        for id_, version, customer_id, customer, package, status, inactive_on in found
    ]


def mark(leaving: Iterable[Leaving]) -> str:
    """A short sign of everything that was shown."""
    return hashlib.sha256(repr(sorted(leaving)).encode()).hexdigest()[:24]


@transactional
def remove(removals: Sequence[Removal], *, shown: str, by: User, on: date, reason: str = "") -> list[Membership]:
    """Take the customers out, all of them or none; `shown` is the mark of what the person saw.

    Raises `Changed` when one of them was changed since, or when it would do something else than was shown.
    """
    memberships.hold(on, *memberships.owners(removal.membership for removal in removals))
    now = consequences([removal.membership for removal in removals])
    unchanged = {leaving.removal for leaving in now if leaving.is_active} == set(removals)
    if unchanged and mark(now) != shown:
        raise Changed("What this does changed since it was shown. Look at it again; nobody was removed yet.")
    return memberships.remove(removals, by=by, on=on, reason=reason)


def _memberships_text(count: int) -> str:
    return f"""SELECT membership.id, membership.version, membership.customer_id, customer.name, membership.package_name,
 {STATUS}, membership.inactive_on FROM membership JOIN customer ON customer.id = membership.customer_id
 WHERE membership.id IN ({marks(range(count))})
 ORDER BY membership.customer_sort, membership.id"""  # noqa: S608  # only question marks


def _items(ids: Sequence[int]) -> dict[int, list[Progress]]:
    text = f"""SELECT membership_id, name, used_milli, reserved_milli, included_milli, unit FROM membership_item
 WHERE membership_id IN ({marks(ids)}) ORDER BY membership_id, position, id"""  # noqa: S608  # only question marks
    return _grouped(rows(text, ids), lambda facts: Progress(*facts))


def _open_lines(ids: Sequence[int], source: str) -> dict[int, list[OpenInvoice]]:
    """What is due on the lines of that source, by membership and open invoice."""
    text = f"""SELECT line.membership_id, invoice.id, invoice.series, invoice.number,
 SUM(line.total_minor - line.paid_minor - line.cancelled_minor - line.credited_net_minor - line.credited_tax_minor)
 FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
 WHERE line.membership_id IN ({marks(ids)}) AND line.source = ? AND invoice.status = 'open'
 GROUP BY line.membership_id, invoice.id, invoice.series, invoice.number
 ORDER BY line.membership_id, invoice.series, invoice.number"""  # noqa: S608  # only question marks
    found = [row for row in rows(text, (*ids, source)) if source == "draw" or row[4]]
    return _grouped(found, lambda facts: OpenInvoice(facts[0], invoice_code(facts[1], facts[2]), int(facts[3])))


def _drafts(ids: Sequence[int]) -> dict[int, list[int]]:
    text = f"""SELECT DISTINCT membership.id, invoice.id FROM membership
 JOIN invoice ON invoice.customer_id = membership.customer_id AND invoice.status = 'draft'
 JOIN draft_line ON draft_line.invoice_id = invoice.id
 JOIN membership_item ON membership_item.membership_id = membership.id AND membership_item.item_id = draft_line.item_id
 WHERE membership.id IN ({marks(ids)}) ORDER BY membership.id, invoice.id"""  # noqa: S608  # only question marks
    return _grouped(rows(text, ids), lambda facts: int(facts[0]))


def _grouped(found: Iterable[Sequence[Any]], make: Any) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for key, *facts in found:
        grouped[key].append(make(facts))
    return grouped
