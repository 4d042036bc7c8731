"""Carnet: prepaid packages sold, used, invoiced and explained to the cent."""

from typing import Any

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from webapp import (
    access,
    addresses,
    cli,
    config,
    daily,
    errors,
    headers,
    health,
    hypermedia,
    logs,
    places,
    presentation,
    starting,
)
from webapp.blueprints import register_blueprints
from webapp.records import IdConverter

__version__ = "0.1.0"


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    """Build the application from the environment, with `settings` over it."""
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.config.from_mapping(config.from_environment() | (settings or {}))
    app.url_map.converters["int"] = IdConverter
    starting.init_app(app)
    logs.init_app(app)
    health.init_app(app)
    starting.take_requests(app)
    addresses.init_app(app)
    access.init_app(app)
    CSRFProtect(app)
    daily.init_app(app)
    presentation.init_app(app)
    places.init_app(app)
    hypermedia.init_app(app)
    errors.init_app(app)
    headers.init_app(app)
    cli.init_app(app)
    register_blueprints(app)
    return app
