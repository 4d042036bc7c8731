"""What a form says that came back because somebody else was faster."""

from werkzeug.test import TestResponse

from tests.tree import Tree


def versions(answer: TestResponse, by: str = "Owner") -> dict[str, tuple[str, str]]:
    """By what people read: how it is now, and how it was typed. Whose doing it was must be said above."""
    assert answer.status_code == 422
    assert f"{by} changed this on " in answer.text
    [table] = [e for e in Tree(answer.text).root.walk() if e.tag == "table" and "versions" in e["class"]]
    rows = [[cell.text() for cell in row.children] for row in table.walk() if row.tag == "tr"]
    assert rows[0] == ["What", "Now", "In this form"]
    return {what: (now, typed) for what, now, typed in rows[1:]}
