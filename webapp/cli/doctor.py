"""Looking whether the installation is sound."""

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp import doctor
from webapp.doctor.finding import FAULT, WARNING


@click.command("doctor")
@with_appcontext
def examine() -> None:
    """Look whether this installation is sound; a line for each thing, and exit code 1 when there is a fault."""
    levels = []
    try:
        for level, name, sentence in doctor.findings(current_app.config):
            levels.append(level)
            click.echo(f"{level:<8} {name}: {sentence}")
    finally:
        database = current_app.extensions["carnet.database"]
        if not database.is_closed():
            database.close()
    faults, warnings = levels.count(FAULT), levels.count(WARNING)
    click.echo(f"{len(levels)} looked at, {faults} faults, {warnings} warnings.")
    if faults:
        raise SystemExit(1)
