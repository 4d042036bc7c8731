"""The lint finds what it is there to find, and leaves good HTML in peace."""

import pytest
from flask import Flask

from tests import html

GOOD = """<!doctype html><html lang="en"><head><title>Packages</title><link rel="stylesheet" href="/static/app.css?v=1">
</head><body><main><h1 id="top">Packages</h1><a href="#top">Up</a><a href="/things/1">One</a>
<a href="?page=2" hx-get="/things?page=2" hx-target="#top">Next</a>
<form action="/things" method="post" hx-post="/things" hx-target="this">
<input type="hidden" name="csrf_token" value="x">
<label for="name">Name</label><input id="name" name="name" aria-describedby="hint"><p id="hint">As on the invoice</p>
<label>Kind <select name="kind"><option value="a">A</option></select></label><button>Save</button></form>
<svg aria-hidden="true"><use href="/static/icons.svg#plus"/></svg><br></main></body></html>"""


@pytest.fixture
def site(tmp_path) -> Flask:
    (tmp_path / "app.css").touch()
    (tmp_path / "icons.svg").write_text('<svg><symbol id="plus"/></svg>')
    app = Flask("site", static_folder=str(tmp_path))
    app.add_url_rule("/things", "things", methods=["GET", "POST"])
    app.add_url_rule("/things/<int:thing>", "thing")
    app.add_url_rule("/folder/", "folder")
    return app


def test_good_html_has_no_faults(site):
    assert html.faults(site, "/things", GOOD) == []


def test_what_an_answer_says_makes_no_difference_but_whether_it_says_anything():
    said = '<p title="Ann" id="1">Ann</p><a href="/2" aria-label="Ann"> </a><input value="">'
    other = '<p title="Zoë &gt; &quot;" id="3">Zoë</p><a href="/7" aria-label="Z"> </a><input value="Z">'
    assert html.skeleton(said) == html.skeleton(other)
    one, two = '<h1 id="1">x</h1><use href="/static/i.svg?v=1#a">', '<h1 id="1">x</h1><use href="/static/i.svg?v=2#a">'
    for same, but in (("<h1>", "<h2>"), (one, two), ("<option>", '<option value="1">')):
        assert html.skeleton(same) != html.skeleton(but)
    for changed in (said.replace('"1"', '"2"'), said.replace(">Ann<", "> <"), said.replace("Ann<", "<b>Ann</b><"),
                    said.replace('label="Ann"', 'label=""'), said.replace("/2", "/1")):  # fmt: skip
        assert html.skeleton(changed) != html.skeleton(said)


FAULTS = [
    ("<div><p>text</div>", "</div> where <p> is open"),
    ("<div>", "<div> is never closed"),
    ("</div>", "</div> where"),
    ("<div/>", "cannot close itself"),
    ("<p>1 < 2</p>", "neither a tag nor text"),
    ('<p title="it\'s"">x</p>', "neither a tag nor text"),
    ("<script type=application/json>1 < 2", "neither a tag nor text"),
    ("<!-- <p>x</p>", "neither a tag nor text"),
    ('<p class="a" class="b">x</p>', "has class twice"),
    ('<p id="x">a</p><p id="x">b</p>', "the id 'x' is there twice"),
    ('<a href="/nowhere">x</a>', "leads nowhere"),
    ('<a href="things/0/x">x</a>', "leads nowhere"),
    ('<a href="/folder">x</a>', "only redirected"),
    ('<a href="#missing">x</a>', "names an id that is not there"),
    ("<a>x</a>", "link to nowhere"),
    (
        '<form action="/things/1" method="post"><input type="hidden" name="csrf_token"></form>',
        "does not take that verb",
    ),
    ('<form action="/things" method="post"></form>', "without a CSRF token"),
    ('<form action="/things" hx-post="/things" hx-target="this"></form>', "is not posted without JavaScript"),
    ('<p hx-get="/things" hx-trigger="load">x</p>', "without hx-target"),
    ('<p hx-delete="/things" hx-trigger="load" hx-target="this">x</p>', "does not take that verb"),
    ('<p hx-get="/things" hx-target="this">x</p>', "does nothing without JavaScript"),
    ('<a href="/things" hx-get="/things" hx-target="#gone">x</a>', "hx-target='#gone', and there is no such id"),
    ('<input name="x">', "has no label"),
    ('<label for="y">Name</label><input id="x" name="x">', "has no label"),
    ('<label for="y">Name</label>', "for='y', and there is no such id"),
    ('<label></label><select id="x" name="x"></select>', "has no label"),
    ('<input aria-label="x" aria-describedby="gone">', "aria-describedby='gone'"),
    ('<button type="button"></button>', "says nothing"),
    ("<button>Go</button>", "sends a form, and is in none"),
    ('<img src="/static/app.css">', "has no alt text"),
    ('<img alt="x" src="/static/gone.png">', "is not a file"),
    ('<svg><use href="/static/icons.svg#gone"/></svg>', "there is no icon"),
    ('<p onclick="x()">x</p>', "inline handler"),
    ('<p hx-on:click="x()">x</p>', "inline handler"),
    ('<p style="color:red">x</p>', "inline style"),
    ("<style>p{}</style>", "inline <style>"),
    ("<script>x()</script>", "inline <script>"),
    ('<a href="javascript:x()">x</a>', "has code in href"),
    ('<a href="/things" hx-confirm="Sure?">x</a>', "does not use"),
    ('<a href="/things">x <button type="button">y</button></a>', "inside <a"),
    ('<form action="/things"><form action="/things"></form></form>', "inside <form"),
]


@pytest.mark.parametrize("source, fault", FAULTS)
def test_fault_is_found(site, source, fault):
    assert any(fault in found for found in html.faults(site, "/things", source))


@pytest.mark.parametrize(
    "part, fault",
    [
        ("<!doctype html>", "without a doctype"),
        (' lang="en"', "does not say its language"),
        ("Packages</title>", "without a title"),
        ("<main>", "with 0 <main>"),
        ('<h1 id="top">Packages</h1>', "with 0 <h1>"),
    ],
)
def test_page_lacks_its_frame(site, part, fault):
    without = GOOD.replace(part, "</title>" if part.endswith("</title>") else "")
    assert any(fault in found for found in html.faults(site, "/things", without))


def test_a_part_may_point_into_the_page_it_will_stand_in(site):
    part = '<a href="/things" hx-get="/things" hx-target="#{}">x</a>'
    assert html.faults(site, "/things", part.format("modal")) == []
    assert html.faults(site, "/things", part.format("no-such-place")) != []


def test_what_was_good_elsewhere_may_lead_nowhere_from_here(site):
    """Only an answer without an address that begins where it came from is known again by itself."""
    for part in ('<a href="1">x</a>', '<form><input type="hidden" name="x"></form>', '<form action=""></form>'):
        assert html.faults(site, "/things/2", part) == []
        assert html.faults(site, "/nothing/2", part) != []
