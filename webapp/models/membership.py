"""A customer's copy of a package, its terms frozen on the day of adding."""

from peewee import BigIntegerField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.models.customer import Customer, Group
from webapp.models.item import Item
from webapp.models.package import Package
from webapp.models.user import User

NEVER = "9999-12-31"


class Membership(BaseModel):
    """``state`` is ``active`` or ``inactive``; then ``reason`` is completed, removed, expired or voided."""

    customer = ForeignKeyField(Customer, backref="memberships")
    customer_id: int
    customer_sort = TextField()
    package = ForeignKeyField(Package, backref="memberships")
    package_id: int
    package_name = TextField()
    group = ForeignKeyField(Group, null=True, backref="memberships")
    group_id: int | None
    start_on = DateField()
    end_on = DateField(null=True)
    end_sort = TextField(default=NEVER)
    state = TextField(default="active")
    reason = TextField(null=True)
    inactive_on = DateField(null=True)
    price_minor = BigIntegerField()
    note = TextField(default="")
    created_by = ForeignKeyField(User)
    created_by_id: int
    created_at = InstantField()
    version = IntegerField(default=0)

    @property
    def is_active(self) -> bool:
        return self.state == "active"

    @property
    def code(self) -> str:
        """The number people say: M-0058."""
        return f"M-{self.id:04d}"


class MembershipItem(BaseModel):
    """One item of a membership with what was drawn of it.

    Left is included − reserved − used and is not stored. ``drawn_minor`` and ``drawn_tax_minor`` are what live draws
    have taken of the amount and of its prepaid tax.
    """

    membership = ForeignKeyField(Membership, backref="items")
    membership_id: int
    item = ForeignKeyField(Item)
    item_id: int
    position = IntegerField(default=0)
    name = TextField()
    unit = TextField()
    included_milli = BigIntegerField()
    rate_e4 = BigIntegerField(null=True)
    amount_minor = BigIntegerField()
    tax_percent_e4 = BigIntegerField(default=0)
    tax_minor = BigIntegerField(default=0)
    reserved_milli = BigIntegerField(default=0)
    used_milli = BigIntegerField(default=0)
    drawn_minor = BigIntegerField(default=0)
    drawn_tax_minor = BigIntegerField(default=0)

    @property
    def left_milli(self) -> int:
        return self.included_milli - self.reserved_milli - self.used_milli
