from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from webapp.access import actor, requires
from webapp.blueprints.items.forms import ItemForm
from webapp.domain import items
from webapp.domain.errors import DomainError
from webapp.hypermedia import done, fragment, render
from webapp.lists import STATUSES, asked, typed
from webapp.models import Item
from webapp.permissions import SEES_RECORDS, Permission
from webapp.records import load

blueprint = Blueprint("items", __name__)

UNITS = ("each", "hour", "lesson", "class", "session", "visit", "day")


@blueprint.get("/catalogue")
@requires(*SEES_RECORDS)
def catalogue() -> Redirect:
    """The catalogue opens with its items."""
    return redirect(url_for(".index"))


@blueprint.get("/catalogue/items")
@requires(*SEES_RECORDS)
def index() -> Response:
    """The list, or the page of it that is asked for."""
    ask = asked()
    return render(
        "items/index.html",
        region="items/_table.html",
        asked=ask,
        statuses=STATUSES,
        page=items.item_page(ask.typed, ask.status, ask.cursor),
        total=items.item_total(ask.typed, ask.status),
    )


@blueprint.get("/catalogue/items/options")
@requires(*SEES_RECORDS, Permission.ADD_INVOICE)
def options() -> Response:
    """Active items for a type-ahead."""
    return fragment("items/_options.html", found=items.offered_items(typed()), typed=typed())


@blueprint.route("/catalogue/items/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_CATALOGUE)
def new() -> Response:
    """Keep a new item."""
    form = ItemForm()
    if not form.is_submitted():
        form.name.data = typed("name")
    return _edit(form, None)


@blueprint.post("/catalogue/items/namesakes")
@requires(Permission.MANAGE_CATALOGUE)
def namesakes() -> Response:
    """Which items have the name already that is being typed."""
    return fragment("items/_namesakes.html", same=items.namesakes(request.form.get("name", "")))


@blueprint.route("/catalogue/items/<int:item_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_CATALOGUE)
def edit(item_id: int) -> Response:
    """Change an item for what is sold from now on."""
    item = load(Item, item_id)
    return _edit(ItemForm(item), item)


def _edit(form: ItemForm, item: Item | None) -> Response:
    if form.validate_on_submit():
        try:
            facts = form.facts()
            if item is None:
                items.create_item(facts, by=actor())
            else:
                items.edit_item(item, facts, version=form.seen, by=actor())
            said = f"{facts.name} was {'added' if item is None else 'saved'}."
            return done("items-changed", to=url_for(".index"), message=said)
        except DomainError as error:
            form.refuse(error)
    return render(
        "items/edit.html",
        422 if form.errors else 200,
        form=form,
        item=item,
        same=items.namesakes(form.name.text) if item is None else [],
        units=UNITS,
        categories=items.known_categories(),
        packages=items.packages_with(item) if item else 0,
    )
