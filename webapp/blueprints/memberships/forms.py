from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import request
from wtforms import HiddenField
from wtforms.validators import Length

from webapp.domain.adding import Chosen
from webapp.domain.choosing import Candidate, named, offered
from webapp.domain.packages import offered_packages
from webapp.forms import DayField, LineField, OnceForm, required
from webapp.models import Package
from webapp.picking import Found, PickField, PickManyField
from webapp.presentation import today

ICONS = {"customer": "user", "group": "users"}


def found(candidates: Sequence[Candidate]) -> list[Found]:
    """Customers and groups as the fields have them."""
    return [Found(it.value, it.name, it.hint, ICONS[it.kind]) for it in candidates]


def _name_all(values: Sequence[str]) -> list[Found]:
    return found(named(*Chosen.of(values)))


class AddForm(OnceForm):
    """Who is put into which package, from when."""

    package = PickField(
        "Package",
        [required("Choose a package.")],
        find=lambda number: Package.get_or_none(Package.id == number),
        search=lambda typed: [Found(str(it.id), it.name) for it in offered_packages(typed)],
        options="packages.options",
    )
    start_on = DayField("Start date")
    who = PickManyField(
        "Customers and groups",
        [required("Choose at least one customer or group.")],
        name_all=_name_all,
        search=lambda typed: found(offered(typed)),
        options="memberships.who",
    )
    note = LineField("Note", longest=500)
    shown: Any = HiddenField(validators=[Length(max=400_000)])

    def __init__(self) -> None:
        super().__init__()
        if not self.is_submitted():
            self._take_address()

    def _take_address(self) -> None:
        """Whom and what a link to the form names, as ``?customer=12&package=3``, and what stood in it before."""
        number = request.args.get("package", "")
        if number.isascii() and number.isdigit() and len(number) < 19:
            self.package.data = Package.get_or_none(Package.id == int(number))
        values = [f"{kind}:{number}" for kind in ICONS for number in request.args.getlist(kind)]
        self.who.data = [it.value for it in _name_all(values)]
        self.start_on.data = request.args.get("start_on", today(), type=date.fromisoformat)
        self.note.data = request.args.get("note", "")[:500]

    def filled(self) -> dict[str, Any]:
        """What stands in the form, for the address of a form that comes back to it."""
        package, day, note = self.package.data, self.start_on.data, (self.note.data or "")[:500]
        chosen = [value.partition(":") for value in self.who.data or []]
        by_kind = {kind: [number for of, _, number in chosen if of == kind] for kind in ICONS}
        return {"package": package and package.id, "start_on": day, "note": note, **by_kind}

    @property
    def chosen(self) -> Chosen:
        return Chosen.of(self.who.data or [])

    @property
    def start(self) -> date:
        """The start date; today when nothing was typed."""
        return self.start_on.data or today()


class RemovalForm(OnceForm):
    """The confirmation of a removal; which memberships it is about stands in the request."""

    reason = LineField("Reason", longest=500)
    shown: Any = HiddenField()
