"""What a new day brings by itself: whoever looks first finds the memberships ended whose last day is past."""

import logging

import peewee
from flask import Flask, request
from flask_login import current_user

from webapp.db import rows
from webapp.domain.memberships import expire_due
from webapp.presentation import today

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Look for past last days before each page; one look in a small index, and nothing to do on all but one of them."""
    app.before_request(_expire)


def _expire() -> None:
    if request.endpoint in (None, "static") or not current_user.is_authenticated:
        return
    past = rows("SELECT 1 FROM membership WHERE state = 'active' AND end_on < ? LIMIT 1", (today().isoformat(),))
    if past:
        try:
            expire_due(today())
        except peewee.OperationalError:
            log.warning("Past memberships could not be ended now; the next page tries again.", exc_info=True)
