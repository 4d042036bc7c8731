"""Void and copy in one act: the mistake is taken back and the same lines are typed again, ready to be corrected."""

from datetime import date

from webapp.db import rows, transactional
from webapp.domain import drafts
from webapp.domain.voids import TO_ACCOUNT, void
from webapp.models import DraftLine, Invoice, User

TYPED = (
    "position, kind, item_id, package_id, quantity_milli, amount_minor, source, membership_id, rate_e4, rate_reason,"
    " discount_minor, discount_percent_e4"
)


@transactional
def void_and_copy(invoice_id: int, *, reason: str, by: User, on: date, money: str = TO_ACCOUNT) -> Invoice:
    """Void an invoice and open a draft with what was typed on it; answers with the draft. Raises as `void` does."""
    old = void(invoice_id, reason=reason, by=by, on=on, money=money)
    new = drafts.begin(old.customer, by=by, on=on, service_on=old.service_on)
    drafts.change_dates(new.id, service_on=old.service_on, due_on=max(new.due_on, old.due_on))
    drafts.change_note(new.id, old.note)
    typed = rows(f"SELECT {TYPED} FROM draft_line WHERE invoice_id = ? ORDER BY position, id", (old.id,))  # noqa: S608
    names = [name.strip().removesuffix("_id") for name in TYPED.split(",")]
    for line in typed:
        DraftLine.create(invoice=new, **dict(zip(names, line, strict=True)))
    return Invoice.get_by_id(new.id)
