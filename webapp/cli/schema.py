"""Bringing the schema up to date."""

import click
from flask import current_app

from webapp.cli.connection import connected
from webapp.migrations import migrate


@click.command("migrate")
@connected
def migrate_command() -> None:
    """Bring the database up to date."""
    try:
        done = migrate(current_app.extensions["carnet.database"])
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(f"Applied {name}" for name in done) if done else "The database is up to date.")
