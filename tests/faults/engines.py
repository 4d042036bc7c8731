"""The two databases that faults happen to: a file on the disk, and a PostgreSQL of our own that waits for the disk."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests import postgres
from tests.bench import scratch

CAREFUL = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "listen_addresses": "",
}

HUNGRY = {"wal_recycle": "off", "min_wal_size": "2MB", "max_wal_size": "16MB"}
"""Asks the disk for room again after each megabyte of its log."""


class Engine(Protocol):
    """A database by its URL, in a folder that is gone afterwards."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def folder(self) -> Path: ...


class Sqlite:
    """A file on the disk where the real one would be, or on a disk that is given."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "carnet.db"
        self.url = f"sqlite:///{self.file}"


class Postgres(postgres.Cluster):
    """A PostgreSQL that can be killed and started again, with the settings of a real one."""

    name = "postgres"

    def __init__(self, disk: Path | None = None, *, is_for_the_log: bool = False) -> None:
        """With its tables on a disk of their own, if one is given, or with the log that is written ahead of them."""
        super().__init__()
        self.settings = CAREFUL | (HUNGRY if is_for_the_log else {})
        self.shape = ("--wal-segsize=1",) if is_for_the_log else ()
        elsewhere = disk or self.folder
        self.data = (self.folder if is_for_the_log else elsewhere) / "data"
        self.log_ahead = (elsewhere if is_for_the_log else self.folder) / "wal"
        if disk and (owner := self.context.get("user")):
            os.chown(disk, owner, self.context["group"])

    def start(self) -> None:
        made = self._run("initdb", "--pgdata", self.data, "--waldir", self.log_ahead, *self.shape, *postgres.INITDB)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        self.launch()

    def launch(self) -> None:
        """Start, again and again: right after a kill the old children may still hold what the new one needs."""
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in self.settings.items()]
        deadline = time.monotonic() + postgres.START_SECONDS
        while True:
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    [self.binaries / "postgres", "-D", self.data, "-k", self.folder, *settings],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    **self.context,
                )
            while self.process.poll() is None:
                if not self._run("pg_isready", "--quiet", "--host", self.folder).returncode:
                    return
                time.sleep(0.02)
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """The whole tree at once, as a power cut would end it."""
        if self.process:
            for process in (self.process.pid, *children(self.process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self.process.wait()

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"


def children(process: int) -> list[int]:
    """The processes that a process started."""
    with contextlib.suppress(OSError):
        found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
        return [int(child) for child in found.split()]
    return []


@contextlib.contextmanager
def sqlite() -> Iterator[Sqlite]:
    with scratch.folder() as folder:
        yield Sqlite(folder)


@contextlib.contextmanager
def postgresql(disk: Path | None = None, *, is_for_the_log: bool = False) -> Iterator[Postgres]:
    cluster = Postgres(disk, is_for_the_log=is_for_the_log)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@contextlib.contextmanager
def engine(name: str) -> Iterator[Sqlite | Postgres]:
    with sqlite() if name == "sqlite" else postgresql() as opened:
        yield opened


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of that size, which only root can have; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="carnet-disk-") as made:
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", made], check=True)
        try:
            yield Path(made)
        finally:
            subprocess.run(["/bin/umount", "--lazy", made], check=True)
