"""The books as a file for Beancount, judged by Beancount itself."""

from decimal import Decimal
from pathlib import Path

import peewee
import pytest
from beancount import loader
from beancount.core import realization
from beancount.ops import validation
from flask import Flask

from tests import factories as make
from webapp.db import rows
from webapp.domain import beancount, funds
from webapp.models import Account, Company, Customer, User


def judged(text: str) -> realization.RealAccount:
    """The accounts as Beancount reads them, when its own check finds nothing wrong."""
    entries, errors, _ = loader.load_string(text, extra_validations=validation.HARDCORE_VALIDATIONS)
    assert errors == []
    root: realization.RealAccount = realization.realize(entries)
    return root


@pytest.mark.sqlite_only
def test_beancount_accepts_the_sample_business_and_agrees_on_every_balance(
    app: Flask, filled_business: peewee.Database, tmp_path: Path
) -> None:
    Customer.update(name='Ann "The\\Kite" Łódź').where(Customer.id == 1).execute()
    filled_business.close()
    file = tmp_path / "books.beancount"
    said = app.test_cli_runner().invoke(args=["export", "journal", "--format", "beancount", "--output", str(file)])
    assert said.exit_code == 0, said.output
    root = judged(file.read_text(encoding="utf-8"))
    filled_business.connect(reuse_if_open=True)
    accounts, currency = list(Account.select()), Company.get_by_id(1).currency
    assert len(accounts) > 100
    for account in accounts:
        found = realization.get(root, beancount._path(account))
        assert found is not None, account.code
        assert found.balance.get_currency_units(currency).number == Decimal(account.debits - account.credits).scaleb(
            -2
        ), account.code
    [(journals,)] = rows("SELECT COUNT(*) FROM journal")
    assert sum(line.startswith("  journal: ") for line in file.read_text(encoding="utf-8").splitlines()) == journals


@pytest.mark.parametrize("currency, decimals, figure", [("JPY", 0, "1500 JPY"), ("KWD", 3, "1.500 KWD")])
def test_other_currencies(cast: dict[str, User], currency: str, decimals: int, figure: str) -> None:
    make.use_currency(currency, decimals)
    funds.deposit(make.somebody(), make.method(), 1500, by=cast["owner"], on=make.DAY)
    text = "\n".join(beancount.lines()) + "\n"
    assert f"  Assets:Received:M1 {figure}" in text
    judged(text)


def test_books_without_an_entry(cast: dict[str, User]) -> None:
    assert cast
    judged("\n".join(beancount.lines()) + "\n")
