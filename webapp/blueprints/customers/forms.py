from typing import Any

from wtforms import BooleanField, SelectField
from wtforms.validators import Optional, Regexp

from webapp.domain.customers import customer_roles, offered_customers
from webapp.editing import EditForm
from webapp.forms import LineField, MoneyField, NoteField, required
from webapp.models import Customer, Role
from webapp.picking import Found, PickField
from webapp.stating import StatingForm


def _role_id(value: Any) -> int:
    return int(value.id if isinstance(value, Role) else value)


class CustomerForm(EditForm):
    """What is kept of a customer. The terms of the account are for those who may adjust balances; else they stay."""

    name = LineField("Name", [required("Type a name.")])
    email = LineField("Email", [Optional(), Regexp(r"[^@\s]+@[^@\s]+$", message="Type it like name@example.com.")])
    phone = LineField("Phone", longest=60)
    address = NoteField("Address", longest=500)
    role = SelectField("Customer role", coerce=_role_id)
    note = NoteField("Note")
    credit_limit_minor = MoneyField("Credit limit")
    tax_exempt = BooleanField("Tax exempt")
    active = BooleanField("Active", default=True)

    def __init__(self, customer: Customer | None = None, *, sets_terms: bool) -> None:
        self.roles = {role.id: role for role in customer_roles()}
        super().__init__(customer)
        self.role.choices = {role.id: role.name for role in self.roles.values()}
        kept = customer or Customer()
        self.terms = {"credit_limit_minor": kept.credit_limit_minor, "tax_exempt": kept.tax_exempt}
        if not sets_terms:
            del self.credit_limit_minor, self.tax_exempt

    def facts(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        texts = {name: self[name].data or "" for name in ("name", "email", "phone", "address", "note")}
        terms = {name: self[name].data if name in self else kept for name, kept in self.terms.items()}
        return {**texts, "role": self.roles[self.role.data], **terms, "active": self.active.data}


class MergeForm(StatingForm):
    """Into which customer another one is merged."""

    into = PickField(
        "Into",
        [required("Choose the customer who stays.")],
        find=lambda number: Customer.get_or_none((Customer.id == number) & Customer.active),
        search=lambda typed: [Found(str(it.id), it.name, it.hint) for it in offered_customers(typed)],
        options="customers.options",
    )
