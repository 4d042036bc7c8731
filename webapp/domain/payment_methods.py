"""The ways this business takes money: named, ordered, and switched on or off."""

from typing import NamedTuple

from webapp.db import rows, transactional
from webapp.domain import audit
from webapp.domain.edits import write
from webapp.domain.errors import DomainError
from webapp.domain.names import given
from webapp.domain.rows import unchanged, unique
from webapp.domain.search import fold
from webapp.models import PaymentMethod, User

KINDS = {
    "cash": "Cash",
    "card": "Card",
    "check": "Check",
    "transfer": "Bank transfer",
    "other": "Something else",
}
"""What a new method can be; there is one Account, and it comes with the business."""

TAKEN = "There is a payment method of this name already."
_DEPENDS = """SELECT (SELECT COUNT(*) FROM membership WHERE state = 'active'),
    (SELECT COALESCE(SUM(credits - debits), 0) FROM account WHERE kind IN ('G', 'P') AND credits > debits)"""


class Dependence(NamedTuple):
    """What hangs on the Account method: active memberships, and money held for customers."""

    memberships: int
    held_minor: int


@transactional
def add_method(*, name: str, kind: str, by: User) -> PaymentMethod:
    """A new way to pay, offered at once, after those there are."""
    if kind not in KINDS:
        raise DomainError("Choose one from the list.", "kind")
    name = given(name)
    _check_name(name)
    last = max((method.position for method in methods()), default=-1)
    with unique(TAKEN, "name"):
        method = PaymentMethod.create(name=name, kind=kind, position=last + 1)
    audit.record("payment method added", "payment_method", method.id, by=by, name=name, kind=kind)
    return method


@transactional
def rename_method(method: PaymentMethod, *, name: str, version: int, by: User) -> PaymentMethod:
    """Give a way to pay another name; payments taken with it show the new one."""
    method, name = PaymentMethod.get_by_id(method.id), given(name)
    if method.is_account:
        raise DomainError(f"{method.name} keeps its name: rules and messages speak of it.", "name")
    unchanged(method, version, {"name": (method.name, name)})
    _check_name(name, but=method)
    with unique(TAKEN, "name"):
        write(method, name=name)
    changes = audit.changes({"name": method.name}, {"name": name})
    audit.record("payment method renamed", "payment_method", method.id, by=by, changes=changes)
    return PaymentMethod.get_by_id(method.id)


@transactional
def switch_method(method: PaymentMethod, on: bool, *, by: User) -> PaymentMethod:
    """Offer a way to pay, or no longer. What was taken with it stays as it is."""
    method = PaymentMethod.get_by_id(method.id)
    if method.active != on:
        write(method, active=on)
        act, changes = f"payment method switched {'on' if on else 'off'}", {"active": [not on, on]}
        audit.record(act, "payment_method", method.id, by=by, changes=changes)
    return PaymentMethod.get_by_id(method.id)


@transactional
def move_method(method: PaymentMethod, steps: int, *, by: User) -> None:
    """Move a method up (below 0) or down among the others; beyond the end is the end."""
    names = [m.id for m in methods()]
    before = names.index(method.id)
    after = min(max(before + steps, 0), len(names) - 1)
    if before == after:
        return
    names.insert(after, names.pop(before))
    for position, record_id in enumerate(names):
        PaymentMethod.update(position=position).where(PaymentMethod.id == record_id).execute()
    audit.record("payment method moved", "payment_method", method.id, by=by, position=[before, after])


def methods() -> list[PaymentMethod]:
    """All of them in their order."""
    return PaymentMethod.fetch("1 = 1 ORDER BY position, id")


def dependence() -> Dependence:
    """What would be affected if Account were switched off."""
    return Dependence(*map(int, rows(_DEPENDS)[0]))


def _check_name(name: str, but: PaymentMethod | None = None) -> None:
    for other in PaymentMethod.select():
        if fold(other.name) == fold(name) and (but is None or other.id != but.id):
            raise DomainError(TAKEN, "name")
