"""The rules of the money once more, on plain dicts: what the state machine compares the business with.

Nothing is kept twice: what is left, drawn and due is counted anew from the lines each time. Amounts are minor units,
quantities thousandths. What the rules refuse raises `Refused`.

Prices, endings, payments and corrections stand on each other in this order; here is what begins an invoice, and what
moves a customer's own money.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from tests.domain.model_corrections import Corrections
from tests.domain.model_prices import NOTHING_OFF, Refused

STATE = ("general", "withdrawn", "memberships", "invoices", "payments", "family")


class Model(Corrections):
    """All acts on a customer's money."""

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Put everything back as it was when what happens inside is refused."""
        before = pickle.dumps([getattr(self, name) for name in STATE])
        try:
            yield
        except Refused:
            for name, value in zip(STATE, pickle.loads(before), strict=True):  # noqa: S301  # made four lines above
                setattr(self, name, value)
            raise

    def add(self, customer: int, package: str) -> None:
        if self.active(customer, package) is not None:
            raise Refused("already active")

    def issue(
        self, number: int, customer: int, lines: list[dict[str, Any]], typed: list[tuple[Any, ...]], due_on: date
    ) -> None:
        invoice = {"customer": customer, "status": "open", "lines": lines, "typed": typed, "due_on": due_on}
        self.invoices[number] = invoice
        if not self.due(number):
            self.paid(number)

    def use(self, number: int, taken: Sequence[tuple[str, int]], today: date) -> list[dict[str, Any]]:
        """The lines that charge so much at the package rates, if all of it is left and the package funds reach."""
        it = self.must_be_active(number, today)
        if it["start"] > today or any(quantity > self.left(number, item) for item, quantity in taken):
            raise Refused("not that much is there to use")
        lines = [
            line | {"position": n}
            for n, (item, quantity) in enumerate(taken, 1)
            for line in self.priced(it["customer"], item, quantity, NOTHING_OFF, [number], {}, {})
        ]
        if sum(line["net"] + line["tax"] for line in lines) > it["funds"]:
            raise Refused("the funds do not reach")
        return lines

    # A customer's own money

    def deposit(self, customer: int, method: str, amount: int, today: date) -> dict[str, Any]:
        self.expire(today, customer)
        payment = self._new(method, customer, None, amount)
        self.payments[payment["key"]] = payment
        self.general[customer] += amount
        return payment

    def withdraw(self, customer: int, method: str, amount: int, today: date) -> None:
        self.expire(today, customer)
        if amount > self.general[customer]:
            raise Refused("more than there is")
        self.general[customer] -= amount
        self.withdrawn.append({"payer": customer, "method": method, "amount": amount})

    def adjust(self, customer: int, amount: int, today: date) -> None:
        self.expire(today, customer)
        with self.within_limits():
            self.general[customer] += amount

    def into_package(self, number: int, amount: int, today: date) -> None:
        it = self.must_be_active(number, today)
        if amount > min(self.general[it["customer"]], self.unbilled(number)):
            raise Refused("more than there is, or than is unbilled")
        self.general[it["customer"]] -= amount
        it["funds"] += amount

    def out_of_package(self, number: int, amount: int, today: date) -> None:
        it = self.must_be_active(number, today)
        if amount > it["funds"]:
            raise Refused("more than there is")
        it["funds"] -= amount
        self.general[it["customer"]] += amount

    def merge(self, second: int, into: int, today: date) -> None:
        """Everything of the second becomes the other's, payments and what they may pay for included."""
        self.expire(today, second, into)
        of_second = [it["package"] for it in self.memberships.values() if it["customer"] == second and is_active(it)]
        if any(self.active(into, package) is not None for package in of_second):
            raise Refused("both are active")
        self.general[into] += self.general[second]
        self.general[second] = 0
        for it in [*self.memberships.values(), *self.invoices.values()]:
            it["customer"] = into if it["customer"] == second else it["customer"]
        taken_off = [back for it in self.invoices.values() for line in it["lines"] for back in line["taken_off"]]
        for payment in [*self.payments.values(), *taken_off, *self.withdrawn]:
            payment["payer"] = into if payment["payer"] == second else payment["payer"]
        owner, members = self.family
        names = {second: into}
        self.family = names.get(owner, owner), frozenset(names.get(member, member) for member in members)


def is_active(it: dict[str, Any]) -> bool:
    return bool(it["state"] == "active")
