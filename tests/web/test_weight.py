"""How much a browser has to fetch, compressed and without the font: the first visit, and what follows."""

from tests import factories as make
from tests.clients import Client
from webapp.domain import paging, search
from webapp.models import Customer, Item, User

ASKS = {"Accept-Encoding": "gzip"}
FIRST_VISIT, INTERACTION = 60_000, 8_000
FORENAMES = ("Maren", "Дмитрий", "Nguyễn Thị", "Ελένη", "Zoë", "Łukasz", "Ottoline", "عمر", "東京", "Bea")
SURNAMES = ("Okafor-Whitfield", "Соколов", "Hương", "Παπαδοπούλου", "Müller-Lüdenscheidt", "Woźniak")


def weight(client: Client, path: str, htmx: str | None = None) -> int:
    response = client.get(path, htmx=htmx, lint=False, headers=ASKS)
    assert response.status_code == 200, path
    return len(response.data)


def fill_a_page(desk: User) -> None:
    """A full page of the packages tab, no two rows alike."""
    packages = [make.ppl(), make.piano(), make.trio()]
    for number in range(paging.PAGE + 1):
        name = f"{FORENAMES[number % 10]} {SURNAMES[number % 6]}"
        make.add(make.somebody(name), packages[number % 3], by=desk)


def test_the_first_visit_to_the_packages_tab(owner: Client, cast: dict[str, User]) -> None:
    fill_a_page(cast["owner"])
    files = [
        f"/static/{name}" for name in ("app.css", "app.js", "icons.svg", "favicon.svg", "vendor/htmx-4.0.1.min.js")
    ]
    files.append("/billing/packages")
    sizes = {path: weight(owner, path) for path in files}
    assert sum(sizes.values()) <= FIRST_VISIT, sizes


def test_what_follows(owner: Client, cast: dict[str, User]) -> None:
    fill_a_page(cast["owner"])
    for found in Customer.select():
        search.index("customer", found.id, found.name)
    pilot, lesson = Customer.get_by_id(1), Item.get(Item.name == "Lesson")
    lines = [(Item.get(Item.name == name), "3") for name in ("C172", "Instruction", "Lesson", "Trio lesson")]
    draft = make.draft(pilot, *lines, by=cast["owner"])
    unpaid = make.save(pilot, (lesson, "1"), by=cast["owner"])
    asked = {
        "/billing/packages?status=active": "div#memberships-table",
        "/billing/packages/new": "dialog#modal",
        "/billing/memberships/1/actions": "div#menu",
        "/shortcuts": "dialog#modal",
        "/search?q=m": "div#find-list",
        "/customers/options?q=m": "ul#customer-list",
        f"/billing/invoices/{draft.id}/offers?q=": "ul#offer-list",
        f"/billing/invoices/{draft.id}/edit": "div#draft-lines",
        f"/billing/invoices/{unpaid.id}/payments/new": "dialog#modal",
        "/": "div#home-today",
    }
    sizes = {path: weight(owner, path, htmx=target) for path, target in asked.items()}
    assert sizes["/search?q=m"] > 200, "nothing was found"
    assert {path: size for path, size in sizes.items() if size > INTERACTION} == {}, sizes
