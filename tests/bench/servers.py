"""gunicorn on the loopback as run.py starts it, and clients that measure it: one worker, connections kept alive."""

import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import run
from tests.business import PASSWORD, address

OPTIONS = (*run.GUNICORN, "--keep-alive=300")
ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A running server with one connection to it."""

    def __init__(self, connection: http.client.HTTPConnection, process: subprocess.Popen[bytes]) -> None:
        self.connection, self.process = connection, process
        self.cookie = ""

    def get(self, path: str, **headers: str) -> bytes:
        """A page; anything but 200 is an error."""
        self.connection.request("GET", path, headers={"Cookie": self.cookie, **headers})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return body

    def sign_in(self) -> None:
        """As the owner of the tests' business."""
        self.connection.request("GET", "/sign-in")
        response = self.connection.getresponse()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', response.read().decode())
        form = {"email": address("owner"), "password": PASSWORD, "csrf_token": token[1] if token else ""}
        cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        self.connection.request("POST", "/sign-in", urlencode(form), headers)
        response = self.connection.getresponse()
        response.read()
        if response.status != 303:
            raise RuntimeError(f"Signing in answered {response.status}")
        self.cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]

    def work(self) -> float:
        """Seconds of processor time that the server's workers have used so far, all threads; Linux only."""
        own = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        workers = own.read_text(encoding="ascii").split()
        tasks = [task for pid in workers for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


@contextlib.contextmanager
def serve(target: str, *options: str, **environment: str) -> Iterator[Server]:
    """gunicorn with a WSGI callable, until the block is left; later options win."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, *options, "--log-level=error"]
    command += [f"--bind=127.0.0.1:{port}", target]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait(port, process)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            yield Server(connection, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("The server ended at once; what it said is above.")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("The server did not start.")
