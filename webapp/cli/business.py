"""The people of the business, the sample business, and what a night job does."""

import secrets

import click
from flask import current_app

from webapp.cli.connection import connected
from webapp.db import transactional, utcnow
from webapp.domain import demo as sample
from webapp.domain import passwords, staff
from webapp.domain.company import Currency, Owner, Profile, set_up
from webapp.domain.errors import DomainError
from webapp.domain.memberships import expire_due
from webapp.models import Company, Role

SAMPLE = Profile("Blue Heron Flight School", Currency("USD", 2), "America/New_York", "en_US", tax_inclusive=False)
SAMPLE_STAFF = (
    ("manager", "Marco Bianchi", "Manager"),
    ("frontdesk", "Fay Lindqvist", "Front Desk"),
    ("bookkeeper", "Bo Adeyemi", "Bookkeeper"),
)


@click.command("create-user")
@click.option("--email", prompt="Email", help="What the person signs in with.")
@click.option("--name", prompt="Name")
@click.option("--role", "role_name", prompt="Role", default="Front Desk", help="A staff role, for example Owner.")
@click.option("--password", help="Asked for when it is left out.")
@click.option("--generate", is_flag=True, help="Make up a password and print it.")
@connected
def create_user(email: str, name: str, role_name: str, password: str | None, generate: bool) -> None:
    """Add a member of staff; also the way back in when every owner has forgotten the password."""
    company = _company()
    role = Role.get_or_none((Role.name == role_name) & (Role.side == "staff"))
    if role is None:
        known = Role.select().where(Role.side == "staff").order_by(Role.id)
        raise DomainError(f"There is no staff role {role_name}. There are: {', '.join(r.name for r in known)}.")
    if generate:
        password = secrets.token_urlsafe(12)
    elif password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    passwords.check(password, about=(email, name, company.name))
    staff.create_user(email=email, name=name, role=role, password_hash=_hashed(password), by=None)
    click.echo(f"{name} can sign in as {staff.plain_email(email)}" + (f" with {password}" if generate else "") + ".")


@click.command("demo")
@click.option("--password", help="For all four people; made up and printed when it is left out.")
@connected
def demo(password: str | None) -> None:
    """Fill an empty database with the sample business."""
    if Company.current():
        raise DomainError("This database holds a business already. The sample business needs an empty one.")
    chosen = password or secrets.token_urlsafe(12)
    _fill_sample(_hashed(chosen))
    names = ("owner", *(name for name, _, _ in SAMPLE_STAFF))
    click.echo(f"Sign in as {', '.join(f'{name}@demo.test' for name in names)}.")
    if password is None:
        click.echo(f"The password of each is {chosen}")


@transactional
def _fill_sample(password_hash: str) -> None:
    owner = set_up(SAMPLE, Owner("Dana Reyes", "owner@demo.test", password_hash))
    for login, name, role_name in SAMPLE_STAFF:
        role = Role.get(Role.name == role_name)
        staff.create_user(email=f"{login}@demo.test", name=name, role=role, password_hash=password_hash, by=owner)
    sample.fill(owner=owner, on=_company().day_of(utcnow()))


@click.command("expire")
@connected
def expire() -> None:
    """End the memberships whose last day is past; for a nightly job, though the first look of a day does it too."""
    ended = expire_due(_company().day_of(utcnow()))
    click.echo(f"{ended} membership{' was' if ended == 1 else 's were'} ended.")


def _company() -> Company:
    company = Company.current()
    if company is None:
        raise DomainError("There is no business here yet. Start Carnet and open it in a browser to set it up.")
    return company


def _hashed(password: str) -> str:
    return passwords.hashed(password, current_app.config["PASSWORD_METHOD"])
