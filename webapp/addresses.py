"""How this site is called from outside, where that was said."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request, url_for

ONLY_HERE = ("localhost", "127.0.0.1", "::1")
"""Names by which only this machine finds it."""


def public_address(endpoint: str, **values: Any) -> str:
    """The whole address of a page, for paper and for other devices: by `CARNET_URL`, else by how it was asked for."""
    base: str = current_app.config["PUBLIC_URL"]
    return base + url_for(endpoint, **values) if base else url_for(endpoint, **values, _external=True)


def init_app(app: Flask) -> None:
    """Answer by no other name, where the name is known; on this machine by any."""
    app.before_request(_refuse_other_names)


def _refuse_other_names() -> None:
    base = current_app.config["PUBLIC_URL"]
    if base and request.endpoint != "static":
        asked_for = urlsplit(request.host_url).hostname
        if asked_for != urlsplit(base).hostname and asked_for not in ONLY_HERE:
            abort(421)
