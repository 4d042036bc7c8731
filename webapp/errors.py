"""What people see when something cannot be done: plain words, as a page or as a message over the page they are on."""

import logging
from typing import NamedTuple

import peewee
from flask import Flask, Response, make_response, render_template
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.hypermedia import is_htmx, render

log = logging.getLogger(__name__)


class Words(NamedTuple):
    """What an error page says: what happened, and what to do now."""

    title: str
    text: str


PLAIN = {
    400: Words(
        "That could not be read", "The browser sent something this page does not understand. Go back and try again."
    ),
    401: Words("Please sign in", "You are not signed in, or were signed out meanwhile. Sign in and try again."),
    403: Words("You may not do this", "Your role does not allow it. Whoever manages the users here can change that."),
    404: Words(
        "Not found", "There is nothing at this address. It may have been mistyped, or the record never existed."
    ),
    405: Words(
        "Not possible this way", "This address does not take that kind of request. Go back and use the buttons there."
    ),
    409: Words(
        "Somebody changed this meanwhile", "Nothing was saved. Look at it again, then repeat what you wanted to do."
    ),
    413: Words("Too much at once", "What was sent is larger than this page takes. Send less, or a smaller file."),
    415: Words("Wrong kind of file", "This page does not take a file of that kind."),
    422: Words("That cannot be done", "What was sent breaks a rule of this business. Nothing was saved."),
    429: Words("Too many tries", "Please wait a little before you try again."),
    500: Words(
        "Something went wrong here",
        "It is not your fault and nothing was saved. The fault has been written down; try again.",
    ),
    503: Words("Busy or being looked after", "Nothing was saved. Wait a moment, then try again."),
}
FORM_TOO_OLD = Words(
    "This form is too old",
    "You were signed out or in again since it was opened, so nothing was saved. Reload the page and send it again.",
)
LAST_RESORT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
)


def _answer(status: int, words: Words) -> Response:
    """The words in the form that was asked for; htmx gets only a message, since what is on the page stays."""
    try:
        if is_htmx():
            body = render_template("_toasts.html", messages=[("bad", f"{words.title}. {words.text}")], partial=True)
            return make_response(body, status)
        return render("errors/error.html", status=status, words=words, code=status, broken=status >= 500)
    except Exception:
        log.exception("the page for error %s could not be shown", status)
        return make_response(LAST_RESORT.format(title=words.title, text=words.text), status)


def on_http_error(error: HTTPException) -> Response:
    """Every status that Flask or a view raises, with its own headers (Allow, Retry-After) kept."""
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    response = _answer(status, PLAIN.get(status) or PLAIN[400 if status < 500 else 500])
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def on_csrf_error(_: CSRFError) -> Response:
    """A form from another session, or from another site."""
    return _answer(400, FORM_TOO_OLD)


def on_not_found(_: NotFound) -> Response:
    """A record that does not exist."""
    return _answer(404, PLAIN[404])


def on_changed(error: Changed) -> Response:
    """Somebody else was faster, and the view had no form to say so in."""
    return _answer(409, Words(PLAIN[409].title, str(error) or PLAIN[409].text))


def on_refusal(error: DomainError) -> Response:
    """A rule of the business refused, and the view had no form to say so in."""
    return _answer(422, Words(PLAIN[422].title, str(error) or PLAIN[422].text))


def on_busy(error: peewee.OperationalError) -> Response:
    """The database could not be reached or stayed locked: the transaction did not happen, and may be tried again."""
    log.warning("the database did not answer", exc_info=error)
    response = _answer(503, PLAIN[503])
    response.headers["Retry-After"] = "5"
    return response


def on_fault(error: Exception) -> Response:
    """Anything nobody thought of: written to the log, told without details."""
    log.error("unexpected fault", exc_info=error)
    return _answer(500, PLAIN[500])


def init_app(app: Flask) -> None:
    """Answer every error in plain words."""
    app.register_error_handler(CSRFError, on_csrf_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Changed, on_changed)
    app.register_error_handler(NotFound, on_not_found)
    app.register_error_handler(DomainError, on_refusal)
    app.register_error_handler(peewee.OperationalError, on_busy)
    if not (app.testing or app.debug):  # there the fault itself is wanted
        app.register_error_handler(Exception, on_fault)
