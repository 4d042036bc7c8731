"""What the doctor says about one thing."""

from typing import NamedTuple

OK, WARNING, FAULT = "ok", "warning", "fault"


class Finding(NamedTuple):
    """How grave it is, the name of what was looked at, and a sentence that says what to do."""

    level: str
    name: str
    sentence: str


def ok(name: str, sentence: str) -> Finding:
    return Finding(OK, name, sentence)


def warning(name: str, sentence: str) -> Finding:
    return Finding(WARNING, name, sentence)


def fault(name: str, sentence: str) -> Finding:
    return Finding(FAULT, name, sentence)
