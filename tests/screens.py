"""Every screen of the product with a real record behind it, by its address. For tests that look at all of them."""

from datetime import date, timedelta

from flask import Flask
from werkzeug.routing import Rule

from tests import factories as make
from webapp.access import PUBLIC
from webapp.domain import crediting, drafts, memberships, voids
from webapp.models import (
    Customer,
    DraftLine,
    Invoice,
    Item,
    Journal,
    Membership,
    Package,
    Payment,
    PaymentMethod,
    Role,
    User,
)
from webapp.permissions import Permission

NO_PAGES = (
    "export",
    "options",
    "offers",
    "who",
    "receivers",
    "statement_export",
    "expired_export",
    "period_export",
    "first_offers",
)
"""Views that answer with a file, or with a part of a page that a script has asked for."""


def addresses(app: Flask, desk: User, on: date) -> dict[str, str]:
    """Fill the business with one of everything and name each screen that it can show, by its endpoint."""
    ids, special = _records(desk, on)
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        if _is_screen(app, rule):
            wanted = ids | special.get(rule.endpoint, {})
            values = {name: wanted[name] for name in rule.arguments}
            found[rule.endpoint] = app.url_map.bind("localhost").build(rule.endpoint, values)
    ticked = f"?membership={ids['membership_id']}.{_version(ids['membership_id'])}"
    queries = {f"memberships.{act}_several": ticked for act in ("remove", "use", "bill")}
    several = ",".join(str(it.id) for it in Invoice.select().where(Invoice.status == "open"))
    queries["invoices.void_several"] = f"?invoices={several}"
    return {endpoint: path + queries.get(endpoint, "") for endpoint, path in found.items()}


def other_states() -> dict[str, str]:
    """Screens of the same business that look different: empty, ended, void, of another period."""
    void = Invoice.get(Invoice.status == "void")
    ended = Membership.get(Membership.reason == "expired")
    forfeited = Journal.get(Journal.kind == "expired")
    emma = Customer.get(Customer.name == "Emma Jones")
    open_ = Invoice.get((Invoice.status == "open") & (Invoice.customer == emma))
    return {
        "nobody found": "/customers?q=nobody",
        "no invoice found": "/billing/invoices?q=nobody",
        "no membership found": "/billing/packages?q=nobody",
        "nothing searched found": "/search?q=zzz",
        "found": "/search?q=em",
        "an invoice begun": f"/billing/invoices/new?customer={emma.id}",
        "a void invoice": f"/billing/invoices/{void.id}",
        "a line to credit": f"/billing/invoices/{open_.id}/credits/new?line=1",
        "an ended membership": f"/billing/memberships/{ended.id}",
        "its funds": f"/billing/memberships/{ended.id}?view=funds",
        "its history": f"/billing/memberships/{ended.id}?view=audit",
        "an entry without an invoice": f"/billing/journals/{forfeited.id}",
        "a statement of another time": f"/customers/{emma.id}/statement?from=2020-01-01&to=2020-01-31",
        "a customer in no package": f"/customers/{Customer.get(Customer.name == 'Cash Only').id}",
    }


def _is_screen(app: Flask, rule: Rule) -> bool:
    """Whether somebody who is signed in may see a page there."""
    view = app.view_functions[rule.endpoint]
    is_ours = rule.endpoint != "static" and not rule.endpoint.startswith("patterns_")
    is_page = rule.endpoint.partition(".")[2] not in NO_PAGES
    return is_ours and is_page and "GET" in (rule.methods or ()) and getattr(view, "access", None) != PUBLIC


def _version(membership_id: int) -> int:
    return int(Membership.get_by_id(membership_id).version)


def _records(desk: User, on: date) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """The ids that addresses need, by the names of their arguments; and by endpoint, where another is needed."""
    ppl, piano, trio = make.ppl(tax="8"), make.piano(validity="months", validity_count=6), make.trio()
    c172, lesson, in_trio = (Item.get(Item.name == name) for name in ("C172", "Lesson", "Trio lesson"))
    emma, walid = make.somebody("Emma Jones"), make.somebody("وليد الحداد")
    group = make.group("Monday ground school", emma, walid)
    make.pay(make.save(emma, (ppl, "5184"), by=desk, on=on), ("check", "2000"), ("cash", "3184"), by=desk, on=on)
    in_ppl = make.bought(emma)
    make.settle(make.save(emma, (c172, "38.5"), by=desk, on=on), by=desk, on=on)
    in_piano = make.add(walid, piano, by=desk, on=on)
    lena = make.somebody("Lena Sørensen")
    make.pay(make.save(lena, (trio, None), by=desk, on=on), by=desk, on=on)
    make.settle(make.save(lena, (in_trio, "1"), by=desk, on=on), by=desk, on=on)
    split = make.save(emma, (c172, "3"), (lesson, "1"), "50", by=desk, on=on)
    make.pay(split, ("card", "10"), by=desk, on=on)
    credited = make.save(walid, (lesson, "2"), by=desk, on=on)
    note = crediting.credit(
        credited.id, 1, 1000, version=Invoice.get_by_id(credited.id).version, by=desk, on=on, reason="Teacher ill"
    )
    gone = make.add(make.somebody("Gone Away"), piano, by=desk, on=on)
    memberships.remove([memberships.Removal(gone.id, gone.version)], by=desk, on=on)
    of_lena = make.bought(lena)
    unused = make.add(lena, piano, by=desk, on=on)
    long_ago = on - timedelta(days=30)
    swims = make.package("Ten swims", (lesson, "10", "@10"), validity="days", validity_count=5)
    make.pay(make.save(lena, (swims, None), by=desk, on=long_ago), ("cash", "60"), by=desk, on=long_ago)
    memberships.expire_due(on)
    voids.void(make.save(emma, "50", by=desk, on=on).id, reason="Twice", by=desk, on=on)
    make.somebody("Cash Only", role="Cash Only")
    Customer.update(tax_exempt=True).where(Customer.id == walid.id).execute()
    draft = make.draft(emma, (c172, "1"), (lesson, "1"), by=desk, on=on)
    drafts.add_deposit(draft.id, 5000)
    role = Role.create(name="Weekend desk", side="staff", permissions=frozenset({Permission.ADD_INVOICE}))
    check = Payment.get(Payment.method == make.method("check"))
    ids = {
        "customer_id": emma.id,
        "group_id": group.id,
        "invoice_id": split.id,
        "line_id": DraftLine.select().where(DraftLine.invoice == draft).order_by(DraftLine.position).get().id,
        "item_id": c172.id,
        "package_id": Package.get(Package.name == "PPL").id,
        "membership_id": in_ppl.id,
        "note_id": note.id,
        "payment_id": check.id,
        "journal_id": Journal.select().order_by(Journal.id).get().id,
        "method_id": PaymentMethod.get(PaymentMethod.kind == "card").id,
        "role_id": role.id,
        "user_id": User.get(User.email.startswith("frontdesk")).id,
    }
    of_draft = {"invoice_id": draft.id}
    views = ("edit", "discard", "discount", "line_rate", "line_actions")
    special = {f"invoices.{view}": of_draft for view in views}
    special |= {f"memberships.{act}": {"membership_id": of_lena.id} for act in ("refund", "transfer", "move")}
    special["memberships.reinstate"] = {"membership_id": gone.id}
    special["memberships.extend"] = {"membership_id": in_piano.id}
    special["memberships.start"] = {"membership_id": unused.id}
    return ids, special
