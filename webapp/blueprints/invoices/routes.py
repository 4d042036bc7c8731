"""The addresses of invoices."""

from flask import Blueprint

from webapp.blueprints.invoices import crediting, discounting, drafting, lines, listing, showing, undoing, voiding

blueprint = Blueprint("invoices", __name__, url_prefix="/billing/invoices")
BOTH = ["GET", "POST"]

blueprint.add_url_rule("", "index", listing.index)
blueprint.add_url_rule("/export", "export", listing.export)
blueprint.add_url_rule("/<int:invoice_id>/actions", "actions", listing.actions)

blueprint.add_url_rule("/new", "new", drafting.new, methods=BOTH)
blueprint.add_url_rule("", "begin", drafting.begin, methods=["POST"])
blueprint.add_url_rule("/offers", "first_offers", drafting.first_offers)
blueprint.add_url_rule("/<int:invoice_id>/edit", "edit", drafting.edit, methods=BOTH)
blueprint.add_url_rule("/<int:invoice_id>/offers", "offers", drafting.offers)
blueprint.add_url_rule("/<int:invoice_id>/lines", "add", drafting.add, methods=["POST"])
blueprint.add_url_rule("/<int:invoice_id>/discard", "discard", drafting.discard, methods=BOTH)

blueprint.add_url_rule("/<int:invoice_id>/lines/<int:line_id>/actions", "line_actions", lines.actions)
blueprint.add_url_rule("/<int:invoice_id>/lines/<int:line_id>/rate", "line_rate", lines.rate, methods=BOTH)
blueprint.add_url_rule("/<int:invoice_id>/lines/<int:line_id>/discount", "discount", discounting.discount, methods=BOTH)
blueprint.add_url_rule("/<int:invoice_id>/lines/<int:line_id>/removal", "line_removal", lines.remove, methods=["POST"])

blueprint.add_url_rule("/<int:invoice_id>", "show", showing.show)
blueprint.add_url_rule("/void", "void_several", undoing.void_several, methods=BOTH)
blueprint.add_url_rule("/<int:invoice_id>/void", "void", voiding.void, methods=BOTH)
blueprint.add_url_rule("/<int:invoice_id>/void/preview", "void_preview", voiding.preview, methods=["POST"])

CREDITS = "/<int:invoice_id>/credits"
blueprint.add_url_rule(f"{CREDITS}/new", "credit", crediting.new, methods=BOTH)
blueprint.add_url_rule(f"{CREDITS}/preview", "credit_preview", crediting.preview, methods=["POST"])
