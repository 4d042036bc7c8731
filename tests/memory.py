"""Where files lie in memory: what is thrown away after the tests need not be written to a disk."""

import os
import shutil
from pathlib import Path

FOLDER = Path("/dev/shm")  # noqa: S108  # only ever a fresh folder with a random name is made in it


def place(room_bytes: int = 0) -> Path | None:
    """A folder in memory, where the system has one with that much room left; None leaves the choice to `tempfile`."""
    fits = os.access(FOLDER, os.W_OK) and shutil.disk_usage(FOLDER).free >= room_bytes
    return FOLDER if fits else None
