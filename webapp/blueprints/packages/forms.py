import re
from collections.abc import Iterator, Sequence
from typing import Any

from wtforms import BooleanField, FieldList, FormField, SelectField
from wtforms import Form as PlainForm

from webapp import money, presentation
from webapp.domain.errors import DomainError
from webapp.domain.items import offered_items
from webapp.domain.packages import PackageFacts, PackageLine, lines_of
from webapp.editing import EditForm
from webapp.forms import DayField, LineField, MoneyField, NoteField, QuantityField, RateField, ScaledField, required
from webapp.models import Item, Package
from webapp.picking import Found, PickField

MOST_LINES = 40
VALIDITIES = {
    "none": "No end",
    "date": "Until a fixed day",
    "days": "Some days from the start",
    "months": "Some months from the start",
}


def _search(typed: str) -> list[Found]:
    return [Found(str(it.id), it.name, it.unit, "tag") for it in offered_items(typed)]


class CountField(ScaledField):
    """A whole number."""

    def read(self, text: str) -> int:
        return money.scaled(text, 0, what="number", point=presentation.point())

    def write(self, value: int | None) -> str:
        return "" if value is None else str(value)


class LineForm(PlainForm):
    """One item of the package: at a rate, or for an amount for all that is included."""

    item = PickField(
        "Item",
        find=lambda number: Item.get_or_none(Item.id == number),
        search=_search,
        options="items.options",
    )
    included = QuantityField("Included")
    rate = RateField("Package rate")
    amount = MoneyField("or amount for all")

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed into the row: then it is as if it were not there."""
        typed = [text for field in self for text in (field.raw_data or []) if text.strip()]
        return not typed and all(field.data is None for field in self)

    def validate(self, extra_validators: Any = None) -> bool:
        """A row that was begun has an item and a quantity."""
        if self.is_blank:
            return True
        valid = bool(super().validate(extra_validators))
        for field, sentence in ((self.item, "Choose an item."), (self.included, "Type how much is included.")):
            if field.data is None and not field.errors:
                field.errors = [sentence]
                valid = False
        return valid

    def line(self) -> PackageLine | None:
        """The row as the domain takes it, when enough of it is typed."""
        if self.item.data is None or self.included.data is None:
            return None
        return PackageLine(self.item.data, self.included.data, self.rate.data, self.amount.data)


class RowList(FieldList):  # type: ignore[type-arg]  # generic in its stubs only
    """Rows that keep the numbers they were sent with, so that what is on the screen keeps its name when one is gone."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        for name in formdata:
            number = re.match(rf"{prefix}-(\d{{1,9}})-", name, re.ASCII)
            if number:
                yield int(number[1])

    def _compact_indices(self) -> None:
        pass


class PackageForm(EditForm):
    """A package and its items. Rows are added and taken away by sending the form with the button `row`."""

    name = LineField("Name", [required("Type a name.")])
    validity = SelectField("Validity", choices=VALIDITIES, default="none")
    validity_count = CountField("How many")
    last_day = DayField("Last day")
    note = NoteField("Note")
    active = BooleanField("Active", default=True)
    lines = RowList(FormField(LineForm), "Items", min_entries=1, max_entries=MOST_LINES)

    def __init__(self, package: Package | None = None) -> None:
        super().__init__(package, lines=[_typed(line) for line in lines_of(package)] if package else [])

    def rows(self) -> list[LineForm]:
        """The rows with something in them."""
        return [entry.form for entry in self.lines if not entry.form.is_blank]

    def change_rows(self, wish: str) -> None:
        """Add a row (``add``) or take one away (``remove-2``)."""
        if wish == "add" and len(self.lines) < MOST_LINES:
            self.lines.append_entry()
        self.lines.entries = [entry for entry in self.lines.entries if wish != f"remove-{_number(entry)}"]
        if not self.lines.entries:
            self.lines.append_entry()

    def priced(self) -> Sequence[PackageLine]:
        """The rows that can be priced as they stand."""
        lines = [line for row in self.rows() if (line := row.line()) is not None]
        return [line for line in lines if line.included_milli and (line.rate_e4 is None) != (line.amount_minor is None)]

    def facts(self) -> PackageFacts:
        """What was typed, as the verbs take it."""
        return PackageFacts(
            name=self.name.data or "",
            lines=[line for row in self.rows() if (line := row.line()) is not None],
            validity=self.validity.data,
            validity_count=self.validity_count.data,
            last_day=self.last_day.data,
            note=self.note.data or "",
            active=self.active.data,
        )

    def refuse(self, error: DomainError) -> None:
        """As any form; what is wrong with a line stands in its row."""
        place = re.fullmatch(r"lines-(\d+)-(\w+)", error.field or "")
        if place is None:
            super().refuse(error)
            return
        field = self.rows()[int(place[1])][place[2]]
        field.errors = [*field.errors, error.message]
        self.lines.errors = [*self.lines.errors, {field.short_name: [error.message]}]


def _number(entry: Any) -> str:
    return str(entry.name).rpartition("-")[2]


def _typed(line: PackageLine) -> dict[str, Any]:
    return {"item": line.item, "included": line.included_milli, "rate": line.rate_e4, "amount": line.amount_minor}
