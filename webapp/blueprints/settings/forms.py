from collections.abc import Iterable
from typing import Any

from wtforms import HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import NumberRange, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.business import BusinessFields, currencies, language, language_choices
from webapp.domain.company import FORFEIT, RETURN, Currency, Profile
from webapp.domain.errors import DomainError
from webapp.domain.payment_methods import KINDS
from webapp.domain.roles import SIDES
from webapp.domain.staff import lacks
from webapp.editing import EditForm
from webapp.forms import Form, LineField, MoneyField, NoteField, SecretField, required
from webapp.models import Company, PaymentMethod, Role, User
from webapp.permissions import Permission

EMAIL = Regexp(r"[^@\s]+@[^@\s]+$", message="Type it like name@example.com.")


EXPIRY_POLICIES = {
    RETURN: "Return to account: package funds go to the customer's general funds",
    FORFEIT: "Forfeit: package funds are kept by the business, and pay late invoices of days before the end first",
}


class CompanyForm(BusinessFields, EditForm):
    """The business. Without `currency` and `tax_style` once they are fixed."""

    address = NoteField("Address", longest=500)
    due_days = IntegerField(
        "Days to pay", [required("Type a number of days."), NumberRange(0, 365, "Type between 0 and 365 days.")]
    )
    credit_limit_minor = MoneyField("Credit limit", [required("Type an amount, 0 for none.")])
    expiry_policy = RadioField("When a package expires", choices=EXPIRY_POLICIES)

    def __init__(self, company: Company, *, fixed: bool) -> None:
        tax_style = "included" if company.tax_inclusive else "without"
        super().__init__(company, data={"company_name": company.name, "tax_style": tax_style})
        self.company = company
        self.locale.choices = language_choices() | {company.locale: language(company.locale)}
        self.came_too_late = fixed and any(
            f.raw_data and f.data != f.object_data for f in (self.currency, self.tax_style)
        )
        if fixed:
            del self.currency, self.tax_style

    def profile(self) -> Profile:
        """The business as typed; what cannot change stays. Raises `DomainError` if that was typed otherwise."""
        if self.came_too_late:
            raise DomainError(
                "Currency and tax style are fixed since the first package or invoice was sold."
                " Nothing was saved yet; save again to keep the rest."
            )
        company = self.company
        currency, inclusive = Currency(company.currency, company.decimals), company.tax_inclusive
        if "currency" in self and self.currency.data != company.currency:
            currency = currencies()[self.currency.data]
        if "tax_style" in self:
            inclusive = self.tax_style.data == "included"
        return Profile(
            name=self.company_name.text,
            currency=currency,
            timezone=self.timezone.text,
            locale=self.locale.data,
            tax_inclusive=inclusive,
            due_days=self.due_days.data or 0,
            credit_limit_minor=self.credit_limit_minor.data,
            expiry_policy=self.expiry_policy.data,
            address=self.address.data or "",
        )


class MethodForm(EditForm):
    """A way to pay. Its kind is asked for once."""

    name = LineField("Name", [required("Type a name.")], longest=40)
    kind = SelectField("Kind", choices=KINDS)

    def __init__(self, method: PaymentMethod | None = None) -> None:
        super().__init__(method)
        if method:
            del self.kind


class SwitchForm(Form):
    """A confirmation that something is on, or off, from now."""

    on = HiddenField()

    @property
    def wants_on(self) -> bool:
        return bool(self.on.data == "1")


def _role_id(value: Any) -> str:
    return str(value.id if isinstance(value, Role) else value or "")


class UserForm(EditForm):
    """A member of staff. The password is asked for once; later it has a screen of its own."""

    name = LineField("Name", [required("Type a name.")])
    email = LineField("Email", [required("Type an email."), EMAIL], longest=254)
    role = SelectField("Role", [required("Choose a role.")], coerce=_role_id)
    password = SecretField("Password", [required("Choose a password.")])

    def __init__(self, user: User | None, *, roles: Iterable[Role], by: User) -> None:
        super().__init__(user)
        mine = user.role.id if user else None
        self.roles = {str(role.id): role for role in roles if role.id == mine or not lacks(by, role)}
        self.role.choices = {key: role.name for key, role in self.roles.items()}
        if user:
            del self.password
        else:
            self.role.choices = {"": "Choose a role"} | self.role.choices

    @property
    def chosen_role(self) -> Role:
        return self.roles[self.role.data]


class PasswordForm(Form):
    """A new password for somebody else."""

    password = SecretField("New password", [required("Type a new password.")])


class RoleForm(EditForm):
    """A role. Offers the permissions of its side that the person editing has; those they lack stay as they are."""

    name = LineField("Name", [required("Type a name.")], longest=60)
    permissions = SelectMultipleField(
        "What it may do", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def __init__(self, role: Role | None, *, side: str, by: User) -> None:
        super().__init__(role)
        offered = [p for p in SIDES[side] if side == "customer" or by.may(p)]
        self.permissions.choices = {p.value: p.value for p in offered}
        self.kept = frozenset(role.permissions if role else ()) - frozenset(offered)

    @property
    def held(self) -> frozenset[Permission]:
        return frozenset(Permission(phrase) for phrase in self.permissions.data or ()) | self.kept
