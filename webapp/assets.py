"""Static files by the address of their content, so that browsers may keep them for ever."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for


@lru_cache(maxsize=64)
def _fingerprint(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


class Assets:
    """The addresses of the files in one folder; `__call__` is the template function `asset(name)`."""

    def __init__(self, folder: Path, watch: bool) -> None:
        self.folder = folder
        self.watch = watch
        self.known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The address of a file with a mark of its content; looked up once unless the folder is watched."""
        if self.watch or name not in self.known:
            path = self.folder / name
            self.known[name] = url_for("static", filename=name, v=_fingerprint(path, path.stat().st_mtime_ns))
        return self.known[name]


def init_app(app: Flask) -> None:
    """Offer `asset(name)` to templates. In debug mode an edited file gets its new address at once."""
    app.jinja_env.globals["asset"] = Assets(Path(app.static_folder or "static"), watch=app.debug)
