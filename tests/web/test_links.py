"""What a person may not do is not offered: on every screen, whoever sees it by one permission alone."""

from collections.abc import Iterator
from functools import cache

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from tests import factories as make
from tests.clients import Client
from tests.screens import addresses
from tests.tree import Tree
from tests.web.billing import on_the_day
from webapp.access import PUBLIC, SIGNED_IN
from webapp.models import Role, User
from webapp.permissions import STAFF_PERMISSIONS, Permission

VERBS = {"href": "GET", "action": "", "formaction": "POST", "hx-get": "GET", "hx-post": "POST"}


@pytest.fixture(autouse=True)
def then() -> Iterator[None]:
    with on_the_day():
        yield


@pytest.fixture
def screens(app: Flask, cast: dict[str, User]) -> list[str]:
    return sorted(set(addresses(app, cast["owner"], make.DAY).values()))


@cache
def closed(app: Flask, permission: Permission, address: str, verb: str) -> bool:
    """Whether the address is one of ours that the permission does not open."""
    try:
        endpoint, _ = app.url_map.bind("localhost").match(address.partition("?")[0].partition("#")[0], method=verb)
    except HTTPException:
        return False
    access = getattr(app.view_functions[endpoint], "access", PUBLIC)
    return access not in (PUBLIC, SIGNED_IN) and permission not in access


@pytest.mark.sqlite_only
def test_no_screen_offers_what_is_closed(app: Flask, bookkeeper: Client, screens: list[str]) -> None:
    wrong = set()
    for permission in STAFF_PERMISSIONS:
        Role.update(permissions=frozenset({permission})).where(Role.name == "Bookkeeper").execute()
        seen = [answer for screen in screens if (answer := bookkeeper.get(screen, lint=False)).status_code == 200]
        assert len(seen) > 3
        for answer in seen:
            for element in Tree(answer.text).elements:
                for name in VERBS.keys() & element.attributes.keys():
                    verb = VERBS[name] or (element["method"] or "get").upper()
                    if closed(app, permission, element[name], verb):
                        wrong.add(f"{permission} on {answer.request.path}: {element} {element[name]}")
    assert sorted(wrong) == []
