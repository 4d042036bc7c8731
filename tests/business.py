"""The business that tests start from: a company, its roles, its ways to be paid, and one person in each staff role."""

import hashlib
from datetime import UTC, datetime
from functools import cache

from werkzeug.security import generate_password_hash

from webapp.models import Company, PaymentMethod, Role, SignInSession, User
from webapp.permissions import DEFAULT_ROLES

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
CHEAP_HASH = "scrypt:1024:8:1"
CAST = {"owner": "Owner", "manager": "Manager", "frontdesk": "Front Desk", "bookkeeper": "Bookkeeper"}
TOKENS = {name: f"the session of the {name}" for name in CAST}


METHODS = (
    ("Account", "account"),
    ("Cash", "cash"),
    ("Card", "card"),
    ("Check", "check"),
    ("Bank Transfer", "transfer"),
)


@cache
def cheap_hash() -> str:
    return generate_password_hash(PASSWORD, CHEAP_HASH)


def set_up_business() -> None:
    Company.create(name="Test Flight School", currency="USD", decimals=2, timezone="UTC", created_at=BEGAN)
    roles = {role.name: Role.create(**role._asdict()) for role in DEFAULT_ROLES}
    for position, (name, kind) in enumerate(METHODS):
        PaymentMethod.create(name=name, kind=kind, position=position)
    for name, role in CAST.items():
        engage(name, roles[role])


def engage(name: str, role: Role) -> User:
    """A member of the cast, signed in long ago and still."""
    user = User.create(
        email=f"{name}@carnet.test", name=role.name, password_hash=cheap_hash(), role=role, created_at=BEGAN
    )
    SignInSession.create(token_hash=hash_of(TOKENS[name]), user=user, created_at=BEGAN, seen_at=BEGAN)
    return user


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
