"""What a refund may pay out, and by which methods (spec section 5, "Refund")."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from webapp.db import marks, rows
from webapp.domain.merging import owner_of, stood_for_by
from webapp.models import Membership, PaymentMethod


class PayOut(NamedTuple):
    """So much of the refund by one method, at most what came by it."""

    method: PaymentMethod
    amount_minor: int


def received(membership: Membership) -> dict[int, int]:
    """The most that each method can pay out, in minor units: what came in for this membership by it, and is not given
    back yet, be it as a refund of this or a withdrawal by those who paid or own it.

    A check that bounced did not come in.
    """
    came = rows(
        "SELECT p.method_id, SUM(a.amount_minor) FROM allocation a"
        " JOIN invoice_line l ON l.id = a.line_id JOIN payment p ON p.journal_id = a.journal_id"
        " WHERE l.membership_id = ? AND l.source = 'sale' AND a.source = 'method'"
        " AND NOT EXISTS (SELECT 1 FROM journal m WHERE m.mirrors_id = a.journal_id)"
        " AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.kind = 'bounce' AND b.source_id = p.id) GROUP BY p.method_id",
        (membership.id,),
    )
    gone = _refunded([membership.id])
    still = _not_given_back(membership)
    return {method: min(int(amount) - gone[method], max(0, still[method])) for method, amount in came}


def back_to_methods(membership: Membership, refund_minor: int) -> list[PayOut]:
    """The usual pay-out: to each method that the money came by, as far as it goes."""
    outs = []
    for method_id, most in sorted(received(membership).items()):
        amount = min(most, refund_minor)
        if amount > 0:
            outs.append(PayOut(PaymentMethod.get_by_id(method_id), amount))
            refund_minor -= amount
    return outs


class Payer(NamedTuple):
    """Who paid for a membership by a method, as they are now if they were merged into somebody."""

    membership: int
    method: int
    name: str
    is_other: bool
    """Whether it was somebody else than the customer, such as the owner of a group."""


_PAYERS = """
WITH RECURSIVE paid AS (
  SELECT DISTINCT m.id AS membership, m.customer_id AS holder, p.method_id AS method, p.customer_id AS payer
  FROM allocation a JOIN invoice_line l ON l.id = a.line_id AND l.source = 'sale'
  JOIN membership m ON m.id = l.membership_id JOIN payment p ON p.journal_id = a.journal_id
  WHERE m.id IN ({}) AND NOT EXISTS (SELECT 1 FROM journal back WHERE back.mirrors_id = a.journal_id)
    AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.kind = 'bounce' AND b.source_id = p.id)
), who AS (
  SELECT id AS payer, id, name, merged_into_id FROM customer WHERE id IN (SELECT payer FROM paid)
  UNION ALL SELECT who.payer, c.id, c.name, c.merged_into_id FROM who JOIN customer c ON c.id = who.merged_into_id
)
SELECT DISTINCT membership, method, name, CASE WHEN id = holder THEN 0 ELSE 1 END, id
FROM paid JOIN who ON who.payer = paid.payer WHERE merged_into_id IS NULL ORDER BY name, id, membership, method"""


def payers(memberships: Collection[int]) -> list[Payer]:
    """Who paid for these memberships, by any method; one query however many they are."""
    ids = list(memberships)
    found = rows(_PAYERS.format(marks(ids)), ids) if ids else []
    return [Payer(membership, method, name, bool(is_other)) for membership, method, name, is_other, _ in found]


_PAID_FOR = """
SELECT DISTINCT {} FROM payment p JOIN allocation a ON a.journal_id = p.journal_id AND a.source = 'method'
JOIN invoice_line l ON l.id = a.line_id AND l.source = 'sale' WHERE {}"""
_CAME = """
SELECT p.method_id, SUM(p.amount_minor) FROM payment p WHERE p.customer_id IN ({})
  AND NOT EXISTS (SELECT 1 FROM journal b WHERE b.kind = 'bounce' AND b.source_id = p.id)
  AND (NOT EXISTS (SELECT 1 FROM journal m WHERE m.mirrors_id = p.journal_id)
    OR EXISTS (SELECT 1 FROM journal r WHERE r.kind = 'return' AND r.source_id = p.journal_id))
GROUP BY p.method_id"""
_WITHDRAWN = """
SELECT credit.ref, SUM(t.amount_minor) FROM journal j JOIN transfer t ON t.journal_id = j.id
JOIN account debit ON debit.id = t.debit_id AND debit.kind = 'G' JOIN account credit ON credit.id = t.credit_id
WHERE j.kind = 'withdrawal' AND debit.ref IN ({}) GROUP BY credit.ref"""
_REFUNDED = """
SELECT credit.ref, SUM(t.amount_minor) FROM journal j JOIN transfer t ON t.journal_id = j.id
JOIN account credit ON credit.id = t.credit_id AND credit.kind = 'M'
WHERE j.kind = 'refund' AND j.membership_id IN ({}) GROUP BY credit.ref"""


def _not_given_back(membership: Membership) -> Counter[int]:
    """What those who paid for the membership gave by each method for anything, less what they, or who owns it, were
    given back by it. What a void put on the account was received; what it paid out was not. Whose payment was taken
    back did not pay for it."""
    standing = "l.membership_id = ? AND NOT EXISTS (SELECT 1 FROM journal m WHERE m.mirrors_id = p.journal_id)"
    payers = {owner_of(payer) for (payer,) in rows(_PAID_FOR.format("p.customer_id", standing), (membership.id,))}
    people = stood_for_by({*payers, membership.customer_id})
    their_own = rows(_PAID_FOR.format("l.membership_id", f"p.customer_id IN ({marks(people)})"), people)
    net = _by_method(_CAME, people)
    net.subtract(_by_method(_WITHDRAWN, people))
    net.subtract(_refunded([row[0] for row in their_own]))
    return net


def _refunded(memberships: Collection[int]) -> Counter[int]:
    return _by_method(_REFUNDED, list(memberships))


def _by_method(sql: str, ids: list[int]) -> Counter[int]:
    return Counter({method: int(amount) for method, amount in rows(sql.format(marks(ids)), ids)})
