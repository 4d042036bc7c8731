"""Settings: the business, the ways to pay, the people and their roles."""

from typing import Any

import pytest
from flask import Flask

from tests import factories as make
from tests.business import PASSWORD, address
from tests.clients import Client, client_for
from tests.trail import acts, latest
from tests.web.billing import filled
from tests.web.conflicts import versions
from webapp.models import Company, PaymentMethod, Role, SignInSession, User
from webapp.permissions import Permission

MODAL = "dialog#modal"
NEW = "three green herons"


def user(name: str) -> User:
    return User.get(User.email == address(name))


def role(name: str) -> Role:
    return Role.get(Role.name == name)


def method(name: str) -> PaymentMethod:
    return PaymentMethod.get(PaymentMethod.name == name)


def only(*permissions: Permission) -> None:
    """The manager's role holds these and nothing else."""
    Role.update(permissions=permissions).where(Role.name == "Manager").execute()


# tabs


def test_each_tab_for_who_may(manager: Client) -> None:
    assert manager.get("/settings").status_code == 403
    only(Permission.MANAGE_SETTINGS)
    page = manager.get("/settings").text
    assert "Company name" in page
    assert "/settings/users" not in page
    assert manager.get("/settings/users").status_code == 403
    only(Permission.MANAGE_USERS)
    page = manager.get("/settings").text
    assert address("bookkeeper") in page
    assert "/settings/company" not in page
    assert manager.get("/settings/company").status_code == 403


@pytest.mark.parametrize(
    "path", ["company", "payment-methods", "payment-methods/new", "users", "users/new", "roles", "roles/new"]
)
def test_who_may_not(bookkeeper: Client, visitor: Client, path: str) -> None:
    assert bookkeeper.get(f"/settings/{path}").status_code == 403
    assert visitor.get(f"/settings/{path}").status_code == 302
    assert bookkeeper.put(f"/settings/{path}").status_code == 405


@pytest.mark.parametrize("path, region", [
    ("payment-methods", "div#payment-methods"), ("users", "div#users-table"), ("roles", "div#roles-table"),
])  # fmt: skip
def test_each_list_renews_itself(owner: Client, path: str, region: str) -> None:
    answer = owner.get(f"/settings/{path}", htmx=region).text
    assert answer.strip().startswith(f'<div id="{region.partition("#")[2]}"')
    assert "<html" not in answer


# company


def company(**changes: str) -> dict[str, str]:
    valid = {
        "company_name": "Blue Heron",
        "currency": "USD",
        "timezone": "Europe/Vienna",
        "locale": "de_AT",
        "tax_style": "without",
        "due_days": "30",
        "credit_limit_minor": "50.00",
        "expiry_policy": "return",
        "version": "0",
    }
    return valid | changes


def test_company(owner: Client) -> None:
    response = owner.post("/settings/company", data=company())
    assert (response.status_code, response.location) == (303, "/settings/company")
    made = Company.get_by_id(1)
    assert (made.name, made.timezone, made.locale) == ("Blue Heron", "Europe/Vienna", "de_AT")
    assert (made.due_days, made.credit_limit_minor, made.version) == (30, 5000, 1)
    assert latest()[1]["changes"]["due_days"] == [14, 30]
    assert 'value="50,00"' in owner.get("/settings/company").text


def test_the_address_stands_on_what_is_printed(owner: Client, cast: dict[str, User]) -> None:
    ann = make.somebody("Ann")
    invoice = make.save(ann, "50", by=cast["owner"])
    address = "1 Hangar Lane\r\n<b>Vienna</b>\r\nUID ATU123"
    assert owner.post("/settings/company", data=company(address=address)).status_code == 303
    assert "UID ATU123</textarea>" in owner.get("/settings/company").text
    head = "<p><bdi>1 Hangar Lane</bdi></p><p><bdi>&lt;b&gt;Vienna&lt;/b&gt;</bdi></p><p><bdi>UID ATU123</bdi></p>"
    for path in (f"/billing/invoices/{invoice.id}", f"/customers/{ann.id}/statement"):
        assert head in owner.get(path).text
    answer = owner.post("/settings/company", data=company(address="x" * 501, version="1"))
    assert (answer.status_code, "At most 500 characters." in answer.text) == (422, True)


def test_currency_and_tax_style_before_the_first_sale(owner: Client) -> None:
    data = company(currency="JPY", tax_style="included", credit_limit_minor="50.00")
    assert owner.post("/settings/company", data=data).status_code == 303
    made = Company.get_by_id(1)
    assert (made.currency, made.decimals, made.tax_inclusive, made.credit_limit_minor) == ("JPY", 0, True, 50)


def test_what_becomes_of_expired_funds(owner: Client) -> None:
    page = owner.get("/settings/company").text
    assert "go to the customer&#39;s general funds" in page
    assert "are kept by the business" in page
    assert owner.post("/settings/company", data=company(expiry_policy="forfeit")).status_code == 303
    assert Company.get_by_id(1).expiry_policy == "forfeit"
    assert latest()[1]["changes"]["expiry_policy"] == ["return", "forfeit"]
    answer = owner.post("/settings/company", data=company(credit_limit_minor="50"))
    assert versions(answer)["Expiry policy"] == ("forfeit", "return to account")


def test_and_not_after_it(owner: Client) -> None:
    make.add(make.somebody(), make.piano(), by=user("owner"))
    page = owner.get("/settings/company").text
    assert 'name="currency"' not in page
    assert 'name="tax_style"' not in page
    assert "are fixed" in page
    assert owner.post("/settings/company", data=company()).status_code == 303
    made = Company.get_by_id(1)
    assert (made.name, made.currency, made.tax_inclusive) == ("Blue Heron", "USD", False)


@pytest.mark.parametrize("changes", [{"currency": "EUR"}, {"tax_style": "included"}])
def test_who_opened_it_before_the_first_sale_is_told(owner: Client, changes: dict[str, str]) -> None:
    make.add(make.somebody(), make.piano(), by=user("owner"))
    answer = owner.post("/settings/company", data=company(**changes))
    assert answer.status_code == 422
    assert "Currency and tax style are fixed since the first package or invoice was sold." in answer.text
    assert 'value="Blue Heron"' in answer.text
    assert Company.get_by_id(1).name == "Test Flight School"
    again = filled(answer, "/settings/company")
    assert owner.post("/settings/company", data=again).status_code == 303
    assert Company.get_by_id(1).name == "Blue Heron"


REFUSED_COMPANIES = [
    ("company_name", "", "Type the name of the business."),
    ("timezone", "Atlantis", "Choose a time zone from the list."),
    ("due_days", "soon", "Not a valid integer value."),
    ("due_days", "366", "Type between 0 and 365 days."),
    ("credit_limit_minor", "-1", "This cannot be below 0."),
    ("credit_limit_minor", "a bit", "Type the amount as a number."),
    ("currency", "XXX", "Not a valid choice"),
    ("expiry_policy", "burn", "Not a valid choice"),
]


def test_company_refused_and_kept(owner: Client, subtests: pytest.Subtests) -> None:
    for field, value, sentence in REFUSED_COMPANIES:
        with subtests.test(field=field, value=value, sentence=sentence):
            response = owner.post("/settings/company", data=company(**{field: value}))
            assert response.status_code == 422
            assert sentence in response.text
            assert "Europe/Vienna" in response.text or field == "timezone"
            assert Company.get_by_id(1).name == "Test Flight School"


def test_second_of_two_is_told_and_may_insist(owner: Client) -> None:
    owner.post("/settings/company", data=company())
    response = owner.post("/settings/company", data=company(company_name="Red Heron", credit_limit_minor="50"))
    assert versions(response)["Name"] == ("Blue Heron", "Red Heron")
    assert 'value="Red Heron"' in response.text
    assert 'name="version" type="hidden" value="1"' in response.text
    data = company(company_name="Red Heron", credit_limit_minor="50", version="1")
    assert owner.post("/settings/company", data=data).status_code == 303
    assert Company.get_by_id(1).name == "Red Heron"


# payment methods


def test_the_list_of_methods(owner: Client) -> None:
    page = owner.get("/settings/payment-methods").text
    assert page.index("Cash") < page.index("Bank transfer") < page.index("The customer’s own money")


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_new_method(owner: Client, htmx: str | None) -> None:
    response = owner.post("/settings/payment-methods/new", data={"name": "Gift card", "kind": "other"}, htmx=htmx)
    if htmx:
        assert response.headers["HX-Trigger"] == "payment-methods-changed"
        assert "Gift card is offered in Pay now." in response.text
    else:
        assert (response.status_code, response.location) == (303, "/settings/payment-methods")
    assert method("Gift card").active


@pytest.mark.parametrize("changes, sentence", [
    ({"name": ""}, "Type a name."),
    ({"name": "cash"}, "There is a payment method of this name already."),
    ({"kind": "account"}, "Not a valid choice"),
])  # fmt: skip
def test_new_method_refused(owner: Client, changes: dict[str, str], sentence: str) -> None:
    data = {"name": "Gift card", "kind": "other"} | changes
    response = owner.post("/settings/payment-methods/new", data=data, htmx=MODAL)
    assert response.status_code == 422
    assert sentence in response.text
    assert f'value="{data["name"]}"' in response.text


def test_rename_method(owner: Client) -> None:
    path = f"/settings/payment-methods/{method('Check').id}/edit"
    assert 'value="Check"' in owner.get(path, htmx=MODAL).text
    assert owner.post(path, data={"name": "Cheque", "version": "0"}).status_code == 303
    response = owner.post(path, data={"name": "Draft", "version": "0"})
    assert versions(response) == {"Name": ("Cheque", "Draft")}
    assert 'value="Draft"' in response.text


def test_account_is_not_renamed(owner: Client) -> None:
    account = method("Account").id
    assert "Rename" not in owner.get(f"/settings/payment-methods/{account}/actions").text
    response = owner.post(f"/settings/payment-methods/{account}/edit", data={"name": "Credit", "version": "0"})
    assert response.status_code == 422
    assert "keeps its name" in response.text


def test_switching_account_off_says_what_that_means(owner: Client) -> None:
    customer, package = make.somebody(), make.piano()
    make.pay(make.save(customer, (package, "100.00"), by=user("owner")), by=user("owner"))
    path = f"/settings/payment-methods/{method('Account').id}/switch"
    page = owner.get(path, htmx=MODAL).text
    assert "No package can be sold" in page
    assert "$100.00" in page
    assert "1 active package keeps its rates." in page
    assert method("Account").active
    response = owner.post(path, data={"on": "0"}, htmx=MODAL)
    assert response.headers["HX-Trigger"] == "payment-methods-changed"
    assert not method("Account").active
    assert "Packages can be sold again" in owner.get(path).text
    owner.post(path, data={"on": "1"})
    assert method("Account").active


def test_switching_off_twice_switches_off(owner: Client) -> None:
    path = f"/settings/payment-methods/{method('Check').id}/switch"
    for _ in range(2):
        assert owner.post(path, data={"on": "0"}).status_code == 303
    assert not method("Check").active
    assert acts().count("payment method switched off") == 1


def test_moving_methods(owner: Client) -> None:
    cash, card = method("Cash"), method("Card")
    assert "Move up" not in owner.get(f"/settings/payment-methods/{cash.id}/actions", htmx="div#menu").text
    response = owner.post(f"/settings/payment-methods/{card.id}/position?to=up", htmx="div#menu")
    assert response.headers["HX-Trigger"] == "payment-methods-changed"
    assert method("Card").position < method("Cash").position
    assert owner.post(f"/settings/payment-methods/{card.id}/position?to=down").status_code == 303
    assert method("Cash").position < method("Card").position


# users


def person(**changes: str) -> dict[str, str]:
    valid = {"name": "Ana Silva", "email": "ana@carnet.test", "role": str(role("Front Desk").id), "password": NEW}
    return valid | {"version": "0"} | changes


def test_the_list_of_users(owner: Client) -> None:
    page = owner.get("/settings/users").text
    assert all(address(name) in page for name in ("owner", "manager", "frontdesk", "bookkeeper"))
    assert page.count("(you)") == 1


@pytest.mark.parametrize("htmx", [None, MODAL])
def test_new_user(app: Flask, owner: Client, htmx: str | None) -> None:
    response = owner.post("/settings/users/new", data=person(), htmx=htmx)
    if htmx:
        assert response.headers["HX-Trigger"] == "users-changed"
        assert "Ana Silva can sign in now." in response.text
    else:
        assert (response.status_code, response.location) == (303, "/settings/users")
    signing_in = {"email": "ana@carnet.test", "password": NEW}
    assert client_for(app).post("/sign-in", data=signing_in).status_code == 303


@pytest.mark.parametrize("changes, sentence", [
    ({"name": ""}, "Type a name."),
    ({"email": ""}, "Type an email."),
    ({"email": "ana"}, "Type it like name@example.com."),
    ({"email": "MANAGER@carnet.test"}, "Somebody here has this email already."),
    ({"role": ""}, "Choose a role."),
    ({"role": "999"}, "Not a valid choice"),
    ({"password": ""}, "Choose a password."),
    ({"password": "Ana Silva 2026"}, "anybody would try"),
])  # fmt: skip
def test_new_user_refused(owner: Client, changes: dict[str, str], sentence: str) -> None:
    data = person(**changes)
    response = owner.post("/settings/users/new", data=data)
    assert response.status_code == 422
    assert sentence in response.text
    assert f'value="{data["name"]}"' in response.text
    assert NEW not in response.text
    assert User.select().count() == 4


def test_a_role_for_customers_is_not_offered(owner: Client) -> None:
    page = owner.get("/settings/users/new").text
    assert "Cash Only" not in page
    assert owner.post("/settings/users/new", data=person(role=str(role("Customer").id))).status_code == 422


def test_only_roles_that_one_could_have_oneself(manager: Client) -> None:
    only(Permission.MANAGE_USERS, Permission.ACCESS_BILLING_TAB, Permission.VIEW_REPORTS)
    page = manager.get("/settings/users/new").text
    assert ">Bookkeeper<" in page
    assert ">Owner<" not in page
    assert manager.post("/settings/users/new", data=person(role=str(role("Owner").id))).status_code == 422
    assert manager.post("/settings/users/new", data=person(role=str(role("Bookkeeper").id))).status_code == 303


def test_edit_user(owner: Client) -> None:
    desk = user("frontdesk")
    page = owner.get(f"/settings/users/{desk.id}/edit", htmx=MODAL).text
    assert 'name="password"' not in page
    data = person(role=str(role("Bookkeeper").id))
    response = owner.post(f"/settings/users/{desk.id}/edit", data=data, htmx=MODAL)
    assert response.headers["HX-Trigger"] == "users-changed"
    edited = User.get_by_id(desk.id)
    assert (edited.name, edited.email, edited.role.name) == ("Ana Silva", "ana@carnet.test", "Bookkeeper")


def test_a_new_role_holds_at_once(owner: Client, frontdesk: Client) -> None:
    assert frontdesk.get("/settings/users").status_code == 403
    data = person(role=str(role("Owner").id))
    owner.post(f"/settings/users/{user('frontdesk').id}/edit", data=data)
    assert frontdesk.get("/settings/users").status_code == 200


def test_second_of_two_edits_is_told(owner: Client) -> None:
    path = f"/settings/users/{user('frontdesk').id}/edit"
    owner.post(path, data=person())
    response = owner.post(path, data=person(name="Ann"))
    assert versions(response) == {"Name": ("Ana Silva", "Ann")}
    assert 'value="Ann"' in response.text
    assert owner.post(path, data=person(name="Ann", version="1")).status_code == 303


def test_the_last_owner_stays(owner: Client) -> None:
    last = user("owner")
    data = person(email=last.email, role=str(role("Manager").id))
    response = owner.post(f"/settings/users/{last.id}/edit", data=data)
    assert response.status_code == 422
    assert "is the last active Owner" in response.text
    assert owner.post(f"/settings/users/{last.id}/activity", data={"on": "0"}).status_code == 422
    assert user("owner").active


def test_nobody_changes_somebody_above(manager: Client) -> None:
    only(Permission.MANAGE_USERS)
    above = user("owner").id
    menu = manager.get(f"/settings/users/{above}/actions", htmx="div#menu").text
    assert "permissions that you do not have" in menu
    assert "/edit" not in menu
    tries: list[tuple[str, dict[str, Any]]] = [
        ("edit", person(role=str(role("Owner").id))),
        ("password", {"password": NEW}),
        ("activity", {"on": "0"}),
    ]
    for screen, data in tries:
        response = manager.post(f"/settings/users/{above}/{screen}", data=data)
        assert response.status_code == 422
        assert "Only somebody who has them can change this user" in response.text


def test_new_password_for_somebody(app: Flask, owner: Client, frontdesk: Client) -> None:
    desk = user("frontdesk")
    response = owner.post(f"/settings/users/{desk.id}/password", data={"password": NEW}, htmx=MODAL)
    assert response.headers["HX-Trigger"] == "users-changed"
    assert frontdesk.get("/profile").status_code == 302
    assert client_for(app).post("/sign-in", data={"email": desk.email, "password": PASSWORD}).status_code == 422
    assert client_for(app).post("/sign-in", data={"email": desk.email, "password": NEW}).status_code == 303
    response = owner.post(f"/settings/users/{desk.id}/password", data={"password": "short"}, htmx=MODAL)
    assert response.status_code == 422
    assert "at least 12 characters" in response.text


def test_ones_own_password_is_changed_where_the_old_one_is_asked_for(owner: Client) -> None:
    mine, before = f"/settings/users/{user('owner').id}/password", user("owner").password_hash
    for answer in (owner.get(mine), owner.post(mine, data={"password": NEW})):
        assert (answer.status_code, answer.location) == (303, "/profile/password")
    assert owner.get(mine, htmx=MODAL).headers["HX-Redirect"] == "/profile/password"
    assert user("owner").password_hash == before


def test_deactivate_and_activate(app: Flask, owner: Client, frontdesk: Client) -> None:
    desk = user("frontdesk")
    path = f"/settings/users/{desk.id}/activity"
    assert "signed out everywhere" in owner.get(path, htmx=MODAL).text
    response = owner.post(path, data={"on": "0"}, htmx=MODAL)
    assert response.headers["HX-Trigger"] == "users-changed"
    assert frontdesk.get("/profile").status_code == 302
    assert not SignInSession.select().where(SignInSession.user == desk).exists()
    signing_in = {"email": desk.email, "password": PASSWORD}
    assert client_for(app).post("/sign-in", data=signing_in).status_code == 422
    assert owner.post(path, data={"on": "1"}).status_code == 303
    assert client_for(app).post("/sign-in", data=signing_in).status_code == 303


def test_nobody_deactivates_themselves(owner: Client) -> None:
    User.update(role=role("Owner")).where(User.email == address("manager")).execute()
    mine = user("owner").id
    assert "Deactivate" not in owner.get(f"/settings/users/{mine}/actions").text
    response = owner.post(f"/settings/users/{mine}/activity", data={"on": "0"})
    assert response.status_code == 422
    assert "You cannot deactivate yourself" in response.text


# roles


def rights(name: str = "Instructor", *held: str, version: str = "0") -> dict[str, Any]:
    return {"name": name, "permissions": list(held), "version": version}


def test_the_list_of_roles(owner: Client) -> None:
    page = owner.get("/settings/roles").text
    assert "Roles for customers" in page
    assert "Always everything" in page
    assert "Make Purchases on Account" in page


@pytest.mark.parametrize("side, held", [("staff", "Add Invoice"), ("customer", "View Own Balance")])
def test_new_role(owner: Client, side: str, held: str) -> None:
    response = owner.post(f"/settings/roles/new?side={side}", data=rights("Novel", held), htmx=MODAL)
    assert response.headers["HX-Trigger"] == "roles-changed"
    made = role("Novel")
    assert (made.side, made.permissions) == (side, {Permission(held)})


@pytest.mark.parametrize("data, sentence", [
    (rights(""), "Type a name."),
    (rights("front desk"), "There is a role of this name already."),
    (rights("Novel", "View Own Balance"), "not a valid choice"),
])  # fmt: skip
def test_new_role_refused(owner: Client, data: dict[str, Any], sentence: str) -> None:
    response = owner.post("/settings/roles/new", data=data)
    assert response.status_code == 422
    assert sentence in response.text


def test_there_are_two_sides(owner: Client) -> None:
    assert owner.get("/settings/roles/new?side=other").status_code == 404


def test_edit_role(owner: Client, frontdesk: Client) -> None:
    path = f"/settings/roles/{role('Front Desk').id}/edit"
    assert owner.get(path, htmx=MODAL).text.count("checked") == 3
    assert frontdesk.get("/reports").status_code == 403
    response = owner.post(path, data=rights("Reception", "View Reports"), htmx=MODAL)
    assert response.headers["HX-Trigger"] == "roles-changed"
    assert role("Reception").permissions == {Permission.VIEW_REPORTS}
    assert frontdesk.get("/reports").status_code == 200
    response = owner.post(path, data=rights("Desk", "Add Invoice"))
    assert versions(response) == {"Name": ("Reception", "Desk"), "What it may do": ("View Reports", "Add Invoice")}
    assert 'value="Desk"' in response.text
    assert response.text.count("checked") == 1


def test_what_one_lacks_stays_as_it_is(manager: Client) -> None:
    only(Permission.MANAGE_USERS, Permission.ADD_INVOICE)
    desk = role("Front Desk")
    page = manager.get(f"/settings/roles/{desk.id}/edit").text
    assert "Stays as it is, because you do not have it yourself: Access Billing Tab, Manage Customers." in page
    assert 'value="Manage Settings"' not in page
    manager.post(f"/settings/roles/{desk.id}/edit", data=rights("Front Desk"))
    assert role("Front Desk").permissions == {Permission.ACCESS_BILLING_TAB, Permission.MANAGE_CUSTOMERS}
    sneaky = rights("Front Desk", "Manage Settings", version="1")
    assert manager.post(f"/settings/roles/{desk.id}/edit", data=sneaky).status_code == 422


def test_the_owners_role_stays(owner: Client) -> None:
    path = f"/settings/roles/{role('Owner').id}"
    response = owner.post(f"{path}/edit", data=rights("Owner"))
    assert response.status_code == 422
    assert "always has every permission" in response.text
    assert owner.post(f"{path}/removal").status_code == 422


def test_delete_role(owner: Client) -> None:
    books = role("Bookkeeper")
    path = f"/settings/roles/{books.id}/removal"
    page = owner.get(path, htmx=MODAL).text
    assert "1 user has this role" in page
    assert ">Delete<" not in page
    response = owner.post(path)
    assert response.status_code == 422
    assert "Give them another role first" in response.text
    User.update(role=role("Manager")).where(User.role == books).execute()
    assert owner.post(path, htmx=MODAL).headers["HX-Trigger"] == "roles-changed"
    assert owner.get(path).status_code == 404
