"""What can be done with a membership now, and the figures that its acts start from (spec sections 4 and 5)."""

from datetime import date
from typing import NamedTuple

from webapp.db import rows
from webapp.domain import ledger
from webapp.domain.memberships import unbilled
from webapp.domain.refunds import why_not_refund
from webapp.domain.reinstating import why_not_move_start, why_not_reinstate
from webapp.domain.selling import refuse_sale
from webapp.domain.tendering import why_no_account
from webapp.domain.transferring import why_not_transfer
from webapp.models import Membership


class Acts(NamedTuple):
    """Which acts the state of a membership allows; who may do them is asked elsewhere."""

    use: bool = False
    extend: bool = False
    move_start: bool = False
    move: bool = False
    transfer: bool = False
    reinstate: bool = False
    refund: bool = False
    bill: bool = False
    sell_again: bool = False


class Movable(NamedTuple):
    """General and package funds, and how much can be moved either way."""

    general_minor: int
    package_minor: int
    into_minor: int
    no_account: str | None
    """Why nothing can be moved into the package, in a sentence; None when it can."""

    @property
    def out_minor(self) -> int:
        return self.package_minor


def acts(membership: Membership, on: date) -> Acts:
    """What can be done with the membership on that day."""
    if not membership.is_active:
        return Acts(reinstate=why_not_reinstate(membership) is None, sell_again=can_be_sold_again(membership, on))
    funds = movable(membership)
    return Acts(
        use=membership.start_on <= on and _has_left(membership) and why_no_account(membership.customer) is None,
        extend=True,
        move_start=why_not_move_start(membership) is None,
        move=bool(funds.into_minor or funds.out_minor),
        transfer=why_not_transfer(membership) is None,
        refund=why_not_refund(membership) is None,
        bill=can_be_billed(membership, on),
    )


def can_be_billed(membership: Membership, on: date) -> bool:
    """Whether something of its package may still be billed to the customer."""
    if not membership.is_active or unbilled(membership) == 0:
        return False
    return refuse_sale(membership.customer, membership.package, membership, on) is None


def can_be_sold_again(membership: Membership, on: date) -> bool:
    """Whether it ended, and the customer may buy its package anew and did not yet."""
    another = Membership.select().where(
        (Membership.customer == membership.customer_id)
        & (Membership.package == membership.package_id)
        & (Membership.state == "active")
    )
    return not another.exists() and refuse_sale(membership.customer, membership.package, None, on) is None


def movable(membership: Membership) -> Movable:
    """What may go into the package funds, at most what is there and unbilled, and what may go out of them."""
    general = ledger.balance(ledger.general(membership.customer_id))
    no_account = why_no_account(membership.customer)
    into = 0 if no_account else max(0, min(general, unbilled(membership)))
    return Movable(general, ledger.balance(ledger.package_funds(membership.id)), into, no_account)


def _has_left(membership: Membership) -> bool:
    return bool(
        rows(
            "SELECT 1 FROM membership_item WHERE membership_id = ?"
            " AND reserved_milli + used_milli < included_milli LIMIT 1",
            (membership.id,),
        )
    )
