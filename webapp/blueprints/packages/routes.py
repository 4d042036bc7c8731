from flask import Blueprint, Response, request, url_for

from webapp.access import actor, requires
from webapp.blueprints.packages.forms import PackageForm
from webapp.domain import packages, terms
from webapp.domain.errors import DomainError
from webapp.domain.packages import PriceSheet
from webapp.hypermedia import done, fragment, render, wants_region
from webapp.lists import STATUSES, asked, typed
from webapp.models import Package
from webapp.permissions import SEES_RECORDS, Permission
from webapp.presentation import company, today
from webapp.records import load

blueprint = Blueprint("packages", __name__)


@blueprint.get("/catalogue/packages")
@requires(*SEES_RECORDS)
def index() -> Response:
    """The list, or the page of it that is asked for."""
    ask = asked()
    page = packages.package_page(ask.typed, ask.status, ask.cursor)
    inclusive = company().tax_inclusive
    return render(
        "packages/index.html",
        region="packages/_table.html",
        asked=ask,
        statuses=STATUSES,
        page=page,
        terms=terms.terms_of_many([row.id for row in page.rows], tax_inclusive=inclusive),
        price=lambda sold: terms.price(sold, inclusive),
        total=packages.package_total(ask.typed, ask.status),
    )


@blueprint.get("/catalogue/packages/options")
@requires(*SEES_RECORDS, Permission.ADD_INVOICE)
def options() -> Response:
    """Active packages for a type-ahead."""
    return fragment("packages/_options.html", found=packages.offered_packages(typed()))


@blueprint.post("/catalogue/packages/price")
@requires(Permission.MANAGE_CATALOGUE)
def price() -> Response:
    """What the package being typed would cost."""
    return fragment("packages/_price.html", sheet=_sheet(PackageForm()))


@blueprint.route("/catalogue/packages/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_CATALOGUE)
def new() -> Response:
    """Keep a new package."""
    return _edit(PackageForm(), None)


@blueprint.post("/catalogue/packages/namesakes")
@requires(Permission.MANAGE_CATALOGUE)
def namesakes() -> Response:
    """Which packages have the name already that is being typed."""
    return fragment("packages/_namesakes.html", same=packages.namesakes(request.form.get("name", "")))


@blueprint.get("/catalogue/packages/<int:package_id>")
@requires(*SEES_RECORDS)
def show(package_id: int) -> Response:
    """One package: its terms, its price and what that saves."""
    package = load(Package, package_id)
    sheet = packages.price_sheet(
        packages.lines_of(package), tax_inclusive=company().tax_inclusive, decimals=company().decimals
    )
    memberships = packages.active_memberships(package)
    return render("packages/show.html", package=package, sheet=sheet, memberships=memberships)


@blueprint.route("/catalogue/packages/<int:package_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_CATALOGUE)
def edit(package_id: int) -> Response:
    """Change a package for what is sold from now on."""
    package = load(Package, package_id)
    return _edit(PackageForm(package), package)


def _edit(form: PackageForm, package: Package | None) -> Response:
    wish = request.form.get("row")
    if wish:
        form.change_rows(wish)
    elif form.validate_on_submit():
        try:
            to = url_for(".show", package_id=_save(form, package))
            said = f"{form.name.data} was {'added' if package is None else 'saved'}."
            return done("packages-changed", to=to, message=said, stay=False)
        except DomainError as error:
            form.refuse(error)
    if wish and wants_region():
        return fragment("packages/_lines.html", form=form, sheet=_sheet(form), package=package, begun=wish == "add")
    return render(
        "packages/edit.html",
        422 if form.errors else 200,
        form=form,
        package=package,
        same=packages.namesakes(form.name.text) if package is None else [],
        sheet=_sheet(form),
        memberships=packages.active_memberships(package) if package else 0,
        begun=wish == "add",
    )


def _save(form: PackageForm, package: Package | None) -> int:
    decimals, facts = company().decimals, form.facts()
    if package is None:
        return int(packages.create_package(facts, decimals=decimals, by=actor(), on=today()).id)
    packages.edit_package(package, facts, version=form.seen, decimals=decimals, by=actor(), on=today())
    return int(package.id)


def _sheet(form: PackageForm) -> PriceSheet:
    return packages.price_sheet(form.priced(), tax_inclusive=company().tax_inclusive, decimals=company().decimals)
