"""Packages as they are offered; what a customer holds of one is a membership."""

import calendar
from datetime import date, timedelta

from peewee import BigIntegerField, BooleanField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel
from webapp.models.item import Item


class Package(BaseModel):
    """A definition for sale: valid for ever (``none``), until `last_day` (``date``), or for ``days`` or ``months``."""

    name = TextField(unique=True)
    sort_name = TextField()
    active = BooleanField(default=True)
    validity = TextField(default="none")
    validity_count = IntegerField(null=True)
    last_day = DateField(null=True)
    note = TextField(default="")
    version = IntegerField(default=0)

    def last_day_from(self, start: date) -> date | None:
        """The last day, inclusive, of a membership that starts then (spec section 4); None when it never ends."""
        if self.validity == "date":
            return self.last_day
        if self.validity == "days":
            return start + timedelta(days=self.validity_count or 0)
        if self.validity == "months":
            return months_after(start, self.validity_count or 0)
        return None


class PackageItem(BaseModel):
    """One item of a package: how much is included and what that amount costs altogether."""

    package = ForeignKeyField(Package, backref="items")
    package_id: int
    item = ForeignKeyField(Item, backref="package_items")
    item_id: int
    position = IntegerField(default=0)
    included_milli = BigIntegerField()
    rate_e4 = BigIntegerField(null=True)
    amount_minor = BigIntegerField()


def months_after(start: date, months: int) -> date:
    """The same day of a later month, or that month's last day.

    >>> months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
