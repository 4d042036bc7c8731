from itertools import groupby

from flask import Blueprint, Response, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.groups.forms import GroupForm, MembersForm
from webapp.domain import groups, membership_list
from webapp.domain.errors import DomainError
from webapp.hypermedia import done, fragment, render, wants_region
from webapp.lists import STATUSES, asked, typed
from webapp.models import Customer, Group
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import today
from webapp.records import load

blueprint = Blueprint("groups", __name__)


@blueprint.get("/groups")
@requires(*SEES_RECORDS)
def index() -> Response:
    """The list, or the page of it that is asked for."""
    ask = asked()
    return render(
        "groups/index.html",
        region="groups/_table.html",
        asked=ask,
        statuses=STATUSES,
        page=groups.group_page(ask.typed, ask.status, ask.cursor),
        total=groups.group_total(ask.typed, ask.status),
    )


@blueprint.get("/groups/options")
@requires(*SEES_RECORDS, Permission.ADD_INVOICE)
def options() -> Response:
    """Active groups for a type-ahead."""
    return fragment("groups/_options.html", found=groups.offered_groups(typed()))


@blueprint.route("/groups/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_CUSTOMERS)
def new() -> Response:
    """Keep a new group."""
    form = GroupForm()
    if form.validate_on_submit():
        try:
            group = groups.create_group(**form.facts(), by=actor())
            to = url_for(".show", group_id=group.id)
            return done("groups-changed", to=to, message=f"{group.name} was added.", stay=False)
        except DomainError as error:
            form.refuse(error)
    return render("groups/edit.html", 422 if form.errors else 200, form=form, group=None)


@blueprint.get("/groups/<int:group_id>")
@requires(*SEES_RECORDS)
def show(group_id: int) -> Response:
    """One group and its members, with the packages that they are in for whoever may see those."""
    group = load(Group, group_id)
    packages = membership_list.active_in_group(group_id) if can(Permission.ACCESS_BILLING_TAB) else []
    alone = wants_region()
    return render(
        "groups/show.html",
        region="groups/_members.html",
        group=group,
        members=groups.members_of(group),
        packages={whose: list(of) for whose, of in groupby(packages, key=lambda it: it.customer_id)},
        ticked=membership_list.to_use_of(packages, today()),
        alone=alone,
    )


@blueprint.route("/groups/<int:group_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_CUSTOMERS)
def edit(group_id: int) -> Response:
    """Change a group and who is in it."""
    group = load(Group, group_id)
    form = GroupForm(group)
    if form.validate_on_submit():
        try:
            facts = form.facts()
            groups.edit_group(group, **facts, version=form.seen, by=actor())
            to = url_for(".show", group_id=group_id)
            return done("groups-changed", to=to, message=f"{facts['name']} was saved.")
        except DomainError as error:
            form.refuse(error)
    return render("groups/edit.html", 422 if form.errors else 200, form=form, group=group)


@blueprint.route("/groups/<int:group_id>/members/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_CUSTOMERS)
def add_members(group_id: int) -> Response:
    """Put customers into a group."""
    group = load(Group, group_id)
    form = MembersForm()
    if form.validate_on_submit():
        try:
            added = groups.add_members(group, form.customers(), by=actor())
            to = url_for(".show", group_id=group_id)
            return done("groups-changed", to=to, message=f"{added} added to {group.name}.")
        except DomainError as error:
            form.refuse(error)
    return render("groups/add.html", 422 if form.errors else 200, form=form, group=group)


@blueprint.post("/groups/<int:group_id>/members/<int:customer_id>/removal")
@requires(Permission.MANAGE_CUSTOMERS)
def remove_member(group_id: int, customer_id: int) -> Response:
    """Take a customer out of a group."""
    group, customer = load(Group, group_id), load(Customer, customer_id)
    groups.remove_member(group, customer, by=actor())
    to = url_for(".show", group_id=group_id)
    return done("groups-changed", to=to, message=f"{customer.name} is not in {group.name} any more.")
