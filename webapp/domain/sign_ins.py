"""Signing in: the right password, and not too many wrong ones, counted in the database for all workers together."""

import functools
import hashlib
import ipaddress
from collections.abc import Iterable

from webapp.db import rows, transactional
from webapp.domain import passwords
from webapp.domain.errors import DomainError
from webapp.domain.staff import plain_email
from webapp.models import SignInAttempt, User

WINDOW_SECONDS = 15 * 60
PER_ACCOUNT, PER_ADDRESS, PER_ACCOUNT_ANYWHERE = 10, 30, 100
"""Wrong passwords for one account from one address, for all accounts from one address, for one account from all
addresses. The last is high: whoever knows somebody's email could keep them out otherwise."""

_LATEST = "SELECT at_epoch FROM sign_in_attempt WHERE subject = ? AND at_epoch > ? ORDER BY at_epoch DESC LIMIT ?"


class TooManyTries(DomainError):
    """There were too many wrong passwords; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        super().__init__(f"Too many tries. Wait {wait}, then try again.")
        self.seconds = seconds


def authenticate(email: str, password: str, *, address: str, at: int, method: str) -> User | None:
    """The active user with this email and password, or None without saying which of them was wrong.

    `at` is the moment in seconds since 1970. Raises `TooManyTries`.
    """
    email, network = plain_email(email), _network(address)
    here, place, account = _subjects(email, network)
    _count({here: PER_ACCOUNT, place: PER_ADDRESS, account: PER_ACCOUNT_ANYWHERE}, at)
    user = User.get_or_none(User.email == email)
    # An unknown email takes as long as a known one, so that the time tells nothing.
    is_right = passwords.matches(user.password_hash if user else _nobodys_hash(method), password)
    if user is None or not user.active or not is_right:
        return None
    _forget(here, (place, account), at)
    if passwords.is_outdated(user.password_hash, method):
        user.password_hash = passwords.hashed(password, method)
        user.save()
    return user


@transactional
def _count(limits: dict[str, int], at: int) -> None:
    """Count the try before it is judged, so that many at the same moment are not judged all at once."""
    SignInAttempt.delete().where(SignInAttempt.at_epoch <= at - WINDOW_SECONDS).execute()
    wait = max(_wait(subject, limit, at) for subject, limit in limits.items())
    if wait:
        raise TooManyTries(wait)
    SignInAttempt.create_many({"subject": subject, "at_epoch": at} for subject in limits)


def _wait(subject: str, limit: int, at: int) -> int:
    """Seconds until there is room for one more try."""
    tries = rows(_LATEST, [subject, at - WINDOW_SECONDS, limit])
    return 0 if len(tries) < limit else max(1, int(tries[-1][0]) + WINDOW_SECONDS - at)


@transactional
def _forget(cleared: str, others: Iterable[str], at: int) -> None:
    """A right password was no failure: clear what was counted for this account here, and take this try off the rest."""
    SignInAttempt.delete().where(SignInAttempt.subject == cleared).execute()
    for subject in others:
        mine = SignInAttempt.select().where((SignInAttempt.subject == subject) & (SignInAttempt.at_epoch == at)).first()
        if mine:
            mine.delete_instance()


def _subjects(email: str, network: str) -> tuple[str, str, str]:
    """What a try is counted under: the account here, the address, the account."""
    return _subject("here", f"{email} {network}"), _subject("address", network), _subject("account", email)


def _subject(kind: str, value: str) -> str:
    """Hashed, because people sometimes type their password as their email."""
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def _network(address: str) -> str:
    """The address, or for IPv6 its network: one household has more addresses there than could be counted."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


@functools.cache
def _nobodys_hash(method: str) -> str:
    return passwords.hashed("nobody has this password", method)
