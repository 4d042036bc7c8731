"""Proving the books, and handing them to another program."""

from typing import TextIO

import click

from webapp.cli.connection import connected
from webapp.db import snapshot
from webapp.domain import beancount, checks


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


@click.group("export")
def export() -> None:
    """Write what the business holds for another program."""


@export.command("journal")
@click.option("--format", "form", type=click.Choice(["beancount"]), default="beancount", help="What the file is for.")
@click.option(
    "--output", type=click.File("w", encoding="utf-8", atomic=True), default="-", help="Where to; else shown."
)
@connected
def export_journal(form: str, output: TextIO) -> None:  # noqa: ARG001  # there is one format so far
    """Write every journal of the books, and the balances that they lead to."""
    with snapshot():
        output.writelines(f"{line}\n" for line in beancount.lines())
