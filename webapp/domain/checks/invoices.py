"""What is always true of invoices: what they ask for, what was paid of them, and their numbers."""

from typing import Final

from webapp.domain.checks.rule import Rule, balances, rule

# What a line charges as the company writes its prices, before its discount. Where prices include the tax, a line
# without tax does not show whether its customer was exempt, and paid less than the rate.
_CHARGED: Final = "l.net_minor + l.discount_minor + CASE WHEN c.tax_inclusive THEN l.tax_minor ELSE 0 END"
# A rate in ten thousandths times a quantity in thousandths, in parts of a minor unit: so many make one.
_PARTS: Final = (
    "CASE c.decimals WHEN 0 THEN 10000000 WHEN 1 THEN 1000000 WHEN 2 THEN 100000 WHEN 3 THEN 10000 ELSE 1000 END"
)

RULES: Final[tuple[Rule, ...]] = (
    balances(
        "receivable",
        "Invoice {0}: {1:money} is receivable, its lines and what was paid of them make {2:money}.",
        "R",
        """SELECT l.invoice_id, 0, l.total_minor - l.credited_net_minor - l.credited_tax_minor - l.cancelled_minor
        FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.status IN ('open', 'paid')
        UNION ALL SELECT l.invoice_id, 0, -al.amount_minor FROM allocation al
        JOIN invoice_line l ON l.id = al.line_id JOIN journal j ON j.id = al.journal_id WHERE {live}""",
    ),
    rule(
        "receivable",
        "Invoice {0} is {1} and says that {2:money} is due; {3:money} is receivable.",
        """SELECT i.id, i.status, i.due_minor, COALESCE(a.debits - a.credits, 0) FROM invoice i
        LEFT JOIN account a ON a.kind = 'R' AND a.ref = i.id
        WHERE i.due_minor <> COALESCE(a.debits - a.credits, 0) OR (i.status = 'open') <> (i.due_minor > 0)
        ORDER BY i.id""",
    ),
    rule(
        "receivable",
        "Line {0} of invoice {1} says that {2:money} was paid, its live allocations make {3:money}.",
        """SELECT l.id, l.invoice_id, l.paid_minor, COALESCE(paid.amount, 0) FROM invoice_line l LEFT JOIN (
            SELECT al.line_id, SUM(al.amount_minor) AS amount FROM allocation al
            JOIN journal j ON j.id = al.journal_id WHERE {live} GROUP BY al.line_id
        ) AS paid ON paid.line_id = l.id WHERE l.paid_minor <> COALESCE(paid.amount, 0) ORDER BY l.id""",
    ),
    rule(
        "receivable",
        "Invoice {0} says that {1:money} of its package lines was cancelled, its journals make {2:money}.",
        """SELECT invoice_id, SUM(cancelled), SUM(posted) FROM (
            SELECT invoice_id, membership_id, cancelled_minor AS cancelled, 0 AS posted
            FROM invoice_line WHERE cancelled_minor <> 0
            UNION ALL SELECT j.invoice_id, j.membership_id, 0,
                CASE WHEN j.kind = 'cancel' THEN t.amount_minor ELSE -t.amount_minor END
            FROM journal j JOIN transfer t ON t.journal_id = j.id WHERE j.kind IN ('cancel', 'uncancel') AND {live}
        ) AS compared GROUP BY invoice_id, membership_id HAVING SUM(cancelled) <> SUM(posted) ORDER BY invoice_id""",
    ),
    rule(
        "receivable",
        "Invoice {0} says {1:money} and {2:money} tax, its lines make {3:money} and {4:money}.",
        """SELECT i.id, i.net_minor, i.tax_minor, COALESCE(SUM(l.net_minor), 0), COALESCE(SUM(l.tax_minor), 0)
        FROM invoice i LEFT JOIN invoice_line l ON l.invoice_id = i.id
        GROUP BY i.id, i.net_minor, i.tax_minor, i.total_minor
        HAVING i.net_minor <> COALESCE(SUM(l.net_minor), 0) OR i.tax_minor <> COALESCE(SUM(l.tax_minor), 0)
            OR i.total_minor <> COALESCE(SUM(l.total_minor), 0) ORDER BY i.id""",
    ),
    rule(
        "quantities",
        "Line {0} of invoice {1} names another thing than its kind, or units credited without money; or it is a package"
        " or a deposit, and says more than one, a rate, units left or tax.",
        """SELECT id, invoice_id FROM invoice_line
        WHERE kind <> 'item' AND item_id IS NOT NULL OR (kind = 'package') <> (package_id IS NOT NULL)
            OR source <> 'draw' AND credited_milli > 0 AND credited_net_minor = 0 AND net_minor >= quantity_milli
            OR kind <> 'item' AND (quantity_milli <> 1000 OR tax_percent_e4 <> 0
                OR tax_minor <> 0 OR rate_e4 IS NOT NULL OR standard_rate_e4 IS NOT NULL OR leaves_milli IS NOT NULL)
        ORDER BY id""",
    ),
    rule(
        "quantities",
        "Line {0} of invoice {1}: {2:units} at its rate make another amount than {3:money}.",
        f"""SELECT l.id, l.invoice_id, l.quantity_milli, {_CHARGED} FROM invoice_line l CROSS JOIN company c
        WHERE l.source = 'standard' AND l.standard_rate_e4 <> l.rate_e4
            OR l.source IN ('standard', 'typed') AND (NOT c.tax_inclusive OR l.tax_percent_e4 > 0)
            AND ABS(2 * {_PARTS} * CAST({_CHARGED} AS NUMERIC)
                - 2 * CAST(l.rate_e4 AS NUMERIC) * l.quantity_milli) > {_PARTS}
        ORDER BY l.id""",  # noqa: S608  # own text
    ),
    balances(
        "awaiting",
        "Invoice {0}: {1:money} awaits payment, what is due of its package and deposit lines makes {2:money}.",
        "A",
        """SELECT l.invoice_id, 0,
            l.total_minor - l.credited_net_minor - l.credited_tax_minor - l.cancelled_minor - l.paid_minor
        FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
        WHERE l.kind <> 'item' AND i.status IN ('open', 'paid')""",
    ),
    rule(
        "numbers",
        "Invoice {0} is {1} and has number {2} of series {3}.",
        """SELECT id, status, number, series FROM invoice
        WHERE (status = 'draft') <> (number IS NULL) OR (number IS NULL) <> (series IS NULL) ORDER BY id""",
    ),
    rule(
        "numbers",
        "Series {0} has {1} numbers, {2} of them different, from {3} to {4}, and {5} comes next.",
        """SELECT series, COUNT(number), COUNT(DISTINCT number), MIN(number), MAX(number), MAX(next_number) FROM (
            SELECT series, number, 0 AS next_number FROM invoice WHERE number IS NOT NULL
            UNION ALL SELECT series, number, 0 FROM credit_note
            UNION ALL SELECT series, NULL, next_number FROM number_series
        ) AS compared GROUP BY series
        HAVING COUNT(number) <> COUNT(DISTINCT number) OR COUNT(number) <> COALESCE(MAX(number), 0)
            OR COALESCE(MIN(number), 1) <> 1 OR MAX(next_number) <> COALESCE(MAX(number), 0) + 1 ORDER BY series""",
    ),
)
