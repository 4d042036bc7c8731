"""What is written down: one line of JSON for each request, and for each fault, with the request's number in both.

Lines name numbers and places, never people or what they typed: the address is the route's pattern, the person an id,
and of a fault its kind and where in the program it was, since what an exception says can quote what was typed.
"""

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import peewee
from flask import Flask, Response, g, has_request_context, request

log = logging.getLogger("webapp.requests")

SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = {"static", "health.healthz", "health.readyz"}
"""Endpoints that are only noted at level DEBUG: files, and what a watcher asks every few seconds."""

VERBS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Asked:
    """One request on its way: when it began, and how often the database was asked since."""

    def __init__(self) -> None:
        self.began = time.perf_counter_ns()
        self.queries = 0


_now: ContextVar[Asked | None] = ContextVar("asked", default=None)


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower()}
        line["id"] = getattr(record, "request_id", None) or request_id()
        if told := getattr(record, "told", None):
            line |= told
        else:
            line |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            line["fault"] = list(_kinds(record.exc_info[1]))
            line["at"] = _places(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def init_app(app: Flask) -> None:
    """Number every request; write the lines unless a setting says not to."""
    app.before_request(_begin)
    app.after_request(_number)
    app.jinja_env.globals["request_id"] = request_id
    if not app.config["REQUEST_LOG"]:
        return
    app.extensions["carnet.database"].query_hooks.append(_count)
    app.after_request(_note)
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask's own would write the address
    logger = logging.getLogger("webapp")
    for handler in [one for one in logger.handlers if isinstance(one.formatter, Lines)]:
        logger.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def request_id() -> str | None:
    """The number of this request, which is in the log, in the answer and on the page about a fault."""
    return g.get("request_id") if has_request_context() else None


def _begin() -> None:
    _now.set(Asked())
    given = request.headers.get("X-Request-Id", "") if "werkzeug.proxy_fix.orig" in request.environ else ""
    g.request_id = given if SANE.fullmatch(given) else secrets.token_hex(8)


def _number(response: Response) -> Response:
    if number := request_id():
        response.headers["X-Request-Id"] = number
    return response


def _count(_: peewee.QueryEvent) -> None:
    asked = _now.get()
    if asked:
        asked.queries += 1


def _note(response: Response) -> Response:
    """Written when all of the answer is sent; an export asks the database while it is being sent."""
    level = logging.DEBUG if request.endpoint in QUIET else logging.INFO
    asked = _now.get()
    if asked is None or not log.isEnabledFor(level):
        return response
    told = {
        "user": _user(),
        "method": request.method if request.method in VERBS else "OTHER",
        "route": request.url_rule.rule if request.url_rule else None,
        "status": response.status_code,
    }
    number, size = request_id(), response.content_length

    @response.call_on_close
    def write() -> None:
        spent = (time.perf_counter_ns() - asked.began) // 1_000_000
        line = {**told, "ms": spent, "queries": asked.queries, "bytes": size}
        log.log(level, "answered", extra={"told": line, "request_id": number})

    return response


def _user() -> int | None:
    """Who was asked for already; nobody is looked up for the log."""
    user = getattr(g.get("_login_user"), "user", None)
    return user.id if user else None


def _log_exception(exc_info: Any) -> None:
    logging.getLogger("webapp").error("unexpected fault", exc_info=exc_info)


def _kinds(error: BaseException) -> Iterator[str]:
    """The exception and those behind it, by name, with what cannot quote anybody: codes and constraints."""
    behind: BaseException | None = error
    while behind is not None:
        diagnosis = getattr(behind, "diag", None)
        codes = (
            getattr(behind, "sqlstate", None),
            getattr(behind, "sqlite_errorname", None),
            getattr(diagnosis, "constraint_name", None),
        )
        yield " ".join([f"{type(behind).__module__}.{type(behind).__qualname__}", *filter(None, codes)])
        behind = behind.__cause__ or (None if behind.__suppress_context__ else behind.__context__)


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
