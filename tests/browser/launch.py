"""Find a Chromium for the browser tests, or bring one: python -m tests.browser.launch.

A missing browser is a failure with a sentence, never a skipped test.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OURS = Path(__file__).resolve().parents[2] / ".browser"
ON_THE_PATH = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core", "fonts-droid-fallback", "libatomic1")
BY_HAND = (
    "The browser tests need Chromium, and it could not be installed. Debian and Ubuntu: sudo apt-get install chromium "
    "libatomic1; elsewhere, install Chromium or Chrome. CHROMIUM=/path/to/one names another."
)


def find() -> str | None:
    """The path of a Chromium: the one that CHROMIUM names, an installed one, or the one brought before."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else sys.exit(f"CHROMIUM names {named}, which is not a program.")
    return next(_installed(), None)


def _installed() -> Iterator[str]:
    yield from filter(None, map(shutil.which, ON_THE_PATH))
    brought = OURS.glob("chromium_headless_shell-*/*/*headless*shell")
    yield from (str(path) for path in (ON_A_MAC, *brought) if os.access(path, os.X_OK))


def bring() -> str:
    """Find a Chromium, installing one if there is none; ends the program with a sentence when that fails."""
    if find() is None:
        sys.stdout.write("Installing a browser for the tests …\n")
        sys.stdout.flush()
        if not (_from_packages() and find()):
            _from_playwright()
    _check_driver()
    return find() or sys.exit(BY_HAND)


def _from_packages() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    install = ("apt-get", "-qq", "-y", "--no-install-recommends", "install")
    return _ran("apt-get", "-qq", "update") and _ran(*install, *PACKAGES)


def _from_playwright() -> bool:
    return _ran(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


def _check_driver() -> None:
    """Playwright drives the browser through a runtime of its own, which a bare system may lack a library for."""
    import playwright

    driver = Path(playwright.__file__).parent / "driver" / "node"
    if not _ran(str(driver), "--version") and not (_from_packages() and _ran(str(driver), "--version")):
        sys.exit(BY_HAND)


def _ran(*command: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PLAYWRIGHT_BROWSERS_PATH": str(OURS)}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=900, env=environment
    )
    return done.returncode == 0


if __name__ == "__main__":
    bring()
