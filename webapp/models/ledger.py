"""The books: accounts, journals that say what happened, transfers that move money. Written by `domain.ledger` only."""

from peewee import BigIntegerField, DateField, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.models.audit import Audit
from webapp.models.company import PaymentMethod
from webapp.models.customer import Customer
from webapp.models.invoice import Invoice, InvoiceLine
from webapp.models.membership import Membership


class Account(BaseModel):
    """One account of the chart; ``debits`` and ``credits`` are kept by a trigger on `Transfer`."""

    kind = TextField()
    ref = BigIntegerField(default=0)
    label = TextField(default="")
    side = TextField()
    floor_zero = IntegerField(default=0)
    debits = BigIntegerField(default=0)
    credits = BigIntegerField(default=0)

    @property
    def balance_minor(self) -> int:
        """The balance on the account's natural side."""
        return self.credits - self.debits if self.side == "C" else self.debits - self.credits

    @property
    def code(self) -> str:
        return f"{self.kind}:{self.label or self.ref}" if self.label or self.ref else self.kind


class Journal(BaseModel):
    """What happened, once: kind, source and part are unique together."""

    kind = TextField()
    source = TextField()
    source_id = BigIntegerField()
    part = IntegerField(default=0)
    invoice = ForeignKeyField(Invoice, null=True, backref="journals")
    invoice_id: int | None
    membership = ForeignKeyField(Membership, null=True, backref="journals")
    membership_id: int | None
    audit = ForeignKeyField(Audit, backref="journals")
    audit_id: int
    posted_on = DateField()
    recorded_at = InstantField()
    mirrors = ForeignKeyField("self", null=True, unique=True)
    mirrors_id: int | None


class Transfer(BaseModel):
    """Money from one account to another; the amount is never zero."""

    journal = ForeignKeyField(Journal, backref="transfers")
    journal_id: int
    line = IntegerField()
    debit = ForeignKeyField(Account)
    debit_id: int
    credit = ForeignKeyField(Account)
    credit_id: int
    amount_minor = BigIntegerField()


class Payment(BaseModel):
    """Money taken by one method in one act, for one invoice or kept on account."""

    audit = ForeignKeyField(Audit)
    audit_id: int
    journal = ForeignKeyField(Journal, unique=True)
    journal_id: int
    customer = ForeignKeyField(Customer, backref="payments")
    customer_id: int
    invoice = ForeignKeyField(Invoice, null=True, backref="payments")
    invoice_id: int | None
    method = ForeignKeyField(PaymentMethod)
    method_id: int
    amount_minor = BigIntegerField()
    received_on = DateField()


class Allocation(BaseModel):
    """How much of a journal filled which line, and from where: a method, package funds or general funds.

    Below zero it is money that a credit took off the line again.
    """

    journal = ForeignKeyField(Journal, backref="allocations")
    journal_id: int
    line = ForeignKeyField(InvoiceLine, backref="allocations")
    line_id: int
    amount_minor = BigIntegerField()
    source = TextField()


class CreditNote(BaseModel):
    """A numbered note of money given back: for a credited invoice line, or for unused package value."""

    series = TextField()
    number = BigIntegerField()
    kind = TextField()
    customer = ForeignKeyField(Customer, backref="credit_notes")
    customer_id: int
    customer_name = TextField()
    invoice = ForeignKeyField(Invoice, null=True, backref="credit_notes")
    invoice_id: int | None
    membership = ForeignKeyField(Membership, null=True, backref="credit_notes")
    membership_id: int | None
    amount_minor = BigIntegerField()
    issued_on = DateField()
    reason = TextField(default="")
    detail = TextField(default="{}")
    audit = ForeignKeyField(Audit)
    audit_id: int

    @property
    def code(self) -> str:
        return f"{self.series}-{self.number:04d}"
