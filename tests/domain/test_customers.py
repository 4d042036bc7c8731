"""Customers: kept, changed, listed and found."""

from typing import Any

import pytest

from tests import factories as make
from tests.naughty import strings
from tests.trail import acts, latest
from webapp.domain import customers
from webapp.domain.errors import Changed, DomainError
from webapp.models import Audit, Customer, Invoice, Membership, Role, User

pytestmark = pytest.mark.usefixtures("business")


def role(name: str = "Customer") -> Role:
    return Role.get(Role.name == name)


def facts(**changes: Any) -> dict[str, Any]:
    usual = {"name": "Emma Jones", "email": "emma@example.com", "phone": "+1 555-0100", "address": "12 Hangar Lane"}
    terms = {"role": role(), "credit_limit_minor": None, "tax_exempt": False, "active": True}
    return {**usual, "note": "", **terms, **changes}


@pytest.fixture
def emma(desk: User) -> Customer:
    return customers.create_customer(**facts(), by=desk)


def offered(typed: str) -> list[str]:
    return [it.name for it in customers.offered_customers(typed)]


def test_new(emma: Customer) -> None:
    kept = Customer.get_by_id(emma.id)
    assert (kept.name, kept.sort_name, kept.email, kept.role.name) == (
        "Emma Jones",
        "emma jones",
        "emma@example.com",
        "Customer",
    )
    terms = {"active": True, "role": role().id, "credit_limit_minor": None, "tax_exempt": False}
    assert latest() == ("customer added", terms)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\u202e\u2066", "\u3000"])
def test_a_name_can_be_seen(desk: User, name: str) -> None:
    with pytest.raises(DomainError, match="Type a name") as refusal:
        customers.create_customer(**facts(name=name), by=desk)
    assert refusal.value.field == "name"
    assert Customer.select().count() == 0


def test_the_role_is_one_for_customers(desk: User, emma: Customer) -> None:
    with pytest.raises(DomainError, match="role for customers") as refusal:
        customers.create_customer(**facts(role=role("Owner")), by=desk)
    assert refusal.value.field == "role"
    with pytest.raises(DomainError):
        customers.edit_customer(emma, **facts(role=role("Front Desk")), version=0, by=desk)


def test_edit(desk: User, emma: Customer) -> None:
    customers.edit_customer(emma, **facts(name="Emma Smith", role=role("Cash Only"), active=False), version=0, by=desk)
    kept = Customer.get_by_id(emma.id)
    assert (kept.name, kept.sort_name, kept.role.name, kept.active, kept.version) == (
        "Emma Smith",
        "emma smith",
        "Cash Only",
        False,
        1,
    )


def test_the_log_tells_what_changed_but_nothing_personal(desk: User, emma: Customer) -> None:
    later = facts(name="Secret Name", phone="secret phone", role=role("Cash Only"), active=False)
    customers.edit_customer(emma, **later, version=0, by=desk)
    assert latest()[1]["changes"] == {
        "name": "changed",
        "phone": "changed",
        "role": [role().id, role("Cash Only").id],
        "active": [True, False],
    }
    logged = " ".join(row.detail + row.reason for row in Audit.select())
    assert "Emma" not in logged
    assert "ecret" not in logged
    assert "Hangar" not in logged


def test_the_terms_of_an_account_are_logged_as_they_are(desk: User, emma: Customer) -> None:
    customers.edit_customer(emma, **facts(credit_limit_minor=10000, tax_exempt=True), version=0, by=desk)
    kept = Customer.get_by_id(emma.id)
    assert (kept.credit_limit_minor, kept.tax_exempt) == (10000, True)
    assert latest()[1]["changes"] == {"credit_limit_minor": [None, 10000], "tax_exempt": [False, True]}
    with pytest.raises(Changed, match=r"credit limit is now “100\.00”, tax exempt is now “yes”"):
        customers.edit_customer(emma, **facts(), version=0, by=desk)


def test_the_second_of_two_edits_is_told_what_changed(desk: User, emma: Customer) -> None:
    customers.edit_customer(emma, **facts(phone="555-0199"), version=0, by=desk)
    with pytest.raises(Changed, match="phone is now “555-0199”"):
        customers.edit_customer(emma, **facts(note="Likes mornings"), version=0, by=desk)
    kept = Customer.get_by_id(emma.id)
    assert (kept.phone, kept.note, kept.version) == ("555-0199", "", 1)
    customers.edit_customer(emma, **facts(note="Likes mornings"), version=1, by=desk)
    assert Customer.get_by_id(emma.id).phone == "+1 555-0100"


def test_two_who_want_the_same_are_both_content(desk: User, emma: Customer) -> None:
    for _ in range(2):
        customers.edit_customer(emma, **facts(phone="555-0199"), version=0, by=desk)
    assert Customer.get_by_id(emma.id).phone == "555-0199"


def test_a_new_name_moves_the_rows_but_an_issued_invoice_keeps_its_own(desk: User, emma: Customer) -> None:
    package = make.piano()
    make.add(emma, package, by=desk)
    thing = make.item("Landing fee", "12.00")
    issued = make.save(emma, (thing, "1"), by=desk)
    draft = make.draft(emma, (thing, "1"), by=desk)
    customers.edit_customer(emma, **facts(name="Zoë Smith"), version=0, by=desk)
    assert Membership.get().customer_sort == "zoe smith"
    assert {row.customer_sort for row in Invoice.select()} == {"zoe smith"}
    assert Invoice.get_by_id(issued.id).customer_name == "Emma Jones"
    assert Invoice.get_by_id(draft.id).customer_name == "Zoë Smith"


def test_inactive_at_any_time_and_memberships_stay(desk: User, emma: Customer) -> None:
    membership = make.add(emma, make.piano(), by=desk)
    customers.edit_customer(emma, **facts(active=False), version=0, by=desk)
    assert make.fresh(membership).is_active
    assert offered("emma") == []
    customers.edit_customer(emma, **facts(), version=1, by=desk)
    assert offered("emma") == ["Emma Jones"]


@pytest.mark.parametrize("typed", ["emm", "jon em", "emma@ex", "example", "555 01", "15550100", "555-0100"])
@pytest.mark.usefixtures("emma")
def test_found_by_name_email_and_phone(typed: str) -> None:
    assert offered(typed) == ["Emma Jones"]


def test_found_by_the_new_name_only(desk: User, emma: Customer) -> None:
    customers.edit_customer(emma, **facts(name="Zoë Smith", email="", phone=""), version=0, by=desk)
    assert offered("emma") == []
    assert offered("example") == []
    assert offered("zoe") == ["Zoë Smith"]


def test_a_type_ahead_offers_twenty_in_the_order_of_names(desk: User) -> None:
    for number in range(25, 0, -1):
        customers.create_customer(**facts(name=f"Person {number:02}", email=f"p{number}@example.com"), by=desk)
    assert offered("") == offered("per") == [f"Person {number:02}" for number in range(1, 21)]
    hints = [it.hint for it in customers.offered_customers("person 03")]
    assert hints == ["p3@example.com"]


def test_the_list_by_status(desk: User, emma: Customer) -> None:
    customers.create_customer(**facts(name="Ann", active=False), by=desk)
    listed = {
        state: [row.name for row in customers.customer_page("", state, "").rows]
        for state in ("active", "inactive", "all", "nonsense")
    }
    assert listed == {
        "active": ["Emma Jones"],
        "inactive": ["Ann"],
        "all": ["Ann", "Emma Jones"],
        "nonsense": ["Emma Jones"],
    }
    assert str(customers.customer_total("", "all")) == "2"
    assert str(customers.customer_total("ann", "active")) == "0"


def test_the_export_has_every_row(desk: User) -> None:
    for number in range(60):
        customers.create_customer(**facts(name=f"Person {number:02}"), by=desk)
    found = customers.exported_customers("person", "active")
    assert len(found) == 60
    assert found[0][:3] == ("Person 00", "emma@example.com", "+1 555-0100")


def test_groups_of_a_customer(desk: User, emma: Customer) -> None:
    ann = make.somebody("Ann")
    make.group("Both", emma, ann)
    owned = make.group("Owned", ann, active=False)
    owned.owner = emma
    owned.save()
    make.group("Neither", ann)
    assert [(it.name, bool(it.active), bool(it.owns), bool(it.is_member)) for it in customers.groups_of(emma)] == [
        ("Both", True, False, True),
        ("Owned", False, True, False),
    ]


def test_by_id_leaves_out_who_is_not_there(emma: Customer) -> None:
    ann = make.somebody("Ann")
    assert customers.customers_by_id([emma.id, ann.id, emma.id, 10**9]) == [ann, emma]
    assert customers.customers_by_id([]) == []


def test_hostile_names_are_names(desk: User) -> None:
    for text in strings():
        name = "".join(c for c in text if c not in "\0\ud800")
        try:
            made = customers.create_customer(**facts(name=name, email="", phone="", note=name), by=desk)
        except DomainError:
            assert not any(c.isalnum() for c in name)
            continue
        assert Customer.get_by_id(made.id).name == " ".join(name.split())
    assert set(acts()) >= {"customer added"}
    listed, cursor = 0, ""
    while True:
        page = customers.customer_page("", "all", cursor)
        listed += len(page.rows)
        cursor = page.next
        if not cursor:
            break
    assert listed == Customer.select().count() > 300
