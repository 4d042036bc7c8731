"""Forms of acts that state their effect first: what was stated is what happens, or it is stated anew."""

import hashlib
from typing import Any

from wtforms import HiddenField
from wtforms.validators import Length

from webapp.domain.errors import Changed, DomainError
from webapp.forms import OnceForm

SENT_BEFORE = "This form was sent before. Nothing was done twice."
LOOK = "Look at what this does, then press the button again."
STALE = "What this does changed since it was shown. Look at it again; nothing was done yet."


def sign(*facts: object) -> str:
    """A short sign of the figures that a screen states."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


class StatingForm(OnceForm):
    """A form that carries a sign of what was stated beside it."""

    shown: Any = HiddenField(validators=[Length(max=64)])

    def confirm(self, signed: str) -> None:
        """Raise `DomainError` when nothing was stated yet, `Changed` when it is not what would happen now."""
        if not self.shown.data:
            raise DomainError(LOOK)
        if self.shown.data != signed:
            raise Changed(STALE)


class AskingForm(StatingForm):
    """A form whose effect depends on what is typed: `shown` is that and a sign of the effect, with a dash between."""

    def confirm(self, signed: str) -> None:
        """What was stated for something else that was typed is stated for this first."""
        if (self.shown.data or "").partition("-")[0] != signed.partition("-")[0]:
            raise DomainError(LOOK)
        super().confirm(signed)
