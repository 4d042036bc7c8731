"""Signing in: who gets in, and how many wrong passwords are taken."""

import pytest

from tests.business import CHEAP_HASH, PASSWORD
from webapp.domain.sign_ins import (
    PER_ACCOUNT,
    PER_ACCOUNT_ANYWHERE,
    PER_ADDRESS,
    WINDOW_SECONDS,
    TooManyTries,
    authenticate,
)
from webapp.models import SignInAttempt, User

NOW = 1_800_000_000
EMAIL = "frontdesk@carnet.test"


def attempt(
    password: str = "wrong", *, email: str = EMAIL, address: str = "192.0.2.1", at: int = NOW, method: str = CHEAP_HASH
) -> User | None:
    return authenticate(email, password, address=address, at=at, method=method)


@pytest.mark.parametrize("email", [EMAIL, " FrontDesk@Carnet.TEST "])
def test_right(cast: dict[str, User], email: str) -> None:
    assert attempt(PASSWORD, email=email) == cast["frontdesk"]
    assert SignInAttempt.select().count() == 0


def test_wrong_unknown_and_inactive_look_alike(cast: dict[str, User]) -> None:
    User.update(active=False).where(User.id == cast["manager"].id).execute()
    assert attempt("wrong") is None
    assert attempt(PASSWORD, email="nobody@carnet.test") is None
    assert attempt(PASSWORD, email="manager@carnet.test") is None


def test_an_unknown_email_costs_a_hash_too(cast: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def matches(kept: str, typed: str) -> bool:
        judged.append(kept)
        return False

    monkeypatch.setattr("webapp.domain.passwords.matches", matches)
    attempt(email="nobody@carnet.test")
    attempt()
    assert [kept.split("$")[0] for kept in judged] == [CHEAP_HASH, CHEAP_HASH]


def test_ten_wrong_ones_per_account(cast: dict[str, User]) -> None:
    for number in range(PER_ACCOUNT):
        assert attempt(at=NOW + number) is None
    with pytest.raises(TooManyTries) as refusal:
        attempt(PASSWORD, at=NOW + 60)
    assert refusal.value.seconds == WINDOW_SECONDS - 60
    assert refusal.value.message == "Too many tries. Wait 14 minutes, then try again."
    assert attempt(PASSWORD, email="owner@carnet.test", at=NOW + 60) == cast["owner"]
    assert attempt(PASSWORD, at=NOW + WINDOW_SECONDS) == cast["frontdesk"]


def test_nobody_is_kept_out_by_somebody_elsewhere(cast: dict[str, User]) -> None:
    for _ in range(PER_ACCOUNT):
        attempt()
    assert attempt(PASSWORD, address="192.0.2.2") == cast["frontdesk"]
    with pytest.raises(TooManyTries):
        attempt(PASSWORD)


def test_many_addresses_together_guess_no_more_than_a_hundred_times(cast: dict[str, User]) -> None:
    for number in range(PER_ACCOUNT_ANYWHERE):
        assert attempt(address=f"192.0.2.{number // PER_ACCOUNT}") is None
    with pytest.raises(TooManyTries, match="Wait 15 minutes"):
        attempt(PASSWORD, address="192.0.2.99")
    assert attempt(PASSWORD, email="owner@carnet.test", address="192.0.2.99") == cast["owner"]


def test_nobody_waits_longer_for_having_been_refused(cast: dict[str, User]) -> None:
    for _ in range(PER_ACCOUNT):
        attempt()
    for minute in range(1, 15):
        with pytest.raises(TooManyTries):
            attempt(PASSWORD, at=NOW + 60 * minute)
    assert attempt(PASSWORD, at=NOW + WINDOW_SECONDS) == cast["frontdesk"]


def test_thirty_wrong_ones_per_address(cast: dict[str, User]) -> None:
    for number in range(PER_ADDRESS):
        attempt(email=f"guess{number}@carnet.test")
    with pytest.raises(TooManyTries, match="Wait 15 minutes"):
        attempt(PASSWORD)
    assert attempt(PASSWORD, address="192.0.2.2") == cast["frontdesk"]


def test_an_ipv6_network_is_one_address(cast: dict[str, User]) -> None:
    for number in range(PER_ADDRESS):
        attempt(email=f"guess{number}@carnet.test", address=f"2001:db8::{number:x}")
    with pytest.raises(TooManyTries):
        attempt(PASSWORD, address="2001:db8::ffff")
    assert attempt(PASSWORD, address="2001:db8:0:1::1") == cast["frontdesk"]


def test_success_clears_the_accounts_count(cast: dict[str, User]) -> None:
    for _ in range(PER_ACCOUNT - 1):
        attempt()
    assert attempt(PASSWORD) == cast["frontdesk"]
    for _ in range(PER_ACCOUNT):
        assert attempt() is None


def test_success_counts_for_nothing_at_the_address(cast: dict[str, User]) -> None:
    for _ in range(PER_ADDRESS + 5):
        assert attempt(PASSWORD) == cast["frontdesk"]


def test_old_tries_are_cleaned_away(cast: dict[str, User]) -> None:
    attempt()
    attempt(email="other@carnet.test", at=NOW + WINDOW_SECONDS)
    assert [row.at_epoch for row in SignInAttempt.select()] == [NOW + WINDOW_SECONDS] * 3


def test_what_was_typed_is_not_kept(cast: dict[str, User]) -> None:
    attempt(email="my secret password")
    assert not [row for row in SignInAttempt.select() if "secret" in row.subject or "192" in row.subject]


def test_a_hash_made_with_old_parameters_is_made_anew(cast: dict[str, User]) -> None:
    assert attempt(PASSWORD, method="scrypt:2048:8:1") == cast["frontdesk"]
    kept = User.get(User.email == EMAIL).password_hash
    assert kept.startswith("scrypt:2048:8:1$")
    assert attempt(PASSWORD, method="scrypt:2048:8:1") == cast["frontdesk"]
