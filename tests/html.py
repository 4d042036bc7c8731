"""A lint of HTML as the app answers it: well formed, labelled, without anything the content policy blocks, and with
every address and every target really there. The test client runs it over each answer it gets."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
HTMX_VERBS = {"hx-get": "GET", "hx-post": "POST", "hx-put": "PUT", "hx-patch": "PATCH", "hx-delete": "DELETE"}
REFERENCES = {"for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "aria-owns", "list",
              "form", "headers", "popovertarget", "commandfor"}  # fmt: skip
SELECTORS = {"hx-target", "hx-indicator", "hx-disable", "hx-include"}
HTMX_2_WORDS = {"hx-ext", "hx-disabled-elt", "hx-on", "hx-confirm", "hx-prompt", "hx-vars", "hx-history-elt"}
ONLY_TEXT = {"value", "data-text", "aria-label", "placeholder", "title"}  # may hold anybody's name; never run
SAID = re.compile(rf'(\s(?:{"|".join(sorted(ONLY_TEXT))}))="[^"]*[^"\s][^"]*"')
TEXT = re.compile(r">[^<]*[^<\s][^<]*<")
NOT_NESTED = {"form": {"form"}, "a": {"a", "button"}, "button": {"a", "button"}, "label": {"label"}}
ELSEWHERE = ("https://", "http://", "mailto:", "tel:")
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


@dataclass
class Element:
    """One element with its place in the tree."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def __str__(self) -> str:
        shown = "".join(f' {name}="{self[name]}"' for name in ("id", "name", "href", "class") if self[name])
        return f"<{self.tag}{shown}>"

    def walk(self) -> Iterator["Element"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def above(self) -> Iterator["Element"]:
        """The elements around this one, nearest first."""
        element = self.parent
        while element:
            yield element
            element = element.parent

    def text(self) -> str:
        return " ".join(filter(None, (" ".join(e.texts).strip() for e in self.walk())))


class Tree(HTMLParser):
    """Reads strictly: every element that is opened is closed, in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.faults: list[str] = []
        self.open = self.root
        self.has_doctype = False
        self.feed(source)
        self.close()
        self.faults += [f"{self.open} is never closed"] if self.open is not self.root else []

    def handle_decl(self, _: str) -> None:
        self.has_doctype = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in VOID and not any(e.tag == "svg" for e in (element, *element.above())):
            self.faults.append(f"{element} cannot close itself")

    def handle_endtag(self, tag: str) -> None:
        if tag != self.open.tag:
            self.faults.append(f"</{tag}> where {self.open} is open")
            if all(element.tag != tag for element in self.open.above()):
                return
            while self.open.tag != tag and self.open.parent:
                self.open = self.open.parent
        self.open = self.open.parent or self.root

    def handle_data(self, data: str) -> None:
        self.open.texts.append(data.strip())

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        twice = [name for name, count in Counter(name for name, _ in attrs).items() if count > 1]
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.faults += [f"{element} has {name} twice" for name in twice]
        self.open.children.append(element)
        return element


@dataclass
class Document:
    """An answer being checked: its elements, where it came from, and what its addresses are matched against."""

    app: Flask
    path: str
    tree: Tree

    def __post_init__(self) -> None:
        self.elements = [element for element in self.tree.root.walk() if element.tag]
        self.ids = Counter(element["id"] for element in self.elements if "id" in element)
        self.labels = [element for element in self.elements if element.tag == "label"]
        self.is_page = any(element.tag == "html" for element in self.elements)

    def has(self, reference: str) -> bool:
        """Whether an id is in the document, or, for a part of one, in some template that it may stand in."""
        return reference in self.ids or (not self.is_page and reference in template_ids())

    def has_icon(self, address: str) -> bool:
        path, _, name = address.partition("#")
        file = Path(self.app.static_folder or "") / urlsplit(path).path.removeprefix("/static/")
        return file.is_file() and f'id="{name}"' in sprite(file)


def faults(app: Flask, path: str, source: str) -> list[str]:
    """What is wrong with an answer that came from `path`, one sentence each; nothing is good.

    An answer like one that was good is good: whose name it says makes no difference, only whether there is one.
    """
    like = app, path, hash(skeleton(source))
    if like in good:
        return []
    found = faults_in(app, path, source)
    if not found:
        good.add(like)
    return found


good: set[tuple[Flask, str, int]] = set()


def skeleton(source: str) -> str:
    """The answer with an ``x`` for each text, and for each value that no check reads."""
    return TEXT.sub(">x<", SAID.sub(r'\1="x"', source))


def faults_in(app: Flask, path: str, source: str) -> list[str]:
    document = Document(app, path, Tree(source))
    found = [*document.tree.faults, *(f"the id {name!r} is there twice" for name, n in document.ids.items() if n > 1)]
    found += page_faults(document) if document.is_page else []
    for element in document.elements:
        for check in (*(WITH_ATTRIBUTES if element.attributes else ()), *BY_TAG.get(element.tag, ())):
            found += check(document, element)
    return found


@cache
def sprite(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def template_ids() -> frozenset[str]:
    """The ids that are written out in some template."""
    sources = (path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    return frozenset(name for source in sources for name in re.findall(r'\bid="([\w-]+)"', source))


def page_faults(document: Document) -> Iterator[str]:
    tags = Counter(element.tag for element in document.elements)
    by_tag = {element.tag: element for element in document.elements}
    if not document.tree.has_doctype:
        yield "a page without a doctype"
    if not by_tag["html"]["lang"]:
        yield "a page that does not say its language"
    if "title" not in by_tag or not by_tag["title"].text():
        yield "a page without a title"
    for tag in ("main", "h1"):
        if tags[tag] != 1:
            yield f"a page with {tags[tag]} <{tag}>"


def nesting(document: Document, element: Element) -> Iterator[str]:
    forbidden = NOT_NESTED.get(element.tag, set())
    for outer in element.above():
        if outer.tag in forbidden:
            yield f"{element} inside {outer}"


def policy(document: Document, element: Element) -> Iterator[str]:
    """What a strict content security policy blocks, and what the house does not write."""
    for name, value in element.attributes.items():
        if name.startswith(("on", "hx-on:")):
            yield f"{element} has the inline handler {name}"
        if name in HTMX_2_WORDS:
            yield f"{element} has {name}, which this house does not use"
        if name == "style":
            yield f"{element} has an inline style"
        if name not in ONLY_TEXT and value.strip().lower().startswith(("javascript:", "js:")):
            yield f"{element} has code in {name}"
    if element.tag == "style":
        yield "an inline <style>"
    if element.tag == "script" and "src" not in element and element["type"] != "application/json":
        yield "an inline <script>"


def references(document: Document, element: Element) -> Iterator[str]:
    if element.tag == "use" and not document.has_icon(element["href"]):
        yield f"there is no icon at {element['href']!r}"
    if element.tag == "dialog" and not element.children:
        return  # what names it comes with its content
    for name in REFERENCES & element.attributes.keys():
        for reference in element[name].split():
            if not document.has(reference):
                yield f"{element} has {name}={reference!r}, and there is no such id"
    for name in SELECTORS & element.attributes.keys():
        for selector in re.findall(r"#([\w-]+)", element[name]):
            if not document.has(selector):
                yield f"{element} has {name}={element[name]!r}, and there is no such id"


def addresses(document: Document, element: Element) -> Iterator[str]:
    """Every address leads somewhere, with the verb it will be asked with."""
    wanted = [(element["href"], "GET")] if "href" in element and element.tag != "use" else []
    wanted += [(element["src"], "GET")] if "src" in element else []
    wanted += [(element[name], verb) for name, verb in HTMX_VERBS.items() if name in element]
    if element.tag == "form":
        wanted.append((element["action"], element["method"].upper() or "GET"))
    if "formaction" in element:
        wanted.append((element["formaction"], element["formmethod"].upper() or "POST"))
    for address, verb in wanted:
        fault = unreachable(document, address, verb)
        if fault:
            yield f"{element}: {verb} {address!r} {fault}"


def unreachable(document: Document, address: str, verb: str) -> str | None:
    if address.startswith(ELSEWHERE):
        return None
    if address.startswith("#"):
        return None if document.has(address[1:]) else "names an id that is not there"
    return leads_nowhere(document.app, urlsplit(urljoin(document.path, address)).path, verb)


@cache
def leads_nowhere(app: Flask, path: str, verb: str) -> str | None:
    """Why a path of the app leads nowhere, in a few words; None when it leads somewhere."""
    if path.startswith("/static/"):
        file = Path(app.static_folder or "") / path.removeprefix("/static/")
        return None if file.is_file() else "is not a file"
    try:
        app.url_map.bind("localhost").match(path, method=verb)
    except NotFound:
        return "leads nowhere"
    except MethodNotAllowed:
        return "does not take that verb"
    except RequestRedirect:
        return "is only redirected"
    return None


def labels(document: Document, element: Element) -> Iterator[str]:
    """Everything that is typed into or pressed says what it is."""
    if any(outer.tag == "template" for outer in element.above()):
        return  # a mould: what it says is filled in by whoever copies it
    if element.tag in ("select", "textarea") or (element.tag == "input" and element["type"] not in UNLABELLED):
        if not is_labelled(document, element):
            yield f"{element} has no label"
    elif element.tag in ("button", "a", "summary") and not is_named(element):
        yield f"{element} says nothing"
    elif element.tag == "img" and "alt" not in element:
        yield f"{element} has no alt text"


def is_labelled(document: Document, element: Element) -> bool:
    if element["aria-label"].strip() or element["aria-labelledby"]:
        return True
    own = (other for other in document.labels if other["for"] == element["id"] != "")
    around = (other for other in element.above() if other.tag == "label")
    return any(label.text() for label in (*own, *around))


def is_named(element: Element) -> bool:
    """Whether a link or button has a text, or a picture in it that has one."""
    if element.text() or element["aria-labelledby"]:
        return True
    return any(inner["aria-label"].strip() or inner["alt"].strip() for inner in element.walk())


def forms(document: Document, element: Element) -> Iterator[str]:
    """A form works without JavaScript, and one that changes something proves where it came from."""
    if element.tag == "form":
        if element["method"].upper() == "POST" and not any(e["name"] == "csrf_token" for e in element.walk()):
            yield f"{element} is posted without a CSRF token"
        if "hx-post" in element and element["method"].upper() != "POST":
            yield f"{element} has hx-post, but is not posted without JavaScript"
    if element.tag == "a" and "href" not in element:
        yield f"{element} is a link to nowhere"
    in_form = any(outer.tag == "form" for outer in element.above()) or "form" in element
    if element.tag == "button" and element["type"] in ("", "submit") and not in_form:
        yield f"{element} sends a form, and is in none"


def htmx(document: Document, element: Element) -> Iterator[str]:
    """Nothing is inherited: what asks the server also says where the answer goes."""
    asks = [name for name in HTMX_VERBS if name in element]
    if asks and "hx-target" not in element:
        yield f"{element} has {asks[0]} without hx-target"
    if asks and element.tag not in ("a", "form") and "hx-trigger" not in element:
        yield f"{element} is neither link nor form, so it does nothing without JavaScript"


Check = Callable[[Document, Element], Iterator[str]]
WITH_ATTRIBUTES: tuple[Check, ...] = (policy, references, addresses, htmx)
BY_TAG: dict[str, tuple[Check, ...]] = {
    "a": (nesting, labels, forms),
    "button": (nesting, labels, forms),
    "form": (nesting, forms),
    "img": (labels,),
    "input": (labels,),
    "label": (nesting,),
    "script": (policy,),
    "select": (labels,),
    "style": (policy,),
    "summary": (labels,),
    "textarea": (labels,),
}
