"""Two apps over a primary and its replica, in small: one kill of each. `run.py faults` does it many times."""

from tests.faults import failover


def test_the_replica_takes_over_and_both_apps_go_on() -> None:
    outcome = failover.primary("postgres", 1)
    assert (outcome.is_well, list(outcome.wrong)) == (True, [])
    assert outcome.acknowledged is not None
    assert outcome.acknowledged > 20
