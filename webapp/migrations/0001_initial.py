"""The first schema. Tables from the people outward to the books; triggers last."""

from webapp.db import is_sqlite
from webapp.migrations import run

PEOPLE = (
    """CREATE TABLE company (
        id {INT} PRIMARY KEY CHECK (id = 1),
        name {TEXT} NOT NULL,
        currency {TEXT} NOT NULL,
        decimals {INT} NOT NULL CHECK (decimals BETWEEN 0 AND 4),
        timezone {TEXT} NOT NULL,
        locale {TEXT} NOT NULL,
        tax_inclusive {BOOL} NOT NULL,
        due_days {INT} NOT NULL CHECK (due_days >= 0),
        credit_limit_minor {INT} NOT NULL CHECK (credit_limit_minor >= 0),
        expiry_policy {TEXT} NOT NULL CHECK (expiry_policy IN ('return', 'forfeit')),
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    """CREATE TABLE role (
        id {ID},
        name {TEXT} NOT NULL UNIQUE,
        side {TEXT} NOT NULL CHECK (side IN ('staff', 'customer')),
        permissions {TEXT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    """CREATE TABLE staff (
        id {ID},
        email {TEXT} NOT NULL UNIQUE,
        name {TEXT} NOT NULL,
        password_hash {TEXT} NOT NULL,
        role_id {INT} NOT NULL REFERENCES role (id),
        active {BOOL} NOT NULL,
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX staff_role ON staff (role_id)",
    """CREATE TABLE sign_in_session (
        token_hash {TEXT} PRIMARY KEY,
        user_id {INT} NOT NULL REFERENCES staff (id),
        created_at {INSTANT} NOT NULL,
        seen_at {INSTANT} NOT NULL,
        agent {TEXT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX sign_in_session_user ON sign_in_session (user_id)",
    """CREATE TABLE sign_in_attempt (
        id {ID},
        subject {TEXT} NOT NULL,
        at_epoch {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX sign_in_attempt_subject ON sign_in_attempt (subject, at_epoch)",
    """CREATE TABLE payment_method (
        id {ID},
        name {TEXT} NOT NULL UNIQUE,
        kind {TEXT} NOT NULL CHECK (kind IN ('account', 'cash', 'card', 'check', 'transfer', 'other')),
        active {BOOL} NOT NULL,
        position {INT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE UNIQUE INDEX payment_method_one_account ON payment_method (kind) WHERE kind = 'account'",
    """CREATE TABLE customer (
        id {ID},
        name {TEXT} NOT NULL,
        sort_name {TEXT} NOT NULL,
        email {TEXT} NOT NULL,
        phone {TEXT} NOT NULL,
        address {TEXT} NOT NULL,
        note {TEXT} NOT NULL,
        role_id {INT} NOT NULL REFERENCES role (id),
        credit_limit_minor {INT} CHECK (credit_limit_minor >= 0),
        tax_exempt {BOOL} NOT NULL,
        active {BOOL} NOT NULL,
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX customer_sort ON customer (sort_name, id)",
    "CREATE INDEX customer_role ON customer (role_id)",
    """CREATE TABLE customer_group (
        id {ID},
        name {TEXT} NOT NULL UNIQUE,
        sort_name {TEXT} NOT NULL,
        active {BOOL} NOT NULL,
        owner_id {INT} REFERENCES customer (id),
        note {TEXT} NOT NULL,
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX customer_group_sort ON customer_group (sort_name, id)",
    "CREATE INDEX customer_group_owner ON customer_group (owner_id)",
    """CREATE TABLE group_member (
        group_id {INT} NOT NULL REFERENCES customer_group (id),
        customer_id {INT} NOT NULL REFERENCES customer (id),
        PRIMARY KEY (group_id, customer_id)
    ) {KEYED}""",
    "CREATE INDEX group_member_customer ON group_member (customer_id)",
    """CREATE TABLE search_word (
        kind {TEXT} NOT NULL,
        word {TEXT} NOT NULL,
        ref {INT} NOT NULL,
        PRIMARY KEY (kind, word, ref)
    ) {KEYED}""",
    "CREATE INDEX search_word_ref ON search_word (kind, ref)",
)

CATALOGUE = (
    """CREATE TABLE item (
        id {ID},
        name {TEXT} NOT NULL UNIQUE,
        sort_name {TEXT} NOT NULL,
        unit {TEXT} NOT NULL,
        standard_rate_e4 {INT} CHECK (standard_rate_e4 >= 0),
        tax_percent_e4 {INT} NOT NULL CHECK (tax_percent_e4 BETWEEN 0 AND 1000000),
        category {TEXT} NOT NULL,
        active {BOOL} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX item_sort ON item (sort_name, id)",
    """CREATE TABLE package (
        id {ID},
        name {TEXT} NOT NULL UNIQUE,
        sort_name {TEXT} NOT NULL,
        active {BOOL} NOT NULL,
        validity {TEXT} NOT NULL CHECK (validity IN ('none', 'date', 'days', 'months')),
        validity_count {INT} CHECK (validity_count > 0),
        last_day {DATE},
        note {TEXT} NOT NULL,
        version {INT} NOT NULL,
        CHECK ((validity IN ('days', 'months')) = (validity_count IS NOT NULL)),
        CHECK ((validity = 'date') = (last_day IS NOT NULL))
    ) {STRICT}""",
    "CREATE INDEX package_sort ON package (sort_name, id)",
    """CREATE TABLE package_item (
        id {ID},
        package_id {INT} NOT NULL REFERENCES package (id),
        item_id {INT} NOT NULL REFERENCES item (id),
        position {INT} NOT NULL,
        included_milli {INT} NOT NULL CHECK (included_milli > 0),
        rate_e4 {INT} CHECK (rate_e4 >= 0),
        amount_minor {INT} NOT NULL CHECK (amount_minor >= 0),
        UNIQUE (package_id, item_id)
    ) {STRICT}""",
    "CREATE INDEX package_item_item ON package_item (item_id)",
)

MEMBERSHIPS = (
    """CREATE TABLE membership (
        id {ID},
        customer_id {INT} NOT NULL REFERENCES customer (id),
        customer_sort {TEXT} NOT NULL,
        package_id {INT} NOT NULL REFERENCES package (id),
        package_name {TEXT} NOT NULL,
        group_id {INT} REFERENCES customer_group (id),
        start_on {DATE} NOT NULL,
        end_on {DATE},
        end_sort {TEXT} NOT NULL,
        state {TEXT} NOT NULL CHECK (state IN ('active', 'inactive')),
        reason {TEXT} CHECK (reason IN ('completed', 'removed', 'expired', 'voided')),
        inactive_on {DATE},
        price_minor {INT} NOT NULL CHECK (price_minor >= 0),
        note {TEXT} NOT NULL,
        created_by_id {INT} NOT NULL REFERENCES staff (id),
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL,
        CHECK ((state = 'active') = (reason IS NULL)),
        CHECK ((state = 'active') = (inactive_on IS NULL)),
        CHECK (end_on IS NULL OR end_on >= start_on)
    ) {STRICT}""",
    """CREATE UNIQUE INDEX membership_one_active ON membership (customer_id, package_id) WHERE state = 'active'""",
    "CREATE INDEX membership_customer ON membership (customer_id, id)",
    "CREATE INDEX membership_group ON membership (group_id)",
    "CREATE INDEX membership_default ON membership (state, customer_sort, id)",
    "CREATE INDEX membership_by_customer ON membership (customer_sort, id)",
    "CREATE INDEX membership_by_start ON membership (start_on, id)",
    "CREATE INDEX membership_by_end ON membership (end_sort, id)",
    "CREATE INDEX membership_package ON membership (package_id, state, customer_sort, id)",
    "CREATE INDEX membership_package_by_customer ON membership (package_id, customer_sort, id)",
    "CREATE INDEX membership_package_by_start ON membership (package_id, start_on, id)",
    "CREATE INDEX membership_package_by_end ON membership (package_id, end_sort, id)",
    "CREATE INDEX membership_status ON membership (COALESCE(reason, 'active'), customer_sort, id)",
    "CREATE INDEX membership_status_by_start ON membership (COALESCE(reason, 'active'), start_on, id)",
    "CREATE INDEX membership_status_by_end ON membership (COALESCE(reason, 'active'), end_sort, id)",
    "CREATE INDEX membership_to_expire ON membership (end_on) WHERE state = 'active'",
    """CREATE TABLE membership_item (
        id {ID},
        membership_id {INT} NOT NULL REFERENCES membership (id),
        item_id {INT} NOT NULL REFERENCES item (id),
        position {INT} NOT NULL,
        name {TEXT} NOT NULL,
        unit {TEXT} NOT NULL,
        included_milli {INT} NOT NULL CHECK (included_milli > 0),
        rate_e4 {INT} CHECK (rate_e4 >= 0),
        amount_minor {INT} NOT NULL CHECK (amount_minor >= 0),
        tax_percent_e4 {INT} NOT NULL CHECK (tax_percent_e4 >= 0),
        tax_minor {INT} NOT NULL CHECK (tax_minor >= 0),
        reserved_milli {INT} NOT NULL DEFAULT 0,
        used_milli {INT} NOT NULL DEFAULT 0,
        drawn_minor {INT} NOT NULL DEFAULT 0,
        drawn_tax_minor {INT} NOT NULL DEFAULT 0,
        UNIQUE (membership_id, item_id),
        CONSTRAINT units_not_negative CHECK (reserved_milli >= 0 AND used_milli >= 0),
        CONSTRAINT units_within_included CHECK (reserved_milli + used_milli <= included_milli),
        CONSTRAINT drawn_within_amount CHECK (drawn_minor BETWEEN 0 AND amount_minor),
        CONSTRAINT drawn_within_tax CHECK (drawn_tax_minor BETWEEN 0 AND tax_minor)
    ) {STRICT}""",
    "CREATE INDEX membership_item_item ON membership_item (item_id)",
)

INVOICES = (
    """CREATE TABLE number_series (
        series {TEXT} PRIMARY KEY,
        next_number {INT} NOT NULL CHECK (next_number > 0)
    ) {STRICT}""",
    """CREATE TABLE invoice (
        id {ID},
        customer_id {INT} NOT NULL REFERENCES customer (id),
        customer_name {TEXT} NOT NULL,
        customer_sort {TEXT} NOT NULL,
        status {TEXT} NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void')),
        series {TEXT},
        number {INT},
        kind {TEXT} NOT NULL CHECK (kind IN ('sale', 'settlement')),
        service_on {DATE} NOT NULL,
        due_on {DATE} NOT NULL,
        issued_on {DATE},
        note {TEXT} NOT NULL,
        net_minor {INT} NOT NULL DEFAULT 0 CHECK (net_minor >= 0),
        tax_minor {INT} NOT NULL DEFAULT 0 CHECK (tax_minor >= 0),
        total_minor {INT} NOT NULL DEFAULT 0 CHECK (total_minor >= 0),
        due_minor {INT} NOT NULL DEFAULT 0,
        shown_digest {TEXT} NOT NULL DEFAULT '',
        shown_minor {INT} NOT NULL DEFAULT 0,
        created_by_id {INT} NOT NULL REFERENCES staff (id),
        created_at {INSTANT} NOT NULL,
        changed_at {INSTANT} NOT NULL,
        version {INT} NOT NULL,
        UNIQUE (series, number),
        CONSTRAINT numbered CHECK ((status = 'draft') = (number IS NULL) AND (number IS NULL) = (series IS NULL)),
        CONSTRAINT due_within_total CHECK (due_minor BETWEEN 0 AND total_minor),
        CONSTRAINT paid_is_paid CHECK (status <> 'paid' OR due_minor = 0),
        CONSTRAINT open_is_due CHECK (status <> 'open' OR due_minor > 0),
        CONSTRAINT void_is_nothing CHECK (status <> 'void' OR due_minor = 0)
    ) {STRICT}""",
    "CREATE INDEX invoice_customer ON invoice (customer_id, id)",
    "CREATE INDEX invoice_status ON invoice (status, id)",
    "CREATE INDEX invoice_due ON invoice (status, due_on, id)",
    "CREATE INDEX invoice_by_customer ON invoice (customer_sort, id)",
    """CREATE TABLE draft_line (
        id {ID},
        invoice_id {INT} NOT NULL REFERENCES invoice (id),
        position {INT} NOT NULL,
        kind {TEXT} NOT NULL CHECK (kind IN ('item', 'package', 'deposit')),
        item_id {INT} REFERENCES item (id),
        package_id {INT} REFERENCES package (id),
        quantity_milli {INT} CHECK (quantity_milli > 0),
        amount_minor {INT} CHECK (amount_minor > 0),
        source {TEXT} NOT NULL CHECK (source IN ('auto', 'standard', 'membership', 'typed')),
        membership_id {INT} REFERENCES membership (id),
        rate_e4 {INT} CHECK (rate_e4 >= 0),
        rate_reason {TEXT} NOT NULL,
        discount_minor {INT} CHECK (discount_minor > 0),
        discount_percent_e4 {INT} CHECK (discount_percent_e4 BETWEEN 1 AND 1000000),
        CHECK (discount_minor IS NULL OR discount_percent_e4 IS NULL),
        CHECK (kind <> 'deposit' OR (discount_minor IS NULL AND discount_percent_e4 IS NULL)),
        CHECK ((kind = 'item') = (item_id IS NOT NULL)),
        CHECK ((kind = 'item') = (quantity_milli IS NOT NULL)),
        CHECK ((kind = 'package') = (package_id IS NOT NULL)),
        CHECK (kind = 'item' OR source = 'auto'),
        CHECK ((source = 'membership') = (membership_id IS NOT NULL)),
        CHECK ((source = 'typed') = (rate_e4 IS NOT NULL)),
        CHECK (source <> 'typed' OR rate_reason <> '')
    ) {STRICT}""",
    "CREATE INDEX draft_line_invoice ON draft_line (invoice_id, position)",
    """CREATE TABLE invoice_line (
        id {ID},
        invoice_id {INT} NOT NULL REFERENCES invoice (id),
        position {INT} NOT NULL,
        part {INT} NOT NULL,
        kind {TEXT} NOT NULL CHECK (kind IN ('item', 'package', 'deposit')),
        source {TEXT} NOT NULL CHECK (source IN ('standard', 'typed', 'draw', 'sale', 'deposit')),
        item_id {INT} REFERENCES item (id),
        package_id {INT} REFERENCES package (id),
        membership_id {INT} REFERENCES membership (id),
        membership_item_id {INT} REFERENCES membership_item (id),
        description {TEXT} NOT NULL,
        unit {TEXT} NOT NULL,
        quantity_milli {INT} NOT NULL CHECK (quantity_milli > 0),
        rate_e4 {INT},
        standard_rate_e4 {INT},
        reason {TEXT} NOT NULL,
        leaves_milli {INT},
        category {TEXT} NOT NULL,
        tax_percent_e4 {INT} NOT NULL CHECK (tax_percent_e4 >= 0),
        discount_minor {INT} NOT NULL CHECK (discount_minor >= 0),
        net_minor {INT} NOT NULL CHECK (net_minor >= 0),
        tax_minor {INT} NOT NULL CHECK (tax_minor >= 0),
        total_minor {INT} NOT NULL,
        paid_minor {INT} NOT NULL DEFAULT 0,
        cancelled_minor {INT} NOT NULL DEFAULT 0,
        credited_net_minor {INT} NOT NULL DEFAULT 0,
        credited_tax_minor {INT} NOT NULL DEFAULT 0,
        credited_milli {INT} NOT NULL DEFAULT 0,
        UNIQUE (invoice_id, position, part),
        CHECK (total_minor = net_minor + tax_minor),
        CHECK ((source = 'draw') = (membership_item_id IS NOT NULL)),
        CHECK ((source IN ('draw', 'sale')) = (membership_id IS NOT NULL)),
        CHECK ((kind = 'item') = (source IN ('standard', 'typed', 'draw'))),
        CONSTRAINT paid_within_line CHECK (
            paid_minor >= 0 AND cancelled_minor >= 0
            AND paid_minor + cancelled_minor + credited_net_minor + credited_tax_minor <= total_minor),
        CONSTRAINT credited_within_line CHECK (
            credited_net_minor BETWEEN 0 AND net_minor AND credited_tax_minor BETWEEN 0 AND tax_minor
            AND credited_milli BETWEEN 0 AND quantity_milli)
    ) {STRICT}""",
    "CREATE INDEX invoice_line_membership ON invoice_line (membership_id, id)",
    "CREATE INDEX invoice_line_item ON invoice_line (item_id)",
)

BOOKS = (
    """CREATE TABLE audit (
        id {ID},
        at {INSTANT} NOT NULL,
        user_id {INT} REFERENCES staff (id),
        actor {TEXT} NOT NULL CHECK (actor <> ''),
        act {TEXT} NOT NULL CHECK (act <> ''),
        subject {TEXT} NOT NULL,
        subject_id {INT} NOT NULL,
        customer_id {INT} REFERENCES customer (id),
        reason {TEXT} NOT NULL,
        detail {TEXT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX audit_subject ON audit (subject, subject_id, id)",
    "CREATE INDEX audit_customer ON audit (customer_id, id)",
    """CREATE TABLE form_key (
        form_key {TEXT} PRIMARY KEY,
        digest {TEXT} NOT NULL,
        result {TEXT} NOT NULL,
        created_at {INSTANT} NOT NULL
    ) {STRICT}""",
    """CREATE TABLE account (
        id {ID},
        kind {TEXT} NOT NULL CHECK (
            kind IN ('M', 'R', 'A', 'G', 'P', 'I', 'T', 'forfeited', 'adjustments', 'opening')),
        ref {INT} NOT NULL,
        label {TEXT} NOT NULL,
        side {TEXT} NOT NULL CHECK (side IN ('D', 'C')),
        floor_zero {INT} NOT NULL CHECK (floor_zero IN (0, 1)),
        debits {INT} NOT NULL DEFAULT 0 CHECK (debits >= 0),
        credits {INT} NOT NULL DEFAULT 0 CHECK (credits >= 0),
        UNIQUE (kind, ref, label),
        CONSTRAINT no_overdraft CHECK (floor_zero = 0
            OR (side = 'C' AND debits <= credits) OR (side = 'D' AND credits <= debits))
    ) {STRICT}""",
    """CREATE TABLE journal (
        id {ID},
        kind {TEXT} NOT NULL CHECK (kind <> ''),
        source {TEXT} NOT NULL,
        source_id {INT} NOT NULL,
        part {INT} NOT NULL,
        invoice_id {INT} REFERENCES invoice (id),
        membership_id {INT} REFERENCES membership (id),
        audit_id {INT} NOT NULL REFERENCES audit (id),
        posted_on {DATE} NOT NULL,
        recorded_at {INSTANT} NOT NULL,
        mirrors_id {INT} UNIQUE REFERENCES journal (id),
        UNIQUE (kind, source, source_id, part)
    ) {STRICT}""",
    "CREATE INDEX journal_invoice ON journal (invoice_id, id)",
    "CREATE INDEX journal_membership ON journal (membership_id, id)",
    "CREATE INDEX journal_audit ON journal (audit_id)",
    "CREATE INDEX journal_posted ON journal (posted_on, id)",
    """CREATE TABLE transfer (
        id {ID},
        journal_id {INT} NOT NULL REFERENCES journal (id),
        line {INT} NOT NULL,
        debit_id {INT} NOT NULL REFERENCES account (id),
        credit_id {INT} NOT NULL REFERENCES account (id),
        amount_minor {INT} NOT NULL CHECK (amount_minor BETWEEN 1 AND 100000000000000),
        UNIQUE (journal_id, line),
        CHECK (debit_id <> credit_id)
    ) {STRICT}""",
    "CREATE INDEX transfer_debit ON transfer (debit_id, journal_id)",
    "CREATE INDEX transfer_credit ON transfer (credit_id, journal_id)",
    """CREATE TABLE payment (
        id {ID},
        audit_id {INT} NOT NULL REFERENCES audit (id),
        journal_id {INT} NOT NULL UNIQUE REFERENCES journal (id),
        customer_id {INT} NOT NULL REFERENCES customer (id),
        invoice_id {INT} REFERENCES invoice (id),
        method_id {INT} NOT NULL REFERENCES payment_method (id),
        amount_minor {INT} NOT NULL CHECK (amount_minor > 0),
        received_on {DATE} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX payment_audit ON payment (audit_id)",
    "CREATE INDEX payment_customer ON payment (customer_id, id)",
    "CREATE INDEX payment_invoice ON payment (invoice_id)",
    "CREATE INDEX payment_received ON payment (received_on, id)",
    """CREATE TABLE allocation (
        id {ID},
        journal_id {INT} NOT NULL REFERENCES journal (id),
        line_id {INT} NOT NULL REFERENCES invoice_line (id),
        amount_minor {INT} NOT NULL CHECK (amount_minor <> 0),
        source {TEXT} NOT NULL CHECK (source IN ('method', 'package', 'general'))
    ) {STRICT}""",
    "CREATE INDEX allocation_journal ON allocation (journal_id)",
    "CREATE INDEX allocation_line ON allocation (line_id)",
    """CREATE TABLE credit_note (
        id {ID},
        series {TEXT} NOT NULL,
        number {INT} NOT NULL,
        kind {TEXT} NOT NULL CHECK (kind IN ('credit', 'refund')),
        customer_id {INT} NOT NULL REFERENCES customer (id),
        customer_name {TEXT} NOT NULL,
        invoice_id {INT} REFERENCES invoice (id),
        membership_id {INT} REFERENCES membership (id),
        amount_minor {INT} NOT NULL CHECK (amount_minor > 0),
        issued_on {DATE} NOT NULL,
        reason {TEXT} NOT NULL,
        detail {TEXT} NOT NULL,
        audit_id {INT} NOT NULL REFERENCES audit (id),
        UNIQUE (series, number),
        CHECK ((kind = 'credit') = (invoice_id IS NOT NULL)),
        CHECK ((kind = 'refund') = (membership_id IS NOT NULL))
    ) {STRICT}""",
    "CREATE INDEX credit_note_customer ON credit_note (customer_id, id)",
    "CREATE INDEX credit_note_invoice ON credit_note (invoice_id)",
    "CREATE INDEX credit_note_membership ON credit_note (membership_id)",
)

APPEND_ONLY = ("transfer", "journal", "audit", "payment", "allocation", "credit_note", "form_key")
KEPT = ("account", "membership", "membership_item", "invoice_line")
"""Rows that change but are never taken away."""

PRICED = (
    "invoice_id position part kind source item_id package_id membership_id membership_item_id description unit"
    " quantity_milli rate_e4 standard_rate_e4 reason leaves_milli category tax_percent_e4 discount_minor net_minor tax_minor total_minor"
).split()
ISSUED = (
    "kind customer_name series number service_on due_on issued_on note net_minor tax_minor total_minor created_by_id created_at"
).split()
STEPS = "'draft>open', 'draft>paid', 'open>paid', 'open>void', 'paid>open', 'paid>void'"


def up() -> None:
    """Make every table, then the triggers that keep the books append-only."""
    for statement in (*PEOPLE, *CATALOGUE, *MEMBERSHIPS, *INVOICES, *BOOKS):
        run(statement)
    for trigger in _sqlite_triggers() if is_sqlite() else _postgres_triggers():
        run(trigger)


def _changed(columns: list[str], differs: str) -> str:
    return " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)


def _rules(differs: str) -> list[tuple[str, str, str, str, str]]:
    """The refusals common to both engines: name, event, table, condition, sentence."""
    rules = []
    for table in APPEND_ONLY:
        rules.append((f"{table}_no_update", "UPDATE", table, "", f"{table} is append-only"))
    for table in (*APPEND_ONLY, *KEPT):
        rules.append((f"{table}_no_delete", "DELETE", table, "", f"{table} rows are never deleted"))
    rules += [
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
    return rules


def _sqlite_triggers() -> list[str]:
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


def _postgres_triggers() -> list[str]:
    statements = [
        """CREATE FUNCTION transfer_post() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE account SET
                debits = debits + CASE WHEN id = NEW.debit_id THEN NEW.amount_minor ELSE 0 END,
                credits = credits + CASE WHEN id = NEW.credit_id THEN NEW.amount_minor ELSE 0 END
            WHERE id IN (NEW.debit_id, NEW.credit_id);
            RETURN NULL; END $$""",
        "CREATE TRIGGER transfer_post AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_post()",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23514'; END $$""",
    ]
    for name, event, table, condition, sentence in _rules("IS DISTINCT FROM"):
        when = f"WHEN ({condition}) " if condition else ""
        statements.append(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION refuse('{sentence}')"
        )
    for table in APPEND_ONLY:
        statements.append(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse('{table} is append-only')"
        )
    return statements
