"""PostgreSQL: the server, and whether its clock is ours."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from webapp.backups.postgres import program
from webapp.db import rows
from webapp.doctor.finding import Finding, fault, ok, warning
from webapp.domain.errors import DomainError

OLDEST = 140000
APART = 60


def server(_: Mapping[str, Any]) -> Iterator[Finding]:
    number, name, read_only, fsync = rows(
        "SELECT current_setting('server_version_num'), current_setting('server_version'),"
        " current_setting('transaction_read_only'), current_setting('fsync')"
    )[0]
    if read_only == "on":
        yield fault("server", "It takes no writes: it is a replica, or was made read-only. Name the primary.")
    elif fsync == "off":
        yield fault("server", "It does not wait for the disk (fsync is off): a power cut loses the books. Set it on.")
    elif int(number) < OLDEST:
        yield warning("server", f"PostgreSQL {name} is no longer looked after by its makers. Upgrade it.")
    else:
        yield ok("server", f"PostgreSQL {name}, which waits for its disk.")


def server_clock(_: Mapping[str, Any]) -> Iterator[Finding]:
    apart = abs((rows("SELECT clock_timestamp()")[0][0] - datetime.now(UTC)).total_seconds())
    if apart > APART:
        yield fault("server-clock", f"It and this machine's are {apart:.0f} seconds apart. Let both keep time by NTP.")
    else:
        yield ok("server-clock", "It is this machine's.")


def programs(config: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        for name in ("pg_dump", "pg_restore"):
            program(name, config["PG_BIN"])
    except DomainError as missing:
        yield warning("programs", f"No backup can be made. {missing.message}")
    else:
        yield ok("programs", "pg_dump and pg_restore are there, for backups.")


LOOKS = (server, server_clock, programs)
