"""What a payment would do while it is typed: stated alike for one invoice and for several."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import request

from webapp.blueprints.payments.forms import PayForm, field_of
from webapp.domain import accounts, payments, tendering
from webapp.domain.allocation import allocate
from webapp.domain.errors import DomainError
from webapp.domain.paying import Unpaid, said_of, unpaid_packages
from webapp.domain.tendering import Open, Plan, Tender
from webapp.hypermedia import in_dialog
from webapp.models import Customer, Invoice, Payment, PaymentMethod, User
from webapp.presentation import money_text
from webapp.stating import sign

CHECK = "Look at what this does to the account, then press Pay again."
CHANGED = ("invoices-changed", "memberships-changed", "account-changed")
WITHOUT_END = 10**15


class Preview(NamedTuple):
    """What the amounts typed so far would do, or the sentence why they cannot be taken so, by field.

    `balance_minor` is the payer's account balance now; None where funds of others change too.
    """

    plan: Plan | None
    words: dict[str, str]
    refused: dict[str, str]
    sign: str
    entered_minor: int
    remaining_minor: int
    balance_minor: int | None
    first: list[Unpaid]


def facts(open_: Open, form: PayForm) -> dict[str, Any]:
    """What a screen and its preview show alike."""
    tenders = form.tenders()
    others = [tender for tender in tenders if not tender.method.is_account]
    return {
        "open_": open_,
        "account": _account(form),
        "field_of": field_of,
        "prefix": "d-" if in_dialog() or request.form.get("dialog") else "",
        "most_minor": most(open_, others),
        "enough_minor": _enough(open_),
        "would": preview(open_, form, tenders),
    }


def preview(open_: Open, form: PayForm, tenders: Sequence[Tender]) -> Preview:
    """What these tenders would do."""
    due = sum(line.due_minor for line in open_.lines)
    entered = sum(tender.amount_minor for tender in tenders)
    plan, refused, words = None, {}, {}
    if tenders:
        try:
            plan = tendering.plan(open_, tenders, keep_rest=bool(form.keep_rest.data))
            words = _words(open_.invoices, plan, tenders)
        except DomainError as error:
            refused[error.field or ""] = error.message
    of_others = plan is not None and any(effect.whose for effect in plan.effects)
    return Preview(
        plan,
        words,
        refused,
        signed(open_, plan) if plan else "",
        entered,
        plan.remaining_minor if plan else max(0, due - entered),
        None if of_others else accounts.balance_of(open_.payer.id).balance_minor,
        unpaid_packages(open_.invoices),
    )


def take(
    invoices: Sequence[Invoice], form: PayForm, payer: Customer, *, by: User, on: date, stated: bool = False
) -> list[Payment]:
    """Take the payment, but not before what is to be seen of it was seen as it is now: what it does to the account,
    where a method or the rest goes there, or, with `stated`, everything."""
    tenders, ids = form.tenders(), [invoice.id for invoice in invoices]
    fresh = [Invoice.get_by_id(number) for number in ids]
    is_open = all(invoice.status == "open" for invoice in fresh)
    if is_open and (stated or form.keep_rest.data or any(tender.method.is_account for tender in tenders)):
        open_ = tendering.open_invoices(fresh, payer)
        plan = tendering.plan(open_, tenders, keep_rest=form.keep_rest.data)
        on_account = plan.kept_minor or any(tender.method.is_account for tender in tenders)
        if (stated or on_account) and not _was_seen(form.shown.data or "", signed(open_, plan), wholly=stated):
            raise DomainError(CHECK)
    received, keep = form.received_on.data, form.keep_rest.data
    return payments.pay_all(ids, tenders, by=by, on=on, received_on=received, keep_rest=keep, payer=payer)


def _enough(open_: Open) -> int | None:
    """What other methods have to bring at most where packages paid for here cover some of what is due; else None."""
    covered = tendering.prepaid(open_, with_sales=True)
    if covered == tendering.prepaid(open_):
        return None
    return sum(line.due_minor for line in open_.lines) - covered


def begin(open_: Open, form: PayForm) -> None:
    """What was used is prepaid: the form opens with the package funds for it beside Account."""
    account = _account(form)
    if account and not form.is_submitted():
        form.fill(account, tendering.prepaid(open_))


def fill(open_: Open, form: PayForm) -> str:
    """The button beside a method was pressed: put what is not covered yet there, and say into which field. What was
    used of packages that this very payment pays for is left to Account, unless something was typed there."""
    wanted = request.form.get("fill", "") if form.is_submitted() else ""
    method = next((method for method in form.methods if str(method.id) == wanted), None)
    if method is None:
        return ""
    account = _account(form)
    if account and not method.is_account and form[field_of(account)].data in (None, tendering.prepaid(open_)):
        form.fill(account, tendering.prepaid(open_, with_sales=True))
    others = [tender for tender in form.tenders() if tender.method.id != method.id]
    due = sum(line.due_minor for line in open_.lines)
    rest = max(0, due - sum(tender.amount_minor for tender in others))
    form.fill(method, min(rest, most(open_, others)) if method.is_account else rest)
    return field_of(method)


def _account(form: PayForm) -> PaymentMethod | None:
    return next((method for method in form.methods if method.is_account), None)


def most(open_: Open, others: Sequence[Tender]) -> int:
    """The most that Account can pay beside other methods."""
    if open_.account_refusal:
        return 0
    taken = allocate(open_.lines, [t.amount_minor for t in others], WITHOUT_END, open_.funds, open_.active)
    return WITHOUT_END - taken.account_short_minor


def signed(open_: Open, plan: Plan) -> str:
    """A short sign of what was shown: of the effects on accounts, then of what is paid with what."""
    fills = [(fill.line.invoice, fill.amount_minor) for fill in plan.allocation.fills]
    return f"{sign(open_.payer.id, plan.effects, plan.kept_minor)}.{sign(fills, plan.remaining_minor)}"


def _was_seen(shown: str, now: str, *, wholly: bool) -> bool:
    """Whether what would happen now was shown. Of one invoice, cash beside Account needs no second look: it changes
    nothing on the account."""
    return shown == now if wholly else shown.partition(".")[0] == now.partition(".")[0]


def _words(invoices: Sequence[Invoice], plan: Plan, tenders: Sequence[Tender]) -> dict[str, str]:
    """What each method pays, in a few words by field."""
    said: dict[str, str] = {}
    for method, filled in said_of(invoices, plan, tenders).items():
        shown = [f"{money_text(amount)} {what}" for what, amount in filled[:3]]
        more = [f"{len(filled) - 3} more"] if len(filled) > 3 else []
        said[f"method-{method}"] = ", ".join([*shown, *more])
    return said
