"""When a request is handed to a thread: not before all of it has arrived, unless there is no use in waiting."""

from collections import deque
from types import SimpleNamespace

import pytest

from webapp.serving import KEPT, PatientWorker, is_whole

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "arrived",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 3\r\n\r\nabc",
        HEAD + b"content-length:3\r\n\r\nabcGET /",
        HEAD + b"Content-Length: 99999999\r\n\r\n" + b"a" * KEPT,
        HEAD + b"Content-Length: 3000\r\nExpect: 100-continue\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        HEAD + b"Content-Length: -3\r\n\r\n",
        b"a" * KEPT,
    ],
)
def test_a_request_that_is_served(arrived: bytes) -> None:
    assert is_whole(arrived)


@pytest.mark.parametrize(
    "arrived",
    [
        b"",
        b"G",
        HEAD,
        HEAD + b"\r",
        HEAD + b"Content-Length: 3\r\n\r\nab",
        HEAD + b"Content-Length: 99999999\r\n\r\na",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_a_request_that_is_waited_for(arrived: bytes) -> None:
    assert not is_whole(arrived)


def test_a_worker_that_stops_waits_for_nobody_who_is_silent() -> None:
    """Browsers open connections ahead of time, and say nothing."""
    worker = PatientWorker.__new__(PatientWorker)
    worker.keepalived_conns, worker.pending_conns = deque(), deque([SimpleNamespace(timeout=20)])
    worker._cap_keepalive(2)
    assert worker.pending_conns[0].timeout == 2
