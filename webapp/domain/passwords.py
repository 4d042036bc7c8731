"""What makes a password good enough, and how it is kept: length first, nothing that anybody would try first."""

import threading
import unicodedata
from collections.abc import Iterable

from werkzeug.security import check_password_hash, generate_password_hash

from webapp.domain.errors import DomainError
from webapp.domain.search import fold

SHORTEST, LONGEST = 12, 256
_LEAST_OF_ITS_OWN = 6
_TRIED_FIRST = ("administrator", "admin", "carnet", "letmein", "password", "passwort", "changeme", "welcome", "qwerty")
_RUNS = ("1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
_COMMON = frozenset(
    {
        *(
            "abc123abc123",
            "a1b2c3d4e5f6",
            "adgjmptw1234",
            "basketball12",
            "butterfly123",
            "chocolate123",
            "dragon123456",
        ),
        *("correcthorsebatterystaple", "football1234", "iloveyou1234", "iloveyouforever", "jesuschrist1"),
        *("liverpool123", "manchesterunited", "master123456", "michael12345", "monkey123456", "mypassword12"),
        *("princess1234", "qazwsxedcrfv", "qweasdzxcqwe", "shadow123456", "sunshine1234", "superman1234"),
        *("thequickbrownfox", "trustno1trustno1", "zaq12wsxcde3", "111222333444", "secret123456"),
    }
)

# Each check fills 32 MiB; a burst of sign-ins must wait its turn instead of filling the machine.
_AT_ONCE = threading.BoundedSemaphore(4)


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long, or easy to guess for somebody who knows what it is `about`."""
    plain = _composed(password)
    if len(plain) < SHORTEST:
        raise DomainError(f"Use at least {SHORTEST} characters; several words are easy to remember.", "password")
    if len(plain) > LONGEST:
        raise DomainError(f"Use at most {LONGEST} characters.", "password")
    if _is_guessable(fold(plain), about):
        raise DomainError("This is among the first that anybody would try. Use several words of your own.", "password")


def _is_guessable(password: str, about: Iterable[str]) -> bool:
    if len(set(password)) < 5 or password in _COMMON:
        return True
    if any(password in run * 20 or password in run[::-1] * 20 for run in _RUNS):
        return True
    known = {word for text in about for word in "".join(c if c.isalnum() else " " for c in fold(text)).split()}
    rest = password
    for word in sorted((w for w in known | set(_TRIED_FIRST) if len(w) > 2), key=len, reverse=True):
        rest = rest.replace(word, "")
    return len([c for c in rest if c.isalnum()]) < min(_LEAST_OF_ITS_OWN, len(password)) and rest != password


def hashed(password: str, method: str) -> str:
    """What is kept of a password."""
    with _AT_ONCE:
        return generate_password_hash(_composed(password), method)


def matches(password_hash: str, password: str) -> bool:
    """Whether this is the password behind the hash. Takes the same time either way."""
    with _AT_ONCE:
        return check_password_hash(password_hash, _composed(password)[:LONGEST])


def is_outdated(password_hash: str, method: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return not password_hash.startswith(f"{method}$")


def _composed(password: str) -> str:
    """The same password, whether the keyboard sent “é” as one character or as two."""
    return unicodedata.normalize("NFC", password)
