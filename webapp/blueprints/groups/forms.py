from collections.abc import Sequence
from typing import Any

from flask import request
from wtforms import BooleanField

from webapp.domain.customers import customers_by_id, offered_customers
from webapp.domain.groups import members_of
from webapp.editing import EditForm
from webapp.forms import Form, LineField, NoteField, required
from webapp.lists import asked_id, typed
from webapp.models import Customer, Group
from webapp.picking import Found, PickField, PickManyField

NOTE_KEPT = 500
"""So much of a note goes along in an address."""


def _search(text: str) -> list[Found]:
    return [Found(str(it.id), it.name, it.hint) for it in offered_customers(text)]


def _name_all(values: Sequence[str]) -> list[Found]:
    return [Found(str(it.id), it.name, it.email or it.phone) for it in _customers(values)]


def _customers(values: Sequence[str]) -> list[Customer]:
    return customers_by_id([int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19])


def _named() -> list[str]:
    """The customers that the address names, as ``?members=12&members=15``."""
    return [it.value for it in _name_all(request.args.getlist("members"))]


def _members_field(label: str) -> Any:
    return PickManyField(label, name_all=_name_all, search=_search, options="customers.options")


class GroupForm(EditForm):
    """What is kept of a group, and who is in it."""

    name = LineField("Name", [required("Type a name.")])
    members = _members_field("Members")
    owner = PickField(
        "Owner",
        find=lambda number: Customer.get_or_none(Customer.id == number),
        search=_search,
        options="customers.options",
    )
    note = NoteField("Note")
    active = BooleanField("Active", default=True)

    def __init__(self, group: Group | None = None) -> None:
        super().__init__(group)
        if self.is_submitted():
            return
        if group is None or "version" in request.args:
            self._take_address()
        else:
            self.members.data = [str(member.id) for member in members_of(group)]

    def _take_address(self) -> None:
        """What stood in the form before a customer was made on the way."""
        self.name.data = typed("group_name")[:120]
        self.members.data = _named()
        self.owner.data = Customer.get_or_none(Customer.id == asked_id("owner"))
        self.note.data = request.args.get("note", "")[:NOTE_KEPT]
        if self.record is not None:
            self.active.data, self.version.data = "active" in request.args, asked_id("version")

    def filled(self) -> dict[str, Any]:
        """What stands in the form, for the address of a form that comes back to it."""
        owner, note = self.owner.data, (self.note.data or "")[:NOTE_KEPT]
        facts = {"members": self.members.data, "owner": owner and owner.id, "note": note}
        kept = {} if self.record is None else {"active": self.active.data or None, "version": self.version.data or 0}
        return {"group_name": self.name.data, **facts, **kept}

    def facts(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        return {
            "name": self.name.data,
            "members": _customers(self.members.data or []),
            "owner": self.owner.data,
            "note": self.note.data or "",
            "active": self.active.data,
        }


class MembersForm(Form):
    """Customers to be put into a group."""

    members = _members_field("Customers")

    def __init__(self) -> None:
        super().__init__()
        if not self.is_submitted():
            self.members.data = _named()

    def customers(self) -> list[Customer]:
        """Those that were chosen."""
        return _customers(self.members.data or [])
