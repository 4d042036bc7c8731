"""Who may do what, as data: the permissions by the names on the screen, and the roles a new business starts with."""

from enum import StrEnum
from typing import NamedTuple


class Permission(StrEnum):
    """A permission; its value is the phrase that people read (spec section 2)."""

    ACCESS_BILLING_TAB = "Access Billing Tab"
    ADD_INVOICE = "Add Invoice"
    MANAGE_INVOICES = "Manage Invoices"
    MANAGE_CUSTOMERS = "Manage Customers"
    MANAGE_CATALOGUE = "Manage Catalogue"
    ADJUST_BALANCES = "Adjust Balances"
    VIEW_REPORTS = "View Reports"
    MANAGE_USERS = "Manage Users"
    MANAGE_SETTINGS = "Manage Settings"

    MAKE_PURCHASES_ON_ACCOUNT = "Make Purchases on Account"
    VIEW_OWN_BALANCE = "View Own Balance"
    VIEW_PACKAGE_FUNDS = "View Package Funds"


CUSTOMER_PERMISSIONS = (
    Permission.MAKE_PURCHASES_ON_ACCOUNT,
    Permission.VIEW_OWN_BALANCE,
    Permission.VIEW_PACKAGE_FUNDS,
)
STAFF_PERMISSIONS = tuple(p for p in Permission if p not in CUSTOMER_PERMISSIONS)

SEES_RECORDS = (Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS, Permission.MANAGE_CATALOGUE)
"""Any one of these lets a person look at customers, groups and the catalogue."""


class DefaultRole(NamedTuple):
    """A role as a new business gets it; `side` is ``staff`` or ``customer``."""

    name: str
    side: str
    permissions: tuple[Permission, ...]


DEFAULT_ROLES = (
    DefaultRole("Owner", "staff", STAFF_PERMISSIONS),
    DefaultRole(
        "Manager",
        "staff",
        tuple(p for p in STAFF_PERMISSIONS if p not in (Permission.MANAGE_USERS, Permission.MANAGE_SETTINGS)),
    ),
    DefaultRole(
        "Front Desk",
        "staff",
        (Permission.ACCESS_BILLING_TAB, Permission.ADD_INVOICE, Permission.MANAGE_CUSTOMERS),
    ),
    DefaultRole("Bookkeeper", "staff", (Permission.ACCESS_BILLING_TAB, Permission.VIEW_REPORTS)),
    DefaultRole("Customer", "customer", CUSTOMER_PERMISSIONS),
    DefaultRole("Cash Only", "customer", ()),
)
