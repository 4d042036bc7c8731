"""The gunicorn worker that Carnet is served by: a request reaches a thread when all of it has arrived.

gunicorn's own threaded worker gives a thread to whoever sends a first byte, and then waits without end: as many slow
clients as there are threads keep everybody out. A proxy that buffers does the same as this; without one, this does it.
"""

import re
import socket
import struct
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 20
"""How long a request may take to arrive."""

KEPT = 64 * 1024
"""As much of a request is waited for; of a longer one, a file to be read, the thread reads the rest."""

STALLED_SECONDS = 15
"""A client that takes or sends nothing for so long, while a thread serves it, is let go."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_IN_CHUNKS = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_ASKS_FIRST = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)
_TIMEVAL = struct.pack("ll", STALLED_SECONDS, 0)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Reads requests in the loop that waits for all clients at once, and serves each in a thread."""

    def enqueue_req(self, conn: TConn) -> None:
        """Begin to gather a request; called for a new connection, and for one that speaks again."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        conn.arrived = conn.parser.unreader.take_buffered() if conn.parser else b""
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        conn.sock.setblocking(False)
        if is_whole(conn.arrived):
            self._serve(conn)
            return
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._gather, conn))
        self._gather(conn, conn.sock)

    def _gather(self, conn: TConn, _sock: socket.socket) -> None:
        try:
            piece = conn.sock.recv(KEPT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        conn.arrived += piece
        if piece and not is_whole(conn.arrived):
            return
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        if piece:
            self._serve(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def _cap_keepalive(self, deadline: Any) -> None:
        """When the worker stops, nobody is waited for who has not begun to speak: browsers open connections ahead."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _serve(self, conn: TConn) -> None:
        conn.sock.setblocking(True)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL)
        conn.init()
        conn.parser.unreader.unread(conn.arrived)
        conn.data_ready = True
        super().enqueue_req(conn)


def is_whole(arrived: bytes) -> bool:
    """Whether a thread need not wait for more of this request, or should be the one to judge it."""
    if len(arrived) >= KEPT:
        return True
    head, blank, body = arrived.partition(b"\r\n\r\n")
    if not blank:
        return False
    if _ASKS_FIRST.search(head):
        return True
    length: re.Match[bytes] | None = _LENGTH.search(head + b"\r\n")
    if length:
        return len(body) >= min(int(length[1]), KEPT)
    return not _IN_CHUNKS.search(head) or body.endswith(b"0\r\n\r\n")
