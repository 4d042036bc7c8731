"""One membership: what is left, every draw with its invoice, the package funds, and the frozen terms."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests import factories as make
from tests.clients import Client
from tests.conftest import Once
from webapp.domain import crediting, funds, memberships, pay_outs, refunds, transferring, voids
from webapp.models import Customer, Invoice, Item, Membership, User

REGION = "section#membership-history"


@pytest.fixture(autouse=True)
def on_the_day() -> Iterator[None]:
    with time_machine.travel(make.DAY, tick=False):
        yield


@pytest.fixture
def desk(cast: dict[str, User]) -> User:
    return cast["owner"]


def thing(name: str) -> Item:
    return Item.get(Item.name == name)


@pytest.fixture
def pilot(desk: User, once: Once) -> Membership:
    return once(make_pilot, desk)


def make_pilot(desk: User) -> Membership:
    """PPL, 2,000.00 paid in: 10.0 h paid from it, 2.0 h open, 1.0 h voided; 500.00 more billed and unpaid."""
    pilot, ppl = make.somebody("Pia Lot"), make.ppl()
    make.pay(make.save(pilot, (ppl, "2000"), by=desk), by=desk)
    make.settle(make.save(pilot, (thing("C172"), "10"), by=desk), by=desk)
    wrong = make.save(pilot, (thing("C172"), "1"), by=desk)
    voids.void(wrong.id, reason="typed twice", by=desk, on=make.DAY)
    make.save(pilot, (thing("C172"), "2"), (thing("Instruction"), "1.5"), by=desk)
    make.save(pilot, (ppl, "500"), by=desk)
    return make.bought(pilot)


def page_of(client: Client, membership: Membership, query: str = "") -> TestResponse:
    page = client.get(f"/billing/memberships/{membership.id}{query}")
    assert page.status_code == 200
    return page


def text(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def table(page: TestResponse) -> list[list[str]]:
    """The rows of the history, cell by cell."""
    body = page.text[page.text.index('id="membership-history"') :]
    rows = re.findall(r"<tr.*?</tr>", body[: body.index("</section>")], re.DOTALL)
    return [[text(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)] for row in rows]


def facts(page: TestResponse) -> dict[str, str]:
    return {
        text(name): text(value) for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.text, re.DOTALL)
    }


def test_what_is_left(bookkeeper: Client, pilot: Membership) -> None:
    page = page_of(bookkeeper, pilot)
    assert "<title>Pia Lot in PPL · Carnet</title>" in page.text
    assert f"M-{pilot.id:04d}" in page.text
    meters = [text(row) for row in re.findall(r'class="words">(.*?)</span></span>', page.text)]
    assert meters == ["used 10.0 reserved 2.0 left 28.0 of 40.0 h", "used 0.0 reserved 1.5 left 18.5 of 20.0 h"]


def test_draws(bookkeeper: Client, pilot: Membership) -> None:
    page = page_of(bookkeeper, pilot)
    assert table(page)[1:] == [
        ["1 Jun 2026", "2026-0004", "C172", "2.0 h", "120.00", "150.00", "240.00", "28.0", "Reserved"],
        ["1 Jun 2026", "2026-0004", "Instruction", "1.5 h", "55.00", "65.00", "82.50", "18.5", "Reserved"],
        ["1 Jun 2026", "2026-0003", "C172", "1.0 h", "120.00", "150.00", "120.00", "—", "Void"],
        ["1 Jun 2026", "2026-0002", "C172", "10.0 h", "120.00", "150.00", "1,200.00", "30.0", "Used"],
        ["All uses paid 1,200.00 · open 322.50", "1,522.50", ""],
    ]
    assert "<s>1.0 h</s>" in page.text
    for invoice in Invoice.select().where(Invoice.number.in_([2, 3, 4])):
        assert f'href="/billing/invoices/{invoice.id}"' in page.text


def test_a_use_is_taken_back_where_it_is_listed(manager: Client, frontdesk: Client, pilot: Membership) -> None:
    """Long after the message with Undo is gone; by whoever may void, in the words of that message."""
    page = page_of(manager, pilot)
    last = {row[1]: row[-1] for row in table(page)[1:-1]}
    assert last["2026-0004"] == "Reserved Undo … Instruction of 1 Jun 2026, void invoice 2026-0004"
    assert last["2026-0003"] == "Void"
    void = f"/billing/invoices/{Invoice.get(Invoice.number == 2).id}/void"
    assert f'href="{void}" hx-get="{void}" hx-target="#modal"' in page.text
    assert "Undone at once" not in manager.get(void).text, "that needs a reason of its own"
    assert "/void" not in page_of(frontdesk, pilot).text


def test_a_draw_of_which_a_part_was_credited(owner: Client, desk: User, pilot: Membership) -> None:
    """What stays of it adds up to the total, and to what is left."""
    invoice = Invoice.get(Invoice.number == 2)
    crediting.credit(invoice.id, 1, 2500, version=invoice.version, by=desk, on=make.DAY, reason="engine trouble")
    [row] = [row for row in table(page_of(owner, pilot)) if row[1] == "2026-0002"]
    assert (row[3], row[6]) == ("10.0 h −2.5 credited", "900.00")
    assert table(page_of(owner, pilot))[-1][1] == "1,222.50"


def test_the_standard_rate_is_the_one_of_the_day(owner: Client, pilot: Membership) -> None:
    Item.update(standard_rate_e4=1_650_000).where(Item.name == "C172").execute()
    assert "165.00" not in str(table(page_of(owner, pilot)))


def test_a_typed_amount_has_no_rate(owner: Client, desk: User) -> None:
    emma, trio = make.somebody(), make.trio()
    membership = make.add(emma, trio, by=desk)
    make.save(emma, (thing("Trio lesson"), "1"), by=desk)
    assert table(page_of(owner, membership))[1][3:8] == ["1", "of one amount", "40.00", "33.33", "2"]


def test_package_funds(owner: Client, pilot: Membership) -> None:
    page = page_of(owner, pilot)
    assert '<p class="big">$800.00</p>' in page.text
    found = facts(page)
    assert found["Paid in"] == "2,000.00"
    assert found["Spent on uses"] == "−1,200.00"
    assert found["Due for open uses"] == "322.50"
    assert found["Unpaid on 2026-0005"] == "500.00"
    assert found["Unbilled"] == "3,400.00"
    assert "To general funds" not in found
    link = f"/billing/invoices/new?customer={pilot.customer_id}&amp;package={pilot.package_id}"
    assert f'href="{link}"' in page.text
    assert "Bill the rest" in page.text


def test_funds_history(owner: Client, pilot: Membership, desk: User) -> None:
    funds.out_of_package(pilot.id, 10_000, by=desk, on=make.DAY)
    voids.void(Invoice.get(Invoice.number == 2).id, reason="wrong", by=desk, on=make.DAY)
    page = page_of(owner, pilot, "?view=funds")
    assert table(page) == [
        ["Day", "What", "Invoice", "In", "Out", "Balance"],
        ["1 Jun 2026", "Taken back: paid from package funds", "2026-0002", "1,200.00", "", "1,900.00"],
        ["1 Jun 2026", "To general funds", "", "", "100.00", "700.00"],
        ["1 Jun 2026", "Paid from package funds", "2026-0002", "", "1,200.00", "800.00"],
        ["1 Jun 2026", "Paid in", "2026-0001", "2,000.00", "", "2,000.00"],
    ]
    assert facts(page)["To general funds"] == "−100.00"
    assert facts(page)["Spent on uses"] == "0.00"


def test_frozen_terms(owner: Client, desk: User) -> None:
    ppl = make.ppl(tax="8")
    choir = make.group("Choir", make.somebody())
    made = memberships.start(Customer.get(), ppl, start_on=date(2026, 5, 2), by=desk, group=choir, note="Line\n<two>")
    make.reprice(ppl, thing("C172"), "999")
    page = page_of(owner, made)
    said = text(page.text)
    for part in (
        "as agreed on 1 Jun 2026",
        "C172 40.0 h @ 120.00 · 8 % tax 4,800.00",
        "Instruction 20.0 h @ 55.00 1,100.00",
    ):
        assert part in said
    assert "Tax 384.00" in said
    assert "Price $6,284.00" in said
    found = facts(page)
    assert (found["Start"], found["Last day"], found["Added by"]) == ("2 May 2026", "none", "Owner")
    assert (found["Through"], found["Note"]) == ("Choir", "Line <two>")
    assert "999" not in said


def test_audit(owner: Client, pilot: Membership, desk: User) -> None:
    memberships.remove([memberships.Removal(pilot.id, pilot.version)], by=desk, on=make.DAY, reason="moved <away>")
    said = text(page_of(owner, pilot, "?view=audit").text)
    assert "Removed from package by Owner moved <away>" in said
    assert "1 Jun 2026, 12:00 AM Added to package by Owner" in said


def test_one_that_ended(owner: Client, pilot: Membership, desk: User) -> None:
    memberships.remove([memberships.Removal(pilot.id, pilot.version)], by=desk, on=make.DAY)
    page = page_of(owner, pilot)
    assert "Removed on 1 Jun 2026" in page.text
    found = facts(page)
    assert found["To general funds"] == "−800.00"
    assert "Unbilled" not in found
    for gone in ("Remove from Package", "Bill the rest"):
        assert gone not in page.text


def test_only_what_the_person_may_do(frontdesk: Client, bookkeeper: Client, manager: Client, pilot: Membership) -> None:
    offers = ("Remove from Package", "New invoice", "Bill the rest")
    found = {name: [offer in page_of(client, pilot).text for offer in offers] for name, client in (
        ("manager", manager), ("frontdesk", frontdesk), ("bookkeeper", bookkeeper))}  # fmt: skip
    assert found == {
        "manager": [True, True, True],
        "frontdesk": [False, True, True],
        "bookkeeper": [False, False, False],
    }


def test_nothing_happened_yet(owner: Client, desk: User) -> None:
    membership = make.add(make.somebody(), make.piano(), by=desk)
    page = page_of(owner, membership)
    assert "Nothing was used yet." in page.text
    assert "Bill the package" in page.text
    assert "Nothing was paid in yet." in page_of(owner, membership, "?view=funds").text


def test_the_latest_fifty_and_all(owner: Client, desk: User, queries: Any) -> None:
    emma = make.somebody()
    hour = make.item("Hour", "50", unit="hour")
    membership = make.add(emma, make.package("Large", (hour, "100", "@45")), by=desk)
    make.save(emma, (hour, "1"), by=desk)
    page_of(owner, membership)
    with queries() as few:
        page_of(owner, membership)
    for _ in range(17):
        make.save(emma, *[(hour, "1")] * 3, by=desk)
    with queries() as many:
        page = page_of(owner, membership)
    assert len(many) == len(few)
    assert "latest 50 of 52" in text(page.text)
    assert len(table(page)) == 50 + 2
    assert len(table(page_of(owner, membership, "?all=1"))) == 52 + 2
    assert "latest 50" not in page_of(owner, membership, "?all=1").text


@pytest.mark.parametrize("view", ["draws", "funds", "audit", "whatever"])
def test_htmx_gets_the_history_alone(owner: Client, pilot: Membership, view: str) -> None:
    answer = owner.get(f"/billing/memberships/{pilot.id}?view={view}", htmx=REGION)
    assert answer.text.lstrip().startswith('<section class="card" id="membership-history"')
    assert "<html" not in answer.text


def test_it_renews_itself(owner: Client, pilot: Membership) -> None:
    page = page_of(owner, pilot)
    assert 'hx-trigger="memberships-changed from:body" hx-target="this" hx-select="#membership"' in page.text


def test_hostile_names(owner: Client, desk: User) -> None:
    nasty = "<script>alert('x')</script>\"&"
    membership = make.add(make.somebody(nasty), make.package(nasty, (make.item(nasty, "1"), "2", "@1")), by=desk)
    make.save(Customer.get(), (Item.get(), "1"), by=desk)
    for query in ("", "?view=funds", "?view=audit"):
        assert "<script>alert" not in page_of(owner, membership, query).text


def test_the_funds_after_a_refund(owner: Client, desk: User, pilot: Membership) -> None:
    offer = refunds.offers(pilot, 3500)[1]
    outs = [pay_outs.PayOut(make.method("cash"), 5000)]
    version = make.fresh(pilot).version
    refunds.refund(
        pilot.id, "standard", outs, version=version, by=desk, on=make.DAY, reason="moves away", fee_minor=3500
    )
    found = facts(page_of(owner, pilot))
    assert found["Paid in"] == "2,000.00"
    assert found["Spent on uses"] == "−1,522.50"
    assert found["Charged on refund"] == f"−{offer.charged_minor / 100:.2f}"
    assert found["Refunded"] == "−50.00"
    assert found["To general funds"] == f"−{(offer.refund_minor - 5000) / 100:.2f}"
    assert {row[1] for row in table(page_of(owner, pilot, "?view=funds"))} >= {"Refunded", "Paid from package funds"}


def test_the_funds_of_one_that_was_handed_over(owner: Client, desk: User) -> None:
    emma, tom, trio = make.somebody(), make.somebody("Tom"), make.trio()
    make.pay(make.save(emma, (trio, None), by=desk), by=desk)
    old = make.bought(emma)
    new = transferring.transfer(old.id, tom, version=old.version, by=desk, on=make.DAY, reason="gift")
    assert facts(page_of(owner, old))["Handed over"] == "−100.00"
    assert facts(page_of(owner, new))["Handed over"] == "100.00"
    assert table(page_of(owner, new, "?view=funds"))[1][1] == "Handed over to this"
