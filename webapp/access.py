"""Who is here and what they may open. Every endpoint declares its permission; one that declares nothing is closed."""

import hashlib
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import peewee
from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from webapp.db import execute, rows, transactional, utcnow
from webapp.models import Role, SignInSession, User
from webapp.permissions import Permission

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"
SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""

_SEEN_EVERY = timedelta(minutes=2)


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Open the view to whoever holds one of the permissions."""

    def declare(view: View) -> View:
        view.access = permissions  # type: ignore[attr-defined]  # a mark read by the gate and by the tests
        return view

    return declare


def signed_in(view: View) -> View:
    """Open the view to every member of staff."""
    view.access = SIGNED_IN  # type: ignore[attr-defined]  # as above
    return view


def public(view: View) -> View:
    """Open the view to everybody. Tests keep the list of these short."""
    view.access = PUBLIC  # type: ignore[attr-defined]  # as above
    return view


class FromElsewhere(Forbidden):
    """The browser says that another site sent this form."""


class SignedIn(UserMixin):
    """The user behind a session row; Flask-Login keeps the session's token, never the user's id."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = token

    def get_id(self) -> str:
        return self.token


def actor() -> User:
    """The user who is acting; only behind the gate."""
    return cast(User, current_user.user)


def can(*permissions: Permission) -> bool:
    """Whether the person here holds one of the permissions. For templates and views alike."""
    return bool(current_user.is_authenticated) and any(actor().may(p) for p in permissions)


@transactional
def sign_in(user: User) -> None:
    """Start a new session for the user in this browser, under a new token."""
    token = secrets.token_urlsafe(32)
    agent = request.user_agent.string[:200]
    now, (longest, idle) = utcnow(), _limits()
    is_over = (SignInSession.created_at < now - longest) | (SignInSession.seen_at < now - idle)
    SignInSession.delete().where((SignInSession.user == user) & is_over).execute()
    SignInSession.create(token_hash=_hash(token), user=user, created_at=now, seen_at=now, agent=agent)
    session.clear()
    session.permanent = True
    login_user(SignedIn(user, token))


def sign_out() -> None:
    """End this session here and in the database."""
    if current_user.is_authenticated:
        SignInSession.delete().where(SignInSession.token_hash == this_session()).execute()
    logout_user()
    session.clear()


def this_session() -> str:
    """The hash that the session of this browser is kept under."""
    return _hash(current_user.token)


def safe_next(target: str | None) -> str:
    """Where to go after signing in: a path of this site, else Home."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return url_for("home.index")
    if any(ord(c) < 33 for c in target) or urlsplit(target).scheme or urlsplit(target).netloc:
        return url_for("home.index")
    return target


def page_of_htmx() -> SplitResult:
    """The address of the page that htmx stands on; an empty one where it names none, or nothing that could be one."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # the beginning of an IPv6 address, and no end
        return urlsplit("")


def init_app(app: Flask) -> None:
    """Set up Flask-Login and close every endpoint that is not open to the person here."""
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app)
    manager.user_loader(_load)
    app.before_request(_refuse_other_sites)
    app.before_request(_gate)
    app.before_request(_refuse_nameless)
    app.jinja_env.globals.update(can=can, Permission=Permission, actor=actor)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_PARTS = User.columns("person"), Role.columns("role"), SignInSession.columns("signed")
_WHO = f"""SELECT {", ".join(chain(*_PARTS))} FROM sign_in_session signed
 JOIN staff person ON person.id = signed.user_id JOIN role ON role.id = person.role_id
 WHERE signed.token_hash = ? AND person.active"""  # noqa: S608  # names of the schema
"""Asked at every request."""


def _load(token: str) -> SignedIn | None:
    found = rows(_WHO, (_hash(token),))
    if not found:
        return None
    values, of_user, of_role = found[0], len(_PARTS[0]), len(_PARTS[0] + _PARTS[1])
    user, row = User.of_row(values[:of_user]), SignInSession.of_row(values[of_role:])
    user.__rel__["role"] = Role.of_row(values[of_user:of_role])
    now = utcnow()
    longest, idle = _limits()
    if now - row.seen_at > idle or now - row.created_at > longest:
        return None
    if now - row.seen_at > _SEEN_EVERY:
        _note_seen(row.token_hash, now)
    return SignedIn(user, token)


def _note_seen(token_hash: str, now: datetime) -> None:
    """Remember when the session was last used; a database that takes no writes now keeps nobody from reading."""
    try:
        execute(
            "UPDATE sign_in_session SET seen_at = ? WHERE token_hash = ?",
            (SignInSession.seen_at.db_value(now), token_hash),
        )
    except peewee.OperationalError:
        log.warning("a sign-in could not be noted as seen")


def _limits() -> tuple[timedelta, timedelta]:
    """How long a session lasts at most, and how long unused."""
    config = current_app.config
    return timedelta(hours=config["SESSION_HOURS"]), timedelta(minutes=config["SESSION_IDLE_MINUTES"])


def _refuse_other_sites() -> None:
    """Each form has a token of its session besides; browsers too old to say where a form comes from rely on that."""
    if request.method not in SAFE and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise FromElsewhere


def _gate() -> Response | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    access = getattr(current_app.view_functions[request.endpoint], "access", None)
    if access == PUBLIC:
        return None
    if not current_user.is_authenticated:
        return to_sign_in()
    if access == SIGNED_IN or (isinstance(access, tuple) and can(*access)):
        return None
    return abort(403)


def _refuse_nameless() -> None:
    """A field without a name comes from no form, and those who read fields by their names cannot take it."""
    if request.method == "POST" and not all(request.form):
        abort(400)


def to_sign_in() -> Response:
    """Send the person to the sign-in page and back here afterwards; a form sent meanwhile is not repeated."""
    here = request.full_path.rstrip("?") if _is_page() else None
    if request.method not in SAFE:
        flash("You were signed out meanwhile, so nothing was saved. Sign in, then do it again.", "warn")
    if request.headers.get("HX-Request"):
        current = page_of_htmx()
        here = current.path + (f"?{current.query}" if current.query else "") or None
        answer = Response(status=401)
        answer.headers["HX-Redirect"] = url_for("auth.sign_in", next=here)
        return answer
    return redirect(url_for("auth.sign_in", next=here), 303 if request.method != "GET" else 302)


def _is_page() -> bool:
    """Whether there is something to see at this address."""
    return "GET" in current_app.url_map.bind_to_environ(request.environ).allowed_methods()
