"""The one writer of the books."""

import ast
import re
from pathlib import Path

import peewee
import pytest

import webapp
from tests import factories as f
from webapp.db import rows
from webapp.domain import audit, ledger
from webapp.domain.ledger import Key, Move, ShortFunds
from webapp.models import Account, Audit, Customer, Journal, Membership, Transfer, User

CASH, SALES = Key("M", 1), Key("I", 0, "Sales")

pytestmark = pytest.mark.usefixtures("business")


@pytest.fixture
def emma() -> Customer:
    return f.somebody()


@pytest.fixture
def membership(emma: Customer, desk: User) -> Membership:
    return f.add(emma, f.piano(), by=desk)


@pytest.fixture
def entry(emma: Customer, desk: User) -> Audit:
    return audit.record("Tested", "customer", emma.id, by=desk, customer=emma)


def post(entry: Audit, *moves: Move, kind: str = "test", part: int = 0) -> Journal:
    journal = ledger.post(kind, "act", entry.id, moves, audit=entry, on=f.DAY, part=part)
    assert journal is not None
    return journal


def moved(journal: Journal) -> list[tuple[str, str, int]]:
    transfers = Transfer.select().where(Transfer.journal == journal).order_by(Transfer.line)
    return [(t.debit.code, t.credit.code, t.amount_minor) for t in transfers]


def test_a_journal_of_two_transfers(entry: Audit, emma: Customer) -> None:
    journal = post(entry, Move(CASH, ledger.general(emma.id), 500), Move(ledger.general(emma.id), SALES, 200))
    assert moved(journal) == [("M:1", f"G:{emma.id}", 500), (f"G:{emma.id}", "I:Sales", 200)]
    assert [ledger.balance(key) for key in (CASH, ledger.general(emma.id), SALES)] == [500, 300, 200]
    assert (journal.posted_on, journal.audit_id) == (f.DAY, entry.id)


def test_nothing_moves_nothing(entry: Audit, emma: Customer) -> None:
    assert ledger.post("test", "act", 1, [Move(CASH, SALES, 0)], audit=entry, on=f.DAY) is None
    assert ledger.post("test", "act", 1, [], audit=entry, on=f.DAY) is None
    journal = post(entry, Move(CASH, SALES, 0), Move(CASH, ledger.general(emma.id), 1))
    assert moved(journal) == [("M:1", f"G:{emma.id}", 1)]
    assert not Account.select().where(Account.kind == "I").exists()


def test_accounts_are_opened_when_they_are_needed_on_their_side(
    entry: Audit, emma: Customer, membership: Membership
) -> None:
    package = ledger.package_funds(membership.id)
    post(entry, Move(CASH, package, 100), Move(package, ledger.general(emma.id), 40), Move(CASH, ledger.tax(80_000), 7))
    found = rows("SELECT kind, side, floor_zero FROM account ORDER BY kind")
    assert [tuple(row) for row in found] == [("G", "C", 0), ("M", "D", 0), ("P", "C", 1), ("T", "C", 0)]
    post(entry, Move(CASH, package, 1), part=1)
    assert Account.select().count() == 4


def test_general_funds_may_go_below_zero_and_package_funds_may_not(
    entry: Audit, emma: Customer, membership: Membership
) -> None:
    post(entry, Move(ledger.general(emma.id), SALES, 100))
    assert ledger.balance(ledger.general(emma.id)) == -100
    with pytest.raises(peewee.IntegrityError, match="no_overdraft"):
        post(entry, Move(ledger.package_funds(membership.id), SALES, 1), part=1)


def test_the_same_thing_happens_once(entry: Audit) -> None:
    post(entry, Move(CASH, SALES, 1))
    with pytest.raises(peewee.IntegrityError):
        post(entry, Move(CASH, SALES, 1))


def test_the_next_part_of_what_can_happen_again(entry: Audit) -> None:
    assert ledger.next_part("test", "act", entry.id) == 0
    post(entry, Move(CASH, SALES, 1))
    assert ledger.next_part("test", "act", entry.id) == 1
    assert ledger.next_part("other", "act", entry.id) == 0


def test_a_mirror_moves_the_same_the_other_way_round(entry: Audit, emma: Customer, membership: Membership) -> None:
    package = ledger.package_funds(membership.id)
    journal = post(entry, Move(CASH, package, 100), Move(package, SALES, 30))
    later = f.DAY.replace(day=9)
    undone = ledger.mirror(journal, audit=entry, on=later)
    assert moved(undone) == [("I:Sales", f"P:{membership.id}", 30), (f"P:{membership.id}", "M:1", 100)]
    assert (undone.kind, undone.mirrors, undone.posted_on) == ("mirror", journal, later)
    assert [ledger.balance(key) for key in (CASH, package, SALES)] == [0, 0, 0]
    with pytest.raises(peewee.IntegrityError):
        ledger.mirror(journal, audit=entry, on=later)


def test_a_mirror_that_would_overdraw_package_funds_names_the_amount(entry: Audit, membership: Membership) -> None:
    package = ledger.package_funds(membership.id)
    paid = post(entry, Move(CASH, package, 100))
    post(entry, Move(package, SALES, 30), part=1)
    with pytest.raises(ShortFunds) as refused:
        ledger.mirror(paid, audit=entry, on=f.DAY)
    assert refused.value.short_minor == 30


def test_live_journals_are_those_not_taken_back_newest_first(entry: Audit) -> None:
    first, second, third = (post(entry, Move(CASH, SALES, 1), part=n) for n in range(3))
    ledger.mirror(second, audit=entry, on=f.DAY)
    assert ledger.live([first, second, third]) == [third, first]
    assert ledger.live([]) == []


def test_balances_of_many(entry: Audit, emma: Customer) -> None:
    other = f.somebody("Jack Smith")
    post(entry, Move(CASH, ledger.general(emma.id), 5))
    assert ledger.balances("G", [emma.id, other.id]) == {emma.id: 5, other.id: 0}
    assert ledger.balances("G", []) == {}


def test_nobody_else_writes_the_books() -> None:
    """Journals, transfers and accounts are written in one module, and in no other text of SQL either."""
    writers = set()
    writing = re.compile(r"(insert into|update) (journal|transfer|account) ", re.IGNORECASE)
    for path in Path(webapp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(
                    value=ast.Name(id="Journal" | "Transfer" | "Account"),
                    attr="create" | "insert" | "insert_many" | "create_many",
                ):
                    writers.add(path.stem)
                case ast.Constant(value=str() as text) if writing.search(" ".join(text.split())):
                    writers.add(path.stem)
    assert writers - {"triggers"} == {"ledger"}
