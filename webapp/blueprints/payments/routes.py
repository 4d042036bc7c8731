"""The addresses of payments."""

from flask import Blueprint

from webapp.blueprints.payments import bouncing, correcting, entries, listing, pay, several

blueprint = Blueprint("payments", __name__)
BOTH = ["GET", "POST"]

blueprint.add_url_rule("/billing/payments", "index", listing.index)
blueprint.add_url_rule("/billing/payments/export", "export", listing.export)
blueprint.add_url_rule("/billing/invoices/<int:invoice_id>/payments/new", "new", pay.new, methods=BOTH)
blueprint.add_url_rule("/billing/invoices/<int:invoice_id>/payments/preview", "preview", pay.preview, methods=["POST"])
blueprint.add_url_rule("/billing/accounts/<int:customer_id>", "account", listing.account)
blueprint.add_url_rule("/billing/journals/<int:journal_id>", "journal", entries.journal)
blueprint.add_url_rule("/billing/payments/<int:payment_id>/receipt", "receipt", entries.receipt)
blueprint.add_url_rule("/billing/payments/<int:payment_id>/bounce", "bounce", bouncing.new, methods=BOTH)
blueprint.add_url_rule("/billing/payments/<int:payment_id>/correct", "correct", correcting.new, methods=BOTH)
blueprint.add_url_rule(
    "/billing/payments/<int:payment_id>/correct/preview", "correct_preview", correcting.preview, methods=["POST"]
)
blueprint.add_url_rule("/customers/<int:customer_id>/payments/new", "several", several.new, methods=BOTH)
blueprint.add_url_rule(
    "/customers/<int:customer_id>/payments/preview", "several_preview", several.preview, methods=["POST"]
)
