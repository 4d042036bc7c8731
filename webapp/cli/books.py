"""Proving the books."""

import click

from webapp.cli.connection import connected
from webapp.domain import checks


@click.command("check-ledger")
@connected
def check_ledger() -> None:
    """Prove every invariant of the books; print each fault by name and exit 1 when there is one."""
    faults = checks.faults()
    for fault in faults:
        click.echo(f"{fault.name}: {fault.sentence}")
    if faults:
        raise SystemExit(1)
    click.echo("The books are right.")
