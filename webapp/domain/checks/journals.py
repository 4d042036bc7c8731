"""What is always true of journals and transfers, whatever they are about."""

from typing import Final

from webapp.domain.checks.rule import Rule, rule

RULES: Final[tuple[Rule, ...]] = (
    rule(
        "transfers",
        "Transfer {0} moves {1} from account {2} to account {3}: it must be at least 1, between two accounts.",
        """SELECT id, amount_minor, debit_id, credit_id FROM transfer
        WHERE amount_minor < 1 OR debit_id = credit_id ORDER BY id""",
    ),
    rule(
        "transfers",
        "Journal {0} ({1}) moves nothing.",
        """SELECT id, kind FROM journal WHERE NOT EXISTS (SELECT 1 FROM transfer WHERE journal_id = journal.id)
        ORDER BY id""",
    ),
    rule(
        "transfers",
        "Transfer {0} is of a journal or between accounts that are not there.",
        """SELECT t.id FROM transfer t LEFT JOIN journal j ON j.id = t.journal_id
        LEFT JOIN account debit ON debit.id = t.debit_id LEFT JOIN account credit ON credit.id = t.credit_id
        WHERE j.id IS NULL OR debit.id IS NULL OR credit.id IS NULL ORDER BY t.id""",
    ),
    rule(
        "transfers",
        "Account {0} says debits of {1:money} and credits of {2:money}, its transfers make {3:money} and {4:money}.",
        """SELECT id, SUM(debits), SUM(credits), SUM(debited), SUM(credited) FROM (
            SELECT id, debits, credits, 0 AS debited, 0 AS credited FROM account
            UNION ALL SELECT debit_id, 0, 0, amount_minor, 0 FROM transfer
            UNION ALL SELECT credit_id, 0, 0, 0, amount_minor FROM transfer
        ) AS compared GROUP BY id
        HAVING SUM(debits) <> SUM(debited) OR SUM(credits) <> SUM(credited) ORDER BY id""",
    ),
    rule(
        "transfers",
        "All debits come to {0:money}, all credits to {1:money}.",
        "SELECT SUM(debits), SUM(credits) FROM account HAVING SUM(debits) <> SUM(credits)",
    ),
    rule(
        "identity",
        "What was received and is owed, {0:money}, is not what is held, awaited, earned and payable, {1:money}.",
        """SELECT SUM(owned), SUM(owed) FROM (
            SELECT debits - credits AS owned, 0 AS owed FROM account WHERE kind IN ('M', 'R')
            UNION ALL SELECT 0, credits - debits FROM account WHERE kind NOT IN ('M', 'R')
        ) AS compared HAVING SUM(owned) <> SUM(owed)""",
    ),
    rule(
        "identity",
        "Account {0} ({1}:{2}) stands on the wrong side, {3}.",
        """SELECT id, kind, ref, side FROM account
        WHERE side <> CASE WHEN kind IN ('M', 'R') THEN 'D' ELSE 'C' END ORDER BY id""",
    ),
    rule(
        "mirrors",
        "Journal {0} takes back journal {1}, but does not move the same the other way round.",
        """SELECT DISTINCT id, mirrors_id FROM (
            SELECT m.id, m.mirrors_id, t.debit_id AS one, t.credit_id AS other, t.amount_minor AS amount, 1 AS times
            FROM journal m JOIN transfer t ON t.journal_id = m.mirrors_id
            UNION ALL SELECT m.id, m.mirrors_id, t.credit_id, t.debit_id, t.amount_minor, -1
            FROM journal m JOIN transfer t ON t.journal_id = m.id WHERE m.mirrors_id IS NOT NULL
        ) AS compared GROUP BY id, mirrors_id, one, other, amount HAVING SUM(times) <> 0 ORDER BY id""",
    ),
    rule(
        "mirrors",
        "Journal {0} was taken back {1} times.",
        """SELECT mirrors_id, COUNT(*) FROM journal WHERE mirrors_id IS NOT NULL
        GROUP BY mirrors_id HAVING COUNT(*) > 1 ORDER BY mirrors_id""",
    ),
    rule(
        "mirrors",
        "Journal {0} ({1}) takes back another without being a mirror, is a mirror of nothing, or mirrors a mirror.",
        """SELECT j.id, j.kind FROM journal j LEFT JOIN journal origin ON origin.id = j.mirrors_id
        WHERE (j.kind = 'mirror') <> (j.mirrors_id IS NOT NULL) OR origin.mirrors_id IS NOT NULL ORDER BY j.id""",
    ),
    rule(
        "mirrors",
        "Invoice {0} is void, but journal {1} ({2}) of it is live.",
        """SELECT i.id, j.id, j.kind FROM invoice i JOIN journal j ON j.invoice_id = i.id
        WHERE i.status = 'void' AND {live}
        AND j.kind IN ('issue', 'pay', 'restore', 'forfeit', 'cancel', 'uncancel', 'credit') ORDER BY j.id""",
    ),
    rule(
        "once",
        "There are {3} journals of kind {0} for {1} {2}, of the same part.",
        """SELECT kind, source, source_id, COUNT(*) FROM journal GROUP BY kind, source, source_id, part
        HAVING COUNT(*) > 1 ORDER BY kind, source, source_id""",
    ),
    rule(
        "once",
        "Form key {0} was used {1} times.",
        "SELECT form_key, COUNT(*) FROM form_key GROUP BY form_key HAVING COUNT(*) > 1 ORDER BY form_key",
    ),
    rule(
        "audit",
        "Journal {0} ({1}) names nobody and no act.",
        """SELECT j.id, j.kind FROM journal j LEFT JOIN audit ON audit.id = j.audit_id
        WHERE audit.id IS NULL OR audit.actor = '' OR audit.act = '' ORDER BY j.id""",
    ),
)
