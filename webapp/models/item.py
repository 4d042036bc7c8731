"""What is invoiced."""

from peewee import BigIntegerField, BooleanField, IntegerField, TextField

from webapp.db import BaseModel


class Item(BaseModel):
    """Something invoiced by unit. Without a standard rate it is sold in packages only.

    ``standard_rate_e4`` is in ten-thousandths of the currency unit, ``tax_percent_e4`` in ten-thousandths of a percent.
    """

    name = TextField(unique=True)
    sort_name = TextField()
    unit = TextField(default="each")
    standard_rate_e4 = BigIntegerField(null=True)
    tax_percent_e4 = BigIntegerField(default=0)
    category = TextField(default="Sales")
    active = BooleanField(default=True)
    version = IntegerField(default=0)
