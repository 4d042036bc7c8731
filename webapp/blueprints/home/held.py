"""Money held for customers: the figure, its change, and the months behind it."""

from typing import NamedTuple

from flask import current_app
from flask.blueprints import BlueprintSetupState

from webapp.charts import Chart, stacked
from webapp.domain import attention
from webapp.domain.closings import Closing, closings, month_ends
from webapp.kept import Kept
from webapp.presentation import today

MONTHS = 12
_KEPT = "carnet.closings"


class Held(NamedTuple):
    """What is held now, after what was held at the end of each month before; the last of `months` is now."""

    months: list[Closing]
    chart: Chart

    @property
    def now(self) -> Closing:
        return self.months[-1]

    @property
    def before(self) -> Closing:
        return self.months[-2]

    @property
    def change_minor(self) -> int:
        return self.now.total_minor - self.before.total_minor

    @property
    def is_anything(self) -> bool:
        """Whether there is a chart to be drawn."""
        return any(month.total_minor for month in self.months)


def held() -> Held:
    """What is held now, with a year of month ends."""
    ago, kept = MONTHS - 1, current_app.extensions[_KEPT]
    before: list[Closing] = kept.get(month_ends(today(), 1)[0], lambda: closings(today(), ago))
    now = attention.held()
    months = [*before, Closing(today(), now.package_minor, now.general_minor)]
    return Held(months, stacked([(month.package_minor, month.general_minor) for month in months]))


def init_app(state: BlueprintSetupState) -> None:
    """Give the application a place to keep the months that are over."""
    seconds = state.app.config["FIGURES_KEPT_SECONDS"]
    state.app.extensions[_KEPT] = Kept[list[Closing]](seconds)
