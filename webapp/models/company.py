"""The business itself and the ways it takes money."""

import functools
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from peewee import BigIntegerField, BooleanField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.known import known
from webapp.money import format_money
from webapp.quantity import format_quantity

ANYBODYS_ENGLISH = "en"


class Company(BaseModel):
    """The one business in this database (row 1)."""

    id = BigIntegerField(primary_key=True, default=1)
    name = TextField()
    currency = TextField()
    decimals = IntegerField()
    timezone = TextField()
    locale = TextField(default="en")
    tax_inclusive = BooleanField(default=False)
    due_days = IntegerField(default=14)
    credit_limit_minor = BigIntegerField(default=0)
    expiry_policy = TextField(default="return")
    address = TextField(default="")
    created_at = InstantField()
    version = IntegerField(default=0)

    @classmethod
    def current(cls) -> "Company | None":
        """The company, or None before it was set up."""
        return cls.get_or_none(cls.id == 1)

    @classmethod
    def of_act(cls) -> "Company":
        """The company as the act at hand found it."""
        return known("company", lambda: cls.get_by_id(1))

    def day_of(self, moment: datetime) -> date:
        """The business day of a moment: the calendar day in the company's own time zone."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def amount(self, minor: int) -> str:
        """An amount as it stands in a sentence: 3,900.00."""
        locale = Locale.parse(self.locale)
        group, point = numbers.get_group_symbol(locale), numbers.get_decimal_symbol(locale)
        return format_money(minor, self.decimals, group=group, point=point)

    def quantity(self, milli: int) -> str:
        """A quantity as it stands in a sentence: 1.5, or 10."""
        return format_quantity(milli, point=numbers.get_decimal_symbol(Locale.parse(self.locale)))

    def day(self, day: date) -> str:
        """A day as it stands in a sentence: 22 Nov 2026."""
        return day_in(day, self.locale)


@functools.lru_cache(maxsize=2048)
def day_in(day: date, locale: str) -> str:
    """A day as people of that language and country write it: 22 Nov 2026, or Nov 22, 2026 in the United States. English
    of no country is the first. Kept, since Babel takes long over it and a page of a list asks often."""
    if locale == ANYBODYS_ENGLISH:
        return dates.format_date(day, "d MMM y", locale=locale)
    return str(dates.format_skeleton("yMMMd", day, locale=locale))


class PaymentMethod(BaseModel):
    """A way to pay. ``account`` is the customer's own money held by the business; all others bring money in."""

    name = TextField(unique=True)
    kind = TextField()
    active = BooleanField(default=True)
    position = IntegerField(default=0)
    version = IntegerField(default=0)

    ACCOUNT = "account"

    @property
    def is_account(self) -> bool:
        return self.kind == self.ACCOUNT

    @classmethod
    def account_is_active(cls) -> bool:
        """Whether packages can be sold and Account taken in payment (spec section 3)."""
        return known("account is active", lambda: bool(cls.fetch("kind = ? AND active", (cls.ACCOUNT,))))
