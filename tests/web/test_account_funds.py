"""Deposit, Withdraw and Adjust balance: a customer's general funds, stated before they change."""

import re
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from tests.conftest import Once
from tests.trail import acts
from tests.web.billing import DAY, MODAL, customer, filled, said, words
from webapp.domain import funds
from webapp.models import Audit, Customer, Payment, PaymentMethod, Role, User
from webapp.permissions import Permission

pytestmark = pytest.mark.usefixtures("day")


EFFECT = "div#funds-effect"
PLACES = {"deposits": Permission.ADD_INVOICE, "withdrawals": Permission.MANAGE_INVOICES,
          "adjustments": Permission.ADJUST_BALANCES}  # fmt: skip
ACTS = {"deposits": "Deposit", "withdrawals": "Withdrawal", "adjustments": "Adjusted"}


@pytest.fixture
def emma(cast: dict[str, User], once: Once) -> Customer:
    return once(make_emma, cast["owner"])


def make_emma(by: User) -> Customer:
    """Somebody with 60.00 of general funds."""
    made = customer()
    funds.deposit(made, make.method("cash"), 6000, by=by, on=DAY)
    return made


def url(who: Customer, place: str, last: str = "new") -> str:
    return f"/customers/{who.id}/{place}/{last}"


def payload(client: Client, who: Customer, place: str, **changes: str) -> dict[str, str]:
    """The form as it is shown, filled in; a change to ``absent`` leaves a field out."""
    shown = filled(client.get(url(who, place)), url(who, place))
    usual = {
        "deposits": {"amount": "25", "method": str(make.method("card").id)},
        "withdrawals": {"amount": "25", "method": str(make.method("card").id), "reason": "Moves away"},
        "adjustments": {"amount": "25", "direction": "down", "reason": "Typed twice"},
    }[place]
    return changed(shown | usual, changes)


def changed(form: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in (form | changes).items() if value != "absent"}


def effect(response: TestResponse) -> list[str]:
    """The figures of the row of general funds: before, change, after."""
    found = re.search(r"General funds</th>(.*?)</tr>", response.text, re.DOTALL)
    assert found
    return re.findall(r"<td[^>]*>(.*?)</td>", found[1])


# What they do


@pytest.mark.parametrize("place, after, told", [
    ("deposits", 8500, "25.00 was deposited for Emma Jones. General funds are 85.00 now."),
    ("withdrawals", 3500, "25.00 was paid out to Emma Jones. General funds are 35.00 now."),
    ("adjustments", 3500, "25.00 was taken off the account of Emma Jones. General funds are 35.00 now."),
])  # fmt: skip
def test_it_is_done_and_told(owner: Client, emma: Customer, place: str, after: int, told: str) -> None:
    response = owner.post(url(emma, place), data=payload(owner, emma, place))
    assert (response.status_code, response.location) == (303, f"/customers/{emma.id}")
    assert told in words(owner.get(response.location))
    assert make.general(emma) == after
    entry = Audit.select().order_by(Audit.id.desc()).get()
    assert (entry.act, entry.subject, entry.subject_id) == (ACTS[place], "customer", emma.id)
    assert entry.reason == ("" if place == "deposits" else payload(owner, emma, place)["reason"])


@pytest.mark.parametrize("place", PLACES)
def test_in_a_dialog_it_closes_and_tells_who_shows_it(owner: Client, emma: Customer, place: str) -> None:
    assert "<html" not in owner.get(url(emma, place), htmx=MODAL).text
    response = owner.post(url(emma, place), data=payload(owner, emma, place), htmx=MODAL)
    assert (response.status_code, response.headers["HX-Trigger"]) == (200, "account-changed")
    assert "General funds are" in response.text


def test_a_deposit_is_a_payment_received_when_it_was(owner: Client, emma: Customer) -> None:
    before = DAY - timedelta(days=3)
    owner.post(url(emma, "deposits"), data=payload(owner, emma, "deposits", received_on=before.isoformat()))
    payment = Payment.select().order_by(Payment.id.desc()).get()
    assert (payment.received_on, payment.journal.posted_on, payment.method.kind) == (before, DAY, "card")


def test_an_adjustment_goes_up_too(owner: Client, emma: Customer) -> None:
    owner.post(url(emma, "adjustments"), data=payload(owner, emma, "adjustments", direction="up", reason="A gift"))
    assert make.general(emma) == 8500


@pytest.mark.parametrize("place", PLACES)
def test_sent_twice_it_is_done_once(owner: Client, emma: Customer, place: str) -> None:
    form = payload(owner, emma, place)
    owner.post(url(emma, place), data=form)
    once = make.general(emma)
    again = owner.post(url(emma, place), data=form, htmx=MODAL)
    assert "Nothing was done twice." in again.text
    assert (make.general(emma), acts().count(ACTS[place])) == (once, 2 if place == "deposits" else 1)


# What is refused


REFUSED = [
    ("deposits", {"amount": ""}, "Type the amount."),
    ("deposits", {"amount": "0"}, "The amount must be above 0."),
    ("deposits", {"amount": "-5"}, "This cannot be below 0."),
    ("deposits", {"amount": "1.234"}, "at most 2 decimals"),
    ("deposits", {"amount": "much"}, "Type the amount as a number."),
    ("deposits", {"method": "absent"}, "Choose a method."),
    ("deposits", {"method": "999"}, "Not a valid choice"),
    ("deposits", {"received_on": "2026-06-02"}, "Money cannot be received after today."),
    ("deposits", {"received_on": ""}, "Choose the day."),
    ("withdrawals", {"amount": "60.01"}, "General funds are 60.00."),
    ("withdrawals", {"reason": ""}, "Say why it is paid out."),
    ("withdrawals", {"reason": "  "}, "Say why"),
    ("withdrawals", {"reason": "x" * 501}, "At most 500 characters."),
    ("adjustments", {"amount": "60.01"}, "General funds would be 0.01 short."),
    ("adjustments", {"amount": "0"}, "Type an amount other than 0."),
    ("adjustments", {"reason": ""}, "Say why it is corrected."),
    ("adjustments", {"direction": "sideways"}, "Not a valid choice"),
]


def test_refusals_stand_beside_what_was_typed(owner: Client, emma: Customer, subtests: pytest.Subtests) -> None:
    shown = {place: payload(owner, emma, place) for place in PLACES}
    for htmx, (place, change, sentence) in product([None, MODAL], REFUSED):
        with subtests.test(htmx=htmx, place=place, change=change, sentence=sentence):
            form = changed(shown[place], change)
            response = owner.post(url(emma, place), data=form, htmx=htmx)
            assert response.status_code == 422
            assert sentence in " ".join(said(response, "error"))
            assert f'value="{form["amount"]}"' in response.text
            assert make.general(emma) == 6000


def test_the_account_is_not_a_method_of_its_own(owner: Client, emma: Customer) -> None:
    account = str(make.method("account").id)
    for place in ("deposits", "withdrawals"):
        response = owner.post(url(emma, place), data=payload(owner, emma, place, method=account))
        assert (response.status_code, make.general(emma)) == (422, 6000)


@pytest.mark.parametrize("place", PLACES)
def test_what_was_shown_is_what_happens(owner: Client, emma: Customer, cast: dict[str, User], place: str) -> None:
    """Somebody else was faster: the figures are shown anew, and then it works."""
    form = payload(owner, emma, place)
    funds.adjust(emma, -1000, by=cast["manager"], on=DAY, reason="meanwhile")
    response = owner.post(url(emma, place), data=form, htmx=MODAL)
    assert response.status_code == 422
    assert "What this does changed since it was shown." in words(response)
    assert effect(response)[0] == "50.00"
    again = filled(response, url(emma, place))
    assert owner.post(url(emma, place), data=again).status_code == 303
    assert make.general(emma) == 5000 + (2500 if place == "deposits" else -2500)


def test_nothing_to_pay_out(owner: Client) -> None:
    nobody = customer("Nobody")
    page = owner.get(url(nobody, "withdrawals"))
    assert "There are no general funds to pay out." in words(page)
    assert f'action="{url(nobody, "withdrawals")}"' not in page.text


def test_no_method_is_switched_on(owner: Client, emma: Customer) -> None:
    PaymentMethod.update(active=False).where(PaymentMethod.kind != "account").execute()
    for place in ("deposits", "withdrawals"):
        assert "Somebody with Manage Settings can switch one on." in words(owner.get(url(emma, place)))
        assert owner.post(url(emma, place), data={"amount": "1"}).status_code == 422


def test_a_deposit_says_when_it_cannot_be_spent(owner: Client) -> None:
    page = owner.get(url(customer("Cash Only", role="Cash Only"), "deposits"))
    assert "be paid out again, but not be spent yet." in words(page)
    assert "has no Make Purchases on Account" in words(page)


@pytest.mark.parametrize("place", PLACES)
def test_who_was_merged_has_no_account(owner: Client, emma: Customer, place: str) -> None:
    form, stays = payload(owner, emma, place), customer("Emma Johns")
    Customer.update(merged_into=stays, active=False).where(Customer.id == emma.id).execute()
    for response in (owner.get(url(emma, place)), owner.post(url(emma, place), data=form)):
        assert response.status_code == 409
        assert "Emma Jones was merged into Emma Johns." in words(response)
    Customer.update(merged_into=None, active=True).execute()


# The effect, while it is typed


@pytest.mark.parametrize("place, change, figures, sentence", [
    ("deposits", {}, ["60.00", "+25.00", "85.00"], "General funds are 85.00 then."),
    ("deposits", {"amount": "25.5"}, ["60.00", "+25.50", "85.50"], ""),
    ("deposits", {"amount": "?"}, ["60.00", "0.00", "60.00"], ""),
    ("withdrawals", {"amount": "100"}, ["60.00", "−100.00", "−40.00"], "That is 40.00 more than there is."),
    ("adjustments", {"amount": "70"}, ["60.00", "−70.00", "−10.00"], "That is 5.00 more than this customer may owe"),
    ("adjustments", {"amount": "64"}, ["60.00", "−64.00", "−4.00"], "4.00 is owed on account then."),
    ("adjustments", {"direction": "up"}, ["60.00", "+25.00", "85.00"], ""),
])  # fmt: skip
def test_before_and_after(
    owner: Client, emma: Customer, place: str, change: dict[str, str], figures: list[str], sentence: str
) -> None:
    make.credit_limit("5")
    form = payload(owner, emma, place, **change)
    response = owner.post(url(emma, place, "preview"), data=form, htmx=EFFECT)
    assert response.status_code == 200
    assert response.text.lstrip().startswith('<div id="funds-effect"')
    assert effect(response) == figures
    assert sentence in words(response)
    assert make.general(emma) == 6000


def test_below_zero_as_far_as_the_limit_goes(owner: Client, emma: Customer) -> None:
    Customer.update(credit_limit_minor=500).where(Customer.id == emma.id).execute()
    form = payload(owner, emma, "adjustments", amount="65")
    assert owner.post(url(emma, "adjustments"), data=form).status_code == 303
    assert make.general(emma) == -500


# Who may


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", CAST)
def test_each_asks_its_own_permission(app: Flask, emma: Customer, name: str, place: str) -> None:
    client = client_for(app, name)
    may = PLACES[place] in Role.get(Role.name == CAST[name]).permissions
    assert client.get(url(emma, place)).status_code == (200 if may else 403)
    assert client.post(url(emma, place, "preview"), data={}).status_code == (200 if may else 403)
    assert client.post(url(emma, place), data={}).status_code == (422 if may else 403)
    assert client.get(url(emma, place).replace(str(emma.id), "999999")).status_code == (404 if may else 403)


def only(permissions: set[Permission]) -> None:
    """Let the bookkeeper hold these permissions and no other."""
    Role.update(permissions=frozenset(permissions)).where(Role.name == "Bookkeeper").execute()


@pytest.mark.parametrize("place", PLACES)
def test_no_other_permission_does(bookkeeper: Client, emma: Customer, place: str) -> None:
    only(set(Permission) - {PLACES[place]})
    assert bookkeeper.get(url(emma, place)).status_code == 403
    only({PLACES[place]})
    response = bookkeeper.post(url(emma, place), data=payload(bookkeeper, emma, place))
    assert (response.status_code, response.location) == (303, "/"), "the customer's page is not theirs to see"


@pytest.mark.parametrize("permissions, offered", [
    (set(), []),
    ({Permission.ADD_INVOICE}, ["payments/new", "deposits/new"]),
    ({Permission.MANAGE_INVOICES}, ["withdrawals/new"]),
    ({Permission.ADJUST_BALANCES}, ["adjustments/new"]),
    ({Permission.ACCESS_BILLING_TAB}, ["statement"]),
    ({Permission.MANAGE_CUSTOMERS}, []),
    ({Permission.MANAGE_CUSTOMERS, Permission.MANAGE_INVOICES}, ["withdrawals/new", "merge"]),
])  # fmt: skip
def test_the_menu_offers_what_they_may(
    bookkeeper: Client, emma: Customer, permissions: set[Permission], offered: list[str]
) -> None:
    only(permissions | {Permission.MANAGE_CATALOGUE})
    menu = bookkeeper.get(f"/customers/{emma.id}/actions", htmx="div#menu").text
    assert re.findall(rf'href="/customers/{emma.id}/([\w/]+)"', menu) == offered
    page = bookkeeper.get(f"/customers/{emma.id}").text
    assert (f'href="/customers/{emma.id}/actions"' in page) == bool(offered)
