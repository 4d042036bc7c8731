"""The business: set up once, whoever else tries; edited until money was asked for in its currency."""

import threading
from datetime import date
from typing import Any

import peewee
import pytest

from tests.trail import latest
from webapp.db import db, transactional
from webapp.domain import company
from webapp.domain.company import AlreadySetUp, Currency, Owner, Profile
from webapp.domain.errors import Changed, DomainError
from webapp.models import Company, Customer, Invoice, Package, PaymentMethod, Role, User

USD, EUR, JPY = Currency("USD", 2), Currency("EUR", 2), Currency("JPY", 0)
DANA = Owner("Dana Reyes", "Dana@BlueHeron.Test", "hash")


def profile(**changes: Any) -> Profile:
    values: dict[str, Any] = {
        "name": "Blue Heron",
        "currency": USD,
        "timezone": "America/New_York",
        "locale": "en_US",
        "tax_inclusive": False,
    }
    return Profile(**values | changes)


def edit(by: User, version: int = 0, **changes: Any) -> Company:
    changes = {"name": "Test Flight School", "timezone": "UTC", "locale": "en"} | changes
    return company.edit_company(profile(**changes), version=version, by=by)


def test_set_up(empty: peewee.Database) -> None:
    owner = company.set_up(profile(currency=JPY), DANA)
    made = Company.current()
    assert made is not None
    assert (made.name, made.currency, made.decimals, made.due_days) == ("Blue Heron", "JPY", 0, 14)
    assert (owner.email, owner.role.name, owner.active) == ("dana@blueheron.test", "Owner", True)
    assert [(m.name, m.active) for m in PaymentMethod.select().order_by(PaymentMethod.position)] == [
        ("Cash", True),
        ("Card", True),
        ("Check", True),
        ("Bank transfer", True),
        ("Account", True),
    ]
    assert PaymentMethod.account_is_active()
    assert [r.name for r in Role.select().where(Role.side == "customer").order_by(Role.id)] == ["Customer", "Cash Only"]
    assert latest()[0] == "business set up"


def test_only_once(empty: peewee.Database) -> None:
    company.set_up(profile(), DANA)
    with pytest.raises(AlreadySetUp):
        company.set_up(profile(name="Another"), Owner("Eve", "eve@example.test", "hash"))
    assert User.select().count() == 1


def test_two_at_the_same_moment(empty: peewee.Database) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def try_it(name: str) -> None:
        db.connect(reuse_if_open=True)
        start.wait()
        try:
            company.set_up(profile(name=name), Owner(name, f"{name}@example.test", "hash"))
            outcomes.append("made")
        except AlreadySetUp:
            outcomes.append("refused")
        finally:
            db.close()

    threads = [threading.Thread(target=try_it, args=(name,)) for name in ("Ann", "Bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert (User.select().count(), Company.select().count()) == (1, 1)


def test_sample_is_part_of_it(empty: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, date]] = []
    monkeypatch.setattr("webapp.domain.demo.fill", lambda *, owner, on: asked.append((owner.email, on)))
    company.set_up(profile(), DANA, sample=True)
    made = Company.current()
    assert made is not None
    assert asked == [("dana@blueheron.test", made.day_of(made.created_at))]


def test_a_sample_that_fails_leaves_nothing(empty: peewee.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*, owner: User, on: date) -> None:
        raise DomainError("Not today.")

    monkeypatch.setattr("webapp.domain.demo.fill", fill)
    with pytest.raises(DomainError, match="Not today"):
        company.set_up(profile(), DANA, sample=True)
    assert Company.current() is None
    assert User.select().count() == Role.select().count() == 0


def test_edit(cast: dict[str, User]) -> None:
    made = edit(cast["owner"], name=" Blue  Heron ", due_days=30, credit_limit_minor=5000)
    assert (made.name, made.due_days, made.credit_limit_minor, made.version) == ("Blue Heron", 30, 5000, 1)
    changes = latest()[1]["changes"]
    assert changes["due_days"] == [14, 30]
    assert changes["name"] == ["Test Flight School", "Blue Heron"]
    assert set(changes) == {"name", "due_days", "credit_limit_minor"}


def test_second_of_two_edits_is_told(cast: dict[str, User]) -> None:
    edit(cast["owner"], due_days=30)
    with pytest.raises(Changed, match="days to pay is now “30”"):
        edit(cast["owner"], due_days=7)
    with pytest.raises(Changed, match="days to pay is now “30”"):
        edit(cast["owner"])


def test_currency_can_change_before_the_first_sale(cast: dict[str, User]) -> None:
    assert edit(cast["owner"], currency=EUR, tax_inclusive=True).tax_inclusive
    assert edit(cast["owner"], version=1, currency=JPY, credit_limit_minor=5000).decimals == 0
    assert Company.get().credit_limit_minor == 50


@pytest.mark.parametrize(
    "changes, field", [({"currency": EUR}, "currency"), ({"tax_inclusive": True}, "tax_inclusive")]
)
def test_fixed_after_the_first_invoice(cast: dict[str, User], changes: dict[str, Any], field: str) -> None:
    an_invoice(cast["owner"], status="void", series="2026", number=1)
    with pytest.raises(DomainError, match="Fixed since") as refusal:
        edit(cast["owner"], **changes)
    assert refusal.value.field == field
    assert edit(cast["owner"], name="Renamed").name == "Renamed"


def test_a_draft_fixes_nothing_but_the_decimals(cast: dict[str, User]) -> None:
    package = Package.create(name="PPL", sort_name="ppl")
    draft = an_invoice(cast["owner"])
    db.execute_sql(
        "INSERT INTO draft_line (invoice_id, position, kind, package_id, amount_minor, source, rate_reason)"
        f" VALUES ({draft.id}, 0, 'package', {package.id}, 100, 'auto', '')"
    )
    assert edit(cast["owner"], currency=EUR).currency == "EUR"
    with pytest.raises(DomainError, match="typed with 2 decimals already, and JPY has 0"):
        edit(cast["owner"], version=1, currency=JPY)


def test_an_act_reads_the_company_once_and_again_after_it_changed_it(queries: Any, cast: dict[str, User]) -> None:
    @transactional
    def act() -> list[int]:
        found = [Company.of_act().due_days for _ in range(3)]
        edit(cast["owner"], due_days=found[0] + 7)
        return [*found, Company.of_act().due_days]

    with queries() as asked:
        one, *others, changed = act()
    assert (others, changed) == ([one, one], one + 7)
    assert Company.of_act().due_days == one + 7
    assert len([sql for sql in asked if 'FROM "company"' in sql and sql.startswith("SELECT")]) == 4  # 2 by the edit


def an_invoice(by: User, **changes: Any) -> Invoice:
    role = Role.get(Role.name == "Customer")
    customer = Customer.create(name="Amara", sort_name="amara", role=role, created_at=by.created_at)
    day = date(2026, 11, 22)
    values: dict[str, Any] = {"customer": customer, "customer_name": "Amara", "customer_sort": "amara"}
    values |= {"service_on": day, "due_on": day, "created_by": by, "created_at": by.created_at}
    return Invoice.create(**values, changed_at=by.created_at, **changes)
