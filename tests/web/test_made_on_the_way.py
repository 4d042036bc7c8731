"""A customer or an item that is not there yet, made where it is looked for: while an invoice is written."""

import html
import re

import pytest
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.web.acting import give_only, messages
from tests.web.billing import MODAL
from webapp.models import Customer, Group, Item, Role
from webapp.permissions import Permission


def test_what_is_missing_may_be_made_by_who_may_make_it(owner: Client, frontdesk: Client, bookkeeper: Client) -> None:
    ann = make.somebody("Ann")
    people, offers = "/customers/options?invoice=1&q=Zoe%20Z", f"/billing/invoices/offers?customer={ann.id}&q=Zoe%20Z"
    make_person, make_item = "/customers/new?name=Zoe+Z&amp;invoice=1", "/catalogue/items/new?name=Zoe+Z"
    assert make_person in owner.get(people, htmx="").text
    assert make_person in frontdesk.get(people, htmx="").text
    assert "customers/new" not in bookkeeper.get(people, htmx="").text
    assert "customers/new" not in owner.get("/customers/options?q=Zoe", htmx="").text, "only where it goes on"
    assert "customers/new" not in owner.get("/customers/options?invoice=1", htmx="").text
    assert make_item in owner.get(offers, htmx="").text
    assert "items/new" not in frontdesk.get(offers, htmx="").text
    of_packages = "/catalogue/items/options"
    assert make_item in owner.get(f"{of_packages}?q=Zoe%20Z", htmx="").text
    assert "items/new" not in owner.get(of_packages, htmx="").text
    assert "items/new" not in frontdesk.get(f"{of_packages}?q=Zoe%20Z", htmx="").text
    assert 'value="Zoe Z"' in owner.get("/customers/new?name=Zoe+Z").text
    assert 'value="Zoe Z"' in owner.get("/catalogue/items/new?name=Zoe+Z").text


def test_a_new_customer_is_billed_next(frontdesk: Client) -> None:
    role = Role.get(Role.name == "Customer").id
    typed = {"name": "Zoe", "role": role, "active": "y"}
    made = frontdesk.post("/customers/new?invoice=1", data=typed, htmx=MODAL)
    assert made.headers["HX-Redirect"] == f"/billing/invoices/new?customer={Customer.get(Customer.name == 'Zoe').id}"


@pytest.mark.parametrize("kind", ["package", "item"])
def test_what_a_new_customer_is_to_be_billed_for_waits(frontdesk: Client, kind: str) -> None:
    """Whether their name was looked for, or the link was followed at once."""
    number = {"package": make.piano().id, "item": Item.get().id}[kind]
    page = frontdesk.get(f"/billing/invoices/new?{kind}={number}").text
    options = html.unescape(re.findall(r'data-url="(/customers/options[^"]*)"', page)[0])
    for offer in (offered(frontdesk.get(f"{options}&q=Zoe", htmx="").text), offered(page)):
        editor = frontdesk.get(made(frontdesk, offer))
        assert "Zoe" in editor.text
        assert filled_in(editor)["offer"] == [f"{kind}:{number}"]


def test_a_new_customer_is_added_to_the_package_next(frontdesk: Client, bookkeeper: Client) -> None:
    """With whatever was chosen there already."""
    piano, ann = make.piano(), make.somebody("Ann")
    group = make.group("Monday", ann)
    who = f"/billing/packages/who?q=Zoe&package={piano.id}&who=customer:{ann.id}&who=group:{group.id}"
    who += "&start_on=2026-11-23&note=Firm%20course"
    offer = re.search(r'href="(/customers/new[^"]*)"', frontdesk.get(who, htmx="").text)
    assert offer
    path = html.unescape(offer[1])
    form = frontdesk.get(path, htmx=MODAL)
    assert 'value="Zoe"' in form.text
    kept = re.findall(r'action="(/customers/new[^"]*)"', form.text)[0]
    assert "name" not in kept
    typed = {"name": "Zoe", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    made = frontdesk.post(html.unescape(kept), data=typed, htmx=MODAL)
    to = made.headers["HX-Redirect"]
    assert to.startswith("/billing/packages/new?")
    page = frontdesk.get(to)
    assert [name in page.text for name in ("Ann", "Zoe", "Monday")] == [True] * 3
    assert f'<option value="{piano.id}" selected>' in page.text
    assert ('value="2026-11-23"' in page.text, 'value="Firm course"' in page.text) == (True, True)
    assert frontdesk.get("/billing/packages/new?start_on=soon").status_code == 200
    assert "customers/new" not in frontdesk.get("/billing/packages/who", htmx="").text
    give_only(Permission.ADD_INVOICE)
    assert "customers/new" not in bookkeeper.get(who, htmx="").text


def made(client: Client, offer: str, name: str = "Zoe") -> str:
    """Follow the offer to the form for new customers and keep one; the address that it goes on to."""
    kept = re.findall(r'action="(/customers/new[^"]*)"', client.get(html.unescape(offer)).text)[0]
    typed = {"name": name, "role": Role.get(Role.name == "Customer").id, "active": "y"}
    return client.post(html.unescape(kept), data=typed).location


def offered(text: str) -> str:
    found = re.search(r'href="(/customers/new\?[^"]*)"', text)
    assert found
    return found[1]


def test_a_new_customer_is_in_the_new_group_next(frontdesk: Client) -> None:
    """With whatever was filled in there already, be it the members or the owner that was looked for."""
    ann, bea = make.somebody("Ann"), make.somebody("Bea")
    filled = f"name=Monday%20class&members={ann.id}&owner={bea.id}&note=Room%202"
    page = frontdesk.get(made(frontdesk, offered(frontdesk.get(f"/customers/options?member=1&q=Zoe&{filled}").text)))
    zoe = Customer.get(Customer.name == "Zoe")
    kept = filled_in(page)
    assert kept["name"] == ["Monday class"]
    assert kept["members"] == [str(ann.id), str(zoe.id)]
    assert (kept["owner"], "Room 2" in page.text) == ([str(bea.id)], True)
    assert cursor_in(page) == ["members_text"], "the next member can be typed at once"
    to = made(frontdesk, offered(frontdesk.get(f"/customers/options?owner_of=1&q=Yan&{filled}").text), "Yan")
    kept = filled_in(page := frontdesk.get(to))
    assert (kept["members"], kept["owner"]) == ([str(ann.id)], [str(Customer.get(Customer.name == "Yan").id)])
    assert cursor_in(page) == ["owner_text"]
    assert cursor_in(frontdesk.get("/groups/new")) == ["name"]


def test_a_new_customer_is_the_owner_of_a_group_that_is_edited(frontdesk: Client) -> None:
    """With what was filled in there, by script or without; and nobody is overwritten who was faster meanwhile."""
    ann, group = make.somebody("Ann"), make.group("Monday", make.somebody("Bea"))
    form = f"/groups/{group.id}/edit"
    [members, owner] = map(html.unescape, re.findall(r'data-url="(/customers/options[^"]*)"', frontdesk.get(form).text))
    typed = {"name": "Tuesday", "members": str(ann.id), "note": "Room 2", "version": str(group.version)}
    filled = f"&name=Tuesday&members={ann.id}&note=Room%202&version={group.version}"
    by_script = frontdesk.get(f"{owner}&q=Zoe{filled}", htmx="").text
    without = frontdesk.post(form, data=typed | {"owner_text": "Yan"}).text
    for offer, name in ((offered(by_script), "Zoe"), (offered(without), "Yan")):
        page = frontdesk.get(made(frontdesk, offer, name))
        kept = filled_in(page)
        new = str(Customer.get(Customer.name == name).id)
        assert [kept[each] for each in ("name", "members", "owner")] == [["Tuesday"], [str(ann.id)], [new]]
        assert kept["version"] == [str(group.version)]
        assert ("Room 2" in page.text, re.findall(r'name="active"[^>]* checked', page.text)) == (True, [])
        assert cursor_in(page) == ["owner_text"]
    to = made(frontdesk, offered(frontdesk.get(f"{members}&q=Xia{filled}&active=y", htmx="").text), "Xia")
    page = frontdesk.get(to)
    xia = Customer.get(Customer.name == "Xia")
    assert (filled_in(page)["members"], cursor_in(page)) == ([str(ann.id), str(xia.id)], ["members_text"])
    assert "checked" in next(tag for tag in re.findall(r"<input[^>]*>", page.text) if 'name="active"' in tag)
    Group.update(version=Group.version + 1, name="Friday").where(Group.id == group.id).execute()
    page = frontdesk.get(to)
    typed |= {each: filled_in(page)[each][0] for each in ("name", "version")}
    answer = frontdesk.post(form, data=typed)
    assert (answer.status_code, "changed this" in answer.text) == (422, True)


def cursor_in(page: TestResponse) -> list[str]:
    """The fields that the page puts the cursor in."""
    tags = [tag for tag in re.findall(r"<input[^>]*>", page.text) if " autofocus" in tag]
    return [name for tag in tags for name in re.findall(r' name="([^"]*)"', tag)]


def filled_in(page: TestResponse) -> dict[str, list[str]]:
    """By name what stands in the fields of the page."""
    values: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = (re.search(rf'{what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and value and value[1]:
            values.setdefault(name[1], []).append(html.unescape(value[1]))
    return values


def test_a_new_customer_is_among_those_who_join_a_group(frontdesk: Client) -> None:
    ann, group = make.somebody("Ann"), make.group("Monday", make.somebody("Bea"))
    options = f"/customers/options?into={group.id}&q=Zoe&members={ann.id}"
    assert options.partition("&")[0] in html.unescape(frontdesk.get(f"/groups/{group.id}/members/new").text)
    to = made(frontdesk, offered(frontdesk.get(options).text))
    assert to.startswith(f"/groups/{group.id}/members/new?")
    zoe = Customer.get(Customer.name == "Zoe")
    assert filled_in(frontdesk.get(to))["members"] == [str(ann.id), str(zoe.id)]
    assert frontdesk.get("/groups/new?owner=x&members=y&members=999999&group_name=A").status_code == 200
    assert "customers/new" not in frontdesk.get(f"{options}&too_much=1").text, "more than an address can hold"


def test_without_a_script_whoever_was_not_found_is_made_too(frontdesk: Client) -> None:
    ann, piano = make.somebody("Ann"), make.piano()
    sent = {"name": "Monday", "members": str(ann.id), "members_text": "Zoe", "note": "Room 2", "version": "0"}
    page = frontdesk.post("/groups/new", data=sent)
    assert (page.status_code, "New customer “Zoe”" in page.text) == (422, True)
    kept = filled_in(frontdesk.get(made(frontdesk, offered(page.text))))
    assert (kept["name"], len(kept["members"])) == (["Monday"], 2)
    sent = {"package": str(piano.id), "package_text": "PIANO", "who": f"customer:{ann.id}", "who_text": "Yan"}
    page = frontdesk.post("/billing/packages/new", data=sent)
    assert (page.status_code, "New customer “Yan”" in page.text) == (422, True)
    page = frontdesk.get(made(frontdesk, offered(page.text), "Yan"))
    assert f'<option value="{piano.id}" selected>' in page.text
    assert len(filled_in(page)["who"]) == 2


def test_cancel_goes_back_to_what_was_filled_in(frontdesk: Client) -> None:
    """Over an invoice it only closes: that is a page, and still there."""
    ann = make.somebody("Ann")
    for query, back in (
        (f"member=1&group_name=Band&owner={ann.id}", f"/groups/new?group_name=Band&amp;owner={ann.id}&amp;member=1"),
        (f"add=1&customer={ann.id}&note=Hi", f"/billing/packages/new?customer={ann.id}&amp;note=Hi"),
    ):
        dialog = frontdesk.get(f"/customers/new?{query}", htmx=MODAL).text
        [cancel] = re.findall(r"<a [^>]*>Cancel</a>", dialog)
        assert f'hx-get="{back}"' in cancel, cancel
        assert "data-close" not in cancel
    assert "data-close>Cancel" in frontdesk.get("/customers/new?invoice=1", htmx=MODAL).text
    assert "data-close>Cancel" in frontdesk.get("/customers/new", htmx=MODAL).text


@pytest.mark.parametrize(
    "query",
    ["?_external=1&_scheme=javascript", "?add=1&customer=x&_anchor=a", "?add=1", "?member=1&owner=x", "?into=x"],
)
def test_nothing_else_of_the_address_is_followed(frontdesk: Client, query: str) -> None:
    form = frontdesk.get(f"/customers/new{query}")
    assert (form.status_code, "javascript" in form.text) == (200, False)
    typed = {"name": "Zoe", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    answer = frontdesk.post(f"/customers/new{query}", data=typed)
    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert frontdesk.get(answer.location).status_code == 200


def test_who_is_called_the_same_is_named_while_the_name_is_typed(frontdesk: Client) -> None:
    zoe = make.somebody("Zoë Zwei")
    Customer.update(email="zoe@example.com").where(Customer.id == zoe.id).execute()
    preview = "/customers/namesakes"
    said = frontdesk.post(preview, data={"name": " zoe  ZWEI "}, htmx="div#namesakes").text
    assert "Somebody of that name is there already" in said
    assert "zoe@example.com" in said
    assert "already" not in frontdesk.post(preview, data={"name": "Zoë"}, htmx="div#namesakes").text
    assert "already" not in frontdesk.post(preview, data={}, htmx="div#namesakes").text
    assert "Somebody of that name" in frontdesk.get("/customers/new?name=zo%C3%AB+zwei").text
    typed = {"name": "Zoë Zwei", "email": "wrong", "role": Role.get(Role.name == "Customer").id, "active": "y"}
    assert "Somebody of that name" in frontdesk.post("/customers/new", data=typed).text
    answer = frontdesk.post("/customers/new", data=typed | {"email": ""})
    assert answer.status_code == 303, "it is said, not forbidden"
    assert messages(frontdesk) == ["Zoë Zwei was added. Somebody else has that name too."]


@pytest.mark.parametrize("kind", ["items", "packages"])
def test_what_is_called_the_same_is_named_while_the_name_is_typed(owner: Client, frontdesk: Client, kind: str) -> None:
    """A Lésson beside the lesson would be chosen by mistake; the very same name is refused when it is saved."""
    piano = make.piano()
    names = {"items": " lésson ", "packages": "piano"}
    to = {"items": f"/catalogue/items/{Item.get().id}/edit", "packages": f"/catalogue/packages/{piano.id}"}
    path = f"/catalogue/{kind}/namesakes"
    answer = owner.post(path, data={"name": names[kind]}, htmx="div#namesakes").text
    assert "of that name already" in answer
    assert f'href="{to[kind]}"' in answer
    for name in ("", "Piano for beginners"):
        assert "already" not in owner.post(path, data={"name": name}, htmx="div#namesakes").text
    assert (
        "of that name already"
        in owner.post(f"/catalogue/{kind}/new", data={"name": names[kind], "standard_rate_e4": "x"}).text
    )
    assert "namesakes" not in owner.get(to["items"]).text
    assert frontdesk.post(path, data={"name": names[kind]}).status_code == 403
