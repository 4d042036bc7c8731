"""Customers, groups of them, and the words they are found by."""

from peewee import BigIntegerField, BooleanField, CompositeKey, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.known import known
from webapp.models.user import Role
from webapp.permissions import Permission


class Customer(BaseModel):
    """Somebody who buys. Always has a customer role."""

    name = TextField()
    sort_name = TextField()
    email = TextField(default="")
    phone = TextField(default="")
    address = TextField(default="")
    note = TextField(default="")
    role = ForeignKeyField(Role, backref="customers")
    role_id: int
    credit_limit_minor = BigIntegerField(null=True)
    tax_exempt = BooleanField(default=False)
    merged_into = ForeignKeyField("self", null=True, backref="merged")
    merged_into_id: int | None
    active = BooleanField(default=True)
    created_at = InstantField()
    version = IntegerField(default=0)

    def may(self, permission: Permission) -> bool:
        """Whether the customer's role holds the permission."""
        return permission in known(("role", self.role_id), lambda: self.role).permissions


class Group(BaseModel):
    """A named set of customers, with an optional owner who pays."""

    name = TextField(unique=True)
    sort_name = TextField()
    active = BooleanField(default=True)
    owner = ForeignKeyField(Customer, null=True, backref="owned_groups")
    owner_id: int | None
    note = TextField(default="")
    created_at = InstantField()
    version = IntegerField(default=0)

    class Meta:
        table_name = "customer_group"


class GroupMember(BaseModel):
    """A customer's place in a group."""

    group = ForeignKeyField(Group, backref="members")
    group_id: int
    customer = ForeignKeyField(Customer, backref="group_places")
    customer_id: int

    class Meta:
        primary_key = CompositeKey("group", "customer")


class SearchWord(BaseModel):
    """One folded word by which a record of some kind is found."""

    kind = TextField()
    word = TextField()
    ref = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("kind", "word", "ref")
