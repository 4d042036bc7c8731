"""An issued invoice: its lines with their reasons, what paid them, the books, and what came of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import peewee
import pytest

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from tests.web.billing import DAY, c172, customer, instruction, on_the_day, url, words
from webapp.domain import drafts, invoicing, voids
from webapp.models import Company, Customer, DraftLine, Invoice, Item, Package, User

Queries = Callable[[], AbstractContextManager[list[str]]]
REGION = "div#invoice"


@pytest.fixture(autouse=True)
def day(business: peewee.Database) -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def by(cast: dict[str, User]) -> User:
    return cast["owner"]


@pytest.fixture
def emma(by: User, once: Once) -> Customer:
    return once(make_emma)


def make_emma() -> Customer:
    made = customer()
    Customer.update(address="1 Hangar Lane\nSpringfield").where(Customer.id == made.id).execute()
    return made


@pytest.fixture
def ppl(emma: Customer, once: Once) -> Package:
    return once(make.ppl)


@pytest.fixture
def split(emma: Customer, ppl: Package, by: User, once: Once) -> Invoice:
    return once(make_split, emma, ppl, by)


def make_split(emma: Customer, ppl: Package, by: User) -> Invoice:
    """Example 1, saved: 2.0 h with 1.5 h left and 180.00 of package funds."""
    make.pay(make.save(emma, (ppl, "4800"), by=by), by=by)
    make.pay(make.save(emma, (c172(), "38.5"), by=by), ("account", "4620"), by=by)
    return make.save(emma, (c172(), "2.0"), by=by)


def test_a_split_line_says_why(bookkeeper: Client, split: Invoice):
    shown = words(bookkeeper.get(url(split)))
    assert "C172 2.0 h 2 rates Split at what PPL had left 255.00" in shown
    assert "1.5 h 120.00 PPL · 120.00 · leaves 0.0 h 180.00" in shown
    assert "0.5 h 150.00 Standard rate · nothing left in PPL 75.00" in shown
    assert "Units from packages reserved until this is paid PPL C172 1.5 h" in shown
    assert "Total $255.00 Due $255.00" in shown


def test_each_line_says_what_paid_it(bookkeeper: Client, split: Invoice, by: User):
    make.pay(split, ("card", "75"), ("account", "180"), by=by)
    shown = words(bookkeeper.get(url(split)))
    assert "Paid: 180.00 PPL funds" in shown
    assert "Paid: 75.00 Card" in shown
    assert "Units from packages used PPL C172 1.5 h" in shown
    assert "1 Jun 2026 Card 75.00 Receipt 1 Jun 2026 Account 180.00 Receipt" in shown
    assert "Paid 255.00 Due $0.00" in shown


def test_the_books_can_be_followed(bookkeeper: Client, split: Invoice, by: User):
    make.pay(split, ("card", "75"), ("account", "180"), by=by)
    shown = words(bookkeeper.get(url(split)))
    code = Invoice.get_by_id(split.id).code
    assert re.search(rf"Saved J\d+ Receivable {code} Income Aircraft 255.00", shown)
    assert re.search(rf"Payment J\d+ Card Receivable {code} 75.00", shown)
    assert re.search(rf"Payment J\d+ Package funds PPL Receivable {code} 180.00", shown)
    assert "Saved by Owner" in shown
    assert "Paid by Owner" in shown


def test_it_says_that_a_package_was_completed_and_what_was_left_over(bookkeeper: Client, emma: Customer, by: User):
    piano = make.piano()
    lesson = Item.get(Item.name == "Lesson")
    make.pay(make.save(emma, (piano, None), by=by), by=by)
    first = make.pay(make.save(emma, (lesson, "1"), by=by), by=by)
    last = make.pay(make.save(emma, (lesson, "9"), by=by), ("account", "405"), by=by)
    assert "PIANO is completed with this invoice; 45.00 left over went to general funds." in words(
        bookkeeper.get(url(last))
    )
    assert "is completed" not in words(bookkeeper.get(url(first)))
    voids.void(first.id, reason="Was not there", by=by, on=DAY)
    assert "is completed" not in words(bookkeeper.get(url(last)))


def test_a_completion_with_nothing_left_over_says_so_too(bookkeeper: Client, emma: Customer, by: User):
    piano = make.piano()
    make.add(emma, piano, by=by)
    last = make.pay(make.save(emma, (Item.get(Item.name == "Lesson"), "10"), by=by), by=by)
    assert "PIANO is completed with this invoice. Standard rates apply" in words(bookkeeper.get(url(last)))


def test_a_void_invoice_says_why_and_keeps_its_lines(bookkeeper: Client, split: Invoice, by: User):
    make.pay(split, ("card", "75"), by=by)
    voids.void(split.id, reason="Wrong aircraft", by=by, on=DAY, money="refunded")
    page = bookkeeper.get(url(split))
    shown = words(page)
    assert "This invoice is void: Wrong aircraft. Its number stays used." in shown
    assert "Units from packages given back" in shown
    assert "Card voided, refunded" in shown
    assert "Taken back: payment" in shown
    assert "<s>75.00</s>" in page.text


def test_a_sale_and_a_deposit(bookkeeper: Client, emma: Customer, ppl: Package, by: User):
    saved = make.pay(make.save(emma, (ppl, "500"), "20", by=by), ("cash", "510"), by=by)
    shown = words(bookkeeper.get(url(saved)))
    assert "PPL 40.0 h C172 , 20.0 h Instruction Paid: 500.00 Cash Sells the package 500.00" in shown
    assert "Account deposit Paid: 10.00 Cash Goes to general funds 20.00" in shown


def test_an_overdue_invoice_is_called_so(bookkeeper: Client, emma: Customer, ppl: Package, by: User):
    saved = make.save(emma, (c172(), "1"), by=by, on=date(2026, 5, 1))
    assert "Invoice 2026-0001 Overdue" in words(bookkeeper.get(url(saved)))


def test_prices_that_include_the_tax(bookkeeper: Client, emma: Customer, by: User):
    Company.update(tax_inclusive=True).execute()
    saved = make.save(emma, (make.item("Course", "120.00", tax="20"), "1"), by=by)
    shown = words(bookkeeper.get(url(saved)))
    assert "Standard rate incl. tax 20 % 120.00" in shown
    assert "Without tax 100.00 Tax 20.00 Total $120.00" in shown


def test_it_can_be_printed_with_names_and_address(bookkeeper: Client, split: Invoice):
    page = bookkeeper.get(url(split))
    assert "data-print" in page.text
    assert re.search(r'class="print-only[^"]*">.*Test Flight School.*Emma Jones.*1 Hangar Lane', page.text, re.DOTALL)


def test_the_print_leaves_off_what_only_staff_know_the_words_for(bookkeeper: Client, by: User):
    """What a package covers and still holds stays, and the reason that was typed to stand on the invoice."""
    emma, lesson = customer("Zoë"), make.item("Book", "20.00")
    piano = make.piano()
    draft = make.draft(
        emma, (piano, None), (Item.get(Item.name == "Lesson"), "11"), (lesson, "1"), (lesson, "2"), by=by
    )
    typed = DraftLine.select().where(DraftLine.invoice == draft).order_by(DraftLine.position.desc()).get()
    drafts.choose_rate(typed.id, "typed", rate_e4=150_000, reason="worn cover")
    page = bookkeeper.get(url(invoicing.issue(draft.id, by=by, on=DAY))).text
    chips = re.findall(r'<span class="chip ([^"]*)">(?:<svg.*?</svg>)?(.*?)</span>', page, re.DOTALL)
    printed = [words for kind, words in chips if "no-print" not in kind]
    assert [words.strip() for kind, words in chips if "no-print" in kind] == [
        "Sells the package",
        "Standard rate",
        "Typed rate · worn cover",
    ]
    assert [it for it in printed if it.startswith("PIANO")], "what covers it"
    assert [it for it in printed if it.startswith("Standard rate · ")], "why the eleventh is not covered"
    assert '<span class="print-only">worn cover</span>' in page
    assert '<span class="no-print">Why this rate</span>' in page


@pytest.mark.parametrize(
    "who, status, offered",
    [
        ("manager", "open", {"Pay", "Void"}),
        ("frontdesk", "open", {"Pay"}),
        ("bookkeeper", "open", set()),
        ("manager", "paid", {"Void"}),
        ("frontdesk", "paid", set()),
        ("manager", "void", set()),
    ],
)
def test_only_what_may_be_done_is_offered(
    request: pytest.FixtureRequest, split: Invoice, by: User, who: str, status: str, offered: set[str]
):
    if status == "paid":
        make.pay(split, by=by)
    if status == "void":
        voids.void(split.id, reason="x", by=by, on=DAY)
    page = request.getfixturevalue(who).get(url(split))
    buttons = re.findall(
        r'class="btn [^"]*" href="[^"]*/(?:void|payments/new)"[^>]*>.*?</svg>(\w+)\b.*?</a>', page.text
    )
    assert set(buttons) == offered


def test_the_region_refreshes_itself_with_its_heading_and_buttons(frontdesk: Client, split: Invoice, by: User):
    make.pay(split, by=by)
    response = frontdesk.get(url(split), htmx=REGION)
    assert "<html" not in response.text
    assert 'hx-target="#invoice-heading"' in response.text
    assert "Paid" in words(response)
    assert "payments/new" not in response.text


def test_it_takes_as_many_queries_however_long_it_is(
    bookkeeper: Client, emma: Customer, ppl: Package, by: User, queries: Queries
):
    make.pay(make.save(emma, (ppl, "1000"), by=by), by=by)
    short = make.pay(make.save(emma, (c172(), "1"), by=by), ("cash", "50"), ("account", "70"), by=by)
    lines = [(thing, "0.5") for _ in range(6) for thing in (c172(), instruction())]
    long = make.save(emma, *lines, by=by)
    for amount in ("10", "20", "30"):
        make.pay(long, ("card", amount), ("account", "10"), by=by)
    bookkeeper.get(url(short))
    with queries() as few:
        bookkeeper.get(url(short))
    with queries() as many:
        bookkeeper.get(url(long))
    assert len(few) == len(many)
    assert len(many) < 30


def test_who_may_see_it(frontdesk: Client, split: Invoice, cast: dict[str, User]):
    role = cast["frontdesk"].role
    role.permissions = frozenset()
    role.save()
    assert frontdesk.get(url(split)).status_code == 403
    assert frontdesk.get("/billing/invoices/999999").status_code == 403


def test_other_verbs_are_refused(owner: Client, split: Invoice):
    assert owner.delete(url(split)).status_code == 405
    assert owner.get(url(split, "lines")).status_code == 405
