"""Many memberships at once, for tests of lists: written straight into the tables, which is all that a list reads."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from tests import factories as make
from webapp.db import BaseModel, db, utcnow
from webapp.domain.search import sort_key, words
from webapp.models import Account, Customer, Membership, MembershipItem, Package, PackageItem, Role, SearchWord, User
from webapp.models.membership import NEVER

AT_ONCE = 200
REASONS = (None, None, "completed", None, "removed", None, None, "expired")
NAMES = ("Ada", "Bela", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "June")


def crowd(count: int, *, packages: Sequence[Package] = (), by: User | None = None) -> list[Package]:
    """That many memberships of as many customers, shared out over the packages; of every age, state and last day."""
    packages = list(packages) or [
        make.package(f"Course {n}", (make.item(f"Hour {n}", "50", unit="hour"), "10", "@45")) for n in range(4)
    ]
    for package in packages:
        _insert(SearchWord, ({"kind": "package", "word": word, "ref": package.id} for word in words(package.name)))
    role, now, user = Role.get(Role.name == "Customer"), utcnow(), by or User.get()
    people = [(n, f"{NAMES[n % 10]} {NAMES[n * 7 % 9]}son {n}") for n in range(10_000, 10_000 + count)]
    with db.atomic():
        _insert(
            Customer,
            (
                {"id": n, "name": name, "sort_name": sort_key(name), "role": role, "created_at": now}
                for n, name in people
            ),
        )
        _insert(
            SearchWord, ({"kind": "customer", "word": word, "ref": n} for n, name in people for word in words(name))
        )
        _insert(Membership, (_membership(n, name, packages[n % len(packages)], user) for n, name in people))
        terms = [PackageItem.get(PackageItem.package == package) for package in packages]
        _insert(MembershipItem, (_item(n, terms[n % len(terms)]) for n, _ in people))
        _insert(
            Account,
            (
                {"kind": "P", "ref": n, "side": "C", "floor_zero": 1, "credits": n, "debits": 0}
                for n, _ in people
                if n % 2
            ),
        )
    return packages


def _membership(n: int, name: str, package: Package, user: User) -> dict[str, Any]:
    start = make.DAY - timedelta(days=n * 37 % 400)
    end = date(2030, 1, 1) + timedelta(days=n * 91 % 900) if n % 3 else None
    reason = REASONS[n * 5 % len(REASONS)]
    return {
        "id": n,
        "customer": n,
        "customer_sort": sort_key(name),
        "package": package,
        "package_name": package.name,
        "start_on": start,
        "end_on": end,
        "end_sort": end.isoformat() if end else NEVER,
        "state": "inactive" if reason else "active",
        "reason": reason,
        "inactive_on": start if reason else None,
        "price_minor": 45_000,
        "created_by": user,
        "created_at": utcnow(),
    }


def _item(n: int, term: PackageItem) -> dict[str, Any]:
    used = 1_000 * (n % 9)
    return {
        "membership": n,
        "item": term.item,
        "name": term.item.name,
        "unit": term.item.unit,
        "included_milli": term.included_milli,
        "amount_minor": term.amount_minor,
        "used_milli": used,
        "reserved_milli": 500,
    }


def _insert(model: type[BaseModel], found: Iterator[dict[str, Any]]) -> None:
    found = iter(found)
    while chunk := list(islice(found, AT_ONCE)):
        model.create_many(chunk)
