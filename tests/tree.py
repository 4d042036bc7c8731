"""HTML as a tree of elements, read strictly."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
MARKUP = re.compile(
    r"(?P<text>[^<]+)|(?P<end></[a-z][a-z0-9-]*\s*>)|(?P<start><[a-z][a-z0-9-]*(?:\s(?:[^\"'<>]|\"[^\"]*\"|'[^']*')*|/)?>)"
    r"|(?P<comment><!--(?!-?>).*?-->)|(?P<doctype><!doctype\s[^<>]*>)",
    re.IGNORECASE | re.DOTALL,
)
RAW = {
    tag: re.compile(rf"(?P<end></{tag}\s*>)|(?P<text>.+?)(?=</{tag}\b)", re.IGNORECASE | re.DOTALL)
    for tag in ("script", "style")
}


@dataclass(slots=True, eq=False)
class Element:
    """One element with its place in the tree."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    source: str = ""

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


class Tag(NamedTuple):
    """A start tag: its text, what it says, and the attributes that it says twice."""

    source: str
    name: str
    attributes: dict[str, str]
    closes_itself: bool
    twice: list[str]

    def element(self, parent: Element | None = None) -> Element:
        return Element(self.name, self.attributes, parent, source=self.source)


class TagParser(HTMLParser):
    """Reads one start tag."""

    read: tuple[str, list[tuple[str, str | None]], bool]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read = tag, attrs, False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.read = tag, attrs, True


@cache
def read_tag(source: str) -> Tag:
    """Most tags of an answer stand in many others too, letter by letter."""
    parser = TagParser()
    parser.feed(source)
    name, attrs, closes_itself = parser.read
    twice = [name for name, count in Counter(name for name, _ in attrs).items() if count > 1]
    return Tag(source, name, {name: value or "" for name, value in attrs}, closes_itself, twice)


class Tree:
    """Reads strictly: every element that is opened is closed, in order, and a ``<`` begins something."""

    def __init__(self, source: str) -> None:
        self.root = Element("", {})
        self.elements: list[Element] = []
        self.faults: list[str] = []
        self.open = self.root
        self.has_doctype = False
        at = 0
        while at < len(source):
            found = (RAW.get(self.open.tag) or MARKUP).match(source, at)
            if found is None:
                self.faults.append(f"{source[at : at + 40]!r} is neither a tag nor text")
                break
            self._take(found.lastgroup or "", found[0])
            at = found.end()
        self.faults += [f"{self.open} is never closed"] if self.open is not self.root else []

    def _take(self, kind: str, source: str) -> None:
        if kind == "text":
            text = source.strip()
            if text:
                self.open.texts.append(unescape(text).strip() if "&" in text else text)
        elif kind == "start":
            self._start(read_tag(source))
        elif kind == "end":
            self._end(source[2:-1].strip().lower())
        elif kind == "doctype":
            self.has_doctype = True

    def _start(self, tag: Tag) -> None:
        element = tag.element(self.open)
        self.faults += [f"{element} has {name} twice" for name in tag.twice]
        self.open.children.append(element)
        self.elements.append(element)
        if tag.closes_itself and tag.name not in VOID:
            if not any(e.tag == "svg" for e in (element, *element.above())):
                self.faults.append(f"{element} cannot close itself")
        elif tag.name not in VOID:
            self.open = element

    def _end(self, tag: str) -> None:
        if tag != self.open.tag:
            self.faults.append(f"</{tag}> where {self.open} is open")
            if all(element.tag != tag for element in self.open.above()):
                return
            while self.open.tag != tag and self.open.parent:
                self.open = self.open.parent
        self.open = self.open.parent or self.root
