"""Who pays one invoice: the customer, or the owner of a group that the customer is in."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import DAY, customer, filled, on_the_day, url, words
from webapp.domain import bounces, correcting, crediting, funds, merging, payments, voids
from webapp.domain.tendering import Tender
from webapp.models import Customer, Group, GroupMember, Invoice, Item, Payment, User

pytestmark = pytest.mark.usefixtures("day")


TENDERS = "div#pay-tenders"
Queries = Callable[[], AbstractContextManager[list[str]]]


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


# What the owner has on paper


def paid_by_emma(invoice: Invoice, emma: Customer, by: User, **amounts: int) -> list[Payment]:
    tenders = [Tender(make.method(kind), amount) for kind, amount in amounts.items()]
    return payments.pay(invoice.id, tenders, by=by, on=DAY, payer=emma)


def statement(client: Client, of: Customer, days: str = "?from=2026-06-01&to=2026-06-30") -> str:
    return words(client.get(f"/customers/{of.id}/statement{days}"))


def exported(client: Client, of: Customer) -> list[list[str]]:
    answer = client.get(f"/customers/{of.id}/statement/export?from=2026-06-01&to=2026-06-30")
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_the_owners_page_says_what_is_due_by_members(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    assert "Due by members" not in words(bookkeeper.get(f"/customers/{emma.id}"))
    for _ in range(2):
        make.save(child, (book, "1"), by=by)
    page = words(bookkeeper.get(f"/customers/{emma.id}"))
    assert "Due 0.00 Due by members of their groups 100.00" in page
    assert "Due by members 100.00" in page
    make.save(emma, (book, "1"), by=by)
    GroupMember.create(group=Group.get(), customer=emma)
    page = words(bookkeeper.get(f"/customers/{emma.id}"))
    assert "Due 50.00 Due by members of their groups 100.00" in page, "her own is not in it, though she is a member too"
    assert "Due on open invoices $50.00 Due by members of their groups $100.00" in statement(bookkeeper, emma)
    assert "by members" not in words(bookkeeper.get(f"/customers/{child.id}"))
    Group.update(active=False).execute()
    assert "Due by members" not in words(bookkeeper.get(f"/customers/{emma.id}"))


def test_all_of_it_is_said_where_more_is_due_than_is_listed(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.domain.paying.MOST_OWED", 1)
    for _ in range(3):
        make.save(child, (book, "1"), by=by)
    assert "Due by members of their groups 150.00" in words(bookkeeper.get(f"/customers/{emma.id}"))


def test_her_statement_lists_what_she_paid_for_others(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    """Beside her account, whose balance it leaves alone; what came from her account is in both."""
    funds.deposit(emma, make.method("card"), 6000, by=by, on=DAY)
    cash, account = (make.save(child, (book, "1"), by=by) for _ in range(2))
    own = make.pay(make.save(emma, (book, "1"), by=by), by=by)
    paid_by_emma(cash, emma, by, cash=5000)
    paid_by_emma(account, emma, by, account=2000)
    page = statement(bookkeeper, emma)
    table = page.partition("Paid for others")[2].partition("Funds on")[0]
    assert f"1 Jun 2026 Child {cash.code} Cash 50.00 Receipt 1 Jun 2026 Child {account.code} Account 20.00" in table
    assert "Paid for others $70.00" in table
    assert own.code not in table
    assert "Closing balance $40.00" in page
    table_of_rows = exported(bookkeeper, emma)
    assert sum(float(row[5] or 0) for row in table_of_rows[1:]) == 40, "the account adds up without them"
    assert [row[1:2] + row[5:7] + row[8:] for row in table_of_rows[-2:]] == [
        [f"Paid by Cash for Child, invoice {cash.code}", "", "", "50.00"],
        [f"Paid by Account for Child, invoice {account.code}", "", "", "20.00"],
    ]
    assert "Paid for others" not in statement(bookkeeper, child)
    assert "Paid for others" not in statement(bookkeeper, emma, "?from=2026-05-01&to=2026-05-31")


def test_what_is_taken_back_is_taken_off(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    """On the day it is taken back: a month that is over stays as it was."""
    july = DAY.replace(month=7)
    voided, bounced, credited = (make.save(child, (book, "2"), by=by) for _ in range(3))
    paid_by_emma(voided, emma, by, cash=10000)
    check = paid_by_emma(bounced, emma, by, check=10000)[0]
    paid_by_emma(credited, emma, by, card=10000)
    june = statement(bookkeeper, emma)
    with on_the_day(july):
        voids.void(voided.id, reason="twice", by=by, on=july)
        bounces.bounce(check.id, by=by, on=july)
        now = Invoice.get_by_id(credited.id)
        crediting.credit(now.id, 1, 1000, version=now.version, by=by, on=july, reason="torn")
        assert "Paid for others $300.00" in june
        assert "Paid for others $300.00" in statement(bookkeeper, emma)
        page = statement(bookkeeper, emma, "?from=2026-07-01&to=2026-07-31")
    for said in (
        f"{voided.code} Cash voided −100.00",
        f"{bounced.code} Check bounced −100.00",
        f"{credited.code} Credited, back to the account −50.00",
        "Paid for others −$250.00",
        "Closing balance $150.00",
    ):
        assert said in page, said
    with on_the_day(july):
        voids.void(credited.id, reason="twice", by=by, on=july)
        assert "Paid for others −$300.00" in statement(bookkeeper, emma, "?from=2026-07-01&to=2026-07-31")


def test_a_payment_that_is_put_right(bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User) -> None:
    """Her statement has the wrong one, what took it back, and the right one; there is one receipt, of the right one."""
    invoice = make.save(child, (book, "1"), by=by)
    wrong = paid_by_emma(invoice, emma, by, cash=5000)[0]
    right = correcting.correct(wrong.id, make.method("card"), 4000, by=by, on=DAY)
    assert right
    page = statement(bookkeeper, emma)
    for said in ("Cash 50.00", "Cash corrected −50.00", "Card 40.00", "Paid for others $40.00"):
        assert said in page, said
    for payment in (wrong, right):
        assert "Child Card 40.00 Paid by Emma Jones $40.00" in receipt(bookkeeper, payment)


def test_after_a_merge_it_is_hers_still_and_what_was_for_the_merged_is_her_own(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    other = customer("Other")
    GroupMember.create(group=Group.get(), customer=other)
    for member in (child, other):
        paid_by_emma(make.save(member, (book, "1"), by=by), emma, by, cash=5000)
    anna = customer("Anna")
    merging.merge(emma, anna, by=by, on=DAY)
    assert "Paid for others $100.00" in statement(bookkeeper, anna)
    merging.merge(child, anna, by=by, on=DAY)
    assert "Paid for others $50.00" in statement(bookkeeper, anna)


def receipt(client: Client, payment: Payment) -> str:
    return words(client.get(f"/billing/payments/{payment.id}/receipt"))


def test_a_receipt_names_who_paid(bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User) -> None:
    Customer.update(address="1 Main Street").where(Customer.id == emma.id).execute()
    invoices = [make.save(child, (book, "1"), by=by) for _ in range(2)]
    taken = payments.pay_all(
        [it.id for it in invoices],
        [Tender(make.method("cash"), 6000), Tender(make.method("card"), 4500)],
        by=by,
        on=DAY,
        received_on=DAY - timedelta(days=2),
        keep_rest=True,
        payer=emma,
    )
    page = receipt(bookkeeper, taken[0])
    assert page == receipt(bookkeeper, taken[-1]), "all that was paid in one go is on one receipt"
    assert "Received from Emma Jones on 30 May 2026" in page
    assert "Emma Jones 1 Main Street" in page
    one, other = (it.code for it in invoices)
    assert (
        f"Invoice Customer By Amount {one} Child Cash 50.00 {other} Child Cash 10.00 {other} Child Card 40.00"
        " Kept on account Emma Jones Card 5.00 Paid by Emma Jones $105.00 Paid for Child" in page
    )
    assert "held already" not in page
    paid_by_emma(third := make.save(child, (book, "1"), by=by), emma, by, cash=4600, account=400)
    page = receipt(bookkeeper, Payment.get(Payment.invoice == third))
    assert "Paid by Emma Jones $50.00" in page
    assert "Of it $4.00 from money that was held already" in page
    for screen in ("/billing/payments", f"/billing/invoices/{invoices[0].id}", f"/customers/{emma.id}/statement"):
        assert f'href="/billing/payments/{taken[0].id}/receipt"' in bookkeeper.get(screen).text


def test_a_receipt_of_ones_own(bookkeeper: Client, emma: Customer, book: Item, by: User) -> None:
    funds.deposit(emma, make.method("card"), 6000, by=by, on=DAY)
    page = receipt(bookkeeper, Payment.get())
    assert "Received from Emma Jones on 1 Jun 2026" in page
    assert "Kept on account Emma Jones Card 60.00" in page
    make.settle(make.save(emma, (book, "1"), by=by), by=by)
    page = receipt(bookkeeper, Payment.select().order_by(Payment.id.desc()).get())
    assert "Paid from the account of Emma Jones on 1 Jun 2026" in page
    assert "Paid for" not in page


def test_money_that_is_gone_is_on_no_receipt(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User
) -> None:
    bounced, kept, refunded = (make.save(child, (book, "1"), by=by) for _ in range(3))
    of_each = [
        paid_by_emma(bounced, emma, by, check=5000)[0],
        paid_by_emma(kept, emma, by, cash=5000)[0],
        paid_by_emma(refunded, emma, by, cash=5000)[0],
    ]
    bounces.bounce(of_each[0].id, by=by, on=DAY)
    voids.void(kept.id, reason="twice", by=by, on=DAY)
    voids.void(refunded.id, reason="twice", by=by, on=DAY, money=voids.REFUNDED)
    said = [receipt(bookkeeper, it) for it in of_each]
    assert ["bounced" in said[0], "Paid by Emma Jones $0.00" in said[0]] == [True, True]
    assert ["voided, kept on account" in said[1], "Paid by Emma Jones $50.00" in said[1]] == [True, True]
    assert ["voided, refunded" in said[2], "Paid by Emma Jones $0.00" in said[2]] == [True, True]


def test_as_many_queries_for_many_payments_as_for_few(
    bookkeeper: Client, emma: Customer, child: Customer, book: Item, by: User, queries: Queries
) -> None:
    def asked() -> list[int]:
        last = Payment.select().order_by(Payment.id.desc()).get()
        counts = []
        for path in (
            f"/customers/{emma.id}/statement",
            f"/customers/{emma.id}",
            f"/billing/payments/{last.id}/receipt",
        ):
            bookkeeper.get(path)
            with queries() as texts:
                bookkeeper.get(path)
            counts.append(len(texts))
        return counts

    make.save(child, (book, "1"), by=by)
    paid_by_emma(make.save(child, (book, "1"), by=by), emma, by, cash=5000)
    few = asked()
    for _ in range(4):
        make.save(child, (book, "1"), by=by)
        paid_by_emma(make.save(child, (book, "1"), by=by), emma, by, cash=5000)
    several = [make.save(child, (book, "1"), by=by).id for _ in range(4)]
    payments.pay_all(several, [Tender(make.method("cash"), 20000)], by=by, on=DAY, payer=emma)
    assert asked() == few


def test_who_may_see_a_receipt(frontdesk: Client, visitor: Client, emma: Customer, by: User) -> None:
    funds.deposit(emma, make.method("card"), 6000, by=by, on=DAY)
    path = f"/billing/payments/{Payment.get().id}/receipt"
    assert (frontdesk.get(path).status_code, visitor.get(path).status_code) == (200, 302)
    assert frontdesk.get("/billing/payments/999999/receipt").status_code == 404
    assert frontdesk.post(path).status_code == 405
