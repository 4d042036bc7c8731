"""The machine around Carnet: its secret, its folders, the room on the disk."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from webapp.config import is_guessable
from webapp.doctor.finding import Finding, fault, ok, warning

LITTLE, NONE_LEFT = 200 * 1024**2, 20 * 1024**2
LONG_ENOUGH = 32


def secret(config: Mapping[str, Any]) -> Iterator[Finding]:
    key = str(config["SECRET_KEY"])
    path = Path(config["INSTANCE"]) / "secret-key"
    if is_guessable(key):
        yield fault("secret", "SECRET_KEY can be guessed. Leave it out, and Carnet makes one of its own.")
    elif len(key) < LONG_ENOUGH:
        yield warning("secret", f"The secret has fewer than {LONG_ENOUGH} characters. Take a longer, random one.")
    elif path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield fault("secret", f"Others can read {path}. Run: chmod 600 {path}, and take a new one if they may have.")
    else:
        yield ok("secret", "It is long, and its owner's alone.")


def folders(config: Mapping[str, Any]) -> Iterator[Finding]:
    closed = [place for place in _places(config) if not os.access(place, os.W_OK | os.X_OK)]
    for place in closed:
        yield fault("folders", f"{place} cannot be written to. Give it to the user that runs Carnet.")
    if not closed:
        yield ok("folders", "What must be written to can be.")


def database_file(config: Mapping[str, Any]) -> Iterator[Finding]:
    path = _file(config)
    if path is None or not path.exists():
        return
    if not os.access(path, os.W_OK):
        yield fault("database-file", f"{path} cannot be written to. Give it to the user that runs Carnet.")
    elif stat.S_IMODE(path.stat().st_mode) & 0o077 and stat.S_IMODE(path.parent.stat().st_mode) & 0o077:
        yield warning("database-file", f"Others on this machine may read {path}. Run: chmod 600 {path}")
    else:
        yield ok("database-file", "It is its owner's alone.")


def disk(config: Mapping[str, Any]) -> Iterator[Finding]:
    for place in _places(config):
        free = shutil.disk_usage(place).free
        told = f"{free // 1024**2:,} MB are free at {place}."
        if free < NONE_LEFT:
            yield fault("disk", f"{told} Make room now: soon nothing can be saved.")
        elif free < LITTLE:
            yield warning("disk", f"{told} Make room before it is full.")
        else:
            yield ok("disk", told)


def _file(config: Mapping[str, Any]) -> Path | None:
    url = str(config["DATABASE_URL"])
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _places(config: Mapping[str, Any]) -> list[Path]:
    file = _file(config)
    return sorted({Path(config["INSTANCE"]).absolute(), *([file.absolute().parent] if file else [])} - {None})


LOOKS = (secret, folders, database_file, disk)
