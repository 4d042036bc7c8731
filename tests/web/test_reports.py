"""Reports: money held for customers on any day, and who owes on account."""

from datetime import date

import pytest

from tests import factories as make
from tests.business import address
from tests.clients import Client
from webapp.domain import holdings
from webapp.domain.statements import money_held
from webapp.models import Company, Customer, Item, Package, PackageItem, Role, User
from webapp.permissions import Permission

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)
REGION = "div#money-held"


@pytest.fixture
def boss(cast: dict[str, User]) -> User:
    return cast["owner"]


def lesson_of(package: Package) -> Item:
    return PackageItem.get(PackageItem.package == package).item


def histories(boss: User) -> dict[str, Customer]:
    """Ann keeps package funds and a deposit, Bea a deposit; Cal owes, as his limit allows; Dee has nothing."""
    package, people = make.piano(), {name: make.somebody(name) for name in ("Ann", "Bea", "Cal", "Dee")}
    Company.update(credit_limit_minor=10_000).execute()
    march = date(2026, 3, 10)

    def bought(name: str, *lines: object, by: str = "cash", on: date = march) -> None:
        invoice = make.save(people[name], *lines, by=boss, on=on)
        make.pay(invoice, (by, f"{invoice.due_minor // 100}.{invoice.due_minor % 100:02}"), by=boss, on=on)

    bought("Ann", (package, "450.00"))
    bought("Ann", "30.00")
    bought("Bea", "20.50")
    bought("Cal", (lesson_of(package), "1"), by="account")
    bought("Dee", "10.00")
    bought("Dee", (make.item("Pencil", "10.00"), "1"), by="account")
    bought("Ann", (lesson_of(package), "2"), by="account", on=APRIL)
    return people


def names(on: date, view: str) -> list[tuple[str, int, int, int]]:
    found = holdings.all_holdings(on, view)
    return [(h.name, h.package_minor, h.general_minor, h.owed_minor) for h in found]


def test_held_and_owed_are_apart(boss: User) -> None:
    histories(boss)
    assert names(MARCH, "held") == [("Ann", 45000, 3000, 0), ("Bea", 0, 2050, 0)]
    assert names(MARCH, "owed") == [("Cal", 0, 0, 5000)]
    assert names(APRIL, "held") == [("Ann", 36000, 3000, 0), ("Bea", 0, 2050, 0)]
    assert names(date(2026, 3, 9), "held") == names(date(2026, 3, 9), "owed") == []


def test_the_rows_add_up_to_the_sum(boss: User) -> None:
    histories(boss)
    for day in (MARCH, APRIL):
        held = money_held(day)
        assert sum(h.total_minor for h in holdings.all_holdings(day, "held")) == held.total_minor
        assert sum(h.owed_minor for h in holdings.all_holdings(day, "owed")) == held.owed_minor


def test_the_page(bookkeeper: Client, boss: User) -> None:
    people = histories(boss)
    page = bookkeeper.get("/reports?on=2026-03-31").text
    assert "$500.50" in page
    assert "31 Mar 2026" in page
    assert ">480.00<" in page
    assert "2 customers" in page
    assert f'href="/customers/{people["Ann"].id}"' in page
    assert "Cal" not in page
    page = bookkeeper.get("/reports?on=2026-04-01&show=owed").text
    assert "Cal" in page
    assert "Ann" not in page
    assert "1 customer<" in page


def test_the_region_alone(bookkeeper: Client, boss: User) -> None:
    histories(boss)
    answer = bookkeeper.get("/reports?on=2026-03-31&show=owed", htmx=REGION).text
    assert "<html" not in answer
    assert 'hx-get="/reports?on=2026-03-31&amp;show=owed"' in answer


def test_nothing_yet(bookkeeper: Client) -> None:
    assert "No money is held for anybody" in bookkeeper.get("/reports").text
    assert "Nobody&#39;s general funds are below zero" in bookkeeper.get("/reports?show=owed").text


@pytest.mark.parametrize("query", ["on=yesterday", "on=0001-01-01", "on=9999-12-31", "show=all", "cursor=%00", "on="])
def test_what_it_does_not_understand_is_as_if_not_asked(bookkeeper: Client, query: str) -> None:
    response = bookkeeper.get(f"/reports?{query}")
    assert response.status_code == 200
    assert 'hx-get="/reports' in response.text


def test_page_by_page(bookkeeper: Client, boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    histories(boss)
    monkeypatch.setattr(holdings, "SHOWN", 1)
    first = bookkeeper.get("/reports?on=2026-03-31").text
    assert "Ann" in first
    assert "Bea" not in first
    cursor = holdings.holdings(MARCH, "held", "").next
    second = bookkeeper.get("/reports", query_string={"on": "2026-03-31", "cursor": cursor}).text
    assert "Bea" in second
    assert "Ann" not in second


def test_export(bookkeeper: Client, boss: User) -> None:
    people = histories(boss)
    Customer.update(name="=Ann").where(Customer.id == people["Ann"].id).execute()
    response = bookkeeper.get("/reports/money-held/export?on=2026-03-31")
    assert response.mimetype == "text/csv"
    assert "money-held-2026-03-31-held.csv" in response.headers["Content-Disposition"]
    assert response.text.splitlines() == [
        "\ufeffCustomer,Package funds,General funds,Money held,Owed on account",
        "'=Ann,450.00,30.00,480.00,0.00",
        "Bea,0.00,20.50,20.50,0.00",
    ]
    assert "Cal,0.00,0.00,0.00,50.00" in bookkeeper.get("/reports/money-held/export?on=2026-03-31&show=owed").text


@pytest.mark.parametrize("path", ["/reports", "/reports/money-held/export"])
def test_who_may_not(frontdesk: Client, visitor: Client, path: str) -> None:
    assert frontdesk.get(path).status_code == 403
    assert visitor.get(path).status_code == 302
    assert frontdesk.post(path).status_code == 405


def test_names_are_no_links_for_whoever_may_not_see_customers(bookkeeper: Client, boss: User) -> None:
    histories(boss)
    Role.update(permissions=[Permission.VIEW_REPORTS]).where(Role.name == "Bookkeeper").execute()
    page = bookkeeper.get("/reports?on=2026-03-31").text
    assert "Ann" in page
    assert 'href="/customers/' not in page
    assert User.get(User.email == address("bookkeeper")).may(Permission.VIEW_REPORTS)
