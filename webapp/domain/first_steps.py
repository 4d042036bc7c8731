"""What a business still has to do before it can sell its first package."""

from typing import NamedTuple

from webapp.db import rows


class Steps(NamedTuple):
    """What there is already, in the order in which it is made."""

    items: bool
    packages: bool
    customers: bool
    invoices: bool

    @property
    def is_begun(self) -> bool:
        """Whether the last of them was taken: then nobody needs to be led."""
        return self.invoices


def steps() -> Steps:
    """Whether there is an item, a package, a customer and an invoice."""
    tables = ("item", "package", "customer", "invoice")
    found = rows("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables))  # noqa: S608  # own names
    return Steps(*(bool(one) for one in found[0]))
