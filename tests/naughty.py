"""Names that nobody has, but that somebody will type."""

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "data" / "naughty" / "blns-shared.json"


def strings() -> list[str]:
    """All of them, with some of our own: what text fields of databases do not take, and what breaks a layout."""
    sections: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    ours = ["null \0 byte", "lone \ud800 surrogate", "\u202eright to left", "\u200b", "two\nlines", "a" * 120, "'", '"']
    return [text for section in sections for text in section["strings"]] + ours
