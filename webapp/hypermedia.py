"""Pages, dialogs, menus and regions: which form an answer takes, and what htmx is told beside it.

One template is a whole page when it is opened directly and a dialog when htmx asks for it from a table; the choice is
made here, after the permission check, from the element that htmx says it will fill.
"""

from collections.abc import Callable
from typing import Any, cast

from flask import Flask, Response, flash, get_flashed_messages, make_response, redirect, render_template, request

from webapp import assets
from webapp.access import page_of_htmx, signed_in

PAGE, DIALOG, MENU = "base.html", "_dialog.html", "_menu.html"

LINK = "link"
"""What a link is flashed as; it belongs to the message before it."""

PATTERNS = ("index", "table", "dialog", "menu", "options", "add", "preview", "invoice", "pay", "membership", "home")
PARTS = {"table": "patterns/_rows.html", "options": "patterns/options.html", "preview": "patterns/_preview.html"}

Wording = tuple[str, ...]
"""A kind (`ok`, `bad` …) and a sentence; for one with a link its words and its address too."""


def is_htmx() -> bool:
    """Whether htmx asks for a part of the page it stands on; going back in the history is an ordinary visit."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def _target() -> str:
    """The id of the element that htmx will fill, or nothing. It comes as ``tag#id``."""
    return request.headers.get("HX-Target", "").partition("#")[2] if is_htmx() else ""


def in_dialog() -> bool:
    """Whether the answer will stand in the dialog of the page."""
    return _target() == "modal"


def in_menu() -> bool:
    """Whether the answer will stand in the action menu of a row."""
    return _target() == "menu"


def wants_region() -> bool:
    """Whether htmx asks for a region of a page alone: for its table, not for the page, the dialog or the menu."""
    return is_htmx() and request.headers.get("HX-Request-Type") != "full" and not (in_dialog() or in_menu())


def layout() -> str:
    """The template that a screen extends for this request."""
    return DIALOG if in_dialog() else MENU if in_menu() else PAGE


def render(template: str, status: int = 200, *, region: str | None = None, **context: Any) -> Response:
    """A screen in the layout that was asked for; or only its `region`, where one is named and htmx wants that."""
    if region is not None and wants_region():
        return fragment(region, status, **context)
    return make_response(render_template(template, layout=layout(), **context), status)


def fragment(template: str, status: int = 200, **context: Any) -> Response:
    """A region by itself: one root element, no page around it."""
    return make_response(render_template(template, **context), status)


def done(
    *events: str, to: str, message: str | None = None, stay: bool = True, link: tuple[str, str] | None = None
) -> Response:
    """The answer to an act that succeeded.

    Without htmx, or where the screen is a page of its own: go to `to`, where `message` is shown. In a dialog with
    `stay`: close it, show the message, and name the `events` so that the regions that care fetch themselves anew.
    `link` stands beside the message and opens a dialog: its words and its address, such as for Undo.
    """
    if message:
        flash(message, "ok")
    if link:
        flash("\n".join(link), LINK)
    if not is_htmx():
        return _see_other(to)
    if not stay or _on_its_own_page():
        return _navigate(to)
    response = make_response(render_template("_toasts.html", messages=take_messages(), partial=True))
    # The answer itself is empty and empties the dialog; a main swap, so that the events start from an element that is
    # still there: htmx would fire them where the regions cannot hear them if the form had vanished meanwhile.
    response.headers["HX-Retarget"] = "#modal"
    response.headers["HX-Reswap"] = "innerHTML swapEmpty:true"
    if events:
        response.headers["HX-Trigger"] = ", ".join(events)
    return response


def take_messages() -> list[Wording]:
    """What `flash` kept for the person, each shown once; kinds are `ok`, `info`, `warn` and `bad`."""
    known = {"ok", "info", "warn", "bad"}
    messages: list[Wording] = []
    for kind, text in cast(list[tuple[str, str]], get_flashed_messages(with_categories=True)):
        if kind == LINK and messages:
            messages[-1] = (*messages[-1], *text.split("\n", 1))
        else:
            messages.append((kind if kind in known else "info", text))
    return messages


def _on_its_own_page() -> bool:
    """Whether the form stood on a page of its own: then there is no list beneath it to come back to."""
    return page_of_htmx().path == request.path


def _see_other(to: str) -> Response:
    return make_response(redirect(to, 303))


def _navigate(to: str) -> Response:
    """Tell htmx to go to another page; fetch would follow a 303 by itself and put that page into the dialog."""
    response = make_response("", 200)
    response.headers["HX-Redirect"] = to
    return response


def _adapt(response: Response) -> Response:
    if is_htmx() and response.status_code in (301, 302, 303, 307, 308) and response.location:
        adapted = _navigate(response.location)
        for cookie in response.headers.getlist("Set-Cookie"):
            adapted.headers.add("Set-Cookie", cookie)
        response = adapted
    if response.mimetype == "text/html":
        response.vary.update(["HX-Request", "HX-Target", "HX-Request-Type"])
    return response


def init_app(app: Flask) -> None:
    """Offer the functions that templates need, and adapt every answer to who asked."""
    helpers: dict[str, Callable[[], Any]] = {"in_dialog": in_dialog, "in_menu": in_menu, "take_messages": take_messages}
    app.jinja_env.globals.update(helpers)
    app.after_request(_adapt)
    assets.init_app(app)
    if app.debug or app.testing:
        _register_patterns(app)


def _register_patterns(app: Flask) -> None:
    """The page that shows every component, for people who build screens and for their tests; no page of the product."""
    for name in PATTERNS:
        app.add_url_rule(f"/patterns/{name}", f"patterns_{name}", signed_in(_pattern(name)), methods=["GET", "POST"])


def _pattern(name: str) -> Callable[[], Response]:
    def show() -> Response:
        if name in ("options", "preview"):
            return fragment(PARTS[name])
        if request.method == "POST":
            return done("rows-changed", to="/patterns/table", message="Bea de Vries was added to Ten swims.")
        return render(f"patterns/{name}.html", region=PARTS.get(name))

    return show
