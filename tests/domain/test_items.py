"""Items: what is invoiced."""

import pytest

from tests import factories as make
from tests.naughty import strings
from tests.trail import latest
from webapp.domain import items
from webapp.domain.errors import Changed, DomainError
from webapp.domain.items import ItemFacts
from webapp.models import Item, MembershipItem, User

pytestmark = pytest.mark.usefixtures("business")

C172 = ItemFacts("C172", "hour", 1_500_000, 80_000, "Aircraft")


@pytest.fixture
def c172(desk: User) -> Item:
    return items.create_item(C172, by=desk)


def test_new(c172: Item) -> None:
    kept = Item.get_by_id(c172.id)
    assert (kept.name, kept.unit, kept.standard_rate_e4, kept.tax_percent_e4, kept.category, kept.active) == C172
    assert latest() == ("item added", C172._asdict())


def test_an_empty_unit_or_category_is_the_usual_one_and_an_empty_rate_stays_empty(desk: User) -> None:
    kept = items.create_item(ItemFacts("Strip card", unit=" ", category=""), by=desk)
    assert (kept.unit, kept.category, kept.standard_rate_e4) == ("each", "Sales", None)


def test_a_rate_of_nothing_is_not_no_rate(desk: User) -> None:
    assert items.create_item(ItemFacts("Free hour", standard_rate_e4=0), by=desk).standard_rate_e4 == 0


def test_a_name_can_be_seen(desk: User) -> None:
    with pytest.raises(DomainError, match="Type a name"):
        items.create_item(ItemFacts(" \u200b"), by=desk)


def test_one_item_per_name(desk: User, c172: Item) -> None:
    with pytest.raises(DomainError, match="this name already") as refusal:
        items.create_item(ItemFacts("C172 "), by=desk)
    assert refusal.value.field == "name"
    other = items.create_item(ItemFacts("C152"), by=desk)
    with pytest.raises(DomainError, match="this name already"):
        items.edit_item(other, ItemFacts("C172"), version=0, by=desk)
    assert [row.name for row in items.item_page("", "all", "").rows] == ["C152", "C172"]


def test_edit(desk: User, c172: Item) -> None:
    items.edit_item(c172, C172._replace(name="C172S", standard_rate_e4=1_650_000, active=False), version=0, by=desk)
    kept = Item.get_by_id(c172.id)
    assert (kept.name, kept.sort_name, kept.standard_rate_e4, kept.active, kept.version) == (
        "C172S",
        "c172s",
        1_650_000,
        False,
        1,
    )
    assert latest()[1]["changes"] == {
        "name": ["C172", "C172S"],
        "standard_rate_e4": [1_500_000, 1_650_000],
        "active": [True, False],
    }
    assert items.offered_items("") == []


def test_the_second_of_two_edits_is_told(desk: User, c172: Item) -> None:
    items.edit_item(c172, C172._replace(standard_rate_e4=1_650_000), version=0, by=desk)
    with pytest.raises(Changed, match="standard rate is now “165”"):
        items.edit_item(c172, C172._replace(tax_percent_e4=0), version=0, by=desk)
    assert Item.get_by_id(c172.id).standard_rate_e4 == 1_650_000


def test_a_new_standard_rate_leaves_memberships_alone(desk: User) -> None:
    package = make.piano()
    membership = make.add(make.somebody(), package, by=desk)
    lesson = Item.get()
    items.edit_item(lesson, ItemFacts("Lesson", "lesson", 600_000, 80_000), version=0, by=desk)
    kept = MembershipItem.get(MembershipItem.membership == membership)
    assert (kept.amount_minor, kept.tax_minor) == (45_000, 0)


def test_found_by_name_and_category(desk: User, c172: Item) -> None:
    items.create_item(ItemFacts("Instruction", "hour", None), by=desk)
    assert [(it.name, it.unit, it.standard_rate_e4) for it in items.offered_items("air")] == [
        ("C172", "hour", 1_500_000)
    ]
    assert [it.name for it in items.offered_items("")] == ["C172", "Instruction"]
    assert str(items.item_total("instr", "active")) == "1"


def test_categories_in_use(desk: User, c172: Item) -> None:
    items.create_item(ItemFacts("Instruction"), by=desk)
    items.create_item(ItemFacts("C152", category="Aircraft"), by=desk)
    assert items.known_categories() == ["Aircraft", "Sales"]


def test_packages_that_contain_it(desk: User) -> None:
    lesson = make.item("Lesson", "50")
    assert items.packages_with(lesson) == 0
    make.package("Ten", (lesson, "10", "@45"))
    make.package("Old", (lesson, "5", "@45"), active=False)
    assert items.packages_with(lesson) == 1


def test_hostile_names_are_names(desk: User) -> None:
    for text in dict.fromkeys(" ".join(t.replace("\0", "").replace("\ud800", "").split()) for t in strings()):
        try:
            made = items.create_item(ItemFacts(text), by=desk)
        except DomainError:
            assert not any(c.isalnum() for c in text)
        else:
            assert Item.get_by_id(made.id).name == text
