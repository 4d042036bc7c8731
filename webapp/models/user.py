"""Staff, their roles and their sign-ins."""

import functools
from collections.abc import Iterable
from typing import Any

from peewee import BigIntegerField, BooleanField, Field, ForeignKeyField, IntegerField, TextField

from webapp.db import BaseModel, InstantField
from webapp.permissions import Permission


class PermissionsField(Field):
    """A set of permissions, kept as their phrases, one a line."""

    field_type = "TEXT"

    def db_value(self, value: Iterable[Permission] | None) -> str:
        return "\n".join(p.value for p in Permission if p in frozenset(value or ()))

    def python_value(self, value: Any) -> frozenset[Permission]:
        return _permissions(str(value or ""))


_BY_PHRASE = {p.value: p for p in Permission}


@functools.lru_cache(maxsize=256)
def _permissions(phrases: str) -> frozenset[Permission]:
    return frozenset(_BY_PHRASE[phrase] for phrase in phrases.split("\n") if phrase in _BY_PHRASE)


class Role(BaseModel):
    """A named set of permissions, for staff or for customers."""

    name = TextField(unique=True)
    side = TextField(default="staff")
    permissions = PermissionsField(default=frozenset)
    version = IntegerField(default=0)

    OWNER = "Owner"


class User(BaseModel):
    """A member of staff who can sign in."""

    email = TextField(unique=True)
    name = TextField()
    password_hash = TextField()
    role = ForeignKeyField(Role, backref="users")
    role_id: int
    active = BooleanField(default=True)
    created_at = InstantField()
    version = IntegerField(default=0)

    class Meta:
        table_name = "staff"

    def may(self, permission: Permission) -> bool:
        """Whether the user's role holds the permission; none implies another."""
        return permission in self.role.permissions


class SignInSession(BaseModel):
    """One signed-in browser; deleting the row ends it. The token itself is only in the browser."""

    token_hash = TextField(primary_key=True)
    user = ForeignKeyField(User, backref="sessions")
    user_id: int
    created_at = InstantField()
    seen_at = InstantField()
    agent = TextField(default="")


class SignInAttempt(BaseModel):
    """A failed sign-in, counted by address typed and by network address."""

    subject = TextField()
    at_epoch = BigIntegerField()
