"""Records that journeys begin with, findable by typing as if somebody had made them on the screens."""

from webapp.domain import customers, packages, search
from webapp.models import Customer, Item, Package, Role


def keep(name: str, role: str = "Customer", *, active: bool = True) -> Customer:
    """A customer."""
    return customers.create_customer(name=name, role=Role.get(Role.name == role), active=active, by=None)


def findable(package: Package) -> Package:
    """The package and its items."""
    search.index("package", package.id, package.name)
    for line in packages.lines_of(package):
        item: Item = line.item
        search.index("item", item.id, item.name)
    return package
