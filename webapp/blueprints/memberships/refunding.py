"""Refund: what is unused is given back under one of two policies, side by side before anything happens."""

from typing import Any

from flask import Response, request, url_for

from webapp.access import actor, can, requires
from webapp.blueprints.memberships.acting import CHANGED, after, sign
from webapp.blueprints.memberships.after_sale_forms import RefundForm, field_of, refund_form
from webapp.domain import credit_notes, pay_outs, refunds, removing
from webapp.domain.errors import DomainError
from webapp.domain.membership_history import items_of
from webapp.domain.refunds import Offer
from webapp.hypermedia import done, fragment, in_dialog, render
from webapp.models import CreditNote, Membership, PaymentMethod
from webapp.permissions import Permission
from webapp.presentation import money_text, today
from webapp.records import load
from webapp.stating import SENT_BEFORE

AGAIN = "The refund is {} now. Look at where it goes, then press Refund again."


@requires(Permission.MANAGE_INVOICES)
def refund(membership_id: int) -> Response:
    """Give unused value back; the membership ends."""
    membership = load(Membership, membership_id)
    form = refund_form(_methods(membership))
    is_other = _refill(membership, form)
    if form.is_confirmed():
        notes: list[CreditNote] = []

        def act() -> str:
            now = Membership.get_by_id(membership.id)
            form.confirm(now, _sign(now))
            if is_other:
                raise DomainError(AGAIN.format(money_text(_offer(now, form).refund_minor)))
            notes[:] = [_refund(now, form)]
            return _after(now, notes[0])

        try:
            to = form.once(act)
            return done(*CHANGED, to=to, message=_told(notes), stay=False)
        except DomainError as error:
            form.refuse(error)
    status = 422 if form.errors else 200
    return render("memberships/refund.html", status, form=form, **_facts(Membership.get_by_id(membership.id), form))


@requires(Permission.MANAGE_INVOICES)
def preview(membership_id: int) -> Response:
    """Both policies with the fee typed so far, and where the money goes."""
    membership = load(Membership, membership_id)
    form = refund_form(_methods(membership))
    _refill(membership, form)
    form.validate()
    return fragment("memberships/_refund.html", form=form, **_facts(membership, form))


@requires(Permission.ACCESS_BILLING_TAB)
def credit_note(note_id: int) -> Response:
    """One credit note, for reading and printing."""
    note = load(CreditNote, note_id)
    return render("memberships/credit_note.html", note=note, said=credit_notes.said(note))


def _methods(membership: Membership) -> list[PaymentMethod]:
    """The methods that money came by and can go back by."""
    came = [method_id for method_id, most in pay_outs.received(membership).items() if most > 0]
    found = PaymentMethod.select().where(PaymentMethod.id.in_(came or [0]))
    return list(found.order_by(PaymentMethod.position, PaymentMethod.id))


def _refill(membership: Membership, form: RefundForm) -> bool:
    """Put the usual amounts beside the methods, unless somebody typed others. Whether the refund is another one than
    was stated when the amounts were shown."""
    refund_minor = _offer(membership, form).refund_minor
    usual = pay_outs.back_to_methods(membership, max(0, refund_minor))
    if not form.is_submitted():
        form.fill(usual)
        return False
    stated = form.stated_minor
    if stated is None or form.pay_outs() == _in_order(form, pay_outs.back_to_methods(membership, stated)):
        form.fill(usual)
    return refund_minor > 0 and stated != refund_minor


def _in_order(form: RefundForm, outs: list[pay_outs.PayOut]) -> list[pay_outs.PayOut]:
    """As the form has them."""
    amounts = {out.method.id: out for out in outs}
    return [amounts[method.id] for method in form.methods if method.id in amounts]


def _offer(membership: Membership, form: RefundForm) -> Offer:
    """What is chosen, with the fee as far as it can be read."""
    keep, standard = refunds.offers(membership, form.fee.data or 0)
    return standard if form.policy.data == refunds.AT_STANDARD else keep


def _refund(membership: Membership, form: RefundForm) -> CreditNote:
    return refunds.refund(
        membership.id,
        form.policy.data,
        form.pay_outs(),
        version=membership.version,
        by=actor(),
        on=today(),
        reason=form.reason.data or "",
        fee_minor=form.fee.data or 0,
    )


def _sign(membership: Membership) -> str:
    received = sorted(pay_outs.received(membership).items())
    return sign(membership, refunds.offers(membership), received, removing.consequences([membership.id]))


def _facts(membership: Membership, form: RefundForm) -> dict[str, Any]:
    """What the screen and its preview state alike."""
    fee = form.fee.data or 0
    chosen = _offer(membership, form)
    received = pay_outs.received(membership)
    out = sum(pay_out.amount_minor for pay_out in form.pay_outs())
    return {
        "membership": membership,
        "sign": _sign(membership),
        "back": after(membership),
        "closed": refunds.why_not_refund(membership),
        "notes": credit_notes.notes_of(membership.id),
        "offers": refunds.offers(membership, fee),
        "differences": refunds.differences(membership),
        "units": {each.item_id: each.unit for each in items_of(membership)},
        "chosen": chosen,
        "received": received,
        "payers": pay_outs.payers([membership.id]),
        "field_of": field_of,
        "prefix": "d-" if in_dialog() or request.form.get("dialog") else "",
        "rest_minor": chosen.refund_minor - out,
        "would": removing.consequences([membership.id])[0],
    }


def _after(membership: Membership, note: CreditNote) -> str:
    """The credit note, for whoever may see it."""
    if can(Permission.ACCESS_BILLING_TAB):
        return url_for("memberships.credit_note", note_id=note.id)
    return after(membership)


def _told(notes: list[CreditNote]) -> str:
    if not notes:
        return SENT_BEFORE
    [note] = notes
    return f"{money_text(note.amount_minor)} refunded. Credit note {note.code}."
