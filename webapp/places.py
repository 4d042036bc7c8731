"""Where to go after an act: a page that the person here may see."""

from collections.abc import Sequence
from typing import Protocol

from flask import Flask, url_for

from webapp.access import can
from webapp.permissions import SEES_RECORDS, Permission


class OneInvoice(Protocol):
    """What has to be known of an invoice."""

    id: int
    status: str


class OnePayment(Protocol):
    """What has to be known of a payment."""

    id: int


def invoice_page(invoice: OneInvoice) -> str:
    """The editor of a draft for who may write invoices, else the invoice for who may see it, else Home."""
    if invoice.status == "draft" and can(Permission.ADD_INVOICE):
        return url_for("invoices.edit", invoice_id=invoice.id)
    if can(Permission.ACCESS_BILLING_TAB):
        return url_for("invoices.show", invoice_id=invoice.id)
    return url_for("home.index")


def invoices_page() -> str:
    """The list of invoices, or Home."""
    return url_for("invoices.index" if can(Permission.ACCESS_BILLING_TAB) else "home.index")


def undo_link(made: Sequence[OneInvoice]) -> tuple[str, str] | None:
    """The words and the address of Undo for invoices that were just made, for whoever may void them."""
    if not made or not can(Permission.MANAGE_INVOICES):
        return None
    if len(made) == 1:
        return "Undo …", url_for("invoices.void", invoice_id=made[0].id, undo=1)
    return "Undo …", url_for("invoices.void_several", invoices=",".join(str(it.id) for it in made))


def pay_link(invoice: OneInvoice) -> tuple[str, str] | None:
    """The words and the address of Pay for an invoice that is due, for whoever may take payments."""
    if invoice.status != "open" or not can(Permission.ADD_INVOICE):
        return None
    return "Pay", url_for("payments.new", invoice_id=invoice.id)


def void_link(invoice: OneInvoice) -> tuple[str, str] | None:
    """The words and the address of Void for an invoice that may be wrong, for whoever may void it."""
    if not can(Permission.MANAGE_INVOICES):
        return None
    return "Void the invoice …", url_for("invoices.void", invoice_id=invoice.id)


def correct_link(made: Sequence[OnePayment]) -> tuple[str, str] | None:
    """The words and the address of Correct for a payment that was just taken, for whoever may; None for several."""
    if len(made) != 1 or not can(Permission.MANAGE_INVOICES):
        return None
    return "Correct …", url_for("payments.correct", payment_id=made[0].id)


def billing_trail(*further: tuple[str, str]) -> list[tuple[str, str]]:
    """The crumbs of a screen of the billing; nothing leads where the person may not go."""
    return [("Billing", url_for("invoices.index") if can(Permission.ACCESS_BILLING_TAB) else ""), *further]


def invoice_trail(*further: tuple[str, str]) -> list[tuple[str, str]]:
    """The crumbs of a screen of invoices."""
    return billing_trail(("Invoices", billing_trail()[0][1]), *further)


def customer_trail(*further: tuple[str, str]) -> list[tuple[str, str]]:
    """The crumbs of a screen of customers."""
    return [("Customers", url_for("customers.index") if can(*SEES_RECORDS) else ""), *further]


def init_app(app: Flask) -> None:
    """Make the places known to every template."""
    app.jinja_env.globals.update(invoice_page=invoice_page, invoices_page=invoices_page)
    app.jinja_env.globals.update(
        billing_trail=billing_trail, invoice_trail=invoice_trail, customer_trail=customer_trail
    )
