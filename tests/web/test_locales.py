"""Days and money are written as people of the company's locale write them, on every page alike."""

import pytest

from tests import factories as make
from tests.clients import Client
from tests.web.billing import customer, filled, on_the_day, words
from webapp.models import Company, User


@pytest.mark.parametrize(
    "locale, currency, day, long_day, amount",
    [
        ("en", "USD", "1 Jun 2026", "Monday, 1 June 2026", "$1,234.50"),
        ("en_US", "USD", "Jun 1, 2026", "Monday, June 1, 2026", "$1,234.50"),
        ("en_GB", "GBP", "1 Jun 2026", "Monday, 1 June 2026", "£1,234.50"),
        ("de_DE", "EUR", "1. Juni 2026", "Montag, 1. Juni 2026", "1.234,50\N{NO-BREAK SPACE}€"),
        ("de_CH", "CHF", "1. Juni 2026", "Montag, 1. Juni 2026", "CHF\N{NO-BREAK SPACE}1’234.50"),
        ("fr_FR", "EUR", "1 juin 2026", "lundi 1 juin 2026", "1\N{NARROW NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€"),
    ],
)
def test_days_and_money(
    owner: Client, cast: dict[str, User], locale: str, currency: str, day: str, long_day: str, amount: str
) -> None:
    emma = customer()
    invoice = make.save(emma, "1234.5", by=cast["owner"])
    Company.update(locale=locale, currency=currency).execute()
    with on_the_day():
        assert long_day in words(owner.get("/"))
        page = owner.get(f"/billing/invoices/{invoice.id}").text
    assert f">{amount}<" in page
    assert f">{day}<" in page


@pytest.mark.parametrize("typed", ["$25.50", "25.50 $", "USD 25.50", "25.50USD", " 25.50 "])
def test_an_amount_may_be_typed_with_its_currency(frontdesk: Client, typed: str, cast: dict[str, User]) -> None:
    url = f"/customers/{(emma := customer()).id}/deposits/new"
    sent = filled(frontdesk.get(url), url) | {"amount": typed, "method": str(make.method().id)}
    assert frontdesk.post(url, data=sent).status_code == 303
    assert make.general(emma) == 25_50


@pytest.mark.parametrize("typed", ["€25.50", "$", "2$5", "$$25"])
def test_with_another_it_is_refused(frontdesk: Client, typed: str, cast: dict[str, User]) -> None:
    url = f"/customers/{(emma := customer()).id}/deposits/new"
    sent = filled(frontdesk.get(url), url) | {"amount": typed, "method": str(make.method().id)}
    answer = frontdesk.post(url, data=sent)
    assert (answer.status_code, make.general(emma)) == (422, 0)
    assert f'value="{typed}"' in answer.text
