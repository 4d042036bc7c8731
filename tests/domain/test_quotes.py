"""What a quote says of itself: a sign for each line, by which it is told later which of them changed."""

import peewee
import pytest

from tests import factories as make
from webapp.domain import accounts, drafts, offers
from webapp.domain.quoting import Quote, quote
from webapp.models import Customer, DraftLine, Invoice, Item, User


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(business: peewee.Database) -> Customer:
    return make.somebody()


@pytest.fixture
def draft(emma: Customer, by: User) -> Invoice:
    make.add(emma, make.ppl(), by=by)
    thing = {item.name: item for item in Item.select()}
    return make.draft(emma, (thing["C172"], "2"), (thing["Instruction"], "1"), by=by)


def test_the_same_facts_give_the_same_sign(draft: Invoice):
    assert quote(draft).digest == quote(draft).digest
    assert quote(draft).changed_since(quote(draft).digest) == {}


def test_a_changed_line_is_known_with_what_it_was(draft: Invoice):
    shown = quote(draft).digest
    drafts.change_quantity(DraftLine.get().id, 3000, by=User.get())
    assert quote(draft).changed_since(shown) == {1: 24000}


def test_a_new_line_was_nothing_and_a_missing_one_is_only_another_sign(draft: Invoice):
    shown = quote(draft).digest
    drafts.add_deposit(draft.id, 500)
    assert quote(draft).changed_since(shown) == {3: None}
    drafts.drop_line(DraftLine.get(DraftLine.kind == "deposit").id)
    drafts.drop_line(DraftLine.get(DraftLine.position == 2).id)
    assert quote(draft).changed_since(shown) == {}
    assert quote(draft).digest != shown


def test_another_problem_is_another_sign(draft: Invoice):
    drafts.add_deposit(draft.id)
    shown = quote(draft).digest
    assert quote(draft).problem(3) == "Type how much money goes to the account."
    drafts.change_amount(DraftLine.get(DraftLine.kind == "deposit").id, 100)
    assert quote(draft).changed_since(shown) == {3: 0}


@pytest.mark.parametrize("shown", ["", "nonsense", "1-2", "x-1-y", "1-x-y", "1-2-3-4", "1-" + "9" * 40 + "-z", "²-1-y"])
def test_what_is_no_sign_says_nothing(draft: Invoice, shown: str):
    assert quote(draft).changed_since(shown) == {1: None, 2: None}


def test_an_empty_quote_is_empty():
    assert Quote([], []).digest == ""


def test_keeping_what_was_shown_is_not_an_edit(draft: Invoice):
    before = Invoice.get_by_id(draft.id)
    drafts.keep_shown(draft.id, quote(draft))
    after = Invoice.get_by_id(draft.id)
    assert (after.shown_minor, after.shown_digest) == (29500, quote(draft).digest)
    assert after.version == before.version


def test_offers_take_what_the_draft_has_taken_already(draft: Invoice, emma: Customer):
    drafts.change_quantity(DraftLine.get().id, 39_500, by=User.get())
    lines = list(DraftLine.select().where(DraftLine.invoice == draft))
    found = {offer.name: offer for offer in offers.offers(emma, lines, draft.service_on, "")}
    assert found["C172"].left_milli == 500
    assert found["Instruction"].left_milli == 19_000
    assert found["Account deposit"].line is None
    assert found["PPL"].line is not None


def test_the_balance_is_general_and_package_funds_and_due_stands_beside(emma: Customer, draft: Invoice, by: User):
    ppl = make.bought(emma).package
    make.pay(make.save(emma, (ppl, "100"), "20", by=by), ("cash", "120"), by=by)
    make.save(emma, (Item.get(Item.name == "C172"), "1"), by=by)
    balance = accounts.balance_of(emma.id)
    assert (balance.general_minor, balance.packages_minor, balance.balance_minor) == (2000, 10000, 12000)
    assert (balance.due_minor, balance.active) == (12000, ["PPL"])
    overview = accounts.overview(emma.id)
    assert [(held.package, held.funds_minor, len(held.contents)) for held in overview.memberships] == [
        ("PPL", 10000, 2)
    ]
    assert [(owed.code, owed.status) for owed in overview.invoices] == [("2026-0002", "open"), ("Draft", "draft")]
