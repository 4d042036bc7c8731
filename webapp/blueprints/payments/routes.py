"""The addresses of payments."""

from flask import Blueprint

from webapp.blueprints.payments import listing, pay

blueprint = Blueprint("payments", __name__, url_prefix="/billing")

blueprint.add_url_rule("/payments", "index", listing.index)
blueprint.add_url_rule("/payments/export", "export", listing.export)
blueprint.add_url_rule("/invoices/<int:invoice_id>/payments/new", "new", pay.new, methods=["GET", "POST"])
blueprint.add_url_rule("/invoices/<int:invoice_id>/payments/preview", "preview", pay.preview, methods=["POST"])
blueprint.add_url_rule("/accounts/<int:customer_id>", "account", listing.account)
