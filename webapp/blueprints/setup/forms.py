from typing import Any

from wtforms import RadioField
from wtforms.validators import Regexp

from webapp.business import BusinessFields, asked_language, currencies, currency_of, zone_of_this_computer
from webapp.domain.company import Owner, Profile
from webapp.forms import Form, LineField, SecretField, required

EMAIL = Regexp(r"[^@\s]+@[^@\s]+$", message="Type it like name@example.com.")


class SetupForm(BusinessFields, Form):
    """The first page of all: the business and its owner."""

    name = LineField("Your name", [required("Type your name.")])
    email = LineField("Email", [required("Type your email."), EMAIL], longest=254)
    password = SecretField("Password", [required("Choose a password.")])
    start = RadioField(
        "Start with",
        choices={
            "empty": "An empty business",
            "sample": "The sample business, with customers, packages and invoices to try things on",
        },
        default="empty",
    )

    def __init__(self, **kwargs: Any) -> None:
        language = asked_language()
        guessed = {"locale": language, "currency": currency_of(language), "timezone": zone_of_this_computer()}
        super().__init__(data=guessed, **kwargs)

    @property
    def wants_sample(self) -> bool:
        return bool(self.start.data == "sample")

    def profile(self) -> Profile:
        """The business as typed."""
        return Profile(
            name=self.company_name.text,
            currency=currencies()[self.currency.data],
            timezone=self.timezone.text,
            locale=self.locale.data,
            tax_inclusive=self.tax_style.data == "included",
        )

    def owner(self, password_hash: str) -> Owner:
        """Its owner."""
        return Owner(self.name.text, self.email.text, password_hash)
