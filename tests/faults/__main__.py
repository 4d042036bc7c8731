"""The faults: ``python3 run.py faults [NAME …] [--sqlite | --postgres] [--small]``. docs/faults.md explains them."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from tests.faults import (
    clock,
    copies,
    crowds,
    disk,
    failover,
    histories,
    kills,
    memory,
    orders,
    report,
    statements,
    waiting,
)
from tests.faults.report import Outcome


class Fault(NamedTuple):
    """How a fault is provoked, and how often at full and at small size."""

    provoke: Callable[[str, int], Outcome]
    runs: int
    small: int
    engines: tuple[str, ...] = ("sqlite", "postgres")


FAULTS = {
    "kill-worker": Fault(kills.workers, 200, 5),
    "kill-postgres": Fault(kills.postgres, 20, 2, ("postgres",)),
    "kill-primary": Fault(failover.primary, 10, 1, ("postgres",)),
    "kill-replica": Fault(failover.replica, 5, 1, ("postgres",)),
    "backup-under-load": Fault(copies.backups, 100, 2),
    "kill-migration": Fault(kills.migration, 50, 4),
    "fifty-for-the-last": Fault(crowds.of_the_last, 20, 1),
    "disk-full": Fault(disk.full, 10, 1),
    "log-disk-full": Fault(disk.log_full, 10, 1, ("postgres",)),
    "fsync-fails": Fault(disk.failing, 10, 1),
    "read-only": Fault(disk.read_only, 10, 1),
    "out-of-memory": Fault(memory.exhausted, 20, 2),
    "bit-flips": Fault(disk.flipped, 500, 10, ("sqlite",)),
    "clock-jumps": Fault(clock.jumps, 20, 5),
    "clock-jumps-under-load": Fault(clock.jumps_under_load, 20, 5),
    "histories": Fault(histories.many, 500, 10),
    "statements": Fault(statements.every_act, 1, 30),
    "interleavings": Fault(orders.explore, 1, 12, ("postgres",)),
    "interleavings-read-committed": Fault(orders.explore_read_committed, 1, 12, ("postgres",)),
    "locked": Fault(waiting.locked, 4, 1),
    "pool-exhausted": Fault(waiting.pool, 4, 1, ("postgres",)),
    "network-cut": Fault(waiting.cut, 20, 2, ("postgres",)),
    "serialization": Fault(waiting.serialization, 500, 60, ("postgres",)),
    "slow-clients": Fault(crowds.slow, 200, 40),
    "huge-requests": Fault(crowds.strange, 10, 1),
}


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    outcomes = []
    for name in options.names or FAULTS:
        fault = FAULTS[name]
        for engine in fault.engines:
            if engine in options.engines:
                began = time.monotonic()
                outcomes.append(_provoke(name, fault, engine, fault.small if options.small else fault.runs))
                print(f"{name}, {time.monotonic() - began:.0f} s: {report.line(outcomes[-1])}", flush=True)
    report.show(outcomes)
    return int(not all(outcome.is_well for outcome in outcomes))


def _provoke(name: str, fault: Fault, engine: str, runs: int) -> Outcome:
    try:
        return fault.provoke(engine, runs)
    except Exception as error:
        traceback.print_exc()
        return Outcome(name, engine, runs, wrong=[f"did not come to an end: {error!r}"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py faults", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *FAULTS], metavar="NAME", help=", ".join(FAULTS))
    for name in ("sqlite", "postgres"):
        parser.add_argument(f"--{name}", dest="engines", action="store_const", const=[name], help=f"only {name}")
    parser.add_argument("--small", action="store_true", help="a few of each, in a few seconds")
    parser.set_defaults(engines=["sqlite", "postgres"])
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
