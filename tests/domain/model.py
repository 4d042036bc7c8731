"""The rules of the money once more, on plain dicts: what the state machine compares the business with.

Nothing is kept twice: what is left, drawn and due is counted anew from the lines each time. Amounts are minor units,
quantities thousandths. What the rules refuse raises `Refused`.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from tests.domain.model_prices import LIVE, Prices, Refused, due_of

KINDS = {"standard": 1, "sale": 2, "draw": 3, "deposit": 4}


class Model(Prices):
    """What adding, saving, paying, ending and voiding do."""

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Put everything back as it was when what happens inside is refused."""
        before = copy.deepcopy((self.general, self.memberships, self.invoices))
        try:
            yield
        except Refused:
            self.general, self.memberships, self.invoices = before
            raise

    def add(self, customer: int, package: str) -> None:
        if self.active(customer, package) is not None:
            raise Refused("already active")

    def issue(self, number: int, customer: int, lines: list[dict[str, Any]]) -> None:
        self.invoices[number] = {"customer": customer, "status": "open", "lines": lines, "payments": []}
        if not self.due(number):
            self._paid(number)

    # Paying

    def pay(self, number: int, tenders: list[tuple[str, int]], *, keep: bool, today: date) -> None:
        self.expire(today, self.invoices[number]["customer"])
        invoice = self.invoices[number]
        if invoice["status"] != "open":
            raise Refused("nothing to pay")
        customer, kept = invoice["customer"], 0
        for method, amount in sorted(tenders, key=lambda tender: tender[0] == "account"):
            filled: list[tuple[int, int, str]] = []
            rest = self._by_account(invoice, amount, filled) if method == "account" else amount
            if method != "account":
                rest = fill(invoice, amount, "method", filled, *KINDS)
                self._paid_in(invoice, filled)
                kept += rest
            if rest and (method == "account" or not keep):
                raise Refused("more than can be taken")
            invoice["payments"].append({"method": method, "filled": filled})
        # Deposits and kept money can be spent by the next payment, not by this one.
        self.general[customer] += kept + sum(
            amount
            for payment in invoice["payments"][-len(tenders) :]
            for line, amount, _ in payment["filled"]
            if invoice["lines"][line]["source"] == "deposit"
        )
        if not self.due(number):
            self._paid(number)
        self._sweep(invoice)

    def _by_account(self, invoice: dict[str, Any], asked: int, filled: list[tuple[int, int, str]]) -> int:
        customer, lines = invoice["customer"], invoice["lines"]

        def from_packages() -> None:
            nonlocal asked
            for index, line in enumerate(lines):
                if line["source"] == "draw":
                    it = self.memberships[line["membership"]]
                    amount = put(line, min(asked, it["funds"]))
                    it["funds"] -= amount
                    asked -= amount
                    filled.extend([(index, amount, "package")] if amount else [])

        def from_general(*sources: str) -> None:
            nonlocal asked
            for index, line in sorted(enumerate(lines), key=lambda found: KINDS[found[1]["source"]]):
                if line["source"] in sources:
                    limit = 0 if line["source"] == "sale" else self.limit
                    amount = put(line, min(asked, self.general[customer] + limit))
                    self.general[customer] -= amount
                    asked -= amount
                    filled.extend([(index, amount, "general")] if amount else [])
                    self._paid_in(invoice, [(index, amount, "general")])

        from_packages()
        from_general("standard", "sale")
        from_packages()
        from_general("draw")
        return asked

    def _paid_in(self, invoice: dict[str, Any], filled: list[tuple[int, int, str]]) -> None:
        for index, amount, _ in filled:
            line = invoice["lines"][index]
            if line["source"] == "sale":
                self.memberships[line["membership"]]["funds"] += amount

    def _paid(self, number: int) -> None:
        self.invoices[number]["status"] = "paid"
        for membership in drawn_from(self.invoices[number]):
            it = self.memberships[membership]
            used_up = all(self.used(membership, item) == included for item, (included, _) in self.terms(it["package"]))
            if it["state"] == "active" and used_up:
                self._end(membership, "completed")

    def _sweep(self, invoice: dict[str, Any]) -> None:
        for line in invoice["lines"]:
            if line["membership"] is not None and self.memberships[line["membership"]]["state"] != "active":
                self._empty(line["membership"])

    # Ending

    def expire(self, today: date, customer: int | None = None) -> None:
        for number, it in self.memberships.items():
            over = it["end"] is not None and it["end"] < today
            if it["state"] == "active" and over and customer in (None, it["customer"]):
                self._end(number, "expired")

    def remove(self, number: int) -> None:
        if self.memberships[number]["state"] != "active":
            raise Refused("not active")
        self._end(number, "removed")

    def _end(self, number: int, reason: str) -> None:
        it = self.memberships[number]
        it["state"], it["cancelled"] = reason, []
        it["swept"] = self._empty(number)
        for invoice_number, invoice in self.invoices.items():
            unpaid = [x for x in invoice["lines"] if (x["source"], x["membership"]) == ("sale", number) and due_of(x)]
            if invoice["status"] == "open" and unpaid:
                for line in unpaid:
                    it["cancelled"].append((invoice_number, line, due_of(line)))
                    line["cancelled"] += due_of(line)
                if not self.due(invoice_number):
                    self._paid(invoice_number)

    def _empty(self, number: int) -> int:
        it = self.memberships[number]
        amount, it["funds"] = it["funds"], 0
        self.general[it["customer"]] += amount
        return int(amount)

    # Voiding

    def void(self, number: int, *, refunded: bool, today: date) -> None:
        invoice = self.invoices[number]
        self.expire(today, invoice["customer"])
        sold = {line["membership"] for line in invoice["lines"] if line["source"] == "sale"}
        for other, line in self.lines(*LIVE):
            if other is not invoice and line["source"] == "draw" and line["membership"] in sold:
                raise Refused("drawn elsewhere")
        before = self.general[invoice["customer"]]
        for membership in drawn_from(invoice):
            if self.memberships[membership]["state"] == "completed":
                self._reopen(membership, own=True)
        for payment in reversed(invoice["payments"]):
            self._take_back(invoice, payment, refunded=refunded)
        invoice["status"] = "void"
        for membership in sorted({x["membership"] for x in invoice["lines"] if x["membership"] is not None}):
            it = self.memberships[membership]
            in_use = any(line["membership"] == membership for _, line in self.lines(*LIVE))
            if it["state"] == "active" and membership in sold and not in_use:
                it["state"] = "voided"
            if it["state"] != "active":
                self._empty(membership)
        if self.general[invoice["customer"]] < min(before, -self.limit):
            raise Refused("overdrawn")

    def _reopen(self, number: int, *, own: bool) -> None:
        it = self.memberships[number]
        stays = self.active(it["customer"], it["package"]) is not None
        if stays and not own:
            return
        it["funds"] += it["swept"]
        self.general[it["customer"]] -= it["swept"]
        it["swept"] = 0
        if stays:
            return
        it["state"] = "active"
        cancelled, it["cancelled"] = it["cancelled"], []
        for invoice_number, line, amount in cancelled:
            invoice = self.invoices[invoice_number]
            if invoice["status"] == "void":
                continue
            line["cancelled"] -= amount
            if invoice["status"] == "paid":
                invoice["status"] = "open"
                for other in drawn_from(invoice):
                    if self.memberships[other]["state"] == "completed":
                        self._reopen(other, own=False)

    def _take_back(self, invoice: dict[str, Any], payment: dict[str, Any], *, refunded: bool) -> None:
        customer, to_account = invoice["customer"], not refunded and payment["method"] != "account"
        for index, amount, source in payment["filled"]:
            if source == "package":
                self.memberships[invoice["lines"][index]["membership"]]["funds"] += amount
            if source == "general" or to_account:
                self.general[customer] += amount
        for index, amount, _ in payment["filled"]:
            line = invoice["lines"][index]
            if line["source"] == "deposit":
                self.general[customer] -= amount
            if line["source"] == "sale":
                self.memberships[line["membership"]]["funds"] -= amount
                if self.memberships[line["membership"]]["funds"] < 0:
                    raise Refused("package funds below zero")


def drawn_from(invoice: dict[str, Any]) -> list[int]:
    return sorted({line["membership"] for line in invoice["lines"] if line["source"] == "draw"})


def put(line: dict[str, Any], available: int) -> int:
    """Fill a line as far as the money goes, and say how much that was."""
    amount = min(due_of(line), max(0, available))
    line["paid"] += amount
    return amount


def fill(invoice: dict[str, Any], amount: int, source: str, filled: list[tuple[int, int, str]], *sources: str) -> int:
    """Fill lines by kind and from top to bottom; what is left of the money."""
    for index, line in sorted(enumerate(invoice["lines"]), key=lambda found: KINDS[found[1]["source"]]):
        if line["source"] in sources:
            part = put(line, amount)
            amount -= part
            filled.extend([(index, part, source)] if part else [])
    return amount
