"""Every screen as a browser without JavaScript meets it: a whole page, whose forms can be sent as they stand there."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from tests import factories as make
from tests.clients import Client
from tests.screens import addresses
from tests.tree import Element, Tree
from tests.web.billing import on_the_day
from webapp.models import User

NEVER_SENT = ("/sign-out",)
"""Every page has it, and it would end the walk."""


@pytest.fixture(autouse=True)
def then() -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def screens(app: Flask, cast: dict[str, User]) -> dict[str, str]:
    return addresses(app, cast["owner"], make.DAY)


def page_of(client: Client, address: str) -> Tree:
    response = client.get(address, follow_redirects=True)
    assert response.status_code == 200, address
    assert response.mimetype == "text/html", address
    assert "<html" in response.text, f"{address} is a part of a page"
    return Tree(response.text)


def elements(tree: Tree, tag: str) -> list[Element]:
    return [element for element in tree.elements if element.tag == tag]


def of_form(tree: Tree, form: Element) -> list[Element]:
    """What is sent with the form: what is in it, and what names it."""
    named = [e for e in tree.elements if form["id"] and e["form"] == form["id"]]
    return [*(e for e in form.walk() if e["form"] in ("", form["id"])), *named]


def without_script(element: Element) -> bool:
    """Whether it is there for somebody whose browser runs no script."""
    around = [element, *element.above()]
    return not any("js-only" in e["class"].split() or e.tag == "template" or "hidden" in e for e in around)


def buttons(tree: Tree, form: Element) -> list[Element]:
    """What sends the form."""
    found = [e for e in of_form(tree, form) if e.tag == "button" and e["type"] in ("", "submit")]
    return [e for e in found if without_script(e) and "disabled" not in e]


def sent(tree: Tree, form: Element, button: Element) -> dict[str, list[str]]:
    """What a browser sends when the button is pressed and nothing was typed."""
    pairs = [(button["name"], button["value"])] if button["name"] else []
    for e in of_form(tree, form):
        if not e["name"] or "disabled" in e or any(outer.tag == "template" for outer in e.above()):
            continue
        if e.tag == "input" and (e["type"] not in ("checkbox", "radio") or "checked" in e):
            pairs.append((e["name"], e["value"] or ("on" if e["type"] in ("checkbox", "radio") else "")))
        elif e.tag == "textarea":
            pairs.append((e["name"], e.text()))
        elif e.tag == "select":
            options = [option for option in e.walk() if option.tag == "option"]
            chosen = next((option for option in options if "selected" in option), options[0] if options else None)
            pairs += [(e["name"], chosen["value"])] if chosen else []
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}


def test_each_is_a_page_whose_forms_are_answered(owner: Client, screens: dict[str, str]) -> None:
    assert len(screens) > 60
    pages = {endpoint: page_of(owner, address) for endpoint, address in screens.items()}
    check_addresses_and_buttons(pages)
    check_answers(owner, [(screens[endpoint], tree) for endpoint, tree in pages.items()])


def check_addresses_and_buttons(pages: dict[str, Tree]) -> None:
    wrong = []
    for endpoint, tree in pages.items():
        for form in elements(tree, "form"):
            if not form["action"] or form["method"].lower() not in ("get", "post"):
                wrong.append(f"{endpoint}: {form} has no address or no method")
            if not buttons(tree, form) and form["role"] != "search":
                wrong.append(f"{endpoint}: {form} cannot be sent")
        for element in tree.elements:
            asked = element["hx-get"] or element["hx-post"]
            own = element["href"] or element["action"] or "no address"
            if asked and element.tag in ("a", "form") and urlsplit(asked).path != urlsplit(own).path:
                wrong.append(f"{endpoint}: {element} leads to {own} without JavaScript and to {asked} with it")
    assert wrong == []


def check_answers(owner: Client, pages: list[tuple[str, Tree]]) -> None:
    """Sent as it stands: what is missing is said on a page of its own, what is there is done."""
    forms: dict[str, dict[str, list[str]]] = {}
    for address, tree in pages:
        for form in elements(tree, "form"):
            button = buttons(tree, form)[0] if form["method"].lower() == "post" else None
            if button:
                forms.setdefault(urljoin(address, button["formaction"] or form["action"]), sent(tree, form, button))
    answers: dict[str, int] = {}
    # What other forms are about is gone after a removal, and a line with its draft.
    for address in sorted(forms, key=lambda address: (address.endswith("/discard"), address.endswith("/removal"))):
        if address not in NEVER_SENT:
            response = owner.post(address, data=forms[address], csrf=False)
            answers[address] = response.status_code
            if response.status_code in (302, 303):
                page_of(owner, response.location)
            else:
                assert "<html" in response.text, f"{address} answers with a part of a page"
    assert len(answers) > 30
    assert {to: status for to, status in answers.items() if status not in (200, 302, 303, 422)} == {}
