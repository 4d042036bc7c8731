"""One entry of the books: who made it, when, why, and which money went where; and the receipt of a payment."""

from flask import Response

from webapp.access import requires
from webapp.domain.entries import story
from webapp.domain.errors import NotFound
from webapp.domain.receipts import receipt as receipt_of
from webapp.hypermedia import render
from webapp.models import Payment
from webapp.permissions import Permission
from webapp.records import load


@requires(Permission.ACCESS_BILLING_TAB)
def journal(journal_id: int) -> Response:
    """An entry with its transfers, what it took back or what took it back, and what came with it."""
    found = story(journal_id)
    if found is None:
        raise NotFound
    return render("payments/journal.html", story=found)


@requires(Permission.ACCESS_BILLING_TAB)
def receipt(payment_id: int) -> Response:
    """What was paid with this payment in one go, for whoever paid it."""
    payment = load(Payment, payment_id)
    return render("payments/receipt.html", receipt=receipt_of(payment.audit_id))
