"""Voiding several invoices that one step made: what Undo leads to."""

from collections.abc import Sequence

from flask import Response, request

from webapp.access import actor, requires
from webapp.blueprints.invoices.forms import UndoForm
from webapp.blueprints.invoices.voiding import CHANGED
from webapp.domain import undoing
from webapp.domain.errors import DomainError
from webapp.hypermedia import done, render
from webapp.models import Invoice
from webapp.permissions import Permission
from webapp.places import invoices_page
from webapp.presentation import today
from webapp.stating import SENT_BEFORE

AT_ONCE = 200


@requires(Permission.MANAGE_INVOICES)
def void_several() -> Response:
    """Take them back, all that can be or none; who is left out is named."""
    ids = _named()
    form = UndoForm()
    if form.validate_on_submit():
        voided: list[Invoice] = []

        def act() -> str:
            voided[:] = undoing.void_several(
                ids, shown=form.shown.data or "", reason=form.reason.text, by=actor(), on=today()
            )
            return invoices_page()

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(voided))
        except DomainError as error:
            form.refuse(error)
    elif not form.is_submitted():
        form.reason.data = "Undone at once"
    planned = undoing.plan(ids, by=actor(), on=today())
    return render(
        "invoices/void_several.html",
        422 if form.errors else 200,
        form=form,
        ids=",".join(map(str, ids)),
        able=[it for it in planned if not it.refusal],
        left_out=[it for it in planned if it.refusal],
        mark=undoing.mark(planned),
        back=invoices_page(),
    )


def _named() -> list[int]:
    """The invoices that the request names: ``12,13``."""
    named = dict.fromkeys(request.values.get("invoices", "").split(","))
    return [int(text) for text in named if text.isascii() and text.isdigit() and len(text) < 19][:AT_ONCE]


def _told(voided: Sequence[Invoice]) -> str:
    if not voided:
        return SENT_BEFORE
    return f"Invoice {voided[0].code} is void." if len(voided) == 1 else f"{len(voided)} invoices are void."
