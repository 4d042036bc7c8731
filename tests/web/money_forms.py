"""Every form that moves money or units, filled in as a browser would send it, for a customer who is ready for it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests import factories as make
from tests.clients import Client
from tests.web.billing import customer, filled
from webapp.domain import funds, memberships
from webapp.domain.memberships import Removal
from webapp.models import Customer, Invoice, Item, Membership, Package, Payment, User

Fields = dict[str, str | list[str]]
STATED = re.compile(r'name="(shown|refunded|method-\d+)" value="([^"]*)"')
PREVIEW = "div#preview"


class Sent(NamedTuple):
    """A form on its way."""

    path: str
    fields: Fields

    def anew(self, client: Client) -> "Sent":
        """The same from another person, who opened it for themselves."""
        fresh = filled(client.get(self.path), self.path)
        return Sent(self.path, {**self.fields, "form_key": fresh["form_key"]})

    def without_key(self) -> "Sent":
        return Sent(self.path, {name: value for name, value in self.fields.items() if name != "form_key"})

    def with_more(self) -> "Sent":
        """Other content under the same key."""
        return Sent(self.path, {**self.fields, "more": "typed since"})


class Desk:
    """Somebody who may do everything, seen from the browser; everything happens today."""

    def __init__(self, client: Client, by: User) -> None:
        self.client, self.by, self.today = client, by, datetime.now(UTC).date()

    def form(self, path: str, *, id_: str = "", preview: str = "", **changes: str | list[str]) -> Sent:
        """A form as it is shown, with some of it changed, after `preview` stated what it would do; ``method_2`` means
        ``method-2``."""
        fields: Fields = {**filled(self.client.get(path), id_ or path)}
        fields |= {re.sub(r"_(\d+)$", r"-\1", name): value for name, value in changes.items()}
        if preview:
            answer = self.client.post(preview, data=fields, htmx=PREVIEW)
            assert answer.status_code == 200, answer.text
            fields |= dict(STATED.findall(answer.text))
        return Sent(path, fields)

    def rich(self, amount: str = "500") -> Customer:
        """A customer with general funds."""
        made = customer(f"Ann {Customer.select().count()}")
        funds.deposit(made, make.method(), make.money(amount), by=self.by, on=self.today)
        return made

    def item(self, name: str = "Book", rate: str = "50") -> Item:
        return Item.get_or_none(Item.name == name) or make.item(name, rate)

    def piano(self) -> Package:
        return Package.get_or_none(Package.name == "PIANO") or make.piano()

    def sold(self, *lines: object, to: Customer | None = None, paid_by: str = "") -> Invoice:
        """An invoice, by default for a book of 50.00; paid by one method when that is named."""
        saved = make.save(to or self.rich(), *(lines or ((self.item(), "1"),)), by=self.by, on=self.today)
        if paid_by:
            make.pay(saved, (paid_by, str(saved.total_minor // 100)), by=self.by, on=self.today)
        return saved

    def member(self, paid_by: str = "check") -> Membership:
        """Ten lessons of somebody with 500.00, paid unless no method is named."""
        owner = self.rich()
        if not paid_by:
            return make.add(owner, self.piano(), by=self.by, on=self.today)
        self.sold((self.piano(), None), to=owner, paid_by=paid_by)
        return make.bought(owner)


def cash() -> str:
    return f"method_{make.method().id}"


def deposit(desk: Desk) -> Sent:
    return desk.form(f"/customers/{desk.rich().id}/deposits/new", amount="25")


def withdrawal(desk: Desk) -> Sent:
    return desk.form(f"/customers/{desk.rich().id}/withdrawals/new", amount="300", reason="asked for it")


def adjustment(desk: Desk) -> Sent:
    return desk.form(
        f"/customers/{desk.rich().id}/adjustments/new", amount="25", direction="down", reason="typed twice"
    )


def begin(desk: Desk) -> Sent:
    path, add = f"/billing/invoices/new?customer={(who := desk.rich()).id}", f"/billing/invoices?customer={who.id}"
    fields = desk.form(path, id_="draft-add", offer=f"item:{desk.item().id}").fields
    return Sent(add, fields)


def save(desk: Desk) -> Sent:
    draft = make.draft(desk.rich(), (desk.item(), "2"), by=desk.by, on=desk.today)
    return desk.form(f"/billing/invoices/{draft.id}/edit", id_="draft-form", do="save")


def pay(desk: Desk) -> Sent:
    return desk.form(f"/billing/invoices/{desk.sold().id}/payments/new", **{cash(): "30"})


def pay_by_account(desk: Desk) -> Sent:
    path, account = f"/billing/invoices/{desk.sold().id}/payments", f"method_{make.method('account').id}"
    return desk.form(f"{path}/new", preview=f"{path}/preview", **{account: "50"})


def pay_several(desk: Desk) -> Sent:
    who = desk.rich()
    invoices = [str(desk.sold(to=who).id) for _ in range(2)]
    path = f"/customers/{who.id}/payments"
    amounts: dict[str, Any] = {cash(): "80", "invoice": invoices}
    return desk.form(f"{path}/new", id_="pay-form", preview=f"{path}/preview", **amounts)


def void(desk: Desk) -> Sent:
    path = f"/billing/invoices/{desk.sold(paid_by='cash').id}/void"
    return desk.form(path, reason="wrong customer")


def void_and_copy(desk: Desk) -> Sent:
    path = f"/billing/invoices/{desk.sold(paid_by='cash').id}/void"
    return desk.form(path, reason="wrong customer", do="copy")


def void_of_several(desk: Desk) -> Sent:
    path, codes = "/billing/invoices/void", ",".join(str(desk.sold().id) for _ in range(2))
    return desk.form(f"{path}?invoices={codes}", id_=path)._replace(path=path)


def credit(desk: Desk) -> Sent:
    invoice = desk.sold((desk.item(), "3"), paid_by="cash")
    path = f"/billing/invoices/{invoice.id}/credits"
    preview, reason = f"{path}/preview?line=1", "not delivered"
    return desk.form(f"{path}/new?line=1", preview=preview, quantity="1", reason=reason)


def add_to_package(desk: Desk) -> Sent:
    package, who = desk.piano(), desk.rich()
    path, preview = "/billing/packages/new", "/billing/packages/preview"
    return desk.form(path, preview=preview, package=str(package.id), package_text="PIANO", who=[f"customer:{who.id}"])


def removal(desk: Desk) -> Sent:
    return desk.form(f"/billing/memberships/{desk.member().id}/removal")


def of_several(desk: Desk, path: str, paid_by: str = "check") -> Sent:
    chosen = [f"{(it := desk.member(paid_by)).id}.{it.version}" for _ in range(2)]
    sent = desk.form(f"{path}?membership={chosen[0]}&membership={chosen[1]}", id_=path, membership=chosen)
    return sent._replace(path=path)


def removal_of_several(desk: Desk) -> Sent:
    return of_several(desk, "/billing/packages/removal")


def uses(desk: Desk) -> Sent:
    return of_several(desk, "/billing/packages/uses")


def bills(desk: Desk) -> Sent:
    return of_several(desk, "/billing/packages/bills", paid_by="")


def use(desk: Desk) -> Sent:
    return desk.form(f"/billing/memberships/{desk.member().id}/uses/new")


def extension(desk: Desk) -> Sent:
    day = (desk.today + timedelta(days=90)).isoformat()
    return desk.form(f"/billing/memberships/{desk.member().id}/extension", end_on=day, reason="was ill")


def start(desk: Desk) -> Sent:
    day = (desk.today + timedelta(days=3)).isoformat()
    path = f"/billing/memberships/{desk.member(paid_by='').id}/start"
    return desk.form(path, start_on=day, reason="typed wrong")


def reinstatement(desk: Desk) -> Sent:
    made = desk.member()
    memberships.remove([Removal(made.id, made.version)], by=desk.by, on=desk.today)
    return desk.form(f"/billing/memberships/{made.id}/reinstatement", reason="came back")


def refund(desk: Desk) -> Sent:
    path = f"/billing/memberships/{desk.member().id}/refund"
    return desk.form(path, preview=f"{path}/preview", reason="moves away")


def into_package(desk: Desk) -> Sent:
    return desk.form(f"/billing/memberships/{desk.member(paid_by='').id}/funds/new", direction="into", amount="45")


def out_of_package(desk: Desk) -> Sent:
    made = desk.member(paid_by="")
    funds.into_package(made.id, make.money("90"), by=desk.by, on=desk.today)
    return desk.form(f"/billing/memberships/{made.id}/funds/new", direction="out", amount="45")


def transfer(desk: Desk) -> Sent:
    path, to = f"/billing/memberships/{desk.member().id}/transfer", desk.rich()
    return desk.form(path, to=str(to.id), to_text=to.name, reason="moves away")


def bounce(desk: Desk) -> Sent:
    desk.member(paid_by="check")
    check = Payment.select().where(Payment.method == make.method("check")).order_by(Payment.id.desc()).get()
    return desk.form(f"/billing/payments/{check.id}/bounce", reason="no funds")


def correct(desk: Desk) -> Sent:
    desk.member(paid_by="cash")
    cash = Payment.select().where(Payment.method == make.method("cash")).order_by(Payment.id.desc()).get()
    path, card = f"/billing/payments/{cash.id}/correct", make.method("card")
    return desk.form(path, preview=f"{path}/preview", method=str(card.id), amount="44")


def merge(desk: Desk) -> Sent:
    stays, path = desk.rich(), f"/customers/{desk.member().customer_id}/merge"
    return desk.form(path, preview=f"{path}/preview", into=str(stays.id), into_text=stays.name)


FORMS: dict[str, tuple[Callable[[Desk], Sent], ...]] = {
    "customers.deposit": (deposit,),
    "customers.withdraw": (withdrawal,),
    "customers.adjust": (adjustment,),
    "customers.merge": (merge,),
    "invoices.begin": (begin,),
    "invoices.edit": (save,),
    "invoices.void": (void, void_and_copy),
    "invoices.void_several": (void_of_several,),
    "invoices.credit": (credit,),
    "memberships.new": (add_to_package,),
    "memberships.remove": (removal,),
    "memberships.remove_several": (removal_of_several,),
    "memberships.use": (use,),
    "memberships.use_several": (uses,),
    "memberships.bill_several": (bills,),
    "memberships.extend": (extension,),
    "memberships.start": (start,),
    "memberships.reinstate": (reinstatement,),
    "memberships.refund": (refund,),
    "memberships.move": (into_package, out_of_package),
    "memberships.transfer": (transfer,),
    "payments.new": (pay, pay_by_account),
    "payments.several": (pay_several,),
    "payments.bounce": (bounce,),
    "payments.correct": (correct,),
}
"""By the endpoint that each is sent to."""
