"""The keyboard shortcuts: each that is named is there and the other way round, and they can be switched off."""

import html
import re

import pytest

from tests import factories as make
from tests.business import CAST
from tests.clients import Client, client_for
from webapp.models import Role, User
from webapp.permissions import Permission

PATH = "/shortcuts"
MODAL = "dialog#modal"
OF_RECORDS = {"u", "p", "."}
"""Keys on the page of a customer, a membership or an invoice."""


def named(text: str) -> set[str]:
    """The keys that the list of shortcuts names."""
    rows = re.findall(r"<dt>(.*?)</dt>", text)
    return {" ".join(map(html.unescape, re.findall(r"<kbd>(.*?)</kbd>", row))) for row in rows}


def there(text: str) -> list[str]:
    """The keys that do something on a page."""
    return re.findall(r'data-key="([^"]+)"', text)


@pytest.mark.parametrize("name", CAST)
def test_what_is_named_is_there_and_nothing_else(app, name: str) -> None:
    client = client_for(app, name)
    keys = there(client.get("/customers").text)
    assert len(keys) == len(set(keys)), "one key, one meaning"
    assert set(keys) == named(client.get(PATH).text) - OF_RECORDS


def test_no_key_for_what_the_person_may_not_do(frontdesk: Client) -> None:
    Role.update(permissions=[Permission.VIEW_REPORTS]).where(Role.name == "Front Desk").execute()
    assert set(there(frontdesk.get("/").text)) == {"?", "g h", "g r"} == named(frontdesk.get(PATH).text)


def test_a_page_and_a_dialog(owner: Client) -> None:
    assert "<main" in owner.get(PATH).text
    dialog = owner.get(PATH, htmx=MODAL).text
    assert "<main" not in dialog
    assert f'hx-post="{PATH}"' in dialog
    assert 'data-key="?"' in owner.get("/").text
    assert f'href="{PATH}"' in owner.get("/profile").text.partition("<main")[2]


def test_they_are_switched_off_and_on_again_in_one_browser(app, owner: Client) -> None:
    assert " data-keys>" in owner.get("/").text
    answer = owner.post(PATH, data={"shortcuts": "off"})
    assert (answer.status_code, answer.location) == (303, PATH)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("shortcuts=off;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = owner.get(PATH).text
    assert " data-keys" not in page
    assert "Shortcuts are off in this browser." in page
    assert "Off in this browser." in page
    assert "aria-keyshortcuts" not in page
    assert " data-keys>" in client_for(app, "owner").get("/").text
    owner.post(PATH, data={"shortcuts": "on"})
    assert " data-keys>" in owner.get("/").text


@pytest.mark.parametrize(
    "current, to",
    [
        ("http://localhost/customers?q=a", "/customers?q=a"),
        ("http://localhost/", "/"),
        ("https://elsewhere.example//evil.example", "/"),
        ("", "/"),
    ],
)
def test_the_page_beneath_the_dialog_is_made_anew(owner: Client, current: str, to: str) -> None:
    answer = owner.post(PATH, data={"shortcuts": "off"}, htmx=MODAL, headers={"HX-Current-URL": current})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, to)
    assert "shortcuts=off" in answer.headers["Set-Cookie"]


def test_visitors_sign_in_first(visitor: Client) -> None:
    assert visitor.get(PATH).location == "/sign-in?next=/shortcuts"
    assert 'data-key="' not in visitor.get("/sign-in").text


def test_other_verbs_are_refused(owner: Client) -> None:
    assert owner.put(PATH).status_code == 405


def test_use_one_and_pay_have_keys_where_they_are_offered(app, cast: dict[str, User]) -> None:
    """On the customer's page, where there may be several of each, the first in sight is meant."""
    ann, piano = make.somebody("Ann"), make.piano()
    make.pay(make.save(ann, (piano, None), by=cast["owner"]), by=cast["owner"])
    due = make.save(ann, "10", by=cast["owner"])
    used = f"/billing/memberships/{make.bought(ann).id}"
    for name, keys in (("frontdesk", OF_RECORDS), ("bookkeeper", {"."})):
        client = client_for(app, name)
        assert set(there(client.get(f"/customers/{ann.id}").text)) & OF_RECORDS == keys
        assert set(there(client.get(used).text)) & OF_RECORDS == keys & {"u"}
        assert set(there(client.get(f"/billing/invoices/{due.id}").text)) & OF_RECORDS == keys & {"p"}
        listed = client.get(PATH).text
        assert named(listed) & OF_RECORDS == keys
        of_package = listed.partition("Of a customer or a package")[2].partition("</section>")[0]
        assert named(of_package) == keys & {"u", "."}, "an invoice has neither"
        assert {"u", "."} & set(there(client.get(f"/billing/invoices/{due.id}").text)) == set()
