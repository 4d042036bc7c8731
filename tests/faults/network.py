"""A network of our own between the app and PostgreSQL, to be cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

COMMIT = b"COMMIT"


class Line:
    """Carries bytes from a port to a socket and back, until it is cut; then nobody is let in either."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.is_cut = False
        self.cuts_at_commit = ""  # "before" it reaches the database, or "after" it was carried out
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if self.is_cut:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(self.target))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._ends |= {client, server}
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(*ends, ends[0] is client), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_asking: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if is_asking and COMMIT in piece and self.cuts_at_commit:
                    self._cut_at_commit(source, sink, piece)
                    return
                sink.sendall(piece)
        self._close(source, sink)

    def _cut_at_commit(self, client: socket.socket, server: socket.socket, piece: bytes) -> None:
        """The one who asked never hears what became of it. (The answer is awaited by the other thread, and dropped.)"""
        when, self.cuts_at_commit = self.cuts_at_commit, ""
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        if when == "after":
            with contextlib.suppress(OSError):
                server.sendall(piece)
                server.settimeout(2)
                server.recv(65536)
        self._close(client, server)

    def cut(self) -> None:
        """Everything that is under way is lost."""
        self.is_cut = True
        with self._lock:
            ends = list(self._ends)
        self._close(*ends)

    def mend(self) -> None:
        """Let everybody in again."""
        self.is_cut = False

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._ends -= set(ends)

    def close(self) -> None:
        """For good."""
        self.listener.close()
        self.cut()


@contextlib.contextmanager
def line(target: Path) -> Iterator[Line]:
    made = Line(target)
    try:
        yield made
    finally:
        made.close()
