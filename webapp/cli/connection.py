"""What the commands share: a connection for as long as one runs, and refusals told in a sentence."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp.domain.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")


def connected(command: Callable[P, T]) -> Callable[P, T]:
    """Run a command with a connection of its own; a refusal of the domain is its sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with current_app.extensions["carnet.database"].connection_context():
            try:
                return command(*args, **kwargs)
            except DomainError as error:
                raise click.ClickException(error.message) from error

    return with_appcontext(run)
