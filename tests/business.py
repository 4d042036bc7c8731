"""The business that tests start from: a company, its roles, its ways to be paid, and one person in each staff role."""

import hashlib
from datetime import UTC, datetime
from functools import cache

import time_machine
from werkzeug.security import generate_password_hash

from webapp.domain.company import Currency, Owner, Profile, set_up
from webapp.models import Role, SignInSession, User

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
"""Long ago, so that a test may travel to any later day: the business is there and the cast is signed in."""

PROFILE = Profile("Test Flight School", Currency("USD", 2), timezone="UTC", locale="en", tax_inclusive=False)
PASSWORD = "correct horse battery staple"
CHEAP_HASH = "scrypt:1024:8:1"
CAST = {"owner": "Owner", "manager": "Manager", "frontdesk": "Front Desk", "bookkeeper": "Bookkeeper"}
TOKENS = {name: f"the session of the {name}" for name in CAST}


@cache
def cheap_hash() -> str:
    """The cast's password, hashed in milliseconds."""
    return generate_password_hash(PASSWORD, CHEAP_HASH)


def address(name: str) -> str:
    """What a member of the cast types as Email."""
    return f"{name}@carnet.test"


def set_up_business() -> None:
    with time_machine.travel(BEGAN, tick=False):
        set_up(PROFILE, Owner("Owner", address("owner"), cheap_hash()))
        for name, role in CAST.items():
            user = User.get_or_none(User.email == address(name)) or engage(name, role)
            SignInSession.create(token_hash=hash_of(TOKENS[name]), user=user, created_at=BEGAN, seen_at=BEGAN)


def engage(name: str, role: str) -> User:
    return User.create(
        email=address(name),
        name=role,
        password_hash=cheap_hash(),
        role=Role.get(Role.name == role),
        created_at=BEGAN,
    )


def hash_of(token: str) -> str:
    """How a session's token is kept in the database."""
    return hashlib.sha256(token.encode()).hexdigest()
