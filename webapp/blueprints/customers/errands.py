"""What a new customer was missing for: it goes on with them, and with what was filled in there."""

from typing import Any, NamedTuple

from flask import request, url_for

from webapp.access import can
from webapp.lists import asked_id
from webapp.models import Customer
from webapp.permissions import Permission

TO_PACKAGE = ("package", "group", "customer", "start_on", "note")
TO_INVOICE = ("package", "item")
TOO_MUCH = "too_much"
OF_GROUP = ("group_name", "members", "owner", "note")
OF_KEPT_GROUP = (*OF_GROUP, "active", "version")


class Errand(NamedTuple):
    """A form that the new customer goes to: what it is told again, and under which name it is told of them. Where
    `path` names a part of its address, that is what the errand says itself. Where the errand's own name is kept too, it
    says which field the cursor stood in."""

    endpoint: str
    kept: tuple[str, ...]
    told_as: str
    permission: Permission
    path: str = ""


ERRANDS = {
    "invoice": Errand("invoices.new", TO_INVOICE, "customer", Permission.ADD_INVOICE),
    "add": Errand("memberships.new", TO_PACKAGE, "customer", Permission.ADD_INVOICE),
    "member": Errand("groups.new", (*OF_GROUP, "member"), "members", Permission.MANAGE_CUSTOMERS),
    "owner_of": Errand("groups.new", (*OF_GROUP, "owner_of"), "owner", Permission.MANAGE_CUSTOMERS),
    "member_in": Errand(
        "groups.edit", (*OF_KEPT_GROUP, "member_in"), "members", Permission.MANAGE_CUSTOMERS, path="group_id"
    ),
    "owner_in": Errand(
        "groups.edit", (*OF_KEPT_GROUP, "owner_in"), "owner", Permission.MANAGE_CUSTOMERS, path="group_id"
    ),
    "into": Errand("groups.add_members", ("members",), "members", Permission.MANAGE_CUSTOMERS, path="group_id"),
}
"""By the name that stands in the address of the form for new customers."""


def started() -> dict[str, Any] | None:
    """What a type-ahead hands to the form for new customers: what the form that it stands in is for, and what is filled
    in there. None when there is no such errand, or when that is too much for an address."""
    word, sent = next(filter(request.args.get, ERRANDS), None), request.args
    if word is None or TOO_MUCH in sent:
        return None
    filled = {name: sent.getlist("name" if name == "group_name" else name) for name in ERRANDS[word].kept}
    return {word: sent[word], **filled}


def carried() -> dict[str, Any]:
    """What the address says of the errand, to be said again."""
    names = dict.fromkeys(name for word, errand in ERRANDS.items() for name in (word, *errand.kept))
    return {name: request.args.getlist(name) for name in names}


def came_from_dialog() -> bool:
    """Whether the form that the errand goes on with is a dialog too, so that this one took its place; invoices are
    written on a page of their own."""
    return "invoice" not in request.args


def place(customer: Customer | None = None) -> str | None:
    """Where the errand goes on with a new customer, or without; None when there is none for whoever asks."""
    word = next((it for it, errand in ERRANDS.items() if it in request.args and can(errand.permission)), None)
    if word is None or (ERRANDS[word].path and not asked_id(word)):
        return None
    errand = ERRANDS[word]
    values: dict[str, Any] = {name: request.args.getlist(name) for name in errand.kept}
    if customer is not None:
        others = [] if errand.told_as == "owner" else values.get(errand.told_as, [])
        values[errand.told_as] = [*others, customer.id]
    if errand.path:
        values[errand.path] = asked_id(word)
    return url_for(errand.endpoint, **values)
