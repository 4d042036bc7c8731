"""Bringing the schema up to date."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp import backups, presence
from webapp.cli.connection import told
from webapp.domain.errors import DomainError
from webapp.migrations import migrate, state


@click.command("migrate")
@click.option("--without-backup", is_flag=True, help="Do not back up first what is about to be changed.")
@with_appcontext
def migrate_command(without_backup: bool) -> None:
    """Bring the database up to date; what is in it is backed up first. Carnet must be stopped."""
    database = current_app.extensions["carnet.database"]
    with told(), database.connection_context():
        found = state(database)
        if found.is_current:
            click.echo("The database is up to date.")
            return
        if found.fault and not 0 <= found.found < found.needed:
            raise DomainError(found.fault)
        if not found.is_empty and not without_backup:
            click.echo(f"Backed up as {_backed_up(found.needed)}")
        with presence.alone(database):
            done = migrate(database)
    click.echo("\n".join(f"Applied {name}" for name in done))


def _backed_up(version: int) -> Path:
    config = current_app.config
    try:
        return backups.before_schema(
            current_app.extensions["carnet.database"], version, keep_in=config["INSTANCE"], programs=config["PG_BIN"]
        )
    except DomainError as error:
        raise DomainError(
            f"{error.message}\nNothing was changed. Make a backup by another way, then add --without-backup."
        ) from error
