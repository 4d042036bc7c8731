"""The measurements run, on small businesses, and what they measure is right."""

import argparse

import pytest

from tests.bench import listing, scratch, seed, write
from tests.bench.__main__ import main
from webapp.db import rows
from webapp.domain import checks


def test_a_seeded_business_has_books_that_are_right() -> None:
    with listing.filled(120):
        assert checks.faults() == []
        counted = ("customer", "membership", "membership_item", "invoice", "invoice_line")
        found = {name: rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in counted}
    assert found == {
        "customer": 100,
        "membership": 120,
        "membership_item": 480,
        "invoice": 360,
        "invoice_line": 900,
    }


def test_plain_sql_writes_what_the_verbs_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert write.run(argparse.Namespace(rounds=1, flows=8, memberships=120)) == 0
    said = capsys.readouterr().out
    assert "rows written by one flow alike: True" in said
    assert "failed: 0; faults in the books afterwards: 0" in said


def test_both_pages_list_the_same_rows() -> None:
    with listing.filled(120) as path:
        views = listing.scenarios(120)
        with listing.served(path) as servers:
            for view in views:
                app, raw = (servers[name].get(getattr(view, name)).decode() for name in ("app", "raw"))
                assert names(app) == names(raw), view.name


def names(page: str) -> list[str]:
    """The customers on a page, in order."""
    told = [(page.find(f"{first} {last}<"), f"{first} {last}") for first, last in map(seed.name, range(100))]
    return [name for place, name in sorted(told) if place >= 0]


def test_an_unknown_measurement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "invalid choice" in capsys.readouterr().err


def test_scratch_databases_leave_nothing_behind() -> None:
    with scratch.folder() as made:
        (made / "bench.db").touch()
    assert not made.exists()
