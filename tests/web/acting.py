"""What the tests of the acts on one membership share: their forms as a browser sends them, and what comes back."""

import re

from werkzeug.test import TestResponse

from tests.clients import Client
from tests.web.billing import MODAL, filled
from webapp.domain import reinstating
from webapp.models import Membership, Role, User
from webapp.permissions import Permission

EVENTS = "memberships-changed, account-changed, invoices-changed"
ONLY = "Bookkeeper"
"""The role that a test may give other permissions, so that its client has those alone."""


def address(membership: Membership, act: str) -> str:
    return f"/billing/memberships/{membership.id}/{act}"


def form(client: Client, url: str, **changes: str) -> dict[str, str]:
    """The form at this address as it is shown now, with some of it changed; ``method_2`` means ``method-2``."""
    page = client.get(url)
    assert page.status_code == 200
    return again(page, url, **changes)


def again(page: TestResponse, url: str, **changes: str) -> dict[str, str]:
    """The form of a page that came back, with some of it changed."""
    shown = filled(page, url)
    return shown | {re.sub(r"_(\d+)$", r"-\1", name): value for name, value in changes.items()}


def has_button(page: TestResponse, label: str) -> bool:
    """Whether the form can be sent."""
    return bool(re.search(rf'<button type="submit" class="btn primary[^>]*>{label}<', page.text))


def messages(client: Client) -> list[str]:
    """What the next page would say."""
    with client.session_transaction() as session:
        return [text for _, text in session.get("_flashes", [])]


def bump(membership: Membership, by: User) -> None:
    """Somebody else changes the membership meanwhile."""
    now = Membership.get_by_id(membership.id)
    last_day = now.end_on.replace(year=now.end_on.year + 1) if now.end_on else now.start_on.replace(year=2099)
    reinstating.extend(now.id, last_day, version=now.version, by=by, on=now.start_on, reason="meanwhile")


def give_only(permission: Permission) -> None:
    """Let the bookkeeper of the cast hold this permission and no other."""
    Role.update(permissions=frozenset({permission})).where(Role.name == ONLY).execute()


def check_closed(client: Client, url: str, *others: str) -> None:
    """Who lacks the permission learns nothing, with any verb, and no other verb is taken."""
    for verb, path in (("GET", url), ("POST", url), *(("POST", other) for other in others)):
        assert client.open(path, method=verb).status_code == 403


def check_address(client: Client, url: str) -> None:
    """An address of nothing is not found, and other verbs are refused."""
    nowhere = re.sub(r"/\d+/", "/999999/", url)
    assert client.get(nowhere).status_code == 404
    assert client.post(nowhere).status_code == 404
    for verb in ("PUT", "PATCH", "DELETE"):
        assert client.open(url, method=verb).status_code == 405


def check_dialog(client: Client, url: str) -> TestResponse:
    """The same screen stands in a dialog."""
    answer = client.get(url, htmx=MODAL)
    assert answer.status_code == 200
    assert answer.text.startswith('<article class="dialog')
    return answer
