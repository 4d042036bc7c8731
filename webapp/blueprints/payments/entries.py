"""One entry of the books: who made it, when, why, and which money went where."""

from flask import Response

from webapp.access import requires
from webapp.domain.entries import story
from webapp.domain.errors import NotFound
from webapp.hypermedia import render
from webapp.permissions import Permission


@requires(Permission.ACCESS_BILLING_TAB)
def journal(journal_id: int) -> Response:
    """An entry with its transfers, what it took back or what took it back, and what came with it."""
    found = story(journal_id)
    if found is None:
        raise NotFound
    return render("payments/journal.html", story=found)
