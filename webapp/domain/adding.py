"""Add to Package: who is added and who is skipped, said before it happens and done as it was said (spec section 4)."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import peewee

from webapp.db import marks, rows, transactional
from webapp.domain import memberships, packages
from webapp.domain.errors import Changed, DomainError
from webapp.domain.packages import PriceSheet
from webapp.models import Company, Customer, Group, GroupMember, Membership, Package, Role, User

ADDED, INACTIVE, NOT_PERMITTED, ALREADY, TWICE = "+", "i", "p", "a", "d"
NAMED_CHANGES = 5
_CHOICE = re.compile(r"(customer|group):([1-9]\d{0,17})", re.ASCII)
_MARKED = re.compile(r"(\d{1,18})([+ipa])(\d{0,18})", re.ASCII)


class Unseen(DomainError):
    """Somebody would be skipped and the person was not told yet; nothing was saved."""


class Chosen(NamedTuple):
    """The customers and the groups that were chosen, by their ids."""

    customers: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    @classmethod
    def of(cls, values: Iterable[str]) -> "Chosen":
        """Read from values such as ``customer:12`` and ``group:3``; others are left out."""
        found = [match for value in values if (match := _CHOICE.fullmatch(value))]
        by_kind = {kind: frozenset(int(m[2]) for m in found if m[1] == kind) for kind in ("customer", "group")}
        return cls(by_kind["customer"], by_kind["group"])


class Entry(NamedTuple):
    """One chosen customer, by name or through a group, and what will become of it."""

    customer: Customer
    group: Group | None
    code: str
    reason: str = ""
    remedy: str = ""

    @property
    def is_added(self) -> bool:
        return self.code == ADDED


class Preview(NamedTuple):
    """What Save would do."""

    package: Package
    start_on: date
    end_on: date | None
    chosen: Chosen
    sheet: PriceSheet
    entries: tuple[Entry, ...]

    @property
    def added(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_added]

    @property
    def skipped(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.is_added]

    @property
    def mark(self) -> str:
        """All that was shown, short enough for a form to carry: what was asked, the terms, and what becomes of whom."""
        asked = (self.package.id, sorted(self.chosen.customers), sorted(self.chosen.groups), self.start_on)
        terms = [line.term for line in self.sheet.lines]
        marked = sorted(
            (e.customer.id, f"{e.customer.id}{e.code}{_id(e.group)}") for e in self.entries if e.code != TWICE
        )
        people = ",".join(text for _, text in marked)
        return f"{_sha(asked)}:{_sha(terms)}:{self.sheet.price_minor}:{self.end_on or ''}:{people}"


def preview(package: Package, chosen: Chosen, start_on: date) -> Preview:
    """What Save would do now. Reads only, with a handful of queries however many are chosen."""
    company = Company.of_act()
    sheet = packages.price_sheet(
        packages.lines_of(package), tax_inclusive=company.tax_inclusive, decimals=company.decimals
    )
    listed = [*_by_name(chosen.customers), *_through_groups(chosen.groups)]
    entries = tuple(_entries(listed, package))
    return Preview(package, start_on, package.last_day_from(start_on), chosen, sheet, entries)


def refuse(package: Package, chosen: Chosen, start_on: date) -> None:
    """Raise `DomainError` beside the package or the choice when nobody can be added this way, whoever is chosen."""
    memberships.refuse_package(package, start_on)
    ids = sorted(chosen.groups)
    for group in Group.fetch(f"id IN ({marks(ids)}) ORDER BY sort_name", ids) if ids else ():
        if not group.active:
            raise DomainError(f"{group.name} is inactive. Manage Customers is needed to change that.", "who")


@transactional
def add(package: Package, chosen: Chosen, *, start_on: date, shown: str, by: User, note: str = "") -> list[Membership]:
    """Add everybody who can be added, as it was shown; `shown` is the mark of the preview that the person saw.

    Without one, or when something else was shown, it goes on only if nobody is skipped: then what was typed says all.
    Else raises `Unseen`; and `Changed`, naming what, when the outcome is another one than was shown.
    """
    package = Package.get_by_id(package.id)
    refuse(package, chosen, start_on)
    now = preview(package, chosen, start_on)
    if not now.entries:
        raise DomainError("Nobody is in this group yet." if chosen.groups else "Choose at least one customer.", "who")
    if not now.added:
        raise DomainError("Nobody of those chosen can be added; it says why below.", "who")
    changes = changes_since(shown, now)
    if changes:
        raise Changed("This changed since it was shown. " + " ".join(changes) + " Nothing was saved yet.")
    if changes is None and now.skipped:
        raise Unseen("Not everybody can be added. Look at who is skipped, then press Save again.")
    try:
        return [
            memberships.start(entry.customer, package, start_on=start_on, by=by, group=entry.group, note=note)
            for entry in now.added
        ]
    except peewee.IntegrityError as error:
        raise Changed(
            f"Somebody else added one of these customers to {package.name} at this very moment."
            " Nothing was saved; look at who will be added now."
        ) from error


def changes_since(shown: str, now: Preview) -> list[str] | None:
    """How the outcome differs from what was shown, in sentences; None when something else was shown, or nothing."""
    if shown == now.mark:
        return []
    was, is_now = shown.split(":"), now.mark.split(":")
    if len(was) != len(is_now) or was[0] != is_now[0]:
        return None
    sentences = [*_price_changes(was, is_now, now), *_people_changes(_read(was[4]), _read(is_now[4]), now)]
    more = len(sentences) - NAMED_CHANGES
    if more > 0:
        sentences[NAMED_CHANGES:] = [f"And {more} more."]
    return sentences or ["Look at it again."]


def _price_changes(was: Sequence[str], is_now: Sequence[str], now: Preview) -> Iterator[str]:
    if was[2] != is_now[2]:
        yield f"The price of {now.package.name} is now {Company.of_act().amount(now.sheet.price_minor)}."
    elif was[1] != is_now[1]:
        yield f"What is included in {now.package.name} was changed."
    if was[3] != is_now[3]:
        if now.end_on:
            yield f"The last day is now {Company.of_act().day(now.end_on)}."
        else:
            yield f"{now.package.name} has no last day any more."


def _people_changes(was: dict[int, tuple[str, str]], is_now: dict[int, tuple[str, str]], now: Preview) -> Iterator[str]:
    for entry in now.entries:
        before, after = was.get(entry.customer.id), is_now[entry.customer.id]
        if entry.code == TWICE or before == after:
            continue
        name = entry.customer.name
        if not entry.is_added:
            yield f"{name} will be skipped: {entry.reason}"
        elif before is None or before[0] != ADDED:
            yield f"{name} will be added."
        else:
            yield f"{name} will be added {'through ' + entry.group.name if entry.group else 'by name'}."
    gone = sorted(was.keys() - is_now.keys())
    for customer in Customer.select().where(Customer.id.in_(gone)).order_by(Customer.sort_name) if gone else ():
        yield f"{customer.name} is not in the group any more."


def _read(people: str) -> dict[int, tuple[str, str]]:
    return {int(m[1]): (m[2], m[3]) for m in map(_MARKED.fullmatch, people.split(",")) if m}


def _by_name(ids: Iterable[int]) -> list[tuple[Customer, Group | None]]:
    found = Customer.select(Customer, Role).join(Role).where(Customer.id.in_(sorted(ids)))
    return [(customer, None) for customer in found.order_by(Customer.sort_name, Customer.id)]


def _through_groups(ids: Collection[int]) -> list[tuple[Customer, Group | None]]:
    """The members of the groups, group by group."""
    if not ids:
        return []
    found = (
        GroupMember.select(GroupMember, Group, Customer, Role)
        .join(Group)
        .switch(GroupMember)
        .join(Customer)
        .join(Role)
        .where(GroupMember.group.in_(sorted(ids)))
        .order_by(Group.sort_name, Group.id, Customer.sort_name, Customer.id)
    )
    return [(member.customer, member.group) for member in found]


def _entries(listed: Sequence[tuple[Customer, Group | None]], package: Package) -> Iterator[Entry]:
    already = _active_in(package, {customer.id for customer, _ in listed})
    seen: dict[int, Group | None] = {}
    for customer, group in listed:
        if customer.id in seen:
            first = seen[customer.id]
            yield Entry(customer, group, TWICE, f"Listed twice: also {'in ' + first.name if first else 'by name'}.")
            continue
        seen[customer.id] = group
        reason = memberships.why_not(customer)
        if reason:
            said, _, remedy = reason.partition(". ")
            code = NOT_PERMITTED if customer.active else INACTIVE
            yield Entry(customer, group, code, f"{said.removesuffix('.')}.", remedy)
        elif customer.id in already:
            yield Entry(customer, group, ALREADY, f"Already active in {package.name}.")
        else:
            yield Entry(customer, group, ADDED)


def _active_in(package: Package, customer_ids: Iterable[int]) -> set[int]:
    """Those of the customers who have an active membership of the package."""
    ids = sorted(customer_ids)
    text = f"""SELECT customer_id FROM membership
 WHERE package_id = ? AND state = 'active' AND customer_id IN ({marks(ids)})"""  # noqa: S608  # only question marks
    return {row[0] for row in rows(text, (package.id, *ids))}


def _id(group: Group | None) -> str:
    return str(group.id) if group else ""


def _sha(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
