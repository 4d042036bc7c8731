"""Which money fills which line (spec section 5, "Allocation"). Pure: nothing here reads or writes."""

from collections.abc import Sequence
from typing import Final, NamedTuple

KINDS: Final = {"standard": 1, "typed": 1, "sale": 2, "draw": 3, "deposit": 4}
"""The order in which money fills lines; within a kind from top to bottom."""

METHOD, PACKAGE, GENERAL = "method", "package", "general"
ACCOUNT: Final = -1
"""The tender number of Account, which always comes last."""


class OpenLine(NamedTuple):
    """A line that asks for money, in its order on the invoice."""

    line: int
    source: str
    membership: int | None
    due_minor: int


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


def allocate(
    lines: Sequence[OpenLine], tenders: Sequence[int], account_minor: int, funds: Funds, open_memberships: set[int]
) -> Allocation:
    """Fill the lines with the tenders in their order, then with Account.

    Package lines paid here raise the package funds of their membership (one of `open_memberships`, those still active),
    which Account may spend at once. Account pays package-rate lines from the package funds of that membership first,
    then general funds pay standard, package and package-rate lines; general funds never pay a deposit, and only item
    lines may use the credit limit. After general funds have paid a package line, what is still due on package-rate
    lines takes the package funds just paid in before any more general funds.
    """
    ordered = sorted(lines, key=lambda line: KINDS[line.source])
    due = {line.line: line.due_minor for line in ordered}
    packages = dict(funds.packages)
    fills: list[Fill] = []

    def fill(tender: int, line: OpenLine, available: int, source: str) -> int:
        amount = min(due[line.line], max(0, available))
        if amount:
            due[line.line] -= amount
            fills.append(Fill(tender, line, amount, source))
            if line.source == "sale" and line.membership in open_memberships:
                packages[line.membership] = packages.get(line.membership, 0) + amount
        return amount

    rests = []
    for tender, amount in enumerate(tenders):
        for line in ordered:
            amount -= fill(tender, line, amount, METHOD)
        rests.append(amount)

    asked, general = account_minor, funds.general_minor

    def from_packages() -> None:
        nonlocal asked
        for line in ordered:
            if line.source == "draw" and line.membership is not None:
                amount = fill(ACCOUNT, line, min(asked, packages.get(line.membership, 0)), PACKAGE)
                packages[line.membership] = packages.get(line.membership, 0) - amount
                asked -= amount

    def from_general(*sources: str) -> None:
        nonlocal asked, general
        for line in ordered:
            if line.source in sources:
                spendable = general if line.source == "sale" else general + funds.credit_limit_minor
                amount = fill(ACCOUNT, line, min(asked, spendable), GENERAL)
                general -= amount
                asked -= amount

    from_packages()
    from_general("standard", "typed", "sale")
    from_packages()
    from_general("draw")
    return Allocation(fills, rests, asked)


def most_account_can_pay(lines: Sequence[OpenLine], funds: Funds, open_memberships: set[int]) -> int:
    """How much of these lines Account could pay now."""
    total = sum(line.due_minor for line in lines)
    return total - allocate(lines, [], total, funds, open_memberships).account_short_minor
