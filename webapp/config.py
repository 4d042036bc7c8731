"""Settings, read from the environment once. Each is described in the README."""

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent

MENDING = {"migrate", "backup", "restore", "doctor", "copy-database"}
"""The commands that must start on a database that nothing else works with."""


def from_environment() -> dict[str, Any]:
    """The configuration of one application; tests pass their own values over it."""
    env = os.environ
    instance = Path(env.get("CARNET_INSTANCE", ROOT / "instance"))
    return {
        "INSTANCE": instance,
        "DATABASE_URL": env.get("DATABASE_URL", f"sqlite:///{instance / 'carnet.db'}"),
        "DATABASE_POOL": int(env.get("CARNET_DATABASE_POOL", "16")),
        "SECRET_KEY": env.get("SECRET_KEY"),
        "PUBLIC_URL": public_url(env.get("CARNET_URL", "")),
        "SECURE_COOKIES": env.get("CARNET_HTTPS", "0") == "1",
        "PROXY_HOPS": int(env.get("CARNET_PROXY_HOPS", "0")),
        "SESSION_IDLE_MINUTES": int(env.get("CARNET_SESSION_IDLE_MINUTES", "720")),
        "SESSION_HOURS": int(env.get("CARNET_SESSION_HOURS", "168")),
        "SKIP_SCHEMA_CHECK": bool(MENDING & set(sys.argv[1:])),
        "PG_BIN": env.get("CARNET_PG_BIN", ""),
        "REQUEST_LOG": env.get("CARNET_REQUEST_LOG", "1") == "1",
        "PASSWORD_METHOD": "scrypt:32768:8:3",
        "FIGURES_KEPT_SECONDS": 600,  # what takes long to add up and is about months that are over
        "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "MAX_FORM_PARTS": 2_000,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # some browsers and proxies take the Referer away; see access.FromElsewhere
    }


def public_url(typed: str) -> str:
    """The beginning of every address of this site, as people outside type it; nothing where that was not said.

    Raises ValueError for what is no such address.
    """
    parts = urlsplit(typed.strip().rstrip("/"))
    if typed and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query):
        raise ValueError("CARNET_URL must be an address such as https://books.example.com, and no more than that")
    return f"{parts.scheme}://{parts.netloc}" if typed else ""


def surroundings(more: dict[str, str]) -> dict[str, str]:
    """The environment of a program that this one starts."""
    return {**os.environ, **more}


SHORTEST_SECRET = 16
PLACEHOLDERS = ("change", "secretkey", "secret-key", "secret_key", "your-", "password", "default")


def is_guessable(secret: str) -> bool:
    """Whether a secret is none: short, monotonous, or what stands in examples."""
    return (
        len(secret) < SHORTEST_SECRET
        or len(set(secret)) < SHORTEST_SECRET // 2
        or any(word in secret.casefold() for word in PLACEHOLDERS)
    )


def secret_key(instance: Path) -> str:
    """The key kept in the instance folder, made at the first start and readable by its owner only."""
    path = instance / "secret-key"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    """Complete or not at all, and whoever is first among several processes wins."""
    unfinished = path.with_name(f"{path.name}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
