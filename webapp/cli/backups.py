"""Keeping copies of the business, and putting one back."""

from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp import backups
from webapp.backups.proof import Proven
from webapp.cli.connection import told

FILE = click.argument("file", type=click.Path(path_type=Path))
WITH_FAULTS = click.option("--with-faults", is_flag=True, help="Even if check-ledger finds the books in it wrong.")


@click.command("backup")
@FILE
@click.option("--replace", is_flag=True, help="Overwrite a file of that name.")
@WITH_FAULTS
@with_appcontext
def backup(file: Path, replace: bool, with_faults: bool) -> None:
    """Write a proven copy of the database to FILE, while Carnet goes on working."""
    with told():
        made = backups.back_up(_database(), file, replace=replace, with_faults=with_faults, **_programs())
    click.echo(f"{file} holds the business at {_described(made)}, {_size(file)}.{_faults(made)}")


@click.command("restore")
@FILE
@WITH_FAULTS
@with_appcontext
def restore(file: Path, with_faults: bool) -> None:
    """Put the backup FILE in the place of the database; what was there is kept. Carnet must be stopped."""
    instance = Path(current_app.config["INSTANCE"])
    with told():
        done = backups.restore(_database(), file, keep_in=instance, with_faults=with_faults, **_programs())
    click.echo(f"The database is the business at {_described(done.now)}, as in {file}.{_faults(done.now)}")
    click.echo(f"What was there before is kept as {done.kept}." if done.kept else "There was no database before.")
    if not done.now.is_current:
        click.echo("Its schema is older than this program. Now run: python3 run.py flask migrate")
    click.echo("Everybody has to sign in again.")


def _database() -> Any:
    return current_app.extensions["carnet.database"]


def _programs() -> dict[str, str]:
    return {"programs": current_app.config["PG_BIN"]}


def _described(proven: Proven) -> str:
    return f"schema {proven.version}" + (f", its last entry of {proven.last_entry}" if proven.last_entry else "")


def _faults(proven: Proven) -> str:
    return f" Its books have faults: {proven.faults}." if proven.faults else ""


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size // 1024**2:,} MB" if size >= 10 * 1024**2 else f"{size // 1024:,} KB"
