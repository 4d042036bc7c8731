"""Which form an answer takes, what htmx is told beside it, and what people see when something cannot be done."""

import re

import pytest
from flask import abort, redirect

from webapp import hypermedia
from webapp.access import signed_in
from webapp.domain.errors import Changed, DomainError, NotFound
from webapp.errors import on_fault
from webapp.hypermedia import done

PATTERNS = ["index", "table", "dialog", "menu", "options", "add", "preview", "invoice", "pay", "membership", "home"]
SAID = "Bea de Vries was added to Ten swims."


@pytest.fixture
def app_with(app, monkeypatch):
    """The app, with an address of its own for what a view does."""

    def add(view):
        monkeypatch.setitem(app.view_functions, "patterns_index", signed_in(view))
        return "/patterns/index"

    return add


def raising(error):
    def view(*_, **__):
        raise error

    return view


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_is_sound(owner, name):
    """The client lints what it gets."""
    assert owner.get(f"/patterns/{name}").status_code == 200


def test_patterns_are_not_part_of_the_product(app):
    app.testing, before = False, app.testing
    try:
        names = {rule.endpoint for rule in app.url_map.iter_rules()}
        other = type(app)("other")
        other.jinja_env.globals.update(app.jinja_env.globals)
        hypermedia.init_app(other)
    finally:
        app.testing = before
    assert "patterns_index" in names
    assert not [rule for rule in other.url_map.iter_rules() if rule.endpoint.startswith("patterns")]


def test_a_screen_is_a_page_when_opened_directly(owner):
    text = owner.get("/patterns/dialog").text
    assert "<!doctype html>" in text
    assert 'hx-post="/patterns/dialog"' not in text  # a plain form: there is nothing beneath it to come back to


def test_a_screen_is_a_dialog_when_htmx_fills_the_modal(owner):
    text = owner.get("/patterns/dialog", htmx="dialog#modal").text
    assert text.startswith("<article")
    assert 'hx-post="/patterns/dialog"' in text


def test_a_screen_is_a_menu_when_htmx_fills_the_menu(owner):
    text = owner.get("/patterns/menu", htmx="div#menu").text
    assert "<html" not in text
    assert text.count('role="menuitem"') == 4


def test_htmx_gets_the_region_alone(owner):
    response = owner.get("/patterns/table?q=соко", htmx="div#rows-table")
    assert response.text.startswith('<div id="rows-table"')
    assert response.text.count("<tr>") == 2
    assert "HX-Request" in response.headers["Vary"]
    assert "HX-Target" in response.headers["Vary"]


def test_going_back_gets_the_page(owner):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true", "HX-Request-Type": "full"}
    assert "<!doctype html>" in owner.get("/patterns/table", headers=headers).text


def test_done_without_htmx_goes_there_and_says_so_once(owner):
    response = owner.post("/patterns/dialog")
    assert (response.status_code, response.location) == (303, "/patterns/table")
    assert SAID in owner.get("/patterns/table").text
    assert SAID not in owner.get("/patterns/table").text


def test_done_in_a_dialog_closes_it_and_names_what_changed(owner):
    response = owner.post("/patterns/dialog", htmx="dialog#modal")
    assert response.status_code == 200
    assert response.headers["HX-Trigger"] == "rows-changed"
    assert response.headers["HX-Retarget"] == "#modal"
    assert "swapEmpty:true" in response.headers["HX-Reswap"]
    assert response.text.startswith('<hx-partial hx-target="#toasts"')
    assert SAID in response.text
    assert SAID not in owner.get("/patterns/table").text


def test_done_on_a_page_of_its_own_leaves_it(owner):
    headers = {"HX-Current-URL": "http://localhost/patterns/dialog?x=1"}
    response = owner.post("/patterns/dialog", htmx="dialog#modal", headers=headers)
    assert response.headers["HX-Redirect"] == "/patterns/table"
    assert SAID in owner.get("/patterns/table").text


def test_a_redirect_met_by_htmx_moves_the_whole_page(app_with, owner):
    response = owner.get(app_with(lambda: redirect("/patterns/table")), htmx="dialog#modal")
    assert (response.status_code, response.headers["HX-Redirect"], response.text) == (200, "/patterns/table", "")
    assert response.location is None


@pytest.mark.parametrize(
    "error, status, sentence",
    [
        (NotFound(), 404, "There is nothing at this address"),
        (Changed("Ann is out of PPL already."), 409, "Ann is out of PPL already."),
        (DomainError("Account is switched off."), 422, "Account is switched off."),
    ],
)
def test_errors_of_the_domain_are_told_in_their_own_words(app_with, owner, error, status, sentence):
    path = app_with(raising(error))
    page, message = owner.get(path), owner.get(path, htmx="dialog#modal")
    assert (page.status_code, message.status_code) == (status, status)
    assert sentence in page.text
    assert "<!doctype html>" in page.text
    assert sentence in message.text
    assert message.text.startswith('<hx-partial hx-target="#toasts"')


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 418, 429, 500, 503])
def test_every_status_has_a_page_in_plain_words(app_with, owner, status):
    response = owner.get(app_with(lambda: abort(status)))
    assert response.status_code == status
    assert f"Error {status}" in response.text


def test_headers_of_an_error_are_kept(owner):
    response = owner.delete("/patterns/index")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_a_fault_is_logged_and_told_without_details(app, caplog):
    with app.test_request_context("/"):
        response = on_fault(RuntimeError("the secret"))
    assert response.status_code == 500
    assert "the secret" not in response.get_data(as_text=True)
    assert "unexpected fault" in caplog.text


def test_the_last_resort_when_even_the_error_page_fails(app, monkeypatch, caplog):
    monkeypatch.setattr("webapp.errors.render", raising(RuntimeError("no database")))
    with app.test_request_context("/"):
        response = on_fault(RuntimeError("no database"))
    assert (response.status_code, response.get_data(as_text=True)[:15]) == (500, "<!doctype html>")
    assert "could not be shown" in caplog.text


def test_a_message_may_have_a_link_that_opens_a_dialog(app_with, owner):
    def act():
        return done(to="/patterns/table", message="One was used.", link=("Undo", "/patterns/dialog"))

    undo = re.compile(r'<p>One was used\.</p><a class="btn ghost sm" href="(.*?)" hx-get="\1" hx-target="#modal"')
    path = app_with(act)
    found = undo.search(owner.get(path, htmx="dialog#modal").text)
    assert found
    assert found[1] == "/patterns/dialog"
    assert owner.get(path).location == "/patterns/table"
    page = owner.get("/patterns/table").text
    assert undo.search(page)
    assert "Undo" not in owner.get("/patterns/table").text
