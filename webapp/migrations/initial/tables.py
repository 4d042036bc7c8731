"""People, catalogue and memberships. ``{INT}``, ``{DATE}`` … stand for the engine's own type names."""

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
        merged_into_id {INT} REFERENCES customer (id) CHECK (merged_into_id <> id),
        active {BOOL} NOT NULL,
        created_at {INSTANT} NOT NULL,
        version {INT} NOT NULL
    ) {STRICT}""",
    "CREATE INDEX customer_sort ON customer (sort_name, id)",
    "CREATE INDEX customer_role ON customer (role_id)",
    "CREATE INDEX customer_merged ON customer (merged_into_id)",
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
    "CREATE INDEX membership_to_expire ON membership (state, end_on)",
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
    """CREATE INDEX membership_item_low ON membership_item (membership_id)
        WHERE included_milli > reserved_milli + used_milli
        AND included_milli >= 5 * (included_milli - reserved_milli - used_milli)""",
)
