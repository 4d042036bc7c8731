"""What a check is: something always true of the books, as a query that finds the rows of which it is not."""

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """A check's name, a sentence about a faulty row with its columns by number, and the query that finds such rows."""

    name: str
    sentence: str
    sql: str


_LIVE: Final = "j.mirrors_id IS NULL AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.mirrors_id = j.id)"

_COMPARED: Final = """{family}
SELECT {whose}, SUM(held), SUM(facts) FROM (
    SELECT ref, CASE WHEN side = 'C' THEN credits - debits ELSE debits - credits END AS held, 0 AS facts
    FROM account WHERE kind = '{kind}'
    UNION ALL {facts}
) AS compared{joined} GROUP BY {whose} HAVING SUM(held) <> SUM(facts) OR ({floored} AND SUM(held) < 0) ORDER BY 1"""

# A customer who was merged into another is proven with them: the invoices are the other's now, the payments were not.
_FAMILY: Final = """
WITH RECURSIVE family AS (
    SELECT id, id AS root FROM customer WHERE merged_into_id IS NULL
    UNION ALL SELECT customer.id, family.root FROM customer JOIN family ON family.id = customer.merged_into_id
)"""

_OTHERS: Final = """
SELECT a.ref, 0, {plus} t.amount_minor FROM account a JOIN transfer t ON t.debit_id = a.id
JOIN journal j ON j.id = t.journal_id WHERE a.kind = '{kind}' AND j.kind <> 'pay' AND {live}
UNION ALL
SELECT a.ref, 0, {minus} t.amount_minor FROM account a JOIN transfer t ON t.credit_id = a.id
JOIN journal j ON j.id = t.journal_id WHERE a.kind = '{kind}' AND j.kind <> 'pay' AND {live}"""


def rule(name: str, sentence: str, sql: str) -> Rule:
    """A rule whose query may say ``{live}`` of a journal ``j``: nothing took it back, and it takes nothing back."""
    return Rule(name, sentence, sql.replace("{live}", _LIVE))


def balances(name: str, sentence: str, kind: str, facts: str) -> Rule:
    """A rule that the accounts of a kind hold what the facts make: rows of record, 0 and amount.

    Facts may say ``{others}`` for what live journals other than payments moved: what a payment did is read from the
    lines it filled, what anything else did from its transfers.
    """
    plus, minus = ("+", "-") if kind in ("M", "R") else ("-", "+")
    others = _OTHERS.replace("{plus}", plus).replace("{minus}", minus)
    floored = "1 = 1" if kind in ("R", "A", "P") else "1 = 0"
    family, joined, whose = ("", "", "ref")
    if kind == "G":
        family, joined, whose = _FAMILY, " JOIN family ON family.id = compared.ref", "family.root"
    sql = _COMPARED.replace("{family}", family).replace("{joined}", joined).replace("{whose}", whose)
    sql = sql.replace("{facts}", facts).replace("{others}", others).replace("{floored}", floored)
    return rule(name, sentence, sql.replace("{kind}", kind))
