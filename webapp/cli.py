"""Commands for the person who runs Carnet: ``flask --app wsgi …``."""

import click
from flask import Flask, current_app

from webapp.migrations import migrate


def init_app(app: Flask) -> None:
    """Make the commands known."""
    app.cli.add_command(migrate_command)


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date."""
    done = migrate(current_app.extensions["carnet.database"])
    click.echo("\n".join(f"Applied {name}" for name in done) if done else "The database is up to date.")
