"""The rows: what each table holds and what a row knows about itself."""

from webapp.models.audit import Audit, FormKey
from webapp.models.company import Company, PaymentMethod
from webapp.models.customer import Customer, Group, GroupMember, SearchWord
from webapp.models.invoice import DraftLine, Invoice, InvoiceLine, NumberSeries
from webapp.models.item import Item
from webapp.models.ledger import Account, Allocation, CreditNote, Journal, Payment, Transfer
from webapp.models.membership import Membership, MembershipItem
from webapp.models.package import Package, PackageItem
from webapp.models.user import Role, SignInAttempt, SignInSession, User

MODELS = (
    Company,
    Role,
    User,
    SignInSession,
    SignInAttempt,
    PaymentMethod,
    Customer,
    Group,
    GroupMember,
    SearchWord,
    Item,
    Package,
    PackageItem,
    Membership,
    MembershipItem,
    NumberSeries,
    Invoice,
    DraftLine,
    InvoiceLine,
    Audit,
    FormKey,
    Account,
    Journal,
    Transfer,
    Payment,
    Allocation,
    CreditNote,
)

__all__ = [
    "MODELS",
    "Account",
    "Allocation",
    "Audit",
    "Company",
    "CreditNote",
    "Customer",
    "DraftLine",
    "FormKey",
    "Group",
    "GroupMember",
    "Invoice",
    "InvoiceLine",
    "Item",
    "Journal",
    "Membership",
    "MembershipItem",
    "NumberSeries",
    "Package",
    "PackageItem",
    "Payment",
    "PaymentMethod",
    "Role",
    "SearchWord",
    "SignInAttempt",
    "SignInSession",
    "Transfer",
    "User",
]
