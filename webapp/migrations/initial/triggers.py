"""What the database refuses by itself: changes of the books, of what was issued, and of frozen terms."""

APPEND_ONLY = ("transfer", "journal", "audit", "payment", "allocation", "credit_note", "form_key")
KEPT = ("account", "membership", "membership_item", "invoice_line")
"""Rows that change but are never taken away."""

PRICED = [
    "invoice_id", "position", "part", "kind", "source", "item_id", "package_id", "membership_id", "membership_item_id",
    "description", "unit", "quantity_milli", "rate_e4", "standard_rate_e4", "reason", "leaves_milli", "category",
    "tax_percent_e4", "discount_minor", "net_minor", "tax_minor", "total_minor",
]  # fmt: skip  # what an invoice line never changes
ISSUED = [
    "kind", "customer_name", "series", "number", "service_on", "due_on", "issued_on", "note", "net_minor", "tax_minor",
    "total_minor", "created_by_id", "created_at",
]  # fmt: skip  # what an issued invoice never changes
STEPS = "'draft>open', 'draft>paid', 'open>paid', 'open>void', 'paid>open', 'paid>void'"


def _changed(columns: list[str], differs: str) -> str:
    return " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)


def _rules(differs: str) -> list[tuple[str, str, str, str, str]]:
    """The refusals common to both engines: name, event, table, condition, sentence."""
    return [
        *((f"{table}_no_update", "UPDATE", table, "", f"{table} is append-only") for table in APPEND_ONLY),
        *(
            (f"{table}_no_delete", "DELETE", table, "", f"{table} rows are never deleted")
            for table in (*APPEND_ONLY, *KEPT)
        ),
        ("invoice_no_delete", "DELETE", "invoice", "OLD.status <> 'draft'", "issued invoices are voided, not deleted"),
        (
            "invoice_frozen",
            "UPDATE",
            "invoice",
            f"OLD.status <> 'draft' AND ({_changed(ISSUED, differs)})",
            "an issued invoice does not change",
        ),
        (
            "invoice_transition",
            "UPDATE",
            "invoice",
            f"NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN ({STEPS})",
            "no such step for an invoice",
        ),
        (
            "invoice_line_frozen",
            "UPDATE",
            "invoice_line",
            _changed(PRICED, differs),
            "an invoice line keeps its price",
        ),
        (
            "membership_item_frozen",
            "UPDATE",
            "membership_item",
            _changed(
                ["membership_id", "item_id", "included_milli", "amount_minor", "tax_percent_e4", "tax_minor"], differs
            ),
            "the terms of a membership are frozen",
        ),
    ]


def sqlite_triggers() -> list[str]:
    statements = [
        """CREATE TRIGGER transfer_post AFTER INSERT ON transfer BEGIN
            UPDATE account SET debits = debits + NEW.amount_minor WHERE id = NEW.debit_id;
            UPDATE account SET credits = credits + NEW.amount_minor WHERE id = NEW.credit_id;
        END"""
    ]
    for name, event, table, condition, sentence in _rules("IS NOT"):
        when = f"WHEN {condition} " if condition else ""
        statements.append(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when}BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )
    return statements


def postgres_triggers(*, cockroach: bool) -> list[str]:
    """CockroachDB counts a trigger's arguments from one, and has no triggers on TRUNCATE."""
    sentence_given = "COALESCE(TG_ARGV[1], TG_ARGV[0])" if cockroach else "TG_ARGV[0]"
    statements = [
        """CREATE FUNCTION transfer_post() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE account SET
                debits = debits + CASE WHEN id = NEW.debit_id THEN NEW.amount_minor ELSE 0 END,
                credits = credits + CASE WHEN id = NEW.credit_id THEN NEW.amount_minor ELSE 0 END
            WHERE id IN (NEW.debit_id, NEW.credit_id);
            RETURN NULL; END $$""",
        "CREATE TRIGGER transfer_post AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_post()",
        f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION USING MESSAGE = {sentence_given}, ERRCODE = '23514'; END $$""",
    ]
    for name, event, table, condition, sentence in _rules("IS DISTINCT FROM"):
        when = f"WHEN ({condition}) " if condition else ""
        statements.append(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION refuse('{sentence}')"
        )
    if cockroach:
        return statements
    return statements + [
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION refuse('{table} is append-only')"
        for table in APPEND_ONLY
    ]
