"""A test client that speaks like the browser does: with the session of somebody from the cast, with the CSRF token of
that session, with htmx's headers when asked, and with a lint of every page it gets.

On PostgreSQL it does not read once more the pages that the same test got on SQLite: what they are made of is the same.
"""

import time
from functools import cache
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.test import EnvironBuilder, TestResponse

from tests import html
from tests.business import BEGAN, TOKENS
from webapp.db import is_sqlite

CSRF = "a raw token, the same in every session of the tests"
SAFE = ("GET", "HEAD", "OPTIONS")


class Client(FlaskClient):
    """Flask's client with what a browser adds. `htmx` is the target that htmx names, for example ``dialog#modal``."""

    def open(
        self, *args: Any, htmx: str | None = None, csrf: bool = True, lint: bool = True, **kwargs: Any
    ) -> TestResponse:
        if isinstance(args[0], EnvironBuilder):  # the client itself, on its way along a redirect
            return super().open(*args, **kwargs)
        headers = dict(kwargs.pop("headers", None) or {})
        if htmx is not None:
            headers |= {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": htmx}
        if csrf and kwargs.get("method", "GET") not in SAFE:
            headers["X-CSRFToken"] = self.csrf_token()
        kwargs.setdefault("buffered", True)  # read to the end, as a browser does; an export is sent in pieces
        response = super().open(*args, headers=headers, **kwargs)
        is_redirect = 300 <= response.status_code < 400  # has a page that no browser shows
        if lint and is_sqlite() and not is_redirect and response.mimetype == "text/html" and response.text:
            found = html.faults(self.application, response.request.path, response.text)
            assert not found, f"{response.request.method} {response.request.path}:\n" + "\n".join(found)
        return response

    def csrf_token(self) -> str:
        """What a page of this session would hold: the raw token, signed. Signing in starts one with another token."""
        cookie = self.get_cookie(self.application.config["SESSION_COOKIE_NAME"])
        raw = raw_token(self.application, cookie.value) if cookie else None
        if raw is None:
            with self.session_transaction() as session:
                raw = session.setdefault("csrf_token", CSRF)
        return signed(raw, str(self.application.secret_key), int(time.time()))


def raw_token(app: Flask, cookie: str) -> str | None:
    """What the session of a cookie holds, if it holds one, is one of the app's and has not run out."""
    try:
        held: dict[str, Any] = sessions_of(app).loads(
            cookie, max_age=int(app.permanent_session_lifetime.total_seconds())
        )
        return held.get("csrf_token")
    except BadSignature:
        return None


@cache
def signed(raw: str, key: str, second: int) -> str:
    """The token of a session, as it is signed in that second."""
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw))


def sessions_of(app: Flask) -> URLSafeTimedSerializer:
    return app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined,no-any-return]  # Flask's own


def client_for(app: Flask, name: str | None = None) -> Client:
    """A client with the session of one of the cast, or of nobody."""
    client = app.test_client()
    assert isinstance(client, Client)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], session_cookie(app, name))
    return client


def session_cookie(app: Flask, name: str | None = None) -> str:
    """The cookie of a session that is signed in already; signing in itself is tested where it belongs."""
    content: dict[str, Any] = {"csrf_token": CSRF}
    if name:
        content |= {"_user_id": TOKENS[name], "_fresh": True, "_permanent": True}
    with time_machine.travel(BEGAN, tick=False):
        return str(sessions_of(app).dumps(content))
