"""Whoever runs Carnet finds every setting in the README, and none there that does not exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
READS_SETTINGS = (ROOT / "webapp" / "config.py", ROOT / "run.py")
NOT_OURS = {"DEBIAN_FRONTEND"}  # handed on to programs that run.py starts
TESTS_ONLY = {"TEST_DATABASE_URL", "CHROMIUM"}


def read_from_environment(source: str) -> set[str]:
    """The names that a module asks the environment for: env.get("X"), os.environ["X"], os.getenv("X")."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        argument: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getenv"):
            argument = node.args[0] if node.args else None
        elif isinstance(node, ast.Subscript):
            argument = node.slice
        if isinstance(argument, ast.Constant) and re.fullmatch(r"[A-Z][A-Z0-9_]{3,}", str(argument.value)):
            names.add(str(argument.value))
    return names


def settings() -> set[str]:
    return set().union(*(read_from_environment(path.read_text(encoding="utf-8")) for path in READS_SETTINGS)) - NOT_OURS


def test_settings_are_found_where_they_are_read():
    source = 'env.get("CARNET_ONE", "1"), os.environ["CARNET_TWO"], os.getenv("CARNET_SIX"), other.get("small")'
    assert read_from_environment(source) == {"CARNET_ONE", "CARNET_TWO", "CARNET_SIX"}
    assert {"DATABASE_URL", "SECRET_KEY", "PORT"} <= settings()


def test_every_setting_is_in_the_readme():
    documented = README.read_text(encoding="utf-8")
    assert {name for name in settings() if f"`{name}`" not in documented} == set()


def test_the_readme_names_no_setting_that_does_not_exist():
    named = set(re.findall(r"`(CARNET_[A-Z0-9_]+|[A-Z]+_(?:URL|KEY))`", README.read_text(encoding="utf-8")))
    assert named - settings() - TESTS_ONLY == set()


def test_the_environment_is_read_in_one_place():
    elsewhere = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "webapp").rglob("*.py")
        if path not in READS_SETTINGS and re.search(r"\bos\.(?:environ|getenv)\b", path.read_text(encoding="utf-8"))
    }
    assert elsewhere == set()
