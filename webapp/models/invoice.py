"""Invoices: what was typed while a draft, and what was issued."""

from peewee import BigIntegerField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.models.customer import Customer
from webapp.models.item import Item
from webapp.models.membership import Membership, MembershipItem
from webapp.models.package import Package
from webapp.models.user import User


class NumberSeries(BaseModel):
    """The counter of a year's invoice numbers; taken in the transaction that issues, so there is no gap."""

    series = TextField(primary_key=True)
    next_number = BigIntegerField()


class Invoice(BaseModel):
    """``status`` is draft, open, paid or void. Totals and due are 0 while it is a draft.

    ``shown_digest`` and ``shown_minor`` are the quote and its total that a draft was last kept with, so that opening it
    later can tell what changed.
    """

    customer = ForeignKeyField(Customer, backref="invoices")
    customer_id: int
    customer_name = TextField()
    customer_sort = TextField()
    status = TextField(default="draft")
    kind = TextField(default="sale")
    series = TextField(null=True)
    number = BigIntegerField(null=True)
    service_on = DateField()
    due_on = DateField()
    issued_on = DateField(null=True)
    note = TextField(default="")
    net_minor = BigIntegerField(default=0)
    tax_minor = BigIntegerField(default=0)
    total_minor = BigIntegerField(default=0)
    due_minor = BigIntegerField(default=0)
    shown_digest = TextField(default="")
    shown_minor = BigIntegerField(default=0)
    created_by = ForeignKeyField(User)
    created_by_id: int
    created_at = InstantField()
    changed_at = InstantField()
    version = IntegerField(default=0)

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"

    @property
    def code(self) -> str:
        """The number people say, 2026-0409; a draft has none."""
        return "Draft" if self.number is None else invoice_code(self.series or "", self.number)


def invoice_code(series: str, number: int) -> str:
    """An invoice number as printed."""
    return f"{series}-{number:04d}"


class DraftLine(BaseModel):
    """A line as typed. ``source`` says how its rate is found: auto, standard, membership (then which) or typed."""

    invoice = ForeignKeyField(Invoice, backref="draft_lines")
    invoice_id: int
    position = IntegerField()
    kind = TextField(default="item")
    item = ForeignKeyField(Item, null=True)
    item_id: int | None
    package = ForeignKeyField(Package, null=True)
    package_id: int | None
    quantity_milli = BigIntegerField(null=True)
    amount_minor = BigIntegerField(null=True)
    source = TextField(default="auto")
    membership = ForeignKeyField(Membership, null=True)
    membership_id: int | None
    rate_e4 = BigIntegerField(null=True)
    rate_reason = TextField(default="")
    discount_minor = BigIntegerField(null=True)
    discount_percent_e4 = BigIntegerField(null=True)


class InvoiceLine(BaseModel):
    """A line as issued. Only what was paid, cancelled or credited of it ever changes.

    ``source`` is standard, typed, draw (at a membership's package rate), sale (of a package) or deposit.
    """

    invoice = ForeignKeyField(Invoice, backref="lines")
    invoice_id: int
    position = IntegerField()
    part = IntegerField(default=0)
    kind = TextField()
    source = TextField()
    item = ForeignKeyField(Item, null=True)
    item_id: int | None
    package = ForeignKeyField(Package, null=True)
    package_id: int | None
    membership = ForeignKeyField(Membership, null=True, backref="lines")
    membership_id: int | None
    membership_item = ForeignKeyField(MembershipItem, null=True, backref="draws")
    membership_item_id: int | None
    description = TextField()
    unit = TextField(default="")
    quantity_milli = BigIntegerField(default=1000)
    rate_e4 = BigIntegerField(null=True)
    standard_rate_e4 = BigIntegerField(null=True)
    reason = TextField(default="")
    leaves_milli = BigIntegerField(null=True)
    category = TextField(default="")
    tax_percent_e4 = BigIntegerField(default=0)
    discount_minor = BigIntegerField(default=0)
    net_minor = BigIntegerField()
    tax_minor = BigIntegerField(default=0)
    total_minor = BigIntegerField()
    paid_minor = BigIntegerField(default=0)
    cancelled_minor = BigIntegerField(default=0)
    credited_net_minor = BigIntegerField(default=0)
    credited_tax_minor = BigIntegerField(default=0)
    credited_milli = BigIntegerField(default=0)

    @property
    def kept_minor(self) -> int:
        """What the line still charges: its total without what was credited."""
        return self.total_minor - self.credited_net_minor - self.credited_tax_minor

    @property
    def due_minor(self) -> int:
        return self.kept_minor - self.paid_minor - self.cancelled_minor
