"""The rules once more, on plain dicts: which money fills which line, a cheque that bounces, and what was entered
wrongly. See `tests.domain.model`."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from tests.domain.model_endings import Endings
from tests.domain.model_prices import Refused, due_of

KINDS = {"standard": 1, "typed": 1, "sale": 2, "draw": 3, "deposit": 4}


class Payments(Endings):
    """What paying does. A fill of a line names its payment, and the membership where its funds paid."""

    family: tuple[int, frozenset[int]]
    """Who may pay for whom."""
    last_key = 0

    def payers_for(self, customer: int) -> set[int]:
        owner, members = self.family
        return {customer, owner} if customer in members else {customer}

    def pay(
        self,
        numbers: Sequence[int],
        tenders: Sequence[tuple[str, int]],
        *,
        keep: bool,
        today: date,
        payer: int | None = None,
    ) -> list[dict[str, Any]]:
        """Oldest due date first; a payment for each method and invoice, and for what is kept of a method."""
        invoices = sorted(numbers, key=lambda number: (self.invoices[number]["due_on"], number))
        if payer is None:
            payer = int(self.invoices[numbers[0]]["customer"])
        self._may_pay(payer, [self.invoices[number] for number in invoices], today)
        return self._take(invoices, tenders, keep, payer)

    def _take(
        self, invoices: Sequence[int], tenders: Sequence[tuple[str, int]], keep: bool, payer: int
    ) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        for method, amount in sorted(tenders, key=lambda tender: tender[0] == "account"):
            of_method = {number: self._new(method, payer, number) for number in invoices}
            rest = self._by_account(of_method, amount) if method == "account" else self._by_method(of_method, amount)
            if rest and (method == "account" or not keep):
                raise Refused("more than can be taken")
            made += [payment for payment in of_method.values() if payment["fills"]]
            kept += [self._new(method, payer, None, rest)] if rest else []
        # Deposits and kept money can be spent by the next payment, not by this one.
        for payment in [*made, *kept]:
            self.payments[payment["key"]] = payment
            self.general[payer] += payment["amount"] if payment["invoice"] is None else 0
            for fill in payment["fills"]:
                if fill["line"]["source"] == "deposit":
                    self.general[self.invoices[payment["invoice"]]["customer"]] += fill["amount"]
        for number in invoices:
            if not self.due(number):
                self.paid(number)
        self.empty_inactive(it for number in invoices for it in memberships_of(self.invoices[number]))
        sold = [fill["line"] for payment in made for fill in payment["fills"] if fill["line"]["source"] == "sale"]
        for membership in {line["membership"] for line in sold}:
            it = self.memberships[membership]
            back = min(it["covered"], it["funds"])
            it["funds"] -= back
            it["covered"] -= back
            self.general[it["customer"]] += back
        return [*made, *kept]

    def _may_pay(self, payer: int, invoices: list[dict[str, Any]], today: date) -> None:
        self.expire(today, payer, *(invoice["customer"] for invoice in invoices))
        if any(invoice["status"] != "open" for invoice in invoices):
            raise Refused("nothing to pay")
        if any(payer not in self.payers_for(invoice["customer"]) for invoice in invoices):
            raise Refused("pays for nobody of them")

    def _new(self, method: str, payer: int, invoice: int | None, amount: int = 0) -> dict[str, Any]:
        self.last_key += 1
        made = {"key": self.last_key, "method": method, "payer": payer, "invoice": invoice, "amount": amount}
        return made | {"fills": [], "live": True, "bounced": False, "given_back": False}

    def _by_method(self, made: dict[int, dict[str, Any]], amount: int) -> int:
        for number, payment in made.items():
            for line in self.in_turn(number):
                amount -= self.put(payment, line, amount, "method")
        return amount

    def _by_account(self, made: dict[int, dict[str, Any]], asked: int) -> int:
        """Package funds first; then general funds, invoice by invoice, with what they pay into package funds."""

        def from_packages() -> None:
            nonlocal asked
            for number, payment in made.items():
                for line in self.in_turn(number, "draw"):
                    asked -= self.from_package(payment, line, asked)

        def from_general(number: int, *sources: str) -> None:
            nonlocal asked
            payment = made[number]
            for line in self.in_turn(number, *sources):
                limit = 0 if line["source"] == "sale" else self.limits[payment["payer"]]
                amount = self.put(payment, line, min(asked, self.general[payment["payer"]] + limit), "general")
                self.general[payment["payer"]] -= amount
                asked -= amount

        from_packages()
        for number in made:
            from_general(number, "standard", "typed", "sale")
            from_packages()
            from_general(number, "draw")
        return asked

    def in_turn(self, number: int, *sources: str) -> list[dict[str, Any]]:
        """Lines by kind, and from top to bottom."""
        lines = self.invoices[number]["lines"]
        return sorted((x for x in lines if not sources or x["source"] in sources), key=lambda x: KINDS[x["source"]])

    def from_package(self, payment: dict[str, Any], line: dict[str, Any], asked: int) -> int:
        """Its package funds pay a draw; what was forfeited does once it has expired."""
        it = self.memberships[line["membership"]]
        fund = "funds" if it["state"] == "active" else "forfeited"
        amount = self.put(payment, line, min(asked, it[fund]), fund, line["membership"])
        it[fund] -= amount
        return amount

    def put(
        self, payment: dict[str, Any], line: dict[str, Any], most: int, source: str, membership: int | None = None
    ) -> int:
        """Fill a line as far as the money goes, and say how much that was."""
        amount = min(due_of(line), max(0, most))
        if amount:
            fill = {"payment": payment["key"], "amount": amount, "source": source, "membership": membership}
            line["fills"].append(fill)
            payment["amount"] += amount
            payment["fills"].append(fill | {"line": line})
            if line["source"] == "sale":
                self.memberships[line["membership"]]["funds"] += amount
        return amount

    def of_invoice(self, number: int) -> list[dict[str, Any]]:
        """The payments of an invoice that were not taken back."""
        return [payment for payment in self.payments.values() if payment["invoice"] == number and payment["live"]]

    def concerned(self, number: int) -> set[int]:
        """Whose invoice it is, and who ever paid some of it."""
        payers = {payment["payer"] for payment in self.payments.values() if payment["invoice"] == number}
        return {self.invoices[number]["customer"], *payers}

    # A cheque that bounces

    def bounce(self, key: int, today: date) -> None:
        """What it paid is due again; a cheque that was put on the account or credited since is taken from there."""
        payment = self.payments[key]
        if payment["method"] != "check" or payment["bounced"] or payment["given_back"]:
            raise Refused("cannot bounce")
        invoice = self.invoices.get(payment["invoice"])
        self.expire(today, *(self.concerned(payment["invoice"]) if invoice else [payment["payer"]]))
        payment["bounced"] = True
        if invoice is None or not payment["live"] or any(fill["line"]["taken_off"] for fill in payment["fills"]):
            self.general[payment["payer"]] -= payment["amount"]
            return
        self._unpay(payment, invoice)
        self.expire(today, *self.concerned(payment["invoice"]))

    def _unpay(self, payment: dict[str, Any], invoice: dict[str, Any]) -> None:
        """Take a payment off its invoice, which is due again; general funds cover what was spent of it."""
        if invoice["status"] == "paid":
            self.reopen_completed(invoice["lines"])
        self._cover(payment)
        for fill in payment["fills"]:
            line = fill["line"]
            line["fills"] = [other for other in line["fills"] if other["payment"] != payment["key"]]
            if line["source"] == "sale":
                self.memberships[line["membership"]]["funds"] -= fill["amount"]
            elif line["source"] == "deposit":
                self.general[invoice["customer"]] -= fill["amount"]
            if fill["source"] == "general":
                self.general[payment["payer"]] += fill["amount"]
            elif fill["source"] == "funds":
                self.memberships[fill["membership"]]["funds"] += fill["amount"]
        payment["live"], invoice["status"] = False, "open"
        self.empty_inactive(memberships_of(invoice))

    def _cover(self, payment: dict[str, Any]) -> None:
        """What it paid into package funds and was spent of it comes from general funds."""
        paid_in: dict[int, int] = {}
        for fill in payment["fills"]:
            if fill["line"]["source"] == "sale":
                number = fill["line"]["membership"]
                paid_in[number] = paid_in.get(number, 0) + fill["amount"]
        for number, amount in paid_in.items():
            it = self.memberships[number]
            short = max(0, amount - it["funds"])
            self.general[it["customer"]] -= short
            it["funds"] += short
            it["moved"] -= short
            it["covered"] += short

    # A payment that was entered wrongly

    def correct(self, key: int, method: str, amount: int, today: date) -> list[dict[str, Any]]:
        """It is taken back, and taken again as it was; spent package funds are covered for the time between."""
        payment = self.payments[key]
        invoice = self.invoices.get(payment["invoice"])
        self.expire(today, *(self.concerned(payment["invoice"]) if invoice else [payment["payer"]]))
        if payment["bounced"] or not payment["live"] or any(fill["line"]["taken_off"] for fill in payment["fills"]):
            raise Refused("cannot be put right")
        if any(self._has_ended(fill) for fill in payment["fills"]):
            raise Refused("paid by what had ended")
        if (method, amount) == (payment["method"], payment["amount"]) or method == "account" != payment["method"]:
            raise Refused("nothing to put right, or by Account")
        payment["live"] = False
        payment["given_back"] = True
        if invoice is None:
            self.general[payment["payer"]] += amount - payment["amount"]
            made = [self._new(method, payment["payer"], None, amount)] if amount else []
            self.payments |= {it["key"]: it for it in made}
            return made
        self._unpay(payment, invoice)
        number = payment["invoice"]
        if method == "account" and amount and any(self._is_over(fill) for fill in payment["fills"]):
            raise Refused("by the funds of what has ended since")
        if amount > self.due(number):
            raise Refused("more than is due")
        made = self._take([number], [(method, amount)] if amount else [], False, payment["payer"])
        self.expire(today, *self.concerned(number))
        return made

    def _has_ended(self, fill: dict[str, Any]) -> bool:
        """Whether forfeited money filled it, or the package that a refund settled."""
        return fill["source"] == "forfeited" or (fill["source"] == "funds" and fill["line"]["membership"] is None)

    def _is_over(self, fill: dict[str, Any]) -> bool:
        """Whether package funds filled it that went on to general funds since."""
        return fill["source"] == "funds" and bool(self.memberships[fill["membership"]]["state"] != "active")

    def received(self, number: int) -> dict[str, int]:
        """What came in for a membership by each method, bounced cheques left out, and was not given back yet, by a
        refund of it or to those who paid it."""
        came = self.sold_by(number)
        net = self._not_given_back(number, {payment["payer"] for payment, _ in came if payment["live"]})
        found: dict[str, int] = {}
        for payment, amount in came:
            if payment["live"] and not payment["bounced"]:
                found[payment["method"]] = found.get(payment["method"], 0) + amount
        refunded = self.memberships[number]["refunded"]
        return {method: min(most - refunded.get(method, 0), max(0, net[method])) for method, most in found.items()}

    def sold_by(self, number: int) -> list[tuple[dict[str, Any], int]]:
        """The payments by other methods than the account that ever filled its package lines, and how much of them."""
        return [
            (payment, fill["amount"])
            for payment in self.payments.values()
            for fill in payment["fills"]
            if (fill["line"]["source"], fill["line"]["membership"], fill["source"]) == ("sale", number, "method")
        ]

    def _not_given_back(self, number: int, payers: set[int]) -> Counter[str]:
        """All that these people, and who owns the membership, gave and got by each method."""
        people, net = payers | {self.memberships[number]["customer"]}, Counter[str]()
        for payment in self.payments.values():
            if payment["payer"] in people and not payment["bounced"] and not payment["given_back"]:
                net[payment["method"]] += payment["amount"]
        for taken in self.withdrawn:
            net[taken["method"]] -= taken["amount"] if taken["payer"] in people else 0
        for other, it in self.memberships.items():
            if any(payment["payer"] in people for payment, _ in self.sold_by(other)):
                net.subtract(it["refunded"])
        return net


def memberships_of(invoice: dict[str, Any]) -> list[int]:
    """Those that its lines are about, and those whose funds paid them."""
    found = {line["membership"] for line in invoice["lines"]}
    found |= {fill["membership"] for line in invoice["lines"] for fill in line["fills"]}
    return sorted(found - {None})
