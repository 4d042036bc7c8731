"""Which passwords are good enough, and how they are kept."""

import pytest

from tests.business import CHEAP_HASH
from webapp.domain import passwords
from webapp.domain.errors import DomainError

ABOUT = ("Dana Reyes", "dana@blueheron.test", "Blue Heron Flight School")


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "three green herons",
        "my password is a horse",
        "пароль из слов",
        "x" * 4 + "yz-k" * 63,
        "Dana likes long walks",
    ],
)
def test_good(password: str) -> None:
    passwords.check(password, about=ABOUT)


@pytest.mark.parametrize("password", ["", "eleven char", "short"])
def test_too_short(password: str) -> None:
    with pytest.raises(DomainError, match="at least 12 characters") as refusal:
        passwords.check(password)
    assert refusal.value.field == "password"


def test_longest() -> None:
    passwords.check("ab cd ef gh " * 21 + "1234")
    with pytest.raises(DomainError, match="at most 256 characters"):
        passwords.check("ab cd ef gh " * 21 + "12345")


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012345",
        "0987654321098765",
        "qwertyuiopasdf",
        "abcdefghijklmn",
        "correcthorsebatterystaple",
        "Password1234",
        "blue-heron-2026",
        "DanaReyes2026",
        "dana@blueheron.test",
        "carnet-carnet-1",
        "Admin!Welcome!1",
    ],
)
def test_first_that_anybody_would_try(password: str) -> None:
    with pytest.raises(DomainError, match="anybody would try"):
        passwords.check(password, about=ABOUT)


def test_however_the_keyboard_composes_it() -> None:
    kept = passwords.hashed("cafe\u0301 au lait, deux", CHEAP_HASH)
    assert passwords.matches(kept, "caf\u00e9 au lait, deux")
    assert not passwords.matches(kept, "cafe au lait, deux")


def test_outdated() -> None:
    kept = passwords.hashed("three green herons", CHEAP_HASH)
    assert not passwords.is_outdated(kept, CHEAP_HASH)
    assert passwords.is_outdated(kept, "scrypt:32768:8:3")
