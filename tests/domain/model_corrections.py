"""The rules once more, on plain dicts: what is taken back, credited and refunded. See `tests.domain.model`."""

from datetime import date
from typing import Any

from tests.domain.model_payments import Payments, memberships_of
from tests.domain.model_prices import LIVE, Refused, due_of, new_line, paid_of, rounded

AT_STANDARD = "standard"


class Corrections(Payments):
    """What voiding, crediting and refunding do."""

    def void(self, number: int, *, refunded: bool, today: date) -> None:
        invoice = self.invoices[number]
        whose = self.concerned(number)
        self.expire(today, *whose)
        sold = {line["membership"] for line in invoice["lines"] if line["source"] == "sale"}
        for other, line in self.lines(*LIVE):
            if other is not invoice and line["source"] == "draw" and line["membership"] in sold and line["quantity"]:
                raise Refused("drawn elsewhere")
        paid_from = {fill["membership"] for payment in self.of_invoice(number) for fill in payment["fills"]}
        concerned = sorted({*memberships_of(invoice), *paid_from} - {None})
        with self.within_limits():
            self.reopen_completed(invoice["lines"])
            self._take_back(number, refunded=refunded)
            invoice["status"] = "void"
            for membership in concerned:
                it = self.memberships[membership]
                if it["funds"] < 0:
                    raise Refused("package funds below zero")
                in_use = any(line["membership"] == membership and line["quantity"] for _, line in self.lines(*LIVE))
                if it["state"] == "active" and membership in sold and not in_use:
                    it["state"] = "voided"
            self.empty_inactive(concerned)
            self.expire(today, *whose)

    def _take_back(self, number: int, *, refunded: bool) -> None:
        """All money goes back to where it came from; other methods to the account, or out by the same methods."""
        invoice = self.invoices[number]
        for line in invoice["lines"]:
            for back in line["taken_off"]:
                self._give(back, -back["amount"])
            line["taken_off"], line["cancelled"] = [], 0
        for payment in self.of_invoice(number):
            # What bounced was taken from the account since; nobody pays that out.
            pays_out = refunded and not payment["bounced"]
            for fill in payment["fills"]:
                line, amount = fill["line"], fill["amount"]
                if fill["source"] != "method" or not pays_out:
                    self._give(fill | {"payer": payment["payer"]}, amount)
                if line["source"] == "sale":
                    self.memberships[line["membership"]]["funds"] -= amount
                elif line["source"] == "deposit":
                    self.general[invoice["customer"]] -= amount
            payment["live"], payment["given_back"] = False, pays_out and payment["method"] != "account"

    def _give(self, fill: dict[str, Any], amount: int) -> None:
        """Money back to where a fill came from; forfeited money stays with a membership that was brought back."""
        if fill["membership"] is None:
            self.general[fill["payer"]] += amount
            return
        it = self.memberships[fill["membership"]]
        it["forfeited" if fill["source"] == "forfeited" and it["state"] != "active" else "funds"] += amount

    # Crediting

    def credit(self, number: int, position: int, quantity: int, today: date) -> int:
        """The last split part first; what was paid of it goes back the way it came, last money first."""
        invoice = self.invoices[number]
        self.expire(today, *self.concerned(number))
        lines = [line for line in invoice["lines"] if line["position"] == position]
        if invoice["status"] not in LIVE or lines[0]["source"] in ("sale", "deposit"):
            raise Refused("not to be credited")
        if quantity > sum(line["quantity"] for line in lines):
            raise Refused("more than there is")
        parts = []
        for line in reversed(lines):
            taken = min(quantity, line["quantity"])
            quantity -= taken
            if taken:
                parts.append((line, line["quantity"] - taken, *self.kept_of(line, line["quantity"] - taken)))
        total = sum(line["net"] + line["tax"] - net - tax for line, _, net, tax in parts)
        if not total:
            raise Refused("nothing is charged")
        with self.within_limits():
            self.reopen_completed([line for line, *_ in parts])
            concerned = memberships_of({"lines": [line for line, *_ in parts]})
            for line, stays, net, tax in parts:
                line["quantity"], line["net"], line["tax"] = stays, net, tax
                self._take_off(line)
            if invoice["status"] == "open" and not self.due(number):
                self.paid(number)
            self.empty_inactive(concerned)
            self.expire(today, *self.concerned(number))
        return int(total)

    def kept_of(self, line: dict[str, Any], quantity: int) -> tuple[int, int]:
        """Net and tax of what stays of a line: the rounded share of what it charged at first, as prices are written."""
        whole, net, tax = line["first"]
        stays = rounded(tax * quantity, whole)
        if not self.inclusive:
            return rounded(net * quantity, whole), stays
        total = rounded((net + tax) * quantity, whole)
        stays = max(stays, total - line["net"])
        stays = min(stays, line["tax"], total)
        return total - stays, stays

    def _take_off(self, line: dict[str, Any]) -> None:
        over = max(0, -due_of(line))
        while over:
            fill = line["fills"].pop()
            amount = min(over, fill["amount"])
            over -= amount
            if fill["amount"] > amount:
                line["fills"].append(fill | {"amount": fill["amount"] - amount})
            # What was forfeited before is forfeited again; else package funds have it, even of an ended membership.
            ended = fill["membership"] is not None and self.memberships[fill["membership"]]["state"] != "active"
            source = "forfeited" if fill["source"] == "forfeited" and ended else "credit"
            back = {"amount": amount, "source": source, "membership": fill["membership"]}
            line["taken_off"].append(back | {"payer": self.payments[fill["payment"]]["payer"]})
            self._give(line["taken_off"][-1], amount)

    # Refunding

    def charges(self, number: int, policy: str, fee: int) -> list[dict[str, Any]]:
        """What used units cost more at the standard rate of their day, by item and never below 0; and the fee."""
        it = self.memberships[number]
        lines = []
        for item, term in it["terms"].items() if policy == AT_STANDARD else ():
            rate, percent = self.items[item]
            draws = [line for line in self.draws(number, item, *LIVE) if rate is not None]
            more = -sum(map(self.drawn, draws))
            for line in draws:
                full = rounded((rate or 0) * line["quantity"], 1000)
                exempt = it["customer"] in self.exempt and not term.percent
                more += full - (self.tax(full, percent) if exempt and self.inclusive else 0)
            if more > 0:
                tax = self.tax(more, term.percent)
                quantity = sum(line["quantity"] for line in draws)
                lines.append(new_line("typed", None, item, quantity, more - (tax if self.inclusive else 0), tax))
        if fee:
            lines.append(new_line("typed", net=fee))
        return [line | {"position": position} for position, line in enumerate(lines, start=1)]

    def refund(
        self, number: int, policy: str, outs: list[tuple[str, int]], fee: int, today: date
    ) -> tuple[int, list[dict[str, Any]]]:
        """What is given back, and the lines of the settlement invoice if there is one."""
        it = self.must_be_active(number, today)
        charges = self.charges(number, policy, fee)
        open_draws = sum(map(due_of, self.open_draws(number)))
        given = it["funds"] - min(it["funds"], open_draws) - sum(map(due_of, charges))
        if not self.is_left(number) or given <= 0:
            raise Refused("nothing is left to refund")
        most = self.received(number)
        if any(amount > max(0, most.get(method, 0)) for method, amount in outs):
            raise Refused("more than came by that method")
        if sum(amount for _, amount in outs) > given:
            raise Refused("more than the refund")
        self._pay_open_draws(number)
        it["funds"] -= sum(map(due_of, charges)) + sum(amount for _, amount in outs)
        for method, amount in outs:
            it["refunded"][method] = it["refunded"].get(method, 0) + amount
        self.end(number, "removed")
        return given, charges

    def open_draws(self, number: int) -> list[dict[str, Any]]:
        return [line for _, line in self.lines("open") if (line["source"], line["membership"]) == ("draw", number)]

    def _pay_open_draws(self, number: int) -> None:
        """From its funds, oldest due date first."""
        it = self.memberships[number]
        open_ = [(invoice["due_on"], n) for n, invoice in self.invoices.items() if invoice["status"] == "open"]
        for _, n in sorted(open_):
            payment = self._new("account", it["customer"], n)
            for line in self.in_turn(n, "draw"):
                if line["membership"] == number:
                    self.from_package(payment, line, it["funds"])
            if payment["fills"]:
                self.payments[payment["key"]] = payment
                if not self.due(n):
                    self.paid(n)

    def settled(self, number: int, membership: int, lines: list[dict[str, Any]], today: date) -> None:
        """The settlement invoice of a refund, paid from its package funds."""
        customer = self.memberships[membership]["customer"]
        self.invoices[number] = {"customer": customer, "status": "paid", "lines": lines, "typed": [], "due_on": today}
        payment = self._new("account", customer, number)
        for line in lines:
            fill = {"payment": payment["key"], "amount": due_of(line), "source": "funds", "membership": membership}
            line["fills"].append(fill)
            payment["fills"].append(fill | {"line": line})
            payment["amount"] += paid_of(line)
        self.payments[payment["key"]] = payment
