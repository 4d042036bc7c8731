"""What every answer carries besides its content."""

import gzip

import pytest

from webapp import headers

ASKS = {"Accept-Encoding": "gzip, br"}


def get(client, path, **more):
    """Read to the end, so that files are closed as a server closes them."""
    return client.get(path, buffered=True, **more)


@pytest.mark.parametrize("path", ["/patterns/index", "/sign-in", "/nothing", "/static/app.css"])
def test_every_answer_gives_the_browser_its_orders(owner, path):
    response = get(owner, path)
    assert {name: response.headers.get(name) for name in headers.ALWAYS} == headers.ALWAYS


def test_the_content_policy_allows_nothing_inline_and_nobody_elses(owner):
    policy = get(owner, "/patterns/index").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_https_is_insisted_on_only_where_there_is_https(app, owner):
    assert "Strict-Transport-Security" not in get(owner, "/patterns/index").headers


def test_pages_are_never_kept(owner):
    assert get(owner, "/patterns/index").headers["Cache-Control"] == "no-store"


def test_files_named_by_their_content_are_kept_for_ever(app, owner):
    with app.test_request_context():
        address = app.jinja_env.globals["asset"]("app.css")
    assert "immutable" in get(owner, address).headers["Cache-Control"]
    assert "immutable" in get(owner, "/static/vendor/htmx-4.0.1.min.js").headers["Cache-Control"]
    assert "immutable" not in get(owner, "/static/app.css").headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/patterns/index", "/static/app.css", "/static/icons.svg"])
def test_text_is_compressed_for_who_asks(owner, path):
    plain, packed = get(owner, path), get(owner, path, headers=ASKS, lint=False)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) == packed.content_length < len(plain.data) / 2
    if path.startswith("/static"):
        assert gzip.decompress(packed.data) == plain.data


def test_what_is_compressed_already_is_left_alone(owner):
    response = get(owner, "/static/vendor/inter/inter-5.3.0-latin.woff2", headers=ASKS)
    assert "Content-Encoding" not in response.headers


def test_a_file_the_browser_has_is_not_sent_again(owner):
    first = get(owner, "/static/app.css", headers=ASKS)
    again = get(owner, "/static/app.css", headers=ASKS | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_first_visit_is_light(app, owner):
    """Page, styles, scripts and icons together, without the font: 60 KB."""
    with app.test_request_context():
        asset = app.jinja_env.globals["asset"]
        files = [asset(name) for name in ("app.css", "app.js", "icons.svg")]
    files += ["/static/vendor/htmx-4.0.1.min.js", "/patterns/table"]
    sizes = {path: len(get(owner, path, headers=ASKS, lint=False).data) for path in files}
    assert sum(sizes.values()) <= 60_000, sizes
