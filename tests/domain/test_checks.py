"""Every check finds what it is for: one row is damaged past the triggers and constraints, and the check names it.

The damage is done in a transaction that is taken back; SQLite's is on the test's own copy of the file.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import peewee
import pytest

from tests import factories as f
from tests.conftest import Running, kept, restored
from webapp.db import db, execute, is_sqlite, rows
from webapp.domain import checks, memberships, voids
from webapp.domain.memberships import Removal
from webapp.domain.merging import merge
from webapp.domain.once import once
from webapp.models import Invoice, Item, User

NAMES = {
    "transfers", "receivable", "awaiting", "package-funds", "income", "tax", "methods", "identity", "held",
    "quantities", "draws", "completion", "mirrors", "once", "numbers", "audit",
}  # fmt: skip  # the names, as docs/books.md has them


@pytest.fixture
def deal(engine: Running) -> Iterator[peewee.Database]:
    """Packages sold, completed and removed, lessons paid, open and void, tax, a deposit, and money of each kind."""
    yield from restored(engine, kept(engine, "a deal of each kind", make_deal))


def make_deal() -> None:
    desk = User.get(User.name == "Owner")
    emma, jack, piano, trio = f.somebody(), f.somebody("Jack Smith"), f.piano(), f.trio()
    lesson, book = Item.get(Item.name == "Lesson"), f.item("Book", "25.00", tax="8", category="Books")
    f.pay(f.save(emma, (piano, None), (book, "1"), by=desk), ("card", "480"), by=desk, keep_rest=True)
    f.settle(f.save(emma, (lesson, "3"), by=desk), by=desk)
    f.save(emma, (lesson, "2"), by=desk)
    f.pay(f.save(emma, (book, "1"), by=desk), ("cash", "24"), ("account", "3"), by=desk)
    f.draft(emma, (lesson, "1"), by=desk)
    voids.void(f.pay(f.save(emma, (lesson, "1"), by=desk), by=desk).id, reason="twice", by=desk, on=f.DAY)
    f.add(emma, trio, by=desk)
    f.pay(f.save(emma, (Item.get(Item.name == "Trio lesson"), "3"), by=desk), by=desk)
    f.pay(f.save(jack, (piano, None), "10", by=desk), ("cash", "100"), by=desk)
    membership = f.bought(jack)
    memberships.remove([Removal(membership.id, f.fresh(membership).version)], by=desk, on=f.DAY)
    f.save(jack, (trio, None), by=desk)
    once("the key of a form", "what was sent", lambda: "where it led")


@contextmanager
def unguarded() -> Iterator[None]:
    """Triggers, foreign keys, unique indexes and CHECKs are off, until everything is taken back."""
    if is_sqlite():
        execute("PRAGMA foreign_keys = 0")
        execute("PRAGMA ignore_check_constraints = 1")
    try:
        with db.atomic() as everything:
            _drop_guards()
            yield
            everything.rollback()
    finally:
        if is_sqlite():
            db.close()  # the next connection has its pragmas again


def _drop_guards() -> None:
    if is_sqlite():
        for (name,) in rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'"):
            execute(f"DROP TRIGGER {name}")
        execute("DROP INDEX membership_one_active")
        for table in ("account", "transfer", "journal", "form_key", "invoice"):
            execute(f"CREATE TABLE bare AS SELECT * FROM {table}")
            execute(f"DROP TABLE {table}")
            execute(f"ALTER TABLE bare RENAME TO {table}")
        return
    execute("SET LOCAL session_replication_role = replica")
    execute("DROP INDEX membership_one_active")
    for table, dropped in rows(
        "SELECT conrelid::regclass::text, string_agg('DROP CONSTRAINT ' || conname || ' CASCADE', ', ')"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        " AND (contype IN ('c', 'u') OR conname = 'form_key_pkey') GROUP BY conrelid"
    ):
        execute(f"ALTER TABLE {table} {dropped}")


def damage(*statements: str) -> dict[str, str]:
    """What the checks say after the damage, by name."""
    with unguarded():
        for statement in statements:
            assert execute(statement) != 0, statement
        found = checks.faults()
    return {fault.name: fault.sentence for fault in reversed(found)}


def of_kind(kind: str) -> str:
    return f"(SELECT MIN(id) FROM journal WHERE kind = '{kind}')"


def moved_to(kind: str, side: str = "credit_id") -> str:
    """The transfers that credit (or debit) an account of a kind."""
    return f"{side} IN (SELECT id FROM account WHERE kind = '{kind}')"


PAID_LINE = "(SELECT MIN(id) FROM invoice_line WHERE source = 'draw' AND paid_minor > 0)"
DAMAGES = {
    "a transfer of nothing": ("transfers", "UPDATE transfer SET amount_minor = 0 WHERE id = 1"),
    "a transfer to itself": ("transfers", "UPDATE transfer SET credit_id = debit_id WHERE id = 1"),
    "another amount": ("transfers", "UPDATE transfer SET amount_minor = amount_minor + 1 WHERE id = 2"),
    "a transfer lost": ("transfers", "DELETE FROM transfer WHERE id = 3"),
    "a transfer to nowhere": ("transfers", "UPDATE transfer SET credit_id = 99999 WHERE id = 3"),
    "a journal of nothing": ("transfers", f"UPDATE transfer SET journal_id = 1 WHERE journal_id = {of_kind('keep')}"),
    "a balance off by one": ("transfers", "UPDATE account SET credits = credits + 1 WHERE kind = 'I'"),
    "an invoice that says another due": (
        "receivable",
        "UPDATE invoice SET due_minor = due_minor - 1 WHERE status = 'open'",
    ),
    "an invoice that says it is open": ("receivable", "UPDATE invoice SET status = 'open' WHERE id = 1"),
    "an invoice void by hand": ("receivable", "UPDATE invoice SET status = 'void', due_minor = 0 WHERE id = 3"),
    "a total changed": ("receivable", "UPDATE invoice SET total_minor = total_minor + 1 WHERE id = 1"),
    "a line that says more was paid": (
        "receivable",
        f"UPDATE invoice_line SET paid_minor = 1 + paid_minor WHERE id = {PAID_LINE}",
    ),
    "an allocation lost": ("receivable", f"DELETE FROM allocation WHERE line_id = {PAID_LINE}"),
    "a cancellation lost": ("receivable", "UPDATE invoice_line SET cancelled_minor = 0 WHERE cancelled_minor > 0"),
    "a package line that was not posted": (
        "awaiting",
        "UPDATE invoice_line SET kind = 'package' WHERE invoice_id = 3",
    ),
    "money awaited by hand": ("awaiting", "UPDATE account SET credits = credits + 5 WHERE kind = 'A'"),
    "package funds below zero": ("package-funds", "UPDATE account SET debits = credits + 5 WHERE kind = 'P'"),
    "package funds of an inactive membership": (
        "package-funds",
        "UPDATE membership SET state = 'inactive', reason = 'removed' WHERE id = 1",
    ),
    "a draw paid from nowhere": (
        "package-funds",
        f"UPDATE allocation SET source = 'general' WHERE line_id = {PAID_LINE}",
    ),
    "a payment of somebody else": ("held", "UPDATE payment SET customer_id = 2 WHERE method_id = 5"),
    "money of nobody": ("held", "UPDATE account SET ref = 99999 WHERE kind = 'P'"),
    "funds spent before they came": (
        "held",
        "UPDATE journal SET posted_on = '2020-01-01' WHERE id IN"
        f" (SELECT journal_id FROM transfer WHERE {moved_to('P', 'debit_id')})",
    ),
    "income of another category": ("income", "UPDATE invoice_line SET category = 'Other' WHERE category = 'Books'"),
    "income by hand": ("income", "UPDATE account SET credits = credits + 1 WHERE kind = 'I' AND label = 'Books'"),
    "tax at another rate": ("tax", "UPDATE invoice_line SET tax_percent_e4 = 50000 WHERE tax_minor > 0"),
    "a payment by another method": ("methods", "UPDATE payment SET method_id = 3 WHERE method_id = 1"),
    "a payment of another amount": ("methods", "UPDATE payment SET amount_minor = amount_minor + 1 WHERE id = 1"),
    "a debit without a credit": ("identity", "UPDATE account SET debits = debits + 1 WHERE kind = 'M'"),
    "an account on the wrong side": ("identity", "UPDATE account SET side = 'D' WHERE kind = 'I'"),
    "a unit reserved by nobody": (
        "quantities",
        "UPDATE membership_item SET reserved_milli = reserved_milli + 1 WHERE id = 1",
    ),
    "a unit used twice": ("quantities", "UPDATE membership_item SET used_milli = used_milli + 1 WHERE id = 1"),
    "more than included": ("quantities", "UPDATE membership_item SET included_milli = 1 WHERE id = 1"),
    "units of somebody else": ("quantities", "UPDATE membership SET customer_id = 2 WHERE id = 1"),
    "two of a package": ("quantities", "UPDATE invoice_line SET quantity_milli = 2000 WHERE source = 'sale'"),
    "a package line without its package": ("quantities", "UPDATE invoice_line SET package_id = NULL WHERE id = 1"),
    "a standard rate that was another": (
        "quantities",
        "UPDATE invoice_line SET standard_rate_e4 = 1 WHERE source = 'standard'",
    ),
    "more for the same": ("quantities", "UPDATE invoice_line SET quantity_milli = 1001 WHERE category = 'Books'"),
    "another rate for the same": (
        "quantities",
        "UPDATE invoice_line SET rate_e4 = rate_e4 + 60 WHERE category = 'Books'",
    ),
    "a draw forgotten": ("draws", "UPDATE membership_item SET drawn_minor = drawn_minor - 1 WHERE id = 1"),
    "a draw of more": ("draws", f"UPDATE invoice_line SET net_minor = net_minor + 1 WHERE id = {PAID_LINE}"),
    "everything drawn but a cent": (
        "draws",
        "UPDATE membership_item SET amount_minor = amount_minor + 1 WHERE used_milli = included_milli",
    ),
    "everything used and still active": (
        "completion",
        "UPDATE membership SET state = 'active', reason = NULL, inactive_on = NULL WHERE reason = 'completed'",
    ),
    "two active at once": (
        "completion",
        "UPDATE membership SET customer_id = 1, state = 'active', reason = NULL WHERE reason = 'removed'",
    ),
    "a mirror of another amount": (
        "mirrors",
        f"UPDATE transfer SET amount_minor = amount_minor + 1 WHERE journal_id = {of_kind('mirror')}",
    ),
    "a mirror of something else": (
        "mirrors",
        f"UPDATE journal SET mirrors_id = 1 WHERE id = {of_kind('mirror')}",
    ),
    "a journal mirrored twice": (
        "mirrors",
        "UPDATE journal SET mirrors_id = (SELECT MAX(mirrors_id) FROM journal) WHERE mirrors_id IS NOT NULL",
    ),
    "a mirror that says it is none": ("mirrors", "UPDATE journal SET kind = 'pay' WHERE kind = 'mirror'"),
    "a void that was not taken back": ("mirrors", "UPDATE invoice SET status = 'void', due_minor = 0 WHERE id = 1"),
    "a journal posted twice": (
        "once",
        f"UPDATE journal SET kind = 'issue', source = 'invoice', source_id = 1, part = 0 WHERE id = {of_kind('keep')}",
    ),
    "a form key used twice": ("once", "INSERT INTO form_key SELECT * FROM form_key"),
    "a gap in the numbers": ("numbers", "UPDATE invoice SET number = 77 WHERE number = 2"),
    "a number twice": ("numbers", "UPDATE invoice SET number = 1 WHERE number = 2"),
    "a number lost": ("numbers", "UPDATE invoice SET number = NULL, series = NULL WHERE number = 2"),
    "a draft with a number": ("numbers", "UPDATE invoice SET number = 99, series = '2026' WHERE status = 'draft'"),
    "a counter that ran ahead": ("numbers", "UPDATE number_series SET next_number = next_number + 1"),
    "an act lost": ("audit", "DELETE FROM audit WHERE id = (SELECT MAX(audit_id) FROM journal)"),
    "an act of nobody": ("audit", "UPDATE audit SET actor = ''"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_planted_damage_is_found(deal: None, what: str) -> None:
    name, statement = DAMAGES[what]
    found = damage(statement)
    assert name in found
    assert "{" not in found[name]


def test_there_is_damage_for_every_check() -> None:
    assert {name for name, _ in DAMAGES.values()} == {rule.name for rule in checks.RULES} == NAMES


@pytest.mark.sqlite_only
def test_there_is_damage_for_every_rule_of_a_check(deal: None) -> None:
    tripped = set()
    for _, statement in DAMAGES.values():
        with unguarded():
            execute(statement)
            tripped |= {rule.sentence for rule in checks.RULES if rows(rule.sql)}
    assert {rule.sentence for rule in checks.RULES} == tripped


def test_sound_books_have_no_fault(deal: None) -> None:
    assert checks.faults() == []
    assert damage("UPDATE customer SET name = name") == {}


def test_faults_name_the_row_and_the_amounts_as_people_read_them(deal: None) -> None:
    found = damage("UPDATE invoice SET due_minor = due_minor - 1 WHERE id = 3")
    assert found == {"receivable": "Invoice 3 is open and says that 89.99 is due; 90.00 is receivable."}
    found = damage("UPDATE membership_item SET used_milli = used_milli + 500 WHERE id = 1")
    assert found["quantities"] == "Membership item 1 says 2 reserved and 3.5 used, its invoices make 2 and 3."


def test_every_fault_is_told_not_only_the_first(deal: None) -> None:
    with unguarded():
        execute("UPDATE invoice_line SET paid_minor = paid_minor + 1")
        lines = [fault for fault in checks.faults() if fault.sentence.startswith("Line ")]
        assert len(lines) == rows("SELECT COUNT(*) FROM invoice_line")[0][0]


def test_customers_made_one_are_proven_together(desk: User) -> None:
    """Their payments still name who paid, and their invoices who it is now."""
    emma, twice, piano = f.somebody(), f.somebody("Emma Jones again"), f.piano()
    f.pay(f.save(twice, "100", (piano, "50"), by=desk), ("cash", "155"), by=desk, keep_rest=True)
    lesson = f.pay(
        f.save(twice, (Item.get(Item.name == "Lesson"), "3"), by=desk), ("account", "130"), ("cash", "5"), by=desk
    )
    merge(twice, emma, by=desk, on=f.DAY)
    assert (f.general(emma), f.general(twice)) == (2500, 0)
    assert checks.faults() == []
    other = f.somebody("Somebody Else")
    assert "held" in damage(f"UPDATE payment SET customer_id = {other.id} WHERE customer_id = {twice.id}")
    voids.void(lesson.id, reason="twice as well", by=desk, on=f.DAY)
    assert checks.faults() == []


def test_an_empty_database_is_sound(empty: peewee.Database) -> None:
    assert checks.faults() == []


def test_one_query_a_rule_however_large_the_books(
    desk: User, deal: None, queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with queries() as before:
        checks.faults()
    emma = f.somebody("Somebody More")
    for _ in range(5):
        f.pay(f.save(emma, "10", by=desk), by=desk)
    with queries() as after:
        checks.faults()
    assert len(after) == len(before)
    assert Invoice.select().count() > 5


def test_a_check_inside_an_act_sees_the_act(desk: User) -> None:
    with db.atomic():
        f.pay(f.save(f.somebody(), "10", by=desk), by=desk)
        assert checks.faults() == []
