"""The people who work here: who they are, which role they hold, whether they may sign in."""

import unicodedata

from webapp.db import transactional, utcnow
from webapp.domain import audit
from webapp.domain.edits import write
from webapp.domain.errors import DomainError
from webapp.domain.names import given
from webapp.domain.rows import unchanged, unique
from webapp.domain.search import sort_key
from webapp.models import Role, SignInSession, User

TAKEN = "Somebody here has this email already."
LAST_OWNER = "{} is the last active {}. Make somebody else {} first."


def plain_email(email: str) -> str:
    """An email as it is kept and compared: however it was typed, it is one address."""
    return unicodedata.normalize("NFC", email).strip().lower()


@transactional
def create_user(*, email: str, name: str, role: Role, password_hash: str, by: User | None) -> User:
    """A new member of staff, active at once. `by` is None at the command line, where everything is allowed."""
    _check_role(role, by)
    with unique(TAKEN, "email"):
        user = User.create(
            email=plain_email(email), name=given(name), role=role, password_hash=password_hash, created_at=utcnow()
        )
    audit.record("user added", "user", user.id, by=by, role=role.name)
    return user


@transactional
def edit_user(user: User, *, email: str, name: str, role: Role, version: int, by: User) -> User:
    """Change who a user is and what they may do; a new role holds from their next click on."""
    user, email, name = _fresh(user), plain_email(email), given(name)
    edits = {"name": (user.name, name), "email": (user.email, email), "role": (user.role.name, role.name)}
    unchanged(user, version, edits)
    _check_above(user, by)
    if role.id != user.role.id:
        _check_role(role, by)
        _keep_an_owner(user, role=role)
    with unique(TAKEN, "email"):
        write(user, email=email, name=name, role=role)
    # The audit trail holds no personal data, so of name and email only that they changed.
    changes = {what: [now, new] if what == "role" else "changed" for what, (now, new) in edits.items() if now != new}
    audit.record("user edited", "user", user.id, by=by, changes=changes)
    return _fresh(user)


@transactional
def set_active(user: User, active: bool, *, by: User) -> User:
    """Let a user sign in, or no longer; the latter signs them out everywhere."""
    user = _fresh(user)
    if user.active == active:
        return user
    _check_above(user, by)
    if not active:
        if user.id == by.id:
            raise DomainError("You cannot deactivate yourself. Ask somebody else who manages the users.")
        _keep_an_owner(user)
        end_sessions(user)
    write(user, active=active)
    act, changes = "user activated" if active else "user deactivated", {"active": [not active, active]}
    audit.record(act, "user", user.id, by=by, changes=changes)
    return _fresh(user)


@transactional
def set_password(user: User, password_hash: str, *, by: User) -> User:
    """Give a user a new password and sign them out everywhere."""
    user = _fresh(user)
    if user.id != by.id:
        _check_above(user, by)
    user.password_hash = password_hash
    user.save()
    end_sessions(user)
    audit.record("password changed", "user", user.id, by=by)
    return user


@transactional
def rename_self(user: User, name: str) -> User:
    """Change one's own name."""
    user, name = _fresh(user), given(name)
    if user.name != name:
        write(user, name=name)
        audit.record("user edited", "user", user.id, by=user, changes={"name": "changed"})
    return _fresh(user)


@transactional
def end_sessions(user: User, *, but: str = "") -> int:
    """Sign the user out everywhere but in the session with that token hash; answers of how many."""
    mine = SignInSession.user == user
    return int(SignInSession.delete().where(mine & (SignInSession.token_hash != but)).execute())


@transactional
def end_session(user: User, token_hash: str) -> None:
    """Sign the user out of one browser; one that is gone already is no fault."""
    SignInSession.delete().where((SignInSession.user == user) & (SignInSession.token_hash == token_hash)).execute()


def listed() -> list[User]:
    """Everybody who works here with their role, those who may sign in first."""
    people = User.select(User, Role).join(Role)
    return sorted(people, key=lambda user: (not user.active, sort_key(user.name), user.id))


def sessions(user: User) -> list[SignInSession]:
    """Where the user is signed in, the one used last first."""
    mine = SignInSession.select().where(SignInSession.user == user)
    return list(mine.order_by(SignInSession.seen_at.desc(), SignInSession.token_hash))


def lacks(by: User, role: Role) -> list[str]:
    """Which of a staff role's permissions somebody does not have."""
    return sorted(p.value for p in role.permissions - by.role.permissions)


def _fresh(user: User) -> User:
    """The user as the database has it now, inside the transaction."""
    return User.select(User, Role).join(Role).where(User.id == user.id).get()


def _check_role(role: Role, by: User | None) -> None:
    """Nobody hands out more than they have, or they could make themselves whatever they like."""
    if role.side != "staff":
        raise DomainError("This is a role for customers. Choose a role for staff.", "role")
    missing = lacks(by, role) if by else []
    if missing:
        raise DomainError(
            f"You cannot give a role with permissions that you do not have: {', '.join(missing)}.", "role"
        )


def _check_above(user: User, by: User) -> None:
    """Nor takes over somebody who may do more, by a new email or password."""
    missing = lacks(by, user.role)
    if missing:
        raise DomainError(
            f"{user.name} has permissions that you do not have: {', '.join(missing)}."
            " Only somebody who has them can change this user."
        )


def _keep_an_owner(user: User, role: Role | None = None) -> None:
    """The last active owner stays. Serializable transactions make two at the same moment see each other."""
    if user.role.name != Role.OWNER or not user.active or (role and role.name == Role.OWNER):
        return
    owners = User.select().join(Role).where(User.active & (Role.name == Role.OWNER))
    if owners.count() == 1:
        raise DomainError(LAST_OWNER.format(user.name, Role.OWNER, Role.OWNER), "role" if role else None)
