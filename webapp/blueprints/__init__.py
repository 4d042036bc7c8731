"""The contents page: every part of the product that has an address."""

from importlib import import_module

from flask import Flask

BLUEPRINTS = (
    "auth",
    "setup",
    "home",
    "search",
    "customers",
    "groups",
    "items",
    "packages",
    "memberships",
    "invoices",
    "payments",
    "reports",
    "settings",
)


def register_blueprints(app: Flask) -> None:
    """Mount each blueprint at the addresses it names."""
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f"webapp.blueprints.{name}.routes").blueprint)
