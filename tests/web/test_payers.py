"""Who pays one invoice: the customer, or the owner of a group that the customer is in."""

import re
from collections.abc import Iterator

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import DAY, customer, filled, on_the_day, url, words
from webapp.domain import checks, funds, merging, payments
from webapp.domain.tendering import Tender
from webapp.models import Customer, Group, Invoice, Item, Payment, User

TENDERS = "div#pay-tenders"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield
    assert checks.faults() == []


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["frontdesk"]


@pytest.fixture
def book(by: User) -> Item:
    return make.item("Book", "50")


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


@pytest.fixture
def child(emma: Customer) -> Customer:
    """A member of a group that Emma owns."""
    made = customer("Child", role="Cash Only")
    Group.update(owner=emma).where(Group.id == make.group("Family", made).id).execute()
    return made


def named(**amounts: str) -> dict[str, str]:
    return {f"method-{make.method(kind).id}": amount for kind, amount in amounts.items()}


def dues(invoice: Invoice) -> int:
    return Invoice.get_by_id(invoice.id).due_minor


def pay_url(invoice: Invoice, last: str = "new") -> str:
    return url(invoice, "payments", last)


def test_the_choice_is_there_only_where_there_is_one(
    frontdesk: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    own, theirs = make.save(emma, (book, "1"), by=by), make.save(child, (book, "1"), by=by)
    assert "Paid by" not in words(frontdesk.get(pay_url(own)))
    page = frontdesk.get(pay_url(theirs)).text
    assert re.findall(r"<option[^>]*>(.*?)</option>", page.split('name="paid_by"')[1].split("</select>")[0]) == [
        "Child",
        "Emma Jones · group owner",
    ]


def test_it_begins_with_who_paid_last(frontdesk: Client, emma: Customer, child: Customer, book: Item, by: User) -> None:
    """At first with the owner of the group, who is there to pay."""
    first, second, third = (make.save(child, (book, "1"), by=by) for _ in range(3))
    assert paid_by(frontdesk, first) == str(emma.id)
    payments.pay(first.id, [Tender(make.method("cash"), 5000)], by=by, on=DAY)
    assert paid_by(frontdesk, second) == str(child.id)
    payments.pay(second.id, [Tender(make.method("cash"), 5000)], by=by, on=DAY, payer=emma)
    assert paid_by(frontdesk, third) == str(emma.id)
    Group.update(active=False).execute()
    assert "Paid by" not in words(frontdesk.get(pay_url(third))), "who paid last may not pay any more"


def test_the_owners_page_shows_what_members_owe_and_all_of_it_is_ticked_there(
    frontdesk: Client, bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    theirs = make.save(child, (book, "1"), by=by)
    page = words(bookkeeper.get(f"/customers/{emma.id}"))
    assert f"Of members of their groups Number Due date Due Actions Child {theirs.code}" in page
    assert "Nothing is open." not in page
    assert "$50.00" in words(frontdesk.get(f"/customers/{emma.id}/payments/new")), "nothing of her own comes first"
    payments.pay(make.save(child, (book, "1"), by=by).id, [Tender(make.method("cash"), 5000)], by=by, on=DAY)
    assert paid_by(frontdesk, theirs) == str(child.id)
    assert paid_by(frontdesk, theirs, f"?payer={emma.id}") == str(emma.id)
    for nobody in ("x", "999999", "-1"):
        assert frontdesk.get(f"{pay_url(theirs)}?payer={nobody}").status_code == 200
    payments.pay(theirs.id, [Tender(make.method("cash"), 5000)], by=by, on=DAY, payer=emma)
    assert "Nothing is open." in words(bookkeeper.get(f"/customers/{emma.id}"))
    assert theirs.code in bookkeeper.get(f"/billing/invoices?customer={emma.id}").text, "she paid it"


def paid_by(frontdesk: Client, invoice: Invoice, asked: str = "") -> str:
    page = frontdesk.get(pay_url(invoice) + asked).text
    found = re.search(r'<option selected value="(\d+)"', page.split('name="paid_by"')[1].split("</select>")[0])
    return found[1] if found else ""


def test_the_owner_pays_by_account_for_who_may_not(
    frontdesk: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    funds.deposit(emma, make.method("cash"), 6000, by=by, on=DAY)
    invoice = make.save(child, (book, "1"), by=by)
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(account="50")
    refused = frontdesk.post(pay_url(invoice), data=form | {"paid_by": str(child.id)})
    assert refused.status_code == 422
    assert "has no Make Purchases on Account" in words(refused)
    form |= {"paid_by": str(emma.id)}
    shown = frontdesk.post(pay_url(invoice, "preview"), data=form, htmx=TENDERS)
    assert "General funds 60.00 −50.00 10.00" in words(shown)
    sign = re.search(r'name="shown" value="([\w.]*)"', shown.text)
    assert sign
    assert frontdesk.post(pay_url(invoice), data=form | {"shown": sign[1]}).status_code == 303
    assert "Account by Emma Jones 50.00" in words(frontdesk.get(url(invoice)))
    assert (dues(invoice), make.general(emma), make.general(child)) == (0, 1000, 0)
    assert Payment.select().order_by(Payment.id.desc()).get().customer_id == emma.id
    merging.merge(emma, child, by=by, on=DAY)
    assert "by Emma Jones" not in words(frontdesk.get(url(invoice)))


@pytest.mark.parametrize("who", ["stranger", "nobody", "owner of an inactive group"])
def test_nobody_else_pays(frontdesk: Client, emma: Customer, child: Customer, book: Item, by: User, who: str) -> None:
    stranger = customer("Stranger")
    if who == "owner of an inactive group":
        Group.update(active=False).execute()
    number = {"stranger": stranger.id, "nobody": 999999}.get(who, emma.id)
    invoice = make.save(child, (book, "1"), by=by)
    form = filled(frontdesk.get(pay_url(invoice)), pay_url(invoice)) | named(cash="60")
    response = frontdesk.post(pay_url(invoice), data=form | {"paid_by": str(number), "keep_rest": "y"})
    assert (response.status_code, dues(invoice)) == (422, 5000)
    assert "Who was to pay cannot pay this any more." in words(response)
    if who == "owner of an inactive group":
        assert "paid_by" not in filled(response, pay_url(invoice))
