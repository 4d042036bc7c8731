"""What can be wrong with the database itself, read from what the engine says, or with the process that asks it. None of
it is anybody's fault here."""

from enum import Enum, auto

import peewee

from webapp.db import LOST, OutcomeUnknown, is_sqlite, signs


class Trouble(Enum):
    """What is wrong, as far as it makes a difference for what to do now."""

    BUSY = auto()
    LOST = auto()
    FULL = auto()
    READ_ONLY = auto()
    FAILING = auto()
    DAMAGED = auto()
    CRAMPED = auto()
    UNKNOWN = auto()


SQLITE_IOERR = 10
SQLITE = {
    5: Trouble.BUSY,
    6: Trouble.BUSY,
    8: Trouble.READ_ONLY,
    SQLITE_IOERR: Trouble.FAILING,
    11: Trouble.DAMAGED,
    13: Trouble.FULL,
    14: Trouble.FAILING,  # cannot be opened
    26: Trouble.DAMAGED,
}
"""By SQLite's primary codes."""

POSTGRES = {
    "25006": Trouble.READ_ONLY,
    "53100": Trouble.FULL,
    "58030": Trouble.FAILING,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
    "40001": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "53200": Trouble.BUSY,
    "53300": Trouble.BUSY,
    "55P03": Trouble.BUSY,
    "57014": Trouble.BUSY,
}


def trouble_of(error: peewee.PeeweeException | MemoryError) -> Trouble | None:
    """What is wrong, or None when the database is well and the fault is the program's."""
    if isinstance(error, MemoryError):
        return Trouble.CRAMPED
    if isinstance(error, OutcomeUnknown):
        return Trouble.UNKNOWN
    for sign in signs(error):
        found = SQLITE.get(sign & 0xFF) if isinstance(sign, int) else _postgres(sign)
        if found:
            return found
    if isinstance(error, peewee.OperationalError) and not any(signs(error)):
        return Trouble.BUSY if is_sqlite() or _is_pool_full(error) else Trouble.LOST
    return None


def _postgres(sign: str) -> Trouble | None:
    return Trouble.LOST if sign in LOST or sign.startswith("08") else POSTGRES.get(sign)


def _is_pool_full(error: peewee.PeeweeException) -> bool:
    return type(getattr(error, "orig", None)).__name__ == "MaxConnectionsExceeded"


def needs_a_new_process(error: peewee.PeeweeException | MemoryError) -> bool:
    """Whether this process may no longer trust what it wrote, or has no room left to work in.

    After a failed fsync the system may have forgotten what it could not write, and says so only once. SQLite's driver
    does not tell that from other failures of the disk.
    """
    return isinstance(error, MemoryError) or any(
        isinstance(sign, int) and sign & 0xFF == SQLITE_IOERR for sign in signs(error)
    )
