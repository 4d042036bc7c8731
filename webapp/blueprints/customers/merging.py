"""Merge: a customer who was entered twice becomes one, after everything that this moves was stated."""

from typing import Any

from flask import Response, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.customers.forms import MergeForm
from webapp.domain.customers import refuse_merged
from webapp.domain.errors import DomainError
from webapp.domain.merging import Merging, has_money, merge, merging
from webapp.hypermedia import done, fragment, render
from webapp.models import Customer
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import today
from webapp.records import load
from webapp.stating import sign

CHANGED = ("customers-changed", "memberships-changed", "invoices-changed", "account-changed")


@requires(Permission.MANAGE_CUSTOMERS)
def into(customer_id: int) -> Response:
    """Merge this customer into another, who stays."""
    second = load(Customer, customer_id)
    form = MergeForm()
    if form.validate_on_submit():

        def act() -> str:
            _refuse(second)
            stays = form.into.data
            form.confirm(_sign(second, stays, merging(second, stays)))
            merge(second, stays, by=actor(), on=today())
            return _page_of(stays)

        try:
            message = f"{second.name} was merged into {form.into.data.name}."
            return done(*CHANGED, to=form.once(act), message=message, stay=False)
        except DomainError as error:
            form.refuse(error)
    else:
        _refuse(second)
    return render("customers/merge.html", 422 if form.errors else 200, form=form, **_facts(second, form))


@requires(Permission.MANAGE_CUSTOMERS)
def preview(customer_id: int) -> Response:
    """What would be moved, while the other one is chosen."""
    second, form = load(Customer, customer_id), MergeForm()
    _refuse(second)
    form.validate()
    return fragment("customers/_merging.html", form=form, **_facts(second, form))


def may_merge(customer: Customer) -> bool:
    """Whether the person here may merge that customer into another. Money and invoices are for Manage Invoices too."""
    if customer.merged_into_id or not can(Permission.MANAGE_CUSTOMERS):
        return False
    return can(Permission.MANAGE_INVOICES) or not has_money(customer)


def _refuse(second: Customer) -> None:
    refuse_merged(second)
    if not may_merge(second):
        raise DomainError(
            f"{second.name} has funds, a membership or an invoice. Somebody who has Manage Invoices too can merge them."
        )


def _facts(second: Customer, form: MergeForm) -> dict[str, Any]:
    stays = form.into.data
    would = merging(second, stays) if stays else None
    return {
        "customer": second,
        "stays": stays,
        "would": would,
        "sign": _sign(second, stays, would) if stays and would else "",
        "back": _page_of(second),
    }


def _sign(second: Customer, stays: Customer, would: Merging) -> str:
    return sign(second.id, stays.id, would)


def _page_of(customer: Customer) -> str:
    return url_for("customers.show", customer_id=customer.id) if can(*SEES_RECORDS) else url_for("home.index")
