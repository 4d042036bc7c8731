"""What an invoice says about tax, rounding, discounts and credits: in the editor, issued and printed."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import (
    DAY,
    LINES,
    MODAL,
    c172,
    customer,
    editing,
    quantity_of,
    typed_lines,
    url,
    words,
)
from webapp.domain import crediting, drafts, invoicing
from webapp.models import Company, Customer, Item, User

pytestmark = pytest.mark.usefixtures("day")


MENU = "div#menu"


@pytest.fixture
def emma(by: User) -> Customer:
    return customer()


def hours(tax: str, name: str = "Room") -> Item:
    return make.item(name, "50", tax=tax)


# The tax table


def test_several_rates_are_shown_one_by_one(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("8"), "2"), (hours("19", "Fuel"), "1"), (hours("0", "Talk"), "1"), "20", by=by)
    table = "19 % 50.00 9.50 59.50 8 % 100.00 8.00 108.00 No tax 50.00 0.00 50.00 Packages, deposits 20.00 0.00 20.00"
    shown = words(manager.get(url(draft))).replace(" taxed when used", "")
    assert table in shown
    assert "Prices include tax" not in shown
    saved = invoicing.issue(draft.id, by=by, on=DAY)
    assert table in words(manager.get(url(saved))).replace(" taxed when used", "")


def test_no_table_where_nothing_is_taxed(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("0"), "2"), by=by)
    assert "With tax" not in words(manager.get(url(draft)))
    saved = invoicing.issue(draft.id, by=by, on=DAY)
    assert "With tax" not in words(manager.get(url(saved)))


def test_the_table_follows_what_is_typed(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("8"), "2"), by=by)
    data = editing(manager, draft, **{quantity_of(typed_lines(draft)[0]): "3"})
    response = manager.post(url(draft), data=data, htmx=LINES)
    assert "8 % 150.00 12.00 162.00" in words(response)
    assert 'hx-target="#draft-taxes"' in response.text


def test_prices_that_include_the_tax_say_so(manager: Client, emma: Customer, by: User):
    Company.update(tax_inclusive=True).execute()
    draft = make.draft(emma, (hours("20"), "2"), by=by)
    shown = words(manager.get(url(draft)))
    assert "Prices include tax" in shown
    assert "20 % 83.33 16.67 100.00" in shown
    saved = invoicing.issue(draft.id, by=by, on=DAY)
    shown = words(manager.get(url(saved)))
    assert "Amounts in USD; prices include tax." in shown
    assert "20 % 83.33 16.67 100.00" in shown


def test_who_is_exempt_is_marked(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("8"), "2"), by=by)
    assert "Exempt from tax" not in words(manager.get(url(draft)))
    Customer.update(tax_exempt=True).where(Customer.id == emma.id).execute()
    assert "Exempt from tax" in words(manager.get(url(draft)))
    assert "Exempt from tax" in words(manager.get(f"/billing/invoices/new?customer={emma.id}"))
    saved = invoicing.issue(draft.id, by=by, on=DAY)
    assert "Exempt from tax. Amounts in USD." in words(manager.get(url(saved)))


# The rule of rounding


@pytest.mark.parametrize(
    "currency, decimals, unit", [("USD", 2, "$0.01"), ("JPY", 0, "¥1"), ("KWD", 3, "KWD\u00a00.001")]
)
def test_the_rule_of_rounding_names_the_smallest_unit(
    manager: Client, emma: Customer, by: User, currency: str, decimals: int, unit: str
):
    Company.update(currency=currency, decimals=decimals).execute()
    saved = make.save(emma, (hours("8"), "2"), by=by)
    said = f"Amounts in {currency}. Each line is rounded to {unit}, halves up, its tax likewise."
    assert said.replace("\u00a0", " ") in words(manager.get(url(saved)))


def test_a_draw_says_how_its_price_is_shared(manager: Client, emma: Customer, by: User):
    make.add(emma, make.trio(), by=by)
    saved = make.save(emma, (Item.get(Item.name == "Trio lesson"), "1"), by=by)
    assert "rounded so that all of them together make that price." in words(manager.get(url(saved)))


# What became of it


def test_discounts_stand_on_the_issued_invoice(manager: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("8"), "2"), (make.piano(), None), (hours("0", "Talk"), "1"), by=by)
    percent, package, amount = typed_lines(draft)
    drafts.discount(percent.id, percent_e4=100_000)
    drafts.discount(package.id, percent_e4=50_000)
    drafts.discount(amount.id, amount_minor=500)
    shown = words(manager.get(url(invoicing.issue(draft.id, by=by, on=DAY))))
    assert "−10 % · 10.00 off" in shown
    assert "−5 % · 22.50 off" in shown
    assert " 5.00 off" in shown


def test_credits_stand_on_the_issued_invoice(manager: Client, emma: Customer, by: User):
    ppl = make.ppl(tax="8")
    make.pay(make.save(emma, (ppl, None), by=by), by=by)
    make.settle(make.save(emma, (c172(), "38.5"), by=by), by=by)
    saved = make.pay(make.save(emma, (c172(), "2.0"), by=by), ("card", "81"), by=by)
    crediting.credit(saved.id, 1, 750, version=saved.version, by=by, on=DAY, reason="Engine trouble")
    page = manager.get(url(saved))
    shown = words(page)
    assert "0.5 h credited · 81.00" in shown
    assert "0.25 h credited · 32.40" in shown
    assert "Paid: 81.00 Card, −81.00 credited" in shown
    assert "Credited 113.40" in shown
    assert "CN-2026-0001 1 Jun 2026 Engine trouble 113.40" in shown
    assert 'href="/billing/credit-notes/1"' in page.text


def test_credit_is_offered_for_what_is_issued_to_who_may(manager: Client, bookkeeper: Client, emma: Customer, by: User):
    draft = make.draft(emma, (hours("0"), "1"), by=by)
    assert "Credit" not in words(manager.get(url(draft, "actions"), htmx=MENU))
    saved = invoicing.issue(draft.id, by=by, on=DAY)
    for page in (url(saved), url(saved, "actions")):
        assert f'href="{url(saved)}/credits/new"' in manager.get(page).text
        assert "/credits/new" not in bookkeeper.get(page).text
    assert manager.get(f"{url(saved)}/credits/new", htmx=MODAL).status_code == 200
