"""What must never be is refused by the database itself, whoever asks: these tests go past every verb, by SQL alone."""

from collections.abc import Callable, Iterator

import peewee
import pytest

from tests import factories as f
from tests.conftest import Running, kept, restored
from webapp.db import db, execute, rows
from webapp.domain import voids
from webapp.domain.once import once
from webapp.models import Invoice, Item, User

A_CONSTRAINT = "(?i)constraint|is append-only|never deleted"
"""What the engines say of a row that cannot be; a statement they do not understand says something else."""


@pytest.fixture
def deal(engine: Running) -> Iterator[Invoice]:
    """Some of everything: a package sold and paid, lessons paid, open, void and in a draft. Gives the open invoice."""
    for _ in restored(engine, kept(engine, "some of everything", make_deal)):
        yield Invoice.select().order_by(Invoice.id.desc()).get()


def make_deal() -> None:
    desk = User.get(User.name == "Owner")
    emma, piano = f.somebody(), f.piano()
    lesson = Item.get(Item.name == "Lesson")
    f.pay(f.save(emma, (piano, None), "20", by=desk), by=desk)
    f.settle(f.save(emma, (lesson, "1"), by=desk), by=desk)
    voids.void(f.save(emma, (lesson, "1"), by=desk).id, reason="twice", by=desk, on=f.DAY)
    f.draft(emma, (lesson, "1"), by=desk)
    once("a key", "a form", lambda: "done")
    execute(
        "INSERT INTO credit_note (series, number, kind, customer_id, customer_name, invoice_id, amount_minor,"
        " issued_on, reason, detail, audit_id) SELECT 'CN-2026', 1, 'credit', customer_id, customer_name, id, 1,"
        " service_on, 'a test', '{}', (SELECT MIN(id) FROM audit) FROM invoice WHERE status = 'paid' LIMIT 1"
    )
    f.save(emma, (lesson, "2"), by=desk)


def refused(sql: str, sentence: str = A_CONSTRAINT) -> None:
    """The statement is refused, and leaves everything as it was."""
    before = _contents()
    with pytest.raises(peewee.IntegrityError, match=sentence), db.atomic():
        execute(sql)
    assert _contents() == before


def _contents() -> dict[str, int]:
    tables = (
        "transfer",
        "journal",
        "audit",
        "payment",
        "allocation",
        "account",
        "membership",
        "invoice_line",
        "invoice",
    )
    return {table: rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}


APPEND_ONLY = {
    "transfer": "amount_minor = amount_minor + 1",
    "journal": "posted_on = '2020-01-01'",
    "audit": "actor = 'nobody'",
    "payment": "amount_minor = 1",
    "allocation": "amount_minor = 1",
    "credit_note": "amount_minor = 2",
    "form_key": "result = 'other'",
}


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_written_down_stays(deal: Invoice, table: str) -> None:
    refused(f"UPDATE {table} SET {APPEND_ONLY[table]}", f"{table} is append-only")
    refused(f"DELETE FROM {table}", f"{table} rows are never deleted")


@pytest.mark.parametrize("table", ["account", "membership", "membership_item", "invoice_line"])
def test_what_is_counted_in_the_books_stays(deal: Invoice, table: str) -> None:
    refused(f"DELETE FROM {table}", f"{table} rows are never deleted")


@pytest.mark.postgres_only
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_nothing_is_truncated(deal: Invoice, table: str) -> None:
    refused(f"TRUNCATE {table} CASCADE", "append-only")


def test_only_drafts_are_deleted(deal: Invoice) -> None:
    refused("DELETE FROM invoice WHERE status = 'open'", "voided, not deleted")
    refused("DELETE FROM invoice WHERE status = 'void'", "voided, not deleted")
    execute("DELETE FROM draft_line")
    assert execute("DELETE FROM invoice WHERE status = 'draft'") == 1


@pytest.mark.parametrize(
    "change",
    [
        "number = number + 100",
        "series = '1999'",
        "customer_name = 'Somebody Else'",
        "service_on = '2020-01-01'",
        "due_on = '2030-01-01'",
        "issued_on = '2020-01-01'",
        "issued_on = NULL",
        "note = 'changed'",
        "net_minor = net_minor + 1",
        "tax_minor = tax_minor + 1",
        "total_minor = total_minor + 1",
        "created_by_id = (SELECT MAX(id) FROM staff)",
        "kind = 'settlement'",
    ],
)
def test_an_issued_invoice_does_not_change(deal: Invoice, change: str) -> None:
    refused(f"UPDATE invoice SET {change} WHERE status = 'open'", "an issued invoice does not change")


@pytest.mark.parametrize(
    "change",
    [
        "net_minor = net_minor - 1, total_minor = total_minor - 1",
        "quantity_milli = 500",
        "position = 7",
        "rate_e4 = 1",
        "description = 'Other'",
        "category = 'Other'",
        "tax_percent_e4 = 1",
        "leaves_milli = NULL",
        "reason = 'other'",
        "invoice_id = (SELECT MIN(id) FROM invoice)",
        "membership_id = NULL, membership_item_id = NULL, source = 'standard'",
    ],
)
def test_an_invoice_line_keeps_its_price(deal: Invoice, change: str) -> None:
    refused(f"UPDATE invoice_line SET {change} WHERE invoice_id = {deal.id}", "an invoice line keeps its price")


@pytest.mark.parametrize("column", ["included_milli", "amount_minor", "tax_percent_e4", "tax_minor"])
def test_the_terms_of_a_membership_are_frozen(deal: Invoice, column: str) -> None:
    refused(f"UPDATE membership_item SET {column} = {column} + 1000", "the terms of a membership are frozen")


@pytest.mark.parametrize(
    "step, change",
    [
        ("open > draft", "status = 'draft', series = NULL, number = NULL"),
        ("paid > draft", "status = 'draft', series = NULL, number = NULL"),
        ("void > open", "status = 'open', due_minor = total_minor"),
        ("void > paid", "status = 'paid'"),
        ("draft > void", "status = 'void', series = '2026', number = 99"),
        ("open > paid", "status = 'paid'"),
        ("open > void", "status = 'void'"),
        ("paid > open", "status = 'open'"),
        ("draft > open", "status = 'open', due_minor = 1, total_minor = 1"),
        ("draft > lost", "status = 'lost'"),
    ],
)
def test_an_invoice_takes_no_wrong_step(deal: Invoice, step: str, change: str) -> None:
    """Nor a right one that leaves due, paid and number at odds."""
    said = "(?i)no such step|does not change|constraint"
    refused(f"UPDATE invoice SET {change} WHERE status = '{step.split(maxsplit=1)[0]}'", said)


def copied(table: str, **other: str) -> str:
    """A statement that inserts the first row of a table again with other values."""
    columns = [c.name for c in db.get_columns(table) if c.name != "id"]
    values = ", ".join(other.get(column, column) for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} ORDER BY 1 LIMIT 1"


def test_two_active_memberships_of_a_package(deal: Invoice) -> None:
    refused(copied("membership"), "(?i)unique")


def test_numbers_are_unique_and_belong_to_issued_invoices(deal: Invoice) -> None:
    refused(
        "UPDATE invoice SET status = 'open', series = '2026', number = 1, due_minor = 1, total_minor = 1"
        " WHERE status = 'draft'",
        "(?i)unique",
    )
    refused("UPDATE invoice SET series = '2026', number = 99 WHERE status = 'draft'", "numbered")
    refused("UPDATE number_series SET next_number = 0", "next_number")


def journal_of(kind: str) -> str:
    return f"(SELECT MIN(id) FROM journal WHERE kind = '{kind}')"


def account(kind: str) -> str:
    return f"(SELECT MAX(id) FROM account WHERE kind = '{kind}')"


@pytest.mark.parametrize("kind", ["P", "A", "R"])
def test_an_account_with_a_floor_is_never_overdrawn(deal: Invoice, kind: str) -> None:
    """Even by one minor unit, even for a moment."""
    held = rows(f"SELECT ABS(credits - debits) FROM account WHERE id = {account(kind)}")[0][0]
    sides = (account("G"), account(kind)) if kind == "R" else (account(kind), account("G"))
    refused(
        "INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor)"
        f" VALUES ({journal_of('issue')}, 9, {sides[0]}, {sides[1]}, {held + 1})",
        "no_overdraft",
    )


@pytest.mark.parametrize(
    "facts",
    [
        "journal_id, 9, debit_id, credit_id, 0",
        "journal_id, 9, debit_id, credit_id, -5",
        "journal_id, 9, debit_id, credit_id, 100000000000001",
        "journal_id, 9, debit_id, debit_id, 5",
        "99999, 9, debit_id, credit_id, 5",
        "journal_id, 9, debit_id, 99999, 5",
        "journal_id, line, debit_id, credit_id, 5",
    ],
    ids=["nothing", "below nothing", "too much", "to itself", "no journal", "no account", "the same line"],
)
def test_a_transfer_moves_something_from_one_account_to_another(deal: Invoice, facts: str) -> None:
    refused(
        "INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor)"
        f" SELECT {facts} FROM transfer ORDER BY id LIMIT 1"
    )


def test_a_transfer_posts_itself(deal: Invoice) -> None:
    """Balances beside the rows are kept by the database, so nobody can forget to."""
    before = dict(rows("SELECT id, credits FROM account WHERE kind = 'G'"))
    execute(
        "INSERT INTO transfer (journal_id, line, debit_id, credit_id, amount_minor)"
        f" VALUES ({journal_of('issue')}, 9, {account('M')}, {account('P')}, 5)"
    )
    assert dict(rows("SELECT id, credits FROM account WHERE kind = 'G'")) == before
    assert rows(f"SELECT credits FROM account WHERE id = {account('P')}")[0][0] == 45005


@pytest.mark.parametrize(
    "change",
    [
        "reserved_milli = included_milli + 1",
        "used_milli = included_milli",
        "reserved_milli = -1",
        "used_milli = -1",
        "drawn_minor = amount_minor + 1",
        "drawn_minor = -1",
        "drawn_tax_minor = tax_minor + 1",
    ],
)
def test_no_more_is_drawn_than_is_included(deal: Invoice, change: str) -> None:
    refused(f"UPDATE membership_item SET {change}")


@pytest.mark.parametrize(
    "change",
    ["paid_minor = total_minor + 1", "paid_minor = -1", "cancelled_minor = total_minor, paid_minor = 1"],
)
def test_no_more_is_paid_than_the_line_asks_for(deal: Invoice, change: str) -> None:
    refused(f"UPDATE invoice_line SET {change} WHERE invoice_id = {deal.id}")


@pytest.mark.parametrize("change", ["due_minor = total_minor + 1", "due_minor = -1", "due_minor = 0"])
def test_what_is_due_fits_the_invoice(deal: Invoice, change: str) -> None:
    refused(f"UPDATE invoice SET {change} WHERE id = {deal.id}")


@pytest.mark.parametrize(
    "insertion",
    [
        lambda: copied("journal"),
        lambda: copied("journal", kind="'other'", mirrors_id="(SELECT mirrors_id FROM journal WHERE kind = 'mirror')"),
        lambda: copied("journal", kind="'other'", audit_id="99999"),
        lambda: copied("journal", kind="'other'", audit_id="NULL"),
        lambda: copied("audit", actor="''"),
        lambda: copied("form_key"),
        lambda: copied("payment"),
        lambda: copied("payment", journal_id=journal_of("issue"), amount_minor="0"),
        lambda: copied("allocation", amount_minor="0"),
        lambda: copied("allocation", source="'thin air'"),
        lambda: copied("account"),
        lambda: copied("payment_method", name="'Second account'", kind="'account'"),
        lambda: copied("payment_method", kind="'other'"),
        lambda: copied("invoice", customer_id="99999"),
        lambda: copied("membership_item"),
    ],
    ids=[
        "a journal twice",
        "a journal mirrored twice",
        "a journal of no act",
        "a journal without an act",
        "an act of nobody",
        "a form key twice",
        "a payment's journal twice",
        "a payment of nothing",
        "an allocation of nothing",
        "an allocation from nowhere",
        "an account twice",
        "a second Account method",
        "a method's name twice",
        "an invoice for nobody",
        "an item twice in a membership",
    ],
)
def test_what_cannot_be_is_not_inserted(deal: Invoice, insertion: Callable[[], str]) -> None:
    refused(insertion())


def test_there_is_one_company(business: peewee.Database) -> None:
    columns = ", ".join(c.name for c in db.get_columns("company"))
    refused(f"INSERT INTO company ({columns}) SELECT {columns.replace('id,', '2,', 1)} FROM company")


def test_an_upsert_is_no_way_around(deal: Invoice) -> None:
    refused(
        "INSERT INTO transfer (id, journal_id, line, debit_id, credit_id, amount_minor)"
        " SELECT id, journal_id, line, debit_id, credit_id, 5 FROM transfer WHERE true"
        " ON CONFLICT (id) DO UPDATE SET amount_minor = 5",
        "append-only",
    )


@pytest.mark.sqlite_only
@pytest.mark.parametrize("table", ["transfer", "journal", "audit", "payment", "allocation"])
def test_insert_or_replace_is_no_way_around(deal: Invoice, table: str) -> None:
    columns = ", ".join(c.name for c in db.get_columns(table))
    refused(f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}", "never deleted")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("value", ["10.5", "'ten'", "x'00'", "9223372036854775808"])
def test_amounts_are_whole_numbers(deal: Invoice, value: str) -> None:
    """Without STRICT, SQLite would keep 10.5 in an integer column, and turn what is too large into a float."""
    refused(f"UPDATE membership_item SET drawn_minor = {value}", "(?i)cannot store|datatype")
