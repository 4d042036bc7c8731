"""What needs attention is looked up in indexes, so that Home opens as fast with a hundred thousand memberships."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests import factories as make
from webapp.db import rows
from webapp.domain import attention

Queries = Callable[[], AbstractContextManager[list[str]]]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "look, index",
    [
        (attention.running_out, "membership_item_low"),
        (lambda: attention.expiring(make.DAY), "membership_to_expire"),
        (lambda: attention.expired(make.DAY), "membership_to_expire"),
        (lambda: attention.unbilled(make.DAY), "membership_status_by_start"),
        (lambda: attention.overdue(make.DAY), "invoice_due"),
        (attention.drafts, "invoice_status"),
        (lambda: attention.takings(make.DAY), "payment_received"),
        (lambda: attention.takings(make.DAY), "journal_posted"),
    ],
)
def test_each_has_its_index(business, queries: Queries, look: Callable[[], object], index: str) -> None:
    with queries() as asked:
        look()
    (text,) = asked
    plan = [row[3] for row in rows(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?"))]
    assert any(index in step for step in plan), chr(10).join(plan)
    own = {f"SCAN i USING INDEX {index}", f"SCAN i USING COVERING INDEX {index}", "SCAN counted"}  # no others are in it
    own.add("SCAN method USING INDEX sqlite_autoindex_payment_method_1")  # a few, and none more with the years
    assert [step for step in plan if step.startswith("SCAN") and step not in own] == []
