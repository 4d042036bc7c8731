from flask import Blueprint, current_app, flash, redirect, url_for
from werkzeug.wrappers import Response

from webapp import access, business
from webapp.access import public
from webapp.blueprints.setup.forms import SetupForm
from webapp.domain import company, passwords
from webapp.domain.company import AlreadySetUp
from webapp.domain.errors import DomainError, NotFound
from webapp.hypermedia import render
from webapp.models import Company, User

blueprint = Blueprint("setup", __name__)


@blueprint.route("/setup", methods=["GET", "POST"])
@public
def index() -> Response:
    """The first page of all. Once there is a business it is gone."""
    if Company.current():
        raise NotFound
    form = SetupForm()
    if form.validate_on_submit():
        try:
            access.sign_in(_set_up(form))
            flash("Your business is ready. Everything you chose can be found under Settings.", "ok")
            return redirect(url_for("home.index"), 303)
        except AlreadySetUp as refusal:
            flash(refusal.message, "info")
            return redirect(url_for("auth.sign_in"), 303)
        except DomainError as error:
            form.refuse(error)
    return render("setup/index.html", 422 if form.errors else 200, form=form, zones=business.zone_choices())


def _set_up(form: SetupForm) -> User:
    passwords.check(form.password.text, about=(form.name.text, form.email.text, form.company_name.text))
    kept = passwords.hashed(form.password.text, current_app.config["PASSWORD_METHOD"])
    return company.set_up(form.profile(), form.owner(kept), sample=form.wants_sample)
