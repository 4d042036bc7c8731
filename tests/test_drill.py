"""The drill of docs/operations.md, by its own commands, from nothing: somebody did it before it is needed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import peewee
import pytest

from tests import factories as make
from tests.business import CHEAP_HASH, PASSWORD, address
from tests.conftest import Running, disconnect
from webapp import create_app
from webapp.db import db
from webapp.models import Payment, User

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """What the page tells to type, behind ``python3 run.py flask``."""
    drill = PAGE.partition("## The drill")[2].partition("\n## ")[0]
    return [line.split("#")[0].split() for line in re.findall(r"^python3 run\.py flask (.*)$", drill, re.MULTILINE)]


def test_the_page_names_no_command_that_does_not_exist(app) -> None:
    assert set(re.findall(r"run\.py flask ([a-z-]+)", PAGE)) <= set(app.cli.commands)
    assert [words[0] for words in commands()] == ["backup", "restore", "doctor", "check-ledger"]


@pytest.mark.sqlite_only
def test_the_drill(business: peewee.Database, engine: Running, tmp_path: Path) -> None:
    owner = User.get(User.email == address("owner"))
    make.pay(make.save(make.somebody(), (make.piano(), "100.00"), by=owner), by=owner)
    copied, elsewhere = tmp_path / "carnet.backup", tmp_path / "elsewhere"
    base = {name: value for name, value in os.environ.items() if name not in ("SECRET_KEY", "DATABASE_URL")}
    serving = base | {"DATABASE_URL": engine.engine.url, "CARNET_INSTANCE": str(tmp_path)}
    there = base | {"CARNET_INSTANCE": str(elsewhere)}
    for words in commands():
        words = [str(copied) if word.endswith("carnet.backup") else word for word in words]
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env=serving if words[0] == "backup" else there,
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert "warning" not in done.stdout.replace("0 warnings", "")
    before = db.obj
    restored = create_app({"DATABASE_URL": f"sqlite:///{elsewhere / 'carnet.db'}", "INSTANCE": elsewhere,
                           "SECRET_KEY": None, "PASSWORD_METHOD": CHEAP_HASH, "WTF_CSRF_ENABLED": False})  # fmt: skip
    try:
        client = restored.test_client()
        answer = client.post("/sign-in", data={"email": address("owner"), "password": PASSWORD})
        assert answer.status_code == 303
        assert "Money held for customers" in client.get("/").text
        assert Payment.select().count() == 1
    finally:
        disconnect(restored.extensions["carnet.database"])
        db.initialize(before)
