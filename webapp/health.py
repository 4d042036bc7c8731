"""Two addresses for whoever watches over the service: is the process alive, and can it work."""

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong

import peewee
from flask import Blueprint, Flask, Response, current_app, request

from webapp import db, presence
from webapp.access import public

SECONDS = 2
"""How long an answer may take; a database that hangs is one that is not ready."""

blueprint = Blueprint("health", __name__)
_looking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process is alive; the database is not asked."""
    return _answer(200, "alive")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """The database answers, and its schema is this program's."""
    fault = _found_in_time(current_app.extensions)
    return _answer(503, fault) if fault else _answer(200, "ready")


def init_app(app: Flask) -> None:
    """Answer before anything else has its turn: no session, no set-up, no sign-in, and no connection of a page."""
    app.register_blueprint(blueprint)
    app.before_request(_answer_first)


def _answer_first() -> Response | None:
    match request.endpoint:
        case "health.healthz":
            return healthz()
        case "health.readyz":
            return readyz()
    return None


def _answer(status: int, sentence: str) -> Response:
    return Response(f"{sentence}\n", status, {"Cache-Control": "no-store"}, mimetype="text/plain")


def _found_in_time(kept: dict[str, object]) -> str | None:
    """What is wrong. One look at a time: while one hangs, the next would only hang behind it."""
    looked = kept.get("carnet.readiness")
    if not isinstance(looked, Future) or looked.done():
        looked = kept["carnet.readiness"] = _looking.submit(_fault)
    try:
        found: str | None = looked.result(timeout=SECONDS)
    except TookTooLong:
        return "The database does not answer."
    return found


def _fault() -> str | None:
    database = db.db.obj
    try:
        presence.enter(database)
        db.rows("SELECT version FROM schema_version")
    except presence.Away as away:
        return str(away)
    except peewee.PeeweeException:
        return "The database cannot be reached."
    finally:
        if not database.is_closed():
            database.close()
    return None
