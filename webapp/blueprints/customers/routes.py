from flask import Blueprint, Response, request, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.customers import errands, funds, merging, statements
from webapp.blueprints.customers.forms import CustomerForm
from webapp.domain import accounts, customers
from webapp.domain.errors import DomainError
from webapp.domain.merging import owner_of
from webapp.hypermedia import done, fragment, render, wants_region
from webapp.lists import STATUSES, asked, typed
from webapp.models import Customer
from webapp.permissions import SEES_RECORDS, Permission
from webapp.records import load
from webapp.spreadsheet import csv_file

blueprint = Blueprint("customers", __name__)
BOTH = ["GET", "POST"]

blueprint.add_url_rule("/customers/<int:customer_id>/statement", "statement", statements.statement)
blueprint.add_url_rule("/customers/<int:customer_id>/statement/export", "statement_export", statements.export)
blueprint.add_url_rule("/customers/<int:customer_id>/deposits/new", "deposit", funds.deposit, methods=BOTH)
blueprint.add_url_rule("/customers/<int:customer_id>/withdrawals/new", "withdraw", funds.withdraw, methods=BOTH)
blueprint.add_url_rule("/customers/<int:customer_id>/adjustments/new", "adjust", funds.adjust, methods=BOTH)
blueprint.add_url_rule("/customers/<int:customer_id>/merge", "merge", merging.into, methods=BOTH)
for _path, _kind, _view in (
    ("deposits", "deposit", funds.deposit_preview),
    ("withdrawals", "withdrawal", funds.withdrawal_preview),
    ("adjustments", "adjustment", funds.adjustment_preview),
    ("merge", "merge", merging.preview),
):
    blueprint.add_url_rule(f"/customers/<int:customer_id>/{_path}/preview", f"{_kind}_preview", _view, methods=["POST"])

EXPORTED = ("Name", "Email", "Phone", "Address", "Note", "Customer role", "Status")
STAYS = "Memberships keep their rates and the account balance stays."


@blueprint.get("/customers")
@requires(*SEES_RECORDS)
def index() -> Response:
    """The list, or the page of it that is asked for."""
    ask = asked()
    page = customers.customer_page(ask.typed, ask.status, ask.cursor)
    return render(
        "customers/index.html",
        region="customers/_table.html",
        asked=ask,
        statuses=STATUSES,
        page=page,
        sums=accounts.sums_of([it.id for it in page.rows]) if can(Permission.ACCESS_BILLING_TAB) else {},
        total=customers.customer_total(ask.typed, ask.status),
    )


@blueprint.get("/customers/export")
@requires(*SEES_RECORDS)
def export() -> Response:
    """The list as it is filtered, all pages of it."""
    ask = asked()
    found = customers.exported_customers(ask.typed, ask.status)
    return csv_file("customers.csv", EXPORTED, ((*row[:-1], "Active" if row[-1] else "Inactive") for row in found))


@blueprint.get("/customers/options")
@requires(*SEES_RECORDS, Permission.ADD_INVOICE)
def options() -> Response:
    """Active customers for a type-ahead."""
    found = customers.offered_customers(typed())
    return fragment("customers/_options.html", found=found, typed=typed(), errand=errands.started())


@blueprint.route("/customers/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_CUSTOMERS)
def new() -> Response:
    """Keep a new customer, and go on with what they were missing for."""
    form = CustomerForm(sets_terms=can(Permission.ADJUST_BALANCES))
    if not form.is_submitted():
        form.name.data = typed("name")
    same = customers.namesakes(form.name.text)
    if form.validate_on_submit():
        try:
            customer = customers.create_customer(**form.facts(), by=actor())
            told = f"{customer.name} was added." + (" Somebody else has that name too." if same else "")
            return done("customers-changed", to=errands.place(customer) or _page(customer), message=told, stay=False)
        except DomainError as error:
            form.refuse(error)
    place = errands.place()
    return render(
        "customers/edit.html",
        422 if form.errors else 200,
        form=form,
        customer=None,
        here=url_for(".new", **errands.carried()),
        back=place or url_for(".index"),
        again=place is not None and errands.came_from_dialog(),
        same=same,
    )


def _page(customer: Customer) -> str:
    return url_for(".show", customer_id=customer.id)


@blueprint.post("/customers/namesakes")
@requires(Permission.MANAGE_CUSTOMERS)
def namesakes() -> Response:
    """Who has the name already that is being typed."""
    return fragment("customers/_namesakes.html", same=customers.namesakes(request.form.get("name", "")))


@blueprint.get("/customers/<int:customer_id>")
@requires(*SEES_RECORDS)
def show(customer_id: int) -> Response:
    """All about one customer."""
    customer = load(Customer, customer_id)
    return render(
        "customers/show.html",
        region="customers/_contact.html",
        customer=customer,
        groups=customers.groups_of(customer),
        remaining=Customer.get_by_id(owner_of(customer_id)) if customer.merged_into_id else None,
        account=accounts.overview(customer_id) if can(Permission.ACCESS_BILLING_TAB) else None,
        may_merge=merging.may_merge(customer),
        alone=wants_region(),
    )


@blueprint.get("/customers/<int:customer_id>/actions")
@requires(*SEES_RECORDS)
def actions(customer_id: int) -> Response:
    """What can be done with a customer now, by the person who asks."""
    customer = load(Customer, customer_id)
    return render("customers/actions.html", customer=customer, may_merge=merging.may_merge(customer))


@blueprint.route("/customers/<int:customer_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_CUSTOMERS)
def edit(customer_id: int) -> Response:
    """Change what is kept of a customer."""
    customer = load(Customer, customer_id)
    form = CustomerForm(customer, sets_terms=can(Permission.ADJUST_BALANCES))
    if form.validate_on_submit():
        try:
            facts = form.facts()
            customers.edit_customer(customer, **facts, version=form.seen, by=actor())
            ended = f" is inactive now. {STAYS}" if customer.active and not facts["active"] else " was saved."
            to = url_for(".show", customer_id=customer_id)
            return done("customers-changed", to=to, message=facts["name"] + ended)
        except DomainError as error:
            form.refuse(error)
    return render("customers/edit.html", 422 if form.errors else 200, form=form, customer=customer)
