"""The forms of the acts on one membership. Each carries the version of it, and a sign of the figures it stated."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import request
from wtforms import BooleanField, Field, HiddenField, RadioField
from wtforms.validators import Length

from webapp.domain.customers import offered_customers
from webapp.domain.errors import Changed, DomainError
from webapp.domain.pay_outs import PayOut
from webapp.domain.refunds import AT_STANDARD, KEEP
from webapp.domain.reinstating import new_last_day
from webapp.domain.using import Taking
from webapp.domain.using import field_of as quantity_field
from webapp.forms import DayField, LineField, MoneyField, OnceForm, QuantityField, required
from webapp.models import Customer, Membership, MembershipItem, PaymentMethod
from webapp.picking import Found, PickField
from webapp.presentation import quantity_text, today, unit_text

STALE = "What this does changed since it was shown. Look at it again; nothing was done yet."
INTO, OUT = "into", "out"


def _reason(sentence: str) -> LineField:
    return LineField("Reason", [required(sentence)], longest=500)


class ActForm(OnceForm):
    """What every act on a membership carries along. It may also be sent to see what it would do."""

    version: Any = HiddenField(validators=[Length(max=20)])
    shown: Any = HiddenField(validators=[Length(max=64)])

    def is_confirmed(self) -> bool:
        """Whether it was sent to be done, and is filled in well."""
        return bool(self.validate_on_submit()) and "show" not in request.form

    def confirm(self, now: Membership, sign: str) -> None:
        """Raise `Changed` when the membership, or what the act would do, is not as it was shown."""
        if self.version.data != str(now.version):
            raise Changed(f"{now.package_name} was changed by somebody else meanwhile. Look again.")
        if self.shown.data != sign:
            raise Changed(STALE)


class UseForm(ActForm):
    """How much of each item was used, and when. A quantity for each item is added by `use_form`."""

    service_on = DayField("Service date", [required("Choose the service date.")], default=today)
    items: Sequence[MembershipItem]

    @property
    def takings(self) -> list[Taking]:
        """What was typed beside the items; nothing and 0 take nothing."""
        typed = [(each.item, self.quantity_of(each).data) for each in self.items]
        return [Taking(item, milli) for item, milli in typed if milli]

    def quantity_of(self, item: MembershipItem) -> QuantityField:
        """The field of an item."""
        field: QuantityField = self[quantity_field(item.item_id)]
        return field

    def validate(self, extra_validators: Any = None) -> bool:
        good: bool = super().validate(extra_validators)
        fields = [self.quantity_of(each) for each in self.items]
        if fields and not self.takings and not any(field.errors for field in fields):
            zero = any(field.data == 0 for field in fields)
            fields[0].errors = ["The quantity must be above 0." if zero else "Type how much was used."]
            return False
        return good


def use_form(items: Sequence[MembershipItem]) -> UseForm:
    """The form with a quantity for each item. The only one is there already: one of it, or what is left of one."""
    only = min(1000, items[0].left_milli) if len(items) == 1 else None
    fields: dict[str, Field] = {
        quantity_field(each.item_id): QuantityField(f"Quantity of {each.name}", default=only) for each in items
    }
    form: UseForm = type("UseForm", (UseForm,), fields)()
    form.items = items
    return form


def left_of(item: MembershipItem) -> str:
    """How much is left of an item, with its unit where that is short."""
    short = unit_text(item.unit)
    return f"{quantity_text(item.left_milli, item.unit)} {short if len(short) < 4 else ''}".strip()


class ExtensionForm(ActForm):
    """The new last day, or that it never ends."""

    end_on = DayField("New last day")
    never = BooleanField("Never ends")
    reason = _reason("Say why the last day is moved.")

    @property
    def last_day(self) -> date | None:
        """What is asked for; none when it never ends or nothing was typed."""
        return None if self.never.data else self.end_on.data

    def validate(self, extra_validators: Any = None) -> bool:
        good: bool = super().validate(extra_validators)
        if not self.never.data and self.end_on.data is None and not self.end_on.errors:
            self.end_on.errors = ["Choose the new last day, or tick “Never ends”."]
            return False
        return good


class StartForm(ActForm):
    """The first day as it should have been."""

    start_on = DayField("Start date", [required("Choose the start date.")])
    reason = _reason("Say why the start date is corrected.")


class ReinstatementForm(ActForm):
    """Why a membership comes back, and until when."""

    end_on = DayField("New last day")
    reason = _reason("Say why it is brought back.")

    def __init__(self, membership: Membership) -> None:
        super().__init__()
        self.membership = membership

    def validate(self, extra_validators: Any = None) -> bool:
        """With another mistake in it, a last day that is past is told at once too."""
        good: bool = super().validate(extra_validators)
        if not good and not self.end_on.errors:
            try:
                new_last_day(self.membership, self.end_on.data, today())
            except DomainError as error:
                self.refuse(error)
        return good


class MoveForm(ActForm):
    """How much goes which way between general funds and package funds."""

    direction = RadioField("Direction", [required("Choose where the money goes.")])
    amount = MoneyField("Amount", [required("Type the amount.")])

    def __init__(self, package: str, ways: Sequence[str]) -> None:
        super().__init__()
        words = {INTO: f"From general funds into {package}", OUT: f"From {package} back to general funds"}
        self.direction.choices = {way: words[way] for way in ways}
        if not self.is_submitted():
            self.direction.data = next(iter(ways), None)


class TransferForm(ActForm):
    """Who gets what is left: anybody but who has it."""

    to = PickField(
        "To customer",
        [required("Choose the customer who gets it.")],
        find=lambda number: Customer.get_or_none(Customer.id == number),
        search=lambda _: (),
        options="memberships.receivers",
    )
    reason = _reason("Say why it is handed over.")

    def __init__(self, giver_id: int) -> None:
        self._giver_id = giver_id
        super().__init__()

    def process(self, *args: Any, **kwargs: Any) -> None:
        """The search depends on who has it, so it is put in before what was sent is read."""
        self.to.search = self._receivers
        super().process(*args, **kwargs)

    def _receivers(self, typed: str) -> list[Found]:
        return [Found(str(it.id), it.name, it.hint) for it in offered_customers(typed, but=self._giver_id)]


class RefundForm(ActForm):
    """How used units count, a fee, and what goes back by which method. An amount for each method is added by
    `refund_form`; `refunded` is the refund in minor units that was stated when the amounts were shown."""

    policy = RadioField(
        "Used units count",
        [required("Choose how used units count.")],
        choices={KEEP: "Keep the package rate", AT_STANDARD: "Charge the standard rate"},
        default=KEEP,
    )
    fee = MoneyField("Fee")
    refunded: Any = HiddenField(validators=[Length(max=20)])
    reason = _reason("Say why it is refunded.")
    methods: Sequence[PaymentMethod]

    def pay_outs(self) -> list[PayOut]:
        """What was typed beside the methods."""
        return [PayOut(method, self[field_of(method)].data) for method in self.methods if self[field_of(method)].data]

    def fill(self, outs: Sequence[PayOut]) -> None:
        """Put amounts beside the methods as if they had been typed."""
        amounts = {out.method.id: out.amount_minor for out in outs}
        for method in self.methods:
            field = self[field_of(method)]
            field.raw_data, field.data, field.errors = None, amounts.get(method.id), ()

    @property
    def stated_minor(self) -> int | None:
        """The refund that was stated when the amounts were shown."""
        text = self.refunded.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def field_of(method: PaymentMethod) -> str:
    """The name of a method's field, as a refusal has it."""
    return f"method-{method.id}"


def refund_form(methods: Sequence[PaymentMethod]) -> RefundForm:
    """The form with a field for each method that money came by."""
    fields: dict[str, Field] = {field_of(method): MoneyField(method.name) for method in methods}
    form: RefundForm = type("RefundForm", (RefundForm,), fields)()
    form.methods = methods
    return form
