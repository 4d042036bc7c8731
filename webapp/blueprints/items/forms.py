from wtforms import BooleanField

from webapp.domain.items import ItemFacts
from webapp.editing import EditForm
from webapp.forms import LineField, RateField, TaxField, required


class ItemForm(EditForm):
    """What is kept of an item."""

    name = LineField("Name", [required("Type a name.")])
    unit = LineField("Unit", default="each", longest=20)
    standard_rate_e4 = RateField("Standard rate")
    tax_percent_e4 = TaxField("Tax", default=0)
    category = LineField("Income category", default="Sales", longest=60)
    active = BooleanField("Active", default=True)

    def facts(self) -> ItemFacts:
        """What was typed, as the verbs take it."""
        return ItemFacts(
            name=self.name.data or "",
            unit=self.unit.data or "",
            standard_rate_e4=self.standard_rate_e4.data,
            tax_percent_e4=self.tax_percent_e4.data or 0,
            category=self.category.data or "",
            active=self.active.data,
        )
