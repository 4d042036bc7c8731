"""Add to Package: the preview says what happens, and what happens is what it said."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from tests import factories as make
from webapp.domain import adding, memberships
from webapp.domain.adding import Chosen, Preview, Unseen, add, preview
from webapp.domain.errors import Changed, DomainError
from webapp.domain.payment_methods import switch_method
from webapp.models import Audit, Customer, Group, GroupMember, Item, Membership, Package, PackageItem, User

pytestmark = pytest.mark.usefixtures("proven")

Queries = Callable[[], AbstractContextManager[list[str]]]


def chosen(*records: Customer | Group) -> Chosen:
    return Chosen.of(f"{'customer' if isinstance(it, Customer) else 'group'}:{it.id}" for it in records)


def look(package: Package, *records: Customer | Group, start_on: date = make.DAY) -> Preview:
    return preview(package, chosen(*records), start_on)


def said(seen: Preview) -> list[tuple[str, str]]:
    """Who is skipped, and why."""
    return [(entry.customer.name, entry.reason) for entry in seen.skipped]


def save(seen: Preview, desk: User, **changes: Any) -> list[Membership]:
    """Save what was shown."""
    usual: dict[str, Any] = {"start_on": seen.start_on, "shown": seen.mark, "by": desk}
    return add(seen.package, seen.chosen, **(usual | changes))


def test_choices_are_read_and_nonsense_is_left_out() -> None:
    values = ["customer:12", "group:3", "customer:12", "customer:", "customer:0", "customer:-1", "x:1", "customer:1;2"]
    assert Chosen.of([*values, "customer:" + "9" * 30, "customer:١٢"]) == Chosen(frozenset({12}), frozenset({3}))


def test_one_customer(desk: User) -> None:
    emma, ppl = make.somebody(), make.ppl(tax="8")
    seen = look(ppl, emma)
    assert [(entry.customer, entry.group) for entry in seen.added] == [(emma, None)]
    assert seen.skipped == []
    assert (seen.sheet.price_minor, seen.sheet.saving_minor, seen.end_on) == (628_400, 140_000, None)
    [made] = save(seen, desk, note="Winter course")
    assert (made.customer, made.package, made.start_on, made.price_minor) == (emma, ppl, make.DAY, 628_400)
    assert (make.fresh(made).note, made.group, made.created_by) == ("Winter course", None, desk)
    entry = Audit.get(Audit.subject == "membership")
    assert (entry.act, entry.user, entry.customer) == ("Added to package", desk, emma)


def test_the_last_day_is_shown(desk: User) -> None:
    seen = look(make.piano(validity="months", validity_count=1), make.somebody(), start_on=date(2026, 1, 31))
    assert seen.end_on == date(2026, 2, 28)
    assert save(seen, desk)[0].end_on == seen.end_on


def test_reasons_to_be_skipped(desk: User) -> None:
    piano = make.piano()
    ann, ben, cleo = make.somebody("Ann"), make.somebody("Ben", active=False), make.somebody("Cleo", role="Cash Only")
    dan = make.somebody("Dan")
    make.add(dan, piano, by=desk)
    choir, band = make.group("Choir", ann, dan), make.group("Band", ann, ben)
    seen = look(piano, ben, cleo, ann, choir, band)
    assert [(entry.customer.name, entry.group) for entry in seen.added] == [("Ann", None)]
    assert said(seen) == [
        ("Ben", "This customer is inactive."),
        ("Cleo", "Role Cash Only: no Make Purchases on Account."),
        ("Ann", "Listed twice: also by name."),
        ("Ben", "Listed twice: also by name."),
        ("Ann", "Listed twice: also by name."),
        ("Dan", "Already active in PIANO."),
    ]
    remedies = {entry.remedy for entry in seen.skipped if entry.code in "ip"}
    assert remedies == {"Manage Customers is needed to change that."}
    assert [made.customer for made in save(seen, desk)] == [ann]


def test_somebody_in_two_groups_is_added_through_the_first(desk: User) -> None:
    ann = make.somebody("Ann")
    band, choir = make.group("Band", ann), make.group("Choir", ann)
    seen = look(make.piano(), choir, band)
    assert said(seen) == [("Ann", "Listed twice: also in Band.")]
    assert [made.group for made in save(seen, desk)] == [band]


def test_who_was_in_the_package_before_may_come_back(desk: User) -> None:
    emma, trio = make.somebody(), make.trio()
    lesson = Item.get(Item.name == "Trio lesson")
    make.add(emma, trio, by=desk)
    make.pay(make.save(emma, (lesson, "3"), by=desk), by=desk)
    assert make.bought(emma).reason == "completed"
    assert save(look(trio, emma), desk)[0].is_active


def test_each_keeps_the_terms_of_the_day_of_adding(desk: User) -> None:
    piano = make.piano()
    lesson = Item.get(Item.name == "Lesson")
    [first] = save(look(piano, make.somebody()), desk)
    make.reprice(piano, lesson, "60")
    [second] = save(look(piano, make.somebody("Ben")), desk)
    assert (first.price_minor, second.price_minor) == (45_000, 60_000)


# Refusals: of the package, of a group, and of everybody


def refused(desk: User, package: Package, *records: Customer | Group, **changes: Any) -> tuple[str | None, str]:
    before = Membership.select().count()
    with pytest.raises(DomainError) as error:
        save(look(package, *records), desk, **changes)
    assert Membership.select().count() == before
    return error.value.field, error.value.message


def test_an_inactive_package(desk: User) -> None:
    piano = make.piano(active=False)
    assert refused(desk, piano, make.somebody()) == (
        "package",
        "PIANO is inactive. Somebody with Manage Catalogue can make it active.",
    )


def test_account_switched_off(desk: User) -> None:
    piano = make.piano()
    switch_method(make.method("account"), False, by=desk)
    assert refused(desk, piano, make.somebody()) == ("package", memberships.ACCOUNT_OFF)


def test_an_inactive_group_is_refused_as_a_group(desk: User) -> None:
    choir = make.group("Choir", make.somebody(), active=False)
    field, sentence = refused(desk, make.piano(), choir, make.somebody("Ben"))
    assert (field, sentence) == ("who", "Choir is inactive. Manage Customers is needed to change that.")


def test_a_package_that_is_over(desk: User) -> None:
    piano = make.piano(validity="date", last_day=date(2026, 5, 1))
    assert refused(desk, piano, make.somebody())[0] == "start_on"


def test_nobody_who_can_be_added(desk: User) -> None:
    field, sentence = refused(desk, make.piano(), make.somebody(active=False))
    assert (field, sentence) == ("who", "Nobody of those chosen can be added; it says why below.")


def test_nobody_at_all(desk: User) -> None:
    assert refused(desk, make.piano())[0] == "who"
    assert refused(desk, make.trio(), make.group("Choir")) == (
        "who",
        "Nobody is in this group yet.",
    )


# What was shown is what happens


def test_without_a_preview_everybody_or_a_look_first(desk: User) -> None:
    piano, ann, ben = make.piano(), make.somebody("Ann"), make.somebody("Ben", active=False)
    everybody = look(piano, ann)
    some = look(piano, ann, ben)
    with pytest.raises(Unseen, match="Look at who is skipped"):
        save(some, desk, shown="")
    with pytest.raises(Unseen):
        save(some, desk, shown=everybody.mark)
    with pytest.raises(Unseen):
        save(some, desk, shown="nonsense:of:five:parts:1+")
    assert Membership.select().count() == 0
    assert len(save(everybody, desk, shown="")) == 1


def changed(desk: User, seen: Preview) -> str:
    """What Save answers when something is not as it was shown."""
    before = Membership.select().count()
    with pytest.raises(Changed) as error:
        save(seen, desk)
    assert Membership.select().count() == before
    again = preview(Package.get_by_id(seen.package.id), seen.chosen, seen.start_on)
    assert again.mark != seen.mark
    if again.added:
        assert len(save(again, desk)) == len(again.added)
    return error.value.message


def test_somebody_became_inactive(desk: User) -> None:
    ann, ben = make.somebody("Ann"), make.somebody("Ben")
    seen = look(make.piano(), ann, ben)
    Customer.update(active=False).where(Customer.id == ben.id).execute()
    assert "Ben will be skipped: This customer is inactive." in changed(desk, seen)


def test_somebody_was_added_meanwhile(desk: User) -> None:
    ann, ben, piano = make.somebody("Ann"), make.somebody("Ben"), make.piano()
    seen = look(piano, ann, ben)
    make.add(ann, piano, by=desk)
    assert "Ann will be skipped: Already active in PIANO." in changed(desk, seen)


def test_somebody_can_be_added_now(desk: User) -> None:
    ann, ben = make.somebody("Ann"), make.somebody("Ben", active=False)
    seen = look(make.piano(), ann, ben)
    Customer.update(active=True).where(Customer.id == ben.id).execute()
    assert "Ben will be added." in changed(desk, seen)


def test_the_group_changed(desk: User) -> None:
    ann, ben, cleo = (make.somebody(name) for name in ("Ann", "Ben", "Cleo"))
    choir, band = make.group("Choir", ann, ben), make.group("Band")
    seen = look(make.piano(), choir, band)
    GroupMember.delete().where(GroupMember.customer == ann).execute()
    GroupMember.create(group=choir, customer=cleo)
    GroupMember.create(group=band, customer=ben)
    sentence = changed(desk, seen)
    assert "Ann is not in the group any more." in sentence
    assert "Cleo will be added." in sentence
    assert "Ben will be added through Band." in sentence


def test_the_price_changed(desk: User) -> None:
    piano = make.piano()
    seen = look(piano, make.somebody())
    make.reprice(piano, Item.get(Item.name == "Lesson"), "60")
    assert "The price of PIANO is now 600.00." in changed(desk, seen)


def test_what_is_included_changed_at_the_same_price(desk: User) -> None:
    trio = make.trio()
    seen = look(trio, make.somebody())
    PackageItem.update(included_milli=4_000).where(PackageItem.package == trio).execute()
    assert "What is included in TRIO was changed." in changed(desk, seen)


@pytest.mark.parametrize(
    "validity, sentence",
    [
        ({"validity": "days", "validity_count": 5}, "The last day is now 6 Jun 2026."),
        ({"validity": "none", "validity_count": None}, "PIANO has no last day any more."),
    ],
)
def test_the_validity_changed(desk: User, validity: dict[str, Any], sentence: str) -> None:
    piano = make.piano(validity="days", validity_count=10)
    seen = look(piano, make.somebody())
    Package.update(**validity).where(Package.id == piano.id).execute()
    assert sentence in changed(desk, seen)


def test_many_changes_are_not_all_named(desk: User) -> None:
    people = [make.somebody(f"Person {n}") for n in range(8)]
    seen = look(make.piano(), *people, make.somebody("Zoe"))
    Customer.update(active=False).where(Customer.id.in_([it.id for it in people])).execute()
    sentence = changed(desk, seen)
    assert sentence.count("will be skipped") == 5
    assert "And 3 more." in sentence


def test_a_mark_that_was_tampered_with_changes_nothing(desk: User) -> None:
    seen = look(make.piano(), make.somebody())
    with pytest.raises(Changed, match="Look at it again"):
        save(seen, desk, shown=seen.mark + ",")


def test_all_or_none(desk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people add the same customer at the same moment; the database lets one of them."""
    ann, ben, piano = make.somebody("Ann"), make.somebody("Ben"), make.piano()
    make.add(ben, piano, by=desk)
    monkeypatch.setattr(adding, "_active_in", lambda package, ids: set())
    seen = look(piano, ann, ben)
    assert len(seen.added) == 2
    with pytest.raises(Changed, match="at this very moment"):
        save(seen, desk)
    monkeypatch.undo()
    assert Membership.select().where(Membership.customer == ann).count() == 0
    assert said(look(piano, ann, ben)) == [("Ben", "Already active in PIANO.")]


def test_as_many_queries_for_many_as_for_few(desk: User, queries: Queries) -> None:
    piano = make.piano()
    small = make.group("Small", make.somebody())
    large = make.group("Large", *(make.somebody(f"Person {n}") for n in range(60)))
    with queries() as few:
        look(piano, small, make.somebody("Ben"))
    with queries() as many:
        seen = look(piano, large, make.somebody("Cleo"))
    assert len(seen.added) == 61
    assert len(many) == len(few) <= 8
