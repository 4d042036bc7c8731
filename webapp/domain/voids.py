"""Taking an invoice back: mirror entries, units and money to where they came from (spec section 5)."""

from collections.abc import Iterator, Sequence
from datetime import date

from webapp.db import execute, marks, rows, transactional
from webapp.domain import audit, ledger
from webapp.domain.bounces import has_bounced
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.limits import refuse_overdrawn
from webapp.domain.memberships import end_past, hold
from webapp.domain.merging import forward, owner_of
from webapp.domain.paying import concerned
from webapp.domain.reopening import reopen_completed
from webapp.domain.settling import FORFEITED, VOIDED, sweep
from webapp.models import (
    Audit,
    Company,
    Customer,
    Invoice,
    InvoiceLine,
    Journal,
    Membership,
    Payment,
    User,
)
from webapp.models.invoice import invoice_code

TO_ACCOUNT, REFUNDED = "account", "refunded"
OF_AN_INVOICE = ("issue", "pay", "restore", "forfeit", "cancel", "uncancel", "credit")
"""The kinds of journal that a void takes back."""
OUT_OF_TURN = ("pay", "credit")
"""Those whose mirrors only add to what an invoice asks for, so that they may go before newer ones."""


@transactional
def void(invoice_id: int, *, reason: str, by: User, on: date, money: str = TO_ACCOUNT) -> Invoice:
    """Void an open or paid invoice. Its number stays used.

    `money` says where what came by other methods goes: to the customer's general funds, or ``refunded`` by the same
    methods. Raises `DomainError` when the invoice sold a package that other live invoices draw from, when package funds
    would go below zero, or general funds below the credit limit.
    """
    hold(on, *concerned(Invoice.get_by_id(invoice_id)))
    invoice = Invoice.get_by_id(invoice_id)
    if invoice.status not in ("open", "paid"):
        raise Changed(f"Invoice {invoice.code} is {invoice.status} and cannot be voided.")
    if not reason.strip():
        raise DomainError("Say why the invoice is voided.", "reason")
    if money not in (TO_ACCOUNT, REFUNDED):
        raise DomainError("Choose where the money goes.", "money")
    _refuse_drawn_sale(invoice)
    before = ledger.balances("G", concerned(invoice))
    entry = audit.record(
        "Voided",
        "invoice",
        invoice.id,
        by=by,
        customer=invoice.customer_id,
        reason=reason.strip(),
        status=[invoice.status, "void"],
        money=money,
    )
    lines = InvoiceLine.fetch("invoice_id = ?", (invoice.id,))
    try:
        reopen_completed(lines, entry, on)
        _take_back(invoice, entry, on, money)
    except ledger.ShortFunds as short:
        raise DomainError(
            f"Package funds would be {Company.of_act().amount(short.short_minor)} below zero:"
            " that money was spent or moved since. Nothing was voided."
        ) from short
    _give_back_units(Invoice.get_by_id(invoice_id), lines)
    _close(invoice.id)
    _end_unsold(lines, entry, on)
    _sweep_inactive(invoice, entry, on)
    forward(entry, on)
    end_past(on, before)
    for customer_id, held in before.items():
        refuse_overdrawn(Customer.get_by_id(customer_id), held)
    return Invoice.get_by_id(invoice.id)


def _refuse_drawn_sale(invoice: Invoice) -> None:
    """A sale with draws on other live invoices is refunded, not voided; what was credited of them is no draw."""
    others = rows(
        "SELECT DISTINCT i.series, i.number, m.package_name FROM invoice_line sale"
        " JOIN membership m ON m.id = sale.membership_id"
        " JOIN invoice_line l ON l.membership_id = sale.membership_id AND l.source = 'draw'"
        " JOIN invoice i ON i.id = l.invoice_id AND i.status IN ('open', 'paid') AND i.id <> sale.invoice_id"
        " WHERE sale.invoice_id = ? AND sale.source = 'sale' AND l.quantity_milli > l.credited_milli"
        " ORDER BY i.series, i.number",
        (invoice.id,),
    )
    if others:
        codes = ", ".join(invoice_code(series, number) for series, number, _ in others)
        raise DomainError(
            f"This invoice sold {others[0][2]}, and {codes} already used some of it. Void those first,"
            " or remove the customer from the package."
        )


def _take_back(invoice: Invoice, entry: Audit, on: date, money: str) -> None:
    """Mirror every live journal of the invoice; then money to the account where that is wanted.

    What bounced was taken from the account meanwhile, so it goes there in any case: nobody pays that out.
    """
    found = Journal.fetch(f"invoice_id = ? AND kind IN ({marks(OF_AN_INVOICE)})", (invoice.id, *OF_AN_INVOICE))
    for journal in _in_turn(ledger.live(found)):
        ledger.mirror(journal, audit=entry, on=on)
        payment = Payment.get_or_none(Payment.journal == journal.id)
        if journal.kind in ("restore", "forfeit"):
            _leave_with_active(journal, entry, on)
        if payment and not payment.method.is_account and (money == TO_ACCOUNT or has_bounced(payment)):
            ledger.post(
                "return",
                "journal",
                journal.id,
                [
                    Move(
                        ledger.method(payment.method_id),
                        ledger.general(owner_of(payment.customer_id)),
                        payment.amount_minor,
                    )
                ],
                audit=entry,
                on=on,
            )


def _leave_with_active(taken_back: Journal, entry: Audit, on: date) -> None:
    """What had been forfeited once is not forfeited again when its membership was brought back since, and what was
    forfeited again came back with it already."""
    membership = Membership.get_by_id(taken_back.membership_id)
    if membership.is_active:
        kind, package = taken_back.kind, ledger.package_funds(membership.id)
        again, source, target = (
            ("reinstate", FORFEITED, package) if kind == "restore" else ("forfeit", package, FORFEITED)
        )
        ledger.post(
            again,
            "membership",
            membership.id,
            [Move(source, target, ledger.moved(taken_back))],
            audit=entry,
            on=on,
            part=ledger.next_part(again, "membership", membership.id),
            membership_id=membership.id,
        )


def _in_turn(journals: Sequence[Journal]) -> Iterator[Journal]:
    """Newest first; but what takes more out of package funds than they hold waits for what fills them again."""
    held, taken = _package_funds(journals)
    waiting = list(journals)
    while waiting:
        free = [it for it in waiting if it is waiting[0] or it.kind in OUT_OF_TURN]
        reach = (it for it in free if all(held[key] >= amount for key, amount in taken.get(it.id, {}).items()))
        journal = next(reach, waiting[0])
        waiting.remove(journal)
        for key, amount in taken.get(journal.id, {}).items():
            held[key] -= amount
        yield journal


def _package_funds(journals: Sequence[Journal]) -> tuple[dict[int, int], dict[int, dict[int, int]]]:
    """What package funds hold now, and what the mirror of each journal takes out of them: below 0 it fills them."""
    ids = [journal.id for journal in journals]
    found = rows(
        "SELECT t.journal_id, a.id, a.credits - a.debits,"  # noqa: S608  # marks only
        " SUM(CASE WHEN t.credit_id = a.id THEN t.amount_minor ELSE -t.amount_minor END)"
        " FROM transfer t JOIN account a ON a.id IN (t.debit_id, t.credit_id)"
        f" WHERE a.kind = 'P' AND t.journal_id IN ({marks(ids)}) GROUP BY t.journal_id, a.id, a.credits, a.debits",
        ids,
    )
    held: dict[int, int] = {}
    taken: dict[int, dict[int, int]] = {}
    for journal, account, balance, amount in found:
        held[account] = int(balance)
        taken.setdefault(journal, {})[account] = int(amount)
    return held, taken


def _give_back_units(invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
    """Units and drawn amounts return to the very membership they came from."""
    inclusive = Company.of_act().tax_inclusive
    counter = "used_milli" if invoice.status == "paid" else "reserved_milli"
    for line in sorted((x for x in lines if x.source == "draw"), key=lambda x: x.membership_item_id or 0):
        quantity = line.quantity_milli - line.credited_milli
        tax = line.tax_minor - line.credited_tax_minor
        drawn = line.net_minor - line.credited_net_minor + (tax if inclusive else 0)
        changed = execute(
            f"UPDATE membership_item SET {counter} = {counter} - ?, drawn_minor = drawn_minor - ?,"  # noqa: S608  # two names
            f" drawn_tax_minor = drawn_tax_minor - ? WHERE id = ? AND {counter} >= ?",
            (quantity, drawn, tax, line.membership_item_id, quantity),
        )
        if changed != 1:
            raise Changed("The units of this invoice were changed by somebody else meanwhile.")


def _close(invoice_id: int) -> None:
    execute(
        "UPDATE invoice_line SET paid_minor = 0, cancelled_minor = 0,"
        " credited_net_minor = 0, credited_tax_minor = 0, credited_milli = 0 WHERE invoice_id = ?",
        (invoice_id,),
    )
    execute(
        "UPDATE invoice SET status = 'void', due_minor = 0, version = version + 1"
        " WHERE id = ? AND status IN ('open', 'paid')",
        (invoice_id,),
    )


def _end_unsold(lines: Sequence[InvoiceLine], entry: Audit, on: date) -> None:
    """Void memberships whose sale is gone and that nothing draws from."""
    for membership_id in sorted({line.membership_id for line in lines if line.source == "sale" and line.membership_id}):
        membership = Membership.get_by_id(membership_id)
        if membership.is_active and not _has_live_lines(membership_id):
            execute(
                "UPDATE membership SET state = 'inactive', reason = ?, inactive_on = ?, version = version + 1"
                " WHERE id = ?",
                (VOIDED, on.isoformat(), membership_id),
            )
            audit.record(
                "Voided",
                "membership",
                membership_id,
                by=entry.user,
                customer=membership.customer_id,
                state=["active", "inactive"],
            )


def _sweep_inactive(invoice: Invoice, entry: Audit, on: date) -> None:
    """What came back into the funds of inactive memberships goes on: of those on its lines, and of a settled one."""
    concerned = (
        "SELECT membership_id FROM invoice_line WHERE invoice_id = ?"
        " UNION SELECT membership_id FROM journal WHERE invoice_id = ?"
    )
    for membership in Membership.fetch(
        f"state = 'inactive' AND id IN ({concerned}) ORDER BY id", (invoice.id, invoice.id)
    ):
        sweep(membership, "sweep", entry=entry, on=on)


def _has_live_lines(membership_id: int) -> bool:
    return bool(
        rows(
            "SELECT 1 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id AND i.status IN ('open', 'paid')"
            " WHERE l.membership_id = ? AND l.quantity_milli > l.credited_milli LIMIT 1",
            (membership_id,),
        )
    )
