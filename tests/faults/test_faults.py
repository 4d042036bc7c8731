"""Each kind of fault once, small enough for every run of the tests; python3 run.py faults does it at full size."""

import time

import pytest

from tests.clients import Client
from tests.conftest import Running
from tests.deals import fund, pay_by_account, pay_cash, remove, void
from tests.faults import __main__ as command
from tests.faults import clock, crowds, disk, engines, kills
from tests.faults.__main__ import Fault
from tests.faults.laid_out import LaidOut
from tests.faults.orders import Explorer
from tests.faults.report import Outcome
from tests.faults.shop import Shop, serve
from tests.faults.statements import Trial, cut_everywhere
from tests.web import money_forms as forms
from webapp.models import User
from webapp.serving import REQUEST_SECONDS


@pytest.fixture
def place(engine: Running, owner: Client, cast: dict[str, User]) -> LaidOut:
    return LaidOut(engine.engine, engine.database, forms.Desk(owner, cast["owner"]))


@pytest.mark.parametrize("engine_name", ["sqlite", "postgres"])
def test_nothing_is_lost_when_a_worker_is_killed(engine_name: str) -> None:
    outcome = kills.workers(engine_name, 1)
    assert outcome.is_well, outcome
    assert outcome.acknowledged


def test_slow_clients_and_huge_requests_keep_nobody_out() -> None:
    """More slow ones than there are threads."""
    wrong: list[str] = []
    with engines.sqlite() as opened:
        shop = Shop(opened, debtors=1)
        with serve(shop) as served:
            with crowds.SlowClients(served, 24):
                began = time.monotonic()
                assert served.get("/sign-in").status in (200, 303)
                assert served.pay(shop.debtors[0], 100).status == 303
                assert time.monotonic() - began < REQUEST_SECONDS, "they waited until the slow ones were let go"
            crowds._send_strange(served, wrong)
    assert wrong == []


def test_a_flipped_bit_is_no_silent_other_balance() -> None:
    outcome = disk.flipped("sqlite", 6)
    assert outcome.is_well, outcome


def test_money_changed_in_a_file_behind_the_app_is_found() -> None:
    """So that the test above could fail: the same look at a file in which one balance is another."""
    with engines.sqlite() as opened:
        shop = Shop(opened, debtors=1)
        right = disk._money(opened.file)
        with shop.connected():
            shop.database.execute_sql("UPDATE account SET debits = debits + 1")
        shop.close()
        assert disk._money(opened.file) != right
        assert disk._found(opened.file) == "found by check-ledger"


def test_a_jumping_clock_ends_nothing_twice() -> None:
    outcome = clock.jumps("sqlite", 3)
    assert outcome.is_well, outcome


@pytest.mark.parametrize("build", [forms.pay_by_account, forms.refund, forms.use], ids=lambda build: build.__name__)
def test_an_act_that_is_cut_off_is_done_or_not_as_its_page_says(place: LaidOut, build: object) -> None:
    trial = Trial(place, build)  # type: ignore[arg-type]  # one of the builds above
    cut_everywhere(trial, 16)
    assert trial.wrong == []
    assert trial.statements > 20
    assert trial.said.keys() >= {500, 503}


@pytest.mark.postgres_only
@pytest.mark.parametrize("isolation", ["SERIALIZABLE", "READ COMMITTED"])
def test_two_acts_end_as_one_after_the_other_would(
    place: LaidOut, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the engine keeps transactions apart no better than by its default: what an act holds is enough."""
    monkeypatch.setattr("webapp.db.ISOLATION", isolation)
    wrong: list[str] = []
    explorer = Explorer(place, wrong, [pay_cash, pay_by_account, void, remove, fund])
    for one, other in ((pay_cash, void), (pay_by_account, fund), (fund, remove), (remove, fund)):
        for stop in (2, 5, len(explorer.said[one.__name__]) - 1):
            explorer.try_order(one, other, stop)
    assert wrong == []
    assert explorer.runs == 12


@pytest.mark.postgres_only
def test_without_what_an_act_holds_the_default_of_postgresql_is_not_enough(
    place: LaidOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the test above can fail."""
    monkeypatch.setattr("webapp.db.ISOLATION", "READ COMMITTED")
    monkeypatch.setattr("webapp.domain.memberships.hold_rows", lambda customers: sorted(set(customers)))
    wrong: list[str] = []
    explorer = Explorer(place, wrong, [fund, remove])
    for stop in range(len(explorer.said["fund"])):
        explorer.try_order(fund, remove, stop)
    assert wrong


@pytest.mark.postgres_only
def test_an_end_that_neither_order_has_is_seen(place: LaidOut) -> None:
    wrong: list[str] = []
    explorer = Explorer(place, wrong, [pay_cash, fund])
    for pair in ((pay_cash, fund), (fund, pay_cash)):
        state, outcomes = explorer.one_after_the_other(*pair)
        explorer.serial[pair[0].__name__, pair[1].__name__] = (*state[:-1], 0), outcomes
    explorer.try_order(pay_cash, fund, 3)
    assert len(wrong) == 1
    assert "ended ('done', 'done') as neither" in wrong[0]


def test_a_loss_is_the_end_of_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lost = Fault(lambda engine, runs: Outcome("F0", engine, runs, 10, 1), 3, 1, ("sqlite",))
    well = Fault(lambda engine, runs: Outcome("F00", engine, runs, 10), 3, 1, ("sqlite",))
    broken = Fault(lambda engine, runs: next(iter([])), 3, 1, ("sqlite",))
    for fault, code in ((well, 0), (lost, 1), (broken, 1)):
        monkeypatch.setattr(command, "FAULTS", {"one": fault})
        assert command.main(["--small"]) == code
    assert "WRONG" in capsys.readouterr().out
