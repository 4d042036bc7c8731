"""What the Pay screen asks: the methods in use, what each amount would pay for, and what had better be paid first."""

from collections.abc import Sequence
from typing import NamedTuple

from webapp.db import rows
from webapp.domain.allocation import ACCOUNT
from webapp.domain.tendering import Plan, Tender
from webapp.models import Invoice, PaymentMethod
from webapp.models.invoice import invoice_code


class Unpaid(NamedTuple):
    """An open invoice that sells a package which the invoice at hand draws from."""

    invoice: int
    code: str
    package: str
    due_minor: int


def methods_in_use() -> list[PaymentMethod]:
    """The active methods as people put them in order; Account comes last, as it does in every payment."""
    found = PaymentMethod.select().where(PaymentMethod.active).order_by(PaymentMethod.position, PaymentMethod.id)
    return sorted(found, key=lambda method: method.is_account)


_DUE = "total_minor - {0}paid_minor - {0}cancelled_minor - {0}credited_net_minor - {0}credited_tax_minor"
_UNPAID = f"""
SELECT i.id, i.series, i.number, m.package_name, SUM(sale.{_DUE.format("sale.")})
FROM invoice_line sale JOIN invoice i ON i.id = sale.invoice_id JOIN membership m ON m.id = sale.membership_id
WHERE sale.source = 'sale' AND i.status = 'open' AND i.id <> ? AND sale.{_DUE.format("sale.")} > 0
  AND sale.membership_id IN (
    SELECT membership_id FROM invoice_line WHERE invoice_id = ? AND source = 'draw' AND {_DUE.format("")} > 0)
GROUP BY i.id, i.series, i.number, m.package_name ORDER BY i.id"""  # noqa: S608  # own text


def unpaid_packages(invoice: Invoice) -> list[Unpaid]:
    """Open invoices of packages from which this invoice draws units that are not paid yet (spec section 5)."""
    found = rows(_UNPAID, (invoice.id, invoice.id))
    return [Unpaid(row[0], invoice_code(row[1], row[2]), row[3], int(row[4])) for row in found]


def said_of(invoice: Invoice, plan: Plan, tenders: Sequence[Tender]) -> dict[int, list[tuple[str, int]]]:
    """By method, what of the invoice it pays for and how much of it."""
    names = _names(invoice)
    others = [tender for tender in tenders if tender.amount_minor and not tender.method.is_account]
    account = next((tender for tender in tenders if tender.method.is_account), None)
    filled: dict[int, dict[str, int]] = {}
    for fill in plan.allocation.fills:
        tender = account if fill.tender == ACCOUNT else others[fill.tender]
        if tender is None:
            continue
        of_method = filled.setdefault(tender.method.id, {})
        name = names.get(fill.line.line, "")
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
