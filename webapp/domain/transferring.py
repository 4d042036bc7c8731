"""Handing what is left of a membership to another customer (postings in docs/books.md)."""

from datetime import date

from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, ledger
from webapp.domain.errors import Changed, DomainError
from webapp.domain.ledger import Move
from webapp.domain.memberships import ACCOUNT_OFF, hold, owners, why_not
from webapp.domain.settling import REMOVED, end
from webapp.models import Company, Customer, Membership, MembershipItem, PaymentMethod, User
from webapp.models.invoice import invoice_code


@transactional
def transfer(membership_id: int, to: Customer, *, version: int, by: User, on: date, reason: str) -> Membership:
    """Give what is left, undrawn and paid in to another customer as a membership of their own.

    The old one ends for good. Refused while an invoice of it is open, and for whoever could not be added to the
    package.
    """
    hold(on, to.id, *owners([membership_id]))
    old = Membership.get_by_id(membership_id)
    if not old.is_active or old.version != version:
        raise Changed(f"{old.package_name} was changed by somebody else meanwhile. Look again.")
    if not reason.strip():
        raise DomainError("Say why it is handed over.", "reason")
    _refuse(old, to)
    entry = audit.record(
        "Transferred",
        "membership",
        old.id,
        by=by,
        customer=old.customer_id,
        reason=reason.strip(),
        state=["active", "inactive"],
        to=to.id,
    )
    new = _copy(old, to, by=by)
    held = ledger.balance(ledger.package_funds(old.id))
    move = Move(ledger.package_funds(old.id), ledger.package_funds(new.id), held)
    ledger.post("transfer", "membership", old.id, [move], audit=entry, on=on, membership_id=old.id)
    end(old, REMOVED, entry=entry, on=on)
    return new


def why_not_transfer(membership: Membership) -> str | None:
    """Why a membership cannot be handed over to anybody, in a sentence; None when it can."""
    name = membership.package_name
    if not membership.is_active:
        return f"{name} is {membership.reason}; only an active membership is handed over."
    if not PaymentMethod.account_is_active():
        return ACCOUNT_OFF
    open_ = rows(
        "SELECT DISTINCT i.series, i.number FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id"
        " WHERE l.membership_id = ? AND i.status = 'open' ORDER BY i.series, i.number",
        (membership.id,),
    )
    if open_:
        codes = ", ".join(invoice_code(series, number) for series, number in open_)
        return f"Invoice {codes} must be paid or voided first."
    return None


def why_not_to(membership: Membership, to: Customer) -> str | None:
    """Why it cannot be handed over to this customer, in a sentence; None when it can."""
    if to.id == membership.customer_id:
        return "Choose another customer."
    reason = why_not(to)
    if reason:
        return reason
    if rows(
        "SELECT 1 FROM membership WHERE customer_id = ? AND package_id = ? AND state = 'active'",
        (to.id, membership.package_id),
    ):
        return f"{to.name} is active in {membership.package_name} already."
    return None


def was_transferred(membership_id: int) -> bool:
    """Whether the membership ended by being handed over: then it stays ended."""
    return bool(
        rows(
            "SELECT 1 FROM audit WHERE subject = 'membership' AND subject_id = ? AND act = 'Transferred'",
            (membership_id,),
        )
    )


def _refuse(old: Membership, to: Customer) -> None:
    reason = why_not_to(old, to)
    if reason:
        raise DomainError(reason, "to")
    reason = why_not_transfer(old)
    if reason:
        raise DomainError(reason)


def _copy(old: Membership, to: Customer, *, by: User) -> Membership:
    inclusive = Company.of_act().tax_inclusive
    items = [i for i in MembershipItem.fetch("membership_id = ?", (old.id,)) if i.left_milli]
    undrawn = [(i.amount_minor - i.drawn_minor, i.tax_minor - i.drawn_tax_minor) for i in items]
    new = Membership.create(
        customer=to,
        customer_sort=to.sort_name,
        package=old.package_id,
        package_name=old.package_name,
        start_on=old.start_on,
        end_on=old.end_on,
        end_sort=old.end_sort,
        price_minor=sum(amount + (0 if inclusive else tax) for amount, tax in undrawn),
        note=f"From {old.code}",
        created_by=by,
        created_at=utcnow(),
    )
    for item, (amount, tax) in zip(items, undrawn, strict=True):
        MembershipItem.create(
            membership=new,
            item=item.item_id,
            position=item.position,
            name=item.name,
            unit=item.unit,
            included_milli=item.left_milli,
            rate_e4=item.rate_e4,
            amount_minor=amount,
            tax_percent_e4=item.tax_percent_e4,
            tax_minor=tax,
        )
    audit.record(
        "Added to package", "membership", new.id, by=by, customer=to, package=old.package_id, transferred=old.id
    )
    return new
