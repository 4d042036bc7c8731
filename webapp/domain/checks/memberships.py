"""What is always true of memberships: their units, what was drawn of them, and when they are complete."""

from typing import Final

from webapp.domain.checks.rule import Rule, rule

RULES: Final[tuple[Rule, ...]] = (
    rule(
        "quantities",
        "Membership item {0} says {1:units} reserved and {3:units} used, its invoices make {2:units} and {4:units}.",
        """SELECT id, SUM(reserved), SUM(on_open), SUM(used), SUM(on_paid) FROM (
            SELECT id, reserved_milli AS reserved, 0 AS on_open, used_milli AS used, 0 AS on_paid FROM membership_item
            UNION ALL SELECT l.membership_item_id,
                0, CASE WHEN i.status = 'open' THEN l.quantity_milli - l.credited_milli ELSE 0 END,
                0, CASE WHEN i.status = 'paid' THEN l.quantity_milli - l.credited_milli ELSE 0 END
            FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
            WHERE l.source = 'draw' AND i.status IN ('open', 'paid')
        ) AS compared GROUP BY id
        HAVING SUM(reserved) <> SUM(on_open) OR SUM(used) <> SUM(on_paid) ORDER BY id""",
    ),
    rule(
        "quantities",
        "Membership item {0}: {1:units} are included, {2:units} reserved and {3:units} used.",
        """SELECT id, included_milli, reserved_milli, used_milli FROM membership_item
        WHERE reserved_milli < 0 OR used_milli < 0 OR reserved_milli + used_milli > included_milli ORDER BY id""",
    ),
    rule(
        "quantities",
        "Line {0} of invoice {1} is about a membership of somebody else, or draws from another than it says.",
        """SELECT l.id, l.invoice_id FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
        LEFT JOIN membership m ON m.id = l.membership_id
        LEFT JOIN membership_item mi ON mi.id = l.membership_item_id
        WHERE l.source IN ('draw', 'sale') AND (m.id IS NULL OR m.customer_id <> i.customer_id
            OR (l.source = 'draw' AND (mi.id IS NULL OR mi.membership_id <> m.id))) ORDER BY l.id""",
    ),
    rule(
        "draws",
        "Membership item {0} says that {1:money} and {3:money} tax were drawn, its live draws make {2:money} and"
        " {4:money}.",
        """SELECT id, SUM(drawn), SUM(facts), SUM(drawn_tax), SUM(tax_facts) FROM (
            SELECT id, drawn_minor AS drawn, 0 AS facts, drawn_tax_minor AS drawn_tax, 0 AS tax_facts
            FROM membership_item
            UNION ALL SELECT l.membership_item_id,
                0, l.net_minor - l.credited_net_minor + CASE WHEN (SELECT tax_inclusive FROM company)
                    THEN l.tax_minor - l.credited_tax_minor ELSE 0 END,
                0, l.tax_minor - l.credited_tax_minor
            FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
            WHERE l.source = 'draw' AND i.status IN ('open', 'paid')
        ) AS compared GROUP BY id
        HAVING SUM(drawn) <> SUM(facts) OR SUM(drawn_tax) <> SUM(tax_facts) ORDER BY id""",
    ),
    rule(
        "draws",
        "Membership item {0}: {1:money} of {2:money} was drawn, and {3:money} of {4:money} tax, with {5:units} left.",
        """SELECT id, drawn_minor, amount_minor, drawn_tax_minor, tax_minor,
            included_milli - reserved_milli - used_milli FROM membership_item
        WHERE drawn_minor < 0 OR drawn_minor > amount_minor OR drawn_tax_minor < 0 OR drawn_tax_minor > tax_minor
            OR (included_milli = reserved_milli + used_milli
                AND (drawn_minor <> amount_minor OR drawn_tax_minor <> tax_minor)) ORDER BY id""",
    ),
    rule(
        "completion",
        "Membership {0} is active with everything used.",
        """SELECT m.id FROM membership m WHERE m.state = 'active' AND NOT EXISTS (
            SELECT 1 FROM membership_item mi WHERE mi.membership_id = m.id AND mi.used_milli < mi.included_milli
        ) ORDER BY m.id""",
    ),
    rule(
        "completion",
        "Customer {0} has {2} active memberships of package {1}.",
        """SELECT customer_id, package_id, COUNT(*) FROM membership WHERE state = 'active'
        GROUP BY customer_id, package_id HAVING COUNT(*) > 1 ORDER BY customer_id, package_id""",
    ),
)
