"""The index of invoices by service date, for the list of those of some days."""

from webapp.migrations import run


def up() -> None:
    """Add it; without it the whole book is read for one day."""
    run("CREATE INDEX invoice_service ON invoice (service_on, id)")
