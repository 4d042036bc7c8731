"""A lint of HTML as the app answers it: well formed, labelled, without anything the content policy blocks, and with
every address and every target really there. The test client runs it over each answer it gets."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from tests.tree import Element, Tree, read_tag

UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
HTMX_VERBS = {"hx-get": "GET", "hx-post": "POST", "hx-put": "PUT", "hx-patch": "PATCH", "hx-delete": "DELETE"}
REFERENCES = {"for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "aria-owns", "list",
              "form", "headers", "popovertarget", "commandfor"}  # fmt: skip
SELECTORS = {"hx-target", "hx-indicator", "hx-disable", "hx-include"}
HTMX_2_WORDS = {"hx-ext", "hx-disabled-elt", "hx-on", "hx-confirm", "hx-prompt", "hx-vars", "hx-history-elt"}
ONLY_TEXT = {"value", "data-text", "aria-label", "placeholder", "title", "class"}  # may hold anybody's name; never run
UNREAD = "|".join(rf'(?<=\s{name}=")[^"]*' for name in sorted(ONLY_TEXT - {"aria-label"}))
SAID = re.compile(rf'="(?:{UNREAD}|(?<=\saria-label=")[^"]*[^"\s][^"]*)"')
CHOICE = r'<option value="x"(?: selected| disabled)*>x</option>'
CHOICES = re.compile(rf"{CHOICE}(?:\s*{CHOICE})*")
TEXT = re.compile(r">[^<]*[^<\s][^<]*<")
TOKEN = re.compile(r'X-CSRFToken": "[^"]*')
FILE = re.compile(r'/static/[^"]*')
NUMBER = re.compile(r"\d+")
NOT_NESTED = {"form": {"form"}, "a": {"a", "button"}, "button": {"a", "button"}, "label": {"label"}}
ELSEWHERE = ("https://", "http://", "mailto:", "tel:")
ASKING = "|".join(["href", "src", "action", "formaction", *HTMX_VERBS])
RELATIVE = re.compile(rf'\s(?:{ASKING})(?!="(?:[/#]|{"|".join(ELSEWHERE)}))|<form(?![^>]*\saction=)', re.IGNORECASE)
"""Where something is asked for at an address that says only how to get there from here, which it also does by saying
nothing."""
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


@dataclass
class Document:
    """An answer being checked: its elements, where it came from, and what its addresses are matched against."""

    app: Flask
    path: str
    tree: Tree

    def __post_init__(self) -> None:
        self.elements = self.tree.elements
        self.ids = Counter(element["id"] for element in self.elements if "id" in element)
        self.labels = [element for element in self.elements if element.tag == "label"]
        self.is_page = any(element.tag == "html" for element in self.tree.root.children)

    def has(self, reference: str) -> bool:
        """Whether an id is in the document, or, for a part of one, in some template that it may stand in."""
        return reference in self.ids or (not self.is_page and reference in template_ids())


def faults(app: Flask, path: str, source: str) -> list[str]:
    """What is wrong with an answer that came from `path`, one sentence each; nothing is good.

    An answer like one that was good is good: whose name it says makes no difference, only whether there is one, nor
    does where it came from, unless it has an address that begins there.
    """
    said = skeleton(source)
    like = hash((addresses_of(app), said))
    if like in good:
        return []
    found = faults_in(app, path, source)
    if not found and not RELATIVE.search(said):
        good.add(like)
    return found


good: set[int] = set()


@cache
def addresses_of(app: Flask) -> str:
    """What an app answers to. The tests make one for each engine, and these are alike."""
    return f"{app.static_folder} {sorted((str(rule), sorted(rule.methods or ())) for rule in app.url_map.iter_rules())}"


def skeleton(source: str) -> str:
    """The answer with an ``x`` for each text, and for each value that no check reads; its numbers are told apart, but
    which they are makes no difference, nor does how much there is to choose from."""
    said = TOKEN.sub("", CHOICES.sub("<option>", TEXT.sub(">x<", SAID.sub('="x"', source))))
    numbers: dict[str, str] = {}

    def like(found: re.Match[str]) -> str:
        is_of_a_word = said[found.start() - 1].isalpha()  # <h1>, not the 1 of /customers/1
        return found[0] if is_of_a_word else numbers.setdefault(found[0], str(len(numbers)))

    return NUMBER.sub(like, said) + " ".join(sorted(set(FILE.findall(said))))


def faults_in(app: Flask, path: str, source: str) -> list[str]:
    document = Document(app, path, Tree(source))
    found = [*document.tree.faults, *(f"the id {name!r} is there twice" for name, n in document.ids.items() if n > 1)]
    found += page_faults(document) if document.is_page else []
    for element in document.elements:
        wrong, names, asks = own(element.source)
        found += wrong
        if element.tag != "dialog" or element.children:  # what an empty one names comes with its content
            found += (f"{element} has {n.said}, and there is no such id" for n in names if not document.has(n.id))
        for address, verb in asks:
            fault = unreachable(document, address, verb)
            found += [f"{element}: {verb} {address!r} {fault}"] if fault else []
        for check in BY_TAG.get(element.tag, ()):
            found += check(document, element)
    return found


class Reference(NamedTuple):
    """An id that has to be there, and how a tag names it."""

    id: str
    said: str


class Asked(NamedTuple):
    """An address that has to lead somewhere, with the verb it will be asked with."""

    address: str
    verb: str


class Own(NamedTuple):
    """What of a tag is wrong wherever it stands, and what it asks of others."""

    wrong: list[str]
    names: list[Reference]
    asks: list[Asked]


@cache
def own(source: str) -> Own:
    """Most tags of an answer stand in many others too, letter by letter."""
    element = read_tag(source).element()
    return Own([*policy(element), *htmx(element)], list(references(element)), list(asked(element)))


@cache
def has_icon(app: Flask, address: str) -> bool:
    path, _, name = address.partition("#")
    file = Path(app.static_folder or "") / urlsplit(path).path.removeprefix("/static/")
    return file.is_file() and f'id="{name}"' in file.read_text(encoding="utf-8")


@cache
def template_ids() -> frozenset[str]:
    """The ids that are written out in some template."""
    sources = (path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    return frozenset(name for source in sources for name in re.findall(r'\bid="([\w-]+)"', source))


def icons(document: Document, element: Element) -> Iterator[str]:
    if not has_icon(document.app, element["href"]):
        yield f"there is no icon at {element['href']!r}"


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


def policy(element: Element) -> Iterator[str]:
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


def references(element: Element) -> Iterator[Reference]:
    for name in REFERENCES & element.attributes.keys():
        for reference in element[name].split():
            yield Reference(reference, f"{name}={reference!r}")
    for name in SELECTORS & element.attributes.keys():
        for selector in re.findall(r"#([\w-]+)", element[name]):
            yield Reference(selector, f"{name}={element[name]!r}")


def asked(element: Element) -> Iterator[Asked]:
    if "href" in element and element.tag != "use":
        yield Asked(element["href"], "GET")
    if "src" in element:
        yield Asked(element["src"], "GET")
    for name, verb in HTMX_VERBS.items():
        if name in element:
            yield Asked(element[name], verb)
    if element.tag == "form":
        yield Asked(element["action"], element["method"].upper() or "GET")
    if "formaction" in element:
        yield Asked(element["formaction"], element["formmethod"].upper() or "POST")


def unreachable(document: Document, address: str, verb: str) -> str | None:
    if address.startswith(ELSEWHERE):
        return None
    if address.startswith("#"):
        return None if document.has(address[1:]) else "names an id that is not there"
    return leads_nowhere(document.app, document.path, address, verb)


@cache
def leads_nowhere(app: Flask, here: str, address: str, verb: str) -> str | None:
    """Why an address leads nowhere, in a few words; None when it leads somewhere."""
    path = urlsplit(urljoin(here, address)).path
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


def htmx(element: Element) -> Iterator[str]:
    """Nothing is inherited: what asks the server also says where the answer goes."""
    asks = [name for name in HTMX_VERBS if name in element]
    if asks and "hx-target" not in element:
        yield f"{element} has {asks[0]} without hx-target"
    if asks and element.tag not in ("a", "form") and "hx-trigger" not in element:
        yield f"{element} is neither link nor form, so it does nothing without JavaScript"


Check = Callable[[Document, Element], Iterator[str]]
BY_TAG: dict[str, tuple[Check, ...]] = {
    "a": (nesting, labels, forms),
    "button": (nesting, labels, forms),
    "form": (nesting, forms),
    "img": (labels,),
    "input": (labels,),
    "label": (nesting,),
    "select": (labels,),
    "summary": (labels,),
    "textarea": (labels,),
    "use": (icons,),
}
