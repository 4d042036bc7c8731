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


class Term(NamedTuple):
    """What a membership holds of an item: so much included for an amount, with the tax prepaid on it, and its rate."""

    included: int
    amount: int
    tax: int
    percent: int


class Off(NamedTuple):
    """A discount, in minor units or in percent."""

    minor: int = 0
    percent: int = 0

    def of(self, amount: int) -> int:
        return self.minor or rounded(amount * self.percent, 100)


NOTHING_OFF = Off()


def rounded(numerator: int, denominator: int) -> int:
    return int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP))


class Prices:
    """General funds by customer; memberships, invoices and payments by their numbers."""

    def __init__(
        self, items: dict[str, Item], packages: dict[str, Package], *, inclusive: bool, exempt: frozenset[int]
    ) -> None:
        self.items, self.packages = items, packages
        self.inclusive, self.exempt = inclusive, exempt
        self.general: dict[int, int] = {}
        self.withdrawn: list[dict[str, Any]] = []
        self.memberships: dict[int, dict[str, Any]] = {}
        self.invoices: dict[int, dict[str, Any]] = {}
        self.payments: dict[int, dict[str, Any]] = {}

    # What there is

    def tax(self, amount: int, percent: int) -> int:
        return rounded(amount * percent, 100 + percent if self.inclusive else 100)

    def without_tax(self, customer: int, amount: int, percent: int) -> tuple[int, int]:
        """An amount and its tax rate as this customer pays them: who is exempt pays none, nor what is in a price."""
        if customer not in self.exempt:
            return amount, percent
        return amount - (self.tax(amount, percent) if self.inclusive else 0), 0

    def terms(self, package: str, customer: int, off: Off = NOTHING_OFF) -> dict[str, Term]:
        """What a customer would get now. A discount is spread by the amounts, so that what is drawn adds up."""
        full = {
            item: (included, *self.without_tax(customer, amount, self.items[item].percent))
            for item, (included, amount) in self.packages[package].items.items()
        }
        whole = sum(amount for _, amount, _ in full.values())
        rest = whole - off.of(whole)
        found, before, given = {}, 0, 0
        for item, (included, amount, percent) in full.items():
            before += amount
            share = rounded(rest * before, whole) - given
            given += share
            found[item] = Term(included, share, self.tax(share, percent), percent)
        return found

    def price(self, terms: dict[str, Term]) -> int:
        """What all of it costs, tax included."""
        return sum(term.amount + (0 if self.inclusive else term.tax) for term in terms.values())

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

    def sales(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """The package lines of a membership on live invoices, with the numbers of those."""
        return [
            (invoice_number, line)
            for invoice_number, invoice in self.invoices.items()
            for line in invoice["lines"]
            if invoice["status"] in LIVE and (line["source"], line["membership"]) == ("sale", number)
        ]

    def left(self, number: int, item: str) -> int:
        included: int = self.memberships[number]["terms"][item].included
        return included - sum(int(line["quantity"]) for line in self.draws(number, item, *LIVE))

    def used(self, number: int, item: str) -> int:
        return sum(line["quantity"] for line in self.draws(number, item, "paid"))

    def is_left(self, number: int) -> bool:
        return any(self.left(number, item) for item in self.memberships[number]["terms"])

    def active(self, customer: int, package: str) -> int | None:
        for number, it in self.memberships.items():
            if (it["customer"], it["package"], it["state"]) == (customer, package, "active"):
                return number
        return None

    def unbilled(self, number: int) -> int:
        it = self.memberships[number]
        of_it = [line for _, line in self.lines(*LIVE) if line["membership"] == number]
        paid = sum(paid_of(line) for line in of_it if line["source"] == "draw")
        unpaid = sum(due_of(line) for line in of_it if line["source"] == "sale")
        return max(0, int(it["price"]) - paid - int(it["funds"]) - unpaid)

    def due(self, number: int) -> int:
        invoice = self.invoices[number]
        return 0 if invoice["status"] == "void" else sum(map(due_of, invoice["lines"]))

    def drawn(self, line: dict[str, Any]) -> int:
        """What a draw took of the amount of its item, as prices are written."""
        return int(line["net"] + (line["tax"] if self.inclusive else 0))

    # What it costs

    def quote(self, customer: int, typed: list[tuple[Any, ...]], service: date, today: date) -> list[dict[str, Any]]:
        """The lines as they would be saved. A package not held yet stands by its name where its number will be."""
        new: dict[str, dict[str, Term]] = {}
        sales = self._sales(customer, [t for t in typed if t[0] == "package"], new)
        if any((last_day(service, self.packages[package].days) or today) < today for package in new):
            raise Refused("over before it is saved")
        taken: dict[tuple[Any, str], list[int]] = {}
        lines: list[dict[str, Any]] = []
        for position, (kind, *what) in enumerate(typed, start=1):
            if kind == "package":
                parts = [sales.pop(0)]
            elif kind == "deposit":
                parts = [new_line("deposit", net=what[0])]
            else:
                item, quantity, off = what
                covers = self._covers(customer, item, service, new)
                parts = self.priced(customer, item, quantity, off, covers, new, taken)
            lines += [part | {"position": position} for part in parts]
        return lines

    def _sales(
        self, customer: int, typed: list[tuple[Any, ...]], new: dict[str, dict[str, Term]]
    ) -> list[dict[str, Any]]:
        billable: dict[str, int] = {}
        lines = []
        for _, package, wanted, off in typed:
            number = self.active(customer, package)
            if number is not None and not self.is_left(number):
                raise Refused("all of it is invoiced already")
            known = number is not None or package in billable
            whole = sum(term.amount for term in self.terms(package, customer).values())
            if off.of(whole) > (0 if known else whole):
                raise Refused("a discount is given when it is first sold, and not more than it costs")
            if number is None and not known:
                new[package] = self.terms(package, customer, off)
            if package not in billable:
                billable[package] = self.price(new[package]) if number is None else self.unbilled(number)
            most = billable[package]
            amount = most if wanted is None else wanted
            if amount > most or (known and most == 0):
                raise Refused("more than is unbilled")
            billable[package] = most - amount
            lines.append(new_line("sale", membership=package if number is None else number, net=amount) | {"off": off})
        return lines

    def priced(
        self,
        customer: int,
        item: str,
        quantity: int,
        off: Off,
        covers: list[Any],
        new: dict[str, dict[str, Term]],
        taken: dict[tuple[Any, str], list[int]],
    ) -> list[dict[str, Any]]:
        """What a quantity of an item costs: from what covers it in turn, the rest at its standard rate."""
        lines = []
        for key in covers:
            term, live, drawn, drawn_tax = self._stand(key, item, new, taken)
            part = min(quantity, term.included - live)
            if part:
                drawing = max(0, rounded(term.amount * (live + part), term.included) - drawn)
                tax = max(0, rounded(term.tax * (live + part), term.included) - drawn_tax)
                if self.inclusive:
                    net_left = term.amount - term.tax - drawn + drawn_tax
                    tax = min(drawing, max(tax, drawing - net_left))
                net = drawing - (tax if self.inclusive else 0)
                lines.append(new_line("draw", key, item, part, net, tax))
                so_far = taken.setdefault((key, item), [0, 0, 0])
                so_far[:] = [so_far[0] + part, so_far[1] + drawing, so_far[2] + tax]
                quantity -= part
        if quantity:
            lines.append(self._at_standard(customer, item, quantity, off))
        elif off.minor:
            raise Refused("a package has its own price")
        return lines

    def _at_standard(self, customer: int, item: str, quantity: int, off: Off) -> dict[str, Any]:
        amount, percent = self.standard(customer, item, quantity)
        if off.of(amount) > amount:
            raise Refused("more off than it costs")
        amount -= off.of(amount)
        tax = self.tax(amount, percent)
        return new_line("standard", None, item, quantity, amount - (tax if self.inclusive else 0), tax)

    def standard(self, customer: int, item: str, quantity: int) -> tuple[int, int]:
        """What a quantity costs this customer at the standard rate, as prices are written, and the tax rate on it."""
        rate, percent = self.items[item]
        if rate is None:
            raise Refused("no standard rate")
        return self.without_tax(customer, rounded(rate * quantity, 1000), percent)

    def _covers(self, customer: int, item: str, service: date, new: dict[str, dict[str, Term]]) -> list[Any]:
        """Memberships in turn: soonest end, oldest start, lowest number; those not made yet are behind their like."""
        found: list[tuple[date, date, int, Any]] = []
        for number, it in self.memberships.items():
            fits = it["customer"] == customer and item in it["terms"]
            within = it["start"] <= service <= (it["end"] or date.max)
            if fits and within and it["state"] in ("active", "expired"):
                found.append((it["end"] or date.max, it["start"], number, number))
        for package, terms in new.items():
            if item in terms:
                end = last_day(service, self.packages[package].days) or date.max
                found.append((end, service, 2**60 + len(found), package))
        return [key for *_, key in sorted(found)]

    def _stand(
        self, key: Any, item: str, new: dict[str, dict[str, Term]], taken: dict[tuple[Any, str], list[int]]
    ) -> tuple[Term, int, int, int]:
        """Its terms, and what is live, drawn and drawn tax of it, this invoice so far included."""
        terms = new[key] if isinstance(key, str) else self.memberships[key]["terms"]
        draws = [] if isinstance(key, str) else self.draws(key, item, *LIVE)
        live, drawn, tax = taken.get((key, item), [0, 0, 0])
        live += sum(line["quantity"] for line in draws)
        return terms[item], live, drawn + sum(map(self.drawn, draws)), tax + sum(line["tax"] for line in draws)


def new_line(
    source: str, membership: Any = None, item: str | None = None, quantity: int = 1000, net: int = 0, tax: int = 0
) -> dict[str, Any]:
    """A line: what it charges for now, what it charged at first, and the money that fills it, oldest first."""
    now = {"source": source, "membership": membership, "item": item, "quantity": quantity, "net": net, "tax": tax}
    return now | {"first": (quantity, net, tax), "fills": [], "taken_off": [], "cancelled": 0}


def paid_of(line: dict[str, Any]) -> int:
    return sum(fill["amount"] for fill in line["fills"])


def due_of(line: dict[str, Any]) -> int:
    return int(line["net"] + line["tax"] - paid_of(line) - line["cancelled"])


def last_day(start: date, days: int | None) -> date | None:
    return None if days is None else start + timedelta(days=days)
