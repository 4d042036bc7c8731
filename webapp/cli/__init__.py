"""Commands for the person who runs Carnet: ``flask --app wsgi …``."""

from flask import Flask

from webapp.cli.backups import backup, restore
from webapp.cli.books import check_ledger, export
from webapp.cli.business import create_user, demo, expire
from webapp.cli.copying import copy_database
from webapp.cli.doctor import examine
from webapp.cli.schema import migrate_command

COMMANDS = (
    migrate_command,
    create_user,
    demo,
    expire,
    check_ledger,
    export,
    backup,
    restore,
    examine,
    copy_database,
)


def init_app(app: Flask) -> None:
    """Make the commands known."""
    for command in COMMANDS:
        app.cli.add_command(command)
