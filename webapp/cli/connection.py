"""What the commands share: a connection for as long as one runs, and refusals told in a sentence."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp import presence
from webapp.domain.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")


def connected(command: Callable[P, T]) -> Callable[P, T]:
    """Run a command with a connection of its own; a refusal of the domain is its sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with presence.shared(current_app.extensions["carnet.database"]):
                return command(*args, **kwargs)
        except DomainError as error:
            raise click.ClickException(error.message) from error
        except presence.Away as error:
            raise click.ClickException(str(error)) from error

    return with_appcontext(run)
