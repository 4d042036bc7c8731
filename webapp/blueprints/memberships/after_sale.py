"""The addresses of what happens to a membership after the sale."""

from flask import Blueprint

from webapp.blueprints.memberships import (
    card,
    extending,
    moving,
    refunding,
    reinstating,
    several,
    starting,
    transferring,
    using,
)

BOTH = ["GET", "POST"]
ACTS = (
    ("uses/new", "use", using.use, using.preview),
    ("extension", "extend", extending.extend, extending.preview),
    ("start", "start", starting.start, starting.preview),
    ("reinstatement", "reinstate", reinstating.reinstate, None),
    ("refund", "refund", refunding.refund, refunding.preview),
    ("funds/new", "move", moving.move, moving.preview),
    ("transfer", "transfer", transferring.transfer, transferring.preview),
)


def mount(blueprint: Blueprint) -> None:
    """Give each act its address, and one for its preview while the form is filled in."""
    for path, name, act, preview in ACTS:
        address = f"/billing/memberships/<int:membership_id>/{path}"
        blueprint.add_url_rule(address, name, act, methods=BOTH)
        if preview:
            blueprint.add_url_rule(f"{address}/preview", f"{name}_preview", preview, methods=["POST"])
    blueprint.add_url_rule("/billing/packages/uses", "use_several", several.use, methods=BOTH)
    blueprint.add_url_rule(
        "/billing/packages/uses/preview", "use_several_preview", several.use_preview, methods=["POST"]
    )
    blueprint.add_url_rule("/billing/packages/bills", "bill_several", several.bill, methods=BOTH)
    blueprint.add_url_rule("/billing/memberships/<int:membership_id>/card", "card", card.card)
    blueprint.add_url_rule("/billing/memberships/receivers", "receivers", transferring.receivers)
    blueprint.add_url_rule("/billing/credit-notes/<int:note_id>", "credit_note", refunding.credit_note)
