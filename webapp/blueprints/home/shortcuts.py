"""The keyboard shortcuts, and the switch for them: single keys may be in the way of who dictates or presses by mistake.

The switch is a cookie of this browser that says no more than "off"; nobody's keyboard is remembered on the server.
"""

from flask import Response, current_app, request, url_for

from webapp.access import can, page_of_htmx, safe_next, signed_in
from webapp.hypermedia import done, is_htmx, render
from webapp.permissions import SEES_RECORDS

COOKIE, OFF = "shortcuts", "off"
A_YEAR = 365 * 24 * 60 * 60


@signed_in
def shortcuts() -> Response:
    """Which keys do what, for whoever asks; sent as a form, they are switched off or on in this browser."""
    if request.method == "POST":
        return _switch(on=request.form.get("shortcuts") != OFF)
    return render("home/shortcuts.html", on=request.cookies.get(COOKIE) != OFF, records=can(*SEES_RECORDS))


def _switch(*, on: bool) -> Response:
    response = done(to=_here(), message=f"Shortcuts are {'on' if on else 'off'} in this browser.", stay=False)
    if on:
        response.delete_cookie(COOKIE)
    else:
        secure = bool(current_app.config["SECURE_COOKIES"])
        response.set_cookie(COOKIE, OFF, max_age=A_YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


def _here() -> str:
    """The page beneath the dialog, which is made anew; the page of the shortcuts where they stand on one."""
    if not is_htmx():
        return url_for("home.shortcuts")
    current = page_of_htmx()
    return safe_next(current.path + (f"?{current.query}" if current.query else ""))
