"""Packages as they are offered: their items, their validity, and what they cost beside the standard rates."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from webapp import money, quantity
from webapp.db import rows, transactional
from webapp.domain import audit, paging, search, terms
from webapp.domain.edits import write
from webapp.domain.errors import DomainError
from webapp.domain.names import given
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.domain.rows import unchanged, unique
from webapp.domain.terms import Term
from webapp.models import Item, Package, PackageItem, User

KIND = "package"
STATES = {"active": "package.active", "inactive": "NOT package.active", "all": "1 = 1"}
OFFERED = 20
NAMESAKES = 3
TAKEN = "There is a package of this name already."
LONGEST = {"days": 36_500, "months": 1_200}
_ACTIVE_IN = """(SELECT COUNT(*) FROM membership
 WHERE membership.package_id = package.id AND membership.state = 'active')"""


class PackageLine(NamedTuple):
    """One item of a package: either at a rate, or for a typed amount for all that is included."""

    item: Item
    included_milli: int
    rate_e4: int | None = None
    amount_minor: int | None = None

    def amount(self, decimals: int) -> int:
        """What is stored, and sold: the amount for all that is included."""
        if self.rate_e4 is None:
            return self.amount_minor or 0
        return terms.amount_for(self.rate_e4, self.included_milli, decimals=decimals)

    def term(self, *, tax_inclusive: bool, decimals: int) -> Term:
        """The line as it would be sold."""
        item, amount = self.item, self.amount(decimals)
        tax = terms.tax_on(amount, item.tax_percent_e4, tax_inclusive=tax_inclusive)
        facts = (self.included_milli, self.rate_e4, amount, item.tax_percent_e4, tax)
        return Term(item.id, item.name, item.unit, *facts)


class PackageFacts(NamedTuple):
    """What is kept of a package. `validity` is ``none``, ``date``, ``days`` or ``months``."""

    name: str
    lines: Sequence[PackageLine]
    validity: str = "none"
    validity_count: int | None = None
    last_day: date | None = None
    note: str = ""
    active: bool = True

    def columns(self) -> dict[str, Any]:
        """As columns of the package itself; what its kind of validity does not need is left out."""
        return {
            "name": given(self.name),
            "active": self.active,
            "validity": self.validity,
            "validity_count": self.validity_count if self.validity in LONGEST else None,
            "last_day": self.last_day if self.validity == "date" else None,
            "note": self.note,
        }


class PackageRow(NamedTuple):
    """A package as the list shows one; `memberships` are the active ones."""

    sort_name: str
    id: int
    name: str
    active: bool
    validity: str
    validity_count: int | None
    last_day: date | str | None
    memberships: int


class OfferedPackage(NamedTuple):
    """A package as a type-ahead offers one."""

    id: int
    name: str


class PricedLine(NamedTuple):
    """One item with how much it saves against its standard rate; None when it has none."""

    term: Term
    saving_minor: int | None


class PriceSheet(NamedTuple):
    """A package's price, item by item. What it saves altogether is known only if every item has a standard rate."""

    lines: list[PricedLine]
    net_minor: int
    tax_minor: int
    price_minor: int
    saving_minor: int | None


_KEYS = (Key("package.sort_name", str), Key("package.id", int))
BY_NAME = Listing(
    "package.name, package.active, package.validity, package.validity_count, package.last_day, " + _ACTIVE_IN,
    "package",
    _KEYS,
)
_OFFERED = Listing("package.name", "package", _KEYS)


@transactional
def create_package(facts: PackageFacts, *, decimals: int, by: User | None, on: date) -> Package:
    """Keep a new package; `on` is today."""
    columns = facts.columns()
    _check_validity(facts, on)
    _check_lines(facts.lines, decimals, kept=frozenset())
    with unique(TAKEN, "name"):
        package = Package.create(**columns, sort_name=search.sort_key(columns["name"]))
    _write_lines(package.id, facts.lines, decimals)
    search.index(KIND, package.id, columns["name"])
    audit.record("package added", KIND, package.id, by=by, **columns, items=_audited(facts.lines, decimals))
    return package


@transactional
def edit_package(package: Package, facts: PackageFacts, *, version: int, decimals: int, by: User, on: date) -> None:
    """Change what is sold from now on; `version` is the one that the form showed. Memberships keep their terms."""
    package = Package.get_by_id(package.id)
    was = lines_of(package)
    after = facts.columns()
    before = {name: getattr(package, name) for name in after}
    if before["last_day"] != after["last_day"]:
        _check_validity(facts, on)
    else:
        _check_validity(facts, None)
    _check_lines(facts.lines, decimals, kept={line.item.id for line in was})
    items = _audited(was, decimals), _audited(facts.lines, decimals)
    unchanged(
        package, version, _edits(before, after) | {"items": (_listed(was, decimals), _listed(facts.lines, decimals))}
    )
    with unique(TAKEN, "name"):
        write(package, **after, sort_name=search.sort_key(after["name"]))
    if items[0] != items[1]:
        PackageItem.delete().where(PackageItem.package == package.id).execute()
        _write_lines(package.id, facts.lines, decimals)
    search.index(KIND, package.id, after["name"])
    told = audit.changes({**before, "items": items[0]}, {**after, "items": items[1]})
    audit.record("package edited", KIND, package.id, by=by, changes=told)


def _edits(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    labels = {"validity_count": "length", "last_day": "last day", "active": "status"}
    return {labels.get(name, name): (_said(before[name]), _said(after[name])) for name in after}


def _said(value: Any) -> Any:
    """A value as a sentence about it has it."""
    if isinstance(value, bool):
        return "active" if value else "inactive"
    return "empty" if value in (None, "") else value


def _listed(lines: Iterable[PackageLine], decimals: int) -> str:
    said = []
    for line in lines:
        included = quantity.format_quantity(line.included_milli)
        at = f" @ {money.format_rate(line.rate_e4, decimals)}" if line.rate_e4 is not None else ""
        said.append(f"{line.item.name} {included}{at} = {money.format_money(line.amount(decimals), decimals)}")
    return "; ".join(said)


def _audited(lines: Iterable[PackageLine], decimals: int) -> list[dict[str, Any]]:
    return [
        {
            "item": line.item.id,
            "included_milli": line.included_milli,
            "rate_e4": line.rate_e4,
            "amount_minor": line.amount(decimals),
        }
        for line in lines
    ]


def _write_lines(package_id: int, lines: Sequence[PackageLine], decimals: int) -> None:
    found = [
        {
            "package": package_id,
            "item": line.item,
            "position": position,
            "included_milli": line.included_milli,
            "rate_e4": line.rate_e4,
            "amount_minor": line.amount(decimals),
        }
        for position, line in enumerate(lines)
    ]
    PackageItem.insert_many(found).execute()


def _check_validity(facts: PackageFacts, on: date | None) -> None:
    """`on` is today, or None when the last day is one that was accepted before."""
    if facts.validity == "date":
        if facts.last_day is None:
            raise DomainError("Choose the last day.", "last_day")
        if on is not None and facts.last_day < on:
            raise DomainError("This day has passed already.", "last_day")
    elif facts.validity in LONGEST:
        if not facts.validity_count or facts.validity_count < 1:
            raise DomainError(f"Type how many {facts.validity}.", "validity_count")
        if facts.validity_count > LONGEST[facts.validity]:
            raise DomainError(f"At most {LONGEST[facts.validity]:,} {facts.validity}.", "validity_count")
    elif facts.validity != "none":
        raise DomainError("Choose how long the package is valid.", "validity")


def _check_lines(lines: Sequence[PackageLine], decimals: int, *, kept: Iterable[int]) -> None:
    """`kept` are the ids of items that were in the package before: they may be inactive now."""
    if not lines:
        raise DomainError("Add at least one item.", "lines")
    seen: set[int] = set()
    for number, line in enumerate(lines):
        fault = _fault(line, decimals, seen, set(kept))
        if fault:
            raise DomainError(fault[1], f"lines-{number}-{fault[0]}")
        seen.add(line.item.id)
    if sum(line.amount(decimals) for line in lines) > money.LARGEST // 2:
        raise DomainError("The price is too large.", "lines")


def _fault(line: PackageLine, decimals: int, seen: set[int], kept: set[int]) -> tuple[str, str] | None:
    """The field and the sentence, when something is wrong with the line."""
    if line.item.id in seen:
        return "item", f"{line.item.name} is in this package already; put the whole quantity on one line."
    if not line.item.active and line.item.id not in kept:
        return "item", f"{line.item.name} is inactive. Manage Catalogue is needed to change that."
    if line.included_milli <= 0:
        return "included", "The included quantity must be above 0."
    if line.rate_e4 is None and line.amount_minor is None:
        return "rate", "Type a rate, or an amount for the whole quantity."
    if line.rate_e4 is not None and line.amount_minor is not None:
        return "amount", "Type the rate or the amount, not both."
    if line.amount(decimals) > money.LARGEST // 2:
        return "rate" if line.rate_e4 is not None else "amount", "The amount is too large."
    return None


def lines_of(package: Package) -> list[PackageLine]:
    """The items of the package in the order of its form."""
    found = (
        PackageItem.select(PackageItem, Item)
        .join(Item)
        .where(PackageItem.package == package.id)
        .order_by(PackageItem.position, PackageItem.id)
    )
    return [PackageLine(one.item, one.included_milli, one.rate_e4, _typed(one)) for one in found]


def _typed(package_item: PackageItem) -> int | None:
    return package_item.amount_minor if package_item.rate_e4 is None else None


def price_sheet(lines: Iterable[PackageLine], *, tax_inclusive: bool, decimals: int) -> PriceSheet:
    """What the lines cost together, and beside the standard rates."""
    priced = []
    for line in lines:
        term = line.term(tax_inclusive=tax_inclusive, decimals=decimals)
        standard = line.item.standard_rate_e4
        saved = terms.saving(term.amount_minor, term.included_milli, standard, decimals=decimals)
        priced.append(PricedLine(term, saved))
    savings = [line.saving_minor for line in priced if line.saving_minor is not None]
    sold = [line.term for line in priced]
    tax, price = sum(term.tax_minor for term in sold), terms.price(sold, tax_inclusive)
    return PriceSheet(priced, price - tax, tax, price, sum(savings) if len(savings) == len(priced) else None)


def namesakes(name: str) -> list[Package]:
    """The first few packages of that very name, big and small letters and accents aside, active or not."""
    same = Package.sort_name == search.sort_key(name)
    return list(Package.select().where(same).order_by(Package.id).limit(NAMESAKES))


def package_page(typed: str, state: str, cursor: str) -> Page[PackageRow]:
    """One page of the list in the order of names."""
    condition, params = _condition(typed, state)
    return paging.page(BY_NAME, condition, params, cursor, PackageRow._make)


def package_total(typed: str, state: str) -> Total:
    """How many the list holds on all its pages."""
    condition, params = _condition(typed, state)
    return paging.total("package", condition, params)


def offered_packages(typed: str) -> list[OfferedPackage]:
    """The first active packages, the nearest first, that a type-ahead offers for what was typed."""
    condition, params = _condition(typed, "active")
    found = paging.page(_OFFERED, condition, params, "", lambda row: OfferedPackage._make(row[1:]), size=OFFERED).rows
    return search.nearest_first(typed, found)


def active_memberships(package: Package) -> int:
    """How many active memberships of the package there are: they keep the terms they were added with."""
    text = "SELECT COUNT(*) FROM membership WHERE package_id = ? AND state = 'active'"
    return int(rows(text, (package.id,))[0][0])


def _condition(typed: str, state: str) -> tuple[str, list[str]]:
    found, params = search.condition(KIND, typed, "package.id")
    return f"{STATES.get(state, STATES['active'])} AND {found}", params
