"""The ways to pay: added, renamed, ordered, switched on and off; Account is one of a kind."""

import pytest

from tests.trail import acts, latest
from webapp.domain import payment_methods
from webapp.domain.errors import Changed, DomainError
from webapp.models import PaymentMethod, User


def method(name: str) -> PaymentMethod:
    return PaymentMethod.get(PaymentMethod.name == name)


def names() -> list[str]:
    return [m.name for m in payment_methods.methods()]


def test_add(cast: dict[str, User]) -> None:
    before = names()
    added = payment_methods.add_method(name="  Gift  card ", kind="other", by=cast["owner"])
    assert added.active
    assert names() == [*before, "Gift card"]
    assert latest()[0] == "payment method added"


@pytest.mark.parametrize("name", ["Cash", "cash", " CÁSH "])
def test_one_method_per_name(cast: dict[str, User], name: str) -> None:
    with pytest.raises(DomainError, match="this name already") as refusal:
        payment_methods.add_method(name=name, kind="cash", by=cast["owner"])
    assert refusal.value.field == "name"
    with pytest.raises(DomainError, match="this name already"):
        payment_methods.rename_method(method("Card"), name=name, version=0, by=cast["owner"])


@pytest.mark.parametrize("kind", ["account", "cheque", ""])
def test_there_is_one_account(cast: dict[str, User], kind: str) -> None:
    with pytest.raises(DomainError, match="from the list"):
        payment_methods.add_method(name="Second account", kind=kind, by=cast["owner"])


def test_rename(cast: dict[str, User]) -> None:
    payment_methods.rename_method(method("Check"), name="Cheque", version=0, by=cast["owner"])
    assert "Cheque" in names()
    assert latest()[1]["changes"] == {"name": ["Check", "Cheque"]}
    with pytest.raises(Changed, match="name is now “Cheque”"):
        payment_methods.rename_method(method("Cheque"), name="Check", version=0, by=cast["owner"])


def test_account_keeps_its_name(cast: dict[str, User]) -> None:
    with pytest.raises(DomainError, match="keeps its name"):
        payment_methods.rename_method(method("Account"), name="Credit", version=0, by=cast["owner"])


def test_switch(cast: dict[str, User]) -> None:
    payment_methods.switch_method(method("Account"), False, by=cast["owner"])
    assert not PaymentMethod.account_is_active()
    assert latest()[1]["changes"] == {"active": [True, False]}
    payment_methods.switch_method(method("Account"), False, by=cast["owner"])
    assert len(acts()) == 2
    payment_methods.switch_method(method("Account"), True, by=cast["owner"])
    assert PaymentMethod.account_is_active()


def test_move(cast: dict[str, User]) -> None:
    first, second, *rest = names()
    payment_methods.move_method(method(second), -1, by=cast["owner"])
    assert names() == [second, first, *rest]
    payment_methods.move_method(method(second), -1, by=cast["owner"])
    assert names() == [second, first, *rest]
    assert len(acts()) == 2
    payment_methods.move_method(method(second), 99, by=cast["owner"])
    assert names() == [first, *rest, second]


def test_nothing_depends_on_account_at_first(cast: dict[str, User]) -> None:
    assert payment_methods.dependence() == (0, 0)
