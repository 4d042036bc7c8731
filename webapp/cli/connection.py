"""What the commands share: a connection for as long as one runs, and refusals told in a sentence."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import click
import peewee
from flask import current_app
from flask.cli import with_appcontext

from webapp import presence
from webapp.domain.errors import DomainError

P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Tell a refusal, or that the database is not to be had, as a sentence with exit code 1."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(error.message) from error
    except presence.Away as error:
        raise click.ClickException(str(error)) from error
    except peewee.OperationalError as error:
        raise click.ClickException(f"The database did not do it: {' '.join(str(error).split())}") from error


def connected(command: Callable[P, T]) -> Callable[P, T]:
    """Run a command with a connection of its own; a refusal of the domain is its sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with told(), presence.shared(current_app.extensions["carnet.database"]):
            return command(*args, **kwargs)

    return with_appcontext(run)
