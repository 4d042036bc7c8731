"""Who did what, and the one-time keys of forms that move money or units."""

from peewee import BigIntegerField, ForeignKeyField, TextField

from webapp.db import BaseModel, InstantField
from webapp.models.customer import Customer
from webapp.models.user import User


class Audit(BaseModel):
    """One act. ``detail`` is JSON with what it changed; no row is ever altered."""

    at = InstantField()
    user = ForeignKeyField(User, null=True)
    user_id: int | None
    actor = TextField()
    act = TextField()
    subject = TextField()
    subject_id = BigIntegerField()
    customer = ForeignKeyField(Customer, null=True)
    customer_id: int | None
    reason = TextField(default="")
    detail = TextField(default="{}")


class FormKey(BaseModel):
    """A one-time form key that was used: what was sent with it, and where that led."""

    form_key = TextField(primary_key=True)
    digest = TextField()
    result = TextField()
    created_at = InstantField()
