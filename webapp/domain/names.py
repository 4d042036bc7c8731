"""Names that records go by."""

import unicodedata

from webapp.domain.errors import DomainError


def given(name: str) -> str:
    """The name, with single spaces; raises DomainError when nothing of it could be seen."""
    tidied = " ".join(name.split())
    if not any(unicodedata.category(c)[0] not in "CZ" for c in tidied):
        raise DomainError("Type a name.", "name")
    return tidied
