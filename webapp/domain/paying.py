"""What the Pay screen asks: the methods in use, what each amount would pay for, and what had better be paid first."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from webapp.db import as_day, marks, rows
from webapp.domain.allocation import ACCOUNT
from webapp.domain.merging import owner_of
from webapp.domain.tendering import Plan, Tender, why_no_account
from webapp.models import Customer, Invoice, PaymentMethod
from webapp.models.invoice import invoice_code


class Unpaid(NamedTuple):
    """An open invoice that sells a package which the invoice at hand draws from."""

    invoice: int
    code: str
    package: str
    due_minor: int


class Owed(NamedTuple):
    """An open invoice that a customer may pay: their own, or that of a member of a group which they own."""

    invoice: int
    customer: int
    name: str
    code: str
    due_on: date | None
    due_minor: int


def methods_in_use() -> list[PaymentMethod]:
    """The active methods as people put them in order; Account comes last, as it does in every payment."""
    return sorted(PaymentMethod.fetch("active ORDER BY position, id"), key=lambda method: method.is_account)


_DUE = "total_minor - {0}paid_minor - {0}cancelled_minor - {0}credited_net_minor - {0}credited_tax_minor"
_UNPAID = f"""
SELECT i.id, i.series, i.number, m.package_name, SUM(sale.{_DUE.format("sale.")})
FROM invoice_line sale JOIN invoice i ON i.id = sale.invoice_id JOIN membership m ON m.id = sale.membership_id
WHERE sale.source = 'sale' AND i.status = 'open' AND i.id NOT IN ({{0}}) AND sale.{_DUE.format("sale.")} > 0
  AND sale.membership_id IN (
    SELECT membership_id FROM invoice_line WHERE invoice_id IN ({{0}}) AND source = 'draw' AND {_DUE.format("")} > 0)
GROUP BY i.id, i.series, i.number, m.package_name ORDER BY i.id"""  # noqa: S608  # own text


def unpaid_packages(invoices: Sequence[Invoice]) -> list[Unpaid]:
    """Other open invoices of packages from which these draw units that are not paid yet (spec section 5)."""
    ids = [invoice.id for invoice in invoices]
    found = rows(_UNPAID.format(marks(ids)), (*ids, *ids))
    return [Unpaid(row[0], invoice_code(row[1], row[2]), row[3], int(row[4])) for row in found]


MOST_OWED = 200
_OWED = """
SELECT i.id, i.customer_id, i.customer_name, i.series, i.number, i.due_on, i.due_minor FROM invoice i
WHERE i.status = 'open' AND (i.customer_id = ? OR i.customer_id IN (
  SELECT member.customer_id FROM customer_group g JOIN group_member member ON member.group_id = g.id
  WHERE g.owner_id = ? AND g.active))
ORDER BY CASE WHEN i.customer_id = ? THEN 0 ELSE 1 END, i.due_on, i.series, i.number LIMIT ?"""
_OWED_BY_MEMBERS = """
SELECT COALESCE(SUM(i.due_minor), 0) FROM invoice i WHERE i.status = 'open' AND i.customer_id <> ?
AND i.customer_id IN (SELECT member.customer_id FROM customer_group g JOIN group_member member ON member.group_id = g.id
  WHERE g.owner_id = ? AND g.active)"""
_OWNERS = """
id IN (SELECT g.owner_id FROM customer_group g JOIN group_member member ON member.group_id = g.id
WHERE member.customer_id = ? AND g.active) AND id <> ? AND active ORDER BY sort_name, id"""


def owed_by(customer_id: int) -> list[Owed]:
    """The open invoices that a customer may pay: their own first, then those of members of groups which they own; of
    each the oldest due date first."""
    return [_owed(row) for row in rows(_OWED, (customer_id, customer_id, customer_id, MOST_OWED))]


def owed_by_members(customer_id: int) -> int:
    """What is due of the members of groups that a customer owns, all of it."""
    return int(rows(_OWED_BY_MEMBERS, (customer_id, customer_id))[0][0])


def _owed(row: tuple[Any, ...]) -> Owed:
    invoice, customer, name, series, number, due_on, due = row
    return Owed(invoice, customer, name, invoice_code(series, number), as_day(due_on), int(due))


def payers_for(customer: Customer) -> list[Customer]:
    """Who may pay an invoice of a customer from their account: the customer, and the owners of their groups."""
    return [customer, *Customer.fetch(_OWNERS, (customer.id, customer.id))]


_LAST_PAYER = """
SELECT p.customer_id FROM payment p JOIN invoice i ON i.id = p.invoice_id WHERE i.customer_id = ?
ORDER BY p.id DESC LIMIT 1"""


def likely_payer(customer: Customer) -> Customer:
    """Who of those that may pay will most likely do: whoever paid for this customer last, else the owner of a group of
    theirs, who is there to pay (spec section 1), else the customer.

    Where that one may not buy on account it is the customer: what is prepaid could not be used otherwise.
    """
    customer, *owners = payers_for(customer)
    found = rows(_LAST_PAYER, (customer.id,)) if owners else []
    paid_last = [payer for payer in (customer, *owners) for (last,) in found if payer.id == last]
    likely = next(iter([*paid_last, *owners]), customer)
    return customer if why_no_account(likely) else likely


def said_of(invoices: Sequence[Invoice], plan: Plan, tenders: Sequence[Tender]) -> dict[int, list[tuple[str, int]]]:
    """By method, what of the invoices it pays for and how much of it: lines of one invoice, or several by number."""
    names = _names(invoices[0]) if len(invoices) == 1 else {}
    codes = {invoice.id: invoice.code for invoice in invoices}
    others = [tender for tender in tenders if tender.amount_minor and not tender.method.is_account]
    account = next((tender for tender in tenders if tender.method.is_account), None)
    filled: dict[int, dict[str, int]] = {}
    for fill in plan.allocation.fills:
        tender = account if fill.tender == ACCOUNT else others[fill.tender]
        if tender is None:
            continue
        of_method = filled.setdefault(tender.method.id, {})
        name = names.get(fill.line.line) or f"for {codes[fill.line.invoice]}"
        of_method[name] = of_method.get(name, 0) + fill.amount_minor
    return {method: list(amounts.items()) for method, amounts in filled.items()}


def _names(invoice: Invoice) -> dict[int, str]:
    """What the lines are called; where a package covers a part of an item, the rest says at which rate it is."""
    found = rows("SELECT id, description, source FROM invoice_line WHERE invoice_id = ?", (invoice.id,))
    covered = {description for _, description, source in found if source == "draw"}
    return {
        line: f"{description} at standard rate" if source == "standard" and description in covered else description
        for line, description, source in found
    }


def concerned(invoice: Invoice) -> list[int]:
    """Whom an act on an invoice may touch: its customer, and everybody who paid some of it."""
    payers = rows("SELECT DISTINCT customer_id FROM payment WHERE invoice_id = ?", (invoice.id,))
    return sorted({owner_of(invoice.customer_id), *(owner_of(payer) for (payer,) in payers)})
