"""Items: what is invoiced, at which standard rate and tax."""

from typing import Any, NamedTuple

from webapp import money
from webapp.db import rows, transactional
from webapp.domain import audit, paging, search
from webapp.domain.edits import write
from webapp.domain.names import given
from webapp.domain.paging import Key, Listing, Page, Total
from webapp.domain.rows import unchanged, unique
from webapp.models import Item, User

KIND = "item"
STATES = {"active": "item.active", "inactive": "NOT item.active", "all": "1 = 1"}
OFFERED = 20
NAMESAKES = 3
TAKEN = "There is an item of this name already."


class ItemRow(NamedTuple):
    """An item as the list shows one."""

    sort_name: str
    id: int
    name: str
    unit: str
    standard_rate_e4: int | None
    tax_percent_e4: int
    category: str
    active: bool


class OfferedItem(NamedTuple):
    """An item as a type-ahead offers one."""

    id: int
    name: str
    unit: str
    standard_rate_e4: int | None


_KEYS = (Key("item.sort_name", str), Key("item.id", int))
BY_NAME = Listing(
    "item.name, item.unit, item.standard_rate_e4, item.tax_percent_e4, item.category, item.active", "item", _KEYS
)
_OFFERED = Listing("item.name, item.unit, item.standard_rate_e4", "item", _KEYS)


class ItemFacts(NamedTuple):
    """What is kept of an item; without a standard rate it is sold in packages only."""

    name: str
    unit: str = "each"
    standard_rate_e4: int | None = None
    tax_percent_e4: int = 0
    category: str = "Sales"
    active: bool = True

    def checked(self) -> dict[str, Any]:
        """As columns; an empty unit or category is the usual one."""
        unit, category = self.unit.strip() or "each", self.category.strip() or "Sales"
        name = given(self.name)
        return self._replace(name=name, unit=unit, category=category)._asdict()


_LABELS = {
    "name": "name",
    "unit": "unit",
    "standard_rate_e4": "standard rate",
    "tax_percent_e4": "tax",
    "category": "income category",
    "active": "status",
}


@transactional
def create_item(facts: ItemFacts, *, by: User | None) -> Item:
    """Keep a new item."""
    columns = facts.checked()
    with unique(TAKEN, "name"):
        item = Item.create(**columns, sort_name=search.sort_key(columns["name"]))
    _index(item.id, columns)
    audit.record("item added", KIND, item.id, by=by, **columns)
    return item


@transactional
def edit_item(item: Item, facts: ItemFacts, *, version: int, by: User) -> None:
    """Change an item; `version` is the one that the form showed. What was sold before stays as it was sold."""
    item = Item.get_by_id(item.id)
    after = facts.checked()
    before = {name: getattr(item, name) for name in after}
    unchanged(item, version, {_LABELS[name]: (_said(name, before[name]), _said(name, after[name])) for name in after})
    with unique(TAKEN, "name"):
        write(item, **after, sort_name=search.sort_key(after["name"]))
    _index(item.id, after)
    audit.record("item edited", KIND, item.id, by=by, changes=audit.changes(before, after))


def _said(name: str, value: Any) -> str:
    """A value as a sentence about it has it."""
    if name == "active":
        return "active" if value else "inactive"
    if name in ("standard_rate_e4", "tax_percent_e4"):
        return "none" if value is None else money.plain(value, 4)
    return str(value)


def _index(item_id: int, columns: dict[str, Any]) -> None:
    search.index(KIND, item_id, columns["name"], columns["category"])


def namesakes(name: str) -> list[Item]:
    """The first few items of that very name, big and small letters and accents aside, active or not."""
    return list(Item.select().where(Item.sort_name == search.sort_key(name)).order_by(Item.id).limit(NAMESAKES))


def item_page(typed: str, state: str, cursor: str) -> Page[ItemRow]:
    """One page of the list in the order of names."""
    condition, params = _condition(typed, state)
    return paging.page(BY_NAME, condition, params, cursor, ItemRow._make)


def item_total(typed: str, state: str) -> Total:
    """How many the list holds on all its pages."""
    condition, params = _condition(typed, state)
    return paging.total("item", condition, params)


def offered_items(typed: str) -> list[OfferedItem]:
    """The first active items, the nearest first, that a type-ahead offers for what was typed."""
    condition, params = _condition(typed, "active")
    found = paging.page(_OFFERED, condition, params, "", lambda row: OfferedItem._make(row[1:]), size=OFFERED).rows
    return search.nearest_first(typed, found)


def known_categories() -> list[str]:
    """The income categories in use, to choose from again."""
    return [name for (name,) in rows("SELECT DISTINCT category FROM item ORDER BY category LIMIT 100")]


def packages_with(item: Item) -> int:
    """How many active packages contain the item."""
    text = (
        "SELECT COUNT(*) FROM package_item JOIN package ON package.id = package_item.package_id"
        " WHERE package_item.item_id = ? AND package.active"
    )
    return int(rows(text, (item.id,))[0][0])


def _condition(typed: str, state: str) -> tuple[str, list[str]]:
    found, params = search.condition(KIND, typed, "item.id")
    return f"{STATES.get(state, STATES['active'])} AND {found}", params
