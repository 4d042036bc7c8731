"""People of the same name, told apart by more than is shown of everybody."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from webapp.db import marks, rows
from webapp.domain.search import sort_key
from webapp.models import Company

GROUPS_SAID = 3

_ABOUT = """SELECT customer.id, customer.created_at, company.timezone, company.locale, customer_group.name
 FROM company CROSS JOIN customer LEFT JOIN group_member ON group_member.customer_id = customer.id
 LEFT JOIN customer_group ON customer_group.id = group_member.group_id
 WHERE customer.id IN ({ids}) ORDER BY customer.id, customer_group.sort_name, customer_group.id"""


def told_apart(people: Iterable[tuple[int, str, str]]) -> dict[int, str]:
    """By id what stands beside the name of each: the hint that is given with it. Where that leaves customers of one
    name alike, their groups are said too, where that does not do since when they are kept, and at the very last the
    number that their page has in its address; it takes one query."""
    known = {id_: (sort_key(name), hint) for id_, name, hint in people}
    alike = Counter(known.values())
    ids = sorted(id_ for id_, shown in known.items() if alike[shown] > 1)
    about = rows(_ABOUT.format(ids=marks(ids)), ids) if ids else []
    facts = {id_: _facts(list(of)) for id_, of in groupby(about, key=lambda row: row[0])}
    same = Counter((known[id_], groups) for id_, (groups, _) in facts.items())
    same_day = Counter((known[id_], of) for id_, of in facts.items())
    hints = {id_: hint for id_, (_, hint) in known.items()}
    for id_, (groups, since) in facts.items():
        more = [] if groups and same[known[id_], groups] == 1 else [since]
        if same_day[known[id_], (groups, since)] > 1:
            more.append(f"no. {id_}")
        hints[id_] = " · ".join(filter(None, (hints[id_], groups, *more)))
    return hints


def _facts(found: Sequence[tuple[Any, ...]]) -> tuple[str, str]:
    """Of one customer the groups and the day."""
    _, at, timezone, locale, _ = found[0]
    company = Company(timezone=timezone, locale=locale)
    groups = [row[4] for row in found if row[4]]
    said = [*groups[:GROUPS_SAID], *(["…"] if len(groups) > GROUPS_SAID else [])]
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return ", ".join(said), f"since {company.day(company.day_of(moment))}"
