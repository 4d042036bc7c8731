"""The business itself: set up once, by its first owner, and edited later."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import peewee

from webapp import money
from webapp.db import rows, transactional, utcnow
from webapp.domain import audit, demo
from webapp.domain.edits import write
from webapp.domain.errors import DomainError
from webapp.domain.names import given
from webapp.domain.rows import unchanged
from webapp.domain.staff import plain_email
from webapp.models import Company, PaymentMethod, Role, User
from webapp.permissions import DEFAULT_ROLES

RETURN, FORFEIT = "return", "forfeit"
"""What becomes of package funds when a membership expires: back to general funds, or kept by the business."""

METHODS = (
    ("Cash", "cash"),
    ("Card", "card"),
    ("Check", "check"),
    ("Bank transfer", "transfer"),
    ("Account", PaymentMethod.ACCOUNT),
)

_MONEY_MOVED = """SELECT EXISTS (SELECT 1 FROM invoice WHERE status <> 'draft')
    OR EXISTS (SELECT 1 FROM membership) OR EXISTS (SELECT 1 FROM journal)"""
_AMOUNTS_TYPED = "SELECT EXISTS (SELECT 1 FROM package_item) OR EXISTS (SELECT 1 FROM draft_line)"


class AlreadySetUp(DomainError):
    """Somebody set the business up a moment earlier."""


class Currency(NamedTuple):
    """A currency of ISO 4217 with its own number of decimals."""

    code: str
    decimals: int


class Owner(NamedTuple):
    """The first owner, who may do everything."""

    name: str
    email: str
    password_hash: str


@dataclass(frozen=True)
class Profile:
    """What is known of the business."""

    name: str
    currency: Currency
    timezone: str
    locale: str
    tax_inclusive: bool
    due_days: int = 14
    credit_limit_minor: int = 0
    expiry_policy: str = RETURN
    address: str = ""


def set_up(profile: Profile, owner: Owner, *, sample: bool = False) -> User:
    """Make the business with its roles, its ways to pay and its owner; with `sample` also fill it with examples.

    All or nothing. Raises `AlreadySetUp` for whoever comes second.
    """
    try:
        return _set_up(profile, owner, sample)
    except peewee.IntegrityError as error:
        if Company.current() is None:
            raise
        raise AlreadySetUp("Somebody has set this business up already.") from error


@transactional
def _set_up(profile: Profile, owner: Owner, sample: bool) -> User:
    values = _new_values(profile, profile.currency.decimals)
    company = Company.create(**values, decimals=profile.currency.decimals, created_at=utcnow())
    roles = {role.name: Role.create(**role._asdict()) for role in DEFAULT_ROLES}
    for position, (name, kind) in enumerate(METHODS):
        PaymentMethod.create(name=name, kind=kind, position=position)
    user = User.create(
        email=plain_email(owner.email),
        name=given(owner.name),
        password_hash=owner.password_hash,
        role=roles[Role.OWNER],
        created_at=utcnow(),
    )
    user = User.get_by_id(user.id)  # as everybody else will meet it
    audit.record("business set up", "company", company.id, by=user, currency=company.currency)
    if sample:
        demo.fill(owner=user, on=company.day_of(utcnow()))
    return user


@transactional
def edit_company(profile: Profile, *, version: int, by: User) -> Company:
    """Change what is known of the business. Currency and tax style stay once money was asked for in them."""
    company = Company.get_by_id(1)
    before, after = _values(company), _new_values(profile, company.decimals)
    now, typed = _said(company, before), _said(company, after)
    unchanged(company, version, {what: (now[what], typed[what]) for what in now})
    changed = audit.changes(before, after)
    if changed.keys() & {"currency", "tax_inclusive"} and is_fixed():
        field = "currency" if "currency" in changed else "tax_inclusive"
        raise DomainError("Fixed since the first package or invoice was sold: what was billed would change.", field)
    if profile.currency.decimals != company.decimals:
        _check_decimals(company, profile.currency)
    write(company, **after, decimals=profile.currency.decimals)
    audit.record("company edited", "company", company.id, by=by, changes=changed)
    return Company.get_by_id(company.id)


def is_fixed() -> bool:
    """Whether currency and tax style can no longer change."""
    return bool(rows(_MONEY_MOVED)[0][0])


def _said(company: Company, values: dict[str, Any]) -> dict[str, Any]:
    """The values by the names that people read, as they read them."""
    return {
        "name": values["name"],
        "address": values["address"],
        "currency": values["currency"],
        "time zone": values["timezone"],
        "language": values["locale"],
        "tax style": "prices include tax" if values["tax_inclusive"] else "prices without tax",
        "days to pay": values["due_days"],
        "credit limit": company.amount(values["credit_limit_minor"]),
        "expiry policy": "forfeit" if values["expiry_policy"] == FORFEIT else "return to account",
    }


def _values(company: Company) -> dict[str, Any]:
    names = tuple(Profile.__dataclass_fields__)
    return {name: getattr(company, name) for name in names}


def _new_values(profile: Profile, decimals: int) -> dict[str, Any]:
    """The values to keep; the limit was typed with the decimals that the currency had until now."""
    limit = money.half_up(profile.credit_limit_minor * 10**profile.currency.decimals, 10**decimals)
    return asdict(profile) | {
        "name": given(profile.name),
        "address": profile.address.strip(),
        "currency": profile.currency.code,
        "credit_limit_minor": limit,
    }


def _check_decimals(company: Company, currency: Currency) -> None:
    """Amounts are kept as whole cents, so another number of decimals would make 10,000.00 out of 100.00."""
    if rows(_AMOUNTS_TYPED)[0][0]:
        raise DomainError(
            f"Amounts were typed with {company.decimals} decimals already, and {currency.code} has {currency.decimals}."
            " Choose a currency with as many, or start with an empty database.",
            "currency",
        )
