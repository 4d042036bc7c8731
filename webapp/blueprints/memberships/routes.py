from typing import Any

from flask import Blueprint, Response, request, url_for

from webapp.access import actor, requires
from webapp.blueprints.memberships import after_sale, listing
from webapp.blueprints.memberships.forms import AddForm, RemovalForm, found
from webapp.blueprints.memberships.ticked import list_or_here, ticked, ticked_ids, told
from webapp.domain import adding, choosing, membership_list, memberships, offering, pay_outs, removing
from webapp.domain import membership_history as history
from webapp.domain.errors import DomainError
from webapp.domain.membership_list import MembershipRow
from webapp.domain.packages import offered_packages
from webapp.hypermedia import done, fragment, render, wants_region
from webapp.lists import typed
from webapp.models import Membership, PaymentMethod
from webapp.permissions import Permission
from webapp.presentation import company, money_input, quantity_text, today
from webapp.records import load
from webapp.spreadsheet import csv_file

blueprint = Blueprint("memberships", __name__)
after_sale.mount(blueprint)

CHANGED = ("memberships-changed", "account-changed", "invoices-changed")
EXPIRES_SOON_DAYS = 14
EXPORTED = (
    "Number",
    "Customer",
    "Package",
    "Status",
    "Start",
    "Last day",
    "Progress",
    "Price",
    "Package funds",
    "Unbilled",
    "Unpaid",
)
MANY_PACKAGES = 20


@blueprint.get("/billing/packages")
@requires(Permission.ACCESS_BILLING_TAB)
def index() -> Response:
    """The customers in packages, or the page of them that is asked for."""
    wanted = listing.asked()
    cursor = request.args.get("cursor", "")
    return render(
        "memberships/index.html",
        region="memberships/_table.html",
        wanted=wanted,
        cursor=cursor,
        listing=listing,
        page=membership_list.membership_page(wanted, cursor),
        total=membership_list.membership_total(wanted),
        choices=None if wants_region() else membership_list.filter_choices(),
        statuses=list(listing.FILTERED.items()),
        soon_days=EXPIRES_SOON_DAYS,
    )


@blueprint.get("/billing/packages/export")
@requires(Permission.ACCESS_BILLING_TAB)
def export() -> Response:
    """The list as it is filtered and sorted, all pages of it."""
    return csv_file("packages.csv", EXPORTED, map(_exported, membership_list.every_membership(listing.asked())))


def _exported(row: MembershipRow) -> tuple[object, ...]:
    progress = "; ".join(
        f"{item.name} {quantity_text(item.used_milli + item.reserved_milli, item.unit)}"
        f" of {quantity_text(item.included_milli, item.unit)}"
        for item in row.items
    )
    status = listing.WORDS[row.status][2]
    money = map(money_input, (row.price_minor, row.funds_minor, row.unbilled_minor, row.unpaid_minor))
    return (f"M-{row.id:04d}", row.customer, row.package, status, row.start_on, row.end_on or "", progress, *money)


@blueprint.route("/billing/packages/new", methods=["GET", "POST"])
@requires(Permission.ADD_INVOICE)
def new() -> Response:
    """Add to Package."""
    form = AddForm()
    if form.validate_on_submit():
        added: list[Membership] = []

        def act() -> str:
            added[:] = adding.add(
                form.package.data,
                form.chosen,
                start_on=form.start,
                shown=form.shown.data or "",
                by=actor(),
                note=form.note.data or "",
            )
            return list_or_here()

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=told(added, "added to"))
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/new.html", status, form=form, packages=_few_packages(form), **_preview(form))


@blueprint.post("/billing/packages/preview")
@requires(Permission.ADD_INVOICE)
def preview() -> Response:
    """What Save would do, while the form is filled in."""
    return fragment("memberships/_preview.html", terms_too=True, **_preview(AddForm()))


@blueprint.get("/billing/packages/who")
@requires(Permission.ADD_INVOICE)
def who() -> Response:
    """Customers and groups for the type-ahead."""
    ticked = [value.partition(":") for value in request.args.getlist("who")]
    chosen = {kind: [number for of, _, number in ticked if of == kind] for kind in ("group", "customer")}
    chosen |= {name: [it for it in request.args.getlist(name) if it] for name in ("package", "start_on", "note")}
    offered, too_much = found(choosing.offered(typed())), "too_much" in request.args
    return fragment("memberships/_who.html", found=offered, typed=typed(), chosen=chosen, too_much=too_much)


def _preview(form: AddForm) -> dict[str, Any]:
    """What would happen, as far as enough is filled in, and why it cannot."""
    package = form.package.data
    if package is None:
        account_off = not PaymentMethod.account_is_active()
        return {"preview": None, "refusal": memberships.ACCOUNT_OFF if account_off else None}
    try:
        adding.refuse(package, form.chosen, form.start)
    except DomainError as error:
        return {"preview": None, "refusal": error.message}
    return {"preview": adding.preview(package, form.chosen, form.start), "refusal": None}


def _few_packages(form: AddForm) -> list[tuple[str, str]]:
    """The packages of a plain select, the chosen one always among them; none when there are too many for one."""
    offered = offered_packages("")
    if len(offered) >= MANY_PACKAGES:
        return []
    choices = [(str(it.id), it.name) for it in offered]
    chosen = form.package.data
    if chosen is not None and str(chosen.id) not in dict(choices):
        choices.append((str(chosen.id), f"{chosen.name} (inactive)"))
    return choices


@blueprint.get("/billing/memberships/<int:membership_id>")
@requires(Permission.ACCESS_BILLING_TAB)
def show(membership_id: int) -> Response:
    """One customer's copy of a package: what is left, every draw, the funds, the terms."""
    membership = load(Membership, membership_id)
    view = request.args.get("view", "draws")
    everything = bool(request.args.get("all"))
    limit = history.EVERYTHING if everything else history.LATEST
    totals = history.draw_totals(membership)
    return render(
        "memberships/show.html",
        region="memberships/_history.html",
        membership=membership,
        items=history.items_of(membership),
        created_on=company().day_of(membership.created_at),
        listing=listing,
        view=view if view in ("funds", "audit") else "draws",
        everything=everything,
        latest=history.LATEST,
        totals=totals,
        draws=history.draws(membership, limit) if view not in ("funds", "audit") else [],
        postings=history.postings(membership, limit) if view == "funds" else [],
        happenings=history.happenings(membership, limit) if view == "audit" else [],
        funds=history.funds_summary(membership, totals.open_minor),
        acts=offering.acts(membership, today()),
    )


@blueprint.get("/billing/memberships/<int:membership_id>/actions")
@requires(Permission.ACCESS_BILLING_TAB)
def actions(membership_id: int) -> Response:
    """What can be done with one row of the list now, by the person who asks."""
    membership = load(Membership, membership_id)
    return render(
        "memberships/actions.html",
        membership=membership,
        acts=offering.acts(membership, today()),
    )


@blueprint.route("/billing/memberships/<int:membership_id>/removal", methods=["GET", "POST"])
@requires(Permission.MANAGE_INVOICES)
def remove(membership_id: int) -> Response:
    """Remove one customer from a package."""
    load(Membership, membership_id)
    return _removal([membership_id], url_for(".remove", membership_id=membership_id))


@blueprint.route("/billing/packages/removal", methods=["GET", "POST"])
@requires(Permission.MANAGE_INVOICES)
def remove_several() -> Response:
    """Remove the customers of several rows at once."""
    return _removal(ticked_ids(), url_for(".remove_several"))


def _removal(ids: list[int], here: str) -> Response:
    form = RemovalForm()
    if form.validate_on_submit():
        removed: list[Membership] = []

        def act() -> str:
            removed[:] = removing.remove(
                [removal for removal in ticked() if removal.membership in ids],
                shown=form.shown.data or "",
                by=actor(),
                on=today(),
                reason=form.reason.data or "",
            )
            return list_or_here()

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=told(removed, "removed from"))
        except DomainError as error:
            form.refuse(error)
    leaving = removing.consequences(ids)
    return render(
        "memberships/removal.html",
        422 if form.errors else 200,
        form=form,
        here=here,
        staying=[it for it in leaving if not it.is_active],
        leaving=[it for it in leaving if it.is_active],
        mark=removing.mark(it for it in leaving if it.is_active),
        payers=pay_outs.payers([it.id for it in leaving if it.is_active]),
        listing=listing,
    )
