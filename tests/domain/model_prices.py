"""The rules once more, on plain dicts: what there is, and what it costs. See `tests.domain.model`."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

LIVE = ("open", "paid")


class Refused(Exception):
    """The rules say no."""


class Item(NamedTuple):
    """What is invoiced: its rate in minor units a unit, None when it is only sold in packages, and its tax."""

    rate: int | None
    percent: int


class Package(NamedTuple):
    """(included, amount) of each item by name, and how many days it is valid."""

    items: dict[str, tuple[int, int]]
    days: int | None


def rounded(numerator: int, denominator: int) -> int:
    return int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP))


class Prices:
    """General funds by customer, memberships and invoices by their numbers."""

    def __init__(self, items: dict[str, Item], packages: dict[str, Package], *, inclusive: bool, limit: int) -> None:
        self.items, self.packages = items, packages
        self.inclusive, self.limit = inclusive, limit
        self.general: dict[int, int] = {}
        self.memberships: dict[int, dict[str, Any]] = {}
        self.invoices: dict[int, dict[str, Any]] = {}

    # What there is

    def tax(self, amount: int, percent: int) -> int:
        return rounded(amount * percent, 100 + percent if self.inclusive else 100)

    def whole(self, package: str) -> int:
        """The price of a package, tax included."""
        taxes = 0 if self.inclusive else sum(self.tax(a, self.items[i].percent) for i, (_, a) in self.terms(package))
        return sum(amount for _, (_, amount) in self.terms(package)) + taxes

    def terms(self, package: str) -> list[tuple[str, tuple[int, int]]]:
        return list(self.packages[package].items.items())

    def lines(self, *statuses: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        for invoice in self.invoices.values():
            if invoice["status"] in statuses:
                for line in invoice["lines"]:
                    yield invoice, line

    def draws(self, number: int, item: str, *statuses: str) -> list[dict[str, Any]]:
        return [
            line
            for _, line in self.lines(*statuses)
            if (line["source"], line["membership"], line["item"]) == ("draw", number, item)
        ]

    def left(self, number: int, item: str) -> int:
        included: int = self.packages[self.memberships[number]["package"]].items[item][0]
        return included - sum(int(line["quantity"]) for line in self.draws(number, item, *LIVE))

    def used(self, number: int, item: str) -> int:
        return sum(line["quantity"] for line in self.draws(number, item, "paid"))

    def active(self, customer: int, package: str) -> int | None:
        for number, it in self.memberships.items():
            if (it["customer"], it["package"], it["state"]) == (customer, package, "active"):
                return number
        return None

    def unbilled(self, number: int) -> int:
        it = self.memberships[number]
        of_it = [line for _, line in self.lines(*LIVE) if line["membership"] == number]
        paid = sum(int(line["paid"]) for line in of_it if line["source"] == "draw")
        unpaid = sum(due_of(line) for line in of_it if line["source"] == "sale")
        return max(0, self.whole(it["package"]) - paid - int(it["funds"]) - unpaid)

    def due(self, number: int) -> int:
        invoice = self.invoices[number]
        return 0 if invoice["status"] == "void" else sum(map(due_of, invoice["lines"]))

    # What it costs

    def start(self, number: int, customer: int, package: str, start: date, end: date | None) -> None:
        self.memberships[number] = {
            "customer": customer,
            "package": package,
            "state": "active",
            "start": start,
            "end": end,
            "funds": 0,
            "swept": 0,
            "cancelled": [],
        }

    def quote(self, customer: int, typed: list[tuple[Any, ...]], service: date) -> list[dict[str, Any]]:
        """The lines as they would be saved. A package not held yet stands by its name where its number will be."""
        sales = self._sales(customer, [t for t in typed if t[0] == "package"])
        taken: dict[tuple[Any, str], list[int]] = {}
        lines: list[dict[str, Any]] = []
        for kind, *what in typed:
            if kind == "package":
                lines.append(sales.pop(0))
            elif kind == "deposit":
                lines.append(new_line("deposit", total=what[0]))
            else:
                lines += self._priced(
                    customer, what[0], what[1], service, [x["membership"] for x in lines + sales], taken
                )
        return lines

    def _sales(self, customer: int, typed: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        billable: dict[str, int] = {}
        lines = []
        for _, package, wanted in typed:
            number = self.active(customer, package)
            if number is not None and not any(self.left(number, item) for item, _ in self.terms(package)):
                raise Refused("all of it is invoiced already")
            known = number is not None or package in billable
            most = billable.get(package, self.whole(package) if number is None else self.unbilled(number))
            amount = most if wanted is None else wanted
            if amount > most or (known and most == 0):
                raise Refused("more than is unbilled")
            billable[package] = most - amount
            lines.append(new_line("sale", membership=package if number is None else number, total=amount))
        return lines

    def _priced(
        self,
        customer: int,
        item: str,
        quantity: int,
        service: date,
        sold: list[Any],
        taken: dict[tuple[Any, str], list[int]],
    ) -> list[dict[str, Any]]:
        lines = []
        for key in self._covers(customer, item, service, sold):
            included, amount, live, drawn, drawn_tax = self._stand(key, item, taken)
            part = min(quantity, included - live)
            if part:
                whole_tax = self.tax(amount, self.items[item].percent)
                drawing = max(0, rounded(amount * (live + part), included) - drawn)
                tax = max(0, rounded(whole_tax * (live + part), included) - drawn_tax)
                if self.inclusive:
                    net_left = amount - whole_tax - drawn + drawn_tax
                    tax = min(drawing, max(tax, drawing - net_left))
                total = drawing + (0 if self.inclusive else tax)
                lines.append(new_line("draw", key, item, part, total, drawing, tax))
                so_far = taken.setdefault((key, item), [0, 0, 0])
                so_far[:] = [so_far[0] + part, so_far[1] + drawing, so_far[2] + tax]
                quantity -= part
        if quantity:
            rate, percent = self.items[item]
            if rate is None:
                raise Refused("no standard rate")
            amount = rounded(rate * quantity, 1000)
            total = amount + (0 if self.inclusive else self.tax(amount, percent))
            lines.append(new_line("standard", None, item, quantity, total))
        return lines

    def _covers(self, customer: int, item: str, service: date, sold: list[Any]) -> list[Any]:
        """Memberships in turn: soonest end, oldest start, lowest number; those not made yet are behind their like."""
        found: list[tuple[date, date, int, Any]] = []
        for number, it in self.memberships.items():
            fits = it["customer"] == customer and item in self.packages[it["package"]].items
            within = it["start"] <= service <= (it["end"] or date.max)
            if fits and within and it["state"] in ("active", "expired"):
                found.append((it["end"] or date.max, it["start"], number, number))
        for package in dict.fromkeys(key for key in sold if isinstance(key, str)):
            if item in self.packages[package].items:
                end = last_day(service, self.packages[package].days) or date.max
                found.append((end, service, 2**60 + len(found), package))
        return [key for *_, key in sorted(found)]

    def _stand(self, key: Any, item: str, taken: dict[tuple[Any, str], list[int]]) -> tuple[int, int, int, int, int]:
        """Included, its amount, and what is live, drawn and drawn tax of it, this invoice so far included."""
        package = key if isinstance(key, str) else self.memberships[key]["package"]
        draws = [] if isinstance(key, str) else self.draws(key, item, *LIVE)
        here = taken.get((key, item), [0, 0, 0])
        live = sum(line["quantity"] for line in draws) + here[0]
        drawn = sum(line["drawn"] for line in draws) + here[1]
        return *self.packages[package].items[item], live, drawn, sum(line["tax"] for line in draws) + here[2]


def new_line(
    source: str,
    membership: Any = None,
    item: str | None = None,
    quantity: int = 1000,
    total: int = 0,
    drawn: int = 0,
    tax: int = 0,
) -> dict[str, Any]:
    kept = {"source": source, "membership": membership, "item": item, "quantity": quantity, "total": total}
    return kept | {"drawn": drawn, "tax": tax, "paid": 0, "cancelled": 0}


def due_of(line: dict[str, Any]) -> int:
    return int(line["total"] - line["paid"] - line["cancelled"])


def last_day(start: date, days: int | None) -> date | None:
    return None if days is None else start + timedelta(days=days)
