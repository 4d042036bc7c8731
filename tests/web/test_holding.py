"""Every act on money holds the customers it is about before anything is written to the books."""

from collections.abc import Callable

import pytest

from tests.clients import Client
from tests.web.money_forms import FORMS, Desk, Sent
from webapp.domain import ledger, memberships
from webapp.models import User

WITHOUT_MONEY = {"begin", "add_to_package", "extension", "start"}
BUILDS = [build for several in FORMS.values() for build in several]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
def test_it_is_held_first(
    build: Callable[[Desk], Sent], owner: Client, cast: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, order = build(Desk(owner, cast["owner"])), list[str]()
    for module, name in ((memberships, "hold_rows"), (ledger, "post"), (ledger, "mirror")):
        monkeypatch.setattr(module, name, noted(getattr(module, name), name, order))
    assert owner.post(sent.path, data=sent.fields).status_code == 303
    if build.__name__ in WITHOUT_MONEY:
        assert not {"post", "mirror"} & set(order)
    else:
        assert order[0] == "hold_rows"
        assert {"post", "mirror"} & set(order)


def noted(verb: Callable[..., object], name: str, order: list[str]) -> Callable[..., object]:
    def run(*args: object, **kwargs: object) -> object:
        order.append(name)
        return verb(*args, **kwargs)

    return run
