"""Every address of the app, asked by everybody: who gets in, who is turned away, and that nothing goes wrong there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.business import CAST
from tests.clients import Client, client_for
from webapp.access import PUBLIC, SIGNED_IN
from webapp.permissions import DEFAULT_ROLES, Permission

REVIEWED = Path(__file__).with_name("access.txt")
"""Who may open what, one endpoint a line. Changed by hand, so that nothing opens to more people without being noticed.

Four are public: the way in, the page that exists only before there is anybody, and the two for whoever watches over
the service.
"""

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOBODY_HAS_IT = 10**9
TOO_LARGE = 2**63

ROLES = {role.name: role for role in DEFAULT_ROLES}


def access_of(app: Flask, endpoint: str) -> Any:
    return getattr(app.view_functions[endpoint], "access", None)


def rules(app: Flask) -> Iterator[Rule]:
    """The addresses of the product; not the pages that show its components to whoever builds screens."""
    return (rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(("static", "patterns_")))


def gated(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Each address behind the gate with each verb it takes, its ids being of nothing there is."""
    for rule in rules(app):
        if access_of(app, rule.endpoint) != PUBLIC:
            for verb in sorted(set(rule.methods or ()) & set(VERBS)):
                yield verb, address(app, rule), rule


def address(app: Flask, rule: Rule, number: int = NOBODY_HAS_IT) -> str:
    values = {name: number if is_number(rule, name) else "nothing" for name in rule.arguments}
    built = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or ())))
    return built.partition("?")[0]


def is_number(rule: Rule, name: str) -> bool:
    return hasattr(rule._converters[name], "num_convert")


def may(role: str, access: Any) -> bool:
    return access == SIGNED_IN or any(permission in ROLES[role].permissions for permission in access)


@pytest.fixture
def clients(app: Flask) -> dict[str, Client]:
    return {name: client_for(app, name) for name in CAST}


def test_every_endpoint_declares_who_may_open_it(app):
    undeclared = {
        endpoint
        for endpoint in app.view_functions
        if endpoint != "static"
        and (access := access_of(app, endpoint)) not in (PUBLIC, SIGNED_IN)
        and not (isinstance(access, tuple) and access and all(isinstance(one, Permission) for one in access))
    }
    assert undeclared == set()


def test_access_is_as_it_was_reviewed(app):
    declared = {rule.endpoint: access_of(app, rule.endpoint) for rule in rules(app)}
    told = {name: access if isinstance(access, str) else ", ".join(access) for name, access in declared.items()}
    reviewed = dict(line.split(": ") for line in REVIEWED.read_text(encoding="utf-8").splitlines())
    assert told == reviewed, f"when it is right, write it into {REVIEWED.name}"


def test_an_endpoint_that_declares_nothing_is_closed_to_everybody(app, clients, monkeypatch):
    monkeypatch.setitem(app.view_functions, "home.index", lambda: "open")
    assert {name: client.get("/").status_code for name, client in clients.items()} == dict.fromkeys(CAST, 403)


def test_visitors_are_sent_to_the_sign_in_page(app, visitor):
    wrong = {}
    for verb, path, _ in gated(app):
        response = visitor.open(path, method=verb)
        if response.status_code not in (302, 303) or not response.location.startswith("/sign-in"):
            wrong[verb, path] = response.status
    assert wrong == {}


def test_htmx_is_sent_to_the_sign_in_page_too(app, visitor):
    wrong = {}
    for verb, path, _ in gated(app):
        response = visitor.open(path, method=verb, htmx="dialog#modal")
        if response.status_code != 401 or not response.headers.get("HX-Redirect", "").startswith("/sign-in"):
            wrong[verb, path] = response.status
    assert wrong == {}


@pytest.mark.sqlite_only  # which engine there is says nothing about who may
@pytest.mark.parametrize("name, role", CAST.items())
def test_roles_open_what_their_permissions_name_and_nothing_else(app, clients, name, role):
    """Who lacks the permission is refused before anything is looked up, so also where there is nothing."""
    wrong = {}
    for verb, path, rule in gated(app):
        if rule.endpoint == "auth.sign_out":
            continue
        response = clients[name].open(path, method=verb)
        if (response.status_code == 403) == may(role, access_of(app, rule.endpoint)) or response.status_code >= 500:
            wrong[verb, path] = response.status
    assert wrong == {}


@pytest.mark.parametrize("number", [NOBODY_HAS_IT, TOO_LARGE])
def test_an_id_of_nothing_is_not_found(app, owner, number):
    wrong = {}
    for rule in rules(app):
        for verb in sorted(set(rule.methods or ()) & set(VERBS)) if rule.arguments else ():
            path = address(app, rule).replace(str(NOBODY_HAS_IT), str(number))
            response = owner.open(path, method=verb)
            if response.status_code != 404:
                wrong[verb, path] = response.status
    assert wrong == {}


def test_a_verb_that_an_address_does_not_take_is_refused(app, owner):
    taken: dict[str, set[str]] = {}
    for rule in rules(app):
        taken.setdefault(address(app, rule), set()).update(rule.methods or ())
    assert owner.open("/", method="PUT").status_code == 405  # with a page; below it is a message, which is soon made
    wrong = {}
    for path, verbs in taken.items():
        for verb in set(VERBS) - verbs:
            response = owner.open(path, method=verb, htmx="main")
            if response.status_code != 405:
                wrong[verb, path] = response.status
    assert wrong == {}


def test_whatever_is_posted_without_the_token_is_refused(app, owner):
    wrong = {}
    for verb, path, _ in gated(app):
        response = owner.open(path, method=verb, csrf=False, lint=False) if verb != "GET" else None
        if response and response.status_code != 400:
            wrong[verb, path] = response.status
    assert wrong == {}


def test_every_page_without_an_id_opens(app, owner):
    """The linted client looks at each of them, on a business where nothing has happened yet."""
    wrong = {}
    for verb, path, rule in gated(app):
        if verb == "GET" and not rule.arguments:
            response = owner.get(path, follow_redirects=True)
            if response.status_code != 200:
                wrong[path] = response.status
    assert wrong == {}


def test_only_safe_verbs_are_answered_without_a_form(app):
    """What changes something is posted: an address is never changed by being looked at, and never deleted or put."""
    known = {"GET", "HEAD", "OPTIONS", "POST"}
    assert {
        str(rule): sorted(set(rule.methods or ()) - known) for rule in rules(app) if set(rule.methods or ()) - known
    } == {}
