"""What the tests of invoices and payments share: a day, things to find, and forms filled in as a browser does."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from html import unescape

import time_machine
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.tree import Element, Tree
from webapp.domain import customers, search
from webapp.models import Customer, DraftLine, Invoice, Item, Package, Role

DAY = make.DAY
LINES = "div#draft-lines"
MODAL = "dialog#modal"


def on_the_day(day: date = DAY) -> time_machine.travel:
    """As if it were noon of that day."""
    return time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), tick=False)


def customer(name: str = "Emma Jones", role: str = "Customer") -> Customer:
    """A customer who can be found."""
    return customers.create_customer(name=name, role=Role.get(Role.name == role), by=None)


def findable() -> None:
    """Items and packages made so far can be found by their names."""
    for item in Item.select():
        search.index("item", item.id, item.name, item.category)
    for package in Package.select():
        search.index("package", package.id, package.name)


def c172() -> Item:
    return Item.get(Item.name == "C172")


def instruction() -> Item:
    return Item.get(Item.name == "Instruction")


def url(invoice: Invoice, *more: str) -> str:
    """The page of an invoice, the editor of what is still a draft, or a page beneath."""
    there = Invoice.get_or_none(Invoice.id == invoice.id)
    if not more and there and there.is_draft:
        more = ("edit",)
    return "/".join([f"/billing/invoices/{invoice.id}", *more])


@lru_cache(maxsize=4)
def tree_of(text: str) -> Element:
    """Of one answer several things are asked, one after the other."""
    return Tree(text).root


def filled(response: TestResponse, form: str) -> dict[str, str]:
    """What a browser would send for the form with this id, or with this action, as the page shows it."""
    tree = tree_of(response.text)
    forms = [e for e in tree.walk() if e.tag == "form" and form in (e["id"], e["action"])]
    assert len(forms) == 1, f"{len(forms)} forms {form}"
    return dict(_values(tree, forms[0]))


def _values(tree: Element, form: Element) -> Iterator[tuple[str, str]]:
    for element in tree.walk():
        if not element["name"]:
            continue
        within = form in element.above() and "form" not in element
        if not (within or (form["id"] and element["form"] == form["id"])):
            continue
        if element.tag == "textarea":
            yield element["name"], "".join(element.texts)
        elif element.tag == "select":
            options = [it for it in element.walk() if it.tag == "option"]
            chosen = next((it for it in options if "selected" in it), options[0] if options else None)
            yield element["name"], chosen["value"] if chosen else ""
        elif element.tag == "input" and (element["type"] not in ("checkbox", "radio") or "checked" in element):
            yield element["name"], element["value"]


def editing(client: Client, invoice: Invoice, **changes: str) -> dict[str, str]:
    """The form of a draft as it is shown now, with some of it changed; ``quantity_12`` means ``quantity-12``."""
    shown = filled(client.get(url(invoice)), "draft-form")
    return shown | {name.replace("_", "-", 1) if name[-1].isdigit() else name: text for name, text in changes.items()}


def typed_lines(invoice: Invoice) -> list[DraftLine]:
    return list(DraftLine.select().where(DraftLine.invoice == invoice).order_by(DraftLine.position))


def quantity_of(line: DraftLine) -> str:
    return f"quantity-{line.id}"


def amount_of(line: DraftLine) -> str:
    return f"amount-{line.id}"


def words(response: TestResponse) -> str:
    """The text of an answer as it is read, its words one space apart."""
    body = re.sub(r"<(title|template)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def said(response: TestResponse, start: str) -> list[str]:
    """The texts of errors, alerts and other elements whose class begins so."""
    tree = tree_of(response.text)
    return [re.sub(r"\s+", " ", e.text()) for e in tree.walk() if e["class"].startswith(start)]
