"""Clients that pay without a pause and keep what they sent and what was acknowledged: the judge of every fault."""

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, pairwise

from tests.faults.report import Outcome
from tests.faults.shop import Answer, Debtor, Served, Shop
from webapp.db import rows

DONE = 303
SAVED = "It was saved"
"""What a page says that failed after the payment was committed; as good as an acknowledgement."""

HONEST = {
    500: ("It is not known whether this was saved", "The disk does not do its work"),
    503: ("Nothing was saved", "nothing was saved"),
    507: ("The disk is full",),
}
"""What a page of each status must say; any other status, or a page of a fault nobody thought of, is wrong."""


@dataclass
class Payment:
    """Sent once or more under one key. No two are of one amount, so each is found again in the books."""

    minor: int
    debtor: Debtor
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    is_acknowledged: bool = False


class History:
    """Everything that was sent."""

    def __init__(self) -> None:
        self.payments: list[Payment] = []
        self.acknowledged_at: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.dishonest: Counter[str] = Counter()
        self._amounts = count(100)
        self._lock = threading.Lock()

    def begin(self, debtor: Debtor) -> Payment:
        with self._lock:
            payment = Payment(next(self._amounts), debtor)
            self.payments.append(payment)
        return payment

    def note(self, payment: Payment, answer: Answer) -> None:
        with self._lock:
            self.statuses[answer.status] += 1
            if answer.status == DONE or SAVED in answer.text:
                payment.is_acknowledged = True
                self.acknowledged_at.append(time.monotonic())
            elif answer.status and not any(words in answer.text for words in HONEST.get(answer.status, ())):
                self.dishonest[f"answered {answer.status}: {_title(answer)}"] += 1

    @property
    def acknowledged(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.is_acknowledged]

    def outage(self) -> float:
        """The longest time in which nobody got through, in seconds."""
        moments = self.acknowledged_at
        return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


def _title(answer: Answer) -> str:
    return answer.text.partition("<title>")[2].partition("<")[0] or answer.text[:200]


class Tills:
    """One client for each debtor, paying until the block is left."""

    def __init__(self, served: Served, history: History, pause: float = 0.0) -> None:
        self.served, self.history, self.pause = served, history, pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._pay, args=(debtor,)) for debtor in served.shop.debtors]

    def _pay(self, debtor: Debtor) -> None:
        while not self._stop.is_set():
            payment = self.history.begin(debtor)
            answer = self.served.pay(debtor, payment.minor, payment.key)
            self.history.note(payment, answer)
            self._stop.wait(self.pause if answer.status == DONE else 0.05)

    def __enter__(self) -> "Tills":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until(self, wanted: int, *, within: float = 60) -> bool:
        """Wait until so many more payments were acknowledged."""
        goal, deadline = len(self.history.acknowledged_at) + wanted, time.monotonic() + within
        while len(self.history.acknowledged_at) < goal:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True


def judge(fault: str, served: Served, history: History, runs: int, wrong: list[str] | None = None) -> Outcome:
    """When the fault is over: what was acknowledged is there once, all else wholly or not at all; then what was not
    acknowledged is sent again under its key, and is there once as well."""
    found = [*(wrong or ()), *(f"{times} x {what}" for what, times in history.dishonest.items())]
    shop = served.shop
    lost, partial = _compare(shop, history, found)
    acknowledged, outage = len(history.acknowledged), history.outage()
    for payment in history.payments:
        if not payment.is_acknowledged:
            answer = served.pay(payment.debtor, payment.minor, payment.key)
            history.note(payment, answer)
            if answer.status != DONE:
                found.append(f"sent again, payment {payment.minor} answered {answer.status}")
    lost_later, partial_later = _compare(shop, history, found)
    faults = shop.books()
    shop.close()
    return Outcome(
        fault,
        shop.engine.name,
        runs,
        acknowledged,
        lost + lost_later,
        partial + partial_later + len(faults),
        outage,
        [*found, *faults],
    )


def _compare(shop: Shop, history: History, found: list[str]) -> tuple[int, int]:
    """How many acknowledged payments are not there, and how many are there twice or without their key."""
    with shop.connected():
        there: dict[int, int] = dict(rows("SELECT amount_minor, COUNT(*) FROM payment GROUP BY amount_minor"))
        keys = {row[0] for row in rows("SELECT form_key FROM form_key")}
    lost = [payment for payment in history.acknowledged if not there.get(payment.minor)]
    partial = [p for p in history.payments if there.get(p.minor, 0) > 1 or (p.minor in there) != (p.key in keys)]
    found += [f"payment {payment.minor} was acknowledged and is not there" for payment in lost]
    found += [f"payment {payment.minor} is there {there.get(payment.minor, 0)} times" for payment in partial]
    return len(lost), len(partial)
