"""Reports: the period summary on the screen, on paper and as a file."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import customer, on_the_day, words
from webapp.domain import bounces, checks, crediting, drafts, invoicing, movements, summaries
from webapp.models import Company, Customer, DraftLine, Item, Payment, Role, User
from webapp.permissions import Permission

URL, REGION = "/reports/period", "div#period-summary"
MAY, TODAY = date(2026, 5, 20), date(2026, 6, 15)
Queries = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day(TODAY):
        yield
    assert checks.faults() == []


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(make_emma, by)


def make_emma(by: User) -> Customer:
    """PIANO bought in May; in June two lessons of it, three books of which one goes back, and an order not paid yet."""
    made, piano, book = customer(), make.piano(), make.item("Book", "20.00", tax="10", category="Shop")
    make.pay(make.save(made, (piano, None), by=by, on=MAY), ("card", "450"), by=by, on=MAY)
    make.settle(make.save(made, (Item.get(Item.name == "Lesson"), "2"), by=by, on=TODAY), by=by, on=TODAY)
    three = make.pay(make.save(made, (book, "3"), by=by, on=TODAY), by=by, on=TODAY)
    crediting.credit(three.id, 1, 1000, version=three.version, by=by, on=TODAY, reason="Torn")
    make.save(made, (book, "1"), "30", by=by, on=TODAY)
    return made


def test_the_month_of_today(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(URL)
    text = words(page)
    assert "1 Jun 2026 to 30 Jun 2026 so far" in text
    assert (
        "Takings, net $66.00 Income $150.00 Tax $6.00"
        " Held for customers at the end $382.00 Due on open invoices at the end $52.00" in text
    )
    assert "Cash 66.00 — 66.00 Total 66.00 — 66.00 Paid by Account 90.00" in text
    assert (
        "Invoices saved 170.00 8.00 178.00 Voided — — 0.00 Credit notes −20.00 −2.00 −22.00"
        " Income and tax 150.00 6.00 156.00" in text
    )
    assert "Sales income 90.00 Lesson 2 2 90.00 — 90.00 Shop income 60.00 Book 3 — 60.00 6.00 66.00" in text


def test_nothing_yet(bookkeeper: Client) -> None:
    text = words(bookkeeper.get(URL))
    for nothing in ("No money came in or was given out.", "Nothing was sold.", "None were billed."):
        assert nothing in text


def test_another_month(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(f"{URL}?from=2026-05-01&to=2026-05-31")
    text = words(page)
    assert "1 May 2026 to 31 May 2026" in text
    assert "so far" not in text
    assert "Takings, net $450.00 Income $0.00 Tax $0.00 Held for customers at the end $450.00" in text
    assert "PIANO 450.00" in text
    assert "Nothing was sold." in text


def link(page: str, label: str) -> str:
    found = re.search(rf'href="([^"]*)" id="month-\d"[^>]*>[^<]*{label}', page)
    assert found, f"no {label}"
    return found[1].replace("&amp;", "&")


def test_one_click_to_the_month_before_and_back(bookkeeper: Client, emma: Customer) -> None:
    page = bookkeeper.get(URL).text
    assert "Jul 2026" not in page, "it has not begun"
    assert re.search(r'aria-current="true">This month', page)
    page = bookkeeper.get(link(page, "May 2026")).text
    assert "1 May 2026 to 31 May 2026" in page
    assert "1 Jun 2026 to 30 Jun 2026" in bookkeeper.get(link(page, "Jun 2026")).text
    assert "1 Jun 2026 to 30 Jun 2026" in bookkeeper.get(link(page, "This month")).text
    page = bookkeeper.get(f"{URL}?from=2026-01-10&to=2026-03-31").text
    assert "1 Dec 2025 to 31 Dec 2025" in bookkeeper.get(link(page, "Dec 2025")).text


@pytest.mark.parametrize("asked, shown", [
    ("from=2026-05-20", "20 May 2026 to 30 Jun 2026"),
    ("from=2026-06-10&to=2026-05-20", "20 May 2026 to 10 Jun 2026"),
    ("from=soon&to=%00", "1 Jun 2026 to 30 Jun 2026"),
    ("from=1970-01-01&to=2200-12-31", "1 Jan 1970 to 31 Dec 2200"),
    ("from=0001-01-01&to=9999-12-31", "1 Jun 2026 to 30 Jun 2026"),
])  # fmt: skip
def test_which_period(bookkeeper: Client, emma: Customer, asked: str, shown: str) -> None:
    assert shown in words(bookkeeper.get(f"{URL}?{asked}"))


def test_the_month_is_that_of_the_companys_clock(bookkeeper: Client, emma: Customer) -> None:
    Company.update(timezone="Pacific/Kiritimati").execute()
    with on_the_day(date(2026, 6, 30)):
        assert "1 Jul 2026 to 31 Jul 2026" in words(bookkeeper.get(URL))


def test_what_was_open_and_credited_leads_there(bookkeeper: Client, emma: Customer, by: User) -> None:
    text = words(page := bookkeeper.get(URL))
    assert "Open invoices on 15 Jun 2026 Number Customer Due date Due then 2026-0004 Emma Jones" in text
    assert "CN-2026-0001 15 Jun 2026 Emma Jones 2026-0003 22.00 All credit notes $22.00" in text
    assert f'href="/customers/{emma.id}"' in page.text
    Role.update(permissions=[Permission.VIEW_REPORTS]).where(Role.name == "Bookkeeper").execute()
    page = bookkeeper.get(URL)
    assert "Emma Jones" in words(page)
    assert f'href="/customers/{emma.id}"' not in page.text
    assert 'href="/billing/' not in page.text


def test_a_bounced_column_and_a_discount_stand_only_where_there_is_one(
    bookkeeper: Client, emma: Customer, by: User
) -> None:
    page = words(bookkeeper.get(URL))
    assert ("Bounced Net" in page, "Discount Net" in page) == (False, False)
    paid = make.pay(
        make.save(emma, (Item.get(Item.name == "Book"), "1"), by=by, on=TODAY), ("check", "22"), by=by, on=TODAY
    )
    bounces.bounce(Payment.get(Payment.invoice == paid).id, by=by, on=TODAY)
    draft = make.draft(emma, (Item.get(Item.name == "Book"), "1"), by=by, on=TODAY)
    drafts.discount(DraftLine.get(DraftLine.invoice == draft).id, amount_minor=500, percent_e4=None)
    invoicing.issue(draft.id, by=by, on=TODAY)
    page = words(bookkeeper.get(URL))
    assert "Check 22.00 — 22.00 0.00" in page
    assert "Book 5 — 5.00 95.00 9.50 104.50" in page


def test_a_difference_would_be_seen(bookkeeper: Client, emma: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Differs" not in words(bookkeeper.get(URL))
    monkeypatch.setattr(movements, "earned", lambda moved: {"Sales": 1})
    assert "150.00 0.01 Differs" in words(bookkeeper.get(URL))


def test_htmx_gets_the_region_alone(bookkeeper: Client, emma: Customer) -> None:
    region = bookkeeper.get(f"{URL}?from=2026-05-01&to=2026-05-31", htmx=REGION).text
    assert region.lstrip().startswith('<div id="period-summary"')
    assert f'hx-get="{URL}?from=2026-05-01&amp;to=2026-05-31"' in region
    assert "<html" not in region


def test_as_a_file(bookkeeper: Client, emma: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    Customer.update(name="=Emma").where(Customer.id == emma.id).execute()
    monkeypatch.setattr(summaries, "SHOWN", 0)
    answer = bookkeeper.get(f"{URL}/export?from=2026-06-01&to=2026-06-30")
    assert answer.mimetype == "text/csv"
    assert "period-2026-06-01-2026-06-30.csv" in answer.headers["Content-Disposition"]
    table = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert table[0] == [
        *("Part", "What", "About", "Day", "Quantity", "Unit", "From packages", "Discount", "Net", "Tax", "Amount")
    ]
    assert [row[:2] + row[-1:] for row in table if row[0].startswith("Takings")] == [
        ["Takings: received", "Cash", "66.00"],
        ["Takings: paid out", "Cash", "0.00"],
        ["Takings: bounced", "Cash", "0.00"],
        ["Takings: net", "Cash", "66.00"],
        ["Takings: net", "All methods", "66.00"],
    ]
    assert [row for row in table if row[0] == "Sold"] == [
        ["Sold", "Lesson", "Sales", "", "2", "lesson", "2", "0.00", "90.00", "0.00", "90.00"],
        ["Sold", "Book", "Shop", "", "3", "each", "0", "0.00", "60.00", "6.00", "66.00"],
    ]
    assert [row[1:2] + row[-1:] for row in table if row[0] == "Money held"] == [
        ["At the start", "450.00"],
        ["Paid in for packages and deposits, and kept on account", "0.00"],
        ["Paid out, and bounced checks", "0.00"],
        ["Used for invoices", "-90.00"],
        ["Back from voided and credited invoices", "22.00"],
        ["At the end", "382.00"],
    ]
    assert [row for row in table if row[0] in ("Open invoice", "Credit note")] == [
        ["Open invoice", "2026-0004", "Emma Jones", "2026-06-29", "", "", "", "", "", "", "52.00"],
        ["Credit note", "CN-2026-0001", "2026-0003, Emma Jones", "2026-06-15", "", "", "", "", "", "", "22.00"],
    ]


def test_as_many_queries_for_much_as_for_little(bookkeeper: Client, emma: Customer, by: User, queries: Queries) -> None:
    bookkeeper.get(URL)  # notes once that they are here
    with queries() as few:
        bookkeeper.get(URL)
    for _ in range(5):
        paid = make.pay(make.save(emma, (Item.get(Item.name == "Book"), "2"), by=by, on=TODAY), by=by, on=TODAY)
        crediting.credit(paid.id, 1, 1000, version=paid.version, by=by, on=TODAY, reason="Torn")
        make.save(emma, (Item.get(Item.name == "Book"), "1"), by=by, on=TODAY)
    with queries() as many:
        bookkeeper.get(URL)
    assert len(few) == len(many)


@pytest.mark.parametrize("path", [URL, f"{URL}/export"])
def test_who_may_not(frontdesk: Client, visitor: Client, path: str) -> None:
    assert frontdesk.get(path).status_code == 403
    assert visitor.get(path).status_code == 302
    assert frontdesk.post(path).status_code == 405
