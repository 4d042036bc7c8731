"""Signing in and out, and one's own profile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.business import BEGAN, PASSWORD, address, hash_of
from tests.clients import Client, client_for
from tests.trail import latest
from tests.web.billing import filled
from webapp.domain.sign_ins import PER_ACCOUNT
from webapp.models import SignInSession, User

NEW = "three green herons"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
)


def payload(**changes: str) -> dict[str, str]:
    return {"email": address("frontdesk"), "password": PASSWORD} | changes


def me() -> User:
    return User.get(User.email == address("frontdesk"))


def another_browser(token: str = "elsewhere", agent: str = CHROME) -> SignInSession:
    return SignInSession.create(token_hash=hash_of(token), user=me(), created_at=BEGAN, seen_at=BEGAN, agent=agent)


# signing in


def test_the_page_has_the_three_labels(visitor: Client) -> None:
    page = visitor.get("/sign-in").text
    assert all(label in page for label in (">Email<", ">Password<", ">Sign in<"))
    assert "Main" not in page


def test_signing_in(visitor: Client) -> None:
    response = visitor.post("/sign-in", data=payload(email=" FrontDesk@carnet.test "))
    assert (response.status_code, response.location) == (303, "/")
    assert visitor.get("/profile").status_code == 200


def test_a_new_session_each_time(app: Flask) -> None:
    for _ in range(2):
        assert client_for(app).post("/sign-in", data=payload()).status_code == 303
    assert SignInSession.select().where(SignInSession.user == me()).count() == 3


def test_sessions_that_are_over_are_swept_away(app: Flask, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    another_browser()
    monkeypatch.setitem(app.config, "SESSION_HOURS", 1)
    assert visitor.post("/sign-in", data=payload()).status_code == 303
    assert SignInSession.select().where(SignInSession.user == me()).count() == 1
    assert SignInSession.select().where(SignInSession.user != me()).count() == 3


@pytest.mark.parametrize("hours, minutes, status", [(3, 60, 200), (1, 60, 302), (3, 10, 302)])
def test_a_session_ends_by_itself(
    app: Flask, frontdesk: Client, monkeypatch: pytest.MonkeyPatch, hours: int, minutes: int, status: int
) -> None:
    now = datetime.now(UTC)
    begun, used = now - timedelta(hours=2), now - timedelta(minutes=30)
    SignInSession.update(created_at=begun, seen_at=used).where(SignInSession.user == me()).execute()
    monkeypatch.setitem(app.config, "SESSION_HOURS", hours)
    monkeypatch.setitem(app.config, "SESSION_IDLE_MINUTES", minutes)
    assert frontdesk.get("/profile").status_code == status


@pytest.mark.parametrize("target", ["/profile", "/customers?status=all&q=a"])
def test_on_to_where_one_wanted_to_go(visitor: Client, target: str) -> None:
    response = visitor.post("/sign-in", query_string={"next": target}, data=payload())
    assert response.location == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "profile",
        "javascript:alert(1)",
        "/\tx",
        "/\n/x",
        "",
    ],
)
def test_but_never_to_another_site(visitor: Client, target: str) -> None:
    response = visitor.post("/sign-in", query_string={"next": target}, data=payload())
    assert response.location == "/"


def test_where_one_wanted_to_go_survives_a_mistake(visitor: Client) -> None:
    page = visitor.post("/sign-in?next=/profile", data=payload(password="wrong")).text
    assert 'action="/sign-in?next=/profile"' in page


def test_whoever_is_signed_in_goes_on(frontdesk: Client) -> None:
    assert frontdesk.get("/sign-in?next=/profile").location == "/profile"


@pytest.mark.parametrize("name, email, password", [
    ("wrong", address("frontdesk"), "wrong"),
    ("unknown", "nobody@carnet.test", PASSWORD),
    ("inactive", address("manager"), PASSWORD),
])  # fmt: skip
def test_one_answer_for_everything_that_is_wrong(visitor: Client, name: str, email: str, password: str) -> None:
    User.update(active=False).where(User.email == address("manager")).execute()
    response = visitor.post("/sign-in", data=payload(email=email, password=password))
    assert response.status_code == 422
    assert "Email or password is wrong" in response.text
    assert f'value="{email}"' in response.text
    assert f'value="{password}"' not in response.text


@pytest.mark.parametrize("missing", ["email", "password"])
def test_both_are_needed(visitor: Client, missing: str) -> None:
    response = visitor.post("/sign-in", data=payload(**{missing: ""}))
    assert response.status_code == 422
    assert f"Type your {missing}." in response.text


def test_too_many_tries(visitor: Client) -> None:
    for _ in range(PER_ACCOUNT):
        assert visitor.post("/sign-in", data=payload(password="wrong")).status_code == 422
    response = visitor.post("/sign-in", data=payload())
    assert response.status_code == 429
    assert 890 <= int(response.headers["Retry-After"]) <= 900
    assert "Too many tries. Wait 15 minutes, then try again." in response.text
    assert address("frontdesk") in response.text


def test_through_htmx_it_is_a_navigation(visitor: Client) -> None:
    response = visitor.post("/sign-in?next=/profile", data=payload(), htmx="dialog#modal")
    assert response.headers["HX-Redirect"] == "/profile"


def test_a_form_from_elsewhere_is_refused(visitor: Client) -> None:
    assert visitor.post("/sign-in", data=payload(), csrf=False).status_code == 400


def test_over_https_no_referrer_is_needed(visitor: Client) -> None:
    assert visitor.post("/sign-in", data=payload(), base_url="https://localhost").status_code == 303


@pytest.mark.parametrize("site, status", [("same-origin", 303), ("none", 303), ("same-site", 403), ("cross-site", 403)])
def test_a_form_that_another_site_sends_is_refused(frontdesk: Client, site: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": site}
    answer = frontdesk.post("/profile/name", data={"name": "Fay"}, headers=headers)
    assert (answer.status_code, "another site sent this form" in answer.text) == (status, status == 403)
    assert (me().name == "Fay") == (status == 303)
    assert frontdesk.get("/profile", headers=headers).status_code == 200


def test_what_was_typed_into_an_old_form_can_be_sent_again(frontdesk: Client) -> None:
    answer = frontdesk.post("/profile/name", data={"name": "Fay <Weldon>", "csrf_token": "old"}, csrf=False)
    assert answer.status_code == 400
    assert "nothing was saved" in answer.text
    again = filled(answer, "/profile/name")
    assert again["name"] == "Fay <Weldon>"
    assert frontdesk.post("/profile/name", data=again, csrf=False).status_code == 303
    assert me().name == "Fay <Weldon>"


def test_but_no_password_and_nothing_of_another_site(frontdesk: Client) -> None:
    secret = {"current": PASSWORD, "password": NEW}
    answers = (
        frontdesk.post("/profile/password", data=secret, csrf=False),
        frontdesk.post("/profile/name", data={"name": NEW}, csrf=False, headers={"Origin": "https://evil.example"}),
        frontdesk.post("/profile/name", data={"name": NEW}, csrf=False, headers={"Origin": "null"}),
        frontdesk.post("/profile/name", data={"name": NEW}, csrf=False, htmx="dialog#modal"),
    )
    for answer in answers:
        assert (answer.status_code, "too old" in answer.text, NEW in answer.text) == (400, True, False)


def test_signed_in_in_another_tab_meanwhile(frontdesk: Client) -> None:
    answer = frontdesk.post("/sign-in?next=/profile", data=payload(), csrf=False)
    assert (answer.status_code, answer.location) == (303, "/profile")


@pytest.mark.parametrize(
    "path, back", [("/profile/name", "/sign-in?next=/profile/name"), ("/profile/sign-ins/end", "/sign-in")]
)
def test_a_form_sent_when_signed_out_was_not_saved_and_says_so(visitor: Client, path: str, back: str) -> None:
    answer = visitor.post(path, data={"name": "Fay"})
    assert (answer.status_code, answer.location) == (303, back)
    assert "You were signed out meanwhile, so nothing was saved." in visitor.get(answer.location).text
    assert "nothing was saved" not in visitor.get(visitor.get("/profile").location).text


# signing out


def test_signing_out(frontdesk: Client) -> None:
    response = frontdesk.post("/sign-out")
    assert (response.status_code, response.location) == (303, "/sign-in")
    assert response.headers["Clear-Site-Data"]
    assert SignInSession.select().where(SignInSession.user == me()).count() == 0
    assert frontdesk.get("/profile").location == "/sign-in?next=/profile"


def test_signing_out_is_never_a_link(frontdesk: Client) -> None:
    assert frontdesk.get("/sign-out").status_code == 405


def test_a_deactivated_user_is_out_at_once(frontdesk: Client) -> None:
    User.update(active=False).where(User.email == address("frontdesk")).execute()
    assert frontdesk.get("/profile").status_code == 302


# one's own profile


@pytest.mark.parametrize("path", ["/profile", "/profile/name", "/profile/password"])
def test_everybody_has_one(bookkeeper: Client, path: str) -> None:
    assert bookkeeper.get(path).status_code == 200
    assert bookkeeper.get(path, htmx="dialog#modal").status_code == 200


def test_it_says_what_the_role_allows(bookkeeper: Client) -> None:
    page = bookkeeper.get("/profile").text
    assert "Access Billing Tab, View Reports" in page
    assert "Manage Users" not in page


def test_new_name(frontdesk: Client) -> None:
    response = frontdesk.post("/profile/name", data={"name": "Fay Weldon"})
    assert (response.status_code, response.location) == (303, "/profile")
    assert me().name == "Fay Weldon"
    response = frontdesk.post("/profile/name", data={"name": "Fay"}, htmx="dialog#modal")
    assert response.headers["HX-Redirect"] == "/profile"


@pytest.mark.parametrize(
    "name, sentence", [("", "Type your name."), ("\u200b", "Type a name."), ("x" * 121, "At most")]
)
def test_a_name_can_be_seen(frontdesk: Client, name: str, sentence: str) -> None:
    response = frontdesk.post("/profile/name", data={"name": name})
    assert response.status_code == 422
    assert sentence in response.text


def change(client: Client, htmx: str | None = None, **changes: str) -> Any:
    data = {"current": PASSWORD, "password": NEW} | changes
    return client.post("/profile/password", data=data, htmx=htmx)


@pytest.mark.parametrize("htmx", [None, "dialog#modal"])
def test_new_password(app: Flask, frontdesk: Client, htmx: str | None) -> None:
    another_browser()
    cookie = frontdesk.get_cookie(app.config["SESSION_COOKIE_NAME"])
    response = change(frontdesk, htmx)
    assert response.headers.get("HX-Redirect", response.location) == "/profile"
    assert latest()[0] == "password changed"
    # This browser goes on under a new token; every other one is out.
    assert frontdesk.get("/profile").status_code == 200
    assert SignInSession.select().where(SignInSession.user == me()).count() == 1
    assert frontdesk.get_cookie(app.config["SESSION_COOKIE_NAME"]) != cookie
    assert client_for(app, "frontdesk").get("/profile").status_code == 302
    assert client_for(app).post("/sign-in", data=payload()).status_code == 422
    assert client_for(app).post("/sign-in", data=payload(password=NEW)).status_code == 303


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"current": ""}, "Type the password you have now."),
        ({"current": "wrong"}, "That is not your password."),
        ({"password": ""}, "Type a new password."),
        ({"password": "too short"}, "at least 12 characters"),
        ({"password": "x" * 257}, "At most 256 characters."),
        ({"password": "frontdesk@carnet"}, "anybody would try"),
        ({"password": "Test Flight School 1"}, "anybody would try"),
    ],
)
def test_refused_passwords(frontdesk: Client, changes: dict[str, str], sentence: str) -> None:
    before = me().password_hash
    response = change(frontdesk, **changes)
    assert response.status_code == 422
    assert sentence in response.text
    assert NEW not in response.text
    assert me().password_hash == before


def test_guessing_the_current_password_is_throttled_too(frontdesk: Client) -> None:
    for _ in range(PER_ACCOUNT):
        change(frontdesk, current="wrong")
    response = change(frontdesk)
    assert response.status_code == 422
    assert "Too many tries" in response.text


def test_where_one_is_signed_in(frontdesk: Client) -> None:
    another_browser()
    page = frontdesk.get("/profile").text
    assert "Chrome on Windows" in page
    assert page.count("This browser") == 1
    assert "1 Jan 2020, 12:00" in page
    region = frontdesk.get("/profile", htmx="section#sign-ins").text
    assert region.strip().startswith("<section")


def test_ending_another_browsers_session(frontdesk: Client) -> None:
    mark = another_browser().token_hash[:16]
    response = frontdesk.post(f"/profile/sign-ins/{mark}/end", htmx="dialog#modal")
    assert response.headers["HX-Trigger"] == "sign-ins-changed"
    assert "That browser is signed out." in response.text
    assert SignInSession.select().where(SignInSession.user == me()).count() == 1
    assert frontdesk.post(f"/profile/sign-ins/{mark}/end").status_code == 404


def test_ending_all_others(frontdesk: Client) -> None:
    another_browser()
    another_browser("third")
    response = frontdesk.post("/profile/sign-ins/end")
    assert (response.status_code, response.location) == (303, "/profile")
    assert SignInSession.select().where(SignInSession.user == me()).count() == 1
    assert frontdesk.get("/profile").status_code == 200


def test_nobody_ends_anybody_elses(frontdesk: Client) -> None:
    managers = SignInSession.get(SignInSession.user == User.get(User.email == address("manager")))
    assert frontdesk.post(f"/profile/sign-ins/{managers.token_hash[:16]}/end").status_code == 404
    assert SignInSession.get_or_none(SignInSession.token_hash == managers.token_hash)
