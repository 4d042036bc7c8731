"""What must be right before the first request is served: secret, cookies, database, schema; then a connection each."""

from datetime import timedelta
from pathlib import Path

from flask import Flask, current_app, redirect, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from webapp import db, hosts, presence
from webapp.config import is_guessable, secret_key
from webapp.errors import Words
from webapp.hypermedia import PAGE, is_htmx
from webapp.migrations import migrate, state
from webapp.models import Company


class CannotStart(RuntimeError):
    """Something has to be put right before anybody is served; the sentence says what."""


class StaleDatabase(CannotStart):
    """The database was left by another version of the program."""


class GuessableSecret(CannotStart):
    """Cookies would be signed with what anybody may know."""


def init_app(app: Flask) -> None:
    """Settle the secret and the cookies, open the database, and check its schema."""
    _configure(app)
    database = db.connect(app.config["DATABASE_URL"], pool=app.config["DATABASE_POOL"])
    app.extensions["carnet.database"] = database
    hosts.introduce(database, app.config["SECRET_KEY"])
    if not app.config.get("SKIP_SCHEMA_CHECK"):
        check_schema(app)
        hosts.warn_of_other_secrets(database)
    db.hang_up(database)  # a server may fork this process into several


def take_requests(app: Flask) -> None:
    """Give each request a connection, and lead the first person to the set-up."""
    app.before_request(_connect)
    app.before_request(_set_up_first)
    app.teardown_appcontext(_release)
    if hops := app.config["PROXY_HOPS"]:
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # how WSGI middleware is put around Flask


def check_schema(app: Flask) -> None:
    """Migrate an empty database; refuse one that is not up to date, with the command that mends it."""
    database = app.extensions["carnet.database"]
    try:
        with presence.shared(database):
            found = state(database)
        if found.is_empty:  # of several processes that start at once, one makes the tables
            with presence.alone(database, wait=30), database.connection_context():
                migrate(database)
        elif found.fault:
            raise StaleDatabase(found.fault)
    except (presence.Away, presence.InUse) as error:
        raise StaleDatabase(str(error)) from error


def _configure(app: Flask) -> None:
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or secret_key(Path(app.config["INSTANCE"]))
    if is_guessable(str(app.config["SECRET_KEY"])) and not (app.testing or app.config["SKIP_SCHEMA_CHECK"]):
        raise GuessableSecret(
            "SECRET_KEY can be guessed, and who guesses it can forge cookies and forms. Leave it out, and Carnet makes"
            " one of its own; or set at least 32 random characters."
        )
    app.config.update(
        SESSION_COOKIE_NAME="__Host-carnet" if app.config["SECURE_COOKIES"] else "carnet",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["SECURE_COOKIES"],
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=app.config["SESSION_HOURS"]),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _connect() -> Response | None:
    if request.endpoint != "static":
        try:
            presence.enter(db.db.obj)
        except presence.Away as away:
            return _not_now(str(away))
    return None


def _not_now(sentence: str) -> Response:
    """An answer that needs nothing of the database, not even who asks; so not through Flask, which would look."""
    words = Words("Carnet is being looked after", f"Nothing was saved. {sentence}")
    environment = current_app.jinja_env
    if is_htmx():
        said = [("bad", f"{words.title}. {words.text}")]
        body = environment.get_template("_toasts.html").render(messages=said, partial=True)
    else:
        page = environment.get_template("errors/error.html")
        body = page.render(layout=PAGE, words=words, code=503, status=503, broken=True)
    return Response(body, 503, {"Retry-After": "10"}, mimetype="text/html")


def _release(_error: BaseException | None) -> None:
    """Give a pooled connection back; an SQLite one stays open for the thread: opening it costs more than a page."""
    if not db.is_sqlite() and not db.db.is_closed():
        db.db.close()


def _set_up_first() -> Response | None:
    """Until the business is set up there is one page; afterwards that page is gone."""
    if request.endpoint in ("static", "setup.index", None):
        return None
    if not current_app.extensions.get("carnet.set_up"):
        if not Company.select().exists():
            return redirect(url_for("setup.index"))
        current_app.extensions["carnet.set_up"] = True
    return None
