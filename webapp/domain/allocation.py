"""Which money fills which line (spec section 5, "Allocation"). Pure: nothing here reads or writes."""

from collections.abc import Sequence
from typing import Final, NamedTuple

KINDS: Final = {"standard": 1, "typed": 1, "sale": 2, "draw": 3, "deposit": 4}
"""The order in which money fills the lines of an invoice; within a kind from top to bottom."""

METHOD, PACKAGE, GENERAL = "method", "package", "general"
ACCOUNT: Final = -1
"""The tender number of Account, which always comes last."""


class OpenLine(NamedTuple):
    """A line that asks for money; lines come in the order of their invoices, and on each in its own order."""

    line: int
    source: str
    membership: int | None
    due_minor: int
    invoice: int = 0


class Fill(NamedTuple):
    """So much of a tender for a line; `source` says from where."""

    tender: int
    line: OpenLine
    amount_minor: int
    source: str


class Funds(NamedTuple):
    """What Account may spend: package funds by membership, and general funds for items and for package lines."""

    packages: dict[int, int]
    general_minor: int
    credit_limit_minor: int = 0


class Allocation(NamedTuple):
    """The fills in order, what each tender has over, and what Account was asked for beyond what it may pay."""

    fills: list[Fill]
    rests: list[int]
    account_short_minor: int

    @property
    def paid_for(self) -> list[int]:
        """The memberships whose package lines are filled."""
        return sorted({it.line.membership for it in self.fills if it.line.source == "sale" and it.line.membership})


def allocate(
    lines: Sequence[OpenLine], tenders: Sequence[int], account_minor: int, funds: Funds, open_memberships: set[int]
) -> Allocation:
    """Fill the lines with the tenders in their order, then with Account.

    Package lines paid here raise the package funds of their membership (one of `open_memberships`, those still active),
    which Account may spend at once. Account pays package-rate lines from the package funds of that membership first,
    then general funds pay standard, package and package-rate lines, one invoice after the other; they never pay a
    deposit, and only item lines may use the credit limit. After general funds have paid a package line, what is still
    due on package-rate lines takes the package funds just paid in before any more general funds.
    """
    filling = _Filling(lines, funds, open_memberships)
    rests = [filling.by_method(tender, amount) for tender, amount in enumerate(tenders)]
    asked = filling.from_packages(account_minor)
    for invoice in dict.fromkeys(line.invoice for line in lines):
        asked = filling.from_general(asked, invoice, "standard", "typed", "sale")
        asked = filling.from_packages(asked)
        asked = filling.from_general(asked, invoice, "draw")
    return Allocation(filling.fills, rests, asked)


class _Filling:
    """Lines being filled: what each still asks for, and what the funds still hold. Each step answers what it left."""

    def __init__(self, lines: Sequence[OpenLine], funds: Funds, open_memberships: set[int]) -> None:
        turn = {invoice: n for n, invoice in enumerate(dict.fromkeys(line.invoice for line in lines))}
        self.lines = sorted(lines, key=lambda line: (turn[line.invoice], KINDS[line.source]))
        self.due = {line.line: line.due_minor for line in lines}
        self.packages = dict(funds.packages)
        self.general = funds.general_minor
        self.credit_limit = funds.credit_limit_minor
        self.open_memberships = open_memberships
        self.fills: list[Fill] = []

    def by_method(self, tender: int, amount: int) -> int:
        for line in self.lines:
            amount -= self._fill(tender, line, amount, METHOD)
        return amount

    def from_packages(self, asked: int) -> int:
        for line in self.lines:
            if line.source == "draw" and line.membership is not None:
                held = self.packages.get(line.membership, 0)
                amount = self._fill(ACCOUNT, line, min(asked, held), PACKAGE)
                self.packages[line.membership] = held - amount
                asked -= amount
        return asked

    def from_general(self, asked: int, invoice: int, *sources: str) -> int:
        for line in self.lines:
            if line.invoice == invoice and line.source in sources:
                spendable = self.general + (0 if line.source == "sale" else self.credit_limit)
                amount = self._fill(ACCOUNT, line, min(asked, spendable), GENERAL)
                self.general -= amount
                asked -= amount
        return asked

    def _fill(self, tender: int, line: OpenLine, available: int, source: str) -> int:
        amount = min(self.due[line.line], max(0, available))
        if amount:
            self.due[line.line] -= amount
            self.fills.append(Fill(tender, line, amount, source))
            if line.source == "sale" and line.membership in self.open_memberships:
                self.packages[line.membership] = self.packages.get(line.membership, 0) + amount
        return amount


def most_account_can_pay(lines: Sequence[OpenLine], funds: Funds, open_memberships: set[int]) -> int:
    """How much of these lines Account could pay now."""
    total = sum(line.due_minor for line in lines)
    return total - allocate(lines, [], total, funds, open_memberships).account_short_minor
