"""A configuration of gunicorn: the clock of its worker is as far away from the real one as a file says."""

import os
import threading
import time
from pathlib import Path

import time_machine

LOOK_SECONDS = 0.02


def post_fork(_server: object, _worker: object) -> None:
    """In the new worker."""
    threading.Thread(target=_follow, args=(Path(os.environ["CLOCK_FILE"]),), daemon=True).start()


def _follow(file: Path) -> None:
    said, travelling = "", None
    while True:
        now = file.read_text(encoding="ascii")
        if now != said:
            if travelling:
                travelling.stop()
            said, travelling = now, time_machine.travel(time.time() + float(now), tick=True)
            travelling.start()
        time.sleep(LOOK_SECONDS)
