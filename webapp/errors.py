"""What people see when something cannot be done: plain words, as a page or as a message over the page they are on."""

import logging
import os
import signal
from typing import NamedTuple
from urllib.parse import urlsplit

import peewee
from flask import Flask, Response, g, make_response, redirect, render_template, request
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from webapp.access import FromElsewhere, safe_next
from webapp.db import has_committed
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.domain.once import has_acted
from webapp.hypermedia import is_htmx, render
from webapp.trouble import Trouble, needs_a_new_process, trouble_of

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
    421: Words(
        "Not at this address",
        "This is not the name of this site. Open it at the address that you were given for it.",
    ),
    422: Words("That cannot be done", "What was sent breaks a rule of this business. Nothing was saved."),
    429: Words("Too many tries", "Please wait a little before you try again."),
    500: Words(
        "Something went wrong here",
        "It is not your fault and nothing was saved. The fault has been written down; try again.",
    ),
    503: Words("Busy or being looked after", "Nothing was saved. Wait a moment, then try again."),
}
TROUBLES = {
    Trouble.BUSY: (503, PLAIN[503]),
    Trouble.LOST: (
        503,
        Words(
            "The database cannot be reached", "Nothing was saved. It is looked for again at every try; wait a moment."
        ),
    ),
    Trouble.FULL: (
        507,
        Words(
            "The disk is full",
            "Nothing was saved, and all that was saved before is safe and can be read. Whoever looks after the computer"
            " that Carnet runs on must make room on it.",
        ),
    ),
    Trouble.READ_ONLY: (
        503,
        Words("Only reading is possible now", "The database takes no changes at the moment, so nothing was saved."),
    ),
    Trouble.FAILING: (
        500,
        Words(
            "The disk does not do its work",
            "Nothing was saved. Whoever looks after the computer that Carnet runs on must look at its disk.",
        ),
    ),
    Trouble.DAMAGED: (
        500,
        Words(
            "The database is damaged",
            "Stop working with it, and tell whoever looks after Carnet: it has to be restored from a backup.",
        ),
    ),
    Trouble.CRAMPED: (
        503,
        Words(
            "There is no memory left",
            "Nothing was saved. Carnet begins anew by itself; wait a moment, then try again.",
        ),
    ),
    Trouble.UNKNOWN: (
        500,
        Words(
            "It is not known whether this was saved",
            "The database was lost at the very moment of saving. Look whether it is there before you repeat it.",
        ),
    ),
}
SAVED = Words(
    "It was saved",
    "What you sent was saved. Only the page that should say so could not be shown, so look for it there.",
)
SENDING_AGAIN_IS_SAFE = "Sending this same form again is safe: it is done once."
FORM_TOO_OLD = Words(
    "This form is too old", "You were signed out or in again since it was opened, so nothing was saved."
)
RELOAD = "Reload the page and send it again."
FROM_ELSEWHERE = Words(
    "This came from another site",
    "Your browser says that another site sent this form, so nothing was saved. Open the page here and fill it in.",
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
    """A form of another session: what was typed can be sent again. Who signed in in another tab has arrived."""
    if request.endpoint == "auth.sign_in" and current_user.is_authenticated:
        return make_response(redirect(safe_next(request.args.get("next")), 303))
    again = _again() if _is_from_here() else None
    if again is None or is_htmx():
        return _answer(400, FORM_TOO_OLD._replace(text=f"{FORM_TOO_OLD.text} {RELOAD}"))
    return render("errors/trouble.html", 400, words=FORM_TOO_OLD, code=400, broken=False, again=again, is_once=False)


def _is_from_here() -> bool:
    """Whether no other site can have written the form; a browser that says nothing of it sends no cookie for one."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def on_other_site(_: FromElsewhere) -> Response:
    """A form that another site sent."""
    return _answer(403, FROM_ELSEWHERE)


def on_not_found(_: NotFound) -> Response:
    """A record that does not exist."""
    return _answer(404, PLAIN[404])


def on_changed(error: Changed) -> Response:
    """Somebody else was faster, and the view had no form to say so in."""
    return _answer(409, Words(PLAIN[409].title, str(error) or PLAIN[409].text))


def on_refusal(error: DomainError) -> Response:
    """A rule of the business refused, and the view had no form to say so in."""
    return _answer(422, Words(PLAIN[422].title, str(error) or PLAIN[422].text))


class Again(NamedTuple):
    """A form to be sent once more as it was."""

    path: str
    fields: list[tuple[str, str]]


def on_trouble(error: peewee.PeeweeException | MemoryError) -> Response:
    """The database or the memory failed: what is wrong, whether it was saved, and what was typed, to be sent again."""
    trouble = trouble_of(error)
    if trouble is None:
        raise error
    log.warning("it could not be done: %s", trouble.name.lower(), exc_info=error)
    status, words = TROUBLES[trouble]
    if _was_saved() and trouble is not Trouble.UNKNOWN:
        words = SAVED
    response = _without_the_database(status, words, trouble)
    if status == 503:
        response.headers["Retry-After"] = "5"
    if needs_a_new_process(error) and "gunicorn.socket" in request.environ:
        os.kill(os.getpid(), signal.SIGTERM)  # gunicorn ends this worker after what it is at, and starts another
    return response


def _without_the_database(status: int, words: Words, trouble: Trouble) -> Response:
    g._login_user = AnonymousUserMixin()  # else Flask-Login asks who is here
    again = None if words is SAVED else _again()
    is_once = again is not None and any(name == "form_key" for name, _ in again.fields)
    try:
        if is_htmx():
            safe = f" {SENDING_AGAIN_IS_SAFE}" if trouble is Trouble.UNKNOWN and "form_key" in request.form else ""
            message = ("bad", f"{words.title}. {words.text}{safe}")
            return make_response(render_template("_toasts.html", messages=[message], partial=True), status)
        return render(
            "errors/trouble.html", status, words=words, code=status, broken=True, again=again, is_once=is_once
        )
    except Exception:
        log.exception("the page for %s could not be shown", trouble.name)
        return make_response(LAST_RESORT.format(title=words.title, text=words.text), status)


def _again() -> Again | None:
    """What was typed, unless a secret is among it, which no page may show."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if request.method != "POST" or not fields or any("password" in name for name, _ in fields):
        return None
    return Again(request.full_path.rstrip("?"), fields)


def on_garbled(_: Exception) -> Response:
    """A request that broke off, or whose parts do not fit together; found out while its body was read."""
    return _answer(400, PLAIN[400])


def on_fault(error: Exception) -> Response:
    """Anything nobody thought of: written to the log, told without details."""
    log.error("unexpected fault", exc_info=error)
    return _answer(500, SAVED if _was_saved() else PLAIN[500])


def _nothing_yet(_error: BaseException | None = None) -> None:
    """What this thread committed for others, or before the view began, is not what the person sent."""
    has_committed.set(False)
    has_acted.set(False)


def _was_saved() -> bool:
    """Whether what the person sent was done: a form with a key by its one act, any other by the first thing it did."""
    if request.method != "POST":
        return False
    return has_acted.get() if "form_key" in request.form else has_committed.get()


def init_app(app: Flask) -> None:
    """Answer every error in plain words."""
    app.before_request(_nothing_yet)
    app.teardown_request(_nothing_yet)
    app.register_error_handler(CSRFError, on_csrf_error)
    app.register_error_handler(FromElsewhere, on_other_site)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Changed, on_changed)
    app.register_error_handler(NotFound, on_not_found)
    app.register_error_handler(DomainError, on_refusal)
    app.register_error_handler(peewee.PeeweeException, on_trouble)
    app.register_error_handler(MemoryError, on_trouble)
    app.register_error_handler(ParseException, on_garbled)
    app.register_error_handler(ConnectionError, on_garbled)
    app.register_error_handler(BlockingIOError, on_garbled)  # the worker's patience is over
    if not (app.testing or app.debug):  # there the fault itself is wanted
        app.register_error_handler(Exception, on_fault)
