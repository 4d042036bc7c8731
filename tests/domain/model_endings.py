"""The rules once more, on plain dicts: how memberships begin, end, and come back. See `tests.domain.model`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from tests.domain.model_prices import LIVE, Prices, Refused, Term, due_of


class Endings(Prices):
    """What completes, ends and reopens memberships, each of which can bring about the other."""

    policy = "return"
    """What becomes of the package funds that expire."""
    limits: dict[int, int]
    """How far below zero a customer's general funds may go."""

    @contextmanager
    def within_limits(self) -> Iterator[None]:
        """No act but a bounced cheque may end with less than before and below the limit."""
        before = dict(self.general)
        yield
        for customer, amount in self.general.items():
            if amount < min(before[customer], -self.limits[customer]):
                raise Refused("overdrawn")

    def start(
        self, number: int, customer: int, package: str, terms: dict[str, Term], start: date, end: date | None
    ) -> None:
        self.memberships[number] = {
            "customer": customer,
            "package": package,
            "terms": terms,
            "price": self.price(terms),
            "state": "active",
            "start": start,
            "end": end,
            "funds": 0,
            "swept": 0,  # by its completion
            "moved": 0,  # to general funds, by its removal or expiry and since
            "covered": 0,  # by general funds since it was reinstated, and not given back
            "forfeited": 0,
            "refunded": {},
            "handed_over": False,
        }

    def paid(self, number: int) -> None:
        """An invoice asks for nothing more: its units are used, and what that uses up is completed."""
        self.invoices[number]["status"] = "paid"
        for membership in drawn_from(self.invoices[number]["lines"]):
            it = self.memberships[membership]
            used_up = all(self.used(membership, item) == term.included for item, term in it["terms"].items())
            if it["state"] == "active" and used_up:
                self.end(membership, "completed")

    def end(self, number: int, reason: str) -> None:
        """Its funds go where the reason says, and nobody owes the unpaid rest of its package lines."""
        it = self.memberships[number]
        it["state"], it["moved"] = reason, 0
        if reason == "expired" and self.policy == "forfeit":
            it["forfeited"] += it["funds"]
            it["funds"] = 0
        it["swept"] = self.empty(number)
        for invoice_number, invoice in self.invoices.items():
            unpaid = [x for x in invoice["lines"] if (x["source"], x["membership"]) == ("sale", number) and due_of(x)]
            if invoice["status"] == "open" and unpaid:
                for line in unpaid:
                    line["cancelled"] += due_of(line)
                if not self.due(invoice_number):
                    self.paid(invoice_number)

    def empty(self, number: int) -> int:
        """Package funds go on to general funds."""
        it = self.memberships[number]
        amount, it["funds"] = it["funds"], 0
        self.general[it["customer"]] += amount
        it["moved"] += amount
        return int(amount)

    def empty_inactive(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            if self.memberships[number]["state"] != "active":
                self.empty(number)

    def expire(self, today: date, *customers: int) -> None:
        """What is over has ended by itself, for these customers or for everybody."""
        for number, it in self.memberships.items():
            over = it["end"] is not None and it["end"] < today
            if it["state"] == "active" and over and (not customers or it["customer"] in customers):
                self.end(number, "expired")

    def remove(self, number: int, today: date) -> None:
        self.must_be_active(number, today)
        self.end(number, "removed")

    def must_be_active(self, number: int, today: date) -> dict[str, Any]:
        it = self.memberships[number]
        self.expire(today, it["customer"])
        if it["state"] != "active":
            raise Refused("not active")
        return it

    # Coming back

    def reopen_completed(self, lines: Iterable[dict[str, Any]], *, own: bool = True) -> None:
        """What these lines completed is active again; while another one is, only its money comes back, for `own`."""
        for number in drawn_from(lines):
            it = self.memberships[number]
            stays = self.active(it["customer"], it["package"]) is not None
            if it["state"] != "completed" or (stays and not own):
                continue
            it["funds"] += it["swept"]
            self.general[it["customer"]] -= it["swept"]
            it["swept"] = 0
            if not stays:
                it["state"] = "active"
                self._owe_again(number)

    def _owe_again(self, number: int) -> None:
        """The credited rest of its package lines is due again, and what their invoices completed is not complete."""
        for invoice_number, line in self.sales(number):
            if not line["cancelled"]:
                continue
            line["cancelled"] = 0
            invoice = self.invoices[invoice_number]
            if invoice["status"] == "paid":
                invoice["status"] = "open"
                self.reopen_completed(invoice["lines"], own=False)

    def reinstate(self, number: int, end: date | None, today: date) -> None:
        it = self.memberships[number]
        self.expire(today, it["customer"])
        if it["state"] not in ("removed", "expired") or it["handed_over"] or not self.is_left(number):
            raise Refused("only removed or expired ones with something left return")
        if self.active(it["customer"], it["package"]) is not None:
            raise Refused("another is active")
        last = end or it["end"]
        if last is not None and last < max(today, it["start"]):
            raise Refused("that day is past")
        with self.within_limits():
            it["state"], it["end"] = "active", last
            back = min(max(0, it["moved"]), max(0, self.general[it["customer"]]))
            self.general[it["customer"]] -= back
            it["funds"] += back + it["forfeited"]
            it["forfeited"] = it["covered"] = 0
            self._owe_again(number)

    def extend(self, number: int, end: date | None, today: date) -> None:
        it = self.must_be_active(number, today)
        if end == it["end"] or (end is not None and end < max(today, it["start"])):
            raise Refused("not a new last day")
        it["end"] = end

    # Belonging to somebody else

    def may_hand_over(self, number: int, to: int, today: date) -> None:
        self.expire(today, to)
        it = self.must_be_active(number, today)
        open_ = any(line["membership"] == number for _, line in self.lines("open"))
        if open_ or to == it["customer"] or self.active(to, it["package"]) is not None:
            raise Refused("not to be handed over")

    def hand_over(self, number: int, new: int, to: int) -> None:
        """What is left, undrawn and paid in becomes a membership of somebody else; the old one has ended for good."""
        it = self.memberships[number]
        terms = {}
        for item, term in it["terms"].items():
            draws, left = self.draws(number, item, *LIVE), self.left(number, item)
            if left:
                drawn, tax = sum(map(self.drawn, draws)), sum(line["tax"] for line in draws)
                terms[item] = Term(left, term.amount - drawn, term.tax - tax, term.percent)
        self.start(new, to, it["package"], terms, it["start"], it["end"])
        self.memberships[new]["funds"], it["funds"] = it["funds"], 0
        it["handed_over"] = True
        self.end(number, "removed")


def drawn_from(lines: Iterable[dict[str, Any]]) -> list[int]:
    return sorted({line["membership"] for line in lines if line["source"] == "draw"})
