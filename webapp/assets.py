"""Static files by the address of their content, so that browsers may keep them for ever; and the icons among them."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for
from markupsafe import Markup


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

    def icon(self, name: str, label: str = "") -> Markup:
        """An icon of the sprite; a list has hundreds of them, of a dozen kinds."""
        return _svg(self("icons.svg"), name, label)


@lru_cache(maxsize=512)
def _svg(sprite: str, name: str, label: str) -> Markup:
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="i" {}><use href="{}#{}"/></svg>').format(meaning, sprite, name)


def init_app(app: Flask) -> None:
    """Offer `asset(name)` and `icon_svg(name)` to templates; in debug mode an edited file gets a new address."""
    assets = Assets(Path(app.static_folder or "static"), watch=app.debug)
    app.jinja_env.globals.update(asset=assets, icon_svg=assets.icon)
