"""The house rules that a reader cannot hold in mind, read from the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WEBAPP = ROOT / "webapp"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(WEBAPP.rglob("*.py"))
}
WEB = ("flask", "flask_login", "flask_wtf", "wtforms", "werkzeug", "jinja2")
NOT_WEB = {"werkzeug.security"}  # hashes passwords; knows of no request
LEAVES = {"webapp.money", "webapp.quantity", "webapp.permissions", "webapp.engines", "webapp.known"}
LONGEST_MODULE = 400

# What each layer may import of ours. A leaf stands on other leaves at most; a blueprint may use everything but another
# blueprint.
LAYERS: dict[str, set[str]] = {
    "webapp.db": {"webapp.engines", "webapp.known"},
    "webapp.migrations": {"webapp.db", "webapp.engines"},
    "webapp.models": {"webapp.db", *LEAVES},
    "webapp.domain": {"webapp.db", "webapp.models", *LEAVES},
}


def layer_of(module: str) -> str | None:
    return next((layer for layer in LAYERS if is_within(module, layer)), None)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports(source: str, module: str) -> Iterator[str]:
    """Every module that the source imports, at the top or inside a function, as full names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                known = name in MODULES or name in NOT_WEB
                yield name if known else node.module or ""


def breaches(module: str, source: str) -> list[str]:
    """The imports by which a module leaves its place."""
    used = set(imports(source, module))
    ours = {name for name in used if is_within(name, "webapp")}
    layer = layer_of(module)
    if module in LEAVES:
        return sorted(ours - LEAVES)
    if layer:
        allowed = {layer, *LAYERS[layer]}
        strangers = {name for name in ours if not any(is_within(name, other) for other in allowed)}
        web = {name for name in used if any(is_within(name, package) for package in WEB)} - NOT_WEB
        return sorted(strangers | web)
    if is_within(module, "webapp.blueprints") and module.count(".") > 1:
        own = ".".join(module.split(".")[:3])
        return sorted(name for name in ours if is_within(name, "webapp.blueprints") and not is_within(name, own))
    return []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_beneath_it(module):
    assert breaches(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "module, source",
    [
        ("webapp.money", "from webapp import db"),
        ("webapp.money", "import webapp.records"),
        ("webapp.models.item", "from webapp.domain import ledger"),
        ("webapp.models.item", "from flask import g"),
        ("webapp.domain.rates", "def f():\n    import flask_login"),
        ("webapp.domain.rates", "from webapp.blueprints.items import routes"),
        ("webapp.domain.rates", "from webapp.forms import Form"),
        ("webapp.blueprints.items.routes", "from webapp.blueprints.packages.forms import PackageForm"),
    ],
)
def test_a_breach_is_seen(module, source):
    assert breaches(module, source)


@pytest.mark.parametrize(
    "module, source",
    [
        ("webapp.domain.rates", "from webapp.models import Item\nfrom webapp import money\nfrom webapp.db import db"),
        ("webapp.blueprints.items.routes", "from flask import Blueprint\nfrom webapp.blueprints.items import forms"),
    ],
)
def test_a_proper_import_is_left_alone(module, source):
    assert breaches(module, source) == []


def test_modules_are_short():
    """All but the schema, which is one text, read once and never changed after its release."""
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    lengths = {module: lines for module, lines in lengths.items() if not is_within(module, "webapp.migrations")}
    assert {module: lines for module, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def floats(source: str) -> list[str]:
    """Where money could meet binary fractions: float fields, decimal fields (REAL on SQLite), float() and its kind."""
    names = {"DecimalField", "FloatField", "DoubleField", "float"}
    found = []
    for node in ast.walk(ast.parse(source)):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in names:
            found.append(f"line {getattr(node, 'lineno', 0)}: {name}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_a_float(module):
    assert floats(MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source", ["x = float('1')", "class A:\n    x = peewee.DecimalField()", "def f(x: float): ..."]
)
def test_a_float_is_seen(source):
    assert floats(source)


INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "a browser's confirm box": re.compile(r"hx-confirm", re.IGNORECASE),
    "code as a value": re.compile(r"=\s*[\"']\s*(?:javascript|js):", re.IGNORECASE),
    "text taken as HTML": re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE),
}


def inline(source: str) -> list[str]:
    """What the content policy would block, or what would let a customer's name be read as HTML."""
    return [what for what, pattern in INLINE.items() if pattern.search(source)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_no_code(path):
    assert inline(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "<script>x()</script>",
        "<STYLE>p{}</STYLE>",
        '<p style="x">',
        '<p onclick="x">',
        '<p hx-on:click="x">',
        '<a hx-confirm="x">',
        '<a href="javascript:x">',
        "{{ name|safe }}",
        "{% autoescape false %}",
    ],
)
def test_code_in_a_template_is_seen(source):
    assert inline(source)


def test_the_browser_is_never_asked_to_confirm_or_to_run_text():
    scripts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "static").glob("*.js")}
    forbidden = re.compile(r"\b(?:confirm|alert|prompt|eval)\(|new Function|document\.write")
    assert {path.name: found[0] for path, text in scripts.items() if (found := forbidden.search(text))} == {}
