"""One-time form keys: a form that moves money or units works once, however often it arrives (spec section 6)."""

from collections.abc import Callable
from contextvars import ContextVar

import peewee

from webapp.db import transactional, utcnow
from webapp.domain.errors import Repeated
from webapp.models import FormKey

has_acted: ContextVar[bool] = ContextVar("has_acted", default=False)
"""Whether an act went through since somebody set this to False: what fails after it must not say that it did not."""


def once(key: str, digest: str, act: Callable[[], str]) -> str:
    """Do `act` and keep its answer under `key`; the same key and digest again gives that answer and does nothing.

    Raises `Repeated` when the key comes with other content. An act that is refused leaves the key unused.
    """
    try:
        answer = _once(key, digest, act)
    except peewee.IntegrityError:
        if not FormKey.get_or_none(FormKey.form_key == key):
            raise
        answer = _once(key, digest, act)
    has_acted.set(True)
    return answer


@transactional
def _once(key: str, digest: str, act: Callable[[], str]) -> str:
    earlier = FormKey.get_or_none(FormKey.form_key == key)
    if earlier:
        if earlier.digest != digest:
            raise Repeated("This form was sent already with other content. Open it again to make another change.")
        return str(earlier.result)
    result = act()
    FormKey.create(form_key=key, digest=digest, result=result, created_at=utcnow())
    return result
