"""Moving a business to another engine."""

import time

import click

from webapp import moving
from webapp.db import utcnow
from webapp.domain.errors import DomainError

_SHOWN = ("_minor", "_milli", "debits", "credits")  # the sums worth reading; all are compared


@click.command("copy-database")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy_database(source: str, target: str) -> None:
    """Copy the business to an empty database, of the same or another engine. Stop Carnet first."""
    began, at = time.monotonic_ns(), utcnow()
    try:
        copied = moving.copy(source, target)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    taken = max(1, (time.monotonic_ns() - began) // 10**6)
    for table, number, sums in copied:
        figures = ", ".join(f"{name} {total:,}" for name, total in sums.items() if name.endswith(_SHOWN))
        click.echo(f"{table:<16} {number:>10,}   {figures}".rstrip())
    total = sum(one.rows for one in copied)
    click.echo(f"{total:,} rows in {taken // 1000}.{taken % 1000:03} s ({total * 1000 // taken:,} a second).")
    click.echo("Every row was read back and is alike, the sums of both sides agree, and the books are right.")
    click.echo(f"What was changed in {moving.without_password(source)} after {at:%H:%M:%S} UTC is not in the copy.")
    click.echo(f"Set DATABASE_URL to {moving.without_password(target)} and start Carnet.")
