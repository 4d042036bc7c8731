"""Billing → Packages on a counter's screen: one row of filters, and rows that stay low whatever people are called."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import factories as make
from webapp.db import db
from webapp.domain import memberships
from webapp.models import User

OpenPage = Callable[..., Page]

CUSTOMER = "Bright & Sons Roofing (attn. Miss Ottoline Featherstonehaugh-Cholmondeley)"
PACKAGE = "Thirty hours at the potter's wheel, clay and two firings of the kiln included"
ITEM = "Reformer session"


@pytest.fixture
def long_names(app: Flask, cast: dict[str, User]) -> None:
    customer = make.somebody(CUSTOMER)
    package = make.package(PACKAGE, (make.item(ITEM, "50.00", unit="hour"), "30", "@45"))
    group = make.group("Everybody who comes on a Monday, a Wednesday or a Friday", customer)
    memberships.start(customer, package, start_on=make.DAY, by=cast["owner"], group=group)
    db.close()


def test_filters_and_rows_stay_low_and_long_names_are_there_in_full(open_page: OpenPage, long_names: None) -> None:
    """The filters stand in one row, and a name takes two lines; those of items can be read."""
    page = open_page("manager")
    page.goto("/billing/packages")
    tops = "[...document.querySelectorAll('.filters .bar > :not(.no-js)')].map(part => part.offsetTop)"
    assert len(set(page.evaluate(tops))) == 1
    assert len(page.evaluate(tops)) == 5
    row = page.get_by_role("row", name=CUSTOMER)
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < 64
    expect(page.get_by_role("link", name=CUSTOMER)).to_have_attribute("title", CUSTOMER)
    expect(row.get_by_text(PACKAGE)).to_have_attribute("title", PACKAGE)
    assert page.evaluate("(box => box.scrollWidth <= box.clientWidth)(document.querySelector('.scroll'))")
    name = page.get_by_text(ITEM)
    assert name.evaluate("name => name.scrollWidth <= name.clientWidth")


MOVES = """() => [...document.querySelectorAll("*")].map(element => getComputedStyle(element)).filter(style =>
    style.animationName !== "none" || style.transitionDuration.split(", ").some(time => parseFloat(time) > 0)).length"""


def test_nothing_moves_for_who_asked_for_less_motion(open_page: OpenPage, long_names: None) -> None:
    page = open_page("manager")
    page.goto("/billing/packages")
    page.get_by_role("link", name="Add to Package").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(MOVES) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVES) > 0
