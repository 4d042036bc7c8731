"""What is always true of the money held, earned, payable and received."""

from typing import Final

from webapp.domain.checks.rule import Rule, balances, rule

RULES: Final[tuple[Rule, ...]] = (
    balances(
        "package-funds",
        "Membership {0}: package funds are {1:money}, what was paid in and spent makes {2:money}.",
        "P",
        """SELECT COALESCE(l.membership_id, j.membership_id), 0,
            CASE WHEN l.source = 'sale' THEN al.amount_minor ELSE -al.amount_minor END
        FROM allocation al JOIN invoice_line l ON l.id = al.line_id JOIN journal j ON j.id = al.journal_id
        WHERE j.kind = 'pay' AND (l.source = 'sale' OR al.source = 'package') AND {live}
        UNION ALL {others}""",
    ),
    rule(
        "package-funds",
        "Membership {0} is {1} and still has package funds of {2:money}.",
        """SELECT m.id, m.reason, a.credits - a.debits FROM membership m
        JOIN account a ON a.kind = 'P' AND a.ref = m.id
        WHERE m.state <> 'active' AND a.credits <> a.debits ORDER BY m.id""",
    ),
    balances(
        "held",
        "Customer {0}: general funds are {1:money}, what was paid in and spent makes {2:money}.",
        "G",
        """SELECT p.customer_id, 0, -al.amount_minor FROM allocation al JOIN journal j ON j.id = al.journal_id
        JOIN payment p ON p.journal_id = j.id WHERE j.kind = 'pay' AND al.source = 'general' AND {live}
        UNION ALL SELECT i.customer_id, 0, al.amount_minor FROM allocation al
        JOIN invoice_line l ON l.id = al.line_id JOIN invoice i ON i.id = l.invoice_id
        JOIN journal j ON j.id = al.journal_id WHERE j.kind = 'pay' AND l.kind = 'deposit' AND {live}
        UNION ALL {others}""",
    ),
    rule(
        "held",
        "Account {0} ({1}:{2}) holds money that is on nobody's statement.",
        """SELECT a.id, a.kind, a.ref FROM account a LEFT JOIN membership m ON a.kind = 'P' AND m.id = a.ref
        LEFT JOIN customer c ON c.id = CASE WHEN a.kind = 'G' THEN a.ref ELSE m.customer_id END
        WHERE a.kind IN ('G', 'P') AND c.id IS NULL ORDER BY a.id""",
    ),
    rule(
        "held",
        "Membership {0}: package funds were {2:money} at the end of {1}.",
        """SELECT ref, posted_on, held FROM (
            SELECT ref, posted_on, SUM(SUM(amount)) OVER (PARTITION BY ref ORDER BY posted_on) AS held FROM (
                SELECT a.ref, j.posted_on, -t.amount_minor AS amount FROM account a
                JOIN transfer t ON t.debit_id = a.id JOIN journal j ON j.id = t.journal_id WHERE a.kind = 'P'
                UNION ALL SELECT a.ref, j.posted_on, t.amount_minor FROM account a
                JOIN transfer t ON t.credit_id = a.id JOIN journal j ON j.id = t.journal_id WHERE a.kind = 'P'
            ) AS posting GROUP BY ref, posted_on
        ) AS days WHERE held < 0 ORDER BY ref, posted_on""",
    ),
    rule(
        "income",
        "Income of “{0}” is {1:money}, the lines of live invoices make {2:money}.",
        """SELECT label, SUM(held), SUM(facts) FROM (
            SELECT label, credits - debits AS held, 0 AS facts FROM account WHERE kind = 'I'
            UNION ALL SELECT l.category, 0, l.net_minor - l.credited_net_minor FROM invoice_line l
            JOIN invoice i ON i.id = l.invoice_id WHERE l.kind = 'item' AND i.status IN ('open', 'paid')
        ) AS compared GROUP BY label HAVING SUM(held) <> SUM(facts) ORDER BY label""",
    ),
    balances(
        "tax",
        "Tax at {0} ten-thousandths of a percent is {1:money}, the lines of live invoices make {2:money}.",
        "T",
        """SELECT l.tax_percent_e4, 0, l.tax_minor - l.credited_tax_minor FROM invoice_line l
        JOIN invoice i ON i.id = l.invoice_id WHERE i.status IN ('open', 'paid')""",
    ),
    balances(
        "methods",
        "Payment method {0}: its account received {1:money}, its payments make {2:money}.",
        "M",
        """SELECT p.method_id, 0, al.amount_minor FROM allocation al JOIN journal j ON j.id = al.journal_id
        JOIN payment p ON p.journal_id = j.id WHERE j.kind = 'pay' AND al.source = 'method' AND {live}
        UNION ALL {others}""",
    ),
    rule(
        "methods",
        "Payment {0} says {1:money}, what it filled or what was kept of it makes {2:money}.",
        """SELECT p.id, p.amount_minor, COALESCE(SUM(taken.amount), 0) FROM payment p LEFT JOIN (
            SELECT journal_id, amount_minor AS amount FROM allocation
            UNION ALL SELECT t.journal_id, t.amount_minor FROM transfer t
            JOIN journal j ON j.id = t.journal_id WHERE j.kind <> 'pay'
        ) AS taken ON taken.journal_id = p.journal_id
        GROUP BY p.id, p.amount_minor HAVING p.amount_minor <> COALESCE(SUM(taken.amount), 0) ORDER BY p.id""",
    ),
)
